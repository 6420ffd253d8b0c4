//! One function: arenas of blocks, instructions, values and edges, and the ways to read and change them.
//!
//! Apart from the builder because passes and the printer use it too. Everything is in a few vectors that keep their memory
//! when the function is cleared, so that compiling many functions allocates almost nothing.
//!
//! ```text
//! blocks ──> params: List ──> pool: values          values: type, and who defines it
//!    │  └──> insts: range of order ──> insts        edges:  target block, args: List
//!    └─────> term ──> edges
//! ```

use crate::places::Places;
use crate::{
    Block, Cfg, EdgeId, ExnOp, Inst, InstId, List, NO_OFFSET, RefKinds, Term, Type, Value,
};
use ops::V128;
use std::ops::Range;

/// A function in SSA form.
///
/// **Invariant:** blocks are numbered so that a block comes after every block that dominates it; block 0 is the entry,
/// which no edge enters and whose parameters are the function's.
#[derive(Clone, Debug, Default)]
pub struct Func {
    pub(crate) blocks: Vec<BlockData>,
    pub(crate) insts: Vec<InstData>,
    pub(crate) order: Vec<InstId>,
    pub(crate) values: Vec<ValueData>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) pool: Vec<Value>,
    pub(crate) wide: Vec<u128>,
    pub(crate) vectors: Vec<V128>,
    pub(crate) results: Vec<Type>,
    /// By instruction: what its first operand may be; none stands for anything. Empty until something is known.
    operand_kinds: Vec<RefKinds>,
    /// By instruction: whether it accesses an element that is known to exist. Empty until something is known.
    in_bounds: Vec<bool>,
    /// Whether there is anything for passes that are about references.
    has_ref_ops: bool,
    pub(crate) canonical_nans: bool,
    /// Whether blocks that are made now are cold.
    pub(crate) makes_cold: bool,
    const_cache: ConstCache,
    pub(crate) places: Places,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockData {
    pub(crate) params: List,
    pub(crate) first: u32,
    pub(crate) end: u32,
    pub(crate) term: Term,
    pub(crate) term_offset: u32,
    pub(crate) is_cold: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct InstData {
    pub(crate) inst: Inst,
    pub(crate) result: Value,
    pub(crate) offset: u32,
}

const _: () = assert!(size_of::<InstData>() == 32);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ValueData {
    pub(crate) ty: Type,
    kind: Kind,
    nth: u16,
    index: u32,
}

const _: () = assert!(size_of::<ValueData>() == 8);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Kind {
    /// `index` is the bits.
    Const,
    /// `index` is the number of the bits in `wide`.
    WideConst,
    /// Parameter `nth` of block `index`.
    Param,
    /// Result `nth` of instruction `index`.
    Result,
}

/// Who defines a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Def {
    /// No one: it is a constant, with these bits. The only constant references are null, 0.
    Const(u128),
    /// A block has it as this parameter.
    Param(Block, u16),
    /// An instruction has it as this result.
    Result(InstId, u16),
}

/// A control-flow edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The target.
    pub to: Block,
    /// What the parameters of the target become.
    pub args: List,
}

/// The last constants made, by a hash of their bits: most constants of a function are few, and an exact map costs more than a
/// duplicate now and then.
#[derive(Clone, Debug)]
struct ConstCache(Box<[(u128, Value); ConstCache::SIZE]>);

impl ConstCache {
    const SIZE: usize = 64;

    fn slot(ty: Type, bits: u128) -> usize {
        let mixed = (bits as u64 ^ (bits >> 64) as u64 ^ (ty as u64) << 61)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 58) as usize
    }
}

impl Default for ConstCache {
    fn default() -> ConstCache {
        ConstCache(Box::new([(0, Value::NONE); ConstCache::SIZE]))
    }
}

impl Func {
    /// A function without blocks.
    pub fn new() -> Func {
        Func::default()
    }

    /// Empties the function and keeps its memory.
    pub fn clear(&mut self) {
        self.blocks.clear();
        self.insts.clear();
        self.order.clear();
        self.values.clear();
        self.edges.clear();
        self.pool.clear();
        self.wide.clear();
        self.vectors.clear();
        self.results.clear();
        self.operand_kinds.clear();
        self.in_bounds.clear();
        self.has_ref_ops = false;
        self.canonical_nans = false;
        self.makes_cold = false;
        self.const_cache.0.fill((0, Value::NONE));
        self.places.clear();
    }

    /// Whether operators that may choose among several NaNs give the canonical one.
    pub fn has_canonical_nans(&self) -> bool {
        self.canonical_nans
    }

    /// Whether a block is unlikely to be reached, by what the toolchain says. It should not be in the way of others.
    pub fn is_cold(&self, block: Block) -> bool {
        self.blocks[block.index()].is_cold
    }

    /// The types of the function's results.
    pub fn results(&self) -> &[Type] {
        &self.results
    }

    /// All blocks, in order.
    pub fn blocks(&self) -> impl DoubleEndedIterator<Item = Block> + ExactSizeIterator + use<> {
        (0..self.blocks.len() as u32).map(Block)
    }

    /// Number of blocks.
    pub fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Number of instructions ever made; each [`InstId`] is below it.
    pub fn n_insts(&self) -> usize {
        self.insts.len()
    }

    /// Number of values ever made; each [`Value`] is below it.
    pub fn n_values(&self) -> usize {
        self.values.len()
    }

    /// Number of edges ever made; each [`EdgeId`] is below it.
    pub fn n_edges(&self) -> usize {
        self.edges.len()
    }

    /// The parameters of a block.
    pub fn params(&self, block: Block) -> &[Value] {
        self.list(self.blocks[block.index()].params)
    }

    /// The instructions of a block, in order.
    pub fn insts(&self, block: Block) -> &[InstId] {
        let data = &self.blocks[block.index()];
        &self.order[data.first as usize..data.end as usize]
    }

    /// How a block ends.
    pub fn term(&self, block: Block) -> Term {
        self.blocks[block.index()].term
    }

    /// The call after which a block ends with [`Term::Try`], and the instruction behind it that has what was thrown, if there is
    /// one.
    pub fn try_call(&self, block: Block) -> Option<(InstId, Option<InstId>)> {
        if !matches!(self.term(block), Term::Try { .. }) {
            return None;
        }
        let is_caught =
            |id: &InstId| matches!(*self.inst(*id), Inst::Exn { op, .. } if op == ExnOp::Caught);
        let (call, caught) = match self.insts(block) {
            [.., call, last] if is_caught(last) => (*call, Some(*last)),
            [.., last] => (*last, None),
            [] => return None,
        };
        self.inst(call).is_call().then_some((call, caught))
    }

    /// The place of the operator that ends a block, as [`Func::offset`] has it.
    pub fn term_offset(&self, block: Block) -> u32 {
        self.blocks[block.index()].term_offset
    }

    /// An instruction.
    pub fn inst(&self, id: InstId) -> &Inst {
        &self.insts[id.index()].inst
    }

    /// The place of the operator that an instruction stands for: its offset in the module's bytes, a number that stands for one in
    /// an inlined function (see [`Func::operator_at`]), or [`NO_OFFSET`].
    pub fn offset(&self, id: InstId) -> u32 {
        self.insts[id.index()].offset
    }

    /// The results of an instruction: consecutive values.
    pub fn inst_results(&self, id: InstId) -> impl ExactSizeIterator<Item = Value> + use<> {
        let data = &self.insts[id.index()];
        let n = data.inst.n_results() as u32;
        let first = if n == 0 { 0 } else { data.result.0 };
        (first..first + n).map(Value)
    }

    /// The first result of an instruction.
    ///
    /// # Panics
    /// If it has none, possibly; else what it gives is in no way meaningful.
    pub fn result(&self, id: InstId) -> Value {
        self.insts[id.index()].result
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Type {
        self.values[value.index()].ty
    }

    /// Who defines a value.
    pub fn def(&self, value: Value) -> Def {
        let data = self.values[value.index()];
        match data.kind {
            Kind::Const => Def::Const(data.index.into()),
            Kind::WideConst => Def::Const(self.wide[data.index as usize]),
            Kind::Param => Def::Param(Block(data.index), data.nth),
            Kind::Result => Def::Result(InstId(data.index), data.nth),
        }
    }

    /// The bits of a value that is constant.
    pub fn const_bits(&self, value: Value) -> Option<u128> {
        match self.def(value) {
            Def::Const(bits) => Some(bits),
            _ => None,
        }
    }

    /// Whether a value is constant.
    #[inline]
    pub fn is_const(&self, value: Value) -> bool {
        matches!(
            self.values[value.index()].kind,
            Kind::Const | Kind::WideConst
        )
    }

    /// The number that a value is constantly.
    pub fn const_number(&self, value: Value) -> Option<ops::Value> {
        let data = self.values[value.index()];
        if !matches!(data.kind, Kind::Const | Kind::WideConst) {
            return None;
        }
        Some(ops::Value::from_bits(
            data.ty.number()?,
            self.const_bits(value)?,
        ))
    }

    /// The instruction that has the value as its first result.
    pub fn def_inst(&self, value: Value) -> Option<&Inst> {
        match self.def(value) {
            Def::Result(id, 0) => Some(self.inst(id)),
            _ => None,
        }
    }

    /// What the first operand of an instruction can be, a reference, as far as it is known. Only passes find out: a null check that
    /// is not needed, for example, or a cast that need not expect an i31.
    #[inline]
    pub fn operand_kinds(&self, id: InstId) -> RefKinds {
        let kinds = self.operand_kinds.get(id.index());
        kinds.copied().unwrap_or(RefKinds::ALL)
    }

    /// Whether the element that an instruction reads or writes is known to exist, and so the array; or, for a memory, whether all bytes
    /// are known to. Only passes find out.
    #[inline]
    pub fn is_in_bounds(&self, id: InstId) -> bool {
        self.in_bounds.get(id.index()).is_some_and(|is| *is)
    }

    /// Whether the function has instructions that depend on what a reference is: others have nothing to gain from passes that
    /// find out.
    pub fn has_ref_ops(&self) -> bool {
        self.has_ref_ops
    }

    /// An edge.
    pub fn edge(&self, id: EdgeId) -> Edge {
        self.edges[id.index()]
    }

    /// What the parameters of an edge's target become.
    pub fn edge_args(&self, id: EdgeId) -> &[Value] {
        self.list(self.edges[id.index()].args)
    }

    /// The values of a list.
    pub fn list(&self, list: List) -> &[Value] {
        &self.pool[list.range()]
    }

    /// The edges of a switch, the default last.
    pub fn targets(
        &self,
        list: List,
    ) -> impl DoubleEndedIterator<Item = EdgeId> + ExactSizeIterator + '_ {
        self.pool[list.range()].iter().map(|v| EdgeId(v.0))
    }

    /// Vector number `index`, such as the lanes of a shuffle.
    pub fn vector(&self, index: u32) -> V128 {
        self.vectors[index as usize]
    }

    /// Calls `visit` with each edge out of a block; an edge that occurs twice in a switch is visited twice.
    pub fn for_each_edge(&self, block: Block, mut visit: impl FnMut(EdgeId)) {
        match self.term(block) {
            Term::Jump(edge) => visit(edge),
            Term::Branch {
                then, otherwise, ..
            } => {
                visit(then);
                visit(otherwise);
            }
            Term::Switch { targets, .. } => self.targets(targets).for_each(visit),
            Term::Try { normal, unwind } => {
                visit(normal);
                visit(unwind);
            }
            Term::Open
            | Term::Return(_)
            | Term::TailCall { .. }
            | Term::Throw(_)
            | Term::Trap(_) => {}
        }
    }

    /// Calls `visit` with each value that the terminator of a block itself uses; those of its edges are not among them.
    pub fn for_each_term_arg(&self, block: Block, mut visit: impl FnMut(Value)) {
        match self.term(block) {
            Term::Branch { cond, .. } => visit(cond),
            Term::Switch { index, .. } => visit(index),
            Term::Return(list) => self.list(list).iter().copied().for_each(visit),
            Term::TailCall { callee, args } => {
                callee.arg().into_iter().for_each(&mut visit);
                self.list(args).iter().copied().for_each(visit);
            }
            Term::Throw(exception) => visit(exception),
            Term::Open | Term::Jump(_) | Term::Try { .. } | Term::Trap(_) => {}
        }
    }
}

/// Making and changing functions.
impl Func {
    /// The constant of this type with these bits.
    pub fn constant(&mut self, ty: Type, bits: u128) -> Value {
        let slot = ConstCache::slot(ty, bits);
        let (cached_bits, cached) = self.const_cache.0[slot];
        if cached != Value::NONE && cached_bits == bits && self.ty(cached) == ty {
            return cached;
        }
        let data = match u32::try_from(bits) {
            Ok(index) => ValueData {
                ty,
                kind: Kind::Const,
                nth: 0,
                index,
            },
            Err(_) => {
                self.wide.push(bits);
                let index = self.wide.len() as u32 - 1;
                ValueData {
                    ty,
                    kind: Kind::WideConst,
                    nth: 0,
                    index,
                }
            }
        };
        let value = self.push_value(data);
        self.const_cache.0[slot] = (bits, value);
        value
    }

    /// The constant number.
    pub fn number(&mut self, value: ops::Value) -> Value {
        self.constant(value.ty().into(), value.to_bits())
    }

    /// A list of these values.
    pub fn make_list(&mut self, values: &[Value]) -> List {
        let start = self.pool.len() as u32;
        self.pool.extend_from_slice(values);
        List {
            start,
            len: values.len() as u32,
        }
    }

    /// The number of a vector for [`Inst::Shuffle`].
    pub fn push_vector(&mut self, vector: V128) -> u32 {
        self.vectors.push(vector);
        self.vectors.len() as u32 - 1
    }

    /// Removes the instructions of all blocks for which `keep` is false.
    pub fn retain_insts(&mut self, mut keep: impl FnMut(&Func, InstId) -> bool) {
        let mut order = std::mem::take(&mut self.order);
        let mut end = 0;
        for block in 0..self.blocks.len() {
            let Range {
                start,
                end: old_end,
            } = self.blocks[block].first as usize..self.blocks[block].end as usize;
            self.blocks[block].first = end as u32;
            for at in start..old_end {
                let id = order[at];
                if keep(self, id) {
                    order[end] = id;
                    end += 1;
                }
            }
            self.blocks[block].end = end as u32;
        }
        order.truncate(end);
        self.order = order;
    }

    /// Removes the parameters of a block for which `keep` (by position) is false, and what edges pass for them.
    ///
    /// `edges` are all edges that enter the block.
    pub fn retain_params(&mut self, block: Block, edges: &[EdgeId], keep: impl Fn(usize) -> bool) {
        let kept = |pool: &mut Vec<Value>, list: List| {
            let mut end = list.start as usize;
            for (nth, at) in list.range().enumerate() {
                if keep(nth) {
                    pool[end] = pool[at];
                    end += 1;
                }
            }
            List {
                start: list.start,
                len: end as u32 - list.start,
            }
        };
        let params = kept(&mut self.pool, self.blocks[block.index()].params);
        self.blocks[block.index()].params = params;
        for (nth, at) in params.range().enumerate() {
            let value = self.pool[at];
            self.values[value.index()].nth = nth as u16;
        }
        for edge in edges {
            self.edges[edge.index()].args = kept(&mut self.pool, self.edges[edge.index()].args);
        }
    }

    /// Replaces every operand of instructions, terminators and edges by what `map` makes of it.
    pub fn map_values(&mut self, mut map: impl FnMut(Value) -> Value) {
        for at in 0..self.order.len() {
            let id = self.order[at];
            let mut inst = self.insts[id.index()].inst;
            inst.map_args(&mut self.pool, &mut map);
            self.insts[id.index()].inst = inst;
        }
        let mut edges = Vec::new();
        for block in self.blocks() {
            self.for_each_edge(block, |edge| edges.push(edge));
            let data = &mut self.blocks[block.index()];
            match &mut data.term {
                Term::Branch { cond, .. } => *cond = map(*cond),
                Term::Switch { index, .. } => *index = map(*index),
                Term::Return(list) => {
                    self.pool[list.range()]
                        .iter_mut()
                        .for_each(|v| *v = map(*v));
                }
                Term::TailCall { callee, args } => {
                    let callee = callee.arg_mut().into_iter();
                    let args = self.pool[args.range()].iter_mut();
                    callee.chain(args).for_each(|v| *v = map(*v));
                }
                Term::Throw(exception) => *exception = map(*exception),
                Term::Open | Term::Jump(_) | Term::Try { .. } | Term::Trap(_) => {}
            }
        }
        edges.sort_unstable();
        edges.dedup();
        for edge in edges {
            self.pool[self.edges[edge.index()].args.range()]
                .iter_mut()
                .for_each(|v| *v = map(*v));
        }
    }

    /// Replaces an instruction by another one with the same results.
    pub fn set_inst(&mut self, id: InstId, inst: Inst) {
        debug_assert_eq!(self.inst(id).n_results(), inst.n_results());
        self.insts[id.index()].inst = inst;
        if let Some(kinds) = self.operand_kinds.get_mut(id.index()) {
            *kinds = RefKinds::ALL;
        }
        if let Some(is_in_bounds) = self.in_bounds.get_mut(id.index()) {
            *is_in_bounds = false;
        }
    }

    /// Says that the element or the bytes that an instruction reads or writes exist.
    pub fn set_in_bounds(&mut self, id: InstId) {
        if self.in_bounds.len() <= id.index() {
            self.in_bounds.resize(self.insts.len(), false);
        }
        self.in_bounds[id.index()] = true;
    }

    /// Says what the first operand of an instruction can be.
    pub fn set_operand_kinds(&mut self, id: InstId, kinds: RefKinds) {
        if self.operand_kinds.len() <= id.index() {
            self.operand_kinds.resize(self.insts.len(), RefKinds::ALL);
        }
        self.operand_kinds[id.index()] = kinds;
    }

    /// Makes an instruction that is in no block yet: [`Func::rearrange`] puts it in one.
    pub fn make_inst(&mut self, inst: Inst, offset: u32, results: &[Type]) -> InstId {
        let id = InstId(self.insts.len() as u32);
        let result = Value(self.values.len() as u32);
        for (nth, &ty) in results.iter().enumerate() {
            self.push_value(ValueData {
                ty,
                kind: Kind::Result,
                nth: nth as u16,
                index: id.0,
            });
        }
        self.has_ref_ops |= matches!(
            inst,
            Inst::Gc { .. } | Inst::NullCheck { .. } | Inst::CallRef { .. }
        );
        self.insts.push(InstData {
            inst,
            result,
            offset,
        });
        id
    }

    /// Gives blocks other instructions: `arrange` gets each block with those it has, and appends those it shall have.
    pub fn rearrange(&mut self, mut arrange: impl FnMut(Block, &[InstId], &mut Vec<InstId>)) {
        let mut order = Vec::with_capacity(self.order.len());
        for at in 0..self.blocks.len() {
            let block = Block(at as u32);
            let first = order.len() as u32;
            arrange(block, self.insts(block), &mut order);
            let data = &mut self.blocks[at];
            data.first = first;
            data.end = order.len() as u32;
        }
        self.order = order;
    }

    /// Empties blocks that cannot be reached: they keep their numbers, and end in a trap.
    pub fn empty_unreachable(&mut self) {
        let cfg = Cfg::new(self);
        for at in 0..self.blocks.len() {
            if !cfg.is_reachable(Block(at as u32)) {
                let data = &mut self.blocks[at];
                data.end = data.first;
                data.term = Term::Trap(ops::Trap::Unreachable);
            }
        }
    }

    /// Replaces how a block ends.
    pub fn set_term(&mut self, block: Block, term: Term) {
        self.blocks[block.index()].term = term;
    }

    /// A new block after all others, without parameters; instructions are appended to it until the next one is made.
    pub(crate) fn push_block(&mut self) -> Block {
        let at = self.order.len() as u32;
        self.blocks.push(BlockData {
            params: List::EMPTY,
            first: at,
            end: at,
            term: Term::Open,
            term_offset: NO_OFFSET,
            is_cold: self.makes_cold,
        });
        Block(self.blocks.len() as u32 - 1)
    }

    /// Appends an instruction to the last block and gives its first result (meaningless if there is none).
    pub(crate) fn push_inst(&mut self, inst: Inst, offset: u32, results: &[Type]) -> Value {
        let id = self.make_inst(inst, offset, results);
        let result = self.result(id);
        self.order.push(id);
        if let Some(block) = self.blocks.last_mut() {
            block.end += 1;
        }
        result
    }

    /// A value that will be a parameter of a block; its position is set by [`Func::set_params`].
    pub(crate) fn push_param(&mut self, block: Block, ty: Type) -> Value {
        self.push_value(ValueData {
            ty,
            kind: Kind::Param,
            nth: 0,
            index: block.0,
        })
    }

    /// Sets the parameters of a block to values made for it by [`Func::push_param`].
    pub(crate) fn set_params(&mut self, block: Block, params: List) {
        for (nth, at) in params.range().enumerate() {
            let data = &mut self.values[self.pool[at].index()];
            data.nth = nth as u16;
            data.index = block.0;
        }
        self.blocks[block.index()].params = params;
    }

    pub(crate) fn push_edge(&mut self, to: Block) -> EdgeId {
        self.edges.push(Edge {
            to,
            args: List::EMPTY,
        });
        EdgeId(self.edges.len() as u32 - 1)
    }

    fn push_value(&mut self, data: ValueData) -> Value {
        self.values.push(data);
        Value(self.values.len() as u32 - 1)
    }
}

impl Inst {
    /// The instruction on operands that `map` makes of its own, if it has them all itself; one with a list of operands stays.
    pub fn with_own_args(mut self, mut map: impl FnMut(Value) -> Value) -> Inst {
        let has_list = matches!(
            self,
            Inst::Call { .. }
                | Inst::CallIndirect { .. }
                | Inst::CallRef { .. }
                | Inst::Atomic { .. }
                | Inst::Gc { .. }
                | Inst::Exn { .. }
        );
        if !has_list {
            self.map_args(&mut [], &mut map);
        }
        self
    }

    /// Replaces each operand by what `map` makes of it.
    pub(crate) fn map_args(&mut self, pool: &mut [Value], map: &mut impl FnMut(Value) -> Value) {
        let mut apply = |values: &mut [&mut Value]| {
            for value in values {
                if **value != Value::NONE {
                    **value = map(**value);
                }
            }
        };
        match self {
            Inst::Compute { args, .. }
            | Inst::MemoryFill { args, .. }
            | Inst::MemoryCopy { args, .. }
            | Inst::MemoryInit { args, .. }
            | Inst::TableFill { args, .. }
            | Inst::TableCopy { args, .. }
            | Inst::TableInit { args, .. } => apply(&mut args.each_mut()),
            Inst::Lane { args, .. } | Inst::Shuffle { args, .. } => apply(&mut args.each_mut()),
            Inst::Wide { args, .. } => apply(&mut args.each_mut()),
            Inst::Select {
                cond,
                then,
                otherwise,
            } => apply(&mut [cond, then, otherwise]),
            Inst::Load { addr, .. } => apply(&mut [addr]),
            Inst::Store { addr, value, .. } => apply(&mut [addr, value]),
            Inst::LoadLane { addr, vector, .. } | Inst::StoreLane { addr, vector, .. } => {
                apply(&mut [addr, vector]);
            }
            Inst::MemoryGrow { delta, .. } => apply(&mut [delta]),
            Inst::FrameLoad { frame, .. } => apply(&mut [frame]),
            Inst::GlobalSet { value, .. }
            | Inst::RefIsNull { value }
            | Inst::FuncIs { value, .. }
            | Inst::FuncNumber { value, .. }
            | Inst::NullCheck { value } => apply(&mut [value]),
            Inst::TableGet { index, .. } | Inst::TableCallee { index, .. } => {
                apply(&mut [index]);
            }
            Inst::TableSet { index, value, .. } => apply(&mut [index, value]),
            Inst::TableGrow { value, delta, .. } => apply(&mut [value, delta]),
            Inst::Call { args, .. }
            | Inst::Atomic { args, .. }
            | Inst::Gc { args, .. }
            | Inst::Exn { args, .. } => pool[args.range()].iter_mut().for_each(|v| apply(&mut [v])),
            Inst::CallIndirect { index, args, .. } => {
                apply(&mut [index]);
                pool[args.range()].iter_mut().for_each(|v| apply(&mut [v]));
            }
            Inst::CallRef { callee, args, .. } => {
                apply(&mut [callee]);
                pool[args.range()].iter_mut().for_each(|v| apply(&mut [v]));
            }
            Inst::MemorySize { .. }
            | Inst::AtomicFence
            | Inst::DataDrop { .. }
            | Inst::GlobalGet { .. }
            | Inst::RefFunc { .. }
            | Inst::TableSize { .. }
            | Inst::ElemDrop { .. }
            | Inst::Fuel { .. }
            | Inst::FuelCheck => {}
        }
    }
}
