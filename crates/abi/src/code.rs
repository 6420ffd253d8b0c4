//! Compiled code as plain data: functions as compilers return them, and the image that a module's functions are joined into.

mod parts;

use crate::inlined::{self, Inlined};
use module::{FuncIdx, TypeIdx};

/// Trap number that means: the store holds the trap (see [`ops::Trap`] for the others).
pub const TRAP_PENDING: u8 = 200;

/// What a 32-bit operand in code must be set to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelocTarget {
    /// The distance from the operand to a defined function of the module, or to a stub that goes on there.
    Func(FuncIdx),
    /// Where the record of the function's call site of this number (a place in [`CompiledFunc::sites`]) lies, in bytes from the
    /// start of the module's records.
    Site(u32),
}

/// A 32-bit operand in code that can be set only when it is known where other things are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reloc {
    /// Where the operand is, in bytes from the function's start.
    pub offset: u32,
    /// What it refers to.
    pub target: RelocTarget,
    /// Added to it; -4 for x86-64 calls.
    pub addend: i32,
}

/// A place in code that may fault, and the trap that a fault there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrapEntry {
    /// Where the faulting instruction starts, in bytes from the start of the function or image.
    pub offset: u32,
    /// Number of an [`ops::Trap`], or [`TRAP_PENDING`].
    pub code: u8,
}

/// From here on (until the next entry) code belongs to the operator at this place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PcEntry {
    /// In bytes from the start of the function or image.
    pub offset: u32,
    /// Offset in the module's bytes, or a place in an inlined function (see [`Inlined`]); `u32::MAX` if the code belongs to no
    /// operator.
    pub wasm: u32,
}

/// Where references that a collector must know lie while a call has not returned.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StackMaps {
    /// Sorted by offset.
    pub calls: Vec<StackMap>,
    /// The places of all calls, call after call: how many bytes each lies below the frame pointer.
    pub places: Vec<u32>,
}

/// The references of one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StackMap {
    /// Where the call returns to, in bytes from the start of the function or image.
    pub return_offset: u32,
    /// Where its places start in [`StackMaps::places`]; they end where those of the next call start.
    pub first: u32,
}

impl StackMaps {
    /// Adds a call, which must return behind all others.
    pub fn push(&mut self, return_offset: u32, places: impl Iterator<Item = u32>) {
        let first = self.places.len() as u32;
        self.calls.push(StackMap {
            return_offset,
            first,
        });
        self.places.extend(places);
    }

    /// Adds the calls of a function whose code starts at `base`.
    fn append(&mut self, maps: &StackMaps, base: u32) {
        let first = self.places.len() as u32;
        self.calls.extend(maps.calls.iter().map(|call| StackMap {
            return_offset: base + call.return_offset,
            first: first + call.first,
        }));
        self.places.extend_from_slice(&maps.places);
    }

    /// The places of the call that returns to this offset: how many bytes each lies below the frame pointer.
    pub fn at(&self, return_offset: u32) -> &[u32] {
        let calls = &self.calls;
        let Ok(found) = calls.binary_search_by_key(&return_offset, |call| call.return_offset)
        else {
            return &[];
        };
        let end = match calls.get(found + 1) {
            Some(next) => next.first as usize,
            None => self.places.len(),
        };
        &self.places[calls[found].first as usize..end]
    }

    /// Whether the maps are in order and their places are: what [`StackMaps::at`] relies on.
    pub fn is_consistent(&self) -> bool {
        let calls = &self.calls;
        let in_order = calls.windows(2).all(|pair| {
            pair[0].return_offset < pair[1].return_offset && pair[0].first <= pair[1].first
        });
        in_order
            && calls
                .last()
                .is_none_or(|last| last.first as usize <= self.places.len())
    }
}

/// Where a call goes on that throws: the frame of the caller is as during the call, and the exception is in the register that
/// holds results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// Where the call returns to if it does not throw, in bytes from the start of the function or image.
    pub return_offset: u32,
    /// Where it goes on if it throws, likewise.
    pub landing_offset: u32,
    /// How many bytes the stack pointer lies below the frame pointer then.
    pub frame_bytes: u32,
}

/// One function's machine code.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CompiledFunc {
    /// The code; position independent.
    pub code: Vec<u8>,
    /// Power of two that the code must be aligned to, in bytes.
    pub align: u32,
    /// Operands to be set.
    pub relocs: Vec<Reloc>,
    /// Sorted by offset.
    pub traps: Vec<TrapEntry>,
    /// Sorted by offset.
    pub pcs: Vec<PcEntry>,
    /// Calls during which the function holds references.
    pub stack_maps: StackMaps,
    /// Calls whose exceptions the function may catch, sorted by return offset.
    pub handlers: Vec<Handler>,
    /// Places that record what they call (see [`crate::CallSiteLayout`]): the offsets of their operators in the module's bytes.
    pub sites: Vec<u32>,
    /// Calls that were replaced by the bodies of their callees, sorted by first place.
    pub inlined: Vec<Inlined>,
}

impl CompiledFunc {
    /// The tables of the function as those of an image that holds nothing else; its code and relocations are left out.
    pub fn into_image(self) -> CodeImage {
        let CompiledFunc {
            code,
            align: _,
            relocs: _,
            traps,
            pcs,
            stack_maps,
            handlers,
            sites: _,
            inlined,
        } = self;
        let whole = FuncLocation {
            offset: 0,
            len: code.len() as u32,
        };
        CodeImage {
            funcs: vec![whole],
            traps,
            pcs,
            stack_maps,
            handlers,
            inlined_of: if inlined.is_empty() {
                Vec::new()
            } else {
                vec![(0, 0)]
            },
            inlined,
            ..CodeImage::default()
        }
    }
}

/// Where a function is in an image, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FuncLocation {
    /// First byte.
    pub offset: u32,
    /// Size of the code.
    pub len: u32,
}

/// All machine code of a module, linked: ready to be placed anywhere.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CodeImage {
    /// The code.
    pub text: Vec<u8>,
    /// Defined functions, in order.
    pub funcs: Vec<FuncLocation>,
    /// Entry trampolines, by type of the module; only for types that host code can call.
    pub entries: Vec<(TypeIdx, FuncLocation)>,
    /// Host trampolines, by type of the module; only for types of imported functions.
    pub hosts: Vec<(TypeIdx, FuncLocation)>,
    /// Sorted by offset in `text`.
    pub traps: Vec<TrapEntry>,
    /// Sorted by offset in `text`.
    pub pcs: Vec<PcEntry>,
    /// Calls during which functions hold references.
    pub stack_maps: StackMaps,
    /// Calls whose exceptions their functions may catch, sorted by return offset.
    pub handlers: Vec<Handler>,
    /// Calls that were replaced by the bodies of their callees, function after function.
    pub inlined: Vec<Inlined>,
    /// By defined function that has such calls, sorted: which it is, and where its calls start in `inlined`; they end where those
    /// of the next one start.
    pub inlined_of: Vec<(u32, u32)>,
}

impl CodeImage {
    /// The trap that a fault at `offset` of the text is.
    pub fn trap_at(&self, offset: u32) -> Option<u8> {
        let found = self
            .traps
            .binary_search_by_key(&offset, |entry| entry.offset)
            .ok()?;
        Some(self.traps[found].code)
    }

    /// The handler of the call that returns to `return_offset` of the text.
    pub fn handler_at(&self, return_offset: u32) -> Option<Handler> {
        let handlers = &self.handlers;
        let found = handlers.binary_search_by_key(&return_offset, |found| found.return_offset);
        Some(handlers[found.ok()?])
    }

    /// The defined function (0 is the first defined one) whose code holds `offset` of the text.
    pub fn func_at(&self, offset: u32) -> Option<usize> {
        // Functions lie in the text in order.
        let after = self.funcs.partition_point(|func| func.offset <= offset);
        let index = after.checked_sub(1)?;
        let func = self.funcs[index];
        (offset - func.offset < func.len).then_some(index)
    }

    /// The place that the code at `offset` of the text belongs to.
    fn place_at(&self, offset: u32) -> Option<u32> {
        let after = self.pcs.partition_point(|entry| entry.offset <= offset);
        let entry = self.pcs[after.checked_sub(1)?];
        (entry.wasm != u32::MAX).then_some(entry.wasm)
    }

    /// The calls that a defined function has replaced by the bodies of their callees.
    fn inlined_in(&self, defined: usize) -> &[Inlined] {
        let of = &self.inlined_of;
        let Ok(found) = of.binary_search_by_key(&(defined as u32), |&(func, _)| func) else {
            return &[];
        };
        let end = of
            .get(found + 1)
            .map_or(self.inlined.len(), |&(_, end)| end as usize);
        &self.inlined[of[found].1 as usize..end]
    }

    /// The functions whose code is at `offset` of the text, innermost first: more than one if calls were replaced by the bodies of
    /// their callees. Each with the offset in the module's bytes of the operator that it is at, if known. None in trampolines.
    ///
    /// `n_imported_funcs` is the number of the first defined function.
    pub fn frames_at(
        &self,
        offset: u32,
        n_imported_funcs: u32,
    ) -> impl Iterator<Item = (FuncIdx, Option<u32>)> {
        let defined = self.func_at(offset);
        defined.into_iter().flat_map(move |defined| {
            let func = FuncIdx(n_imported_funcs + defined as u32);
            inlined::frames(self.inlined_in(defined), func, self.place_at(offset))
        })
    }

    /// Whether the tables of replaced calls are in order: what [`CodeImage::frames_at`] relies on.
    pub fn has_consistent_inlined(&self) -> bool {
        let of = &self.inlined_of;
        of.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1)
            && of
                .last()
                .is_none_or(|&(_, start)| start as usize <= self.inlined.len())
    }
}

/// Joins functions into a [`CodeImage`], in order.
pub struct CodeImageBuilder {
    image: CodeImage,
    relocs: Vec<Reloc>,
    n_imported_funcs: u32,
}

impl CodeImageBuilder {
    /// A builder for a module with this many imported functions.
    pub fn new(n_imported_funcs: u32) -> CodeImageBuilder {
        CodeImageBuilder {
            image: CodeImage::default(),
            relocs: Vec::new(),
            n_imported_funcs,
        }
    }

    /// Adds the next defined function.
    ///
    /// # Errors
    /// If the text would exceed 2 GiB, the reach of a call.
    pub fn push_func(&mut self, func: &CompiledFunc) -> Result<(), String> {
        let location = self.push(func)?;
        if !func.inlined.is_empty() {
            let defined = self.image.funcs.len() as u32;
            let start = self.image.inlined.len() as u32;
            self.image.inlined_of.push((defined, start));
            self.image.inlined.extend_from_slice(&func.inlined);
        }
        self.image.funcs.push(location);
        Ok(())
    }

    /// Adds the entry trampoline of a type.
    ///
    /// # Errors
    /// If the text would exceed 2 GiB.
    pub fn push_entry(&mut self, ty: TypeIdx, func: &CompiledFunc) -> Result<(), String> {
        let location = self.push(func)?;
        self.image.entries.push((ty, location));
        Ok(())
    }

    /// Adds the host trampoline of a type.
    ///
    /// # Errors
    /// If the text would exceed 2 GiB.
    pub fn push_host(&mut self, ty: TypeIdx, func: &CompiledFunc) -> Result<(), String> {
        let location = self.push(func)?;
        self.image.hosts.push((ty, location));
        Ok(())
    }

    fn push(&mut self, func: &CompiledFunc) -> Result<FuncLocation, String> {
        let text = &mut self.image.text;
        let start = text.len().next_multiple_of(func.align.max(16) as usize);
        let end = start + func.code.len();
        if end > i32::MAX as usize {
            return Err("the machine code of the module exceeds 2 GiB".to_string());
        }
        // int3 between functions: running off the end of one must not run another.
        text.resize(start, 0xcc);
        text.extend_from_slice(&func.code);
        let base = start as u32;
        let moved = |offset: u32| base + offset;
        self.relocs.extend(func.relocs.iter().map(|r| Reloc {
            offset: moved(r.offset),
            ..*r
        }));
        self.image
            .traps
            .extend(func.traps.iter().map(|t| TrapEntry {
                offset: moved(t.offset),
                code: t.code,
            }));
        // What comes before a function's first operator belongs to none, and not to the function before.
        if func.pcs.first().is_none_or(|first| first.offset > 0) {
            self.image.pcs.push(PcEntry {
                offset: base,
                wasm: u32::MAX,
            });
        }
        self.image.pcs.extend(func.pcs.iter().map(|p| PcEntry {
            offset: moved(p.offset),
            wasm: p.wasm,
        }));
        self.image.stack_maps.append(&func.stack_maps, base);
        let handlers = func.handlers.iter().map(|handler| Handler {
            return_offset: moved(handler.return_offset),
            landing_offset: moved(handler.landing_offset),
            ..*handler
        });
        self.image.handlers.extend(handlers);
        Ok(FuncLocation {
            offset: base,
            len: func.code.len() as u32,
        })
    }

    /// Resolves calls between the functions and gives the image.
    ///
    /// # Panics
    /// If a relocation names a function that is imported or was not added, or a call site, which only functions have that are
    /// published one by one: the compiler's bug.
    pub fn finish(self) -> CodeImage {
        let mut image = self.image;
        for reloc in self.relocs {
            let RelocTarget::Func(target) = reloc.target else {
                panic!("the code of a whole module records nothing");
            };
            let target = image.funcs[(target.0 - self.n_imported_funcs) as usize];
            let relative = target.offset as i64 + reloc.addend as i64 - reloc.offset as i64;
            let relative = i32::try_from(relative).expect("text is below 2 GiB");
            let at = reloc.offset as usize;
            image.text[at..at + 4].copy_from_slice(&relative.to_le_bytes());
        }
        image
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_before_the_first_operator_is_of_none_even_behind_another_function() {
        let func = |first: u32, wasm: u32| CompiledFunc {
            code: vec![0; 16],
            align: 16,
            pcs: vec![PcEntry {
                offset: first,
                wasm,
            }],
            ..CompiledFunc::default()
        };
        let mut builder = CodeImageBuilder::new(0);
        for func in [
            func(0, 70),
            func(4, 80),
            CompiledFunc {
                pcs: Vec::new(),
                ..func(0, 0)
            },
        ] {
            builder.push_func(&func).unwrap();
        }
        let image = builder.finish();
        let places = [0, 15, 16, 19, 20, 31, 32, 47].map(|offset| image.place_at(offset));
        let (a, b) = (Some(70), Some(80));
        assert_eq!(places, [a, a, None, None, b, b, None, None]);
    }
}
