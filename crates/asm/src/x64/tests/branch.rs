//! Labels, jumps, and constants behind the code.

use super::*;
use crate::x64::{Alu, Cond, VecOp};

fn assembler() -> Assembler {
    Assembler::new(Features::default())
}

#[test]
fn jumps_back_are_short_where_they_can_be() {
    let mut a = assembler();
    check(
        &mut a,
        |a| {
            let start = a.label_here();
            a.jmp(start);
            a.nop(124);
            a.jcc(Cond::Less, start);
            a.jcc(Cond::Less, start);
            a.jmp(start);
            a.code.clear();
            a.nop(1);
        },
        "nop",
    );
    a.clear();
    let start = a.label_here();
    a.nop(126);
    a.jmp(start);
    assert_eq!(a.offset(), 128);
    a.jcc(Cond::Above, start);
    assert_eq!(a.offset(), 134);
    a.jmp(start);
    let text = disassemble(a.finish());
    let jumps: Vec<&str> = text.lines().filter(|line| line.starts_with('j')).collect();
    assert_eq!(jumps, ["jmp 0x0", "ja 0x0", "jmp 0x0"]);
}

#[test]
fn jumps_forward_are_bound_in_any_number() {
    let mut a = assembler();
    check(
        &mut a,
        |a| {
            let end = a.label();
            assert!(!a.is_awaited(end));
            a.jmp(end);
            a.jcc(Cond::Sign, end);
            a.call_label(end);
            a.lea_label(Gpr::R10, end);
            a.lea_label(Gpr::RCX, end);
            assert!(a.is_awaited(end));
            a.bind(end);
            assert_eq!(a.label_offset(end), Some(30));
            a.ret();
            a.jmp(end);
        },
        "jmp 0x1e\njs 0x1e\ncall 0x1e\nlea r10, [rip+0x7]\nlea rcx, [rip]\nret\njmp 0x1e",
    );
}

#[test]
fn short_jumps_land() {
    let mut a = assembler();
    check(
        &mut a,
        |a| {
            let over = a.jcc_short(Cond::Parity);
            a.nop(8);
            let end = a.jmp_short();
            a.land(over);
            a.ud2();
            a.land(end);
            a.int3();
        },
        "jp 0xc\nnop dword ptr [rax+rax]\njmp 0xe\nud2\nint3",
    );
}

#[test]
#[should_panic(expected = "a short jump over 128 bytes")]
fn a_short_jump_does_not_go_far() {
    let mut a = assembler();
    let jump = a.jmp_short();
    a.nop(128);
    a.land(jump);
}

#[test]
#[should_panic(expected = "a jump has a label that was never bound")]
fn labels_of_jumps_must_be_bound() {
    let mut a = assembler();
    let label = a.label();
    a.jmp(label);
    a.finish();
}

#[test]
fn tables_hold_distances() {
    let mut a = assembler();
    let (first, second) = (a.label_here(), a.label());
    a.nop(3);
    a.bind(second);
    a.nop(1);
    let base = a.offset();
    a.table_entry32(first, base);
    a.table_entry32(second, base);
    let code = a.finish();
    assert_eq!(code[4..], [0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
}

#[test]
fn calls_and_jumps_elsewhere() {
    let mut a = assembler();
    check(
        &mut a,
        |a| {
            assert_eq!(a.call_far(), 1);
            let jump = a.jmp_far();
            a.patch32(jump, 6);
            a.ret_pop(0x18);
        },
        "call 0x5\njmp 0x10\nret 0x18",
    );
    for gpr in gprs() {
        let text = name(gpr, Size::S64);
        check(&mut a, |a| a.call(gpr), &format!("call {text}"));
        check(&mut a, |a| a.jmp_to(gpr), &format!("jmp {text}"));
    }
    for mem in some_mems() {
        let text = operand(mem, Size::S64);
        check(&mut a, |a| a.call(mem), &format!("call {text}"));
        check(&mut a, |a| a.jmp_to(mem), &format!("jmp {text}"));
    }
}

#[test]
fn filling_up() {
    let mut a = assembler();
    for bytes in 1..=40 {
        a.clear();
        a.nop(bytes);
        assert_eq!(a.offset(), bytes);
        let text = disassemble(a.finish());
        assert!(
            text.lines()
                .all(|line| line.contains("nop") || line == "xchg ax, ax"),
            "{text}"
        );
        assert_eq!(text.lines().count(), bytes.div_ceil(8) as usize);
    }
    a.clear();
    a.ret();
    a.align(16);
    assert_eq!(a.offset(), 16);
    a.align(16);
    assert_eq!(a.offset(), 16);
}

#[test]
fn constants_stand_behind_the_code() {
    let mut a = assembler();
    let (x, y) = (Xmm::new(1), Xmm::new(9));
    let seven = a.constant64(7);
    let many = a.constant128(u128::MAX - 5);
    assert_eq!(a.constant64(7), seven);
    a.vec(VecOp::MULSD, x, x, Mem::constant(seven));
    a.vec_unary_imm(VecOp::PSHUFD, y, Mem::constant(many), 3);
    a.alu_imm(Alu::Cmp, Size::S32, Mem::constant(many), 0x1234);
    a.ret();
    let length = a.offset();
    let code = a.finish();
    assert_eq!(length, 29);
    assert_eq!(code.len(), 64);
    assert_eq!(code[32..40], 7u64.to_le_bytes());
    assert_eq!(code[48..], (u128::MAX - 5).to_le_bytes());
    assert_eq!(
        disassemble(&code[..29]),
        "mulsd xmm1, qword ptr [rip+0x18]\n\
         pshufd xmm9, xmmword ptr [rip+0x1e], 0x3\n\
         cmp dword ptr [rip+0x14], 0x1234\n\
         ret"
    );
    // What is placed but not read costs nothing.
    a.clear();
    a.constant64(1);
    a.ret();
    assert_eq!(a.finish(), [0xC3]);
}

#[test]
fn the_buffer_grows() {
    let mut a = assembler();
    let start = a.label_here();
    let end = a.label();
    for n in 0..100_000 {
        a.mov_imm(Gpr::RAX, n << 32);
        a.jmp(end);
    }
    a.bind(end);
    a.jmp(start);
    let code = a.finish();
    assert_eq!(code.len(), 10 + 99_999 * 15 + 5);
    assert_eq!(code[..6], [0xB8, 0, 0, 0, 0, 0xE9]);
    assert_eq!(code[6..10], (code.len() as u32 - 15).to_le_bytes());
}
