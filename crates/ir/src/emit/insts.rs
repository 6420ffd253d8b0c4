//! Instructions as operators: which one, and in which order it wants its operands on the stack.
//!
//! Apart from what arranges them because it is a list.

use super::EmitError;
use super::tries::Tries;
use crate::{Block, Callee, Def, ExnOp, Func, GcOp, Inst, InstId, Term, Value};
use module::{MemArg, Op, RefType};
use ops::Compute;

/// The operator of an instruction.
///
/// # Errors
/// If there is none.
pub(super) fn op(func: &Func, inst: &Inst) -> Result<Op, EmitError> {
    let arg = |memory, offset| MemArg { memory, offset };
    Ok(match *inst {
        Inst::Compute { op, .. } => Op::Compute(op),
        Inst::Wide { op, .. } => Op::Wide(op),
        Inst::Lane { op, lane, .. } => Op::Lane(op, lane),
        Inst::Shuffle { lanes, .. } => Op::Shuffle(func.vector(lanes).0),
        Inst::Select { .. } => Op::Select,
        Inst::Load {
            op, memory, offset, ..
        } => Op::Load(op, arg(memory, offset)),
        Inst::Store {
            op, memory, offset, ..
        } => Op::Store(op, arg(memory, offset)),
        Inst::LoadLane {
            op,
            lane,
            memory,
            offset,
            ..
        } => Op::LoadLane(op, arg(memory, offset), lane),
        Inst::StoreLane {
            op,
            lane,
            memory,
            offset,
            ..
        } => Op::StoreLane(op, arg(memory, offset), lane),
        Inst::Atomic {
            op, memory, offset, ..
        } => Op::Atomic(op, arg(memory, offset)),
        Inst::AtomicFence => Op::AtomicFence,
        Inst::MemorySize { memory } => Op::MemorySize(memory),
        Inst::MemoryGrow { memory, .. } => Op::MemoryGrow(memory),
        Inst::MemoryFill { memory, .. } => Op::MemoryFill(memory),
        Inst::MemoryCopy { dst, src, .. } => Op::MemoryCopy { dst, src },
        Inst::MemoryInit { data, memory, .. } => Op::MemoryInit { data, memory },
        Inst::DataDrop { data } => Op::DataDrop(data),
        Inst::GlobalGet { global } => Op::GlobalGet(global),
        Inst::GlobalSet { global, .. } => Op::GlobalSet(global),
        Inst::TableSize { table } => Op::TableSize(table),
        Inst::TableCopy { dst, src, .. } => Op::TableCopy { dst, src },
        Inst::TableInit { elem, table, .. } => Op::TableInit { elem, table },
        Inst::ElemDrop { elem } => Op::ElemDrop(elem),
        Inst::Call { func, .. } => Op::Call(func),
        Inst::CallIndirect { ty, table, .. } => Op::CallIndirect { ty, table },
        Inst::RefFunc { func } => Op::RefFunc(func),
        Inst::RefIsNull { .. } => Op::RefIsNull,
        Inst::TableGet { table, .. } => Op::TableGet(table),
        Inst::TableSet { table, .. } => Op::TableSet(table),
        Inst::TableGrow { table, .. } => Op::TableGrow(table),
        Inst::TableFill { table, .. } => Op::TableFill(table),
        Inst::CallRef { ty, .. } => Op::CallRef(ty),
        Inst::NullCheck { .. } => Op::RefAsNonNull,
        Inst::Gc { op, args } => gc_op(func, inst, op, func.list(args).len()),
        // It is what is thrown.
        Inst::Exn {
            op: ExnOp::New(tag),
            ..
        } => Op::Throw(tag),
        Inst::Exn { .. } => return Err(EmitError::Unsupported("exceptions that are caught")),
        Inst::TableCallee { .. } | Inst::FuncIs { .. } | Inst::FuncNumber { .. } => {
            return Err(EmitError::Unsupported("guarded calls"));
        }
        Inst::FrameLoad { .. } => return Err(EmitError::Unsupported("values of another frame")),
        Inst::Fuel { .. } | Inst::FuelCheck => return Err(EmitError::Unsupported("fuel")),
    })
}

fn gc_op(func: &Func, inst: &Inst, op: GcOp, n_args: usize) -> Op {
    let is_default = is_default(func, inst);
    match op {
        GcOp::RefEq => Op::RefEq,
        GcOp::RefI31 => Op::RefI31,
        GcOp::I31Get { signed } => Op::I31Get { signed },
        GcOp::StructNew(ty) if is_default => Op::StructNewDefault(ty),
        GcOp::StructNew(ty) => Op::StructNew(ty),
        GcOp::StructGet { ty, field, extend } => Op::StructGet { ty, field, extend },
        GcOp::StructSet { ty, field } => Op::StructSet { ty, field },
        GcOp::ArrayNew(ty) if is_default => Op::ArrayNewDefault(ty),
        GcOp::ArrayNew(ty) => Op::ArrayNew(ty),
        GcOp::ArrayNewFixed(ty) => Op::ArrayNewFixed {
            ty,
            len: n_args as u32,
        },
        GcOp::ArrayNewData { ty, data } => Op::ArrayNewData { ty, data },
        GcOp::ArrayNewElem { ty, elem } => Op::ArrayNewElem { ty, elem },
        GcOp::ArrayGet { ty, extend } => Op::ArrayGet { ty, extend },
        GcOp::ArraySet(ty) => Op::ArraySet(ty),
        GcOp::ArrayLen => Op::ArrayLen,
        GcOp::ArrayFill(ty) => Op::ArrayFill(ty),
        GcOp::ArrayCopy { dst, src } => Op::ArrayCopy { dst, src },
        GcOp::ArrayInitData { ty, data } => Op::ArrayInitData { ty, data },
        GcOp::ArrayInitElem { ty, elem } => Op::ArrayInitElem { ty, elem },
        GcOp::RefTest { heap, nullable } => Op::RefTest(RefType { nullable, heap }),
        GcOp::RefCast { heap, nullable } => Op::RefCast(RefType { nullable, heap }),
    }
}

/// Whether an instruction makes an object of zeros and nulls, for which there is a shorter operator.
pub(super) fn is_default(func: &Func, inst: &Inst) -> bool {
    let Inst::Gc { op, args } = *inst else {
        return false;
    };
    let values = match op {
        GcOp::StructNew(_) => func.list(args),
        GcOp::ArrayNew(_) => &func.list(args)[..1],
        _ => return false,
    };
    values
        .iter()
        .all(|&value| func.const_bits(value) == Some(0))
}

/// The instruction that makes what a block throws, if that is all that it is made for: then it is thrown as it is made.
pub(super) fn thrown(func: &Func, tries: &Tries, block: Block, uses: &[u32]) -> Option<InstId> {
    let exception = tries.thrown(func, block)?;
    let Def::Result(id, 0) = func.def(exception) else {
        return None;
    };
    let is_new = matches!(
        *func.inst(id),
        Inst::Exn {
            op: ExnOp::New(_),
            ..
        }
    );
    let is_only = uses[exception.index()] == 1;
    (is_new && is_only && func.insts(block).contains(&id)).then_some(id)
}

/// Appends the operands of a terminator, the last one being on top of the stack.
pub(super) fn term_operands(func: &Func, block: Block, out: &mut Vec<Value>) {
    match func.term(block) {
        Term::TailCall { callee, args } => {
            out.extend_from_slice(func.list(args));
            out.extend(callee.arg());
        }
        _ => func.for_each_term_arg(block, |value| out.push(value)),
    }
}

/// Appends the operands of an instruction, the last one being on top of the stack.
pub(super) fn operands(func: &Func, inst: &Inst, out: &mut Vec<Value>) {
    match *inst {
        Inst::Select {
            cond,
            then,
            otherwise,
        } => out.extend([then, otherwise, cond]),
        Inst::CallIndirect { index, args, .. } => {
            out.extend_from_slice(func.list(args));
            out.push(index);
        }
        Inst::CallRef { callee, args, .. } => {
            out.extend_from_slice(func.list(args));
            out.push(callee);
        }
        Inst::Gc { op, .. } if is_default(func, inst) => {
            if matches!(op, GcOp::ArrayNew(_)) {
                let mut all = Vec::new();
                inst.for_each_arg(func, |value| all.push(value));
                out.push(all[1]);
            }
        }
        _ => inst.for_each_arg(func, |value| out.push(value)),
    }
}

/// The operator of a tail call.
pub(super) fn tail_call(callee: Callee) -> Op {
    match callee {
        Callee::Func(func) => Op::ReturnCall(func),
        Callee::Table { ty, table, .. } => Op::ReturnCallIndirect { ty, table },
        Callee::Ref { ty, .. } => Op::ReturnCallRef(ty),
    }
}

/// The operator that gives the same when its two operands change places.
pub(super) fn swapped(op: Compute) -> Option<Compute> {
    use Compute as C;
    Some(match op {
        C::I32Add | C::I32Mul | C::I32And | C::I32Or | C::I32Xor | C::I32Eq | C::I32Ne => op,
        C::I64Add | C::I64Mul | C::I64And | C::I64Or | C::I64Xor | C::I64Eq | C::I64Ne => op,
        C::F32Eq | C::F32Ne | C::F64Eq | C::F64Ne => op,
        C::I32LtS => C::I32GtS,
        C::I32LtU => C::I32GtU,
        C::I32GtS => C::I32LtS,
        C::I32GtU => C::I32LtU,
        C::I32LeS => C::I32GeS,
        C::I32LeU => C::I32GeU,
        C::I32GeS => C::I32LeS,
        C::I32GeU => C::I32LeU,
        C::I64LtS => C::I64GtS,
        C::I64LtU => C::I64GtU,
        C::I64GtS => C::I64LtS,
        C::I64GtU => C::I64LtU,
        C::I64LeS => C::I64GeS,
        C::I64LeU => C::I64GeU,
        C::I64GeS => C::I64LeS,
        C::I64GeU => C::I64LeU,
        C::F32Lt => C::F32Gt,
        C::F32Gt => C::F32Lt,
        C::F32Le => C::F32Ge,
        C::F32Ge => C::F32Le,
        C::F64Lt => C::F64Gt,
        C::F64Gt => C::F64Lt,
        C::F64Le => C::F64Ge,
        C::F64Ge => C::F64Le,
        _ => return None,
    })
}

/// Whether an instruction compares so that it can be turned around.
pub(super) fn is_negatable(inst: &Inst) -> bool {
    matches!(*inst, Inst::Compute { op, .. } if op == Compute::I32Eqz || negated(op).is_some())
}

/// The comparison that holds when this one does not. Those of floats have none, because of NaN.
pub(super) fn negated(op: Compute) -> Option<Compute> {
    use Compute as C;
    Some(match op {
        C::I32Eq => C::I32Ne,
        C::I32Ne => C::I32Eq,
        C::I32LtS => C::I32GeS,
        C::I32LtU => C::I32GeU,
        C::I32GtS => C::I32LeS,
        C::I32GtU => C::I32LeU,
        C::I32LeS => C::I32GtS,
        C::I32LeU => C::I32GtU,
        C::I32GeS => C::I32LtS,
        C::I32GeU => C::I32LtU,
        C::I64Eq => C::I64Ne,
        C::I64Ne => C::I64Eq,
        C::I64LtS => C::I64GeS,
        C::I64LtU => C::I64GeU,
        C::I64GtS => C::I64LeS,
        C::I64GtU => C::I64LeU,
        C::I64LeS => C::I64GtS,
        C::I64LeU => C::I64GtU,
        C::I64GeS => C::I64LtS,
        C::I64GeU => C::I64LtU,
        C::F32Eq => C::F32Ne,
        C::F32Ne => C::F32Eq,
        C::F64Eq => C::F64Ne,
        C::F64Ne => C::F64Eq,
        _ => return None,
    })
}
