//! The bytes of a body.
//!
//! Apart from the order of blocks because only here is known which labels are used, and so how deep each branch goes.

use super::locals::Locals;
use super::shape::{Label, Part, Shape};
use super::trees::{Code, Item};
use super::tries::HandlerIdx;
use super::types::{Convert, Types};
use super::{EmitError, insts};
use crate::{Block, Func, Inst, NO_OFFSET, Term, Type, Value};
use module::{BlockType, Catch, FuncType, Op, RefType, encode};
use ops::{Compute, Trap};

/// What traps in this way, whatever else: operators and nothing on the stack that is needed.
pub(super) fn trap_code(trap: Trap) -> Result<&'static [Op], EmitError> {
    const ZERO: Op = Op::I32Const(0);
    Ok(match trap {
        Trap::Unreachable => &[Op::Unreachable],
        Trap::IntegerDivideByZero => &[ZERO, ZERO, Op::Compute(Compute::I32DivU), Op::Unreachable],
        Trap::IntegerOverflow => &[
            Op::I32Const(i32::MIN),
            Op::I32Const(-1),
            Op::Compute(Compute::I32DivS),
            Op::Unreachable,
        ],
        Trap::InvalidConversion => &[
            Op::F32Const(0x7fc0_0000),
            Op::Compute(Compute::I32TruncF32U),
            Op::Unreachable,
        ],
        _ => return Err(EmitError::Unsupported("a trap that is known")),
    })
}

pub(super) fn write(
    func: &Func,
    types: &Types<'_>,
    code: &Code<'_>,
    locals: &Locals,
    shape: &Shape,
    out: &mut Vec<u8>,
    mut at: impl FnMut(usize, u32),
) {
    encode::unsigned(out, locals.declared.len() as u64);
    for &(count, ty) in &locals.declared {
        encode::unsigned(out, count.into());
        encode::val_type(out, ty);
    }
    let mut writer = Writer {
        func,
        ty: types.ty(),
        types,
        code,
        locals,
        shape,
        used: used_labels(code, shape),
        open: Vec::new(),
        loops: Vec::new(),
        depth: 0,
        depth_of: Vec::new(),
        after_else: 0,
        places: Vec::new(),
        out,
    };
    for at in 0..shape.parts.len() {
        writer.part(at);
    }
    if shape.falls_off {
        writer.op(Op::Unreachable);
    }
    writer.op(Op::End);
    for (offset, place) in writer.places {
        at(offset, place);
    }
}

/// By node: whether anything goes to the end of the block before it.
fn used_labels(code: &Code<'_>, shape: &Shape) -> Vec<bool> {
    let mut used = Vec::new();
    let mut note = |label: Label| {
        let at = label.node as usize;
        if used.len() <= at {
            used.resize(at + 1, false);
        }
        used[at] |= !label.is_loop;
    };
    for part in &shape.parts {
        match *part {
            Part::Br(label) | Part::BrIf { to: label, .. } => note(label),
            Part::BrTable(first, count) => {
                let labels = &shape.labels[first as usize..][..count as usize];
                labels.iter().for_each(|&label| note(label));
            }
            Part::Try {
                handler, around, ..
            } => {
                for clause in code.tries().clauses(handler, around) {
                    note(Label {
                        node: shape.node(clause.to),
                        is_loop: false,
                    });
                }
            }
            _ => {}
        }
    }
    used
}

struct Writer<'f, 'o> {
    func: &'f Func,
    ty: &'f FuncType,
    types: &'f Types<'f>,
    code: &'f Code<'f>,
    locals: &'f Locals,
    shape: &'f Shape,
    used: Vec<bool>,
    /// Whether what is open was written at all.
    open: Vec<bool>,
    /// The loops among them: how many are open with it, and its node.
    loops: Vec<(usize, u32)>,
    /// How many of them were.
    depth: u32,
    /// By node: how many were open around what its label stands for; for a loop, and for a block.
    depth_of: Vec<[u32; 2]>,
    /// Where the other half of a condition started that was opened last.
    after_else: usize,
    /// Where operators start in the bytes, and which places they stand for.
    places: Vec<(usize, u32)>,
    out: &'o mut Vec<u8>,
}

impl Writer<'_, '_> {
    fn op(&mut self, op: Op) {
        encode::op(self.out, &op, &[]);
    }

    /// Notes that the next operator stands for a place.
    fn place(&mut self, place: u32) {
        if place != NO_OFFSET {
            self.places.push((self.out.len(), place));
        }
    }

    fn open(&mut self, op: Op, label: Option<Label>) {
        self.enter(label);
        self.op(op);
        self.open.push(true);
        self.depth += 1;
    }

    fn open_try(
        &mut self,
        handler: HandlerIdx,
        around: HandlerIdx,
        ty: BlockType,
        label: Option<Label>,
    ) {
        let mut words = Vec::new();
        for clause in self.code.tries().clauses(handler, around) {
            let node = self.shape.node(clause.to);
            let is_loop = self.loops.iter().any(|open| open.1 == node);
            let entry = self.code.tries().entry(clause.to);
            // Labels are counted from outside.
            let catch = Catch {
                tag: clause.tag,
                with_ref: entry.is_some_and(|entry| !entry.refs.is_empty()),
                label: self.distance(Label { node, is_loop }),
            };
            words.extend(catch.to_words());
        }
        let count = (words.len() / Catch::WORDS) as u16;
        let op = Op::TryTable {
            ty,
            first: 0,
            count,
        };
        self.enter(label);
        encode::op(self.out, &op, &words);
        self.open.push(true);
        self.depth += 1;
    }

    /// Notes where a label is.
    fn enter(&mut self, label: Option<Label>) {
        if let Some(label) = label {
            let at = label.node as usize;
            if self.depth_of.len() <= at {
                self.depth_of.resize(at + 1, [0; 2]);
            }
            self.depth_of[at][usize::from(label.is_loop)] = self.depth;
        }
    }

    fn distance(&self, label: Label) -> u32 {
        let outer = self.depth_of[label.node as usize][usize::from(label.is_loop)];
        self.depth - outer - 1
    }

    /// The type of what is opened and has the function's result.
    fn block_type(&self, has_result: bool) -> BlockType {
        match *self.ty.results() {
            [result] if has_result => BlockType::Value(result),
            _ => BlockType::Empty,
        }
    }

    fn part(&mut self, at: usize) {
        match self.shape.parts[at] {
            Part::Block(label, ty) => {
                if self.used.get(label.node as usize).is_some_and(|used| *used) {
                    self.open(Op::Block(ty), Some(label));
                } else {
                    self.open.push(false);
                }
            }
            Part::Loop { label, has_result } => {
                self.open(Op::Loop(self.block_type(has_result)), Some(label));
                self.loops.push((self.open.len(), label.node));
            }
            Part::Try {
                handler,
                around,
                ty,
                label,
            } => self.open_try(handler, around, ty, label),
            Part::If {
                negated,
                has_result,
                ..
            } => {
                if negated {
                    self.negate(at);
                }
                self.open(Op::If(self.block_type(has_result)), None);
            }
            Part::Else => {
                self.op(Op::Else);
                self.after_else = self.out.len();
            }
            Part::End => {
                self.loops.pop_if(|open| open.0 == self.open.len());
                if self.open.pop().expect("something is open") {
                    // An other half that does nothing need not be there.
                    if self.out.len() == self.after_else {
                        self.out.pop();
                        self.after_else = 0;
                    }
                    self.op(Op::End);
                    self.depth -= 1;
                }
            }
            Part::Code { block, from, to } => {
                let negated = self.negatable(at + 1).map(|_| self.code.root(block));
                let items = self.code.of(block).iter().enumerate();
                for (nth, item) in items.take(to as usize).skip(from as usize) {
                    if let Item::Inst(id) | Item::Swapped(id) = *item {
                        self.place(self.func.offset(id));
                    }
                    match negated == Some(nth) {
                        true => self.negated(*item),
                        false => self.item(block, nth, *item),
                    }
                }
                self.place(self.func.term_offset(block));
            }
            Part::Copies(edge) => {
                let copies: Vec<(Value, Value)> = self.code.passed(self.func, edge).collect();
                let is_copied =
                    |&(from, to): &(Value, Value)| self.locals.is_copied(self.func, from, to);
                let copies: Vec<(Value, Value)> = copies.into_iter().filter(is_copied).collect();
                for &(from, to) in &copies {
                    self.push(from, to);
                }
                for &(_, to) in copies.iter().rev() {
                    self.op(Op::LocalSet(self.locals.of(to)));
                }
            }
            Part::Br(label) => self.op(Op::Br(self.distance(label))),
            Part::BrIf { to, negated } => {
                if negated {
                    self.negate(at);
                }
                self.op(Op::BrIf(self.distance(to)));
            }
            Part::BrTable(first, count) => {
                let labels = &self.shape.labels[first as usize..][..count as usize];
                let depths: Vec<u32> = labels.iter().map(|&label| self.distance(label)).collect();
                encode::op(self.out, &Op::BrTable { first: 0, count }, &depths);
            }
            Part::Drop => self.op(Op::Drop),
            Part::Unreachable => self.op(Op::Unreachable),
            Part::Return => self.op(Op::Return),
            Part::Leave(block) => match self.func.term(block) {
                _ if self.code.tries().thrown(self.func, block).is_some() => {
                    let op = match self.code.thrown(self.func, block) {
                        Some(id) => insts::op(self.func, self.func.inst(id)),
                        None => Ok(Op::ThrowRef),
                    };
                    self.op(op.expect("refused before"));
                }
                Term::TailCall { callee, .. } => {
                    self.op(insts::tail_call(callee));
                }
                Term::Trap(trap) => {
                    for op in trap_code(trap).expect("refused before") {
                        self.op(*op);
                    }
                }
                _ => unreachable!("others lead somewhere"),
            },
        }
    }

    /// Turns the condition on the stack around, if that was not done where it was computed.
    fn negate(&mut self, at: usize) {
        if self.negatable(at).is_none() {
            self.op(Op::Compute(Compute::I32Eqz));
        }
    }

    /// A comparison turned around.
    fn negated(&mut self, item: Item) {
        let (id, is_swapped) = match item {
            Item::Inst(id) => (id, false),
            Item::Swapped(id) => (id, true),
            _ => unreachable!("no other item can be turned around"),
        };
        let Inst::Compute { mut op, .. } = *self.func.inst(id) else {
            unreachable!("no other instruction can be turned around")
        };
        if is_swapped {
            op = insts::swapped(op).expect("it was swapped");
        }
        // What is left on the stack is what is compared with 0.
        if op != Compute::I32Eqz {
            self.op(Op::Compute(insts::negated(op).expect("it can be")));
        }
    }

    /// The comparison that a part turns around, if it does and there is one.
    fn negatable(&self, at: usize) -> Option<crate::InstId> {
        match *self.shape.parts.get(at)? {
            Part::If { negated: true, .. } | Part::BrIf { negated: true, .. } => {}
            _ => return None,
        }
        let Part::Code { block, .. } = self.shape.parts[at.checked_sub(1)?] else {
            return None;
        };
        self.code.negatable(self.func, block)
    }

    fn item(&mut self, block: Block, at: usize, item: Item) {
        match item {
            Item::Get(value) => self.op(Op::LocalGet(self.locals.of(value))),
            Item::Set(value) | Item::Enter(value) => {
                self.op(Op::LocalSet(self.locals.of(value)));
            }
            Item::Tee(value) | Item::EnterTee(value) => {
                self.op(Op::LocalTee(self.locals.of(value)));
            }
            Item::Const(value) => match self.opposite(block, at) {
                Some((_, constant)) => self.op(constant),
                None => self.constant(value),
            },
            Item::Null(heap) => self.op(Op::RefNull(RefType {
                nullable: true,
                heap,
            })),
            Item::Convert(convert) => self.convert(convert),
            Item::Drop => self.op(Op::Drop),
            Item::Inst(id) => {
                if let Some(before) = at.checked_sub(1)
                    && let Some((op, _)) = self.opposite(block, before)
                {
                    return self.op(Op::Compute(op));
                }
                if let Inst::Select { .. } = self.func.inst(id)
                    && let Some(ty) = self.types.select(self.func, id)
                {
                    // `select` of one type, which it names.
                    self.out.extend([0x1c, 1]);
                    return encode::ref_type(self.out, ty);
                }
                let op = insts::op(self.func, self.func.inst(id)).expect("refused before");
                self.op(op);
            }
            Item::Swapped(id) => {
                let Inst::Compute { op, .. } = *self.func.inst(id) else {
                    unreachable!("only such are swapped")
                };
                self.op(Op::Compute(insts::swapped(op).expect("it can be")));
            }
            Item::Pass { from, to } | Item::Take { from, to }
                if !self.locals.is_copied(self.func, from, to)
                    || self.locals.is_zero_already(block, at) => {}
            Item::Pass { from, to } => self.push(from, to),
            Item::Take { to, .. } => self.op(Op::LocalSet(self.locals.of(to))),
        }
    }

    /// If an item pushes a constant that the next one adds, and its opposite is shorter: the operator that subtracts, and that. The
    /// same the other way round.
    fn opposite(&self, block: Block, at: usize) -> Option<(Compute, Op)> {
        let [Item::Const(value), Item::Inst(id)] = *self.code.of(block).get(at..at + 2)? else {
            return None;
        };
        let Inst::Compute { op, args } = *self.func.inst(id) else {
            return None;
        };
        let bits = self.func.const_bits(value)?;
        let op = match op {
            Compute::I32Add => Compute::I32Sub,
            Compute::I32Sub => Compute::I32Add,
            Compute::I64Add => Compute::I64Sub,
            Compute::I64Sub => Compute::I64Add,
            _ => return None,
        };
        let is_i32 = self.func.ty(value) == Type::I32;
        let (number, opposite) = match is_i32 {
            true => {
                let number = bits as u32 as i32;
                (number.into(), number.wrapping_neg().into())
            }
            false => {
                let number = bits as u64 as i64;
                (number, number.wrapping_neg())
            }
        };
        let is_shorter = encode::signed_len(opposite) < encode::signed_len(number);
        (args[1] == value && is_shorter).then_some((
            op,
            match is_i32 {
                true => Op::I32Const(opposite as i32),
                false => Op::I64Const(opposite),
            },
        ))
    }

    /// Pushes what a parameter becomes: a constant, or what is in the local of a value.
    fn push(&mut self, from: Value, to: Value) {
        let is_ref = self.func.ty(from).is_ref();
        if self.func.is_const(from) {
            if !is_ref {
                return self.constant(from);
            }
            let want = self.types.local_ref(self.func, to);
            let heap = self.types.null(self.func, from, Some(want));
            return self.op(Op::RefNull(RefType {
                nullable: true,
                heap,
            }));
        }
        self.op(Op::LocalGet(self.locals.of(from)));
        if is_ref {
            let from = self.types.local_ref(self.func, from);
            let to = self.types.local_ref(self.func, to);
            let converts = self.types.converts(from, to);
            converts
                .into_iter()
                .flatten()
                .for_each(|convert| self.convert(convert));
        }
    }

    fn convert(&mut self, convert: Convert) {
        self.op(match convert {
            Convert::ToAny => Op::AnyConvertExtern,
            Convert::ToExtern => Op::ExternConvertAny,
            Convert::NonNull => Op::RefAsNonNull,
            Convert::Cast(ty) => Op::RefCast(ty),
        });
    }

    fn constant(&mut self, value: Value) {
        let bits = self.func.const_bits(value).expect("it is constant");
        self.op(match self.func.ty(value) {
            Type::I32 => Op::I32Const(bits as u32 as i32),
            Type::I64 => Op::I64Const(bits as u64 as i64),
            Type::F32 => Op::F32Const(bits as u32),
            Type::F64 => Op::F64Const(bits as u64),
            Type::V128 => Op::V128Const(ops::V128::from_u128(bits)),
            Type::FuncRef | Type::Ref => unreachable!("null depends on where it is wanted"),
        });
    }
}
