//! Says the same with constants that take fewer bytes.
//!
//! Apart from the rules of algebra, which gather constants and so prefer one form of each operator: this runs when they are done.

use crate::ints::{Int, Width, leb_len};
use ir::{Func, Inst};

/// Runs the pass.
pub(crate) fn run(func: &mut Func) {
    for block in func.blocks() {
        for at in 0..func.insts(block).len() {
            let id = func.insts(block)[at];
            let Inst::Compute { op, args } = *func.inst(id) else {
                continue;
            };
            let Some((width, op)) = Int::of(op) else {
                continue;
            };
            let Some(bits) = func.const_bits(args[1]) else {
                continue;
            };
            let number = bits as u64;
            if let Some((other, shorter)) = shorter(width, op, number) {
                let constant = func.constant(width.ty(), u128::from(shorter & width.ones()));
                func.set_inst(id, Inst::compute(other.op(width), &[args[0], constant]));
            }
        }
    }
}

/// Another operator with a shorter constant.
fn shorter(width: Width, op: Int, number: u64) -> Option<(Int, u64)> {
    let signed = width.signed(number);
    let least = match width {
        Width::W32 => i32::MIN.into(),
        Width::W64 => i64::MIN,
    };
    let greatest = match width {
        Width::W32 => i32::MAX.into(),
        Width::W64 => i64::MAX,
    };
    let (other, to) = match op {
        Int::Add => (Int::Sub, signed.wrapping_neg()),
        Int::Sub => (Int::Add, signed.wrapping_neg()),
        Int::LtS if signed != least => (Int::LeS, signed - 1),
        Int::LeS if signed != greatest => (Int::LtS, signed + 1),
        Int::GtS if signed != greatest => (Int::GeS, signed + 1),
        Int::GeS if signed != least => (Int::GtS, signed - 1),
        Int::LtU if number != 0 => (Int::LeU, signed.wrapping_sub(1)),
        Int::LeU if number != width.ones() => (Int::LtU, signed.wrapping_add(1)),
        Int::GtU if number != width.ones() => (Int::GeU, signed.wrapping_add(1)),
        Int::GeU if number != 0 => (Int::GtU, signed.wrapping_sub(1)),
        _ => return None,
    };
    let to = width.signed(to as u64);
    (leb_len(to) < leb_len(signed)).then_some((other, to as u64))
}
