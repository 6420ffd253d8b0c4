//! A module in a store of its own, on one machine.

use crate::Random;
use crate::host::{Host, linker};
use crate::kept::{Damage, forget};
use crate::machine::Machine;
use crate::values::{all_shown, make};
use wharf::{
    Engine, Extern, ExternType, Func, Instance, Limits, Linker, Module, Result, Store, Val, ValType,
};

const LIMITS: Limits = Limits {
    memory_bytes_max: 16 << 20,
    table_elements_max: 100_000,
    memories_max: 8,
    tables_max: 16,
    instances_max: 4,
    gc_heap_bytes_max: 64 << 20,
};

/// Functions that are called in a run before the one that counts.
const BEFORE_MAX: usize = 6;

/// One machine's run of a module.
pub struct Run {
    /// Which machine's.
    pub machine: Machine,
    /// What it runs in.
    pub store: Store<Host>,
    /// What runs.
    pub instance: Instance,
    /// For each call.
    pub fuel: u64,
    /// Functions that its engine had got no better code for before.
    pub refused: u64,
    /// Whether code of an earlier run was found.
    pub is_cached: bool,
}

impl Run {
    /// Instantiates a valid module, with what it imports made from the seed.
    ///
    /// # Errors
    /// As instantiation has them.
    pub fn start(
        engine: &Engine,
        machine: Machine,
        bytes: &[u8],
        seed: u64,
        fuel: u64,
    ) -> Result<Run> {
        // What is imported may be less, and its types others.
        let bytes = &*machine.rewrite(bytes);
        let module = machine
            .module(engine, bytes)
            .expect("only valid modules are judged");
        let (module, is_cached) = match machine {
            Machine::Cached(damage) => {
                let before = engine.stats().cached.functions;
                kept_before(engine, &module, bytes, (seed, fuel));
                drop(module);
                damage.inflict(&mut Random::new(seed));
                let module = machine.module(engine, bytes).expect("valid as before");
                forget();
                (module, engine.stats().cached.functions != before)
            }
            _ => (module, false),
        };
        let mut store = new_store(engine, seed, fuel);
        let linker = linker(engine, &mut store, &module, bytes)?;
        let needs_store = |ty: &ExternType| !matches!(ty, ExternType::Func(_));
        let instance =
            if machine.is_pooled() && !module.imports().any(|import| needs_store(&import.ty)) {
                used_before(engine, &linker, &module, &mut store, (seed, fuel))?
            } else {
                linker.instantiate(&mut store, &module)?
            };
        Ok(Run {
            is_cached,
            ..Run::new(machine, store, instance, fuel)
        })
    }

    fn new(machine: Machine, store: Store<Host>, instance: Instance, fuel: u64) -> Run {
        Run {
            machine,
            store,
            instance,
            fuel,
            refused: 0,
            is_cached: false,
        }
    }

    /// Calls some functions, for what that leaves behind.
    fn call_some(mut self) {
        let exports = self.exports();
        let funcs = exports.iter().filter(|item| item.1.into_func().is_some());
        for (name, _) in funcs.take(BEFORE_MAX) {
            self.call(name);
        }
    }

    /// What the instance exports.
    pub fn exports(&self) -> Vec<(String, Extern)> {
        self.instance
            .exports(&self.store)
            .expect("its own instance")
    }

    fn value(&mut self, ty: ValType) -> Option<Val> {
        let mut random = self.store.data().random.clone();
        let engine = self.store.engine().clone();
        let value = make(&mut self.store, &engine, &mut random, ty);
        self.store.data_mut().random = random;
        value
    }

    fn func(&self, name: &str) -> Func {
        let func = self.instance.get_func(&self.store, name);
        func.expect("both export the same")
    }

    /// Calls a function, and gives the fuel that is left; `None` if the host has no arguments for it.
    pub fn call(&mut self, name: &str) -> Option<(Result<Vec<String>>, u64)> {
        let func = self.func(name);
        let ty = func.ty(&self.store).expect("its own function");
        let params: Option<Vec<Val>> = ty.params().iter().map(|ty| self.value(*ty)).collect();
        self.store.set_fuel(self.fuel);
        let results = func.call(&mut self.store, &params?);
        let results = results.map(|values| all_shown(&self.store, &values));
        Some((results, self.store.fuel()))
    }
}

fn new_store(engine: &Engine, seed: u64, fuel: u64) -> Store<Host> {
    let random = Random::new(seed);
    let mut store = Store::new(engine, Host { random, calls: 0 });
    store.set_limits(LIMITS);
    store.set_fuel(fuel);
    store
}

/// An instance that served another store before, if the engine keeps such instances: whatever was done in it must be undone.
fn used_before(
    engine: &Engine,
    linker: &Linker<Host>,
    module: &Module,
    store: &mut Store<Host>,
    (seed, fuel): (u64, u64),
) -> Result<Instance> {
    let ready = linker.instantiate_pre(module)?;
    for user in 1..=2 {
        let mut before = new_store(engine, seed.wrapping_add(user), fuel);
        let Ok(instance) = ready.instantiate(&mut before) else {
            continue;
        };
        Run::new(Machine::PooledAuto, before, instance, fuel).call_some();
    }
    ready.instantiate(store)
}

/// Runs a module whose code is kept, so that some is.
fn kept_before(engine: &Engine, module: &Module, bytes: &[u8], (seed, fuel): (u64, u64)) {
    let mut store = new_store(engine, seed, fuel);
    let instance = linker(engine, &mut store, module, bytes)
        .and_then(|linker| linker.instantiate(&mut store, module));
    if let Ok(instance) = instance {
        Run::new(Machine::Cached(Damage::None), store, instance, fuel).call_some();
    }
    module.keep_code();
}
