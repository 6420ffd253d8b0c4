//! Instructions and terminators: what the blocks of a function are made of.
//!
//! Apart from the function that holds them because passes match on these enums. An instruction is 24 bytes and `Copy`;
//! operands stand in it, except those of calls, which are lists in the function's pool.

use crate::{EdgeId, ExnOp, Func, GcOp, List, Type, Value};
use module::{DataIdx, ElemIdx, FuncIdx, GlobalIdx, Header, MemArg, MemoryIdx, TableIdx, TypeIdx};

/// One instruction: operands are values, everything else is immediate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Inst {
    /// An operator that only computes. Operands that the row does not have are absent: see [`Inst::compute`].
    Compute {
        /// The row.
        op: ops::Compute,
        /// The operands, in stack order.
        args: [Value; 3],
    },
    /// An operator on 128-bit numbers; it has two results.
    Wide {
        /// The row.
        op: ops::Wide,
        /// The operands, in stack order; those that the row does not have are absent.
        args: [Value; 4],
    },
    /// A computing operator with a lane immediate.
    Lane {
        /// The row.
        op: ops::Lane,
        /// The lane.
        lane: u8,
        /// The operands, in stack order; the second is absent for the extracting ones.
        args: [Value; 2],
    },
    /// `i8x16.shuffle`: the lanes are [`Func::vector`] of this number.
    Shuffle {
        /// Number of the vector of lane indices.
        lanes: u32,
        /// The two vectors.
        args: [Value; 2],
    },
    /// `select`: `then` if `cond` is not zero, else `otherwise`.
    Select {
        /// The condition, an i32.
        cond: Value,
        /// The value for nonzero.
        then: Value,
        /// The value for zero.
        otherwise: Value,
    },
    /// A load.
    Load {
        /// The row.
        op: ops::Load,
        /// The memory.
        memory: MemoryIdx,
        /// Added to the address, in bytes.
        offset: u64,
        /// The address. For a 32-bit memory it may be an i64 as well, which does not wrap around.
        addr: Value,
    },
    /// A store.
    Store {
        /// The row.
        op: ops::Store,
        /// The memory.
        memory: MemoryIdx,
        /// Added to the address, in bytes.
        offset: u64,
        /// The address, as for loads.
        addr: Value,
        /// What is stored.
        value: Value,
    },
    /// A load into one lane.
    LoadLane {
        /// The row.
        op: ops::LoadLane,
        /// The lane.
        lane: u8,
        /// The memory.
        memory: MemoryIdx,
        /// Added to the address, in bytes.
        offset: u64,
        /// The address.
        addr: Value,
        /// The vector whose other lanes are kept.
        vector: Value,
    },
    /// A store of one lane.
    StoreLane {
        /// The row.
        op: ops::StoreLane,
        /// The lane.
        lane: u8,
        /// The memory.
        memory: MemoryIdx,
        /// Added to the address, in bytes.
        offset: u64,
        /// The address.
        addr: Value,
        /// The vector.
        vector: Value,
    },
    /// An atomic access.
    Atomic {
        /// The row.
        op: ops::Atomic,
        /// The memory.
        memory: MemoryIdx,
        /// Added to the address, in bytes.
        offset: u64,
        /// The address, then the operands of the row.
        args: List,
    },
    /// `atomic.fence`.
    AtomicFence,
    /// `memory.size`, in pages.
    MemorySize {
        /// The memory.
        memory: MemoryIdx,
    },
    /// `memory.grow`.
    MemoryGrow {
        /// The memory.
        memory: MemoryIdx,
        /// By how many pages.
        delta: Value,
    },
    /// `memory.fill`.
    MemoryFill {
        /// The memory.
        memory: MemoryIdx,
        /// Destination, value, number of bytes.
        args: [Value; 3],
    },
    /// `memory.copy`.
    MemoryCopy {
        /// Destination.
        dst: MemoryIdx,
        /// Source.
        src: MemoryIdx,
        /// Destination, source, number of bytes.
        args: [Value; 3],
    },
    /// `memory.init`.
    MemoryInit {
        /// The segment.
        data: DataIdx,
        /// The memory.
        memory: MemoryIdx,
        /// Destination, source, number of bytes.
        args: [Value; 3],
    },
    /// `data.drop`.
    DataDrop {
        /// The segment.
        data: DataIdx,
    },
    /// `global.get`.
    GlobalGet {
        /// The global.
        global: GlobalIdx,
    },
    /// `global.set`.
    GlobalSet {
        /// The global.
        global: GlobalIdx,
        /// What it becomes.
        value: Value,
    },
    /// `ref.func`.
    RefFunc {
        /// The function.
        func: FuncIdx,
    },
    /// `ref.is_null`.
    RefIsNull {
        /// The reference.
        value: Value,
    },
    /// `table.get`.
    TableGet {
        /// The table.
        table: TableIdx,
        /// The index.
        index: Value,
    },
    /// `table.set`.
    TableSet {
        /// The table.
        table: TableIdx,
        /// The index.
        index: Value,
        /// What the element becomes.
        value: Value,
    },
    /// `table.size`.
    TableSize {
        /// The table.
        table: TableIdx,
    },
    /// `table.grow`.
    TableGrow {
        /// The table.
        table: TableIdx,
        /// What the new elements are.
        value: Value,
        /// By how many elements.
        delta: Value,
    },
    /// `table.fill`.
    TableFill {
        /// The table.
        table: TableIdx,
        /// First index, value, number of elements.
        args: [Value; 3],
    },
    /// `table.copy`.
    TableCopy {
        /// Destination.
        dst: TableIdx,
        /// Source.
        src: TableIdx,
        /// Destination, source, number of elements.
        args: [Value; 3],
    },
    /// `table.init`.
    TableInit {
        /// The segment.
        elem: ElemIdx,
        /// The table.
        table: TableIdx,
        /// Destination, source, number of elements.
        args: [Value; 3],
    },
    /// `elem.drop`.
    ElemDrop {
        /// The segment.
        elem: ElemIdx,
    },
    /// `call`.
    Call {
        /// Number of results.
        n_results: u16,
        /// The callee.
        func: FuncIdx,
        /// The arguments.
        args: List,
    },
    /// `call_indirect`.
    CallIndirect {
        /// Number of results.
        n_results: u16,
        /// The type that the callee must have.
        ty: TypeIdx,
        /// The table that holds the callee.
        table: TableIdx,
        /// Its index there.
        index: Value,
        /// The arguments.
        args: List,
    },
    /// `call_ref`; traps if the callee is null.
    CallRef {
        /// Number of results.
        n_results: u16,
        /// The type that the callee has.
        ty: TypeIdx,
        /// The function reference.
        callee: Value,
        /// The arguments.
        args: List,
    },
    /// The element of a table that a call through it calls: null, or a function of any type. Traps as the call does if there is
    /// none.
    TableCallee {
        /// The table.
        table: TableIdx,
        /// The index.
        index: Value,
    },
    /// Whether a reference is the one that the instance has of a function of the module.
    FuncIs {
        /// The reference.
        value: Value,
        /// The function.
        func: FuncIdx,
    },
    /// How many of the module's functions that can be referred to come after `from`, in the order of their numbers, up to the
    /// one whose reference of the instance it is; if it is none of these, at least 2^30.
    FuncNumber {
        /// The reference.
        value: Value,
        /// A function of the module that can be referred to: number 0.
        from: FuncIdx,
    },
    /// Traps if a reference is null: what `ref.as_non_null` does beside passing its operand on.
    NullCheck {
        /// The reference.
        value: Value,
    },
    /// An operator of garbage-collected objects.
    Gc {
        /// The operator.
        op: GcOp,
        /// The operands, in stack order.
        args: List,
    },
    /// An operator of exceptions.
    Exn {
        /// The operator.
        op: ExnOp,
        /// The operands, in stack order.
        args: List,
    },
    /// A value of the frame that the function goes on from: see [`crate::Builder::build_loop`].
    FrameLoad {
        /// The address that the frame lies below.
        frame: Value,
        /// How many bytes below it the value starts.
        below: u32,
    },
    /// Takes fuel from the store.
    Fuel {
        /// Units.
        units: u32,
    },
    /// Traps if the store's fuel is used up.
    FuelCheck,
}

const _: () = assert!(size_of::<Inst>() == 24);

/// How a block ends.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Term {
    /// The block is not finished; only while a function is built.
    Open,
    /// Goes on at the target.
    Jump(EdgeId),
    /// Goes on at `then` if `cond` is not zero, else at `otherwise`.
    Branch {
        /// The condition, an i32.
        cond: Value,
        /// The target for nonzero.
        then: EdgeId,
        /// The target for zero.
        otherwise: EdgeId,
    },
    /// Goes on at the target of number `index` (unsigned), or at the last one if there are not so many.
    Switch {
        /// The number, an i32.
        index: Value,
        /// The targets: see [`Func::targets`]. An edge may occur several times.
        targets: List,
    },
    /// Follows a call, whose exception may come between (see [`ExnOp::Caught`]): goes on at `normal` if the call has returned,
    /// and at `unwind` if it has thrown. The call's results are there only if it has returned, the exception only if not.
    Try {
        /// The target for a call that has returned.
        normal: EdgeId,
        /// The target for a call that has thrown.
        unwind: EdgeId,
    },
    /// Ends the function with these results.
    Return(List),
    /// Ends the function with a call in its place: the results of the callee are its own, and its frame is gone meanwhile.
    TailCall {
        /// What is called.
        callee: Callee,
        /// The arguments.
        args: List,
    },
    /// Ends the function with this exception, which is not null.
    Throw(Value),
    /// Ends the function with a trap.
    Trap(ops::Trap),
}

/// What a tail call arrives at.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Callee {
    /// A function of the module.
    Func(FuncIdx),
    /// An element of a table.
    Table {
        /// The type that the callee must have.
        ty: TypeIdx,
        /// The table.
        table: TableIdx,
        /// Its index there.
        index: Value,
    },
    /// What a reference refers to; null traps.
    Ref {
        /// The type that the callee has.
        ty: TypeIdx,
        /// The function reference.
        callee: Value,
    },
}

impl Callee {
    /// The type that the callee has or must have.
    pub fn ty(&self, header: &Header) -> TypeIdx {
        match *self {
            Callee::Func(func) => header.funcs()[func.index()],
            Callee::Table { ty, .. } | Callee::Ref { ty, .. } => ty,
        }
    }

    /// The value that decides what is called, if one does.
    pub fn arg(&self) -> Option<Value> {
        match *self {
            Callee::Func(_) => None,
            Callee::Table { index, .. } => Some(index),
            Callee::Ref { callee, .. } => Some(callee),
        }
    }

    pub(crate) fn arg_mut(&mut self) -> Option<&mut Value> {
        match self {
            Callee::Func(_) => None,
            Callee::Table { index, .. } => Some(index),
            Callee::Ref { callee, .. } => Some(callee),
        }
    }
}

/// Kinds of state that an instruction may read or write: a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct State(u8);

impl State {
    /// Nothing.
    pub const NONE: State = State(0);
    /// Bytes of memories.
    pub const MEMORY: State = State(1);
    /// Sizes of memories.
    pub const MEMORY_SIZE: State = State(2);
    /// Elements and sizes of tables.
    pub const TABLE: State = State(4);
    /// Globals.
    pub const GLOBAL: State = State(8);
    /// Whether segments are dropped.
    pub const SEGMENT: State = State(16);
    /// The fuel of the store.
    pub const FUEL: State = State(32);
    /// Fields of garbage-collected objects.
    pub const HEAP: State = State(64);
    /// All of it.
    pub const ALL: State = State(127);

    /// What is in either set.
    pub const fn or(self, other: State) -> State {
        State(self.0 | other.0)
    }

    /// Whether the sets have something in common.
    pub const fn meets(self, other: State) -> bool {
        self.0 & other.0 != 0
    }
}

/// What an instruction does beside computing its results.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Effects {
    /// State that the results depend on.
    pub reads: State,
    /// State that may change.
    pub writes: State,
    /// Whether it may trap, and so must stay after what precedes it and before what follows.
    pub traps: bool,
    /// Whether the result is a new thing each time, so that equal instructions do not have equal results.
    pub is_fresh: bool,
}

impl Effects {
    /// No effect: the results depend on the operands alone.
    pub const NONE: Effects = Effects {
        reads: State::NONE,
        writes: State::NONE,
        traps: false,
        is_fresh: false,
    };

    /// Whether the instruction can go if no one uses its results.
    pub const fn is_removable(self) -> bool {
        self.writes.0 == 0 && !self.traps
    }

    const fn reads(reads: State) -> Effects {
        Effects {
            reads,
            ..Effects::NONE
        }
    }

    const fn writes(reads: State, writes: State, traps: bool) -> Effects {
        Effects {
            reads,
            writes,
            traps,
            is_fresh: false,
        }
    }
}

impl Inst {
    /// The instruction for an operator that only computes.
    ///
    /// # Panics
    /// If there are more than three operands.
    pub fn compute(op: ops::Compute, args: &[Value]) -> Inst {
        let mut all = [Value::NONE; 3];
        all[..args.len()].copy_from_slice(args);
        Inst::Compute { op, args: all }
    }

    /// The instruction for an operator on 128-bit numbers.
    ///
    /// # Panics
    /// If there are more than four operands.
    pub fn wide(op: ops::Wide, args: &[Value]) -> Inst {
        let mut all = [Value::NONE; 4];
        all[..args.len()].copy_from_slice(args);
        Inst::Wide { op, args: all }
    }

    /// The instruction for a computing operator with a lane immediate.
    ///
    /// # Panics
    /// If there are more than two operands.
    pub fn lane(op: ops::Lane, lane: u8, args: &[Value]) -> Inst {
        let mut all = [Value::NONE; 2];
        all[..args.len()].copy_from_slice(args);
        Inst::Lane {
            op,
            lane,
            args: all,
        }
    }

    /// The instruction for a load.
    pub fn load(op: ops::Load, arg: MemArg, addr: Value) -> Inst {
        Inst::Load {
            op,
            memory: arg.memory,
            offset: arg.offset,
            addr,
        }
    }

    /// The instruction for a store.
    pub fn store(op: ops::Store, arg: MemArg, addr: Value, value: Value) -> Inst {
        Inst::Store {
            op,
            memory: arg.memory,
            offset: arg.offset,
            addr,
            value,
        }
    }

    /// What the instruction does beside computing its results.
    pub fn effects(&self) -> Effects {
        match *self {
            Inst::Compute { op, .. } => Effects {
                traps: op.can_trap(),
                ..Effects::NONE
            },
            Inst::Wide { .. }
            | Inst::Lane { .. }
            | Inst::Shuffle { .. }
            | Inst::Select { .. }
            | Inst::RefFunc { .. }
            | Inst::RefIsNull { .. }
            | Inst::FuncIs { .. }
            | Inst::FuncNumber { .. }
            | Inst::FrameLoad { .. } => Effects::NONE,
            Inst::Load { .. } | Inst::LoadLane { .. } => {
                Effects::writes(State::MEMORY, State::NONE, true)
            }
            Inst::Store { .. } | Inst::StoreLane { .. } => {
                Effects::writes(State::NONE, State::MEMORY, true)
            }
            // What other threads wrote before, sizes included, is seen behind it.
            Inst::Atomic { .. } => {
                let all = State::MEMORY.or(State::MEMORY_SIZE);
                Effects::writes(all, all, true)
            }
            Inst::AtomicFence => {
                let all = State::MEMORY.or(State::MEMORY_SIZE);
                Effects::writes(all, all, false)
            }
            Inst::MemorySize { .. } => Effects::reads(State::MEMORY_SIZE),
            Inst::MemoryGrow { .. } => {
                Effects::writes(State::MEMORY_SIZE, State::MEMORY_SIZE, false)
            }
            Inst::MemoryFill { .. } => Effects::writes(State::MEMORY_SIZE, State::MEMORY, true),
            Inst::MemoryCopy { .. } => {
                Effects::writes(State::MEMORY_SIZE.or(State::MEMORY), State::MEMORY, true)
            }
            Inst::MemoryInit { .. } => {
                Effects::writes(State::MEMORY_SIZE.or(State::SEGMENT), State::MEMORY, true)
            }
            Inst::DataDrop { .. } | Inst::ElemDrop { .. } => {
                Effects::writes(State::NONE, State::SEGMENT, false)
            }
            Inst::GlobalGet { .. } => Effects::reads(State::GLOBAL),
            Inst::GlobalSet { .. } => Effects::writes(State::NONE, State::GLOBAL, false),
            Inst::TableGet { .. } | Inst::TableCallee { .. } => {
                Effects::writes(State::TABLE, State::NONE, true)
            }
            Inst::TableSet { .. } => Effects::writes(State::TABLE, State::TABLE, true),
            Inst::TableSize { .. } => Effects::reads(State::TABLE),
            Inst::TableGrow { .. } => Effects::writes(State::TABLE, State::TABLE, false),
            Inst::TableFill { .. } | Inst::TableCopy { .. } => {
                Effects::writes(State::TABLE, State::TABLE, true)
            }
            Inst::TableInit { .. } => {
                Effects::writes(State::TABLE.or(State::SEGMENT), State::TABLE, true)
            }
            Inst::Call { .. } | Inst::CallIndirect { .. } | Inst::CallRef { .. } => {
                Effects::writes(State::ALL, State::ALL, true)
            }
            Inst::NullCheck { .. } => Effects::writes(State::NONE, State::NONE, true),
            Inst::Gc { op, .. } => op.effects(),
            Inst::Exn { op, .. } => op.effects(),
            Inst::Fuel { .. } => Effects::writes(State::FUEL, State::FUEL, false),
            Inst::FuelCheck => Effects::writes(State::FUEL, State::NONE, true),
        }
    }

    /// Number of results.
    pub fn n_results(&self) -> usize {
        match *self {
            Inst::Atomic { op, .. } => op.result().is_some().into(),
            Inst::Call { n_results, .. }
            | Inst::CallIndirect { n_results, .. }
            | Inst::CallRef { n_results, .. } => n_results.into(),
            Inst::Gc { op, .. } => op.n_results(),
            Inst::Wide { .. } => 2,
            Inst::Compute { .. }
            | Inst::Lane { .. }
            | Inst::Shuffle { .. }
            | Inst::Select { .. }
            | Inst::Load { .. }
            | Inst::LoadLane { .. }
            | Inst::MemorySize { .. }
            | Inst::MemoryGrow { .. }
            | Inst::GlobalGet { .. }
            | Inst::RefFunc { .. }
            | Inst::RefIsNull { .. }
            | Inst::TableGet { .. }
            | Inst::TableSize { .. }
            | Inst::TableGrow { .. }
            | Inst::Exn { .. }
            | Inst::TableCallee { .. }
            | Inst::FuncIs { .. }
            | Inst::FuncNumber { .. }
            | Inst::FrameLoad { .. } => 1,
            Inst::Store { .. }
            | Inst::StoreLane { .. }
            | Inst::AtomicFence
            | Inst::MemoryFill { .. }
            | Inst::MemoryCopy { .. }
            | Inst::MemoryInit { .. }
            | Inst::DataDrop { .. }
            | Inst::GlobalSet { .. }
            | Inst::TableSet { .. }
            | Inst::TableFill { .. }
            | Inst::TableCopy { .. }
            | Inst::TableInit { .. }
            | Inst::ElemDrop { .. }
            | Inst::NullCheck { .. }
            | Inst::Fuel { .. }
            | Inst::FuelCheck => 0,
        }
    }

    /// Whether it is a call, which may throw: what a block ends with that [`Term::Try`] ends.
    pub fn is_call(&self) -> bool {
        matches!(
            self,
            Inst::Call { .. } | Inst::CallIndirect { .. } | Inst::CallRef { .. }
        )
    }

    /// The type of the result where the instruction alone decides it.
    pub(crate) fn own_result(&self) -> Option<Type> {
        match *self {
            Inst::Compute { op, .. } => Some(op.result().into()),
            Inst::Lane { op, .. } => Some(op.result().into()),
            Inst::Wide { .. } => Some(Type::I64),
            Inst::Load { op, .. } => Some(op.result().into()),
            Inst::Atomic { op, .. } => op.result().map(Type::from),
            Inst::Shuffle { .. } | Inst::LoadLane { .. } => Some(Type::V128),
            Inst::RefFunc { .. } | Inst::TableCallee { .. } => Some(Type::FuncRef),
            Inst::RefIsNull { .. } | Inst::FuncIs { .. } | Inst::FuncNumber { .. } => {
                Some(Type::I32)
            }
            Inst::Gc { op, .. } => op.own_result(),
            Inst::Exn { op, .. } => op.own_result(),
            _ => None,
        }
    }

    /// Calls `visit` with each operand, in order.
    #[inline]
    pub fn for_each_arg(&self, func: &Func, mut visit: impl FnMut(Value)) {
        match *self {
            Inst::Compute { args, .. } => {
                args.into_iter()
                    .take_while(|&v| v != Value::NONE)
                    .for_each(visit);
            }
            Inst::Lane { args, .. } => {
                args.into_iter()
                    .take_while(|&v| v != Value::NONE)
                    .for_each(visit);
            }
            Inst::Wide { args, .. } => {
                args.into_iter()
                    .take_while(|&v| v != Value::NONE)
                    .for_each(visit);
            }
            Inst::Shuffle { args, .. } => args.into_iter().for_each(visit),
            Inst::Select {
                cond,
                then,
                otherwise,
            } => {
                [cond, then, otherwise].into_iter().for_each(visit);
            }
            Inst::Load { addr, .. } => visit(addr),
            Inst::Store { addr, value, .. } => [addr, value].into_iter().for_each(visit),
            Inst::LoadLane { addr, vector, .. } | Inst::StoreLane { addr, vector, .. } => {
                [addr, vector].into_iter().for_each(visit);
            }
            Inst::MemoryGrow { delta, .. } => visit(delta),
            Inst::FrameLoad { frame, .. } => visit(frame),
            Inst::MemoryFill { args, .. }
            | Inst::MemoryCopy { args, .. }
            | Inst::MemoryInit { args, .. }
            | Inst::TableFill { args, .. }
            | Inst::TableCopy { args, .. }
            | Inst::TableInit { args, .. } => args.into_iter().for_each(visit),
            Inst::GlobalSet { value, .. }
            | Inst::RefIsNull { value }
            | Inst::FuncIs { value, .. }
            | Inst::FuncNumber { value, .. }
            | Inst::NullCheck { value } => visit(value),
            Inst::TableGet { index, .. } | Inst::TableCallee { index, .. } => visit(index),
            Inst::TableSet { index, value, .. } => [index, value].into_iter().for_each(visit),
            Inst::TableGrow { value, delta, .. } => [value, delta].into_iter().for_each(visit),
            Inst::Call { args, .. }
            | Inst::Atomic { args, .. }
            | Inst::Gc { args, .. }
            | Inst::Exn { args, .. } => func.list(args).iter().copied().for_each(visit),
            Inst::CallIndirect { index, args, .. } => {
                visit(index);
                func.list(args).iter().copied().for_each(visit);
            }
            Inst::CallRef { callee, args, .. } => {
                visit(callee);
                func.list(args).iter().copied().for_each(visit);
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
