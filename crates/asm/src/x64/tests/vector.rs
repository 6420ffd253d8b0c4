//! Vector and floating-point instructions, as SSE and as AVX.

use super::*;
use crate::x64::{Round, VecOp, VecShift};

/// Rows with one source.
const ONE_SOURCE: &[&str] = &[
    "SQRTPS",
    "SQRTPD",
    "UCOMISS",
    "UCOMISD",
    "CVTPS2PD",
    "CVTPD2PS",
    "CVTDQ2PS",
    "CVTTPS2DQ",
    "CVTDQ2PD",
    "CVTTPD2DQ",
    "MOVAPS",
    "MOVUPS",
    "MOVDDUP",
    "MOVQ",
    "VBROADCASTSS",
    "VPBROADCASTB",
    "VPBROADCASTW",
    "PMOVSXBW",
    "PMOVSXWD",
    "PMOVSXDQ",
    "PMOVZXBW",
    "PMOVZXWD",
    "PMOVZXDQ",
    "PABSB",
    "PABSW",
    "PABSD",
    "PTEST",
];

/// Rows with one source and an immediate.
const ONE_SOURCE_IMM: &[&str] = &["ROUNDPS", "ROUNDPD", "PSHUFD", "PSHUFLW", "PSHUFHW"];

/// Rows with two sources and an immediate.
const TWO_SOURCES_IMM: &[&str] = &[
    "CMPPS", "CMPPD", "CMPSS", "CMPSD", "SHUFPS", "SHUFPD", "PALIGNR", "PBLENDW", "BLENDPS",
    "BLENDPD", "INSERTPS",
];

/// Scalar rows with one source, which keep what is above.
const SCALAR: &[&str] = &["SQRTSS", "SQRTSD", "CVTSS2SD", "CVTSD2SS"];

/// Rows that methods of their own emit.
const OWN: &[&str] = &[
    "ROUNDSS",
    "ROUNDSD",
    "CVTSI2SS",
    "CVTSI2SD",
    "CVTTSS2SI",
    "CVTTSD2SI",
    "MOVSS",
    "MOVSD",
    "MOVLPS",
    "MOVHPS",
];

/// Both kinds of processors.
fn both() -> [Assembler; 2] {
    [Features::default(), ALL_FEATURES].map(Assembler::new)
}

/// The text of an instruction with two sources: with AVX as it is, without after a move.
fn two_sources(avx: bool, op: &str, dst: Xmm, x: Xmm, rest: &str) -> String {
    match () {
        () if avx => format!("v{op} {dst:?}, {x:?}, {rest}"),
        () if dst == x => format!("{op} {dst:?}, {rest}"),
        () => format!("movaps {dst:?}, {x:?}\n{op} {dst:?}, {rest}"),
    }
}

fn v(avx: bool) -> &'static str {
    if avx { "v" } else { "" }
}

/// What is emitted, without the sizes of what is in memory: those belong to the row, not to its encoding.
fn sizeless(a: &mut Assembler, emit: impl FnOnce(&mut Assembler)) -> String {
    a.clear();
    emit(a);
    let mut text = disassemble(a.finish());
    for size in [
        "xmmword ptr ",
        "qword ptr ",
        "dword ptr ",
        "word ptr ",
        "byte ptr ",
    ] {
        text = text.replace(size, "");
    }
    text
}

#[test]
fn every_row() {
    for mut a in both() {
        let avx = a.features().avx;
        for &(name, op) in VecOp::ALL {
            let text = name.to_lowercase();
            if op.avx_only && !avx || OWN.contains(&name) {
                continue;
            }
            let text = text.strip_prefix('v').unwrap_or(&text);
            for dst in xmms() {
                for x in xmms() {
                    every_row_with(&mut a, name, op, text, dst, x);
                }
            }
        }
    }
}

fn every_row_with(a: &mut Assembler, name: &str, op: VecOp, text: &str, dst: Xmm, x: Xmm) {
    let avx = a.features().avx;
    let v = v(avx);
    if ONE_SOURCE.contains(&name) {
        let found = sizeless(a, |a| a.vec_unary(op, dst, x));
        assert_eq!(found, format!("{v}{text} {dst:?}, {x:?}"));
        for mem in some_mems() {
            let found = sizeless(a, |a| a.vec_unary(op, dst, mem));
            assert_eq!(found, format!("{v}{text} {dst:?}, {}", address(mem)));
        }
        return;
    }
    if ONE_SOURCE_IMM.contains(&name) {
        let found = sizeless(a, |a| a.vec_unary_imm(op, dst, x, 7));
        assert_eq!(found, format!("{v}{text} {dst:?}, {x:?}, 0x7"));
        for mem in some_mems() {
            let found = sizeless(a, |a| a.vec_unary_imm(op, dst, mem, 7));
            assert_eq!(found, format!("{v}{text} {dst:?}, {}, 0x7", address(mem)));
        }
        return;
    }
    if SCALAR.contains(&name) {
        let found = sizeless(a, |a| a.scalar_unary(op, dst, x));
        let further = if avx {
            format!("{dst:?}, ")
        } else {
            String::new()
        };
        assert_eq!(found, format!("{v}{text} {dst:?}, {further}{x:?}"));
        return;
    }
    let imm = TWO_SOURCES_IMM.contains(&name);
    let end = if imm { ", 0x9" } else { "" };
    for y in xmms().filter(|&y| avx || y != dst || x == dst) {
        let found = sizeless(a, |a| match imm {
            true => a.vec_imm(op, dst, x, y, 9),
            false => a.vec(op, dst, x, y),
        });
        assert_eq!(
            found,
            two_sources(avx, text, dst, x, &format!("{y:?}{end}"))
        );
    }
    if matches!(name, "MOVHLPS" | "MOVLHPS") {
        return;
    }
    for mem in some_mems() {
        let found = sizeless(a, |a| match imm {
            true => a.vec_imm(op, dst, x, mem, 9),
            false => a.vec(op, dst, x, mem),
        });
        let rest = format!("{}{end}", address(mem));
        assert_eq!(found, two_sources(avx, text, dst, x, &rest));
    }
}

#[test]
fn sources_that_commute_change_places() {
    let mut a = Assembler::new(Features::default());
    let (x, y) = (Xmm::new(3), Xmm::new(12));
    check(
        &mut a,
        |a| a.vec(VecOp::PADDW, y, x, y),
        "paddw xmm12, xmm3",
    );
    check(&mut a, |a| a.vec_zero(y), "xorps xmm12, xmm12");
    check(&mut a, |a| a.vec_ones(x), "pcmpeqd xmm3, xmm3");
    check(&mut a, |a| a.vec_mov(x, x), "");
}

#[test]
fn the_lowest_lane_is_replaced() {
    for mut a in both() {
        let avx = a.features().avx;
        for (dst, x, y) in [(9, 9, 2), (2, 3, 15)] {
            let [dst, x, y] = [dst, x, y].map(Xmm::new);
            let expected = two_sources(avx, "movsd", dst, x, &format!("{y:?}"));
            check(&mut a, |a| a.vec(VecOp::MOVSD, dst, x, y), &expected);
        }
    }
}

#[test]
#[should_panic(expected = "an instruction would overwrite its source")]
fn a_source_is_not_overwritten() {
    let mut a = Assembler::new(Features::default());
    a.vec(VecOp::SUBPS, Xmm::new(1), Xmm::new(2), Xmm::new(1));
}

#[test]
fn moves_to_and_from_memory() {
    for mut a in both() {
        let v = v(a.features().avx);
        for x in xmms() {
            for mem in some_mems() {
                let at = address(mem);
                for (op, text) in [
                    (VecOp::MOVSS, "movss"),
                    (VecOp::MOVSD, "movsd"),
                    (VecOp::MOVUPS, "movups"),
                    (VecOp::MOVAPS, "movaps"),
                ] {
                    let found = sizeless(&mut a, |a| a.vec_store(op, mem, x));
                    assert_eq!(found, format!("{v}{text} {at}, {x:?}"));
                    let found = sizeless(&mut a, |a| a.vec_unary(op, x, mem));
                    assert_eq!(found, format!("{v}{text} {x:?}, {at}"));
                }
                for (op, text) in [(VecOp::MOVLPS, "movlps"), (VecOp::MOVHPS, "movhps")] {
                    let found = sizeless(&mut a, |a| a.vec_store(op, mem, x));
                    assert_eq!(found, format!("{v}{text} {at}, {x:?}"));
                    let found = sizeless(&mut a, |a| a.vec_load_half(op, x, mem));
                    let further = if v.is_empty() {
                        String::new()
                    } else {
                        format!("{x:?}, ")
                    };
                    assert_eq!(found, format!("{v}{text} {x:?}, {further}{at}"));
                }
            }
        }
    }
}

#[test]
fn shifts_by_constants() {
    for mut a in both() {
        let avx = a.features().avx;
        for (shift, text) in [
            (VecShift::PSRLW, "psrlw"),
            (VecShift::PSRAW, "psraw"),
            (VecShift::PSLLW, "psllw"),
            (VecShift::PSRLD, "psrld"),
            (VecShift::PSRAD, "psrad"),
            (VecShift::PSLLD, "pslld"),
            (VecShift::PSRLQ, "psrlq"),
            (VecShift::PSRLDQ, "psrldq"),
            (VecShift::PSLLQ, "psllq"),
            (VecShift::PSLLDQ, "pslldq"),
        ] {
            for dst in xmms() {
                for x in xmms() {
                    let expected = two_sources(avx, text, dst, x, "0x6");
                    check(&mut a, |a| a.vec_shift(shift, dst, x, 6), &expected);
                }
            }
        }
    }
}

#[test]
fn blends() {
    let [mut sse, mut avx] = both();
    for (lanes, text) in [
        (Size::S8, "pblendvb"),
        (Size::S32, "blendvps"),
        (Size::S64, "blendvpd"),
    ] {
        for dst in xmms() {
            for (x, y) in xmms().flat_map(|x| xmms().map(move |y| (x, y))) {
                for mask in xmms() {
                    let expected = format!("v{text} {dst:?}, {x:?}, {y:?}, {mask:?}");
                    check(&mut avx, |a| a.vec_blend(lanes, dst, x, y, mask), &expected);
                }
                if dst != y && dst != Xmm::new(0) {
                    let expected = two_sources(false, text, dst, x, &format!("{y:?}"));
                    let mask = Xmm::new(0);
                    check(&mut sse, |a| a.vec_blend(lanes, dst, x, y, mask), &expected);
                }
            }
        }
    }
}

#[test]
fn between_general_and_vector_registers() {
    for mut a in both() {
        let avx = a.features().avx;
        let v = v(avx);
        for (x, gpr) in xmms().flat_map(|x| gprs().map(move |gpr| (x, gpr))) {
            let further = if avx {
                format!("{x:?}, ")
            } else {
                String::new()
            };
            for (size, mov) in [(Size::S32, "movd"), (Size::S64, "movq")] {
                let text = name(gpr, size);
                let expected = format!("{v}{mov} {x:?}, {text}");
                check(&mut a, |a| a.xmm_from_gpr(size, x, gpr), &expected);
                let expected = format!("{v}{mov} {text}, {x:?}");
                check(&mut a, |a| a.gpr_from_xmm(size, gpr, x), &expected);
                for (op, op_text) in [(VecOp::CVTSI2SS, "cvtsi2ss"), (VecOp::CVTSI2SD, "cvtsi2sd")]
                {
                    let expected = format!("{v}{op_text} {x:?}, {further}{text}");
                    check(&mut a, |a| a.float_from_int(op, size, x, gpr), &expected);
                }
                for (op, op_text) in [
                    (VecOp::CVTTSS2SI, "cvttss2si"),
                    (VecOp::CVTTSD2SI, "cvttsd2si"),
                ] {
                    let expected = format!("{v}{op_text} {text}, {x:?}");
                    check(&mut a, |a| a.int_from_float(op, size, gpr, x), &expected);
                }
            }
            for (size, text) in [
                (Size::S8, "pmovmskb"),
                (Size::S32, "movmskps"),
                (Size::S64, "movmskpd"),
            ] {
                let expected = format!("{v}{text} {}, {x:?}", name(gpr, Size::S32));
                check(&mut a, |a| a.vec_signs(size, gpr, x), &expected);
            }
        }
    }
}

#[test]
fn lanes() {
    for mut a in both() {
        let avx = a.features().avx;
        let v = v(avx);
        for (size, letter) in SIZES.into_iter().zip(["b", "w", "d", "q"]) {
            for gpr in gprs() {
                let text = name(gpr, if size == Size::S64 { size } else { Size::S32 });
                for x in xmms() {
                    let expected = format!("{v}pextr{letter} {text}, {x:?}, 0x1");
                    check(&mut a, |a| a.vec_extract(size, gpr, x, 1), &expected);
                    for dst in xmms() {
                        let expected = two_sources(
                            avx,
                            &format!("pinsr{letter}"),
                            dst,
                            x,
                            &format!("{text}, 0x1"),
                        );
                        check(&mut a, |a| a.vec_insert(size, dst, x, gpr, 1), &expected);
                    }
                }
            }
            for mem in some_mems() {
                let x = Xmm::new(10);
                let expected = format!("{v}pextr{letter} {}, {x:?}, 0x1", operand(mem, size));
                check(&mut a, |a| a.vec_extract(size, mem, x, 1), &expected);
                let rest = format!("{}, 0x1", operand(mem, size));
                let expected = two_sources(avx, &format!("pinsr{letter}"), x, x, &rest);
                check(&mut a, |a| a.vec_insert(size, x, x, mem, 1), &expected);
            }
        }
    }
}

#[test]
fn rounding() {
    for mut a in both() {
        let avx = a.features().avx;
        for (dst, x) in xmms().flat_map(|dst| xmms().map(move |x| (dst, x))) {
            for (round, number) in [
                (Round::Nearest, 8),
                (Round::Floor, 9),
                (Round::Ceil, 10),
                (Round::Trunc, 11),
            ] {
                let further = if avx {
                    format!("{dst:?}, ")
                } else {
                    String::new()
                };
                let expected = format!("{}roundsd {dst:?}, {further}{x:?}, 0x{number:x}", v(avx));
                check(
                    &mut a,
                    |a| a.scalar_round(VecOp::ROUNDSD, dst, x, round),
                    &expected,
                );
            }
        }
    }
}
