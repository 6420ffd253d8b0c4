//! Branch hints: what a toolchain knows of how often conditions hold, from the custom section `metadata.code.branch_hint`.
//!
//! Apart because they are advice: a section that makes no sense is as good as none, and no result depends on one.

use crate::{Error, FuncIdx};
use wasmparser::{BinaryReader, BranchHintSectionReader, KnownCustom, Operator, Parser, Payload};

/// The name of the section.
pub(crate) const SECTION: &str = "metadata.code.branch_hint";

/// The hints of a module.
#[derive(Debug, Default)]
pub(crate) struct BranchHints {
    /// Ordered by function; those of one ordered by offset.
    funcs: Vec<(FuncIdx, Vec<Hint>)>,
}

#[derive(Clone, Copy, Debug)]
struct Hint {
    /// Of the branch, from the start of the body, in bytes.
    offset: u32,
    taken: bool,
}

impl BranchHints {
    /// Reads the contents of a section. Unless all of it makes sense, none of it counts.
    pub(crate) fn read(contents: &[u8]) -> BranchHints {
        BranchHints::try_read(contents).unwrap_or_default()
    }

    fn try_read(contents: &[u8]) -> Option<BranchHints> {
        let section = BranchHintSectionReader::new(BinaryReader::new(contents, 0)).ok()?;
        let mut funcs: Vec<(FuncIdx, Vec<Hint>)> = Vec::new();
        for func in section {
            let func = func.ok()?;
            let mut hints: Vec<Hint> = Vec::new();
            for hint in func.hints {
                let hint = hint.ok()?;
                let is_next = hints
                    .last()
                    .is_none_or(|last| last.offset < hint.func_offset);
                hints.push(Hint {
                    offset: hint.func_offset,
                    taken: hint.taken,
                });
                if !is_next {
                    return None;
                }
            }
            let is_next = funcs.last().is_none_or(|last| last.0.0 < func.func);
            funcs.push((FuncIdx(func.func), hints));
            if !is_next {
                return None;
            }
        }
        Some(BranchHints { funcs })
    }

    /// Whether the branch at an offset of a function's body is likely to be taken; `None` without a hint.
    pub(crate) fn get(&self, func: FuncIdx, offset: u32) -> Option<bool> {
        let at = self.funcs.binary_search_by_key(&func.0, |(func, _)| func.0);
        let hints = &self.funcs[at.ok()?].1;
        let at = hints.binary_search_by_key(&offset, |hint| hint.offset);
        Some(hints[at.ok()?].taken)
    }

    /// Whether there are any for a function.
    pub(crate) fn has(&self, func: FuncIdx) -> bool {
        let at = self.funcs.binary_search_by_key(&func.0, |(func, _)| func.0);
        at.is_ok()
    }
}

/// Checks that each branch hint of a valid module is at a branch.
///
/// Modules run all the same if one is not: this is for those who make them.
///
/// # Errors
/// The first hint that is at something else, or what is wrong with the section.
pub fn check_branch_hints(wasm: &[u8]) -> Result<(), Error> {
    let mut hints: Vec<(u32, Vec<u32>)> = Vec::new();
    let mut func = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(Error::malformed)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(Error::malformed)?;
                    func += u32::from(matches!(
                        import.ty,
                        wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_)
                    ));
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::BranchHints(section) = section.as_known() {
                    for func in section {
                        let func = func.map_err(Error::malformed)?;
                        let places = func.hints.into_iter();
                        let places = places.map(|hint| hint.map(|hint| hint.func_offset));
                        let places = places.collect::<Result<_, _>>();
                        hints.push((func.func, places.map_err(Error::malformed)?));
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for (_, places) in hints.iter().filter(|(of, _)| *of == func) {
                    check_body(&body, places).map_err(|error| error.in_func(FuncIdx(func)))?;
                }
                func += 1;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks that there are branches at these offsets of a body.
fn check_body(body: &wasmparser::FunctionBody<'_>, places: &[u32]) -> Result<(), Error> {
    let start = body.range().start;
    let mut places = places.iter().copied().peekable();
    let operators = body.get_operators_reader().map_err(Error::malformed)?;
    for operator in operators.into_iter_with_offsets() {
        let (operator, offset) = operator.map_err(Error::malformed)?;
        let Some(&place) = places.peek() else {
            return Ok(());
        };
        let is_branch = matches!(
            operator,
            Operator::If { .. }
                | Operator::BrIf { .. }
                | Operator::BrOnNull { .. }
                | Operator::BrOnNonNull { .. }
                | Operator::BrOnCast { .. }
                | Operator::BrOnCastFail { .. }
        );
        if offset - start == u64::from(place) && is_branch {
            places.next();
        } else if offset - start >= u64::from(place) {
            break;
        }
    }
    match places.next() {
        Some(place) => Err(Error::misplaced_hint(start as usize + place as usize)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::BranchHints;
    use crate::FuncIdx;

    #[test]
    fn hints_are_found_by_function_and_offset() {
        let hints = BranchHints::read(&[2, 1, 2, 5, 1, 0, 9, 1, 1, 4, 1, 3, 1, 1]);
        assert_eq!(hints.get(FuncIdx(1), 5), Some(false));
        assert_eq!(hints.get(FuncIdx(1), 9), Some(true));
        assert_eq!(hints.get(FuncIdx(1), 3), None);
        assert_eq!(hints.get(FuncIdx(4), 3), Some(true));
        assert!(hints.has(FuncIdx(4)) && !hints.has(FuncIdx(0)));
    }

    #[test]
    fn a_section_without_sense_is_as_good_as_none() {
        let good = [1, 1, 1, 5, 1, 0];
        assert!(BranchHints::read(&good).has(FuncIdx(1)));
        for bad in [
            &[][..],
            &[1, 1, 1, 5, 2, 0],
            &[1, 1, 1, 5, 1, 2],
            &[1, 1, 2, 5, 1, 0],
            &[1, 1, 2, 5, 1, 0, 5, 1, 0],
            &[2, 1, 0, 1, 0],
            &[0xff, 0xff, 0xff, 0xff, 0x0f],
        ] {
            assert!(!BranchHints::read(bad).has(FuncIdx(1)), "{bad:?}");
        }
    }
}
