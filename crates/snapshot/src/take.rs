//! Running what initializes an instance, and the names that its module's exports get.

use crate::{Refusal, bake};
use wharf::{AsContextMut, Error, Instance, Result};

/// Functions that initialize a program for a snapshot, by the conventions of tools; the first that is exported is called.
pub const INIT_NAMES: &[&str] = &["wizer-initialize", "wizer.initialize"];

/// What libraries export to be initialized, before any other call.
const LIBRARY_INIT: &str = "_initialize";

/// How a snapshot is taken: what is called first, and how exports change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    init: Option<String>,
    keep_init: bool,
    renames: Vec<(String, String)>,
}

impl Snapshot {
    /// Calls the exported function of this name, which takes and returns nothing, instead of one of [`INIT_NAMES`].
    pub fn init(&mut self, name: impl Into<String>) -> &mut Snapshot {
        self.init = Some(name.into());
        self
    }

    /// Whether what was called stays exported. Not by default: it would run again.
    pub fn keep_init(&mut self, on: bool) -> &mut Snapshot {
        self.keep_init = on;
        self
    }

    /// Exports what was called `old` as `new`, instead of what that was.
    pub fn rename(&mut self, old: impl Into<String>, new: impl Into<String>) -> &mut Snapshot {
        self.renames.push((old.into(), new.into()));
        self
    }

    /// Initializes an instance, and gives a module whose instances start as this one stands then.
    ///
    /// A library's `_initialize` is called before the function that initializes it for the snapshot, and need not have one.
    ///
    /// # Errors
    /// If there is nothing to call, a call fails, or with the [`Refusal`] of what cannot be put into a module.
    pub fn take(&self, mut store: impl AsContextMut, instance: Instance) -> Result<Vec<u8>> {
        let exports = |name: &str| instance.get_func(&store, name).is_some();
        let chosen = match &self.init {
            Some(name) => Some(name.as_str()),
            None => INIT_NAMES.iter().copied().find(|name| exports(name)),
        };
        let library = Some(LIBRARY_INIT).filter(|name| chosen != Some(name) && exports(name));
        let called: Vec<&str> = library.into_iter().chain(chosen).collect();
        if called.is_empty() {
            return Err(Error::msg(format!(
                "the module exports no function to initialize it: neither {LIBRARY_INIT} nor {}",
                INIT_NAMES.join(" nor ")
            )));
        }
        for name in &called {
            let func = instance.get_typed_func::<(), ()>(&store, name)?;
            func.call(&mut store, ())?;
        }
        let removed = if self.keep_init { Vec::new() } else { called };
        self.bake(&store, instance, &removed)
    }

    fn bake(
        &self,
        store: impl wharf::AsContext,
        instance: Instance,
        removed: &[&str],
    ) -> Result<Vec<u8>> {
        let state = instance.state(&store)?;
        let header = state.module.header();
        for (old, _) in &self.renames {
            if header.export(old).is_none() {
                return Err(Error::from(Refusal::NoExport(old.clone())));
            }
        }
        let renamed = |name: &str| {
            let mut renames = self.renames.iter();
            renames.find(|(old, _)| old == name).map(|(_, new)| new)
        };
        let is_replaced = |name: &str| self.renames.iter().any(|(_, new)| new == name);
        let new_name = |name: &str| match renamed(name) {
            Some(new) => Some(new.clone()),
            None if is_replaced(name) || removed.contains(&name) => None,
            None => Some(name.to_owned()),
        };
        let mut names: Vec<String> = header
            .exports()
            .iter()
            .filter_map(|export| new_name(&export.name))
            .collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::from(Refusal::TwoExports(twice[0].clone())));
        }
        Ok(bake(&state, new_name)?)
    }
}
