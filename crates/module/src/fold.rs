//! wasmparser's operators folded into [`Op`], driven by its own list of operators.
//!
//! Apart because it is the one place where the two vocabularies meet. Every operator of the list gets a method, so a new version
//! of the parser cannot add one that is forgotten: it is a missing row of `ops`, or it arrives at the last arm of [`fold!`] and
//! the test of this file names it.

use crate::convert::{Kinds, block_type, heap_type, mem_arg, ref_type};
use crate::legacy::LegacyOp;
use crate::{
    Catch, DataIdx, ElemIdx, Error, Extend, FuncIdx, GlobalIdx, MemoryIdx, Op, RefType, TableIdx,
    TagIdx, TypeIdx,
};
use wasmparser::{BrTable, FrameKind, FrameStack, VisitOperator, VisitSimdOperator};

#[cfg(test)]
mod tests;

/// Folds operators without validating them.
///
/// Operators are written to a place, not returned, because they would be copied on every level of the way up.
pub(crate) struct Fold<'l> {
    /// Where the operator goes.
    pub(crate) op: &'l mut Op,
    /// Where it goes instead if it is of the legacy encoding of exceptions.
    pub(crate) legacy: &'l mut Option<LegacyOp>,
    /// Where the labels of `br_table` go.
    pub(crate) labels: &'l mut Vec<u32>,
    /// The kinds of the module's types.
    pub(crate) kinds: &'l Kinds,
    /// What the parser is told that the innermost block is, if nobody else tells it.
    pub(crate) frame: FrameKind,
}

impl FrameStack for Fold<'_> {
    fn current_frame(&self) -> Option<FrameKind> {
        Some(self.frame)
    }
}

impl Fold<'_> {
    fn ref_to(&self, heap: wasmparser::HeapType, nullable: bool) -> Result<RefType, Error> {
        let heap = heap_type(heap, self.kinds)?;
        Ok(RefType { nullable, heap })
    }

    fn br_table(&mut self, targets: &BrTable<'_>) -> Result<Op, Error> {
        let first = self.labels.len() as u32;
        for label in targets.targets() {
            self.labels.push(label.map_err(Error::malformed)?);
        }
        self.labels.push(targets.default());
        Ok(Op::BrTable {
            first,
            count: self.labels.len() as u32 - first,
        })
    }
}

impl Fold<'_> {
    /// Notes an operator that does not leave this crate.
    fn legacy(&mut self, op: LegacyOp) -> Op {
        *self.legacy = Some(op);
        Op::Nop
    }

    fn try_table(&mut self, table: &wasmparser::TryTable) -> Result<Op, Error> {
        use wasmparser::Catch as Theirs;
        let first = self.labels.len() as u32;
        for catch in &table.catches {
            let (tag, with_ref, label) = match *catch {
                Theirs::One { tag, label } => (Some(TagIdx(tag)), false, label),
                Theirs::OneRef { tag, label } => (Some(TagIdx(tag)), true, label),
                Theirs::All { label } => (None, false, label),
                Theirs::AllRef { label } => (None, true, label),
            };
            let catch = Catch {
                tag,
                with_ref,
                label,
            };
            self.labels.extend(catch.to_words());
        }
        Ok(Op::TryTable {
            ty: block_type(table.ty, self.kinds)?,
            first,
            // The parser reads at most ten thousand.
            count: table.catches.len() as u16,
        })
    }
}

/// Validates each operator, then folds it.
pub(crate) struct Checked<'l, V> {
    pub(crate) validator: V,
    pub(crate) fold: Fold<'l>,
}

impl<V: FrameStack> FrameStack for Checked<'_, V> {
    fn current_frame(&self) -> Option<FrameKind> {
        self.validator.current_frame()
    }
}

/// What one operator is: the operators with a shape of their own first, then groups of one shape, then those without a tier.
#[rustfmt::skip]
macro_rules! fold {
    ($v:ident @mvp Unreachable [] $a:tt) => { Op::Unreachable };
    ($v:ident @mvp Nop [] $a:tt) => { Op::Nop };
    ($v:ident @mvp Block [$ty:ident] $a:tt) => { Op::Block(block_type($ty, $v.kinds)?) };
    ($v:ident @mvp Loop [$ty:ident] $a:tt) => { Op::Loop(block_type($ty, $v.kinds)?) };
    ($v:ident @mvp If [$ty:ident] $a:tt) => { Op::If(block_type($ty, $v.kinds)?) };
    ($v:ident @mvp Else [] $a:tt) => { Op::Else };
    ($v:ident @mvp End [] $a:tt) => { Op::End };
    ($v:ident @mvp Br [$depth:ident] $a:tt) => { Op::Br($depth) };
    ($v:ident @mvp BrIf [$depth:ident] $a:tt) => { Op::BrIf($depth) };
    ($v:ident @mvp BrTable [$targets:ident] $a:tt) => { $v.br_table(&$targets)? };
    ($v:ident @mvp Return [] $a:tt) => { Op::Return };
    ($v:ident @mvp Call [$func:ident] $a:tt) => { Op::Call(FuncIdx($func)) };
    ($v:ident @mvp CallIndirect [$ty:ident $table:ident] $a:tt) => {
        Op::CallIndirect { ty: TypeIdx($ty), table: TableIdx($table) }
    };
    ($v:ident @tail_call ReturnCall [$func:ident] $a:tt) => { Op::ReturnCall(FuncIdx($func)) };
    ($v:ident @tail_call ReturnCallIndirect [$ty:ident $table:ident] $a:tt) => {
        Op::ReturnCallIndirect { ty: TypeIdx($ty), table: TableIdx($table) }
    };
    ($v:ident @exceptions TryTable [$table:ident] $a:tt) => { $v.try_table(&$table)? };
    ($v:ident @exceptions Throw [$tag:ident] $a:tt) => { Op::Throw(TagIdx($tag)) };
    ($v:ident @exceptions ThrowRef [] $a:tt) => { Op::ThrowRef };
    ($v:ident @legacy_exceptions Try [$ty:ident] $a:tt) => { $v.legacy(LegacyOp::Try(block_type($ty, $v.kinds)?)) };
    ($v:ident @legacy_exceptions Catch [$tag:ident] $a:tt) => { $v.legacy(LegacyOp::Catch(Some(TagIdx($tag)))) };
    ($v:ident @legacy_exceptions CatchAll [] $a:tt) => { $v.legacy(LegacyOp::Catch(None)) };
    ($v:ident @legacy_exceptions Delegate [$depth:ident] $a:tt) => { $v.legacy(LegacyOp::Delegate($depth)) };
    ($v:ident @legacy_exceptions Rethrow [$depth:ident] $a:tt) => { $v.legacy(LegacyOp::Rethrow($depth)) };
    ($v:ident @mvp Drop [] $a:tt) => { Op::Drop };
    ($v:ident @mvp Select [] $a:tt) => { Op::Select };
    ($v:ident @reference_types TypedSelect [$ty:ident] $a:tt) => {{
        let _ = $ty;
        Op::Select
    }};
    ($v:ident @mvp LocalGet [$local:ident] $a:tt) => { Op::LocalGet($local) };
    ($v:ident @mvp LocalSet [$local:ident] $a:tt) => { Op::LocalSet($local) };
    ($v:ident @mvp LocalTee [$local:ident] $a:tt) => { Op::LocalTee($local) };
    ($v:ident @mvp GlobalGet [$global:ident] $a:tt) => { Op::GlobalGet(GlobalIdx($global)) };
    ($v:ident @mvp GlobalSet [$global:ident] $a:tt) => { Op::GlobalSet(GlobalIdx($global)) };

    ($v:ident @mvp I32Const [$value:ident] $a:tt) => { Op::I32Const($value) };
    ($v:ident @mvp I64Const [$value:ident] $a:tt) => { Op::I64Const($value) };
    ($v:ident @mvp F32Const [$value:ident] $a:tt) => { Op::F32Const($value.bits()) };
    ($v:ident @mvp F64Const [$value:ident] $a:tt) => { Op::F64Const($value.bits()) };
    ($v:ident @simd V128Const [$value:ident] $a:tt) => { Op::V128Const(ops::V128(*$value.bytes())) };
    ($v:ident @simd I8x16Shuffle [$lanes:ident] $a:tt) => { Op::Shuffle($lanes) };

    ($v:ident @mvp MemorySize [$memory:ident] $a:tt) => { Op::MemorySize(MemoryIdx($memory)) };
    ($v:ident @mvp MemoryGrow [$memory:ident] $a:tt) => { Op::MemoryGrow(MemoryIdx($memory)) };
    ($v:ident @bulk_memory MemoryFill [$memory:ident] $a:tt) => { Op::MemoryFill(MemoryIdx($memory)) };
    ($v:ident @bulk_memory MemoryCopy [$dst:ident $src:ident] $a:tt) => {
        Op::MemoryCopy { dst: MemoryIdx($dst), src: MemoryIdx($src) }
    };
    ($v:ident @bulk_memory MemoryInit [$data:ident $memory:ident] $a:tt) => {
        Op::MemoryInit { data: DataIdx($data), memory: MemoryIdx($memory) }
    };
    ($v:ident @bulk_memory DataDrop [$data:ident] $a:tt) => { Op::DataDrop(DataIdx($data)) };
    ($v:ident @bulk_memory TableInit [$elem:ident $table:ident] $a:tt) => {
        Op::TableInit { elem: ElemIdx($elem), table: TableIdx($table) }
    };
    ($v:ident @bulk_memory ElemDrop [$elem:ident] $a:tt) => { Op::ElemDrop(ElemIdx($elem)) };
    ($v:ident @bulk_memory TableCopy [$dst:ident $src:ident] $a:tt) => {
        Op::TableCopy { dst: TableIdx($dst), src: TableIdx($src) }
    };

    ($v:ident @reference_types RefNull [$heap:ident] $a:tt) => {
        Op::RefNull(RefType { nullable: true, heap: heap_type($heap, $v.kinds)? })
    };
    ($v:ident @reference_types RefIsNull [] $a:tt) => { Op::RefIsNull };
    ($v:ident @reference_types RefFunc [$func:ident] $a:tt) => { Op::RefFunc(FuncIdx($func)) };
    ($v:ident @reference_types TableFill [$table:ident] $a:tt) => { Op::TableFill(TableIdx($table)) };
    ($v:ident @reference_types TableGet [$table:ident] $a:tt) => { Op::TableGet(TableIdx($table)) };
    ($v:ident @reference_types TableSet [$table:ident] $a:tt) => { Op::TableSet(TableIdx($table)) };
    ($v:ident @reference_types TableGrow [$table:ident] $a:tt) => { Op::TableGrow(TableIdx($table)) };
    ($v:ident @reference_types TableSize [$table:ident] $a:tt) => { Op::TableSize(TableIdx($table)) };

    ($v:ident @gc RefEq [] $a:tt) => { Op::RefEq };
    ($v:ident @gc RefI31 [] $a:tt) => { Op::RefI31 };
    ($v:ident @gc I31GetS [] $a:tt) => { Op::I31Get { signed: true } };
    ($v:ident @gc I31GetU [] $a:tt) => { Op::I31Get { signed: false } };
    ($v:ident @gc StructNew [$ty:ident] $a:tt) => { Op::StructNew(TypeIdx($ty)) };
    ($v:ident @gc StructNewDefault [$ty:ident] $a:tt) => { Op::StructNewDefault(TypeIdx($ty)) };
    ($v:ident @gc StructGet [$ty:ident $field:ident] $a:tt) => {
        Op::StructGet { ty: TypeIdx($ty), field: $field, extend: Extend::None }
    };
    ($v:ident @gc StructGetS [$ty:ident $field:ident] $a:tt) => {
        Op::StructGet { ty: TypeIdx($ty), field: $field, extend: Extend::Signed }
    };
    ($v:ident @gc StructGetU [$ty:ident $field:ident] $a:tt) => {
        Op::StructGet { ty: TypeIdx($ty), field: $field, extend: Extend::Unsigned }
    };
    ($v:ident @gc StructSet [$ty:ident $field:ident] $a:tt) => {
        Op::StructSet { ty: TypeIdx($ty), field: $field }
    };
    ($v:ident @gc ArrayNew [$ty:ident] $a:tt) => { Op::ArrayNew(TypeIdx($ty)) };
    ($v:ident @gc ArrayNewDefault [$ty:ident] $a:tt) => { Op::ArrayNewDefault(TypeIdx($ty)) };
    ($v:ident @gc ArrayNewFixed [$ty:ident $len:ident] $a:tt) => {
        Op::ArrayNewFixed { ty: TypeIdx($ty), len: $len }
    };
    ($v:ident @gc ArrayNewData [$ty:ident $data:ident] $a:tt) => {
        Op::ArrayNewData { ty: TypeIdx($ty), data: DataIdx($data) }
    };
    ($v:ident @gc ArrayNewElem [$ty:ident $elem:ident] $a:tt) => {
        Op::ArrayNewElem { ty: TypeIdx($ty), elem: ElemIdx($elem) }
    };
    ($v:ident @gc ArrayGet [$ty:ident] $a:tt) => { Op::ArrayGet { ty: TypeIdx($ty), extend: Extend::None } };
    ($v:ident @gc ArrayGetS [$ty:ident] $a:tt) => { Op::ArrayGet { ty: TypeIdx($ty), extend: Extend::Signed } };
    ($v:ident @gc ArrayGetU [$ty:ident] $a:tt) => { Op::ArrayGet { ty: TypeIdx($ty), extend: Extend::Unsigned } };
    ($v:ident @gc ArraySet [$ty:ident] $a:tt) => { Op::ArraySet(TypeIdx($ty)) };
    ($v:ident @gc ArrayLen [] $a:tt) => { Op::ArrayLen };
    ($v:ident @gc ArrayFill [$ty:ident] $a:tt) => { Op::ArrayFill(TypeIdx($ty)) };
    ($v:ident @gc ArrayCopy [$dst:ident $src:ident] $a:tt) => {
        Op::ArrayCopy { dst: TypeIdx($dst), src: TypeIdx($src) }
    };
    ($v:ident @gc ArrayInitData [$ty:ident $data:ident] $a:tt) => {
        Op::ArrayInitData { ty: TypeIdx($ty), data: DataIdx($data) }
    };
    ($v:ident @gc ArrayInitElem [$ty:ident $elem:ident] $a:tt) => {
        Op::ArrayInitElem { ty: TypeIdx($ty), elem: ElemIdx($elem) }
    };
    ($v:ident @gc RefTestNonNull [$heap:ident] $a:tt) => { Op::RefTest($v.ref_to($heap, false)?) };
    ($v:ident @gc RefTestNullable [$heap:ident] $a:tt) => { Op::RefTest($v.ref_to($heap, true)?) };
    ($v:ident @gc RefCastNonNull [$heap:ident] $a:tt) => { Op::RefCast($v.ref_to($heap, false)?) };
    ($v:ident @gc RefCastNullable [$heap:ident] $a:tt) => { Op::RefCast($v.ref_to($heap, true)?) };
    ($v:ident @gc BrOnCast [$depth:ident $from:ident $to:ident] $a:tt) => {{
        let _ = $from;
        Op::BrOnCast { depth: $depth, to: ref_type($to, $v.kinds)?, on_fail: false }
    }};
    ($v:ident @gc BrOnCastFail [$depth:ident $from:ident $to:ident] $a:tt) => {{
        let _ = $from;
        Op::BrOnCast { depth: $depth, to: ref_type($to, $v.kinds)?, on_fail: true }
    }};
    ($v:ident @gc AnyConvertExtern [] $a:tt) => { Op::AnyConvertExtern };
    ($v:ident @gc ExternConvertAny [] $a:tt) => { Op::ExternConvertAny };

    ($v:ident @function_references CallRef [$ty:ident] $a:tt) => { Op::CallRef(TypeIdx($ty)) };
    ($v:ident @function_references ReturnCallRef [$ty:ident] $a:tt) => { Op::ReturnCallRef(TypeIdx($ty)) };
    ($v:ident @function_references RefAsNonNull [] $a:tt) => { Op::RefAsNonNull };
    ($v:ident @function_references BrOnNull [$depth:ident] $a:tt) => { Op::BrOnNull($depth) };
    ($v:ident @function_references BrOnNonNull [$depth:ident] $a:tt) => { Op::BrOnNonNull($depth) };

    // Groups of one shape: the variant of the row is named as the parser names the operator.
    ($v:ident @mvp $($rest:tt)*) => { fold!(row $($rest)*) };
    ($v:ident @sign_extension $($rest:tt)*) => { fold!(row $($rest)*) };
    ($v:ident @saturating_float_to_int $($rest:tt)*) => { fold!(row $($rest)*) };
    ($v:ident @simd $($rest:tt)*) => { fold!(row $($rest)*) };
    ($v:ident @relaxed_simd $($rest:tt)*) => { fold!(row $($rest)*) };
    ($v:ident @wide_arithmetic $op:ident [] $a:tt) => { Op::Wide(ops::Wide::$op) };
    (row $op:ident [] $a:tt) => { Op::Compute(ops::Compute::$op) };
    (row $op:ident [$arg:ident] (arity memarg 1 -> 1)) => { Op::Load(ops::Load::$op, mem_arg(&$arg)?) };
    (row $op:ident [$arg:ident] (arity memarg 2 -> 0)) => { Op::Store(ops::Store::$op, mem_arg(&$arg)?) };
    (row $op:ident [$arg:ident $lane:ident] (arity memarg 2 -> 1)) => {
        Op::LoadLane(ops::LoadLane::$op, mem_arg(&$arg)?, $lane)
    };
    (row $op:ident [$arg:ident $lane:ident] (arity memarg 2 -> 0)) => {
        Op::StoreLane(ops::StoreLane::$op, mem_arg(&$arg)?, $lane)
    };
    (row $op:ident [$lane:ident] $a:tt) => { Op::Lane(ops::Lane::$op, $lane) };

    ($v:ident @threads AtomicFence [$ordering:ident] $a:tt) => {{
        let _ = $ordering;
        Op::AtomicFence
    }};
    ($v:ident @threads $op:ident [$arg:ident] $a:tt) => { Op::Atomic(ops::Atomic::$op, mem_arg(&$arg)?) };

    // Proposals that no tier runs.
    ($v:ident @$proposal:ident $op:ident [$($arg:ident)*] $a:tt) => {{
        $(let _ = $arg;)*
        Err::<Op, Error>(Error::operator(stringify!($proposal), stringify!($op)))?
    }};
}

macro_rules! fold_methods {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident $ann:tt)*) => {$(
        #[inline]
        fn $visit(&mut self $($(, $arg: $argty)*)?) -> Result<(), Error> {
            *self.op = fold!(self @$proposal $op [$($($arg)*)?] $ann);
            Ok(())
        }
    )*};
}

macro_rules! checked_methods {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident $ann:tt)*) => {$(
        #[inline]
        fn $visit(&mut self $($(, $arg: $argty)*)?) -> Result<(), Error> {
            self.validator.$visit($($($arg.clone()),*)?).map_err(Error::invalid)?;
            self.fold.$visit($($($arg),*)?)
        }
    )*};
}

macro_rules! checked_simd_methods {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident $ann:tt)*) => {$(
        fn $visit(&mut self $($(, $arg: $argty)*)?) -> Result<(), Error> {
            let validator = self.validator.simd_visitor();
            let validator = validator.expect("the validator knows vectors");
            validator.$visit($($($arg.clone()),*)?).map_err(Error::invalid)?;
            self.fold.$visit($($($arg),*)?)
        }
    )*};
}

impl<'a> VisitOperator<'a> for Fold<'_> {
    type Output = Result<(), Error>;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Self::Output>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(fold_methods);
}

impl<'a> VisitSimdOperator<'a> for Fold<'_> {
    wasmparser::for_each_visit_simd_operator!(fold_methods);
}

impl<'a, V: VisitOperator<'a, Output = wasmparser::Result<()>>> VisitOperator<'a>
    for Checked<'_, V>
{
    type Output = Result<(), Error>;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Self::Output>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(checked_methods);
}

impl<'a, V: VisitOperator<'a, Output = wasmparser::Result<()>>> VisitSimdOperator<'a>
    for Checked<'_, V>
{
    wasmparser::for_each_visit_simd_operator!(checked_simd_methods);
}
