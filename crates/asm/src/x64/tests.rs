//! Every form of every instruction, judged by a disassembler.
//!
//! Expectations are composed from the operands, not written down: so that all registers, sizes and kinds of addresses can be
//! gone through.

mod branch;
mod int;
mod vector;

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter, MemorySizeOptions};

use super::operand::Base;
use super::{Assembler, Features, Gpr, Mem, Scale, Size, Xmm};

const SIZES: [Size; 4] = [Size::S8, Size::S16, Size::S32, Size::S64];
const WIDE: [Size; 2] = [Size::S32, Size::S64];

/// Everything that this assembler can use.
const ALL_FEATURES: Features = Features {
    avx: true,
    avx2: true,
    fma: true,
    bmi1: true,
    bmi2: true,
    lzcnt: true,
    popcnt: true,
};

/// What a disassembler reads in code that starts at address 0, one instruction a line.
fn disassemble(code: &[u8]) -> String {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_small_hex_numbers_in_decimal(false);
    options.set_space_after_operand_separator(true);
    options.set_signed_immediate_operands(true);
    options.set_memory_size_options(MemorySizeOptions::Always);
    options.set_branch_leading_zeros(false);
    options.set_show_branch_size(false);
    options.set_rip_relative_addresses(true);
    options.set_use_pseudo_ops(false);
    let mut lines = Vec::new();
    for instruction in Decoder::with_ip(64, code, 0, DecoderOptions::NONE) {
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        lines.push(line);
    }
    lines.join("\n")
}

/// Compares what is emitted with what it should be.
#[track_caller]
fn check(a: &mut Assembler, emit: impl FnOnce(&mut Assembler), expected: &str) {
    a.clear();
    emit(a);
    let code = a.finish();
    let found = disassemble(code);
    assert_eq!(found, expected, "from {code:02x?}");
}

/// All general registers.
fn gprs() -> impl Iterator<Item = Gpr> {
    (0..16).map(Gpr::new)
}

/// Vector registers from both halves.
fn xmms() -> impl Iterator<Item = Xmm> {
    [0, 1, 7, 8, 15].into_iter().map(Xmm::new)
}

/// A register's name when an instruction of this size uses it.
fn name(gpr: Gpr, size: Size) -> String {
    const OLD: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
    const LOW: [&str; 8] = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
    let n = gpr.number();
    let Some(old) = OLD.get(usize::from(n)) else {
        let suffix = ["b", "w", "d", ""][size as usize];
        return format!("r{n}{suffix}");
    };
    match size {
        Size::S8 => LOW[usize::from(n)].to_owned(),
        Size::S16 => (*old).to_owned(),
        Size::S32 => format!("e{old}"),
        Size::S64 => format!("r{old}"),
    }
}

/// A number as the disassembler writes it.
fn number(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}0x{:x}", value.unsigned_abs())
}

/// An address as the disassembler writes it.
fn address(mem: Mem) -> String {
    let (Base::Reg(base) | Base::Wide(base)) = mem.base else {
        panic!("a constant has no address yet");
    };
    let mut text = format!("[{}", name(base, Size::S64));
    if mem.index != Gpr::RSP {
        let index = name(mem.index, Size::S64);
        text += &format!("+{index}*{}", 1 << mem.scale as u8).replace("*1", "");
    }
    if mem.disp > 0 {
        text += "+";
    }
    if mem.disp != 0 {
        text += &number(mem.disp.into());
    }
    text + "]"
}

/// The same with its size before it.
fn operand(mem: Mem, size: Size) -> String {
    let word = ["byte", "word", "dword", "qword"][size as usize];
    format!("{word} ptr {}", address(mem))
}

/// Addresses of every shape.
fn mems() -> Vec<Mem> {
    let disps = [0, 1, 127, 128, -128, -129, i32::MAX, i32::MIN];
    let mut all = Vec::new();
    for base in gprs() {
        all.extend(disps.map(|disp| Mem::new(base, disp)));
        for index in gprs().filter(|&index| index != Gpr::RSP) {
            for scale in [Scale::X1, Scale::X2, Scale::X4, Scale::X8] {
                all.extend(disps.map(|disp| Mem::indexed(base, index, scale, disp)));
            }
        }
    }
    all
}

/// A few addresses, of those that differ in encoding.
fn some_mems() -> Vec<Mem> {
    vec![
        Mem::new(Gpr::RAX, 0),
        Mem::new(Gpr::RSP, 8),
        Mem::new(Gpr::R13, 0),
        Mem::new(Gpr::R12, 0x1234),
        Mem::indexed(Gpr::RDI, Gpr::R9, Scale::X8, -1),
        Mem::indexed(Gpr::R15, Gpr::RBP, Scale::X2, 0x8000),
    ]
}
