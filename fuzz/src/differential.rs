//! All machines against the interpreter: results, memories, globals, tables, exceptions, traps and fuel must be the same.

use crate::Random;
use crate::background;
use crate::catching;
use crate::imports::distinct;
use crate::machine::Machine;
use crate::objects;
use crate::run::Run;
use crate::tally::Tally;
use crate::values::{all_shown, shown};
use crate::way::Way;
use arbitrary::Unstructured;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use wharf::{Engine, Error, Extern, Global, Memory, Module, Table, Trap, Val};

/// Fuel for instantiation, and for each call.
const FUEL: u64 = 20_000;

/// The same where each allocation collects.
const FUEL_GC_STRESS: u64 = 1_000;

/// Exported functions called of one module at most, and calls of each.
const FUNCS_MAX: usize = 24;
const CALLS_EACH: usize = 4;

/// One in so many modules throws and catches all the time, and one is all about objects.
const KINDS: usize = 4;

/// Elements of a table that are compared.
const ELEMENTS_MAX: u64 = 64;

/// Whether the module may wait for a thread that there is not: the bytes of `memory.atomic.wait`, be they an operator or not.
fn may_wait(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| matches!(pair, [0xfe, 1 | 2]))
}

/// Whether the module may make a narrower or wider NaN of another one: of these the generator makes no canonical ones.
fn converts_floats(bytes: &[u8]) -> bool {
    use wasmparser::{FunctionBody, Operator, Payload};
    let bodies = wasmparser::Parser::new(0)
        .parse_all(bytes)
        .filter_map(|payload| match payload {
            Ok(Payload::CodeSectionEntry(body)) => Some(body),
            _ => None,
        });
    let converts = |body: FunctionBody<'_>| {
        let ops = body.get_operators_reader().into_iter().flatten();
        ops.flatten().any(|op| {
            matches!(
                op,
                Operator::F32DemoteF64
                    | Operator::F64PromoteF32
                    | Operator::F32x4DemoteF64x2Zero
                    | Operator::F64x2PromoteLowF32x4
            )
        })
    };
    bodies.into_iter().any(converts)
}

/// Makes a module of the bytes, runs its exports on several machines, and compares.
///
/// # Panics
/// If they differ, with the module's bytes in hexadecimal: a finding.
pub fn differential(data: &[u8]) -> Tally {
    generated(data, Way::choose, Machine::choose)
}

/// Makes a module of the bytes, and runs its exports before and after optimizing the module.
///
/// # Panics
/// As [`differential`] does.
pub fn optimized(data: &[u8]) -> Tally {
    let choose = |random: &mut Random| Way {
        closed: random.below(2) == 0,
        ..Way::choose(random)
    };
    generated(data, choose, Machine::choose_rewritten)
}

/// Makes a module that is all about objects, and runs its exports before and after optimizing it.
///
/// # Panics
/// As [`differential`] does.
pub fn optimized_objects(data: &[u8]) -> Tally {
    let seed = Unstructured::new(data).arbitrary::<u64>().unwrap_or(1);
    let mut random = Random::new(seed);
    let way = Way::choose(&mut random);
    let text = objects::module(&mut random);
    judge_text(way, &text, seed, Machine::choose_refined)
}

fn generated(data: &[u8], way: fn(&mut Random) -> Way, machines: Machines) -> Tally {
    let mut input = Unstructured::new(data);
    let seed = input.arbitrary::<u64>().unwrap_or(1);
    let mut random = Random::new(seed);
    let way = way(&mut random);
    match random.below(KINDS) {
        0 => return judge_text(way, &catching::module(&mut random), seed, machines),
        1 => return judge_text(way, &objects::module(&mut random), seed, machines),
        _ => {}
    }
    match wasm_smith::Module::new(way.generator(&mut random), &mut input) {
        Ok(module) => judge(way, &module.to_bytes(), seed, machines),
        Err(_) => Tally::default(),
    }
}

fn judge_text(way: Way, text: &str, seed: u64, machines: Machines) -> Tally {
    let bytes = wharf_text::wat_to_wasm(text, None).expect("it is well-formed");
    judge(way, &bytes, seed, machines)
}

/// Chooses what is compared.
type Machines = fn(&mut Random) -> Vec<Machine>;

/// Runs the exports of a module on several machines, if it is valid, and compares.
///
/// # Panics
/// As [`differential`] does.
pub fn differential_module(bytes: &[u8], seed: u64) -> Tally {
    given(bytes, seed, Machine::choose)
}

/// Runs the exports of a module before and after optimizing it, if it is valid.
///
/// # Panics
/// As [`differential`] does.
pub fn optimized_module(bytes: &[u8], seed: u64) -> Tally {
    given(bytes, seed, Machine::choose_rewritten)
}

fn given(bytes: &[u8], seed: u64, machines: Machines) -> Tally {
    let way = Way::choose(&mut Random::new(seed));
    // Without the profile tiers may differ where they are allowed to.
    for threads in [false, true] {
        let way = Way { threads, ..way };
        if Module::validate(&engine(way, Machine::Interp), bytes).is_ok() {
            return judge(way, bytes, seed, machines);
        }
    }
    Tally::default()
}

fn engine(way: Way, machine: Machine) -> Engine {
    thread_local! {
        static ENGINES: RefCell<HashMap<(Way, Machine), Engine>> = RefCell::default();
    }
    ENGINES.with_borrow_mut(|engines| {
        let engine = engines.entry((way, machine));
        engine.or_insert_with(|| way.engine(machine)).clone()
    })
}

fn judge(way: Way, bytes: &[u8], seed: u64, machines: Machines) -> Tally {
    let bytes = &*distinct(bytes);
    let mut tally = Tally::default();
    if way.threads && may_wait(bytes) {
        return tally;
    }
    let mut random = Random::new(!seed);
    let machines = machines(&mut random);
    let is_rewritten = machines.iter().any(|machine| machine.is_rewritten());
    if way.threads && is_rewritten && converts_floats(bytes) {
        return tally;
    }
    background::watch();
    tally.modules = 1;
    if seed.is_multiple_of(16) {
        tally.features(bytes);
    }
    let judgement = Judgement {
        way,
        bytes,
        seed,
        fuel: if way.gc_stress { FUEL_GC_STRESS } else { FUEL },
    };
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let panics = background::panics();
        judgement.compare(&machines, random.below(3) == 0, &mut tally);
        assert_eq!(
            background::panics(),
            panics,
            "a thread that compiles panicked"
        );
    }));
    if let Err(panic) = outcome {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        eprintln!("{way:?}, {machines:?}, seed {seed}, the module: {hex}");
        std::panic::resume_unwind(panic)
    }
    tally
}

/// A module, and what all its runs have in common.
struct Judgement<'a> {
    way: Way,
    bytes: &'a [u8],
    seed: u64,
    fuel: u64,
}

impl Judgement<'_> {
    fn start(&self, machine: Machine, bytes: &[u8]) -> wharf::Result<Run> {
        let engine = engine(self.way, machine);
        let refused = engine.stats().refused;
        let run = Run::start(&engine, machine, bytes, self.seed, self.fuel);
        run.map(|run| Run { refused, ..run })
    }

    /// Compares what machines make of the module with what the first of them does.
    fn compare(&self, machines: &[Machine], is_baked: bool, tally: &mut Tally) {
        let started = machines
            .iter()
            .map(|machine| self.start(*machine, self.bytes));
        let mut started = started.zip(machines).collect::<Vec<_>>().into_iter();
        let (first, _) = started.next().expect("there is a judge");
        tally.end("instantiation", first.as_ref().err());
        let mut others = Vec::new();
        for (run, machine) in started {
            let [x, y] = [&first, &run].map(|run| run.as_ref().err());
            if ends_early(*machine, &[x, y]) {
                return;
            }
            let same = same_end(*machine, x, y, &["", ""]);
            assert!(same.is_some(), "instantiation: {x:?} but {machine:?} {y:?}");
            others.extend(run);
        }
        let Ok(mut judge) = first else {
            return;
        };
        tally.instances += 1;
        let exports = judge.exports();
        let funcs: Vec<&String> = exports
            .iter()
            .filter(|item| item.1.into_func().is_some())
            .map(|(name, _)| name)
            .take(FUNCS_MAX)
            .collect();
        for other in &others {
            compare_state(&judge, other, &exports, "instantiation");
        }
        for round in 0..CALLS_EACH {
            if is_baked && round == CALLS_EACH / 2 {
                others.extend(self.bake(&judge, &exports, tally));
            }
            for name in &funcs {
                if !call_everywhere(&mut judge, &mut others, name, &exports, tally) {
                    return;
                }
            }
        }
        for run in others.iter().chain([&judge]) {
            tally.cached += u64::from(run.is_cached);
            tally.collections(&run.store);
            tally.host_calls += run.store.data().calls;
            let refused = run.store.engine().stats().refused - run.refused;
            assert_eq!(
                refused, 0,
                "code that {:?} asked for and did not get",
                run.machine
            );
        }
    }

    /// A run that starts where the judge stands, if a module can say that.
    fn bake(&self, judge: &Run, exports: &[(String, Extern)], tally: &mut Tally) -> Option<Run> {
        let state = judge.instance.state(&judge.store).expect("its own");
        let baked = snapshot::bake(&state, |name| Some(name.to_owned())).ok()?;
        let mut run = match self.start(Machine::AutoWaits, &baked) {
            Ok(run) => run,
            Err(error) if is_shortage(error.trap()) => return None,
            Err(error) => panic!("the snapshot: {error:?}"),
        };
        compare_state(judge, &run, exports, "the snapshot");
        tally.snapshots += 1;
        *run.store.data_mut() = judge.store.data().clone();
        Some(run)
    }
}

/// Calls a function in all runs; gives whether what follows can be compared. Runs that ran short of something are left out from
/// then on.
fn call_everywhere(
    judge: &mut Run,
    others: &mut Vec<Run>,
    name: &str,
    exports: &[(String, Extern)],
    tally: &mut Tally,
) -> bool {
    let first = judge.call(name);
    if let Some((first, _)) = &first {
        tally.end("call", first.as_ref().err());
    }
    others.retain_mut(|other| {
        let machine = other.machine;
        let second = other.call(name);
        let (Some((x, x_fuel)), Some((y, y_fuel))) = (&first, &second) else {
            assert_eq!(first.is_some(), second.is_some(), "arguments of {name}");
            return true;
        };
        if ends_early(machine, &[x.as_ref().err(), y.as_ref().err()]) {
            return false;
        }
        if let (Ok(x), Ok(y)) = (x, y) {
            assert_eq!(x, y, "results of {name} on {machine:?}");
        } else {
            let [x_error, y_error] = [x.as_ref().err(), y.as_ref().err()];
            let thrown = [thrown(x_error, judge), thrown(y_error, other)];
            let thrown_text = thrown.each_ref().map(String::as_str);
            let same = same_end(machine, x_error, y_error, &thrown_text);
            let Some(comparable) = same else {
                panic!("{name}: {x:?} {thrown:?} but {machine:?} {y:?}");
            };
            if !comparable {
                return false;
            }
        }
        if !machine.is_rewritten() {
            assert_eq!(x_fuel, y_fuel, "fuel after {name} on {machine:?}");
        }
        compare_state(judge, other, exports, name);
        true
    });
    // What the judge left half done is nobody's measure.
    !first.is_some_and(|(first, _)| is_shortage(first.err().and_then(|error| error.trap())))
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
fn same_end(
    machine: Machine,
    x: Option<&Error>,
    y: Option<&Error>,
    thrown: &[&str; 2],
) -> Option<bool> {
    let [x_trap, y_trap] = [x, y].map(|error| error.and_then(Error::trap));
    if is_shortage(x_trap) || is_shortage(y_trap) {
        return Some(false);
    }
    let same = match (x, y) {
        (None, None) => true,
        (Some(_), Some(_)) if x_trap.is_some() || y_trap.is_some() => {
            let both_null = [x_trap, y_trap].into_iter().all(is_null);
            x_trap == y_trap || machine.is_rewritten() && both_null
        }
        (Some(x), Some(y)) => match (x.exception(), y.exception()) {
            (None, None) => without_numbers(x) == without_numbers(y),
            (Some(_), Some(_)) => thrown[0] == thrown[1],
            _ => false,
        },
        _ => false,
    };
    same.then_some(true)
}

/// What an error says, apart from the numbers of types, which are each engine's own.
fn without_numbers(error: &Error) -> String {
    let text = error.to_string();
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Whether one ran out of fuel where the other need not, because it runs another module.
fn ends_early(machine: Machine, ends: &[Option<&Error>; 2]) -> bool {
    let is_out =
        |end: &Option<&Error>| end.is_some_and(|error| error.trap() == Some(Trap::OutOfFuel));
    machine.is_rewritten() && ends.iter().any(is_out)
}

/// Whether something was null that must not be: what it should have been is no part of what a module does, and an optimizer may check it
/// in another way.
fn is_null(trap: Option<Trap>) -> bool {
    matches!(
        trap,
        Some(
            Trap::NullReference
                | Trap::NullFunctionReference
                | Trap::NullStructReference
                | Trap::NullArrayReference
                | Trap::NullI31Reference
        )
    )
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
    let after = &format!("{after} on {:?}", b.machine);
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
