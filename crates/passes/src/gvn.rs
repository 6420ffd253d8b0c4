//! Finds values that were computed before: an instruction without effects that is equal to one which dominates it is that one.
//!
//! Apart from the loads of objects and memories, which depend on what was stored since: here operands decide alone. A walk down the
//! tree of dominators keeps a table of what was computed above; what a subtree adds is taken back behind it, so that the time is that of
//! looking at each instruction once.

use crate::domtree::{DomTree, Same};
use crate::effects::{Callee, effects};
use crate::ints::Int;
use ir::{Block, Cfg, Effects, Func, Inst, InstId, Value};
use ops::Compute;
use std::collections::HashMap;

/// Runs the pass.
pub(crate) fn run(func: &mut Func, callees: &[Callee]) {
    let cfg = Cfg::new(func);
    let tree = DomTree::new(func, &cfg);
    let mut numbering = Numbering {
        callees,
        known: HashMap::new(),
        added: Vec::new(),
        same: Same::default(),
        gone: vec![false; func.n_insts()],
    };
    let mut waiting = vec![Step::Enter(Block::new(0))];
    while let Some(step) = waiting.pop() {
        match step {
            Step::Enter(block) => {
                waiting.push(Step::Leave(numbering.added.len()));
                for &id in func.insts(block) {
                    numbering.instruction(func, id);
                }
                let children = tree.children(block).iter().rev();
                waiting.extend(children.map(|&child| Step::Enter(child)));
            }
            Step::Leave(n) => numbering.forget(n),
        }
    }
    let Numbering { same, gone, .. } = numbering;
    if gone.contains(&true) {
        same.apply(func);
        func.retain_insts(|_, id| !gone[id.index()]);
    }
}

enum Step {
    Enter(Block),
    /// Forgets what was added after so many.
    Leave(usize),
}

/// What an instruction without effects computes, apart from its operands. Operands that are constants stand as their bits: equal
/// constants may be several values.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    what: What,
    args: [Arg; 3],
    ty: ir::Type,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Compute(u16),
    Lane(u16, u8),
    Shuffle([u8; 16]),
    Select,
    IsNull,
    RefFunc(u32),
    FuncIs(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Arg {
    None,
    Value(u32),
    Const(u128),
}

struct Numbering<'a> {
    callees: &'a [Callee],
    known: HashMap<Key, Value>,
    /// What was added to `known`, in order.
    added: Vec<Key>,
    same: Same,
    /// By instruction: whether its result is another one's.
    gone: Vec<bool>,
}

impl Numbering<'_> {
    fn forget(&mut self, n: usize) {
        for key in self.added.drain(n..) {
            self.known.remove(&key);
        }
    }

    fn instruction(&mut self, func: &Func, id: InstId) {
        let inst = func.inst(id);
        // What an equal instruction survived, this one survives.
        let mut effects = effects(func, inst, self.callees);
        if matches!(inst, Inst::Compute { .. }) {
            effects.traps = false;
        }
        if effects != Effects::NONE {
            return;
        }
        let Some(key) = self.key(func, inst) else {
            return;
        };
        let result = func.result(id);
        match self.known.get(&key) {
            Some(&value) => {
                self.same.set(func, result, value);
                self.gone[id.index()] = true;
            }
            None => {
                self.known.insert(key.clone(), result);
                self.added.push(key);
            }
        }
    }

    fn key(&self, func: &Func, inst: &Inst) -> Option<Key> {
        let what = match *inst {
            // The shortest ones are as short as asking for what they were, and let their operand live less long.
            Inst::Compute {
                op: Compute::I32Eqz,
                ..
            } => return None,
            Inst::Compute { op, .. } if op.params().len() <= 3 => What::Compute(op.code()),
            Inst::Lane { op, lane, .. } => What::Lane(op.code(), lane),
            Inst::Shuffle { lanes, .. } => What::Shuffle(func.vector(lanes).0),
            Inst::Select { .. } => What::Select,
            Inst::RefIsNull { .. } => What::IsNull,
            Inst::RefFunc { func } => What::RefFunc(func.0),
            Inst::FuncIs { func, .. } => What::FuncIs(func.0),
            _ => return None,
        };
        let mut args = [Arg::None; 3];
        let mut n = 0;
        let mut ty = None;
        inst.for_each_arg(func, |value| {
            let value = self.same.now(value);
            args[n] = match func.const_bits(value) {
                Some(bits) => Arg::Const(bits),
                None => Arg::Value(value.index() as u32),
            };
            ty = Some(func.ty(value));
            n += 1;
        });
        // The order of operands that can change places is theirs by number.
        if let Inst::Compute { op, .. } = *inst
            && let Some((_, int)) = Int::of(op)
            && int.swapped() == Some(int)
            && is_after(args[0], args[1])
        {
            args.swap(0, 1);
        }
        Some(Key {
            what,
            args,
            ty: ty.unwrap_or(ir::Type::FuncRef),
        })
    }
}

fn is_after(a: Arg, b: Arg) -> bool {
    match (a, b) {
        (Arg::Value(a), Arg::Value(b)) => a > b,
        (Arg::Const(_), Arg::Value(_)) => true,
        _ => false,
    }
}
