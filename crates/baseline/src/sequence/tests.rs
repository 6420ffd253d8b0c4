//! Every operator on floats and vectors, with every way in which its registers may be the same, on processors with AVX and
//! without.
//!
//! What the sequences compute is the official suite's to judge; here is judged that they keep to the registers they were given.

use super::{ConversionTraps, Regs, Sequence};
use asm::x64::{Assembler, Features, Gpr, Xmm};
use iced_x86::{Decoder, DecoderOptions, InstructionInfoFactory, OpAccess, Register};
use ops::{Compute, Lane, Type};

const DST: u8 = 9;
const ARGS: [u8; 3] = [1, 10, 3];

/// Processors with everything, and with nothing that is not common.
fn processors() -> [Features; 2] {
    let all = Features {
        avx: true,
        avx2: true,
        fma: true,
        bmi1: true,
        bmi2: true,
        lzcnt: true,
        popcnt: true,
    };
    [all, Features::default()]
}

fn sequence(asm: &mut Assembler, deterministic: bool) -> Sequence<'_> {
    Sequence {
        asm,
        temps: [Xmm::new(5), Xmm::new(12)],
        scratch: Xmm::new(15),
        gpr: Gpr::R11,
        deterministic,
    }
}

fn is_ours(op: Compute) -> bool {
    let is_integer = |ty: &Type| matches!(ty, Type::I32 | Type::I64);
    !is_integer(&op.result()) || !op.params().iter().all(is_integer)
}

/// The code of an operator.
fn emit(op: Compute, regs: Regs, features: Features, deterministic: bool) -> Vec<u8> {
    let mut asm = Assembler::new(features);
    let (invalid, overflow) = (asm.label(), asm.label());
    let mut sequence = sequence(&mut asm, deterministic);
    let done = if op.can_trap() {
        sequence.convert_or_trap(op, regs, ConversionTraps { invalid, overflow })
    } else if super::float_compare(op).is_some() {
        // The caller emits these.
        return Vec::new();
    } else {
        sequence.compute(op, regs)
    };
    assert!(done, "{op:?} has no code");
    let code = asm.code().to_vec();
    asm.bind(invalid);
    asm.bind(overflow);
    asm.finish();
    code
}

/// The operators of both kinds of profiles on both kinds of processors.
fn each(mut check: impl FnMut(Compute, Features, bool)) {
    for features in processors() {
        for deterministic in [false, true] {
            for &op in Compute::ALL {
                if is_ours(op) {
                    check(op, features, deterministic);
                }
            }
        }
    }
}

#[test]
fn every_operator_has_code_whichever_registers_are_the_same() {
    each(|op, features, deterministic| {
        for dst in [DST, ARGS[0], ARGS[1], ARGS[2]] {
            for args in [ARGS, [1, 1, 3], [1, 3, 1], [3, 1, 1], [1, 1, 1]] {
                emit(op, Regs { dst, args }, features, deterministic);
            }
        }
    });
}

/// A register as a number: general ones first.
fn number(register: Register) -> Option<u8> {
    if register.is_vector_register() {
        Some(16 + register.number() as u8)
    } else if register.is_gpr() {
        Some(register.full_register().number() as u8)
    } else {
        None
    }
}

/// Of each instruction, the registers that it reads and that it writes.
fn accesses(code: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut info = InstructionInfoFactory::new();
    let mut all = Vec::new();
    for instruction in Decoder::with_ip(64, code, 0, DecoderOptions::NONE) {
        // Such an instruction clears or sets a register, whatever is in it.
        let is_idiom = matches!(
            instruction.mnemonic(),
            iced_x86::Mnemonic::Xorps
                | iced_x86::Mnemonic::Vxorps
                | iced_x86::Mnemonic::Pcmpeqd
                | iced_x86::Mnemonic::Vpcmpeqd
        ) && instruction.op_register(instruction.op_count() - 1)
            == instruction.op_register(instruction.op_count() - 2);
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for used in info.info(&instruction).used_registers() {
            let Some(number) = number(used.register()) else {
                continue;
            };
            let (read, write) = match used.access() {
                OpAccess::Read | OpAccess::CondRead => (true, false),
                OpAccess::Write | OpAccess::CondWrite => (false, true),
                OpAccess::ReadWrite | OpAccess::ReadCondWrite => (true, true),
                _ => (false, false),
            };
            if read && !is_idiom {
                reads.push(number);
            }
            if write {
                writes.push(number);
            }
        }
        all.push((reads, writes));
    }
    all
}

fn class(ty: Type) -> u8 {
    match ty {
        Type::I32 | Type::I64 => 0,
        _ => 16,
    }
}

#[test]
fn only_the_result_and_temporaries_are_written() {
    each(|op, features, deterministic| {
        let regs = Regs {
            dst: DST,
            args: ARGS,
        };
        let dst = class(op.result()) + DST;
        let may_write = [dst, 16 + 5, 16 + 12, 16 + 15, 11];
        let args = op.params().iter().zip(ARGS);
        let args: Vec<u8> = args.map(|(&ty, arg)| class(ty) + arg).collect();
        for (reads, writes) in accesses(&emit(op, regs, features, deterministic)) {
            for write in writes {
                assert!(may_write.contains(&write), "{op:?} writes {write}");
            }
            for read in reads {
                let known = may_write.contains(&read) || args.contains(&read);
                assert!(known, "{op:?} reads {read}");
            }
        }
    });
}

#[test]
fn the_result_is_written_when_operands_have_been_read() {
    let [features, _] = processors();
    for deterministic in [false, true] {
        for &op in Compute::ALL {
            // Those whose result is of another class cannot share a register, and these branch: each way writes at its end.
            use Compute::*;
            let branches = matches!(op, F32Min | F32Max | F64Min | F64Max);
            let shares = op
                .params()
                .iter()
                .any(|&ty| class(ty) == class(op.result()));
            if !is_ours(op) || branches || !shares {
                continue;
            }
            let regs = Regs {
                dst: DST,
                args: ARGS,
            };
            let dst = class(op.result()) + DST;
            let accesses = accesses(&emit(op, regs, features, deterministic));
            let first_write = accesses
                .iter()
                .position(|(_, writes)| writes.contains(&dst))
                .unwrap_or_else(|| panic!("{op:?} has no result"));
            for (&ty, arg) in op.params().iter().zip(ARGS) {
                let arg = class(ty) + arg;
                let last_read = accesses.iter().rposition(|(reads, _)| reads.contains(&arg));
                let is_late = last_read.is_some_and(|last| last > first_write);
                assert!(
                    !is_late || class(ty) != class(op.result()),
                    "{op:?} reads late"
                );
            }
        }
    }
}

#[test]
fn every_lane_has_code() {
    for features in processors() {
        for &op in Lane::ALL {
            for lane in 0..op.lanes() {
                for dst in [DST, ARGS[0], ARGS[1]] {
                    let mut asm = Assembler::new(features);
                    let regs = Regs { dst, args: ARGS };
                    sequence(&mut asm, false).lane(op, lane, regs);
                    let is_same = dst == ARGS[0] && lane == 0;
                    assert!(!asm.code().is_empty() || is_same, "{op:?}");
                }
            }
        }
    }
}
