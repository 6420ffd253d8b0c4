//! The functions of a module, each prepared for interpretation at its first call.
//!
//! Apart from the loop that runs them because all instances of the module share them, on all threads.

use module::{FuncCode, FuncIdx};
use runtime::LoadedModule;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// Slots that are remembered of one module at most: a guest with many locals may wait for the collector at many places.
const REF_SLOTS_MAX: usize = 1 << 20;

/// Where references are in frames, as far as a collector has asked.
#[derive(Default)]
struct RefSlots {
    /// By function and position.
    known: HashMap<(FuncIdx, usize), Arc<[u32]>>,
    /// In all entries of `known`.
    n_slots: usize,
}

impl RefSlots {
    fn get_or(
        &mut self,
        place: (FuncIdx, usize),
        compute: impl FnOnce() -> Box<[u32]>,
    ) -> Arc<[u32]> {
        if let Some(slots) = self.known.get(&place) {
            return slots.clone();
        }
        let slots: Arc<[u32]> = compute().into();
        if self.n_slots + slots.len() > REF_SLOTS_MAX {
            *self = RefSlots::default();
        }
        self.n_slots += slots.len();
        self.known.insert(place, slots.clone());
        slots
    }
}

/// What the interpreter remembers of a module: its defined functions, once they have been called.
pub(crate) struct ModuleCode {
    funcs: Box<[OnceLock<FuncCode>]>,
    n_imported: usize,
    ref_slots: Mutex<RefSlots>,
}

impl ModuleCode {
    /// What is remembered of `module`; empty at first.
    pub(crate) fn of(module: &LoadedModule) -> &ModuleCode {
        module
            .executor_data(|| {
                let header = module.module().header();
                let n_funcs = header.n_defined_funcs();
                ModuleCode {
                    funcs: (0..n_funcs).map(|_| OnceLock::new()).collect(),
                    n_imported: header.n_imported_funcs(),
                    ref_slots: Mutex::default(),
                }
            })
            .expect("an engine has one executor, so nobody else remembers anything")
    }

    /// Which values of a function's frame are references into the heap before an operator executes.
    pub(crate) fn ref_slots(&self, module: &LoadedModule, func: FuncIdx, at: usize) -> Arc<[u32]> {
        let mut known = self.ref_slots.lock().expect("no panic under the lock");
        known.get_or((func, at), || {
            let header = module.module().header();
            self.func(module, func).ref_slots(header, at)
        })
    }

    /// A function that `module`, of which this is remembered, defines.
    #[inline]
    pub(crate) fn func(&self, module: &LoadedModule, func: FuncIdx) -> &FuncCode {
        let defined = func.index() - self.n_imported;
        self.funcs[defined].get_or_init(|| {
            FuncCode::decode(module.module(), defined)
                .expect("function bodies are validated before a module is loaded")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_of_references_is_bounded() {
        let mut slots = RefSlots::default();
        let many: Box<[u32]> = (0..50_000).collect();
        for at in 0..1000 {
            let found = slots.get_or((FuncIdx(0), at), || many.clone());
            assert_eq!(*found, *many);
            let again = slots.get_or((FuncIdx(0), at), || panic!("just computed"));
            assert!(Arc::ptr_eq(&found, &again));
        }
        let held: usize = slots.known.values().map(|slots| slots.len()).sum();
        assert!(held <= REF_SLOTS_MAX, "{held}");
        assert_eq!(held, slots.n_slots);
    }
}
