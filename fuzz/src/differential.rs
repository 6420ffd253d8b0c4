//! The interpreter against machine code: results, memories, globals, tables, exceptions, traps and fuel must be the same.

use crate::Random;
use crate::tally::Tally;
use crate::values::{all_shown, make, shown};
use crate::way::Way;
use arbitrary::Unstructured;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use wharf::{
    Caller, Engine, Error, Extern, ExternType, Func, Global, Instance, Limits, Linker, Memory,
    Module, Result, Store, Table, Tag, Tier, Trap, Val, ValType,
};

/// Fuel for instantiation, and for each call.
const FUEL: u64 = 20_000;

/// The same where each allocation collects.
const FUEL_GC_STRESS: u64 = 1_000;

/// Exported functions called of one module at most, and calls of each.
const FUNCS_MAX: usize = 24;
const CALLS_EACH: usize = 4;

/// Elements of a table that are compared.
const ELEMENTS_MAX: u64 = 64;

const LIMITS: Limits = Limits {
    memory_bytes_max: 16 << 20,
    table_elements_max: 100_000,
    memories_max: 8,
    tables_max: 16,
    instances_max: 4,
    gc_heap_bytes_max: 64 << 20,
};

/// Whether the module may wait for a thread that there is not: the bytes of `memory.atomic.wait`, be they an operator or not.
fn may_wait(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| matches!(pair, [0xfe, 1 | 2]))
}

/// Makes a module of the bytes, runs its exports in both tiers, and compares.
///
/// # Panics
/// If the tiers differ, with the module's bytes in hexadecimal: a finding.
pub fn differential(data: &[u8]) -> Tally {
    let mut input = Unstructured::new(data);
    let seed = input.arbitrary::<u64>().unwrap_or(1);
    let mut random = Random::new(seed);
    let way = Way::choose(&mut random);
    match wasm_smith::Module::new(way.generator(&mut random), &mut input) {
        Ok(module) => judge(way, &module.to_bytes(), seed),
        Err(_) => Tally::default(),
    }
}

/// Runs the exports of a module in both tiers, if it is valid, and compares.
///
/// # Panics
/// As [`differential`] does.
pub fn differential_module(bytes: &[u8], seed: u64) -> Tally {
    let way = Way::choose(&mut Random::new(seed));
    // Without the profile tiers may differ where they are allowed to.
    for threads in [false, true] {
        let way = Way { threads, ..way };
        if Module::validate(&engines(way)[0], bytes).is_ok() {
            return judge(way, bytes, seed);
        }
    }
    Tally::default()
}

fn engines(way: Way) -> [Engine; 2] {
    thread_local! {
        static ENGINES: RefCell<HashMap<Way, [Engine; 2]>> = RefCell::default();
    }
    ENGINES.with_borrow_mut(|engines| {
        let make = || [Tier::Interp, Tier::Optimizing].map(|tier| way.engine(tier));
        engines.entry(way).or_insert_with(make).clone()
    })
}

fn judge(way: Way, bytes: &[u8], seed: u64) -> Tally {
    let mut tally = Tally::default();
    if way.threads && may_wait(bytes) {
        return tally;
    }
    tally.modules = 1;
    if seed.is_multiple_of(16) {
        tally.features(bytes);
    }
    let engines = engines(way);
    let fuel = if way.gc_stress { FUEL_GC_STRESS } else { FUEL };
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
        compare(&engines, bytes, (seed, fuel), &mut tally);
    }));
    if let Err(panic) = outcome {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        eprintln!("{way:?}, seed {seed}, the module: {hex}");
        std::panic::resume_unwind(panic)
    }
    tally
}

/// What host functions know: they answer at random, but alike in both tiers.
struct Host {
    random: Random,
    calls: u64,
}

/// One tier's run of a module.
struct Run {
    store: Store<Host>,
    instance: Instance,
    fuel: u64,
}

impl Run {
    fn start(engine: &Engine, bytes: &[u8], seed: u64, fuel: u64) -> Result<Run> {
        let module =
            Module::from_binary(engine, bytes.to_vec()).expect("only valid modules are judged");
        let random = Random::new(seed);
        let mut store = Store::new(engine, Host { random, calls: 0 });
        store.set_limits(LIMITS);
        store.set_fuel(fuel);
        let linker = linker(engine, &mut store, &module)?;
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Run {
            store,
            instance,
            fuel,
        })
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

    /// Calls a function; `None` if the host has no arguments for it.
    fn call(&mut self, name: &str) -> Option<(Result<Vec<String>>, u64)> {
        let func = self.func(name);
        let ty = func.ty(&self.store).expect("its own function");
        let params: Option<Vec<Val>> = ty.params().iter().map(|ty| self.value(*ty)).collect();
        self.store.set_fuel(self.fuel);
        let results = func.call(&mut self.store, &params?);
        let results = results.map(|values| all_shown(&self.store, &values));
        Some((results, self.store.fuel()))
    }
}

/// A linker with something of its type for each import. Functions that a linker makes are of the very type that is asked for.
fn linker(engine: &Engine, store: &mut Store<Host>, module: &Module) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    linker.allow_shadowing(true);
    for import in module.imports() {
        let (from, name) = (&import.module, &import.name);
        if let ExternType::Func(ty) = import.ty {
            let call = host_func(engine, ty.results().to_vec());
            linker.func_new(from, name, ty, call)?;
        } else {
            linker.define(from, name, provided(engine, store, import.ty)?)?;
        }
    }
    Ok(linker)
}

fn provided(engine: &Engine, store: &mut Store<Host>, ty: ExternType) -> Result<Extern> {
    let mut random = store.data().random.clone();
    let mut value = |store: &mut Store<Host>, ty| {
        let made = make(store, engine, &mut random, ty);
        made.unwrap_or_else(|| Val::default_of(ty))
    };
    Ok(match ty {
        ExternType::Func(_) => unreachable!("the linker makes functions"),
        ExternType::Global(ty) => {
            let value = value(store, ty.content);
            Global::new(store, ty, value)?.into()
        }
        ExternType::Memory(ty) => Memory::new(store, ty)?.into(),
        ExternType::Table(ty) => {
            let Val::Ref(element) = value(store, ValType::Ref(ty.element)) else {
                unreachable!("a value of a type of references is one")
            };
            Table::new(store, ty, element)?.into()
        }
        ExternType::Tag(ty) => Tag::new(store, ty.params())?.into(),
    })
}

/// A function that collects now and then, or fails.
fn host_func(
    engine: &Engine,
    types: Vec<ValType>,
) -> impl Fn(Caller<'_, Host>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static {
    let engine = engine.clone();
    move |mut caller, _, results| {
        caller.data_mut().calls += 1;
        match caller.data_mut().random.below(24) {
            0 => return Err(Error::msg("the host will not")),
            1 | 2 => caller.gc()?,
            _ => {}
        }
        for (result, ty) in results.iter_mut().zip(&types) {
            let mut random = caller.data().random.clone();
            let made = make(&mut caller, &engine, &mut random, *ty);
            caller.data_mut().random = random;
            *result = made.ok_or_else(|| Error::msg("the host has no such value"))?;
        }
        Ok(())
    }
}

fn compare(engines: &[Engine; 2], bytes: &[u8], (seed, fuel): (u64, u64), tally: &mut Tally) {
    let started = engines
        .each_ref()
        .map(|engine| Run::start(engine, bytes, seed, fuel));
    let [x, y] = started.each_ref().map(|run| run.as_ref().err());
    let same = same_end(x, y, &["", ""]);
    assert!(same.is_some(), "instantiation: {x:?} but {y:?}");
    tally.end("instantiation", x.or(y));
    let [Ok(mut a), Ok(mut b)] = started else {
        return;
    };
    tally.instances += 1;
    let exports = a.instance.exports(&a.store).expect("its own instance");
    let is_func = |item: &&(String, Extern)| item.1.into_func().is_some();
    let funcs: Vec<&String> = exports
        .iter()
        .filter(is_func)
        .map(|(name, _)| name)
        .take(FUNCS_MAX)
        .collect();
    compare_state(&a, &b, &exports, "instantiation");
    'calls: for name in (0..CALLS_EACH).flat_map(|_| &funcs) {
        let [Some((x, x_fuel)), Some((y, y_fuel))] = [&mut a, &mut b].map(|run| run.call(name))
        else {
            continue;
        };
        match (&x, &y) {
            (Ok(x), Ok(y)) => {
                assert_eq!(x, y, "results of {name}");
                tally.end("call", None);
            }
            _ => {
                let [x_error, y_error] = [x.as_ref().err(), y.as_ref().err()];
                let thrown = [(x_error, &a), (y_error, &b)].map(|(error, run)| thrown(error, run));
                let same = same_end(x_error, y_error, &thrown.each_ref().map(String::as_str));
                let Some(comparable) = same else {
                    panic!("{name}: {x:?} {thrown:?} but {y:?}");
                };
                tally.end("call", x_error.or(y_error));
                if !comparable {
                    break 'calls;
                }
            }
        }
        assert_eq!(x_fuel, y_fuel, "fuel after {name}");
        compare_state(&a, &b, &exports, name);
    }
    for run in [&a, &b] {
        tally.collections(&run.store);
        tally.host_calls += run.store.data().calls;
    }
}

/// What an uncaught exception carries.
fn thrown(error: Option<&Error>, run: &Run) -> String {
    let values = error
        .and_then(Error::exception)
        .map(|exception| exception.values(&run.store).expect("its own"));
    values.map_or(String::new(), |values| {
        all_shown(&run.store, &values).join(" ")
    })
}

/// Whether two ends are the same: `None` if not, else whether what follows can be compared too. `thrown` is what exceptions
/// carry.
fn same_end(x: Option<&Error>, y: Option<&Error>, thrown: &[&str; 2]) -> Option<bool> {
    let [x_trap, y_trap] = [x, y].map(|error| error.and_then(Error::trap));
    if is_shortage(x_trap) || is_shortage(y_trap) {
        return Some(false);
    }
    let same = match (x, y) {
        (None, None) => true,
        (Some(x), Some(y)) if x_trap.is_some() || y_trap.is_some() => x.trap() == y.trap(),
        (Some(x), Some(y)) => match (x.exception(), y.exception()) {
            (None, None) => x.to_string() == y.to_string(),
            (Some(_), Some(_)) => thrown[0] == thrown[1],
            _ => false,
        },
        _ => false,
    };
    same.then_some(true)
}

/// Whether something ran out that the tiers need more or less of: stacks end at different depths, and machine code does not
/// make objects that nothing looks at.
fn is_shortage(trap: Option<Trap>) -> bool {
    matches!(
        trap,
        Some(Trap::StackOverflow | Trap::HeapExhausted | Trap::AllocationTooLarge)
    )
}

fn compare_state(a: &Run, b: &Run, exports: &[(String, Extern)], after: &str) {
    for (name, _) in exports {
        let of = |run: &Run| {
            run.instance
                .get_export(&run.store, name)
                .expect("both export the same")
        };
        match (of(a), of(b)) {
            (Extern::Memory(m), Extern::Memory(n)) => compare_memories((a, m), (b, n), name, after),
            (Extern::Global(g), Extern::Global(h)) => {
                let of = |run: &Run, global: Global| {
                    let value = global.get(&run.store).expect("its own");
                    shown(&run.store, &value)
                };
                assert_eq!(of(a, g), of(b, h), "global {name} after {after}");
            }
            (Extern::Table(t), Extern::Table(u)) => {
                let of = |run: &Run, table: Table| {
                    let size = table.size(&run.store).expect("its own");
                    let at = |index| table.get(&run.store, index).expect("its own");
                    let elements = (0..size.min(ELEMENTS_MAX))
                        .map(|index| shown(&run.store, &Val::Ref(at(index).expect("in bounds"))));
                    (size, elements.collect::<Vec<_>>())
                };
                assert_eq!(of(a, t), of(b, u), "table {name} after {after}");
            }
            _ => {}
        }
    }
}

fn compare_memories(a: (&Run, Memory), b: (&Run, Memory), name: &str, after: &str) {
    let [m, n] = [a, b].map(
        |(run, memory)| match memory.as_shared(&run.store).expect("its own") {
            None => Cow::Borrowed(memory.data(&run.store).expect("its own")),
            Some(shared) => {
                let mut bytes = vec![0; shared.bytes() as usize];
                shared.read(0, &mut bytes).expect("as large as it is");
                Cow::Owned(bytes)
            }
        },
    );
    if m != n {
        let differs = m.iter().zip(n.iter()).position(|(m, n)| m != n);
        panic!(
            "memory {name} after {after}: {} and {} bytes, differ at {differs:?}",
            m.len(),
            n.len()
        );
    }
}
