//! How many values an operator takes from the operand stack and puts there.
//!
//! Apart from the builder, because it says nothing of control flow.

use crate::{Header, Op};

/// Values taken and values put; `None` for operators of control flow, and for calls of what does not exist.
pub(super) fn arity(op: Op, header: &Header) -> Option<(u32, u32)> {
    let of_type = |ty: crate::TypeIdx| {
        let ty = header.types().get(ty.index())?;
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
        | Op::Return => return None,

        Op::Call(func) => of_type(*header.funcs().get(func.index())?)?,
        Op::CallIndirect { ty, .. } => {
            let (params, results) = of_type(ty)?;
            (params + 1, results)
        }

        Op::Nop | Op::DataDrop(_) | Op::ElemDrop(_) => (0, 0),
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
        Op::Lane(row, _) => (row.params().len() as u32, 1),
    })
}
