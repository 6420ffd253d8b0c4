//! Moves, arithmetic and atomic instructions.

use super::*;
use crate::x64::{Alu, Bits, Cond, Shift, Unary};

const ALU: [(Alu, &str); 8] = [
    (Alu::Add, "add"),
    (Alu::Or, "or"),
    (Alu::Adc, "adc"),
    (Alu::Sbb, "sbb"),
    (Alu::And, "and"),
    (Alu::Sub, "sub"),
    (Alu::Xor, "xor"),
    (Alu::Cmp, "cmp"),
];

const SHIFTS: [(Shift, &str); 5] = [
    (Shift::Rol, "rol"),
    (Shift::Ror, "ror"),
    (Shift::Shl, "shl"),
    (Shift::Shr, "shr"),
    (Shift::Sar, "sar"),
];

/// Conditions as the disassembler spells them.
const CONDS: [&str; 16] = [
    "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g",
];

fn assembler() -> Assembler {
    Assembler::new(ALL_FEATURES)
}

/// Every pair of registers.
fn pairs() -> impl Iterator<Item = (Gpr, Gpr)> {
    gprs().flat_map(|x| gprs().map(move |y| (x, y)))
}

#[test]
fn addresses_of_every_shape() {
    let mut a = assembler();
    for mem in mems() {
        let expected = format!("mov r9, {}", operand(mem, Size::S64));
        check(&mut a, |a| a.load(Size::S64, Gpr::R9, mem), &expected);
        let expected = format!("lea ecx, {}", address(mem));
        check(&mut a, |a| a.lea(Size::S32, Gpr::RCX, mem), &expected);
        let expected = format!("mov {}, -0x5", operand(mem, Size::S32));
        check(&mut a, |a| a.store_imm(Size::S32, mem, -5), &expected);
        let expected = format!("movzx eax, {}", operand(mem, Size::S8));
        check(&mut a, |a| a.load(Size::S8, Gpr::RAX, mem), &expected);
    }
}

#[test]
fn wide_displacements_end_where_the_immediate_begins() {
    let mut a = assembler();
    a.alu_imm(Alu::Cmp, Size::S64, Mem::wide(Gpr::RSI, 3), 5);
    assert_eq!(a.code(), [0x48, 0x83, 0xbe, 3, 0, 0, 0, 5]);
    a.clear();
    a.load(Size::S64, Gpr::RSI, Mem::wide(Gpr::R12, 0));
    assert_eq!(a.code(), [0x49, 0x8b, 0xb4, 0x24, 0, 0, 0, 0]);
}

#[test]
fn two_operands() {
    let mut a = assembler();
    for (op, text) in ALU {
        for size in SIZES {
            for (x, y) in pairs() {
                let expected = format!("{text} {}, {}", name(x, size), name(y, size));
                check(&mut a, |a| a.alu(op, size, x, y), &expected);
            }
            for mem in some_mems() {
                for x in gprs() {
                    let (x_text, mem_text) = (name(x, size), operand(mem, size));
                    let expected = format!("{text} {x_text}, {mem_text}");
                    check(&mut a, |a| a.alu(op, size, x, mem), &expected);
                    let expected = format!("{text} {mem_text}, {x_text}");
                    check(&mut a, |a| a.alu_store(op, size, mem, x), &expected);
                    if op != Alu::Cmp {
                        let expected = format!("lock {expected}");
                        check(&mut a, |a| a.lock_alu(op, size, mem, x), &expected);
                    }
                }
            }
        }
    }
}

/// Immediates that fit a size, where they are sign-extended.
fn immediates(size: Size) -> &'static [i32] {
    match size {
        Size::S8 => &[0, 1, 127, -1, -128],
        Size::S16 => &[0, 1, 127, -128, 128, -129, 0x7FFF, -0x8000],
        Size::S32 | Size::S64 => &[0, 1, 127, -128, 128, -129, i32::MAX, i32::MIN],
    }
}

#[test]
fn immediate_operands() {
    let mut a = assembler();
    for size in SIZES {
        for &imm in immediates(size) {
            let value = number(imm.into());
            for (op, text) in ALU {
                for x in gprs() {
                    let expected = format!("{text} {}, {value}", name(x, size));
                    check(&mut a, |a| a.alu_imm(op, size, x, imm), &expected);
                }
                for mem in some_mems() {
                    let expected = format!("{text} {}, {value}", operand(mem, size));
                    check(&mut a, |a| a.alu_imm(op, size, mem, imm), &expected);
                }
            }
            for x in gprs() {
                let expected = format!("test {}, {value}", name(x, size));
                check(&mut a, |a| a.test_imm(size, x, imm), &expected);
            }
            for mem in some_mems() {
                let expected = format!("mov {}, {value}", operand(mem, size));
                check(&mut a, |a| a.store_imm(size, mem, imm), &expected);
            }
        }
    }
}

#[test]
fn moves() {
    let mut a = assembler();
    for (x, y) in pairs() {
        for size in WIDE {
            let expected = format!("mov {}, {}", name(x, size), name(y, size));
            check(&mut a, |a| a.mov(size, x, y), &expected);
            check(&mut a, |a| a.zero_extend(size, x, y), &expected);
            let expected = format!("xchg {}, {}", name(x, size), name(y, size));
            check(&mut a, |a| a.xchg(size, y, x), &expected);
        }
        for size in SIZES {
            let expected = format!("test {}, {}", name(x, size), name(y, size));
            check(&mut a, |a| a.test(size, x, y), &expected);
        }
        for from in [Size::S8, Size::S16] {
            let expected = format!("movzx {}, {}", name(x, Size::S32), name(y, from));
            check(&mut a, |a| a.zero_extend(from, x, y), &expected);
            for to in WIDE {
                let expected = format!("movsx {}, {}", name(x, to), name(y, from));
                check(&mut a, |a| a.sign_extend(from, to, x, y), &expected);
            }
        }
        let expected = format!("movsxd {}, {}", name(x, Size::S64), name(y, Size::S32));
        check(
            &mut a,
            |a| a.sign_extend(Size::S32, Size::S64, x, y),
            &expected,
        );
    }
    for x in gprs() {
        for mem in some_mems() {
            for size in SIZES {
                let expected = format!("mov {}, {}", operand(mem, size), name(x, size));
                check(&mut a, |a| a.store(size, mem, x), &expected);
            }
            let expected = format!("movsx {}, {}", name(x, Size::S64), operand(mem, Size::S8));
            check(
                &mut a,
                |a| a.sign_extend(Size::S8, Size::S64, x, mem),
                &expected,
            );
            let expected = format!("movzx {}, {}", name(x, Size::S32), operand(mem, Size::S16));
            check(&mut a, |a| a.load(Size::S16, x, mem), &expected);
        }
    }
}

#[test]
fn constants_take_the_shortest_form() {
    let mut a = assembler();
    for x in gprs() {
        let (long, short) = (name(x, Size::S64), name(x, Size::S32));
        for (value, expected, len) in [
            (0, format!("mov {short}, 0x0"), 5),
            (0xFFFF_FFFF, format!("mov {short}, -0x1"), 5),
            (0x8000_0000, format!("mov {short}, -0x80000000"), 5),
            (u64::MAX, format!("mov {long}, -0x1"), 7),
            (0x1_0000_0000, format!("mov {long}, 0x100000000"), 10),
            (1 << 63, format!("mov {long}, -0x8000000000000000"), 10),
        ] {
            check(&mut a, |a| a.mov_imm(x, value), &expected);
            let further = usize::from(x.number() >= 8 && len == 5);
            assert_eq!(a.code().len(), len + further, "{expected}");
        }
        check(&mut a, |a| a.zero(x), &format!("xor {short}, {short}"));
    }
}

#[test]
fn multiplication_and_division() {
    let mut a = assembler();
    for size in WIDE {
        for (x, y) in pairs() {
            let (x_text, y_text) = (name(x, size), name(y, size));
            let expected = format!("imul {x_text}, {y_text}");
            check(&mut a, |a| a.imul(size, x, y), &expected);
            for imm in [7, -128, 1000, i32::MIN] {
                let expected = format!("imul {x_text}, {y_text}, {}", number(imm.into()));
                check(&mut a, |a| a.imul_imm(size, x, y, imm), &expected);
            }
        }
        for mem in some_mems() {
            let expected = format!(
                "imul {}, {}, 0x3e8",
                name(Gpr::R8, size),
                operand(mem, size)
            );
            check(&mut a, |a| a.imul_imm(size, Gpr::R8, mem, 1000), &expected);
        }
    }
    for (op, text) in [
        (Unary::Not, "not"),
        (Unary::Neg, "neg"),
        (Unary::Mul, "mul"),
        (Unary::Imul, "imul"),
        (Unary::Div, "div"),
        (Unary::Idiv, "idiv"),
    ] {
        for size in SIZES {
            for x in gprs() {
                let expected = format!("{text} {}", name(x, size));
                check(&mut a, |a| a.unary(op, size, x), &expected);
            }
            for mem in some_mems() {
                let expected = format!("{text} {}", operand(mem, size));
                check(&mut a, |a| a.unary(op, size, mem), &expected);
            }
        }
    }
    check(&mut a, |a| a.sign_into_rdx(Size::S32), "cdq");
    check(&mut a, |a| a.sign_into_rdx(Size::S64), "cqo");
}

#[test]
fn shifts_and_bits() {
    let mut a = assembler();
    for size in SIZES {
        for x in gprs() {
            for (op, text) in SHIFTS {
                let expected = format!("{text} {}, cl", name(x, size));
                check(&mut a, |a| a.shift_cl(op, size, x), &expected);
                let expected = format!("{text} {}, 0x11", name(x, size));
                check(&mut a, |a| a.shift_imm(op, size, x, 17), &expected);
            }
        }
    }
    for size in WIDE {
        for (x, y) in pairs() {
            let (x_text, y_text) = (name(x, size), name(y, size));
            for by in [Gpr::RAX, Gpr::RDI, Gpr::R14] {
                let by_text = name(by, size);
                for (op, text) in &SHIFTS[2..] {
                    let expected = format!("{text}x {x_text}, {y_text}, {by_text}");
                    check(&mut a, |a| a.shift_by(*op, size, x, y, by), &expected);
                }
                let expected = format!("andn {x_text}, {by_text}, {y_text}");
                check(&mut a, |a| a.and_not(size, x, by, y), &expected);
            }
            let expected = format!("rorx {x_text}, {y_text}, 0x9");
            check(&mut a, |a| a.rotate_right_into(size, x, y, 9), &expected);
            for (op, text) in [
                (Bits::Bsf, "bsf"),
                (Bits::Bsr, "bsr"),
                (Bits::Lzcnt, "lzcnt"),
                (Bits::Tzcnt, "tzcnt"),
                (Bits::Popcnt, "popcnt"),
            ] {
                let expected = format!("{text} {x_text}, {y_text}");
                check(&mut a, |a| a.bits(op, size, x, y), &expected);
            }
        }
        for x in gprs() {
            let expected = format!("bswap {}", name(x, size));
            check(&mut a, |a| a.bswap(size, x), &expected);
        }
        for mem in some_mems() {
            let expected = format!(
                "shrx r9{0}, {1}, {2}",
                if size == Size::S32 { "d" } else { "" },
                operand(mem, size),
                name(Gpr::RBX, size)
            );
            check(
                &mut a,
                |a| a.shift_by(Shift::Shr, size, Gpr::R9, mem, Gpr::RBX),
                &expected,
            );
        }
    }
}

#[test]
fn conditions() {
    let mut a = assembler();
    for (cond, text) in Cond::ALL.into_iter().zip(CONDS) {
        for (x, y) in pairs() {
            for size in WIDE {
                let expected = format!("cmov{text} {}, {}", name(x, size), name(y, size));
                check(&mut a, |a| a.cmov(cond, size, x, y), &expected);
            }
        }
        for x in gprs() {
            let expected = format!("set{text} {}", name(x, Size::S8));
            check(&mut a, |a| a.setcc(cond, x), &expected);
        }
        assert_ne!(cond, cond.negate());
        assert_eq!(cond, cond.negate().negate());
        assert_eq!(cond, cond.swap().swap());
    }
    assert_eq!(Cond::Less.negate(), Cond::GreaterEqual);
    assert_eq!(Cond::Less.swap(), Cond::Greater);
}

#[test]
fn the_stack() {
    let mut a = assembler();
    for x in gprs() {
        let text = name(x, Size::S64);
        check(&mut a, |a| a.push(x), &format!("push {text}"));
        check(&mut a, |a| a.pop(x), &format!("pop {text}"));
    }
}

#[test]
fn strings() {
    check(
        &mut assembler(),
        |a| a.rep_stosq(),
        "rep stosq qword ptr [rdi]",
    );
}

#[test]
fn atomics() {
    let mut a = assembler();
    for mem in some_mems() {
        for x in gprs() {
            for size in SIZES {
                let operands = format!("{}, {}", operand(mem, size), name(x, size));
                let expected = format!("lock xadd {operands}");
                check(&mut a, |a| a.lock_xadd(size, mem, x), &expected);
                let expected = format!("lock cmpxchg {operands}");
                check(&mut a, |a| a.lock_cmpxchg(size, mem, x), &expected);
                let expected = format!("xchg {operands}");
                check(&mut a, |a| a.xchg_store(size, mem, x), &expected);
            }
        }
        let expected = format!("lock cmpxchg16b xmmword ptr {}", address(mem));
        check(&mut a, |a| a.lock_cmpxchg16b(mem), &expected);
    }
    check(&mut a, |a| a.mfence(), "mfence");
    check(&mut a, |a| a.pause(), "pause");
}
