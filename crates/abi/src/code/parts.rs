//! Images that hold the code of some functions only, and functions taken out of them again.
//!
//! Apart from whole images because calls lead out of such code too: whoever joins it decides where they go.

use super::{CodeImage, CodeImageBuilder, CompiledFunc, FuncLocation, Handler, Reloc};
use super::{PcEntry, StackMap, StackMaps, TrapEntry};

/// The entries whose offsets lie from `start` on and before `end`, of those sorted by offset.
fn within<T>(entries: &[T], offset: impl Fn(&T) -> u32, start: u32, end: u32) -> &[T] {
    let first = entries.partition_point(|entry| offset(entry) < start);
    let after = entries.partition_point(|entry| offset(entry) < end);
    &entries[first..after.max(first)]
}

impl CodeImageBuilder {
    /// Leaves out the next defined function.
    pub fn push_absent(&mut self) {
        let offset = self.image.text.len() as u32;
        self.image.funcs.push(FuncLocation { offset, len: 0 });
    }

    /// The image without its operands set, and the operands, sorted by offset in the text.
    pub fn into_parts(self) -> (CodeImage, Vec<Reloc>) {
        let mut relocs = self.relocs;
        relocs.sort_by_key(|reloc| reloc.offset);
        (self.image, relocs)
    }
}

impl CodeImage {
    /// A function as it was added, with those of the image's `relocs` that are its own; the sites are left out. `None` if the
    /// image does not hold it, or its tables do not fit the text.
    pub fn func(&self, defined: usize, relocs: &[Reloc]) -> Option<CompiledFunc> {
        let FuncLocation { offset: start, len } = *self.funcs.get(defined)?;
        let end = start.checked_add(len).filter(|_| len > 0)?;
        let code = self.text.get(start as usize..end as usize)?.to_vec();
        let traps = within(&self.traps, |trap| trap.offset, start, end);
        let pcs = within(&self.pcs, |pc| pc.offset, start, end);
        let relocs = within(relocs, |reloc| reloc.offset, start, end);
        // A call that ends a function returns behind it.
        let handlers = within(&self.handlers, |h| h.return_offset, start + 1, end + 1);
        let maps = &self.stack_maps.calls;
        let maps = within(maps, |call| call.return_offset, start + 1, end + 1);
        let mut stack_maps = StackMaps::default();
        for &StackMap { return_offset, .. } in maps {
            let places = self.stack_maps.at(return_offset).iter().copied();
            stack_maps.push(return_offset - start, places);
        }
        let in_text = relocs
            .iter()
            .all(|reloc| u64::from(reloc.offset) + 4 <= u64::from(end));
        let landings = handlers.iter().map(|handler| handler.landing_offset);
        let lands = landings.into_iter().all(|at| start <= at && at < end);
        (in_text && lands).then(|| CompiledFunc {
            code,
            // It may have been less, which costs nothing.
            align: 1 << start.trailing_zeros().clamp(4, 6),
            relocs: relocs
                .iter()
                .map(|reloc| Reloc {
                    offset: reloc.offset - start,
                    ..*reloc
                })
                .collect(),
            traps: traps
                .iter()
                .map(|trap| TrapEntry {
                    offset: trap.offset - start,
                    ..*trap
                })
                .collect(),
            pcs: pcs
                .iter()
                .map(|pc| PcEntry {
                    offset: pc.offset - start,
                    ..*pc
                })
                .collect(),
            stack_maps,
            handlers: handlers
                .iter()
                .map(|handler| Handler {
                    return_offset: handler.return_offset - start,
                    landing_offset: handler.landing_offset - start,
                    ..*handler
                })
                .collect(),
            sites: Vec::new(),
            inlined: self.inlined_in(defined).to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RelocTarget;
    use crate::inlined::{Inlined, NO_PLACE};
    use module::FuncIdx;

    fn example(len: u8) -> CompiledFunc {
        let end = u32::from(len);
        let mut stack_maps = StackMaps::default();
        stack_maps.push(8, [16, 24].into_iter());
        stack_maps.push(end, [32].into_iter());
        CompiledFunc {
            code: (0..len).collect(),
            align: 16,
            relocs: vec![Reloc {
                offset: end - 4,
                target: RelocTarget::Func(FuncIdx(9)),
                addend: -4,
            }],
            traps: vec![TrapEntry { offset: 3, code: 1 }],
            pcs: vec![PcEntry {
                offset: 0,
                wasm: 70,
            }],
            stack_maps,
            handlers: vec![Handler {
                return_offset: end,
                landing_offset: 5,
                frame_bytes: 48,
            }],
            sites: Vec::new(),
            inlined: vec![Inlined {
                first: 90,
                start: 10,
                func: FuncIdx(len.into()),
                call: NO_PLACE,
            }],
        }
    }

    #[test]
    fn functions_can_be_taken_out_again() {
        let (a, b) = (example(32), example(48));
        let mut builder = CodeImageBuilder::new(0);
        builder.push_func(&a).unwrap();
        builder.push_absent();
        builder.push_absent();
        builder.push_func(&b).unwrap();
        builder.push_absent();
        let (image, relocs) = builder.into_parts();
        let taken = |func| {
            image.func(func, &relocs).map(|func| {
                assert!(func.align >= 16);
                CompiledFunc { align: 16, ..func }
            })
        };
        assert_eq!(taken(0), Some(a));
        assert_eq!(taken(3), Some(b));
        assert_eq!(
            [taken(1), taken(2), taken(4), taken(5)],
            [const { None }; 4]
        );
        assert_eq!(
            [0, 31, 32, 79, 80].map(|at| image.func_at(at)),
            [Some(0), Some(0), Some(3), Some(3), None]
        );
    }
}
