//! The functions of a module, each prepared for interpretation at its first call.
//!
//! Apart from the loop that runs them because all instances of the module share them, on all threads.

use module::{FuncCode, FuncIdx};
use runtime::LoadedModule;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// Where references are in a frame, by function and position.
type RefSlots = HashMap<(FuncIdx, usize), Arc<[u32]>>;

/// What the interpreter remembers of a module: its defined functions, once they have been called.
pub(crate) struct ModuleCode {
    funcs: Box<[OnceLock<FuncCode>]>,
    n_imported: usize,
    /// Where references are in frames, by function and position, as far as a collector has asked.
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
        let slots = known.entry((func, at));
        let compute = || {
            self.func(module, func)
                .ref_slots(module.module().header(), at)
                .into()
        };
        slots.or_insert_with(compute).clone()
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
