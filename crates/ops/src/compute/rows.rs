//! The rows of [`Compute`]: name, text-format name, signature and meaning of each operator that only computes.
//!
//! They stand apart from the machinery that reads them because this is the page to consult and to extend: a new operator
//! is one more line. Signedness is in the Rust type of a parameter; a `bool` is 0 or 1, and a lane of `bool` is all zeros
//! or all ones. Meanings follow "Numerics" in the execution chapter of the core specification.

use crate::operand::{Outcome, Param};
use crate::row::misused;
use crate::v128::{
    F32x4, F64x2, I8x16, I16x8, I32x4, I64x2, U8x16, U16x8, U32x4, U64x2, bitmask, dot, dot_sat,
    extadd_pairwise, extmul, high, low, narrow, zero_high, zip,
};
use crate::{Trap, Type, Value, convert, float, int, v128};

compute! {
    // i32 comparisons.
    I32Eqz "i32.eqz": (a: i32) -> bool = a == 0;
    I32Eq "i32.eq": (a: i32, b: i32) -> bool = a == b;
    I32Ne "i32.ne": (a: i32, b: i32) -> bool = a != b;
    I32LtS "i32.lt_s": (a: i32, b: i32) -> bool = a < b;
    I32LtU "i32.lt_u": (a: u32, b: u32) -> bool = a < b;
    I32GtS "i32.gt_s": (a: i32, b: i32) -> bool = a > b;
    I32GtU "i32.gt_u": (a: u32, b: u32) -> bool = a > b;
    I32LeS "i32.le_s": (a: i32, b: i32) -> bool = a <= b;
    I32LeU "i32.le_u": (a: u32, b: u32) -> bool = a <= b;
    I32GeS "i32.ge_s": (a: i32, b: i32) -> bool = a >= b;
    I32GeU "i32.ge_u": (a: u32, b: u32) -> bool = a >= b;

    // i64 comparisons.
    I64Eqz "i64.eqz": (a: i64) -> bool = a == 0;
    I64Eq "i64.eq": (a: i64, b: i64) -> bool = a == b;
    I64Ne "i64.ne": (a: i64, b: i64) -> bool = a != b;
    I64LtS "i64.lt_s": (a: i64, b: i64) -> bool = a < b;
    I64LtU "i64.lt_u": (a: u64, b: u64) -> bool = a < b;
    I64GtS "i64.gt_s": (a: i64, b: i64) -> bool = a > b;
    I64GtU "i64.gt_u": (a: u64, b: u64) -> bool = a > b;
    I64LeS "i64.le_s": (a: i64, b: i64) -> bool = a <= b;
    I64LeU "i64.le_u": (a: u64, b: u64) -> bool = a <= b;
    I64GeS "i64.ge_s": (a: i64, b: i64) -> bool = a >= b;
    I64GeU "i64.ge_u": (a: u64, b: u64) -> bool = a >= b;

    // f32 comparisons.
    F32Eq "f32.eq": (a: f32, b: f32) -> bool = a == b;
    F32Ne "f32.ne": (a: f32, b: f32) -> bool = a != b;
    F32Lt "f32.lt": (a: f32, b: f32) -> bool = a < b;
    F32Gt "f32.gt": (a: f32, b: f32) -> bool = a > b;
    F32Le "f32.le": (a: f32, b: f32) -> bool = a <= b;
    F32Ge "f32.ge": (a: f32, b: f32) -> bool = a >= b;

    // f64 comparisons.
    F64Eq "f64.eq": (a: f64, b: f64) -> bool = a == b;
    F64Ne "f64.ne": (a: f64, b: f64) -> bool = a != b;
    F64Lt "f64.lt": (a: f64, b: f64) -> bool = a < b;
    F64Gt "f64.gt": (a: f64, b: f64) -> bool = a > b;
    F64Le "f64.le": (a: f64, b: f64) -> bool = a <= b;
    F64Ge "f64.ge": (a: f64, b: f64) -> bool = a >= b;

    // i32 arithmetic; shift counts are taken modulo 32.
    I32Clz "i32.clz": (a: u32) -> u32 = a.leading_zeros();
    I32Ctz "i32.ctz": (a: u32) -> u32 = a.trailing_zeros();
    I32Popcnt "i32.popcnt": (a: u32) -> u32 = a.count_ones();
    I32Add "i32.add": (a: i32, b: i32) -> i32 = a.wrapping_add(b);
    I32Sub "i32.sub": (a: i32, b: i32) -> i32 = a.wrapping_sub(b);
    I32Mul "i32.mul": (a: i32, b: i32) -> i32 = a.wrapping_mul(b);
    I32DivS "i32.div_s": (a: i32, b: i32) -> i32 or trap = int::div(a, b)?;
    I32DivU "i32.div_u": (a: u32, b: u32) -> u32 or trap = int::div(a, b)?;
    I32RemS "i32.rem_s": (a: i32, b: i32) -> i32 or trap = int::rem(a, b)?;
    I32RemU "i32.rem_u": (a: u32, b: u32) -> u32 or trap = int::rem(a, b)?;
    I32And "i32.and": (a: i32, b: i32) -> i32 = a & b;
    I32Or "i32.or": (a: i32, b: i32) -> i32 = a | b;
    I32Xor "i32.xor": (a: i32, b: i32) -> i32 = a ^ b;
    I32Shl "i32.shl": (a: i32, n: u32) -> i32 = a.wrapping_shl(n);
    I32ShrS "i32.shr_s": (a: i32, n: u32) -> i32 = a.wrapping_shr(n);
    I32ShrU "i32.shr_u": (a: u32, n: u32) -> u32 = a.wrapping_shr(n);
    I32Rotl "i32.rotl": (a: i32, n: u32) -> i32 = a.rotate_left(n);
    I32Rotr "i32.rotr": (a: i32, n: u32) -> i32 = a.rotate_right(n);

    // i64 arithmetic; shift counts are taken modulo 64.
    I64Clz "i64.clz": (a: u64) -> u64 = a.leading_zeros().into();
    I64Ctz "i64.ctz": (a: u64) -> u64 = a.trailing_zeros().into();
    I64Popcnt "i64.popcnt": (a: u64) -> u64 = a.count_ones().into();
    I64Add "i64.add": (a: i64, b: i64) -> i64 = a.wrapping_add(b);
    I64Sub "i64.sub": (a: i64, b: i64) -> i64 = a.wrapping_sub(b);
    I64Mul "i64.mul": (a: i64, b: i64) -> i64 = a.wrapping_mul(b);
    I64DivS "i64.div_s": (a: i64, b: i64) -> i64 or trap = int::div(a, b)?;
    I64DivU "i64.div_u": (a: u64, b: u64) -> u64 or trap = int::div(a, b)?;
    I64RemS "i64.rem_s": (a: i64, b: i64) -> i64 or trap = int::rem(a, b)?;
    I64RemU "i64.rem_u": (a: u64, b: u64) -> u64 or trap = int::rem(a, b)?;
    I64And "i64.and": (a: i64, b: i64) -> i64 = a & b;
    I64Or "i64.or": (a: i64, b: i64) -> i64 = a | b;
    I64Xor "i64.xor": (a: i64, b: i64) -> i64 = a ^ b;
    I64Shl "i64.shl": (a: i64, n: u64) -> i64 = a.wrapping_shl(n as u32);
    I64ShrS "i64.shr_s": (a: i64, n: u64) -> i64 = a.wrapping_shr(n as u32);
    I64ShrU "i64.shr_u": (a: u64, n: u64) -> u64 = a.wrapping_shr(n as u32);
    I64Rotl "i64.rotl": (a: i64, n: u64) -> i64 = a.rotate_left(n as u32);
    I64Rotr "i64.rotr": (a: i64, n: u64) -> i64 = a.rotate_right(n as u32);

    // f32 arithmetic; abs, neg and copysign work on the sign bit alone, NaN or not.
    F32Abs "f32.abs": (a: f32) -> f32 = a.abs();
    F32Neg "f32.neg": (a: f32) -> f32 = -a;
    F32Ceil "f32.ceil": (a: f32) -> f32 = float::ceil(a);
    F32Floor "f32.floor": (a: f32) -> f32 = float::floor(a);
    F32Trunc "f32.trunc": (a: f32) -> f32 = float::trunc(a);
    F32Nearest "f32.nearest": (a: f32) -> f32 = float::nearest(a);
    F32Sqrt "f32.sqrt": (a: f32) -> f32 = float::sqrt(a);
    F32Add "f32.add": (a: f32, b: f32) -> f32 = float::add(a, b);
    F32Sub "f32.sub": (a: f32, b: f32) -> f32 = float::sub(a, b);
    F32Mul "f32.mul": (a: f32, b: f32) -> f32 = float::mul(a, b);
    F32Div "f32.div": (a: f32, b: f32) -> f32 = float::div(a, b);
    F32Min "f32.min": (a: f32, b: f32) -> f32 = float::min(a, b);
    F32Max "f32.max": (a: f32, b: f32) -> f32 = float::max(a, b);
    F32Copysign "f32.copysign": (a: f32, b: f32) -> f32 = a.copysign(b);

    // f64 arithmetic; abs, neg and copysign work on the sign bit alone, NaN or not.
    F64Abs "f64.abs": (a: f64) -> f64 = a.abs();
    F64Neg "f64.neg": (a: f64) -> f64 = -a;
    F64Ceil "f64.ceil": (a: f64) -> f64 = float::ceil(a);
    F64Floor "f64.floor": (a: f64) -> f64 = float::floor(a);
    F64Trunc "f64.trunc": (a: f64) -> f64 = float::trunc(a);
    F64Nearest "f64.nearest": (a: f64) -> f64 = float::nearest(a);
    F64Sqrt "f64.sqrt": (a: f64) -> f64 = float::sqrt(a);
    F64Add "f64.add": (a: f64, b: f64) -> f64 = float::add(a, b);
    F64Sub "f64.sub": (a: f64, b: f64) -> f64 = float::sub(a, b);
    F64Mul "f64.mul": (a: f64, b: f64) -> f64 = float::mul(a, b);
    F64Div "f64.div": (a: f64, b: f64) -> f64 = float::div(a, b);
    F64Min "f64.min": (a: f64, b: f64) -> f64 = float::min(a, b);
    F64Max "f64.max": (a: f64, b: f64) -> f64 = float::max(a, b);
    F64Copysign "f64.copysign": (a: f64, b: f64) -> f64 = a.copysign(b);

    // Conversions.
    I32WrapI64 "i32.wrap_i64": (a: i64) -> i32 = a as i32;
    I32TruncF32S "i32.trunc_f32_s": (a: f32) -> i32 or trap = convert::trunc(a)?;
    I32TruncF32U "i32.trunc_f32_u": (a: f32) -> u32 or trap = convert::trunc(a)?;
    I32TruncF64S "i32.trunc_f64_s": (a: f64) -> i32 or trap = convert::trunc(a)?;
    I32TruncF64U "i32.trunc_f64_u": (a: f64) -> u32 or trap = convert::trunc(a)?;
    I64ExtendI32S "i64.extend_i32_s": (a: i32) -> i64 = a.into();
    I64ExtendI32U "i64.extend_i32_u": (a: u32) -> u64 = a.into();
    I64TruncF32S "i64.trunc_f32_s": (a: f32) -> i64 or trap = convert::trunc(a)?;
    I64TruncF32U "i64.trunc_f32_u": (a: f32) -> u64 or trap = convert::trunc(a)?;
    I64TruncF64S "i64.trunc_f64_s": (a: f64) -> i64 or trap = convert::trunc(a)?;
    I64TruncF64U "i64.trunc_f64_u": (a: f64) -> u64 or trap = convert::trunc(a)?;
    F32ConvertI32S "f32.convert_i32_s": (a: i32) -> f32 = a as f32;
    F32ConvertI32U "f32.convert_i32_u": (a: u32) -> f32 = a as f32;
    F32ConvertI64S "f32.convert_i64_s": (a: i64) -> f32 = a as f32;
    F32ConvertI64U "f32.convert_i64_u": (a: u64) -> f32 = a as f32;
    F32DemoteF64 "f32.demote_f64": (a: f64) -> f32 = convert::demote(a);
    F64ConvertI32S "f64.convert_i32_s": (a: i32) -> f64 = a.into();
    F64ConvertI32U "f64.convert_i32_u": (a: u32) -> f64 = a.into();
    F64ConvertI64S "f64.convert_i64_s": (a: i64) -> f64 = a as f64;
    F64ConvertI64U "f64.convert_i64_u": (a: u64) -> f64 = a as f64;
    F64PromoteF32 "f64.promote_f32": (a: f32) -> f64 = convert::promote(a);
    I32ReinterpretF32 "i32.reinterpret_f32": (a: f32) -> u32 = a.to_bits();
    I64ReinterpretF64 "i64.reinterpret_f64": (a: f64) -> u64 = a.to_bits();
    F32ReinterpretI32 "f32.reinterpret_i32": (a: u32) -> f32 = f32::from_bits(a);
    F64ReinterpretI64 "f64.reinterpret_i64": (a: u64) -> f64 = f64::from_bits(a);

    // Sign extension.
    I32Extend8S "i32.extend8_s": (a: i32) -> i32 = (a as i8).into();
    I32Extend16S "i32.extend16_s": (a: i32) -> i32 = (a as i16).into();
    I64Extend8S "i64.extend8_s": (a: i64) -> i64 = (a as i8).into();
    I64Extend16S "i64.extend16_s": (a: i64) -> i64 = (a as i16).into();
    I64Extend32S "i64.extend32_s": (a: i64) -> i64 = (a as i32).into();

    // Saturating conversions: NaN becomes 0, what does not fit the nearest bound; so does `as`.
    I32TruncSatF32S "i32.trunc_sat_f32_s": (a: f32) -> i32 = a as i32;
    I32TruncSatF32U "i32.trunc_sat_f32_u": (a: f32) -> u32 = a as u32;
    I32TruncSatF64S "i32.trunc_sat_f64_s": (a: f64) -> i32 = a as i32;
    I32TruncSatF64U "i32.trunc_sat_f64_u": (a: f64) -> u32 = a as u32;
    I64TruncSatF32S "i64.trunc_sat_f32_s": (a: f32) -> i64 = a as i64;
    I64TruncSatF32U "i64.trunc_sat_f32_u": (a: f32) -> u64 = a as u64;
    I64TruncSatF64S "i64.trunc_sat_f64_s": (a: f64) -> i64 = a as i64;
    I64TruncSatF64U "i64.trunc_sat_f64_u": (a: f64) -> u64 = a as u64;

    // Vectors: lanes chosen, splats.
    I8x16Swizzle "i8x16.swizzle": (a: U8x16, lanes: U8x16) -> U8x16 = v128::swizzle(a, lanes);
    I8x16Splat "i8x16.splat": (x: i32) -> I8x16 = [x as i8; 16];
    I16x8Splat "i16x8.splat": (x: i32) -> I16x8 = [x as i16; 8];
    I32x4Splat "i32x4.splat": (x: i32) -> I32x4 = [x; 4];
    I64x2Splat "i64x2.splat": (x: i64) -> I64x2 = [x; 2];
    F32x4Splat "f32x4.splat": (x: f32) -> F32x4 = [x; 4];
    F64x2Splat "f64x2.splat": (x: f64) -> F64x2 = [x; 2];

    // Vectors: comparisons of lanes.
    I8x16Eq "i8x16.eq": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x == y);
    I8x16Ne "i8x16.ne": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x != y);
    I8x16LtS "i8x16.lt_s": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x < y);
    I8x16LtU "i8x16.lt_u": (a: U8x16, b: U8x16) -> [bool; 16] = zip(a, b, |x, y| x < y);
    I8x16GtS "i8x16.gt_s": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x > y);
    I8x16GtU "i8x16.gt_u": (a: U8x16, b: U8x16) -> [bool; 16] = zip(a, b, |x, y| x > y);
    I8x16LeS "i8x16.le_s": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x <= y);
    I8x16LeU "i8x16.le_u": (a: U8x16, b: U8x16) -> [bool; 16] = zip(a, b, |x, y| x <= y);
    I8x16GeS "i8x16.ge_s": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x >= y);
    I8x16GeU "i8x16.ge_u": (a: U8x16, b: U8x16) -> [bool; 16] = zip(a, b, |x, y| x >= y);
    I16x8Eq "i16x8.eq": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x == y);
    I16x8Ne "i16x8.ne": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x != y);
    I16x8LtS "i16x8.lt_s": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x < y);
    I16x8LtU "i16x8.lt_u": (a: U16x8, b: U16x8) -> [bool; 8] = zip(a, b, |x, y| x < y);
    I16x8GtS "i16x8.gt_s": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x > y);
    I16x8GtU "i16x8.gt_u": (a: U16x8, b: U16x8) -> [bool; 8] = zip(a, b, |x, y| x > y);
    I16x8LeS "i16x8.le_s": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x <= y);
    I16x8LeU "i16x8.le_u": (a: U16x8, b: U16x8) -> [bool; 8] = zip(a, b, |x, y| x <= y);
    I16x8GeS "i16x8.ge_s": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x >= y);
    I16x8GeU "i16x8.ge_u": (a: U16x8, b: U16x8) -> [bool; 8] = zip(a, b, |x, y| x >= y);
    I32x4Eq "i32x4.eq": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x == y);
    I32x4Ne "i32x4.ne": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x != y);
    I32x4LtS "i32x4.lt_s": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x < y);
    I32x4LtU "i32x4.lt_u": (a: U32x4, b: U32x4) -> [bool; 4] = zip(a, b, |x, y| x < y);
    I32x4GtS "i32x4.gt_s": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x > y);
    I32x4GtU "i32x4.gt_u": (a: U32x4, b: U32x4) -> [bool; 4] = zip(a, b, |x, y| x > y);
    I32x4LeS "i32x4.le_s": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x <= y);
    I32x4LeU "i32x4.le_u": (a: U32x4, b: U32x4) -> [bool; 4] = zip(a, b, |x, y| x <= y);
    I32x4GeS "i32x4.ge_s": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x >= y);
    I32x4GeU "i32x4.ge_u": (a: U32x4, b: U32x4) -> [bool; 4] = zip(a, b, |x, y| x >= y);
    I64x2Eq "i64x2.eq": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x == y);
    I64x2Ne "i64x2.ne": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x != y);
    I64x2LtS "i64x2.lt_s": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x < y);
    I64x2GtS "i64x2.gt_s": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x > y);
    I64x2LeS "i64x2.le_s": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x <= y);
    I64x2GeS "i64x2.ge_s": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x >= y);
    F32x4Eq "f32x4.eq": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x == y);
    F32x4Ne "f32x4.ne": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x != y);
    F32x4Lt "f32x4.lt": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x < y);
    F32x4Gt "f32x4.gt": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x > y);
    F32x4Le "f32x4.le": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x <= y);
    F32x4Ge "f32x4.ge": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x >= y);
    F64x2Eq "f64x2.eq": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x == y);
    F64x2Ne "f64x2.ne": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x != y);
    F64x2Lt "f64x2.lt": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x < y);
    F64x2Gt "f64x2.gt": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x > y);
    F64x2Le "f64x2.le": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x <= y);
    F64x2Ge "f64x2.ge": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x >= y);

    // Vectors as 128 bits.
    V128Not "v128.not": (a: u128) -> u128 = !a;
    V128And "v128.and": (a: u128, b: u128) -> u128 = a & b;
    V128AndNot "v128.andnot": (a: u128, b: u128) -> u128 = a & !b;
    V128Or "v128.or": (a: u128, b: u128) -> u128 = a | b;
    V128Xor "v128.xor": (a: u128, b: u128) -> u128 = a ^ b;
    V128Bitselect "v128.bitselect": (a: u128, b: u128, mask: u128) -> u128 = (a & mask) | (b & !mask);
    V128AnyTrue "v128.any_true": (a: u128) -> bool = a != 0;

    // i8x16 arithmetic; shift counts are taken modulo 8.
    I8x16Abs "i8x16.abs": (a: I8x16) -> I8x16 = a.map(i8::wrapping_abs);
    I8x16Neg "i8x16.neg": (a: I8x16) -> I8x16 = a.map(i8::wrapping_neg);
    I8x16Popcnt "i8x16.popcnt": (a: U8x16) -> U8x16 = a.map(|x| x.count_ones() as u8);
    I8x16AllTrue "i8x16.all_true": (a: I8x16) -> bool = !a.contains(&0);
    I8x16Bitmask "i8x16.bitmask": (a: I8x16) -> u32 = bitmask(a.map(|x| x < 0));
    I8x16NarrowI16x8S "i8x16.narrow_i16x8_s": (a: I16x8, b: I16x8) -> I8x16 = narrow(a, b);
    I8x16NarrowI16x8U "i8x16.narrow_i16x8_u": (a: I16x8, b: I16x8) -> U8x16 = narrow(a, b);
    I8x16Shl "i8x16.shl": (a: I8x16, n: u32) -> I8x16 = a.map(|x| x.wrapping_shl(n));
    I8x16ShrS "i8x16.shr_s": (a: I8x16, n: u32) -> I8x16 = a.map(|x| x.wrapping_shr(n));
    I8x16ShrU "i8x16.shr_u": (a: U8x16, n: u32) -> U8x16 = a.map(|x| x.wrapping_shr(n));
    I8x16Add "i8x16.add": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::wrapping_add);
    I8x16AddSatS "i8x16.add_sat_s": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::saturating_add);
    I8x16AddSatU "i8x16.add_sat_u": (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::saturating_add);
    I8x16Sub "i8x16.sub": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::wrapping_sub);
    I8x16SubSatS "i8x16.sub_sat_s": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::saturating_sub);
    I8x16SubSatU "i8x16.sub_sat_u": (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::saturating_sub);
    I8x16MinS "i8x16.min_s": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::min);
    I8x16MinU "i8x16.min_u": (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::min);
    I8x16MaxS "i8x16.max_s": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::max);
    I8x16MaxU "i8x16.max_u": (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::max);
    I8x16AvgrU "i8x16.avgr_u": (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, int::avgr);

    // i16x8 arithmetic; shift counts are taken modulo 16.
    I16x8ExtAddPairwiseI8x16S "i16x8.extadd_pairwise_i8x16_s": (a: I8x16) -> I16x8 = extadd_pairwise(a);
    I16x8ExtAddPairwiseI8x16U "i16x8.extadd_pairwise_i8x16_u": (a: U8x16) -> U16x8 = extadd_pairwise(a);
    I16x8Abs "i16x8.abs": (a: I16x8) -> I16x8 = a.map(i16::wrapping_abs);
    I16x8Neg "i16x8.neg": (a: I16x8) -> I16x8 = a.map(i16::wrapping_neg);
    I16x8Q15MulrSatS "i16x8.q15mulr_sat_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, int::q15mulr_sat);
    I16x8AllTrue "i16x8.all_true": (a: I16x8) -> bool = !a.contains(&0);
    I16x8Bitmask "i16x8.bitmask": (a: I16x8) -> u32 = bitmask(a.map(|x| x < 0));
    I16x8NarrowI32x4S "i16x8.narrow_i32x4_s": (a: I32x4, b: I32x4) -> I16x8 = narrow(a, b);
    I16x8NarrowI32x4U "i16x8.narrow_i32x4_u": (a: I32x4, b: I32x4) -> U16x8 = narrow(a, b);
    I16x8ExtendLowI8x16S "i16x8.extend_low_i8x16_s": (a: I8x16) -> I16x8 = low(a).map(Into::into);
    I16x8ExtendHighI8x16S "i16x8.extend_high_i8x16_s": (a: I8x16) -> I16x8 = high(a).map(Into::into);
    I16x8ExtendLowI8x16U "i16x8.extend_low_i8x16_u": (a: U8x16) -> U16x8 = low(a).map(Into::into);
    I16x8ExtendHighI8x16U "i16x8.extend_high_i8x16_u": (a: U8x16) -> U16x8 = high(a).map(Into::into);
    I16x8Shl "i16x8.shl": (a: I16x8, n: u32) -> I16x8 = a.map(|x| x.wrapping_shl(n));
    I16x8ShrS "i16x8.shr_s": (a: I16x8, n: u32) -> I16x8 = a.map(|x| x.wrapping_shr(n));
    I16x8ShrU "i16x8.shr_u": (a: U16x8, n: u32) -> U16x8 = a.map(|x| x.wrapping_shr(n));
    I16x8Add "i16x8.add": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::wrapping_add);
    I16x8AddSatS "i16x8.add_sat_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::saturating_add);
    I16x8AddSatU "i16x8.add_sat_u": (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::saturating_add);
    I16x8Sub "i16x8.sub": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::wrapping_sub);
    I16x8SubSatS "i16x8.sub_sat_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::saturating_sub);
    I16x8SubSatU "i16x8.sub_sat_u": (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::saturating_sub);
    I16x8Mul "i16x8.mul": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::wrapping_mul);
    I16x8MinS "i16x8.min_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::min);
    I16x8MinU "i16x8.min_u": (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::min);
    I16x8MaxS "i16x8.max_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::max);
    I16x8MaxU "i16x8.max_u": (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::max);
    I16x8AvgrU "i16x8.avgr_u": (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, int::avgr);
    I16x8ExtMulLowI8x16S "i16x8.extmul_low_i8x16_s": (a: I8x16, b: I8x16) -> I16x8 = extmul(low(a), low(b));
    I16x8ExtMulHighI8x16S "i16x8.extmul_high_i8x16_s": (a: I8x16, b: I8x16) -> I16x8 = extmul(high(a), high(b));
    I16x8ExtMulLowI8x16U "i16x8.extmul_low_i8x16_u": (a: U8x16, b: U8x16) -> U16x8 = extmul(low(a), low(b));
    I16x8ExtMulHighI8x16U "i16x8.extmul_high_i8x16_u": (a: U8x16, b: U8x16) -> U16x8 = extmul(high(a), high(b));

    // i32x4 arithmetic; shift counts are taken modulo 32.
    I32x4ExtAddPairwiseI16x8S "i32x4.extadd_pairwise_i16x8_s": (a: I16x8) -> I32x4 = extadd_pairwise(a);
    I32x4ExtAddPairwiseI16x8U "i32x4.extadd_pairwise_i16x8_u": (a: U16x8) -> U32x4 = extadd_pairwise(a);
    I32x4Abs "i32x4.abs": (a: I32x4) -> I32x4 = a.map(i32::wrapping_abs);
    I32x4Neg "i32x4.neg": (a: I32x4) -> I32x4 = a.map(i32::wrapping_neg);
    I32x4AllTrue "i32x4.all_true": (a: I32x4) -> bool = !a.contains(&0);
    I32x4Bitmask "i32x4.bitmask": (a: I32x4) -> u32 = bitmask(a.map(|x| x < 0));
    I32x4ExtendLowI16x8S "i32x4.extend_low_i16x8_s": (a: I16x8) -> I32x4 = low(a).map(Into::into);
    I32x4ExtendHighI16x8S "i32x4.extend_high_i16x8_s": (a: I16x8) -> I32x4 = high(a).map(Into::into);
    I32x4ExtendLowI16x8U "i32x4.extend_low_i16x8_u": (a: U16x8) -> U32x4 = low(a).map(Into::into);
    I32x4ExtendHighI16x8U "i32x4.extend_high_i16x8_u": (a: U16x8) -> U32x4 = high(a).map(Into::into);
    I32x4Shl "i32x4.shl": (a: I32x4, n: u32) -> I32x4 = a.map(|x| x.wrapping_shl(n));
    I32x4ShrS "i32x4.shr_s": (a: I32x4, n: u32) -> I32x4 = a.map(|x| x.wrapping_shr(n));
    I32x4ShrU "i32x4.shr_u": (a: U32x4, n: u32) -> U32x4 = a.map(|x| x.wrapping_shr(n));
    I32x4Add "i32x4.add": (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::wrapping_add);
    I32x4Sub "i32x4.sub": (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::wrapping_sub);
    I32x4Mul "i32x4.mul": (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::wrapping_mul);
    I32x4MinS "i32x4.min_s": (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::min);
    I32x4MinU "i32x4.min_u": (a: U32x4, b: U32x4) -> U32x4 = zip(a, b, u32::min);
    I32x4MaxS "i32x4.max_s": (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::max);
    I32x4MaxU "i32x4.max_u": (a: U32x4, b: U32x4) -> U32x4 = zip(a, b, u32::max);
    I32x4DotI16x8S "i32x4.dot_i16x8_s": (a: I16x8, b: I16x8) -> I32x4 = dot(a, b);
    I32x4ExtMulLowI16x8S "i32x4.extmul_low_i16x8_s": (a: I16x8, b: I16x8) -> I32x4 = extmul(low(a), low(b));
    I32x4ExtMulHighI16x8S "i32x4.extmul_high_i16x8_s": (a: I16x8, b: I16x8) -> I32x4 = extmul(high(a), high(b));
    I32x4ExtMulLowI16x8U "i32x4.extmul_low_i16x8_u": (a: U16x8, b: U16x8) -> U32x4 = extmul(low(a), low(b));
    I32x4ExtMulHighI16x8U "i32x4.extmul_high_i16x8_u": (a: U16x8, b: U16x8) -> U32x4 = extmul(high(a), high(b));

    // i64x2 arithmetic; shift counts are taken modulo 64.
    I64x2Abs "i64x2.abs": (a: I64x2) -> I64x2 = a.map(i64::wrapping_abs);
    I64x2Neg "i64x2.neg": (a: I64x2) -> I64x2 = a.map(i64::wrapping_neg);
    I64x2AllTrue "i64x2.all_true": (a: I64x2) -> bool = !a.contains(&0);
    I64x2Bitmask "i64x2.bitmask": (a: I64x2) -> u32 = bitmask(a.map(|x| x < 0));
    I64x2ExtendLowI32x4S "i64x2.extend_low_i32x4_s": (a: I32x4) -> I64x2 = low(a).map(Into::into);
    I64x2ExtendHighI32x4S "i64x2.extend_high_i32x4_s": (a: I32x4) -> I64x2 = high(a).map(Into::into);
    I64x2ExtendLowI32x4U "i64x2.extend_low_i32x4_u": (a: U32x4) -> U64x2 = low(a).map(Into::into);
    I64x2ExtendHighI32x4U "i64x2.extend_high_i32x4_u": (a: U32x4) -> U64x2 = high(a).map(Into::into);
    I64x2Shl "i64x2.shl": (a: I64x2, n: u32) -> I64x2 = a.map(|x| x.wrapping_shl(n));
    I64x2ShrS "i64x2.shr_s": (a: I64x2, n: u32) -> I64x2 = a.map(|x| x.wrapping_shr(n));
    I64x2ShrU "i64x2.shr_u": (a: U64x2, n: u32) -> U64x2 = a.map(|x| x.wrapping_shr(n));
    I64x2Add "i64x2.add": (a: I64x2, b: I64x2) -> I64x2 = zip(a, b, i64::wrapping_add);
    I64x2Sub "i64x2.sub": (a: I64x2, b: I64x2) -> I64x2 = zip(a, b, i64::wrapping_sub);
    I64x2Mul "i64x2.mul": (a: I64x2, b: I64x2) -> I64x2 = zip(a, b, i64::wrapping_mul);
    I64x2ExtMulLowI32x4S "i64x2.extmul_low_i32x4_s": (a: I32x4, b: I32x4) -> I64x2 = extmul(low(a), low(b));
    I64x2ExtMulHighI32x4S "i64x2.extmul_high_i32x4_s": (a: I32x4, b: I32x4) -> I64x2 = extmul(high(a), high(b));
    I64x2ExtMulLowI32x4U "i64x2.extmul_low_i32x4_u": (a: U32x4, b: U32x4) -> U64x2 = extmul(low(a), low(b));
    I64x2ExtMulHighI32x4U "i64x2.extmul_high_i32x4_u": (a: U32x4, b: U32x4) -> U64x2 = extmul(high(a), high(b));

    // f32x4 arithmetic: the scalar meanings, lane by lane.
    F32x4Ceil "f32x4.ceil": (a: F32x4) -> F32x4 = a.map(float::ceil);
    F32x4Floor "f32x4.floor": (a: F32x4) -> F32x4 = a.map(float::floor);
    F32x4Trunc "f32x4.trunc": (a: F32x4) -> F32x4 = a.map(float::trunc);
    F32x4Nearest "f32x4.nearest": (a: F32x4) -> F32x4 = a.map(float::nearest);
    F32x4Abs "f32x4.abs": (a: F32x4) -> F32x4 = a.map(f32::abs);
    F32x4Neg "f32x4.neg": (a: F32x4) -> F32x4 = a.map(|x| -x);
    F32x4Sqrt "f32x4.sqrt": (a: F32x4) -> F32x4 = a.map(float::sqrt);
    F32x4Add "f32x4.add": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::add);
    F32x4Sub "f32x4.sub": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::sub);
    F32x4Mul "f32x4.mul": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::mul);
    F32x4Div "f32x4.div": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::div);
    F32x4Min "f32x4.min": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::min);
    F32x4Max "f32x4.max": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::max);
    F32x4PMin "f32x4.pmin": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::pmin);
    F32x4PMax "f32x4.pmax": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::pmax);

    // f64x2 arithmetic: the scalar meanings, lane by lane.
    F64x2Ceil "f64x2.ceil": (a: F64x2) -> F64x2 = a.map(float::ceil);
    F64x2Floor "f64x2.floor": (a: F64x2) -> F64x2 = a.map(float::floor);
    F64x2Trunc "f64x2.trunc": (a: F64x2) -> F64x2 = a.map(float::trunc);
    F64x2Nearest "f64x2.nearest": (a: F64x2) -> F64x2 = a.map(float::nearest);
    F64x2Abs "f64x2.abs": (a: F64x2) -> F64x2 = a.map(f64::abs);
    F64x2Neg "f64x2.neg": (a: F64x2) -> F64x2 = a.map(|x| -x);
    F64x2Sqrt "f64x2.sqrt": (a: F64x2) -> F64x2 = a.map(float::sqrt);
    F64x2Add "f64x2.add": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::add);
    F64x2Sub "f64x2.sub": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::sub);
    F64x2Mul "f64x2.mul": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::mul);
    F64x2Div "f64x2.div": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::div);
    F64x2Min "f64x2.min": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::min);
    F64x2Max "f64x2.max": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::max);
    F64x2PMin "f64x2.pmin": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::pmin);
    F64x2PMax "f64x2.pmax": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::pmax);

    // Vectors: conversions.
    I32x4TruncSatF32x4S "i32x4.trunc_sat_f32x4_s": (a: F32x4) -> I32x4 = a.map(|x| x as i32);
    I32x4TruncSatF32x4U "i32x4.trunc_sat_f32x4_u": (a: F32x4) -> U32x4 = a.map(|x| x as u32);
    F32x4ConvertI32x4S "f32x4.convert_i32x4_s": (a: I32x4) -> F32x4 = a.map(|x| x as f32);
    F32x4ConvertI32x4U "f32x4.convert_i32x4_u": (a: U32x4) -> F32x4 = a.map(|x| x as f32);
    I32x4TruncSatF64x2SZero "i32x4.trunc_sat_f64x2_s_zero": (a: F64x2) -> I32x4 = zero_high(a.map(|x| x as i32));
    I32x4TruncSatF64x2UZero "i32x4.trunc_sat_f64x2_u_zero": (a: F64x2) -> U32x4 = zero_high(a.map(|x| x as u32));
    F64x2ConvertLowI32x4S "f64x2.convert_low_i32x4_s": (a: I32x4) -> F64x2 = low(a).map(Into::into);
    F64x2ConvertLowI32x4U "f64x2.convert_low_i32x4_u": (a: U32x4) -> F64x2 = low(a).map(Into::into);
    F32x4DemoteF64x2Zero "f32x4.demote_f64x2_zero": (a: F64x2) -> F32x4 = zero_high(a.map(convert::demote));
    F64x2PromoteLowF32x4 "f64x2.promote_low_f32x4": (a: F32x4) -> F64x2 = low(a).map(convert::promote);

    // Relaxed vectors: of the meanings that the specification allows, the one of its deterministic profile.
    I8x16RelaxedSwizzle "i8x16.relaxed_swizzle": (a: U8x16, lanes: U8x16) -> U8x16 = v128::swizzle(a, lanes);
    I32x4RelaxedTruncF32x4S "i32x4.relaxed_trunc_f32x4_s": (a: F32x4) -> I32x4 = a.map(|x| x as i32);
    I32x4RelaxedTruncF32x4U "i32x4.relaxed_trunc_f32x4_u": (a: F32x4) -> U32x4 = a.map(|x| x as u32);
    I32x4RelaxedTruncF64x2SZero "i32x4.relaxed_trunc_f64x2_s_zero": (a: F64x2) -> I32x4 = zero_high(a.map(|x| x as i32));
    I32x4RelaxedTruncF64x2UZero "i32x4.relaxed_trunc_f64x2_u_zero": (a: F64x2) -> U32x4 = zero_high(a.map(|x| x as u32));
    F32x4RelaxedMadd "f32x4.relaxed_madd": (a: F32x4, b: F32x4, c: F32x4) -> F32x4 = zip(zip(a, b, float::mul), c, float::add);
    F32x4RelaxedNmadd "f32x4.relaxed_nmadd": (a: F32x4, b: F32x4, c: F32x4) -> F32x4 = zip(zip(a.map(|x| -x), b, float::mul), c, float::add);
    F64x2RelaxedMadd "f64x2.relaxed_madd": (a: F64x2, b: F64x2, c: F64x2) -> F64x2 = zip(zip(a, b, float::mul), c, float::add);
    F64x2RelaxedNmadd "f64x2.relaxed_nmadd": (a: F64x2, b: F64x2, c: F64x2) -> F64x2 = zip(zip(a.map(|x| -x), b, float::mul), c, float::add);
    I8x16RelaxedLaneselect "i8x16.relaxed_laneselect": (a: u128, b: u128, mask: u128) -> u128 = (a & mask) | (b & !mask);
    I16x8RelaxedLaneselect "i16x8.relaxed_laneselect": (a: u128, b: u128, mask: u128) -> u128 = (a & mask) | (b & !mask);
    I32x4RelaxedLaneselect "i32x4.relaxed_laneselect": (a: u128, b: u128, mask: u128) -> u128 = (a & mask) | (b & !mask);
    I64x2RelaxedLaneselect "i64x2.relaxed_laneselect": (a: u128, b: u128, mask: u128) -> u128 = (a & mask) | (b & !mask);
    F32x4RelaxedMin "f32x4.relaxed_min": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::min);
    F32x4RelaxedMax "f32x4.relaxed_max": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::max);
    F64x2RelaxedMin "f64x2.relaxed_min": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::min);
    F64x2RelaxedMax "f64x2.relaxed_max": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::max);
    I16x8RelaxedQ15mulrS "i16x8.relaxed_q15mulr_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, int::q15mulr_sat);
    I16x8RelaxedDotI8x16I7x16S "i16x8.relaxed_dot_i8x16_i7x16_s": (a: I8x16, b: I8x16) -> I16x8 = dot_sat(a, b);
    I32x4RelaxedDotI8x16I7x16AddS "i32x4.relaxed_dot_i8x16_i7x16_add_s": (a: I8x16, b: I8x16, c: I32x4) -> I32x4 =
        zip(extadd_pairwise(dot_sat(a, b)), c, i32::wrapping_add);
}
