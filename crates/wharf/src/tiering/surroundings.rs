//! What compilers may see of a module beyond the function they work on.

use abi::{Around, CallTarget, Times};
use module::{FuncIdx, FuncInput};
use runtime::{CodeLevel, LoadedModule};

/// The rest of a module, with what its guests have been seen to do.
pub(super) struct Surroundings<'m>(pub(super) &'m LoadedModule);

impl Around for Surroundings<'_> {
    fn body(&self, func: FuncIdx) -> Option<FuncInput> {
        // Modules are loaded when all their functions have been validated.
        Some(self.0.module().body(func)?.trusted())
    }

    fn times(&self, func: FuncIdx) -> Times {
        let func = self.0.defined_func(func);
        func.map_or(Times::default(), |func| self.0.times(func))
    }

    fn call_target(&self, site: u32) -> Option<CallTarget> {
        self.0.call_target(site)
    }

    fn has_code(&self, func: FuncIdx) -> bool {
        let func = self.0.defined_func(func);
        func.is_some_and(|func| self.0.code_level(func) != CodeLevel::None)
    }
}
