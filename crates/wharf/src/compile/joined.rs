//! What was made of functions, joined in their order.
//!
//! Apart from making it because this is where order returns: functions are done in any.

use crate::{Error, Result};
use abi::{CodeImage, CodeImageBuilder, CompileError, CompiledFunc, Compiler, Trampolines};
use module::{Header, ImportType, TypeIdx};
use std::collections::{BTreeMap, BTreeSet};

/// What became of some functions in a row.
pub(super) struct Outcome {
    /// Number of the first among the defined functions.
    first: usize,
    /// How many have succeeded.
    n_done: usize,
    /// Their code; none if they were only validated.
    code: Vec<CompiledFunc>,
    /// Why the function behind them failed, if it did.
    pub(super) failed: Option<CompileError>,
}

impl Outcome {
    /// Of no function yet.
    pub(super) fn new(first: usize) -> Outcome {
        Outcome {
            first,
            n_done: 0,
            code: Vec::new(),
            failed: None,
        }
    }

    /// Adds the next function.
    pub(super) fn push(&mut self, code: Option<CompiledFunc>) {
        self.n_done += 1;
        self.code.extend(code);
    }
}

/// Results joined in the order of functions.
pub(super) struct Joined {
    image: CodeImageBuilder,
    /// Number of the function that comes next.
    next: usize,
    /// What came before those in front of it, by number of the first function.
    early: BTreeMap<usize, Outcome>,
    n_done: usize,
    failed: Option<(usize, CompileError)>,
}

impl Joined {
    pub(super) fn new(header: &Header) -> Joined {
        Joined {
            image: CodeImageBuilder::new(header.n_imported_funcs() as u32),
            next: 0,
            early: BTreeMap::new(),
            n_done: 0,
            failed: None,
        }
    }

    /// How many functions are done.
    pub(super) fn n_done(&self) -> usize {
        self.n_done
    }

    /// Adds functions.
    pub(super) fn add(&mut self, mut outcome: Outcome) -> Result<()> {
        self.n_done += outcome.n_done;
        if let Some(error) = outcome.failed.take() {
            let number = outcome.first + outcome.n_done;
            let failed = self.failed.as_ref();
            if failed.is_none_or(|(first, _)| number < *first) {
                self.failed = Some((number, error));
            }
            return Ok(());
        }
        self.early.insert(outcome.first, outcome);
        while let Some(outcome) = self.early.remove(&self.next) {
            self.next += outcome.n_done;
            for func in outcome.code {
                self.image.push_func(&func).map_err(Error::limit)?;
            }
        }
        Ok(())
    }

    pub(super) fn check_failed(&mut self) -> Result<()> {
        match self.failed.take() {
            None => Ok(()),
            Some((_, CompileError::Invalid(error))) => Err(Error::module(error)),
            Some((number, CompileError::Limit(message))) => Err(Error::limit(format!(
                "function {number} of the module cannot be compiled: {message}"
            ))),
        }
    }

    /// Adds the trampolines that the module is sure to need.
    pub(super) fn finish(
        mut self,
        compiler: Option<&dyn Compiler>,
        header: &Header,
    ) -> Result<Option<CodeImage>> {
        if compiler.is_none() {
            return Ok(None);
        }
        let trampolines = baseline::Trampolines;
        for ty in entry_types(header) {
            let func = trampolines.entry(header.type_at(ty));
            self.image.push_entry(ty, &func).map_err(Error::limit)?;
        }
        for ty in host_types(header) {
            let func = trampolines.host(header.type_at(ty));
            self.image.push_host(ty, &func).map_err(Error::limit)?;
        }
        Ok(Some(self.image.finish()))
    }
}

/// One index for each distinct type among those given.
fn distinct(header: &Header, types: impl Iterator<Item = TypeIdx>) -> Vec<TypeIdx> {
    let indices: BTreeSet<TypeIdx> = types.collect();
    let mut seen = std::collections::HashSet::new();
    indices
        .into_iter()
        .filter(|ty| seen.insert(header.type_at(*ty)))
        .collect()
}

/// Types of functions that the host is sure to be able to call.
fn entry_types(header: &Header) -> Vec<TypeIdx> {
    let exported = header
        .exports()
        .iter()
        .filter_map(|export| match export.item {
            module::ExportItem::Func(func) => Some(func),
            _ => None,
        });
    let called = exported.chain(header.start());
    distinct(header, called.map(|func| header.funcs()[func.index()]))
}

/// Types of functions that the host is likely to give.
fn host_types(header: &Header) -> Vec<TypeIdx> {
    let imported = header
        .imports()
        .iter()
        .filter_map(|import| match import.ty {
            ImportType::Func(ty) => Some(ty),
            _ => None,
        });
    distinct(header, imported)
}
