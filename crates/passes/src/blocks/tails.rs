//! Gives blocks that end alike one common end.
//!
//! Apart from whole blocks that are alike because instructions move here, and what differs is passed: that has a price, which must be
//! less than what the ends take.

use super::alike::forget_facts;
use crate::ints::leb_len;
use crate::loops::Loops;
use ir::{Block, Cfg, Def, Func, Inst, InstId, Term, Type, Value};
use std::collections::{BTreeMap, HashMap};

/// Instructions of a common end at most.
const TAIL_MAX: usize = 64;

/// Values that differ and are passed to a common end at most.
const PARAMS_MAX: usize = 2;

/// How many common ends are looked for among blocks that lead to the same place and have the same last instruction.
const TRIES_MAX: usize = 16;

/// Blocks that get a common end at once.
const BLOCKS_MAX: usize = 64;

/// Values that blocks which get a common end may pass on.
const ARGS_MAX: usize = 64;

/// Lengths of ends that are tried.
const LENS_MAX: usize = 24;

/// What a block and an `end` around what branches past it take, in bytes.
const BLOCK_BYTES: usize = 3;

/// What ways that may get a common end lead to, and the loop they are in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Goal {
    Block(Block, Option<Block>),
    Return,
    Trap(u8),
}

/// Finds common ends of blocks.
pub(super) fn merge(func: &mut Func) -> bool {
    let cfg = Cfg::new(func);
    let loops = Loops::new(func, &cfg);
    let mut goals: BTreeMap<Goal, Vec<Block>> = BTreeMap::new();
    for &block in cfg.rpo() {
        if func.insts(block).is_empty() {
            continue;
        }
        let goal = match func.term(block) {
            Term::Jump(edge) if func.edge_args(edge).len() > ARGS_MAX => continue,
            Term::Jump(edge) => Goal::Block(func.edge(edge).to, loops.around(block)),
            Term::Return(_) => Goal::Return,
            Term::Trap(trap) => Goal::Trap(trap as u8),
            _ => continue,
        };
        goals.entry(goal).or_default().push(block);
    }
    let mut tails = Vec::new();
    for (goal, blocks) in goals {
        if blocks.len() < 2 {
            continue;
        }
        let mut by_last: HashMap<Inst, Vec<Block>> = HashMap::new();
        let mut order = Vec::new();
        for block in blocks {
            let last = *func.insts(block).last().expect("there are some");
            let last = func.inst(last).without_operands();
            let of = by_last.entry(last).or_default();
            if of.is_empty() {
                order.push(last);
            }
            of.push(block);
        }
        for last in order {
            let mut blocks = by_last.remove(&last).expect("it was found");
            for _ in 0..TRIES_MAX {
                if blocks.len() < 2 {
                    break;
                }
                match best(func, goal, &blocks) {
                    Some(tail) => {
                        blocks.retain(|block| !tail.blocks.contains(block));
                        tails.push(tail);
                    }
                    None => _ = blocks.remove(0),
                }
            }
        }
    }
    if tails.is_empty() {
        return false;
    }
    apply(func, &tails);
    true
}

/// A common end.
struct Tail {
    /// The blocks, of which the first gives its instructions.
    blocks: Vec<Block>,
    /// How many instructions are common.
    len: usize,
    /// By operand of these instructions and of the way on: the parameter that it is, if it differs.
    slots: Vec<Option<usize>>,
    /// By parameter: what it is in each of the blocks.
    params: Vec<Vec<Value>>,
}

/// The end that the first of some blocks best has in common with others.
fn best(func: &Func, goal: Goal, blocks: &[Block]) -> Option<Tail> {
    let first = blocks[0];
    let mut common: Vec<(usize, Block)> = blocks[1..]
        .iter()
        .map(|&other| (common_len(func, first, other), other))
        .collect();
    common.sort_by_key(|&(len, block)| (std::cmp::Reverse(len), block));
    let mut best: Option<(usize, Tail)> = None;
    common.truncate(BLOCKS_MAX);
    let mut lens: Vec<usize> = common.iter().map(|&(len, _)| len).collect();
    // What is before a call or a branch of some way may differ where its end does not.
    lens.extend((1..common[0].0).take(12));
    lens.sort_unstable_by_key(|&len| std::cmp::Reverse(len));
    lens.dedup();
    for &len in lens.iter().take(LENS_MAX) {
        let mut with = vec![first];
        let others = common.iter().take_while(|&&(other, _)| other >= len);
        with.extend(others.map(|&(_, block)| block));
        if let Some((gain, tail)) = tail(func, goal, with, len)
            && best.as_ref().is_none_or(|(other, _)| gain > *other)
        {
            best = Some((gain, tail));
        }
    }
    best.map(|(_, tail)| tail)
}

/// How many instructions at the ends of two blocks do the same, operands aside.
fn common_len(func: &Func, a: Block, b: Block) -> usize {
    let (a, b) = (func.insts(a).iter().rev(), func.insts(b).iter().rev());
    let shape = |id: &InstId| func.inst(*id).without_operands();
    a.zip(b)
        .take(TAIL_MAX)
        .take_while(|(a, b)| {
            // Payloads are read where a clause leads to.
            !matches!(func.inst(**a), Inst::Exn { .. })
                && shape(a) == shape(b)
                && func
                    .inst_results(**a)
                    .map(|value| func.ty(value))
                    .eq(func.inst_results(**b).map(|value| func.ty(value)))
        })
        .count()
}

/// What a slot of an end holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// A result of an instruction of the end: which instruction, which result.
    Own(usize, u16),
    Const(Type, u128),
    Outer(Value),
}

/// The slots of a block's end: what instructions and the way on use, in order.
fn slots(func: &Func, block: Block, len: usize) -> Vec<(Value, Held)> {
    let insts = func.insts(block);
    let tail = &insts[insts.len() - len..];
    let mut values = Vec::new();
    for &id in tail {
        func.inst(id).for_each_arg(func, |value| values.push(value));
    }
    match func.term(block) {
        Term::Jump(edge) => values.extend_from_slice(func.edge_args(edge)),
        _ => func.for_each_term_arg(block, |value| values.push(value)),
    }
    let held = |value: Value| match func.def(value) {
        Def::Const(bits) => Held::Const(func.ty(value), bits),
        Def::Result(id, nth) => match tail.iter().position(|&own| own == id) {
            Some(at) => Held::Own(at, nth),
            None => Held::Outer(value),
        },
        Def::Param(..) => Held::Outer(value),
    };
    values
        .into_iter()
        .map(|value| (value, held(value)))
        .collect()
}

/// A common end of so many instructions, and the bytes that it saves, if it does.
fn tail(func: &Func, goal: Goal, blocks: Vec<Block>, len: usize) -> Option<(usize, Tail)> {
    if blocks.len() < 2 {
        return None;
    }
    let all: Vec<Vec<(Value, Held)>> = blocks
        .iter()
        .map(|&block| slots(func, block, len))
        .collect();
    let first = &all[0];
    let mut params: Vec<Vec<Value>> = Vec::new();
    let mut of_slots = Vec::with_capacity(first.len());
    let mut bytes = 0;
    let insts = func.insts(blocks[0]);
    for &id in &insts[insts.len() - len..] {
        bytes += operator_len(func.inst(id));
    }
    if all.iter().any(|slots| slots.len() != first.len()) {
        return None;
    }
    for (at, &(value, held)) in first.iter().enumerate() {
        if all.iter().all(|slots| slots[at].1 == held) {
            of_slots.push(None);
            bytes += match held {
                Held::Own(..) => 0,
                Held::Const(ty, bits) => const_len(ty, bits),
                Held::Outer(_) => 2,
            };
            continue;
        }
        // The results of an end are not there before it; and what a reference refers to would not be known behind it.
        if all.iter().any(|slots| matches!(slots[at].1, Held::Own(..))) || func.ty(value).is_ref() {
            return None;
        }
        let values: Vec<Value> = all.iter().map(|slots| slots[at].0).collect();
        let param = params.iter().position(|other| *other == values);
        of_slots.push(Some(param.unwrap_or(params.len())));
        if param.is_none() {
            params.push(values);
        }
        if params.len() > PARAMS_MAX {
            return None;
        }
    }
    let n = blocks.len();
    let saved = (n - 1) * bytes;
    let leaving = match goal {
        Goal::Block(..) => 0,
        Goal::Return | Goal::Trap(_) => n,
    };
    let price = BLOCK_BYTES + leaving + params.len() * (2 * n + 2);
    let gain = saved.checked_sub(price + 1)?;
    let tail = Tail {
        blocks,
        len,
        slots: of_slots,
        params,
    };
    Some((gain, tail))
}

/// About how many bytes an operator takes, operands aside.
fn operator_len(inst: &Inst) -> usize {
    match inst {
        Inst::Compute { op, .. } if op.code() > 0xff => 2,
        Inst::Compute { .. } | Inst::Select { .. } | Inst::RefIsNull { .. } => 1,
        Inst::Load { .. } | Inst::Store { .. } => 3,
        Inst::GlobalGet { .. } | Inst::GlobalSet { .. } | Inst::Call { .. } => 2,
        Inst::MemorySize { .. } | Inst::MemoryGrow { .. } | Inst::RefFunc { .. } => 2,
        _ => 3,
    }
}

fn const_len(ty: Type, bits: u128) -> usize {
    match ty {
        Type::I32 => 1 + leb_len((bits as u32 as i32).into()) as usize,
        Type::I64 => 1 + leb_len(bits as u64 as i64) as usize,
        Type::F32 => 5,
        Type::F64 => 9,
        Type::V128 => 18,
        Type::FuncRef | Type::Ref => 2,
    }
}

fn apply(func: &mut Func, tails: &[Tail]) {
    let n_old = func.n_blocks();
    let mut kept: Vec<Option<usize>> = vec![None; n_old];
    let mut given: Vec<Vec<InstId>> = Vec::new();
    for tail in tails {
        let types: Vec<Type> = tail
            .params
            .iter()
            .map(|values| func.ty(values[0]))
            .collect();
        let end = func.add_block(&types);
        let own = func.params(end).to_vec();
        let first = tail.blocks[0];
        let insts = func.insts(first);
        let insts = insts[insts.len() - tail.len..].to_vec();
        let mut slots = tail.slots.iter();
        let mut now = |value: Value| match slots.next().copied().flatten() {
            Some(param) => own[param],
            None => value,
        };
        for &id in &insts {
            func.map_operands(id, &mut now);
        }
        let term = match func.term(first) {
            Term::Jump(edge) => {
                let args: Vec<Value> = func.edge_args(edge).iter().map(|&arg| now(arg)).collect();
                let to = func.edge(edge).to;
                Term::Jump(func.add_edge(to, &args))
            }
            Term::Return(list) => {
                let values: Vec<Value> = func.list(list).iter().map(|&arg| now(arg)).collect();
                Term::Return(func.make_list(&values))
            }
            other => other,
        };
        func.end_block(end, term, func.term_offset(first));
        func.set_cold_like(end, first);
        for (nth, &block) in tail.blocks.iter().enumerate() {
            kept[block.index()] = Some(func.insts(block).len() - tail.len);
            let args: Vec<Value> = tail.params.iter().map(|values| values[nth]).collect();
            let edge = func.add_edge(end, &args);
            func.set_term(block, Term::Jump(edge));
        }
        given.push(insts);
    }
    func.rearrange(|block, old, new| match block.index().checked_sub(n_old) {
        Some(at) => new.extend_from_slice(&given[at]),
        None => new.extend_from_slice(&old[..kept[block.index()].unwrap_or(old.len())]),
    });
    for at in 0..tails.len() {
        forget_facts(func, Block::new((n_old + at) as u32));
    }
    func.keep_reachable();
}
