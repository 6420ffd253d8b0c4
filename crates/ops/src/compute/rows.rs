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
    I32Eqz 0x45 "i32.eqz": (a: i32) -> bool = a == 0;
    I32Eq 0x46 "i32.eq": (a: i32, b: i32) -> bool = a == b;
    I32Ne 0x47 "i32.ne": (a: i32, b: i32) -> bool = a != b;
    I32LtS 0x48 "i32.lt_s": (a: i32, b: i32) -> bool = a < b;
    I32LtU 0x49 "i32.lt_u": (a: u32, b: u32) -> bool = a < b;
    I32GtS 0x4a "i32.gt_s": (a: i32, b: i32) -> bool = a > b;
    I32GtU 0x4b "i32.gt_u": (a: u32, b: u32) -> bool = a > b;
    I32LeS 0x4c "i32.le_s": (a: i32, b: i32) -> bool = a <= b;
    I32LeU 0x4d "i32.le_u": (a: u32, b: u32) -> bool = a <= b;
    I32GeS 0x4e "i32.ge_s": (a: i32, b: i32) -> bool = a >= b;
    I32GeU 0x4f "i32.ge_u": (a: u32, b: u32) -> bool = a >= b;

    // i64 comparisons.
    I64Eqz 0x50 "i64.eqz": (a: i64) -> bool = a == 0;
    I64Eq 0x51 "i64.eq": (a: i64, b: i64) -> bool = a == b;
    I64Ne 0x52 "i64.ne": (a: i64, b: i64) -> bool = a != b;
    I64LtS 0x53 "i64.lt_s": (a: i64, b: i64) -> bool = a < b;
    I64LtU 0x54 "i64.lt_u": (a: u64, b: u64) -> bool = a < b;
    I64GtS 0x55 "i64.gt_s": (a: i64, b: i64) -> bool = a > b;
    I64GtU 0x56 "i64.gt_u": (a: u64, b: u64) -> bool = a > b;
    I64LeS 0x57 "i64.le_s": (a: i64, b: i64) -> bool = a <= b;
    I64LeU 0x58 "i64.le_u": (a: u64, b: u64) -> bool = a <= b;
    I64GeS 0x59 "i64.ge_s": (a: i64, b: i64) -> bool = a >= b;
    I64GeU 0x5a "i64.ge_u": (a: u64, b: u64) -> bool = a >= b;

    // f32 comparisons.
    F32Eq 0x5b "f32.eq": (a: f32, b: f32) -> bool = a == b;
    F32Ne 0x5c "f32.ne": (a: f32, b: f32) -> bool = a != b;
    F32Lt 0x5d "f32.lt": (a: f32, b: f32) -> bool = a < b;
    F32Gt 0x5e "f32.gt": (a: f32, b: f32) -> bool = a > b;
    F32Le 0x5f "f32.le": (a: f32, b: f32) -> bool = a <= b;
    F32Ge 0x60 "f32.ge": (a: f32, b: f32) -> bool = a >= b;

    // f64 comparisons.
    F64Eq 0x61 "f64.eq": (a: f64, b: f64) -> bool = a == b;
    F64Ne 0x62 "f64.ne": (a: f64, b: f64) -> bool = a != b;
    F64Lt 0x63 "f64.lt": (a: f64, b: f64) -> bool = a < b;
    F64Gt 0x64 "f64.gt": (a: f64, b: f64) -> bool = a > b;
    F64Le 0x65 "f64.le": (a: f64, b: f64) -> bool = a <= b;
    F64Ge 0x66 "f64.ge": (a: f64, b: f64) -> bool = a >= b;

    // i32 arithmetic; shift counts are taken modulo 32.
    I32Clz 0x67 "i32.clz": (a: u32) -> u32 = a.leading_zeros();
    I32Ctz 0x68 "i32.ctz": (a: u32) -> u32 = a.trailing_zeros();
    I32Popcnt 0x69 "i32.popcnt": (a: u32) -> u32 = a.count_ones();
    I32Add 0x6a "i32.add": (a: i32, b: i32) -> i32 = a.wrapping_add(b);
    I32Sub 0x6b "i32.sub": (a: i32, b: i32) -> i32 = a.wrapping_sub(b);
    I32Mul 0x6c "i32.mul": (a: i32, b: i32) -> i32 = a.wrapping_mul(b);
    I32DivS 0x6d "i32.div_s": (a: i32, b: i32) -> i32 or trap = int::div(a, b)?;
    I32DivU 0x6e "i32.div_u": (a: u32, b: u32) -> u32 or trap = int::div(a, b)?;
    I32RemS 0x6f "i32.rem_s": (a: i32, b: i32) -> i32 or trap = int::rem(a, b)?;
    I32RemU 0x70 "i32.rem_u": (a: u32, b: u32) -> u32 or trap = int::rem(a, b)?;
    I32And 0x71 "i32.and": (a: i32, b: i32) -> i32 = a & b;
    I32Or 0x72 "i32.or": (a: i32, b: i32) -> i32 = a | b;
    I32Xor 0x73 "i32.xor": (a: i32, b: i32) -> i32 = a ^ b;
    I32Shl 0x74 "i32.shl": (a: i32, n: u32) -> i32 = a.wrapping_shl(n);
    I32ShrS 0x75 "i32.shr_s": (a: i32, n: u32) -> i32 = a.wrapping_shr(n);
    I32ShrU 0x76 "i32.shr_u": (a: u32, n: u32) -> u32 = a.wrapping_shr(n);
    I32Rotl 0x77 "i32.rotl": (a: i32, n: u32) -> i32 = a.rotate_left(n);
    I32Rotr 0x78 "i32.rotr": (a: i32, n: u32) -> i32 = a.rotate_right(n);

    // i64 arithmetic; shift counts are taken modulo 64.
    I64Clz 0x79 "i64.clz": (a: u64) -> u64 = a.leading_zeros().into();
    I64Ctz 0x7a "i64.ctz": (a: u64) -> u64 = a.trailing_zeros().into();
    I64Popcnt 0x7b "i64.popcnt": (a: u64) -> u64 = a.count_ones().into();
    I64Add 0x7c "i64.add": (a: i64, b: i64) -> i64 = a.wrapping_add(b);
    I64Sub 0x7d "i64.sub": (a: i64, b: i64) -> i64 = a.wrapping_sub(b);
    I64Mul 0x7e "i64.mul": (a: i64, b: i64) -> i64 = a.wrapping_mul(b);
    I64DivS 0x7f "i64.div_s": (a: i64, b: i64) -> i64 or trap = int::div(a, b)?;
    I64DivU 0x80 "i64.div_u": (a: u64, b: u64) -> u64 or trap = int::div(a, b)?;
    I64RemS 0x81 "i64.rem_s": (a: i64, b: i64) -> i64 or trap = int::rem(a, b)?;
    I64RemU 0x82 "i64.rem_u": (a: u64, b: u64) -> u64 or trap = int::rem(a, b)?;
    I64And 0x83 "i64.and": (a: i64, b: i64) -> i64 = a & b;
    I64Or 0x84 "i64.or": (a: i64, b: i64) -> i64 = a | b;
    I64Xor 0x85 "i64.xor": (a: i64, b: i64) -> i64 = a ^ b;
    I64Shl 0x86 "i64.shl": (a: i64, n: u64) -> i64 = a.wrapping_shl(n as u32);
    I64ShrS 0x87 "i64.shr_s": (a: i64, n: u64) -> i64 = a.wrapping_shr(n as u32);
    I64ShrU 0x88 "i64.shr_u": (a: u64, n: u64) -> u64 = a.wrapping_shr(n as u32);
    I64Rotl 0x89 "i64.rotl": (a: i64, n: u64) -> i64 = a.rotate_left(n as u32);
    I64Rotr 0x8a "i64.rotr": (a: i64, n: u64) -> i64 = a.rotate_right(n as u32);

    // f32 arithmetic; abs, neg and copysign work on the sign bit alone, NaN or not.
    F32Abs 0x8b "f32.abs": (a: f32) -> f32 = a.abs();
    F32Neg 0x8c "f32.neg": (a: f32) -> f32 = -a;
    F32Ceil 0x8d "f32.ceil": (a: f32) -> f32 = float::ceil(a);
    F32Floor 0x8e "f32.floor": (a: f32) -> f32 = float::floor(a);
    F32Trunc 0x8f "f32.trunc": (a: f32) -> f32 = float::trunc(a);
    F32Nearest 0x90 "f32.nearest": (a: f32) -> f32 = float::nearest(a);
    F32Sqrt 0x91 "f32.sqrt": (a: f32) -> f32 = float::sqrt(a);
    F32Add 0x92 "f32.add": (a: f32, b: f32) -> f32 = float::add(a, b);
    F32Sub 0x93 "f32.sub": (a: f32, b: f32) -> f32 = float::sub(a, b);
    F32Mul 0x94 "f32.mul": (a: f32, b: f32) -> f32 = float::mul(a, b);
    F32Div 0x95 "f32.div": (a: f32, b: f32) -> f32 = float::div(a, b);
    F32Min 0x96 "f32.min": (a: f32, b: f32) -> f32 = float::min(a, b);
    F32Max 0x97 "f32.max": (a: f32, b: f32) -> f32 = float::max(a, b);
    F32Copysign 0x98 "f32.copysign": (a: f32, b: f32) -> f32 = a.copysign(b);

    // f64 arithmetic; abs, neg and copysign work on the sign bit alone, NaN or not.
    F64Abs 0x99 "f64.abs": (a: f64) -> f64 = a.abs();
    F64Neg 0x9a "f64.neg": (a: f64) -> f64 = -a;
    F64Ceil 0x9b "f64.ceil": (a: f64) -> f64 = float::ceil(a);
    F64Floor 0x9c "f64.floor": (a: f64) -> f64 = float::floor(a);
    F64Trunc 0x9d "f64.trunc": (a: f64) -> f64 = float::trunc(a);
    F64Nearest 0x9e "f64.nearest": (a: f64) -> f64 = float::nearest(a);
    F64Sqrt 0x9f "f64.sqrt": (a: f64) -> f64 = float::sqrt(a);
    F64Add 0xa0 "f64.add": (a: f64, b: f64) -> f64 = float::add(a, b);
    F64Sub 0xa1 "f64.sub": (a: f64, b: f64) -> f64 = float::sub(a, b);
    F64Mul 0xa2 "f64.mul": (a: f64, b: f64) -> f64 = float::mul(a, b);
    F64Div 0xa3 "f64.div": (a: f64, b: f64) -> f64 = float::div(a, b);
    F64Min 0xa4 "f64.min": (a: f64, b: f64) -> f64 = float::min(a, b);
    F64Max 0xa5 "f64.max": (a: f64, b: f64) -> f64 = float::max(a, b);
    F64Copysign 0xa6 "f64.copysign": (a: f64, b: f64) -> f64 = a.copysign(b);

    // Conversions.
    I32WrapI64 0xa7 "i32.wrap_i64": (a: i64) -> i32 = a as i32;
    I32TruncF32S 0xa8 "i32.trunc_f32_s": (a: f32) -> i32 or trap = convert::trunc(a)?;
    I32TruncF32U 0xa9 "i32.trunc_f32_u": (a: f32) -> u32 or trap = convert::trunc(a)?;
    I32TruncF64S 0xaa "i32.trunc_f64_s": (a: f64) -> i32 or trap = convert::trunc(a)?;
    I32TruncF64U 0xab "i32.trunc_f64_u": (a: f64) -> u32 or trap = convert::trunc(a)?;
    I64ExtendI32S 0xac "i64.extend_i32_s": (a: i32) -> i64 = a.into();
    I64ExtendI32U 0xad "i64.extend_i32_u": (a: u32) -> u64 = a.into();
    I64TruncF32S 0xae "i64.trunc_f32_s": (a: f32) -> i64 or trap = convert::trunc(a)?;
    I64TruncF32U 0xaf "i64.trunc_f32_u": (a: f32) -> u64 or trap = convert::trunc(a)?;
    I64TruncF64S 0xb0 "i64.trunc_f64_s": (a: f64) -> i64 or trap = convert::trunc(a)?;
    I64TruncF64U 0xb1 "i64.trunc_f64_u": (a: f64) -> u64 or trap = convert::trunc(a)?;
    F32ConvertI32S 0xb2 "f32.convert_i32_s": (a: i32) -> f32 = a as f32;
    F32ConvertI32U 0xb3 "f32.convert_i32_u": (a: u32) -> f32 = a as f32;
    F32ConvertI64S 0xb4 "f32.convert_i64_s": (a: i64) -> f32 = a as f32;
    F32ConvertI64U 0xb5 "f32.convert_i64_u": (a: u64) -> f32 = a as f32;
    F32DemoteF64 0xb6 "f32.demote_f64": (a: f64) -> f32 = convert::demote(a);
    F64ConvertI32S 0xb7 "f64.convert_i32_s": (a: i32) -> f64 = a.into();
    F64ConvertI32U 0xb8 "f64.convert_i32_u": (a: u32) -> f64 = a.into();
    F64ConvertI64S 0xb9 "f64.convert_i64_s": (a: i64) -> f64 = a as f64;
    F64ConvertI64U 0xba "f64.convert_i64_u": (a: u64) -> f64 = a as f64;
    F64PromoteF32 0xbb "f64.promote_f32": (a: f32) -> f64 = convert::promote(a);
    I32ReinterpretF32 0xbc "i32.reinterpret_f32": (a: f32) -> u32 = a.to_bits();
    I64ReinterpretF64 0xbd "i64.reinterpret_f64": (a: f64) -> u64 = a.to_bits();
    F32ReinterpretI32 0xbe "f32.reinterpret_i32": (a: u32) -> f32 = f32::from_bits(a);
    F64ReinterpretI64 0xbf "f64.reinterpret_i64": (a: u64) -> f64 = f64::from_bits(a);

    // Sign extension.
    I32Extend8S 0xc0 "i32.extend8_s": (a: i32) -> i32 = (a as i8).into();
    I32Extend16S 0xc1 "i32.extend16_s": (a: i32) -> i32 = (a as i16).into();
    I64Extend8S 0xc2 "i64.extend8_s": (a: i64) -> i64 = (a as i8).into();
    I64Extend16S 0xc3 "i64.extend16_s": (a: i64) -> i64 = (a as i16).into();
    I64Extend32S 0xc4 "i64.extend32_s": (a: i64) -> i64 = (a as i32).into();

    // Saturating conversions: NaN becomes 0, what does not fit the nearest bound; so does `as`.
    I32TruncSatF32S 0xfc_0000 "i32.trunc_sat_f32_s": (a: f32) -> i32 = a as i32;
    I32TruncSatF32U 0xfc_0001 "i32.trunc_sat_f32_u": (a: f32) -> u32 = a as u32;
    I32TruncSatF64S 0xfc_0002 "i32.trunc_sat_f64_s": (a: f64) -> i32 = a as i32;
    I32TruncSatF64U 0xfc_0003 "i32.trunc_sat_f64_u": (a: f64) -> u32 = a as u32;
    I64TruncSatF32S 0xfc_0004 "i64.trunc_sat_f32_s": (a: f32) -> i64 = a as i64;
    I64TruncSatF32U 0xfc_0005 "i64.trunc_sat_f32_u": (a: f32) -> u64 = a as u64;
    I64TruncSatF64S 0xfc_0006 "i64.trunc_sat_f64_s": (a: f64) -> i64 = a as i64;
    I64TruncSatF64U 0xfc_0007 "i64.trunc_sat_f64_u": (a: f64) -> u64 = a as u64;

    // Vectors: lanes chosen, splats.
    I8x16Swizzle 0xfd_000e "i8x16.swizzle": (a: U8x16, lanes: U8x16) -> U8x16 = v128::swizzle(a, lanes);
    I8x16Splat 0xfd_000f "i8x16.splat": (x: i32) -> I8x16 = [x as i8; 16];
    I16x8Splat 0xfd_0010 "i16x8.splat": (x: i32) -> I16x8 = [x as i16; 8];
    I32x4Splat 0xfd_0011 "i32x4.splat": (x: i32) -> I32x4 = [x; 4];
    I64x2Splat 0xfd_0012 "i64x2.splat": (x: i64) -> I64x2 = [x; 2];
    F32x4Splat 0xfd_0013 "f32x4.splat": (x: f32) -> F32x4 = [x; 4];
    F64x2Splat 0xfd_0014 "f64x2.splat": (x: f64) -> F64x2 = [x; 2];

    // Vectors: comparisons of lanes.
    I8x16Eq 0xfd_0023 "i8x16.eq": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x == y);
    I8x16Ne 0xfd_0024 "i8x16.ne": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x != y);
    I8x16LtS 0xfd_0025 "i8x16.lt_s": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x < y);
    I8x16LtU 0xfd_0026 "i8x16.lt_u": (a: U8x16, b: U8x16) -> [bool; 16] = zip(a, b, |x, y| x < y);
    I8x16GtS 0xfd_0027 "i8x16.gt_s": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x > y);
    I8x16GtU 0xfd_0028 "i8x16.gt_u": (a: U8x16, b: U8x16) -> [bool; 16] = zip(a, b, |x, y| x > y);
    I8x16LeS 0xfd_0029 "i8x16.le_s": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x <= y);
    I8x16LeU 0xfd_002a "i8x16.le_u": (a: U8x16, b: U8x16) -> [bool; 16] = zip(a, b, |x, y| x <= y);
    I8x16GeS 0xfd_002b "i8x16.ge_s": (a: I8x16, b: I8x16) -> [bool; 16] = zip(a, b, |x, y| x >= y);
    I8x16GeU 0xfd_002c "i8x16.ge_u": (a: U8x16, b: U8x16) -> [bool; 16] = zip(a, b, |x, y| x >= y);
    I16x8Eq 0xfd_002d "i16x8.eq": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x == y);
    I16x8Ne 0xfd_002e "i16x8.ne": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x != y);
    I16x8LtS 0xfd_002f "i16x8.lt_s": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x < y);
    I16x8LtU 0xfd_0030 "i16x8.lt_u": (a: U16x8, b: U16x8) -> [bool; 8] = zip(a, b, |x, y| x < y);
    I16x8GtS 0xfd_0031 "i16x8.gt_s": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x > y);
    I16x8GtU 0xfd_0032 "i16x8.gt_u": (a: U16x8, b: U16x8) -> [bool; 8] = zip(a, b, |x, y| x > y);
    I16x8LeS 0xfd_0033 "i16x8.le_s": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x <= y);
    I16x8LeU 0xfd_0034 "i16x8.le_u": (a: U16x8, b: U16x8) -> [bool; 8] = zip(a, b, |x, y| x <= y);
    I16x8GeS 0xfd_0035 "i16x8.ge_s": (a: I16x8, b: I16x8) -> [bool; 8] = zip(a, b, |x, y| x >= y);
    I16x8GeU 0xfd_0036 "i16x8.ge_u": (a: U16x8, b: U16x8) -> [bool; 8] = zip(a, b, |x, y| x >= y);
    I32x4Eq 0xfd_0037 "i32x4.eq": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x == y);
    I32x4Ne 0xfd_0038 "i32x4.ne": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x != y);
    I32x4LtS 0xfd_0039 "i32x4.lt_s": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x < y);
    I32x4LtU 0xfd_003a "i32x4.lt_u": (a: U32x4, b: U32x4) -> [bool; 4] = zip(a, b, |x, y| x < y);
    I32x4GtS 0xfd_003b "i32x4.gt_s": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x > y);
    I32x4GtU 0xfd_003c "i32x4.gt_u": (a: U32x4, b: U32x4) -> [bool; 4] = zip(a, b, |x, y| x > y);
    I32x4LeS 0xfd_003d "i32x4.le_s": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x <= y);
    I32x4LeU 0xfd_003e "i32x4.le_u": (a: U32x4, b: U32x4) -> [bool; 4] = zip(a, b, |x, y| x <= y);
    I32x4GeS 0xfd_003f "i32x4.ge_s": (a: I32x4, b: I32x4) -> [bool; 4] = zip(a, b, |x, y| x >= y);
    I32x4GeU 0xfd_0040 "i32x4.ge_u": (a: U32x4, b: U32x4) -> [bool; 4] = zip(a, b, |x, y| x >= y);
    I64x2Eq 0xfd_00d6 "i64x2.eq": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x == y);
    I64x2Ne 0xfd_00d7 "i64x2.ne": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x != y);
    I64x2LtS 0xfd_00d8 "i64x2.lt_s": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x < y);
    I64x2GtS 0xfd_00d9 "i64x2.gt_s": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x > y);
    I64x2LeS 0xfd_00da "i64x2.le_s": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x <= y);
    I64x2GeS 0xfd_00db "i64x2.ge_s": (a: I64x2, b: I64x2) -> [bool; 2] = zip(a, b, |x, y| x >= y);
    F32x4Eq 0xfd_0041 "f32x4.eq": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x == y);
    F32x4Ne 0xfd_0042 "f32x4.ne": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x != y);
    F32x4Lt 0xfd_0043 "f32x4.lt": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x < y);
    F32x4Gt 0xfd_0044 "f32x4.gt": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x > y);
    F32x4Le 0xfd_0045 "f32x4.le": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x <= y);
    F32x4Ge 0xfd_0046 "f32x4.ge": (a: F32x4, b: F32x4) -> [bool; 4] = zip(a, b, |x, y| x >= y);
    F64x2Eq 0xfd_0047 "f64x2.eq": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x == y);
    F64x2Ne 0xfd_0048 "f64x2.ne": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x != y);
    F64x2Lt 0xfd_0049 "f64x2.lt": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x < y);
    F64x2Gt 0xfd_004a "f64x2.gt": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x > y);
    F64x2Le 0xfd_004b "f64x2.le": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x <= y);
    F64x2Ge 0xfd_004c "f64x2.ge": (a: F64x2, b: F64x2) -> [bool; 2] = zip(a, b, |x, y| x >= y);

    // Vectors as 128 bits.
    V128Not 0xfd_004d "v128.not": (a: u128) -> u128 = !a;
    V128And 0xfd_004e "v128.and": (a: u128, b: u128) -> u128 = a & b;
    V128AndNot 0xfd_004f "v128.andnot": (a: u128, b: u128) -> u128 = a & !b;
    V128Or 0xfd_0050 "v128.or": (a: u128, b: u128) -> u128 = a | b;
    V128Xor 0xfd_0051 "v128.xor": (a: u128, b: u128) -> u128 = a ^ b;
    V128Bitselect 0xfd_0052 "v128.bitselect": (a: u128, b: u128, mask: u128) -> u128 = (a & mask) | (b & !mask);
    V128AnyTrue 0xfd_0053 "v128.any_true": (a: u128) -> bool = a != 0;

    // i8x16 arithmetic; shift counts are taken modulo 8.
    I8x16Abs 0xfd_0060 "i8x16.abs": (a: I8x16) -> I8x16 = a.map(i8::wrapping_abs);
    I8x16Neg 0xfd_0061 "i8x16.neg": (a: I8x16) -> I8x16 = a.map(i8::wrapping_neg);
    I8x16Popcnt 0xfd_0062 "i8x16.popcnt": (a: U8x16) -> U8x16 = a.map(|x| x.count_ones() as u8);
    I8x16AllTrue 0xfd_0063 "i8x16.all_true": (a: I8x16) -> bool = !a.contains(&0);
    I8x16Bitmask 0xfd_0064 "i8x16.bitmask": (a: I8x16) -> u32 = bitmask(a.map(|x| x < 0));
    I8x16NarrowI16x8S 0xfd_0065 "i8x16.narrow_i16x8_s": (a: I16x8, b: I16x8) -> I8x16 = narrow(a, b);
    I8x16NarrowI16x8U 0xfd_0066 "i8x16.narrow_i16x8_u": (a: I16x8, b: I16x8) -> U8x16 = narrow(a, b);
    I8x16Shl 0xfd_006b "i8x16.shl": (a: I8x16, n: u32) -> I8x16 = a.map(|x| x.wrapping_shl(n));
    I8x16ShrS 0xfd_006c "i8x16.shr_s": (a: I8x16, n: u32) -> I8x16 = a.map(|x| x.wrapping_shr(n));
    I8x16ShrU 0xfd_006d "i8x16.shr_u": (a: U8x16, n: u32) -> U8x16 = a.map(|x| x.wrapping_shr(n));
    I8x16Add 0xfd_006e "i8x16.add": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::wrapping_add);
    I8x16AddSatS 0xfd_006f "i8x16.add_sat_s": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::saturating_add);
    I8x16AddSatU 0xfd_0070 "i8x16.add_sat_u": (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::saturating_add);
    I8x16Sub 0xfd_0071 "i8x16.sub": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::wrapping_sub);
    I8x16SubSatS 0xfd_0072 "i8x16.sub_sat_s": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::saturating_sub);
    I8x16SubSatU 0xfd_0073 "i8x16.sub_sat_u": (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::saturating_sub);
    I8x16MinS 0xfd_0076 "i8x16.min_s": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::min);
    I8x16MinU 0xfd_0077 "i8x16.min_u": (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::min);
    I8x16MaxS 0xfd_0078 "i8x16.max_s": (a: I8x16, b: I8x16) -> I8x16 = zip(a, b, i8::max);
    I8x16MaxU 0xfd_0079 "i8x16.max_u": (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, u8::max);
    I8x16AvgrU 0xfd_007b "i8x16.avgr_u": (a: U8x16, b: U8x16) -> U8x16 = zip(a, b, int::avgr);

    // i16x8 arithmetic; shift counts are taken modulo 16.
    I16x8ExtAddPairwiseI8x16S 0xfd_007c "i16x8.extadd_pairwise_i8x16_s": (a: I8x16) -> I16x8 = extadd_pairwise(a);
    I16x8ExtAddPairwiseI8x16U 0xfd_007d "i16x8.extadd_pairwise_i8x16_u": (a: U8x16) -> U16x8 = extadd_pairwise(a);
    I16x8Abs 0xfd_0080 "i16x8.abs": (a: I16x8) -> I16x8 = a.map(i16::wrapping_abs);
    I16x8Neg 0xfd_0081 "i16x8.neg": (a: I16x8) -> I16x8 = a.map(i16::wrapping_neg);
    I16x8Q15MulrSatS 0xfd_0082 "i16x8.q15mulr_sat_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, int::q15mulr_sat);
    I16x8AllTrue 0xfd_0083 "i16x8.all_true": (a: I16x8) -> bool = !a.contains(&0);
    I16x8Bitmask 0xfd_0084 "i16x8.bitmask": (a: I16x8) -> u32 = bitmask(a.map(|x| x < 0));
    I16x8NarrowI32x4S 0xfd_0085 "i16x8.narrow_i32x4_s": (a: I32x4, b: I32x4) -> I16x8 = narrow(a, b);
    I16x8NarrowI32x4U 0xfd_0086 "i16x8.narrow_i32x4_u": (a: I32x4, b: I32x4) -> U16x8 = narrow(a, b);
    I16x8ExtendLowI8x16S 0xfd_0087 "i16x8.extend_low_i8x16_s": (a: I8x16) -> I16x8 = low(a).map(Into::into);
    I16x8ExtendHighI8x16S 0xfd_0088 "i16x8.extend_high_i8x16_s": (a: I8x16) -> I16x8 = high(a).map(Into::into);
    I16x8ExtendLowI8x16U 0xfd_0089 "i16x8.extend_low_i8x16_u": (a: U8x16) -> U16x8 = low(a).map(Into::into);
    I16x8ExtendHighI8x16U 0xfd_008a "i16x8.extend_high_i8x16_u": (a: U8x16) -> U16x8 = high(a).map(Into::into);
    I16x8Shl 0xfd_008b "i16x8.shl": (a: I16x8, n: u32) -> I16x8 = a.map(|x| x.wrapping_shl(n));
    I16x8ShrS 0xfd_008c "i16x8.shr_s": (a: I16x8, n: u32) -> I16x8 = a.map(|x| x.wrapping_shr(n));
    I16x8ShrU 0xfd_008d "i16x8.shr_u": (a: U16x8, n: u32) -> U16x8 = a.map(|x| x.wrapping_shr(n));
    I16x8Add 0xfd_008e "i16x8.add": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::wrapping_add);
    I16x8AddSatS 0xfd_008f "i16x8.add_sat_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::saturating_add);
    I16x8AddSatU 0xfd_0090 "i16x8.add_sat_u": (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::saturating_add);
    I16x8Sub 0xfd_0091 "i16x8.sub": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::wrapping_sub);
    I16x8SubSatS 0xfd_0092 "i16x8.sub_sat_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::saturating_sub);
    I16x8SubSatU 0xfd_0093 "i16x8.sub_sat_u": (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::saturating_sub);
    I16x8Mul 0xfd_0095 "i16x8.mul": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::wrapping_mul);
    I16x8MinS 0xfd_0096 "i16x8.min_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::min);
    I16x8MinU 0xfd_0097 "i16x8.min_u": (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::min);
    I16x8MaxS 0xfd_0098 "i16x8.max_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, i16::max);
    I16x8MaxU 0xfd_0099 "i16x8.max_u": (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, u16::max);
    I16x8AvgrU 0xfd_009b "i16x8.avgr_u": (a: U16x8, b: U16x8) -> U16x8 = zip(a, b, int::avgr);
    I16x8ExtMulLowI8x16S 0xfd_009c "i16x8.extmul_low_i8x16_s": (a: I8x16, b: I8x16) -> I16x8 = extmul(low(a), low(b));
    I16x8ExtMulHighI8x16S 0xfd_009d "i16x8.extmul_high_i8x16_s": (a: I8x16, b: I8x16) -> I16x8 = extmul(high(a), high(b));
    I16x8ExtMulLowI8x16U 0xfd_009e "i16x8.extmul_low_i8x16_u": (a: U8x16, b: U8x16) -> U16x8 = extmul(low(a), low(b));
    I16x8ExtMulHighI8x16U 0xfd_009f "i16x8.extmul_high_i8x16_u": (a: U8x16, b: U8x16) -> U16x8 = extmul(high(a), high(b));

    // i32x4 arithmetic; shift counts are taken modulo 32.
    I32x4ExtAddPairwiseI16x8S 0xfd_007e "i32x4.extadd_pairwise_i16x8_s": (a: I16x8) -> I32x4 = extadd_pairwise(a);
    I32x4ExtAddPairwiseI16x8U 0xfd_007f "i32x4.extadd_pairwise_i16x8_u": (a: U16x8) -> U32x4 = extadd_pairwise(a);
    I32x4Abs 0xfd_00a0 "i32x4.abs": (a: I32x4) -> I32x4 = a.map(i32::wrapping_abs);
    I32x4Neg 0xfd_00a1 "i32x4.neg": (a: I32x4) -> I32x4 = a.map(i32::wrapping_neg);
    I32x4AllTrue 0xfd_00a3 "i32x4.all_true": (a: I32x4) -> bool = !a.contains(&0);
    I32x4Bitmask 0xfd_00a4 "i32x4.bitmask": (a: I32x4) -> u32 = bitmask(a.map(|x| x < 0));
    I32x4ExtendLowI16x8S 0xfd_00a7 "i32x4.extend_low_i16x8_s": (a: I16x8) -> I32x4 = low(a).map(Into::into);
    I32x4ExtendHighI16x8S 0xfd_00a8 "i32x4.extend_high_i16x8_s": (a: I16x8) -> I32x4 = high(a).map(Into::into);
    I32x4ExtendLowI16x8U 0xfd_00a9 "i32x4.extend_low_i16x8_u": (a: U16x8) -> U32x4 = low(a).map(Into::into);
    I32x4ExtendHighI16x8U 0xfd_00aa "i32x4.extend_high_i16x8_u": (a: U16x8) -> U32x4 = high(a).map(Into::into);
    I32x4Shl 0xfd_00ab "i32x4.shl": (a: I32x4, n: u32) -> I32x4 = a.map(|x| x.wrapping_shl(n));
    I32x4ShrS 0xfd_00ac "i32x4.shr_s": (a: I32x4, n: u32) -> I32x4 = a.map(|x| x.wrapping_shr(n));
    I32x4ShrU 0xfd_00ad "i32x4.shr_u": (a: U32x4, n: u32) -> U32x4 = a.map(|x| x.wrapping_shr(n));
    I32x4Add 0xfd_00ae "i32x4.add": (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::wrapping_add);
    I32x4Sub 0xfd_00b1 "i32x4.sub": (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::wrapping_sub);
    I32x4Mul 0xfd_00b5 "i32x4.mul": (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::wrapping_mul);
    I32x4MinS 0xfd_00b6 "i32x4.min_s": (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::min);
    I32x4MinU 0xfd_00b7 "i32x4.min_u": (a: U32x4, b: U32x4) -> U32x4 = zip(a, b, u32::min);
    I32x4MaxS 0xfd_00b8 "i32x4.max_s": (a: I32x4, b: I32x4) -> I32x4 = zip(a, b, i32::max);
    I32x4MaxU 0xfd_00b9 "i32x4.max_u": (a: U32x4, b: U32x4) -> U32x4 = zip(a, b, u32::max);
    I32x4DotI16x8S 0xfd_00ba "i32x4.dot_i16x8_s": (a: I16x8, b: I16x8) -> I32x4 = dot(a, b);
    I32x4ExtMulLowI16x8S 0xfd_00bc "i32x4.extmul_low_i16x8_s": (a: I16x8, b: I16x8) -> I32x4 = extmul(low(a), low(b));
    I32x4ExtMulHighI16x8S 0xfd_00bd "i32x4.extmul_high_i16x8_s": (a: I16x8, b: I16x8) -> I32x4 = extmul(high(a), high(b));
    I32x4ExtMulLowI16x8U 0xfd_00be "i32x4.extmul_low_i16x8_u": (a: U16x8, b: U16x8) -> U32x4 = extmul(low(a), low(b));
    I32x4ExtMulHighI16x8U 0xfd_00bf "i32x4.extmul_high_i16x8_u": (a: U16x8, b: U16x8) -> U32x4 = extmul(high(a), high(b));

    // i64x2 arithmetic; shift counts are taken modulo 64.
    I64x2Abs 0xfd_00c0 "i64x2.abs": (a: I64x2) -> I64x2 = a.map(i64::wrapping_abs);
    I64x2Neg 0xfd_00c1 "i64x2.neg": (a: I64x2) -> I64x2 = a.map(i64::wrapping_neg);
    I64x2AllTrue 0xfd_00c3 "i64x2.all_true": (a: I64x2) -> bool = !a.contains(&0);
    I64x2Bitmask 0xfd_00c4 "i64x2.bitmask": (a: I64x2) -> u32 = bitmask(a.map(|x| x < 0));
    I64x2ExtendLowI32x4S 0xfd_00c7 "i64x2.extend_low_i32x4_s": (a: I32x4) -> I64x2 = low(a).map(Into::into);
    I64x2ExtendHighI32x4S 0xfd_00c8 "i64x2.extend_high_i32x4_s": (a: I32x4) -> I64x2 = high(a).map(Into::into);
    I64x2ExtendLowI32x4U 0xfd_00c9 "i64x2.extend_low_i32x4_u": (a: U32x4) -> U64x2 = low(a).map(Into::into);
    I64x2ExtendHighI32x4U 0xfd_00ca "i64x2.extend_high_i32x4_u": (a: U32x4) -> U64x2 = high(a).map(Into::into);
    I64x2Shl 0xfd_00cb "i64x2.shl": (a: I64x2, n: u32) -> I64x2 = a.map(|x| x.wrapping_shl(n));
    I64x2ShrS 0xfd_00cc "i64x2.shr_s": (a: I64x2, n: u32) -> I64x2 = a.map(|x| x.wrapping_shr(n));
    I64x2ShrU 0xfd_00cd "i64x2.shr_u": (a: U64x2, n: u32) -> U64x2 = a.map(|x| x.wrapping_shr(n));
    I64x2Add 0xfd_00ce "i64x2.add": (a: I64x2, b: I64x2) -> I64x2 = zip(a, b, i64::wrapping_add);
    I64x2Sub 0xfd_00d1 "i64x2.sub": (a: I64x2, b: I64x2) -> I64x2 = zip(a, b, i64::wrapping_sub);
    I64x2Mul 0xfd_00d5 "i64x2.mul": (a: I64x2, b: I64x2) -> I64x2 = zip(a, b, i64::wrapping_mul);
    I64x2ExtMulLowI32x4S 0xfd_00dc "i64x2.extmul_low_i32x4_s": (a: I32x4, b: I32x4) -> I64x2 = extmul(low(a), low(b));
    I64x2ExtMulHighI32x4S 0xfd_00dd "i64x2.extmul_high_i32x4_s": (a: I32x4, b: I32x4) -> I64x2 = extmul(high(a), high(b));
    I64x2ExtMulLowI32x4U 0xfd_00de "i64x2.extmul_low_i32x4_u": (a: U32x4, b: U32x4) -> U64x2 = extmul(low(a), low(b));
    I64x2ExtMulHighI32x4U 0xfd_00df "i64x2.extmul_high_i32x4_u": (a: U32x4, b: U32x4) -> U64x2 = extmul(high(a), high(b));

    // f32x4 arithmetic: the scalar meanings, lane by lane.
    F32x4Ceil 0xfd_0067 "f32x4.ceil": (a: F32x4) -> F32x4 = a.map(float::ceil);
    F32x4Floor 0xfd_0068 "f32x4.floor": (a: F32x4) -> F32x4 = a.map(float::floor);
    F32x4Trunc 0xfd_0069 "f32x4.trunc": (a: F32x4) -> F32x4 = a.map(float::trunc);
    F32x4Nearest 0xfd_006a "f32x4.nearest": (a: F32x4) -> F32x4 = a.map(float::nearest);
    F32x4Abs 0xfd_00e0 "f32x4.abs": (a: F32x4) -> F32x4 = a.map(f32::abs);
    F32x4Neg 0xfd_00e1 "f32x4.neg": (a: F32x4) -> F32x4 = a.map(|x| -x);
    F32x4Sqrt 0xfd_00e3 "f32x4.sqrt": (a: F32x4) -> F32x4 = a.map(float::sqrt);
    F32x4Add 0xfd_00e4 "f32x4.add": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::add);
    F32x4Sub 0xfd_00e5 "f32x4.sub": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::sub);
    F32x4Mul 0xfd_00e6 "f32x4.mul": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::mul);
    F32x4Div 0xfd_00e7 "f32x4.div": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::div);
    F32x4Min 0xfd_00e8 "f32x4.min": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::min);
    F32x4Max 0xfd_00e9 "f32x4.max": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::max);
    F32x4PMin 0xfd_00ea "f32x4.pmin": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::pmin);
    F32x4PMax 0xfd_00eb "f32x4.pmax": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::pmax);

    // f64x2 arithmetic: the scalar meanings, lane by lane.
    F64x2Ceil 0xfd_0074 "f64x2.ceil": (a: F64x2) -> F64x2 = a.map(float::ceil);
    F64x2Floor 0xfd_0075 "f64x2.floor": (a: F64x2) -> F64x2 = a.map(float::floor);
    F64x2Trunc 0xfd_007a "f64x2.trunc": (a: F64x2) -> F64x2 = a.map(float::trunc);
    F64x2Nearest 0xfd_0094 "f64x2.nearest": (a: F64x2) -> F64x2 = a.map(float::nearest);
    F64x2Abs 0xfd_00ec "f64x2.abs": (a: F64x2) -> F64x2 = a.map(f64::abs);
    F64x2Neg 0xfd_00ed "f64x2.neg": (a: F64x2) -> F64x2 = a.map(|x| -x);
    F64x2Sqrt 0xfd_00ef "f64x2.sqrt": (a: F64x2) -> F64x2 = a.map(float::sqrt);
    F64x2Add 0xfd_00f0 "f64x2.add": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::add);
    F64x2Sub 0xfd_00f1 "f64x2.sub": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::sub);
    F64x2Mul 0xfd_00f2 "f64x2.mul": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::mul);
    F64x2Div 0xfd_00f3 "f64x2.div": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::div);
    F64x2Min 0xfd_00f4 "f64x2.min": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::min);
    F64x2Max 0xfd_00f5 "f64x2.max": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::max);
    F64x2PMin 0xfd_00f6 "f64x2.pmin": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::pmin);
    F64x2PMax 0xfd_00f7 "f64x2.pmax": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::pmax);

    // Vectors: conversions.
    I32x4TruncSatF32x4S 0xfd_00f8 "i32x4.trunc_sat_f32x4_s": (a: F32x4) -> I32x4 = a.map(|x| x as i32);
    I32x4TruncSatF32x4U 0xfd_00f9 "i32x4.trunc_sat_f32x4_u": (a: F32x4) -> U32x4 = a.map(|x| x as u32);
    F32x4ConvertI32x4S 0xfd_00fa "f32x4.convert_i32x4_s": (a: I32x4) -> F32x4 = a.map(|x| x as f32);
    F32x4ConvertI32x4U 0xfd_00fb "f32x4.convert_i32x4_u": (a: U32x4) -> F32x4 = a.map(|x| x as f32);
    I32x4TruncSatF64x2SZero 0xfd_00fc "i32x4.trunc_sat_f64x2_s_zero": (a: F64x2) -> I32x4 = zero_high(a.map(|x| x as i32));
    I32x4TruncSatF64x2UZero 0xfd_00fd "i32x4.trunc_sat_f64x2_u_zero": (a: F64x2) -> U32x4 = zero_high(a.map(|x| x as u32));
    F64x2ConvertLowI32x4S 0xfd_00fe "f64x2.convert_low_i32x4_s": (a: I32x4) -> F64x2 = low(a).map(Into::into);
    F64x2ConvertLowI32x4U 0xfd_00ff "f64x2.convert_low_i32x4_u": (a: U32x4) -> F64x2 = low(a).map(Into::into);
    F32x4DemoteF64x2Zero 0xfd_005e "f32x4.demote_f64x2_zero": (a: F64x2) -> F32x4 = zero_high(a.map(convert::demote));
    F64x2PromoteLowF32x4 0xfd_005f "f64x2.promote_low_f32x4": (a: F32x4) -> F64x2 = low(a).map(convert::promote);

    // Relaxed vectors: of the meanings that the specification allows, the one of its deterministic profile.
    I8x16RelaxedSwizzle 0xfd_0100 "i8x16.relaxed_swizzle": (a: U8x16, lanes: U8x16) -> U8x16 = v128::swizzle(a, lanes);
    I32x4RelaxedTruncF32x4S 0xfd_0101 "i32x4.relaxed_trunc_f32x4_s": (a: F32x4) -> I32x4 = a.map(|x| x as i32);
    I32x4RelaxedTruncF32x4U 0xfd_0102 "i32x4.relaxed_trunc_f32x4_u": (a: F32x4) -> U32x4 = a.map(|x| x as u32);
    I32x4RelaxedTruncF64x2SZero 0xfd_0103 "i32x4.relaxed_trunc_f64x2_s_zero": (a: F64x2) -> I32x4 = zero_high(a.map(|x| x as i32));
    I32x4RelaxedTruncF64x2UZero 0xfd_0104 "i32x4.relaxed_trunc_f64x2_u_zero": (a: F64x2) -> U32x4 = zero_high(a.map(|x| x as u32));
    F32x4RelaxedMadd 0xfd_0105 "f32x4.relaxed_madd": (a: F32x4, b: F32x4, c: F32x4) -> F32x4 = zip(zip(a, b, float::mul), c, float::add);
    F32x4RelaxedNmadd 0xfd_0106 "f32x4.relaxed_nmadd": (a: F32x4, b: F32x4, c: F32x4) -> F32x4 = zip(zip(a.map(|x| -x), b, float::mul), c, float::add);
    F64x2RelaxedMadd 0xfd_0107 "f64x2.relaxed_madd": (a: F64x2, b: F64x2, c: F64x2) -> F64x2 = zip(zip(a, b, float::mul), c, float::add);
    F64x2RelaxedNmadd 0xfd_0108 "f64x2.relaxed_nmadd": (a: F64x2, b: F64x2, c: F64x2) -> F64x2 = zip(zip(a.map(|x| -x), b, float::mul), c, float::add);
    I8x16RelaxedLaneselect 0xfd_0109 "i8x16.relaxed_laneselect": (a: u128, b: u128, mask: u128) -> u128 = (a & mask) | (b & !mask);
    I16x8RelaxedLaneselect 0xfd_010a "i16x8.relaxed_laneselect": (a: u128, b: u128, mask: u128) -> u128 = (a & mask) | (b & !mask);
    I32x4RelaxedLaneselect 0xfd_010b "i32x4.relaxed_laneselect": (a: u128, b: u128, mask: u128) -> u128 = (a & mask) | (b & !mask);
    I64x2RelaxedLaneselect 0xfd_010c "i64x2.relaxed_laneselect": (a: u128, b: u128, mask: u128) -> u128 = (a & mask) | (b & !mask);
    F32x4RelaxedMin 0xfd_010d "f32x4.relaxed_min": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::min);
    F32x4RelaxedMax 0xfd_010e "f32x4.relaxed_max": (a: F32x4, b: F32x4) -> F32x4 = zip(a, b, float::max);
    F64x2RelaxedMin 0xfd_010f "f64x2.relaxed_min": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::min);
    F64x2RelaxedMax 0xfd_0110 "f64x2.relaxed_max": (a: F64x2, b: F64x2) -> F64x2 = zip(a, b, float::max);
    I16x8RelaxedQ15mulrS 0xfd_0111 "i16x8.relaxed_q15mulr_s": (a: I16x8, b: I16x8) -> I16x8 = zip(a, b, int::q15mulr_sat);
    I16x8RelaxedDotI8x16I7x16S 0xfd_0112 "i16x8.relaxed_dot_i8x16_i7x16_s": (a: I8x16, b: I8x16) -> I16x8 = dot_sat(a, b);
    I32x4RelaxedDotI8x16I7x16AddS 0xfd_0113 "i32x4.relaxed_dot_i8x16_i7x16_add_s": (a: I8x16, b: I8x16, c: I32x4) -> I32x4 =
        zip(extadd_pairwise(dot_sat(a, b)), c, i32::wrapping_add);
}
