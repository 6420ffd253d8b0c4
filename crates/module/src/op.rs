//! One operator of a function body, as every tier sees it.
//!
//! The enum is exhaustive and has no catch-all: adding a variant makes rustc list every tier that must handle it. Operators that
//! only compute or access memory are one variant with a row of `ops` inside, so their number does not show here.

mod indices;

pub use indices::Index;

use crate::{
    DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemoryIdx, RefType, TableIdx, TagIdx, TypeIdx, ValType,
};

/// One operator with its immediates.
///
/// Labels are relative depths, as in the binary format. `Copy`, and 24 bytes at most.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Op {
    /// `unreachable`.
    Unreachable,
    /// `nop`.
    Nop,
    /// `block`.
    Block(BlockType),
    /// `loop`.
    Loop(BlockType),
    /// `if`.
    If(BlockType),
    /// `else`.
    Else,
    /// `end` of a block or of the function.
    End,
    /// `br` to a relative depth.
    Br(u32),
    /// `br_if` to a relative depth.
    BrIf(u32),
    /// `br_table`: `labels(first, count)` of the body's label list; the last of them is the default.
    BrTable {
        /// Position of the first label in [`crate::BodyReader`]'s label list.
        first: u32,
        /// Number of labels, the default included: at least one.
        count: u32,
    },
    /// `return`.
    Return,
    /// `call`.
    Call(FuncIdx),
    /// `call_indirect`.
    CallIndirect {
        /// The expected type.
        ty: TypeIdx,
        /// The table that holds the callee.
        table: TableIdx,
    },
    /// `return_call`.
    ReturnCall(FuncIdx),
    /// `return_call_indirect`.
    ReturnCallIndirect {
        /// The expected type.
        ty: TypeIdx,
        /// The table that holds the callee.
        table: TableIdx,
    },
    /// `throw`.
    Throw(TagIdx),
    /// `throw_ref`.
    ThrowRef,
    /// `try_table`: `catches(first, count)` of the body say what it catches, in order.
    TryTable {
        /// The type of the block.
        ty: BlockType,
        /// Position of the first catch in [`crate::BodyReader`]'s label list.
        first: u32,
        /// Number of catches.
        count: u16,
    },
    /// `drop`.
    Drop,
    /// `select`, with or without a type.
    Select,

    /// `local.get`.
    LocalGet(u32),
    /// `local.set`.
    LocalSet(u32),
    /// `local.tee`.
    LocalTee(u32),
    /// `global.get`.
    GlobalGet(GlobalIdx),
    /// `global.set`.
    GlobalSet(GlobalIdx),

    /// `i32.const`.
    I32Const(i32),
    /// `i64.const`.
    I64Const(i64),
    /// `f32.const`, as bits.
    F32Const(u32),
    /// `f64.const`, as bits.
    F64Const(u64),
    /// `v128.const`.
    V128Const(ops::V128),

    /// An operator that only computes.
    Compute(ops::Compute),
    /// A computing operator with a lane immediate.
    Lane(ops::Lane, u8),
    /// An operator on 128-bit numbers, each of them two operands or results.
    Wide(ops::Wide),
    /// `i8x16.shuffle`.
    Shuffle([u8; 16]),

    /// A load.
    Load(ops::Load, MemArg),
    /// A store.
    Store(ops::Store, MemArg),
    /// A load into one lane; the lane is the last field.
    LoadLane(ops::LoadLane, MemArg, u8),
    /// A store of one lane; the lane is the last field.
    StoreLane(ops::StoreLane, MemArg, u8),
    /// An atomic access.
    Atomic(ops::Atomic, MemArg),
    /// `atomic.fence`.
    AtomicFence,
    /// `memory.size`.
    MemorySize(MemoryIdx),
    /// `memory.grow`.
    MemoryGrow(MemoryIdx),
    /// `memory.fill`.
    MemoryFill(MemoryIdx),
    /// `memory.copy`.
    MemoryCopy {
        /// Destination.
        dst: MemoryIdx,
        /// Source.
        src: MemoryIdx,
    },
    /// `memory.init`.
    MemoryInit {
        /// The segment.
        data: DataIdx,
        /// The memory.
        memory: MemoryIdx,
    },
    /// `data.drop`.
    DataDrop(DataIdx),

    /// `ref.null`.
    RefNull(RefType),
    /// `ref.is_null`.
    RefIsNull,
    /// `ref.func`.
    RefFunc(FuncIdx),
    /// `table.get`.
    TableGet(TableIdx),
    /// `table.set`.
    TableSet(TableIdx),
    /// `table.size`.
    TableSize(TableIdx),
    /// `table.grow`.
    TableGrow(TableIdx),
    /// `table.fill`.
    TableFill(TableIdx),
    /// `table.copy`.
    TableCopy {
        /// Destination.
        dst: TableIdx,
        /// Source.
        src: TableIdx,
    },
    /// `table.init`.
    TableInit {
        /// The segment.
        elem: ElemIdx,
        /// The table.
        table: TableIdx,
    },
    /// `elem.drop`.
    ElemDrop(ElemIdx),

    /// `call_ref`.
    CallRef(TypeIdx),
    /// `return_call_ref`.
    ReturnCallRef(TypeIdx),
    /// `ref.as_non_null`.
    RefAsNonNull,
    /// `br_on_null` to a relative depth.
    BrOnNull(u32),
    /// `br_on_non_null` to a relative depth.
    BrOnNonNull(u32),

    /// `ref.eq`.
    RefEq,
    /// `ref.i31`.
    RefI31,
    /// `i31.get_s` and `i31.get_u`.
    I31Get {
        /// Whether the sign is extended.
        signed: bool,
    },
    /// `struct.new`.
    StructNew(TypeIdx),
    /// `struct.new_default`.
    StructNewDefault(TypeIdx),
    /// `struct.get`, `struct.get_s` and `struct.get_u`.
    StructGet {
        /// The structure.
        ty: TypeIdx,
        /// The field.
        field: u32,
        /// What becomes of a packed field.
        extend: Extend,
    },
    /// `struct.set`.
    StructSet {
        /// The structure.
        ty: TypeIdx,
        /// The field.
        field: u32,
    },
    /// `array.new`.
    ArrayNew(TypeIdx),
    /// `array.new_default`.
    ArrayNewDefault(TypeIdx),
    /// `array.new_fixed`.
    ArrayNewFixed {
        /// The array.
        ty: TypeIdx,
        /// The number of elements.
        len: u32,
    },
    /// `array.new_data`.
    ArrayNewData {
        /// The array.
        ty: TypeIdx,
        /// The segment.
        data: DataIdx,
    },
    /// `array.new_elem`.
    ArrayNewElem {
        /// The array.
        ty: TypeIdx,
        /// The segment.
        elem: ElemIdx,
    },
    /// `array.get`, `array.get_s` and `array.get_u`.
    ArrayGet {
        /// The array.
        ty: TypeIdx,
        /// What becomes of a packed element.
        extend: Extend,
    },
    /// `array.set`.
    ArraySet(TypeIdx),
    /// `array.len`.
    ArrayLen,
    /// `array.fill`.
    ArrayFill(TypeIdx),
    /// `array.copy`.
    ArrayCopy {
        /// The array that is written.
        dst: TypeIdx,
        /// The array that is read.
        src: TypeIdx,
    },
    /// `array.init_data`.
    ArrayInitData {
        /// The array.
        ty: TypeIdx,
        /// The segment.
        data: DataIdx,
    },
    /// `array.init_elem`.
    ArrayInitElem {
        /// The array.
        ty: TypeIdx,
        /// The segment.
        elem: ElemIdx,
    },
    /// `ref.test` for this type.
    RefTest(RefType),
    /// `ref.cast` to this type.
    RefCast(RefType),
    /// `br_on_cast` and `br_on_cast_fail`.
    BrOnCast {
        /// The label.
        depth: u32,
        /// The type that is asked for.
        to: RefType,
        /// Whether it branches if the reference is not of the type.
        on_fail: bool,
    },
    /// `any.convert_extern`.
    AnyConvertExtern,
    /// `extern.convert_any`.
    ExternConvertAny,
}

/// What becomes of a packed field when it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Extend {
    /// It is not packed.
    None,
    /// Its sign is extended.
    Signed,
    /// It is filled with zeros.
    Unsigned,
}

const _: () = assert!(size_of::<Op>() <= 24);

/// One catch of a `try_table`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Catch {
    /// The tag of the exceptions that it catches; `None` catches all.
    pub tag: Option<TagIdx>,
    /// Whether the exception itself is passed to the label, after the payload.
    pub with_ref: bool,
    /// Where it goes, as a relative depth outside of the `try_table`.
    pub label: u32,
}

impl Catch {
    /// How many numbers of a label list one catch takes.
    pub const WORDS: usize = 3;

    /// The numbers that stand for it in a label list.
    pub fn to_words(self) -> [u32; Catch::WORDS] {
        let tag = self.tag.map_or(u32::MAX, |tag| tag.0);
        [tag, u32::from(self.with_ref), self.label]
    }

    /// The catch at a position of a label list.
    ///
    /// # Panics
    /// If the list ends before.
    pub(crate) fn from_words(words: &[u32]) -> Catch {
        Catch {
            tag: (words[0] != u32::MAX).then_some(TagIdx(words[0])),
            with_ref: words[1] != 0,
            label: words[2],
        }
    }
}

/// The type of a block: no parameters and at most one result, or a function type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockType {
    /// `[] -> []`.
    Empty,
    /// `[] -> [t]`.
    Value(ValType),
    /// The parameters and results of a function type of the module.
    Func(TypeIdx),
}

/// The immediates of a memory access. The alignment hint is not kept: it has no meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemArg {
    /// The memory.
    pub memory: MemoryIdx,
    /// Added to the address operand, in bytes. At most `u32::MAX` for 32-bit memories.
    pub offset: u64,
}

impl Op {
    /// Units of fuel that executing the operator costs: 0 for those that only shape control flow, 1 for all others.
    ///
    /// **Invariant:** every tier charges the sum of a straight run of operators when it reaches an operator that
    /// [flushes](Op::flushes_fuel), before executing it; so all tiers stop at the same operator.
    pub const fn fuel(self) -> u32 {
        match self {
            Op::Nop | Op::Block(_) | Op::Loop(_) | Op::Else | Op::End | Op::TryTable { .. } => 0,
            _ => 1,
        }
    }

    /// Whether fuel collected so far (this operator included) is subtracted from the store before the operator executes.
    ///
    /// Whether fuel has run out is looked at only at function entry and at each pass of a loop's start.
    pub const fn flushes_fuel(self) -> bool {
        matches!(
            self,
            Op::Unreachable
                | Op::Loop(_)
                | Op::If(_)
                | Op::Else
                | Op::End
                | Op::Br(_)
                | Op::BrIf(_)
                | Op::BrTable { .. }
                | Op::Return
                | Op::Call(_)
                | Op::CallIndirect { .. }
                | Op::CallRef(_)
                | Op::ReturnCallRef(_)
                | Op::BrOnNull(_)
                | Op::BrOnNonNull(_)
                | Op::BrOnCast { .. }
                | Op::ReturnCall(_)
                | Op::ReturnCallIndirect { .. }
                | Op::Throw(_)
                | Op::ThrowRef
        )
    }
}
