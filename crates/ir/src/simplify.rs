//! What an instruction is without executing it: constants through the meanings in `ops`, and a few identities.
//!
//! Apart because the builder asks before it appends an instruction, and the folding pass asks again when operands have
//! changed. Only what a code generator does not do as well for itself is here, and what removes control flow.

use crate::{Def, ExnOp, Func, Inst, List, Type, Value};
use ops::Compute;

/// What became of an instruction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Simplified {
    /// Nothing simpler is known.
    Keep,
    /// Its result is this value.
    Value(Value),
    /// It is this instruction, which is simpler.
    Inst(Inst),
}

/// The simpler form of an instruction, which may be not yet part of the function.
///
/// Instructions that trap always are kept, so that they trap when they are executed.
pub fn simplify(func: &mut Func, inst: &Inst) -> Simplified {
    match *inst {
        Inst::Compute { op, args } => compute(func, op, args),
        Inst::Lane { op, lane, args } => {
            let n = op.params().len();
            let mut numbers = [ops::Value::I32(0); 2];
            if !constants(func, &args[..n], &mut numbers) {
                return Simplified::Keep;
            }
            Simplified::Value(func.number(op.eval(lane, &numbers[..n])))
        }
        Inst::Shuffle { lanes, args } => {
            let (Some(ops::Value::V128(a)), Some(ops::Value::V128(b))) =
                (func.const_number(args[0]), func.const_number(args[1]))
            else {
                return Simplified::Keep;
            };
            let result = ops::v128::i8x16_shuffle(a, b, func.vector(lanes).0);
            Simplified::Value(func.number(ops::Value::V128(result)))
        }
        Inst::Select {
            cond,
            then,
            otherwise,
        } => {
            if then == otherwise {
                return Simplified::Value(then);
            }
            match func.const_bits(cond) {
                Some(0) => Simplified::Value(otherwise),
                Some(_) => Simplified::Value(then),
                None => match eqz_operand(func, cond) {
                    Some(cond) => Simplified::Inst(Inst::Select {
                        cond,
                        then: otherwise,
                        otherwise: then,
                    }),
                    None => Simplified::Keep,
                },
            }
        }
        Inst::RefIsNull { value } => {
            let is_null = match func.def(value) {
                Def::Const(_) => 1,
                Def::Result(id, _) if matches!(func.inst(id), Inst::RefFunc { .. }) => 0,
                _ => return Simplified::Keep,
            };
            Simplified::Value(func.constant(Type::I32, is_null))
        }
        Inst::Exn { op, args } => exception(func, op, args),
        _ => Simplified::Keep,
    }
}

/// What is known of an exception that was made here.
fn exception(func: &mut Func, op: ExnOp, args: List) -> Simplified {
    let made = |func: &Func| match func.def_inst(func.list(args)[0]) {
        Some(&Inst::Exn {
            op: ExnOp::New(tag),
            args,
        }) => Some((tag, args)),
        _ => None,
    };
    match op {
        ExnOp::Is(tag) if made(func).is_some_and(|(of, _)| of == tag) => {
            Simplified::Value(func.constant(Type::I32, 1))
        }
        ExnOp::Field { tag, field } => match made(func) {
            Some((of, payload)) if of == tag => {
                Simplified::Value(func.list(payload)[field as usize])
            }
            _ => Simplified::Keep,
        },
        _ => Simplified::Keep,
    }
}

/// Both results of an instruction on 128-bit numbers, if its operands are constants. `None` for other instructions.
pub fn simplify_wide(func: &mut Func, inst: &Inst) -> Option<[Value; 2]> {
    let Inst::Wide { op, args } = *inst else {
        return None;
    };
    let mut numbers = [0; 4];
    let n = op.n_operands();
    for (number, &arg) in numbers.iter_mut().zip(&args[..n]) {
        *number = func.const_bits(arg)? as u64;
    }
    let results = op.eval(&numbers[..n]);
    Some(results.map(|bits| func.constant(Type::I64, bits.into())))
}

/// `x`, if the value is `i32.eqz x`: conditions need only be told apart from zero, so users can be turned around instead.
pub(crate) fn eqz_operand(func: &Func, cond: Value) -> Option<Value> {
    match func.def_inst(cond) {
        Some(Inst::Compute {
            op: Compute::I32Eqz,
            args,
        }) => Some(args[0]),
        _ => None,
    }
}

/// Whether all values are constant numbers; then they are in `numbers`.
fn constants(func: &Func, values: &[Value], numbers: &mut [ops::Value]) -> bool {
    for (value, number) in values.iter().zip(numbers) {
        match func.const_number(*value) {
            Some(constant) => *number = constant,
            None => return false,
        }
    }
    true
}

fn compute(func: &mut Func, op: Compute, args: [Value; 3]) -> Simplified {
    // The last operand decides nearly always: constants are on the right.
    let n = args
        .iter()
        .position(|&v| v == Value::NONE)
        .unwrap_or(args.len());
    if n == 0 || !func.is_const(args[n - 1]) {
        return unary_identity(func, op, args[0]);
    }
    // What a relaxed operator means is for the code generator to choose, and must be the same each time.
    if op.is_relaxed() {
        return Simplified::Keep;
    }
    let mut numbers = [ops::Value::I32(0); 3];
    if constants(func, &args[..n], &mut numbers) {
        return match op.eval(&numbers[..n]) {
            Ok(result) if func.has_canonical_nans() => {
                Simplified::Value(func.number(op.with_canonical_nans(result)))
            }
            Ok(result) => Simplified::Value(func.number(result)),
            Err(_) => Simplified::Keep,
        };
    }
    if n == 2 {
        right_identity(func, op, args[0], args[1])
    } else {
        Simplified::Keep
    }
}

/// What undoes its operand.
fn unary_identity(func: &Func, op: Compute, arg: Value) -> Simplified {
    let inner = |wanted: &[Compute]| match func.def_inst(arg) {
        Some(Inst::Compute { op, args }) if wanted.contains(op) => Simplified::Value(args[0]),
        _ => Simplified::Keep,
    };
    match op {
        Compute::I32WrapI64 => inner(&[Compute::I64ExtendI32S, Compute::I64ExtendI32U]),
        Compute::I32ReinterpretF32 => inner(&[Compute::F32ReinterpretI32]),
        Compute::F32ReinterpretI32 => inner(&[Compute::I32ReinterpretF32]),
        Compute::I64ReinterpretF64 => inner(&[Compute::F64ReinterpretI64]),
        Compute::F64ReinterpretI64 => inner(&[Compute::I64ReinterpretF64]),
        _ => Simplified::Keep,
    }
}

/// Operators that a constant on the right makes trivial.
fn right_identity(func: &mut Func, op: Compute, left: Value, right: Value) -> Simplified {
    let Some(bits) = func.const_bits(right) else {
        return Simplified::Keep;
    };
    let ones = match func.ty(right) {
        Type::I32 => u32::MAX.into(),
        Type::I64 => u64::MAX.into(),
        _ => return Simplified::Keep,
    };
    match op {
        Compute::I32Add
        | Compute::I32Sub
        | Compute::I32Or
        | Compute::I32Xor
        | Compute::I32Shl
        | Compute::I32ShrS
        | Compute::I32ShrU
        | Compute::I32Rotl
        | Compute::I32Rotr
        | Compute::I64Add
        | Compute::I64Sub
        | Compute::I64Or
        | Compute::I64Xor
        | Compute::I64Shl
        | Compute::I64ShrS
        | Compute::I64ShrU
        | Compute::I64Rotl
        | Compute::I64Rotr
            if bits == 0 =>
        {
            Simplified::Value(left)
        }
        Compute::I32Mul
        | Compute::I32DivS
        | Compute::I32DivU
        | Compute::I64Mul
        | Compute::I64DivS
        | Compute::I64DivU
            if bits == 1 =>
        {
            Simplified::Value(left)
        }
        Compute::I32And | Compute::I64And if bits == ones => Simplified::Value(left),
        Compute::I32And | Compute::I64And | Compute::I32Mul | Compute::I64Mul if bits == 0 => {
            Simplified::Value(right)
        }
        Compute::I32Eq if bits == 0 => Simplified::Inst(Inst::compute(Compute::I32Eqz, &[left])),
        Compute::I64Eq if bits == 0 => Simplified::Inst(Inst::compute(Compute::I64Eqz, &[left])),
        _ => Simplified::Keep,
    }
}
