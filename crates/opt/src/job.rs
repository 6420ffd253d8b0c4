//! What a step is told beside the module, and what it tells: which functions have changed, so that later steps leave the others alone.
//!
//! Apart from the steps because functions get other numbers in between, and what is known of them has to follow.

use crate::callees::{Callees, callees};
use crate::{Error, Options};
use module::{FuncIdx, Module};
use passes::Callee;
use rewrite::Rewrite;
use std::borrow::Cow;
use std::collections::HashMap;

/// What a step goes by.
pub(crate) struct Job<'a> {
    pub(crate) options: &'a Options<'a>,
    /// Bytes of bodies that inlining for speed puts wherever they are called.
    pub(crate) inlined_bytes_max: usize,
    /// Counts steps; this one is running.
    step: u32,
    /// The running step has seen what changed up to this step.
    since: u32,
    /// By function: the step that changed it last.
    changed_at: Vec<u32>,
    /// By what steps do: what they have seen.
    seen: HashMap<Vec<&'static str>, u32>,
    /// By function: what was found when passes last asked. It stays true whatever becomes of bodies that do the same. Nothing at first.
    callees: Vec<Callee>,
}

impl<'a> Job<'a> {
    /// Nothing was done yet with a module of so many functions.
    pub(crate) fn new(options: &'a Options<'a>, n_funcs: usize) -> Job<'a> {
        Job {
            options,
            inlined_bytes_max: crate::plan::Level::O3.inlined_bytes_max(),
            step: 1,
            since: 0,
            changed_at: vec![1; n_funcs],
            seen: HashMap::new(),
            callees: Vec::new(),
        }
    }

    /// A step begins. What a step changes it has not seen.
    pub(crate) fn begin(&mut self, what: &[&'static str]) {
        let seen = self.seen.insert(what.to_vec(), self.step);
        self.since = seen.unwrap_or(0);
        self.step += 1;
    }

    /// Whether a function has changed since the running step saw it.
    pub(crate) fn is_new(&self, func: FuncIdx) -> bool {
        self.changed_at[func.index()] > self.since
    }

    /// What is known of callees.
    ///
    /// # Errors
    /// If a body is not valid.
    pub(crate) fn callees(&self, module: &Module) -> Result<Cow<'_, [Callee]>, Error> {
        if self.callees.len() == self.changed_at.len() {
            return Ok(Cow::Borrowed(&self.callees));
        }
        Ok(Cow::Owned(callees(module, self.options)?.known))
    }

    /// By function: whether it, or what is known of functions that it calls, has changed since the running step saw it; what is
    /// known is found anew.
    ///
    /// # Errors
    /// If a body is not valid.
    pub(crate) fn revisited(&mut self, module: &Module) -> Result<Vec<bool>, Error> {
        let Callees { known, callers } = callees(module, self.options)?;
        let funcs = (0..self.changed_at.len() as u32).map(FuncIdx);
        let mut revisit: Vec<bool> = funcs.map(|func| self.is_new(func)).collect();
        for (func, callers) in callers.iter().enumerate() {
            if self.callees.get(func) != known.get(func) {
                for caller in callers {
                    revisit[caller.index()] = true;
                }
            }
        }
        self.callees = known;
        Ok(revisit)
    }

    /// By function: whether it or one that calls it has changed since the running step saw it, or it calls one of which that is so:
    /// all that has a say in what such functions are passed.
    ///
    /// # Errors
    /// If a body is not valid.
    pub(crate) fn around_new(&self, module: &Module) -> Result<Vec<bool>, Error> {
        let mut around = vec![self.since == 0; self.changed_at.len()];
        if self.since == 0 {
            return Ok(around);
        }
        let callers = callees(module, self.options)?.callers;
        for (func, callers) in callers.iter().enumerate() {
            let func = FuncIdx(func as u32);
            if self.is_new(func) || callers.iter().any(|&caller| self.is_new(caller)) {
                around[func.index()] = true;
                for caller in callers {
                    around[caller.index()] = true;
                }
            }
        }
        Ok(around)
    }

    /// The running step has changed the module.
    pub(crate) fn took(&mut self, changed: &Changed) {
        let mut changed_at = vec![0; changed.n_funcs];
        let is_known = !self.callees.is_empty();
        let mut callees = vec![Callee::ANY; if is_known { changed.n_funcs } else { 0 }];
        for (old, new) in changed.numbers.iter().enumerate() {
            let Some(new) = *new else { continue };
            let at = match changed.is_changed[old] {
                true => self.step,
                false => self.changed_at[old],
            };
            changed_at[new as usize] = at.max(changed_at[new as usize]);
            if is_known {
                callees[new as usize] = self.callees[old];
            }
        }
        self.changed_at = changed_at;
        self.callees = callees;
    }
}

/// What became of a module.
pub(crate) struct Changed {
    pub(crate) bytes: Vec<u8>,
    /// By old number of a function: its new one, or that of the one which stands for it.
    numbers: Vec<Option<u32>>,
    n_funcs: usize,
    /// By old number of a function: whether its body has changed.
    is_changed: Vec<bool>,
}

impl Changed {
    /// A module written anew.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn by(module: &Module, rewrite: &Rewrite<'_>) -> Result<Changed, Error> {
        let n_funcs = module.header().funcs().len();
        let n_imported = module.header().n_imported_funcs();
        let mut is_changed = vec![false; n_funcs];
        for (at, body) in rewrite.bodies.iter().enumerate() {
            let before = &module.bytes()[module.body_ranges()[at].as_range()];
            is_changed[n_imported + at] = body.as_ref().is_some_and(|body| body != before);
        }
        Ok(Changed {
            bytes: rewrite.apply()?,
            numbers: (0..n_funcs as u32)
                .map(|old| rewrite.funcs.get(old))
                .collect(),
            n_funcs: rewrite.funcs.n_kept() as usize,
            is_changed,
        })
    }

    /// A module of which all but functions was written anew.
    pub(crate) fn beside_funcs(before: &Module, bytes: Vec<u8>) -> Changed {
        let n_funcs = before.header().funcs().len();
        Changed {
            bytes,
            numbers: (0..n_funcs as u32).map(Some).collect(),
            n_funcs,
            is_changed: vec![false; n_funcs],
        }
    }

    /// Whether any body has changed.
    pub(crate) fn is_other(&self) -> bool {
        self.is_changed.contains(&true)
    }

    /// The same, changed once more.
    pub(crate) fn then(mut self, next: Changed) -> Changed {
        for (number, is_changed) in self.numbers.iter_mut().zip(&mut self.is_changed) {
            let Some(between) = *number else { continue };
            *is_changed |= next.is_changed[between as usize];
            *number = next.numbers[between as usize];
        }
        self.bytes = next.bytes;
        self.n_funcs = next.n_funcs;
        self
    }
}
