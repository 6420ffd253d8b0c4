//! Says what integers and conditions compute in fewer or cheaper operators: a set of rules, asked of each instruction in order.
//!
//! Apart from folding, which the builder does too: these rules look at several instructions at once, at what is known of bits, and
//! at how often a value is used, which takes a complete function. An instruction that can trap keeps its place and traps as before.
//!
//! Rules that replace a value by a combination of the operands of its operand are for values that have one use: else both would be
//! computed.

mod access;
mod combine;
mod compare;
mod convert;
mod demanded;

use crate::bits::KnownBits;
use crate::dce;
use crate::domtree::Same;
use crate::effects::effects;
use crate::ints::{Int, Width};
use ir::{Block, Cfg, EdgeId, Func, Inst, InstId, Simplified, Term, Type, Value, simplify};
use module::Header;
use ops::Compute;

/// Walks over the function at most.
const ROUNDS_MAX: usize = 4;

/// How often an instruction becomes another one in a walk at most.
const STEPS_MAX: usize = 8;

/// Runs the pass.
pub(crate) fn run(func: &mut Func, header: &Header) {
    for _ in 0..ROUNDS_MAX {
        // What nobody needs would count as a use.
        dce::run(func, &[]);
        let is_narrower = demanded::run(func);
        if !round(func, header) && !is_narrower {
            break;
        }
    }
}

/// One walk; whether anything was found.
fn round(func: &mut Func, header: &Header) -> bool {
    let cfg = Cfg::new(func);
    let bits = KnownBits::new(func, &cfg);
    let uses = count_uses(func);
    let mut rules = Rules {
        func,
        header,
        bits,
        uses,
        same: Same::default(),
        before: Vec::new(),
        gone: Vec::new(),
        at: InstId::new(0),
        has_changed: false,
    };
    for &block in cfg.rpo() {
        rules.block(block);
    }
    let Rules {
        same,
        mut before,
        mut gone,
        has_changed,
        ..
    } = rules;
    if !before.is_empty() {
        before.sort_by_key(|&(place, _)| place);
        insert(func, &before);
    }
    if !gone.is_empty() {
        gone.sort_unstable();
        func.retain_insts(|_, id| gone.binary_search(&id).is_err());
    }
    same.apply(func);
    has_changed
}

/// Puts new instructions before others, by which they are sorted.
fn insert(func: &mut Func, before: &[(InstId, InstId)]) {
    let mut first = vec![u32::MAX; func.n_insts()];
    for (at, &(place, _)) in before.iter().enumerate().rev() {
        first[place.index()] = at as u32;
    }
    func.rearrange(|_, old, new| {
        for &id in old {
            let from = first[id.index()] as usize;
            let news = before.get(from..).unwrap_or_default().iter();
            new.extend(
                news.take_while(|(place, _)| *place == id)
                    .map(|(_, new)| new),
            );
            new.push(id);
        }
    });
}

/// How often each value is used.
pub(crate) fn count_uses(func: &Func) -> Vec<u32> {
    let mut uses = vec![0u32; func.n_values()];
    for block in func.blocks() {
        let mut count = |value: Value| uses[value.index()] += 1;
        for &id in func.insts(block) {
            func.inst(id).for_each_arg(func, &mut count);
        }
        func.for_each_term_arg(block, &mut count);
        func.for_each_edge(block, |edge| {
            func.edge_args(edge).iter().copied().for_each(&mut count);
        });
    }
    uses
}

/// What became of an instruction, in the words of rules.
type Found = Option<Simplified>;

/// What rules know.
struct Rules<'f> {
    func: &'f mut Func,
    header: &'f Header,
    bits: KnownBits,
    /// By value, as the walk began.
    uses: Vec<u32>,
    same: Same,
    /// New instructions with those that they come before.
    before: Vec<(InstId, InstId)>,
    /// Instructions that others stand for now, though they would trap.
    gone: Vec<InstId>,
    /// The instruction that is looked at.
    at: InstId,
    has_changed: bool,
}

impl Rules<'_> {
    fn block(&mut self, block: Block) {
        for at in 0..self.func.insts(block).len() {
            self.at = self.func.insts(block)[at];
            self.instruction();
            self.bits.note(self.func, self.at);
        }
        self.terminator(block);
    }

    /// Asks the rules about an instruction until none knows better.
    fn instruction(&mut self) {
        for _ in 0..STEPS_MAX {
            let inst = self.now(*self.func.inst(self.at));
            let found = match simplify(self.func, &inst) {
                Simplified::Keep => self.ask(&inst),
                found => Some(found),
            };
            match found {
                Some(Simplified::Inst(other)) if other != inst => {
                    self.func.set_inst(self.at, other);
                    self.count(&other);
                    self.has_changed = true;
                }
                Some(Simplified::Value(value)) if !effects(self.func, &inst, &[]).traps => {
                    let value = self.same.now(value);
                    let result = self.func.result(self.at);
                    self.same.set(self.func, result, value);
                    let uses = self.uses[result.index()];
                    self.use_more(value, uses);
                    // Nothing asks again what is not used.
                    self.has_changed |= uses > 0;
                    return;
                }
                _ => return,
            }
        }
    }

    /// Counts the operands of an instruction. What it had before stays counted: a rule that takes a value for unused must be right.
    fn count(&mut self, inst: &Inst) {
        let mut operands = [Value::new(0); 3];
        let mut n = 0;
        inst.for_each_arg(self.func, |value| {
            if n < operands.len() {
                operands[n] = value;
                n += 1;
            }
        });
        for &value in &operands[..n] {
            self.use_more(value, 1);
        }
    }

    fn use_more(&mut self, value: Value, times: u32) {
        if self.uses.len() < self.func.n_values() {
            self.uses.resize(self.func.n_values(), 0);
        }
        self.uses[value.index()] += times;
    }

    fn ask(&mut self, inst: &Inst) -> Found {
        match *inst {
            Inst::Compute { op, args } => match Int::of(op) {
                Some((width, op)) => self.int(width, op, args[0], args[1]),
                None => self.unary(op, args[0]).or_else(|| self.float(op, args)),
            },
            Inst::Select {
                cond,
                then,
                otherwise,
            } => self.select(cond, then, otherwise),
            Inst::Load { .. } | Inst::Store { .. } => self.access(inst),
            Inst::MemoryFill { memory, args } => self.fill(memory, args),
            Inst::MemoryCopy { dst, src, args } => self.copy(dst, src, args),
            _ => None,
        }
    }

    fn int(&mut self, width: Width, op: Int, a: Value, b: Value) -> Found {
        // Constants are looked for on the right.
        if self.func.is_const(a)
            && !self.func.is_const(b)
            && let Some(swapped) = op.swapped()
        {
            return self.is_int(width, swapped, b, a);
        }
        match op.is_comparison() {
            true => self.compare(width, op, a, b),
            false => self.combine(width, op, a, b),
        }
    }

    fn unary(&mut self, op: Compute, arg: Value) -> Found {
        match op {
            Compute::I32Eqz => self.eqz(Width::W32, arg),
            Compute::I64Eqz => self.eqz(Width::W64, arg),
            _ => self.convert(op, arg),
        }
    }

    /// Floats, whose rules are few: bits must stay what they are.
    fn float(&mut self, op: Compute, args: [Value; 3]) -> Found {
        use Compute::{
            F32Abs, F32Add, F32Div, F32Mul, F32Neg, F64Abs, F64Add, F64Div, F64Mul, F64Neg,
        };
        match op {
            F32Neg | F64Neg => match self.compute(args[0])? {
                (inner, of) if inner == op => is_value(of[0]),
                _ => None,
            },
            F32Abs | F64Abs => match self.compute(args[0])? {
                (inner, _) if inner == op => is_value(args[0]),
                (F32Neg | F64Neg, of) => Some(Simplified::Inst(Inst::compute(op, &of[..1]))),
                _ => None,
            },
            // Twice a number is its sum with itself, which needs no constant.
            F32Mul | F64Mul => {
                let (two, add) = match op {
                    F32Mul => (u128::from(2.0f32.to_bits()), F32Add),
                    _ => (u128::from(2.0f64.to_bits()), F64Add),
                };
                let is_two = |value| self.func.const_bits(value) == Some(two);
                let other = match (is_two(args[0]), is_two(args[1])) {
                    (_, true) => args[0],
                    (true, _) => args[1],
                    _ => return None,
                };
                Some(Simplified::Inst(Inst::compute(add, &[other, other])))
            }
            // The inverse of a power of two is exact.
            F64Div => {
                let divisor = f64::from_bits(self.func.const_bits(args[1])? as u64);
                let inverse = divisor.recip();
                let is_exact = |number: f64| number.is_normal() && number.to_bits() << 12 == 0;
                if !is_exact(divisor) || !is_exact(inverse) {
                    return None;
                }
                let inverse = self.func.number(ops::Value::F64(inverse.to_bits()));
                Some(Simplified::Inst(Inst::compute(F64Mul, &[args[0], inverse])))
            }
            F32Div => {
                let divisor = f32::from_bits(self.func.const_bits(args[1])? as u32);
                let inverse = divisor.recip();
                let is_exact = |number: f32| number.is_normal() && number.to_bits() << 9 == 0;
                if !is_exact(divisor) || !is_exact(inverse) {
                    return None;
                }
                let inverse = self.func.number(ops::Value::F32(inverse.to_bits()));
                Some(Simplified::Inst(Inst::compute(F32Mul, &[args[0], inverse])))
            }
            _ => None,
        }
    }

    fn select(&mut self, cond: Value, then: Value, otherwise: Value) -> Found {
        let simpler = self.condition(cond);
        if simpler != cond {
            return Some(Simplified::Inst(Inst::Select {
                cond: simpler,
                then,
                otherwise,
            }));
        }
        if let Some((Compute::I32Eqz, of)) = self.compute(cond) {
            return Some(Simplified::Inst(Inst::Select {
                cond: of[0],
                then: otherwise,
                otherwise: then,
            }));
        }
        // If x is y then y else x: it is x. What is equal to a constant is that.
        if let Some((_, op @ (Int::Eq | Int::Ne), a, b)) = self.int_of(cond) {
            let (equal, other) = match op {
                Int::Eq => (then, otherwise),
                _ => (otherwise, then),
            };
            if (equal, other) == (a, b) || (equal, other) == (b, a) {
                return is_value(other);
            }
        }
        let is_bool = self
            .bits
            .get(self.func, cond)
            .is_some_and(|bits| bits.is_bool());
        let (a, b) = (self.func.const_bits(then), self.func.const_bits(otherwise));
        let width = Width::of(self.func.ty(then))?;
        if width != Width::W32 {
            return None;
        }
        match (a, b) {
            (Some(1), Some(0)) if is_bool => is_value(cond),
            (Some(1), Some(0)) => self.is_int(width, Int::Ne, cond, otherwise),
            (Some(0), Some(1)) => Some(Simplified::Inst(Inst::compute(Compute::I32Eqz, &[cond]))),
            (Some(ones), Some(0)) if is_bool && ones == u128::from(width.ones()) => {
                self.is_int(width, Int::Sub, otherwise, cond)
            }
            (Some(1), None) if is_bool && self.is_bool(otherwise) => {
                self.is_int(width, Int::Or, cond, otherwise)
            }
            (None, Some(0)) if is_bool && self.is_bool(then) => {
                self.is_int(width, Int::And, cond, then)
            }
            _ => None,
        }
    }

    /// What is zero just when a condition is, and simpler.
    fn condition(&self, cond: Value) -> Value {
        let mut cond = self.same.now(cond);
        for _ in 0..STEPS_MAX {
            cond = match self.int_of(cond) {
                Some((Width::W32, Int::Ne, a, b)) if self.func.const_bits(b) == Some(0) => a,
                Some((Width::W32, Int::GtU, a, b)) if self.func.const_bits(b) == Some(0) => a,
                _ => match self.eqz_of_eqz(cond) {
                    Some(inner) => inner,
                    None => return cond,
                },
            };
        }
        cond
    }

    fn eqz_of_eqz(&self, value: Value) -> Option<Value> {
        let (Compute::I32Eqz, outer) = self.compute(value)? else {
            return None;
        };
        let (Compute::I32Eqz, inner) = self.compute(outer[0])? else {
            return None;
        };
        Some(inner[0])
    }

    fn terminator(&mut self, block: Block) {
        match self.func.term(block) {
            Term::Branch {
                cond,
                then,
                otherwise,
            } => {
                let cond = self.same.now(cond);
                let mut simpler = self.condition(cond);
                let (mut yes, mut no) = (then, otherwise);
                if let Some((Compute::I32Eqz, of)) = self.compute(simpler) {
                    simpler = self.condition(of[0]);
                    std::mem::swap(&mut yes, &mut no);
                }
                // Comparing with zero takes no constant if it is done the other way round.
                if let Some((Width::W64, Int::Ne, a, b)) = self.int_of(simpler)
                    && self.func.const_bits(b) == Some(0)
                    && simpler == cond
                    && let Some(id) = self.only_for_this(simpler)
                {
                    self.func.set_inst(id, Inst::compute(Compute::I64Eqz, &[a]));
                    std::mem::swap(&mut yes, &mut no);
                }
                let term = match self.func.const_bits(simpler) {
                    Some(0) => Term::Jump(no),
                    Some(_) => Term::Jump(yes),
                    None if self.lead_to_the_same(yes, no) => Term::Jump(yes),
                    None => Term::Branch {
                        cond: simpler,
                        then: yes,
                        otherwise: no,
                    },
                };
                self.end(block, term);
            }
            Term::Switch { index, targets } => {
                let targets: Vec<EdgeId> = self.func.targets(targets).collect();
                let index = self.same.now(index);
                let last = *targets.last().expect("a switch has a default");
                if let Some(bits) = self.func.const_bits(index) {
                    let nth = (bits as usize).min(targets.len() - 1);
                    self.end(block, Term::Jump(targets[nth]));
                } else if targets
                    .iter()
                    .all(|&edge| self.lead_to_the_same(edge, last))
                {
                    self.end(block, Term::Jump(last));
                } else if let [zero, other] = *targets {
                    let term = Term::Branch {
                        cond: self.condition(index),
                        then: other,
                        otherwise: zero,
                    };
                    self.end(block, term);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, block: Block, term: Term) {
        let old = self.func.term(block);
        if old == term {
            return;
        }
        if let Term::Branch { cond, .. } = term {
            self.use_more(cond, 1);
        }
        self.has_changed = true;
        self.func.set_term(block, term);
    }

    /// Whether two edges do the same.
    fn lead_to_the_same(&self, a: EdgeId, b: EdgeId) -> bool {
        let is_same = |(a, b): (&Value, &Value)| self.same.now(*a) == self.same.now(*b);
        self.func.edge(a).to == self.func.edge(b).to
            && self
                .func
                .edge_args(a)
                .iter()
                .zip(self.func.edge_args(b))
                .all(is_same)
    }

    /// An instruction with its operands as they are now, as far as rules look at them.
    fn now(&self, inst: Inst) -> Inst {
        inst.with_own_args(|value| self.same.now(value))
    }

    /// The operator that computes a value, and its operands as they are now.
    fn compute(&self, value: Value) -> Option<(Compute, [Value; 3])> {
        match self.now(*self.func.def_inst(value)?) {
            Inst::Compute { op, args } => Some((op, args)),
            _ => None,
        }
    }

    /// As [`Rules::compute`], for operators on two integers.
    fn int_of(&self, value: Value) -> Option<(Width, Int, Value, Value)> {
        let (op, args) = self.compute(value)?;
        let (width, op) = Int::of(op)?;
        Some((width, op, args[0], args[1]))
    }

    /// As [`Rules::int_of`], for those whose second operand is a constant.
    fn int_const(&self, value: Value) -> Option<(Width, Int, Value, u64)> {
        let (width, op, a, b) = self.int_of(value)?;
        Some((width, op, a, self.number(b)?))
    }

    /// A constant's bits.
    fn number(&self, value: Value) -> Option<u64> {
        Width::of(self.func.ty(value))?;
        self.func.const_bits(value).map(|bits| bits as u64)
    }

    /// Whether a value has one use.
    fn is_single(&self, value: Value) -> bool {
        self.uses.get(value.index()).is_some_and(|&uses| uses <= 1)
    }

    /// The instruction of a value that has one use.
    fn only_for_this(&self, value: Value) -> Option<InstId> {
        match self.func.def(value) {
            ir::Def::Result(id, 0) if self.is_single(value) => Some(id),
            _ => None,
        }
    }

    fn is_bool(&self, value: Value) -> bool {
        let bits = self.bits.get(self.func, value);
        bits.is_some_and(|bits| bits.is_bool())
    }

    fn constant(&mut self, width: Width, number: u64) -> Value {
        let bits = u128::from(number & width.ones());
        self.func.constant(width.ty(), bits)
    }

    /// It is this constant.
    fn is_number(&mut self, width: Width, number: u64) -> Found {
        let value = self.constant(width, number);
        is_value(value)
    }

    /// It is what an operator makes of these.
    fn is_int(&self, width: Width, op: Int, a: Value, b: Value) -> Found {
        Some(Simplified::Inst(Inst::compute(op.op(width), &[a, b])))
    }

    /// As [`Rules::is_int`], with a constant.
    fn is_int_const(&mut self, width: Width, op: Int, a: Value, b: u64) -> Found {
        let b = self.constant(width, b);
        self.is_int(width, op, a, b)
    }

    /// Computes something before the instruction that is looked at.
    fn new_compute(&mut self, op: Compute, args: &[Value]) -> Value {
        let inst = Inst::compute(op, args);
        match simplify(self.func, &inst) {
            Simplified::Value(value) => return self.same.now(value),
            Simplified::Inst(_) | Simplified::Keep => {}
        }
        let id = self.new_inst(self.at, inst, op.result().into());
        self.func.result(id)
    }

    /// An instruction before another one, for the same operator of the module.
    fn new_inst(&mut self, before: InstId, inst: Inst, result: Type) -> InstId {
        let id = self
            .func
            .make_inst(inst, self.func.offset(before), &[result]);
        self.count(&inst);
        self.bits.note(self.func, id);
        self.before.push((before, id));
        id
    }
}

/// It is this value.
fn is_value(value: Value) -> Found {
    Some(Simplified::Value(value))
}
