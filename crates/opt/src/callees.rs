//! What calls of each function may do, and whether they can return, by what it and all that it calls consist of.
//!
//! Apart from the passes that use it because it takes the whole module: operators are read, which is much less work than building
//! functions, and what they do is passed on from callees to callers.

use crate::functions::{self, Worker};
use crate::{Error, Options};
use ir::{Effects, State};
use module::{BodyReader, FuncIdx, Module, Op};
use passes::Callee;

/// What is known of a function by its own operators.
#[derive(Clone)]
struct Own {
    effects: Effects,
    /// The functions that it calls by their number, in order.
    calls: Vec<FuncIdx>,
    returns: bool,
}

/// What is known of calls, by function.
pub(crate) struct Callees {
    /// What they do.
    pub(crate) known: Vec<Callee>,
    /// The functions that call this one by its number.
    pub(crate) callers: Vec<Vec<FuncIdx>>,
}

/// Reads all functions.
///
/// # Errors
/// If a body is not valid.
pub(crate) fn callees(module: &Module, options: &Options<'_>) -> Result<Callees, Error> {
    let header = module.header();
    let n_imported = header.n_imported_funcs();
    let mut known = vec![Callee::ANY; header.funcs().len()];
    let scan = |worker: &mut Worker, func| {
        let mut reader = worker.read(module, func)?;
        Some(Scan::of(&mut reader, &|_| true).ok()?.own)
    };
    let own = functions::for_each(module, options, scan);
    let callers = callers(&own, known.len());
    for (at, own) in own.iter().enumerate() {
        if let Some(own) = own {
            known[n_imported + at] = Callee {
                effects: own.effects,
                returns: own.returns,
            };
        }
    }
    pass_on_effects(&own, &callers, n_imported, &mut known);
    find_what_never_returns(module, &callers, &mut known)?;
    Ok(Callees { known, callers })
}

/// By function: the defined functions that call it.
fn callers(own: &[Option<Own>], n_funcs: usize) -> Vec<Vec<FuncIdx>> {
    let mut callers = vec![Vec::new(); n_funcs];
    let n_imported = n_funcs - own.len();
    for (at, own) in own.iter().enumerate() {
        for callee in own.iter().flat_map(|own| &own.calls) {
            callers[callee.index()].push(FuncIdx((n_imported + at) as u32));
        }
    }
    callers
}

/// Adds to each function what those do that it calls. Recursion may not end, which is as good as a trap.
fn pass_on_effects(
    own: &[Option<Own>],
    callers: &[Vec<FuncIdx>],
    n_imported: usize,
    known: &mut [Callee],
) {
    // From those that call nothing upwards: what is left is in a circle, or calls one.
    let n_calls = |func: usize| {
        let own = func.checked_sub(n_imported).and_then(|at| own[at].as_ref());
        own.map_or(0, |own| own.calls.len())
    };
    let mut n_left: Vec<usize> = (0..known.len()).map(n_calls).collect();
    let mut ready: Vec<usize> = (0..known.len()).filter(|&func| n_left[func] == 0).collect();
    while let Some(func) = ready.pop() {
        for caller in &callers[func] {
            n_left[caller.index()] -= 1;
            if n_left[caller.index()] == 0 {
                ready.push(caller.index());
            }
        }
    }
    for (func, n_left) in n_left.iter().enumerate() {
        known[func].effects.traps |= *n_left > 0;
    }
    let mut waiting: Vec<usize> = (0..known.len()).collect();
    while let Some(func) = waiting.pop() {
        let effects = known[func].effects;
        for caller in &callers[func] {
            let mut more = known[caller.index()].effects;
            add(&mut more, effects);
            if known[caller.index()].effects != more {
                known[caller.index()].effects = more;
                waiting.push(caller.index());
            }
        }
    }
}

fn add(effects: &mut Effects, more: Effects) {
    effects.reads = effects.reads.or(more.reads);
    effects.writes = effects.writes.or(more.writes);
    effects.traps |= more.traps;
    effects.is_fresh |= more.is_fresh;
}

/// Functions that return only behind calls that do not: few functions never return, so that few bodies are read again.
fn find_what_never_returns(
    module: &Module,
    callers: &[Vec<FuncIdx>],
    known: &mut [Callee],
) -> Result<(), Error> {
    let never = |func: &usize| !known[*func].returns;
    let mut waiting: Vec<usize> = (0..known.len()).filter(never).collect();
    let mut worker = Worker::default();
    while let Some(func) = waiting.pop() {
        for &caller in &callers[func] {
            if !known[caller.index()].returns {
                continue;
            }
            let Some(mut reader) = worker.read(module, caller) else {
                continue;
            };
            let returns = |func: FuncIdx| known[func.index()].returns;
            if !Scan::of(&mut reader, &returns)?.own.returns {
                known[caller.index()].returns = false;
                waiting.push(caller.index());
            }
        }
    }
    Ok(())
}

/// A block that is open where a body is read.
struct Frame {
    is_loop: bool,
    is_if: bool,
    /// Whether its start is reached.
    is_entered: bool,
    /// Whether its end is reached by a branch.
    is_left: bool,
}

/// Reading one body: what its operators do, as far as they are reached.
struct Scan<'r> {
    own: Own,
    /// The innermost last; the first is the function.
    frames: Vec<Frame>,
    is_live: bool,
    returns: &'r dyn Fn(FuncIdx) -> bool,
}

impl Scan<'_> {
    fn of<'r>(
        reader: &mut BodyReader<'_>,
        returns: &'r dyn Fn(FuncIdx) -> bool,
    ) -> Result<Scan<'r>, module::Error> {
        let mut scan = Scan {
            own: Own {
                effects: Effects::NONE,
                calls: Vec::new(),
                returns: false,
            },
            frames: Vec::new(),
            is_live: true,
            returns,
        };
        scan.enter(false, false);
        while let Some((_, op)) = reader.next()? {
            scan.op(reader, &op);
        }
        scan.own.calls.sort_unstable();
        scan.own.calls.dedup();
        Ok(scan)
    }

    fn enter(&mut self, is_loop: bool, is_if: bool) {
        self.frames.push(Frame {
            is_loop,
            is_if,
            is_entered: self.is_live,
            is_left: false,
        });
    }

    fn op(&mut self, reader: &BodyReader<'_>, op: &Op) {
        match *op {
            Op::Block(_) => self.enter(false, false),
            Op::Loop(_) => {
                self.enter(true, false);
                // It may not end.
                self.own.effects.traps |= self.is_live;
            }
            Op::If(_) => self.enter(false, true),
            Op::TryTable { first, count, .. } => {
                if self.is_live {
                    for catch in reader.catches(first, count) {
                        self.branch(catch.label);
                    }
                }
                self.enter(false, false);
            }
            Op::Else => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.is_left |= self.is_live;
                    frame.is_if = false;
                    self.is_live = frame.is_entered;
                }
            }
            Op::End => {
                if let Some(frame) = self.frames.pop() {
                    self.is_live |= frame.is_left || frame.is_if && frame.is_entered;
                }
                if self.frames.is_empty() {
                    self.own.returns |= self.is_live;
                }
            }
            _ if self.is_live => self.live(reader, op),
            _ => {}
        }
    }

    fn branch(&mut self, depth: u32) {
        let at = self.frames.len().checked_sub(depth as usize + 1);
        if let Some(frame) = at.and_then(|at| self.frames.get_mut(at))
            && !frame.is_loop
        {
            frame.is_left = true;
        }
    }

    /// An operator that is reached, and starts or ends no block.
    fn live(&mut self, reader: &BodyReader<'_>, op: &Op) {
        add(&mut self.own.effects, effects(op));
        match *op {
            Op::Br(depth) => {
                self.branch(depth);
                self.is_live = false;
            }
            Op::BrIf(depth)
            | Op::BrOnNull(depth)
            | Op::BrOnNonNull(depth)
            | Op::BrOnCast { depth, .. } => self.branch(depth),
            Op::BrTable { first, count } => {
                for &depth in reader.labels(first, count) {
                    self.branch(depth);
                }
                self.is_live = false;
            }
            Op::Return | Op::ReturnCallIndirect { .. } | Op::ReturnCallRef(_) => {
                self.own.returns = true;
                self.is_live = false;
            }
            Op::ReturnCall(func) => {
                self.own.calls.push(func);
                self.own.returns |= (self.returns)(func);
                self.is_live = false;
            }
            Op::Call(func) => {
                self.own.calls.push(func);
                self.is_live = (self.returns)(func);
            }
            Op::Unreachable | Op::Throw(_) | Op::ThrowRef => self.is_live = false,
            _ => {}
        }
    }
}

/// What an operator does beside passing values, calls of known functions and branches excepted.
fn effects(op: &Op) -> Effects {
    let (reads, writes, traps) = match *op {
        Op::Compute(op) => (State::NONE, State::NONE, op.can_trap()),
        Op::Load(..) | Op::LoadLane(..) => (State::MEMORY, State::NONE, true),
        Op::Store(..) | Op::StoreLane(..) => (State::NONE, State::MEMORY, true),
        Op::MemorySize(_) => (State::MEMORY_SIZE, State::NONE, false),
        Op::MemoryGrow(_) => (State::MEMORY_SIZE, State::MEMORY_SIZE, false),
        Op::MemoryFill(_) => (State::MEMORY_SIZE, State::MEMORY, true),
        Op::MemoryCopy { .. } => (State::MEMORY_SIZE.or(State::MEMORY), State::MEMORY, true),
        Op::MemoryInit { .. } => (State::MEMORY_SIZE.or(State::SEGMENT), State::MEMORY, true),
        Op::DataDrop(_) | Op::ElemDrop(_) => (State::NONE, State::SEGMENT, false),
        Op::GlobalGet(_) => (State::GLOBAL, State::NONE, false),
        Op::GlobalSet(_) => (State::NONE, State::GLOBAL, false),
        Op::TableGet(_) => (State::TABLE, State::NONE, true),
        Op::TableSize(_) => (State::TABLE, State::NONE, false),
        Op::TableSet(_) | Op::TableFill(_) | Op::TableCopy { .. } => {
            (State::TABLE, State::TABLE, true)
        }
        Op::TableGrow(_) => (State::TABLE, State::TABLE, false),
        Op::TableInit { .. } => (State::TABLE.or(State::SEGMENT), State::TABLE, true),
        // What is thrown is seen by whoever called.
        Op::Unreachable | Op::Throw(_) | Op::ThrowRef => (State::NONE, State::NONE, true),
        Op::RefAsNonNull | Op::RefCast(_) | Op::ArrayLen | Op::I31Get { .. } => {
            (State::NONE, State::NONE, true)
        }
        Op::StructGet { .. } | Op::ArrayGet { .. } => (State::HEAP, State::NONE, true),
        Op::StructSet { .. } | Op::ArraySet(_) | Op::ArrayFill(_) => {
            (State::NONE, State::HEAP, true)
        }
        Op::ArrayCopy { .. } => (State::HEAP, State::HEAP, true),
        Op::ArrayInitData { .. } | Op::ArrayInitElem { .. } => (State::SEGMENT, State::HEAP, true),
        Op::StructNew(_) | Op::StructNewDefault(_) | Op::ArrayNewFixed { .. } => {
            return Effects {
                is_fresh: true,
                ..Effects::NONE
            };
        }
        // Arrays may be longer than the heap takes.
        Op::ArrayNew(_)
        | Op::ArrayNewDefault(_)
        | Op::ArrayNewData { .. }
        | Op::ArrayNewElem { .. } => {
            return Effects {
                reads: State::SEGMENT,
                writes: State::NONE,
                traps: true,
                is_fresh: true,
            };
        }
        Op::Atomic(..)
        | Op::AtomicFence
        | Op::CallIndirect { .. }
        | Op::ReturnCallIndirect { .. }
        | Op::CallRef(_)
        | Op::ReturnCallRef(_) => return Callee::ANY.effects,
        Op::Nop
        | Op::Block(_)
        | Op::Loop(_)
        | Op::If(_)
        | Op::Else
        | Op::End
        | Op::Br(_)
        | Op::BrIf(_)
        | Op::BrTable { .. }
        | Op::BrOnNull(_)
        | Op::BrOnNonNull(_)
        | Op::BrOnCast { .. }
        | Op::Return
        | Op::Call(_)
        | Op::ReturnCall(_)
        | Op::TryTable { .. }
        | Op::Drop
        | Op::Select
        | Op::LocalGet(_)
        | Op::LocalSet(_)
        | Op::LocalTee(_)
        | Op::I32Const(_)
        | Op::I64Const(_)
        | Op::F32Const(_)
        | Op::F64Const(_)
        | Op::V128Const(_)
        | Op::Lane(..)
        | Op::Wide(_)
        | Op::Shuffle(_)
        | Op::RefNull(_)
        | Op::RefIsNull
        | Op::RefFunc(_)
        | Op::RefEq
        | Op::RefI31
        | Op::RefTest(_)
        | Op::AnyConvertExtern
        | Op::ExternConvertAny => return Effects::NONE,
    };
    Effects {
        reads,
        writes,
        traps,
        is_fresh: false,
    }
}
