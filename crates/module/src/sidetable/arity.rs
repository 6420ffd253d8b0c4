//! How many values an operator takes from the operand stack and puts there.
//!
//! Apart from the builder, because it says nothing of control flow.

use crate::{Header, Op};

/// Values taken and values put; `None` for operators of control flow, and for calls of what does not exist.
pub(super) fn arity(op: Op, header: &Header) -> Option<(u32, u32)> {
    let of_type = |ty: crate::TypeIdx| {
        let ty = header.types().get(ty.index())?.as_func()?;
        Some((ty.params().len() as u32, ty.results().len() as u32))
    };
    Some(match op {
        Op::Unreachable
        | Op::Block(_)
        | Op::Loop(_)
        | Op::If(_)
        | Op::Else
        | Op::End
        | Op::Br(_)
        | Op::BrIf(_)
        | Op::BrTable { .. }
        | Op::Return
        | Op::BrOnNull(_)
        | Op::BrOnNonNull(_)
        | Op::BrOnCast { .. }
        | Op::Throw(_)
        | Op::ThrowRef
        | Op::TryTable { .. } => return None,

        Op::ReturnCall(func) => (of_type(*header.funcs().get(func.index())?)?.0, 0),
        Op::ReturnCallIndirect { ty, .. } | Op::ReturnCallRef(ty) => (of_type(ty)?.0 + 1, 0),
        Op::Call(func) => of_type(*header.funcs().get(func.index())?)?,
        Op::CallIndirect { ty, .. } => {
            let (params, results) = of_type(ty)?;
            (params + 1, results)
        }

        Op::CallRef(ty) => {
            let (params, results) = of_type(ty)?;
            (params + 1, results)
        }
        Op::StructNew(ty) => {
            let ty = header.types().get(ty.index())?.as_struct()?;
            (ty.fields.len() as u32, 1)
        }
        Op::ArrayNewFixed { len, .. } => (len, 1),
        Op::StructNewDefault(_) => (0, 1),
        Op::RefAsNonNull
        | Op::RefI31
        | Op::I31Get { .. }
        | Op::StructGet { .. }
        | Op::ArrayNewDefault(_)
        | Op::ArrayLen
        | Op::RefTest(_)
        | Op::RefCast(_)
        | Op::AnyConvertExtern
        | Op::ExternConvertAny => (1, 1),
        Op::RefEq
        | Op::ArrayNew(_)
        | Op::ArrayNewData { .. }
        | Op::ArrayNewElem { .. }
        | Op::ArrayGet { .. } => (2, 1),
        Op::StructSet { .. } => (2, 0),
        Op::ArraySet(_) => (3, 0),
        Op::ArrayFill(_) | Op::ArrayInitData { .. } | Op::ArrayInitElem { .. } => (4, 0),
        Op::ArrayCopy { .. } => (5, 0),

        Op::Atomic(op, _) => (1 + op.operands().len() as u32, op.result().is_some().into()),
        Op::Nop | Op::AtomicFence | Op::DataDrop(_) | Op::ElemDrop(_) => (0, 0),
        Op::LocalGet(_)
        | Op::GlobalGet(_)
        | Op::I32Const(_)
        | Op::I64Const(_)
        | Op::F32Const(_)
        | Op::F64Const(_)
        | Op::V128Const(_)
        | Op::MemorySize(_)
        | Op::TableSize(_)
        | Op::RefNull(_)
        | Op::RefFunc(_) => (0, 1),
        Op::Drop | Op::LocalSet(_) | Op::GlobalSet(_) => (1, 0),
        Op::LocalTee(_) | Op::Load(..) | Op::MemoryGrow(_) | Op::TableGet(_) | Op::RefIsNull => {
            (1, 1)
        }
        Op::Store(..) | Op::StoreLane(..) | Op::TableSet(_) => (2, 0),
        Op::Shuffle(_) | Op::LoadLane(..) | Op::TableGrow(_) => (2, 1),
        Op::MemoryFill(_)
        | Op::MemoryCopy { .. }
        | Op::MemoryInit { .. }
        | Op::TableFill(_)
        | Op::TableCopy { .. }
        | Op::TableInit { .. } => (3, 0),
        Op::Select => (3, 1),
        Op::Compute(row) => (row.params().len() as u32, 1),
        Op::Wide(row) => (row.n_operands() as u32, 2),
        Op::Lane(row, _) => (row.params().len() as u32, 1),
    })
}
