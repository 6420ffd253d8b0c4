//! The interpreter against machine code: results, memories, globals, traps and fuel must be the same.

use arbitrary::Unstructured;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use wharf::{
    Config, Engine, Extern, ExternType, Features, Global, Instance, Limits, Linker, Memory, Module,
    Ref, Result, Store, Table, Tag, Tier, Trap, Val,
};

/// What came of one input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judged {
    /// The bytes make no module.
    NotAModule,
    /// Both tiers refused the module's instantiation alike.
    NoInstance,
    /// Both tiers did the same in this many calls.
    Agreed(usize),
}

/// Fuel for instantiation, and for each call.
const FUEL: u64 = 20_000;

/// Exported functions called of one module at most.
const CALLS_MAX: usize = 24;

const LIMITS: Limits = Limits {
    memory_bytes_max: 16 << 20,
    table_elements_max: 100_000,
    memories_max: 8,
    tables_max: 16,
    instances_max: 4,
    gc_heap_bytes_max: 64 << 20,
};

/// How a module is made and run. Both tiers always run it alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Way {
    /// With shared memories and atomic accesses, but without the deterministic profile, which allows neither.
    threads: bool,
    /// With a collection at every allocation.
    gc_stress: bool,
    /// With memories that move at every growth.
    memories_move: bool,
}

impl Way {
    fn choose(random: &mut crate::Random) -> Way {
        Way {
            threads: random.below(4) == 0,
            gc_stress: random.below(4) == 0,
            memories_move: random.below(4) == 0,
        }
    }

    /// Everything that all tiers run.
    fn generator(self) -> wasm_smith::Config {
        wasm_smith::Config {
            acquire_release_atomics_enabled: false,
            // The deterministic profile makes NaNs canonical itself.
            canonicalize_nans: self.threads,
            compact_imports_enabled: true,
            custom_descriptors_enabled: false,
            custom_page_sizes_enabled: true,
            exceptions_enabled: true,
            export_everything: true,
            gc_enabled: true,
            max_imports: 8,
            max_instructions: 300,
            max_memories: 3,
            max_memory32_bytes: 4 << 20,
            max_memory64_bytes: 4 << 20,
            max_table_elements: 2000,
            max_tables: 4,
            memory64_enabled: true,
            min_funcs: 2,
            multibyte_array_access_enabled: false,
            relaxed_simd_enabled: !self.threads,
            shared_everything_threads_enabled: false,
            tail_call_enabled: true,
            threads_enabled: self.threads,
            wide_arithmetic_enabled: true,
            ..wasm_smith::Config::default()
        }
    }

    fn engine(self, tier: Tier) -> Engine {
        let mut config = Config::new();
        config
            .tier(tier)
            .features(Features::runnable())
            .consume_fuel(true)
            .parallel_compilation(false)
            .deterministic(!self.threads)
            .gc_stress(self.gc_stress)
            .move_memories(self.memories_move)
            .verify_compilers(true);
        Engine::new(&config).expect("both tiers run here")
    }
}

/// Whether the module may wait for a thread that there is not: the bytes of `memory.atomic.wait`, be they an operator or not.
fn may_wait(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| matches!(pair, [0xfe, 1 | 2]))
}

/// Makes a module of the bytes, runs its exports in both tiers, and compares.
///
/// # Panics
/// If the tiers differ, with the module's bytes in hexadecimal: a finding.
pub fn differential(data: &[u8]) -> Judged {
    thread_local! {
        static ENGINES: RefCell<HashMap<Way, [Engine; 2]>> = RefCell::default();
    }
    let mut input = Unstructured::new(data);
    let seed = input.arbitrary::<u64>().unwrap_or(1);
    let way = Way::choose(&mut crate::Random::new(seed));
    let Ok(module) = wasm_smith::Module::new(way.generator(), &mut input) else {
        return Judged::NotAModule;
    };
    let bytes = module.to_bytes();
    if way.threads && may_wait(&bytes) {
        return Judged::NotAModule;
    }
    let [interp, optimizing] = ENGINES.with_borrow_mut(|engines| {
        let make = || [Tier::Interp, Tier::Optimizing].map(|tier| way.engine(tier));
        engines.entry(way).or_insert_with(make).clone()
    });
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
        compare(&interp, &optimizing, &bytes, seed)
    }));
    outcome.unwrap_or_else(|panic| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        eprintln!("{way:?}, the module: {hex}");
        std::panic::resume_unwind(panic)
    })
}

/// One tier's run of a module.
struct Run {
    store: Store<()>,
    instance: Instance,
}

impl Run {
    fn start(engine: &Engine, bytes: &[u8]) -> Result<Run> {
        let module =
            Module::from_binary(engine, bytes.to_vec()).expect("generated modules are valid");
        let mut store = Store::new(engine, ());
        store.set_limits(LIMITS);
        store.set_fuel(FUEL);
        let linker = linker(engine, &mut store, &module)?;
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Run { store, instance })
    }
}

/// Gives each import something of its type: functions return zeros and nulls.
fn linker(engine: &Engine, store: &mut Store<()>, module: &Module) -> Result<Linker<()>> {
    let mut linker = Linker::new(engine);
    linker.allow_shadowing(true);
    for import in module.imports() {
        let (from, name) = (&import.module, &import.name);
        match import.ty {
            ExternType::Func(ty) => {
                linker.func_new(from, name, ty, |_, _, _| Ok(()))?;
            }
            ExternType::Global(ty) => {
                let global = Global::new(&mut *store, ty, Val::default_of(ty.content))?;
                linker.define(from, name, global)?;
            }
            ExternType::Memory(ty) => {
                let memory = Memory::new(&mut *store, ty)?;
                linker.define(from, name, memory)?;
            }
            ExternType::Table(ty) => {
                let Val::Ref(null) = Val::default_of(wharf::ValType::Ref(ty.element)) else {
                    unreachable!("the default of a reference is one")
                };
                let table = Table::new(&mut *store, ty, null)?;
                linker.define(from, name, table)?;
            }
            ExternType::Tag(ty) => {
                let tag = Tag::new(&mut *store, ty.params())?;
                linker.define(from, name, tag)?;
            }
        }
    }
    Ok(linker)
}

fn compare(interp: &Engine, optimizing: &Engine, bytes: &[u8], seed: u64) -> Judged {
    let (mut a, mut b) = match (Run::start(interp, bytes), Run::start(optimizing, bytes)) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(a), Err(b)) => {
            assert!(
                same_failure(a.trap(), b.trap()),
                "instantiation: {a} but {b}"
            );
            return Judged::NoInstance;
        }
        (Ok(_), Err(error)) => {
            return excuse(
                error.trap(),
                "only the interpreter instantiates",
                &error.to_string(),
            );
        }
        (Err(error), Ok(_)) => {
            return excuse(
                error.trap(),
                "only machine code instantiates",
                &error.to_string(),
            );
        }
    };
    let mut random = crate::Random::new(seed);
    let exports = a.instance.exports(&a.store).expect("its own instance");
    let funcs = exports
        .iter()
        .filter_map(|(name, item)| Some((name, item.into_func()?)));
    let mut calls = 0;
    for (name, func) in funcs.take(CALLS_MAX) {
        let ty = func.ty(&a.store).expect("its own function");
        let params: Vec<Val> = ty
            .params()
            .iter()
            .map(|ty| argument(&mut random, *ty))
            .collect();
        // No host has something for each type of references that are not null.
        let is_nullable = |ty: &wharf::ValType| match ty {
            wharf::ValType::Ref(ty) => ty.nullable,
            _ => true,
        };
        if !ty.params().iter().all(is_nullable) {
            continue;
        }
        let outcomes = [&mut a, &mut b].map(|run| {
            run.store.set_fuel(FUEL);
            let func = run
                .instance
                .get_func(&run.store, name)
                .expect("both export the same");
            let outcome = func.call(&mut run.store, &params);
            (
                outcome.map(|values| {
                    let values = values.iter().map(|value| shown(&run.store, value));
                    values.collect::<Vec<_>>()
                }),
                run.store.fuel(),
            )
        });
        calls += 1;
        match &outcomes {
            [(Ok(x), x_fuel), (Ok(y), y_fuel)] => {
                assert_eq!(x, y, "results of {name}{params:?}");
                assert_eq!(x_fuel, y_fuel, "fuel after {name}{params:?}");
            }
            [(Err(x), x_fuel), (Err(y), y_fuel)] => {
                // Nothing after that can be compared.
                if is_shortage(x.trap()) || is_shortage(y.trap()) {
                    return Judged::Agreed(calls);
                }
                assert!(
                    same_failure(x.trap(), y.trap()),
                    "{name}{params:?}: {x} but {y}"
                );
                assert_eq!(x_fuel, y_fuel, "fuel after {name}{params:?}");
            }
            [(x, _), (y, _)] => {
                let failure = x
                    .as_ref()
                    .err()
                    .or(y.as_ref().err())
                    .and_then(wharf::Error::trap);
                assert!(is_shortage(failure), "{name}{params:?}: {x:?} but {y:?}");
                return Judged::Agreed(calls);
            }
        }
        compare_state(&a, &b, &exports, name);
    }
    Judged::Agreed(calls)
}

/// A difference that is none.
fn excuse(trap: Option<Trap>, what: &str, why: &str) -> Judged {
    assert!(is_shortage(trap), "{what}: {why}");
    Judged::NoInstance
}

fn same_failure(a: Option<Trap>, b: Option<Trap>) -> bool {
    a == b || is_shortage(a) || is_shortage(b)
}

/// Whether something ran out that the tiers need more or less of: stacks end at different depths, and machine code does not
/// make objects that nothing looks at.
fn is_shortage(trap: Option<Trap>) -> bool {
    matches!(
        trap,
        Some(Trap::StackOverflow | Trap::HeapExhausted | Trap::AllocationTooLarge)
    )
}

fn argument(random: &mut crate::Random, ty: wharf::ValType) -> Val {
    // Edges are where meanings differ.
    const EDGES: [i64; 8] = [
        0,
        1,
        -1,
        i32::MIN as i64,
        i32::MAX as i64,
        i64::MIN,
        i64::MAX,
        0x1_0000,
    ];
    let bits = if random.below(2) == 0 {
        EDGES[random.below(EDGES.len())]
    } else {
        random.next() as i64
    };
    match ty {
        wharf::ValType::I32 => Val::I32(bits as i32),
        wharf::ValType::I64 => Val::I64(bits),
        wharf::ValType::F32 => Val::from(bits as i32 as f32),
        wharf::ValType::F64 => Val::from(bits as f64),
        wharf::ValType::V128 => Val::V128(wharf::V128::from_u128(bits as i128 as u128)),
        ty @ wharf::ValType::Ref(_) => Val::default_of(ty),
    }
}

/// A value without what only means something in its own store.
fn shown(store: &Store<()>, value: &Val) -> String {
    match value {
        Val::Ref(Ref::Any(Some(value))) => {
            let number = value.as_i31(store).expect("its own");
            let is_struct = value.as_struct(store).expect("its own").is_some();
            let is_array = value.as_array(store).expect("its own").is_some();
            format!("anyref, number: {number:?}, struct: {is_struct}, array: {is_array}")
        }
        Val::Ref(Ref::Exn(value)) => format!("exnref, null: {}", value.is_none()),
        Val::Ref(Ref::Func(func)) => format!("funcref, null: {}", func.is_none()),
        Val::Ref(Ref::Extern(value)) => format!("externref, null: {}", value.is_none()),
        value => format!("{value:?}"),
    }
}

/// The bytes of a memory, also of one that could be shared.
fn bytes(store: &Store<()>, memory: Memory) -> Vec<u8> {
    match memory.as_shared(store).expect("its own") {
        None => memory.data(store).expect("its own").to_vec(),
        Some(shared) => {
            let mut bytes = vec![0; shared.bytes() as usize];
            shared.read(0, &mut bytes).expect("as large as it is");
            bytes
        }
    }
}

fn compare_state(a: &Run, b: &Run, exports: &[(String, Extern)], after: &str) {
    for (name, _) in exports {
        let [x, y] = [a, b].map(|run| {
            (
                run,
                run.instance
                    .get_export(&run.store, name)
                    .expect("both export the same"),
            )
        });
        match (x.1, y.1) {
            (Extern::Memory(m), Extern::Memory(n)) => {
                let (m, n) = (bytes(&x.0.store, m), bytes(&y.0.store, n));
                assert_eq!(m.len(), n.len(), "size of memory {name} after {after}");
                let differs = m.iter().zip(&n).position(|(m, n)| m != n);
                assert_eq!(differs, None, "memory {name} after {after}");
            }
            (Extern::Global(g), Extern::Global(h)) => {
                let (g, h) = (
                    g.get(&x.0.store).expect("its own"),
                    h.get(&y.0.store).expect("its own"),
                );
                assert_eq!(
                    shown(&x.0.store, &g),
                    shown(&y.0.store, &h),
                    "global {name} after {after}"
                );
            }
            (Extern::Table(t), Extern::Table(u)) => {
                let sizes = (
                    t.size(&x.0.store).expect("its own"),
                    u.size(&y.0.store).expect("its own"),
                );
                assert_eq!(sizes.0, sizes.1, "size of table {name} after {after}");
            }
            _ => {}
        }
    }
}
