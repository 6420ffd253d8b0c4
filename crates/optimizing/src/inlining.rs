//! Other functions of the module as callees: built once, and kept while functions of one module are compiled.
//!
//! Apart from the compiler because it is about what is remembered between functions, and how much of it.

use crate::compiler::expected_callee;
use abi::{Around, CompileEnv};
use ir::{BuildOptions, Builder};
use module::{FuncIdx, Header, ReadScratch};
use passes::{BODY_BYTES_MAX, Bodies, Body, Limits};
use std::collections::HashMap;
use std::sync::Arc;

/// What is remembered is forgotten when there is more than this, in instructions; a body takes some memory however short it is.
const SIZE_MAX: usize = 1 << 18;
const BODY_SIZE: usize = 32;

/// Callees that were looked at.
#[derive(Default)]
pub(crate) struct Callees {
    /// The module that they belong to.
    header: Option<Arc<Header>>,
    options: BuildOptions,
    bodies: HashMap<FuncIdx, Option<Arc<Body>>>,
    /// Of all that are kept.
    size: usize,
    builder: Builder,
    read: ReadScratch,
}

impl Callees {
    /// Replaces calls in function `index`, which is `func`, where that pays, and self tail calls by loops. Gives whether anything
    /// has changed; then the function is `out`.
    ///
    /// Without limits, no call is replaced. `is_called` tells whether the function starts where calls of it arrive, and not in a loop.
    pub(crate) fn inline(
        &mut self,
        env: CompileEnv<'_>,
        options: BuildOptions,
        limits: Option<&Limits>,
        (index, is_called): (FuncIdx, bool),
        func: &ir::Func,
        out: &mut ir::Func,
    ) -> bool {
        let sites = match (env.around, limits) {
            (Some(around), Some(limits)) => {
                self.begin(env.header, options);
                let mut known = Known {
                    callees: self,
                    env,
                    around,
                };
                passes::inline_sites(func, index, limits, &mut known)
            }
            _ => Vec::new(),
        };
        let own = is_called.then_some(index);
        if sites.is_empty() && !own.is_some_and(|own| ir::has_self_tail_call(func, own)) {
            return false;
        }
        ir::inline(func, own, &sites, out);
        true
    }

    /// Forgets what belongs to another module.
    fn begin(&mut self, header: &Header, options: BuildOptions) {
        let same = self
            .header
            .as_deref()
            .is_some_and(|known| std::ptr::eq(known, header));
        if !same || self.options != options {
            self.forget();
            self.header = None;
            self.options = options;
        }
    }

    fn forget(&mut self) {
        self.bodies.clear();
        self.size = 0;
    }

    fn build(
        &mut self,
        env: CompileEnv<'_>,
        around: &dyn Around,
        func: FuncIdx,
    ) -> Option<Arc<Body>> {
        let input = around.body(func)?;
        if self.header.is_none() {
            self.header = Some(input.header().clone());
        }
        if input.bytes_len() > BODY_BYTES_MAX {
            return None;
        }
        // A function that is not valid is told of when its turn comes.
        let reader = input.read(&mut self.read).ok()?;
        // A switch over several is more than a callee should bring.
        let expected = |site| expected_callee(env, site, false);
        let built = self
            .builder
            .build_expecting(reader, self.options, &expected)
            .ok()?;
        Some(Arc::new(Body::new(built.clone())))
    }
}

/// Callees, with the module that they are in.
struct Known<'c> {
    callees: &'c mut Callees,
    env: CompileEnv<'c>,
    around: &'c dyn Around,
}

impl Bodies for Known<'_> {
    fn body(&mut self, func: FuncIdx) -> Option<Arc<Body>> {
        let callees = &mut *self.callees;
        if let Some(known) = callees.bodies.get(&func) {
            return known.clone();
        }
        let body = callees.build(self.env, self.around, func);
        let size = body
            .as_ref()
            .map_or(1, |body| body.size() as usize + BODY_SIZE);
        if callees.size + size > SIZE_MAX {
            callees.forget();
        }
        callees.size += size;
        callees.bodies.insert(func, body.clone());
        body
    }

    fn times(&self, func: FuncIdx) -> u64 {
        self.around.times(func).counted
    }

    fn times_max(&self, func: FuncIdx) -> Option<u64> {
        let times = self.around.times(func);
        (!times.goes_on).then_some(times.counted)
    }
}
