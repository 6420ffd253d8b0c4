//! Branch hints: what a toolchain knows of how often conditions hold, from the custom section `metadata.code.branch_hint`.
//!
//! Apart because they are advice: a section that makes no sense is as good as none, and no result depends on one.

use crate::{Error, FuncIdx};
use wasmparser::{
    BinaryReader, BranchHintSectionReader, FunctionBody, Operator, Parser, Payload, TypeRef,
};

/// The name of the section.
pub(crate) const SECTION: &str = "metadata.code.branch_hint";

/// The hints of a module.
#[derive(Clone, Debug, Default)]
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
        let hints = self.of(func);
        let at = hints.binary_search_by_key(&offset, |hint| hint.offset);
        Some(hints[at.ok()?].taken)
    }

    /// Whether there are any for a function.
    pub(crate) fn has(&self, func: FuncIdx) -> bool {
        !self.of(func).is_empty()
    }

    /// Those of a function.
    fn of(&self, func: FuncIdx) -> &[Hint] {
        let at = self.funcs.binary_search_by_key(&func.0, |(func, _)| func.0);
        at.map_or(&[], |at| &self.funcs[at].1)
    }
}

/// Checks that each branch hint of a valid module is at a branch.
///
/// Modules run all the same if one is not: this is for those who make them.
///
/// # Errors
/// The first hint that is at something else, or that the section cannot be read.
pub fn check_branch_hints(wasm: &[u8]) -> Result<(), Error> {
    let mut hints = BranchHints::default();
    let (mut func, mut n_found) = (0, 0);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(Error::malformed)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(Error::malformed)?;
                    func += u32::from(matches!(
                        import.ty,
                        TypeRef::Func(_) | TypeRef::FuncExact(_)
                    ));
                }
            }
            Payload::CustomSection(section) if section.name() == SECTION => {
                let offset = section.data_offset() as usize;
                hints = BranchHints::try_read(section.data())
                    .ok_or_else(|| Error::unreadable_hints(offset))?;
            }
            Payload::CodeSectionEntry(body) => {
                let of_func = hints.of(FuncIdx(func));
                n_found += usize::from(!of_func.is_empty());
                check_body(&body, of_func).map_err(|error| error.in_func(FuncIdx(func)))?;
                func += 1;
            }
            _ => {}
        }
    }
    match hints.funcs.iter().filter(|(_, of)| !of.is_empty()).count() {
        n_funcs if n_funcs == n_found => Ok(()),
        _ => Err(Error::hints_without_body()),
    }
}

/// Checks that there are branches where a body has hints.
fn check_body(body: &FunctionBody<'_>, hints: &[Hint]) -> Result<(), Error> {
    if hints.is_empty() {
        return Ok(());
    }
    let start = body.range().start;
    let mut places = hints.iter().map(|hint| u64::from(hint.offset)).peekable();
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
        if offset - start == place && is_branch {
            places.next();
        } else if offset - start >= place {
            break;
        }
    }
    match places.next() {
        Some(place) => Err(Error::misplaced_hint((start + place) as usize)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{BranchHints, check_branch_hints};
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

    /// A module with one function that has an `if` at the offset 3 of its body, and a section of hints.
    fn module(hints: &[u8]) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\0".to_vec();
        let name = super::SECTION.as_bytes();
        wasm.push((1 + name.len() + hints.len()) as u8);
        wasm.push(name.len() as u8);
        wasm.extend(name);
        wasm.extend(hints);
        wasm.extend(b"\x0a\x09\x01\x07\0\x41\0\x04\x40\x0b\x0b");
        wasm
    }

    #[test]
    fn hints_are_at_branches_of_functions_that_are_there() {
        let check = |hints: &[u8]| check_branch_hints(&module(hints)).map_err(|e| e.to_string());
        assert_eq!(check(&[1, 0, 1, 3, 1, 0]), Ok(()));
        for (hints, words) in [
            (&[1, 0, 1, 1, 1, 0][..], "no branch starts here"),
            (&[1, 0, 1, 4, 1, 0], "no branch starts here"),
            (&[1, 0, 1, 99, 1, 0], "no branch starts here"),
            (&[1, 1, 1, 3, 1, 0], "no body"),
            (&[1, 0, 1, 3, 1, 2], "cannot be read"),
        ] {
            let error = check(hints).expect_err("no sense");
            assert!(error.contains(words), "{error}");
        }
    }
}
