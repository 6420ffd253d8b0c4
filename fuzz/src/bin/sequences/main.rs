//! Runs the sequences of instructions that the baseline compiler has for operators on floats and vectors, with AVX and without,
//! and compares with what the operators mean. Whole modules reach only the sequences for the processor that they run on.
//!
//! `cargo run --release --bin sequences`

mod execute;
mod values;

/// The compiler's own source: nobody else needs to see it.
#[allow(dead_code, unused_imports)]
#[path = "../../../../crates/baseline/src"]
mod baseline {
    pub(crate) mod sequence;
}

use asm::x64::{Assembler, Features, Gpr, Label, Mem, Size, VecOp, Xmm};
use baseline::sequence::{
    ConversionTraps, Regs, Sequence, float_compare, needs_no_temps, shifts_lanes,
};
use execute::{Code, Data, RESULT, TRAP};
use ops::{Compute, Lane, Trap, Type, Value};
use values::{canonical, is_vector, operand};
use wharf_fuzz::Random;

/// Operands that each sequence is run on, and where few ways lead to it.
const RUNS: usize = 400;
const RUNS_LANES: usize = 50;

/// Kinds of shuffles tried.
const SHUFFLES: u32 = 3000;

/// Differences that are printed.
const SHOWN_MAX: u64 = 30;

const ARGS: [u8; 3] = [1, 10, 3];

struct Checker {
    code: Code,
    random: Random,
    features: Features,
    deterministic: bool,
    checks: u64,
    faults: u64,
}

fn main() {
    let mut checker = Checker {
        code: Code::new(),
        random: Random::new(5),
        features: Features::default(),
        deterministic: false,
        checks: 0,
        faults: 0,
    };
    for features in [Features::host(), Features::default()] {
        checker.features = features;
        for deterministic in [false, true] {
            checker.deterministic = deterministic;
            checker.computations();
        }
        checker.shifts();
        checker.shuffles();
        checker.lanes();
    }
    println!("{} checks, {} faults", checker.checks, checker.faults);
    if checker.faults > 0 {
        std::process::exit(1);
    }
}

impl Checker {
    fn computations(&mut self) {
        for &op in Compute::ALL {
            let is_ours = is_vector(op.result()) || op.params().iter().any(|&ty| is_vector(ty));
            // Comparisons end in a condition, not in a register.
            if !is_ours || float_compare(op).is_some() {
                continue;
            }
            // These mean several things unless a profile says which.
            if !self.deterministic && format!("{op:?}").contains("Relaxed") {
                continue;
            }
            for args in [ARGS, [1, 1, 3], [1, 10, 1], [3, 1, 1], [1, 1, 1]] {
                for dst in [9, 1, 10, 3] {
                    self.computation(op, Regs { dst, args });
                }
            }
        }
    }

    fn computation(&mut self, op: Compute, regs: Regs) {
        let mut asm = Assembler::new(self.features);
        let (invalid, overflow) = (asm.label(), asm.label());
        load(&mut asm, op.params(), regs);
        let mut sequence = sequence(&mut asm, self.deterministic);
        if needs_no_temps(op) {
            sequence.temps = [sequence.scratch; 2];
        }
        let is_there = if op.can_trap() {
            sequence.convert_or_trap(op, regs, ConversionTraps { invalid, overflow })
        } else {
            sequence.compute(op, regs)
        };
        assert!(is_there, "{op:?} has no code");
        store(&mut asm, op.result(), regs);
        end(&mut asm, None);
        end(&mut asm, Some((invalid, Trap::InvalidConversion)));
        end(&mut asm, Some((overflow, Trap::IntegerOverflow)));
        self.code.load(asm.finish());
        for _ in 0..RUNS {
            let mut operands = self.operands(op.params());
            for k in 1..operands.len() {
                let is_same = |j: &usize| {
                    let [x, y] = [*j, k].map(|k| is_vector(op.params()[k]));
                    regs.args[*j] == regs.args[k] && x == y
                };
                if let Some(j) = (0..k).find(is_same) {
                    operands[k] = operands[j];
                }
            }
            let (found, trap) = self.run(&operands);
            let typed: Vec<Value> = op.params().iter().zip(&operands).map(value).collect();
            let is_right = match op.eval(&typed) {
                Err(expected) => trap == expected as u32,
                Ok(expected) => {
                    let found = whole(op.result(), found);
                    trap == 0 && self.is_same(op, found, expected.to_bits())
                }
            };
            if !self.check(is_right, || {
                format!("{op:?} {regs:?} of {operands:x?}: {found:x}, trap {trap}")
            }) {
                return;
            }
        }
    }

    /// Whether results are the same, up to the NaNs that an operator may give.
    fn is_same(&self, op: Compute, found: u128, expected: u128) -> bool {
        let Some(float_bits) = float_bits(op) else {
            return found == expected;
        };
        let canonical_expected = canonical(expected, float_bits);
        if self.deterministic {
            // What is above a scalar is not a float.
            found == Value::from_bits(op.result(), canonical_expected).to_bits()
        } else {
            canonical(found, float_bits) == canonical_expected
        }
    }

    fn shifts(&mut self) {
        const COUNTS: [u64; 13] = [0, 1, 3, 7, 8, 9, 15, 16, 31, 33, 63, 64, 0xffff_ffff];
        for &op in Compute::ALL.iter().filter(|op| shifts_lanes(**op)) {
            for count in COUNTS {
                for dst in [9, 1] {
                    let regs = Regs { dst, args: ARGS };
                    let mut asm = Assembler::new(self.features);
                    load(&mut asm, &[Type::V128], regs);
                    sequence(&mut asm, false).shift_by_constant(op, count, regs);
                    store(&mut asm, Type::V128, regs);
                    end(&mut asm, None);
                    self.code.load(asm.finish());
                    for _ in 0..RUNS {
                        let operands = self.operands(&[Type::V128]);
                        let (found, _) = self.run(&operands);
                        let typed = [
                            value((&Type::V128, &operands[0])),
                            Value::I32(count as u32 as i32),
                        ];
                        let expected = op.eval(&typed).expect("shifts do not trap").to_bits();
                        self.check(found == expected, || {
                            format!("{op:?} by {count}, {regs:?} of {operands:x?}: {found:x}")
                        });
                    }
                }
            }
        }
    }

    /// Lanes of a shuffle of one of the kinds that have instructions of their own, or of none.
    fn shuffle(&mut self, kind: u32) -> [u8; 16] {
        let random = &mut self.random;
        let (base, both) = (random.below(17) as u8, random.below(2) as u8);
        let quarters: [u8; 4] = std::array::from_fn(|_| random.below(4) as u8 + 4 * both);
        let lane = |at: usize| {
            let at = at as u8;
            match kind % 6 {
                0 => random.below(32) as u8,
                1 => base + at,
                2 => random.below(16) as u8,
                3 => 16 + random.below(16) as u8,
                4 => {
                    // Lanes of both in turn, from their lower or upper halves.
                    let (bytes, start) = (1 << (base % 4), both * 8);
                    start + at / (2 * bytes) * bytes + at % bytes + at / bytes % 2 * 16
                }
                _ => quarters[usize::from(at) / 4] * 4 + at % 4,
            }
        };
        let lanes: Vec<u8> = (0..16).map(lane).collect();
        lanes.try_into().expect("there are 16")
    }

    fn shuffles(&mut self) {
        for kind in 0..SHUFFLES {
            let lanes = self.shuffle(kind);
            if lanes.iter().any(|&lane| lane >= 32) {
                continue;
            }
            for (dst, args) in [(9, ARGS), (1, ARGS), (10, ARGS), (1, [1, 1, 3])] {
                let regs = Regs { dst, args };
                let types = [Type::V128; 2];
                let mut asm = Assembler::new(self.features);
                load(&mut asm, &types, regs);
                sequence(&mut asm, false).shuffle(lanes, regs);
                store(&mut asm, Type::V128, regs);
                end(&mut asm, None);
                self.code.load(asm.finish());
                let mut operands = [0; 2].map(|_: u128| {
                    u128::from(self.random.number()) << 64 | u128::from(self.random.number())
                });
                if args[0] == args[1] {
                    operands[1] = operands[0];
                }
                let (found, _) = self.run(&operands);
                let bytes = operands.map(u128::to_le_bytes).concat();
                let expected = u128::from_le_bytes(lanes.map(|lane| bytes[usize::from(lane)]));
                self.check(found == expected, || {
                    format!("a shuffle of {lanes:?}, {regs:?}")
                });
            }
        }
    }

    fn lanes(&mut self) {
        for &op in Lane::ALL {
            for lane in 0..op.lanes() {
                for dst in [9, 1, 10] {
                    let regs = Regs { dst, args: ARGS };
                    let mut asm = Assembler::new(self.features);
                    load(&mut asm, op.params(), regs);
                    sequence(&mut asm, false).lane(op, lane, regs);
                    store(&mut asm, op.result(), regs);
                    end(&mut asm, None);
                    self.code.load(asm.finish());
                    for _ in 0..RUNS_LANES {
                        let operands = self.operands(op.params());
                        let (found, _) = self.run(&operands);
                        let typed: Vec<Value> =
                            op.params().iter().zip(&operands).map(value).collect();
                        let expected = op.eval(lane, &typed).to_bits();
                        self.check(whole(op.result(), found) == expected, || {
                            format!("{op:?} {lane}, {regs:?} of {operands:x?}: {found:x}")
                        });
                    }
                }
            }
        }
    }

    fn operands(&mut self, types: &[Type]) -> Vec<u128> {
        let random = &mut self.random;
        types.iter().map(|&ty| operand(random, ty)).collect()
    }

    /// Runs what is loaded; gives the result's bits and the trap.
    fn run(&self, operands: &[u128]) -> (u128, u32) {
        let mut data = Data::default();
        data[..operands.len()].copy_from_slice(operands);
        self.code.run(&mut data);
        (data[RESULT as usize / 16], data[TRAP as usize / 16] as u32)
    }

    /// Counts a check, and shows what differs.
    fn check(&mut self, is_right: bool, what: impl FnOnce() -> String) -> bool {
        self.checks += 1;
        if !is_right {
            self.faults += 1;
            if self.faults <= SHOWN_MAX {
                let (avx, profile) = (self.features.avx, self.deterministic);
                println!("avx {avx}, deterministic {profile}: {}", what());
            }
        }
        is_right
    }
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

/// Puts operands into their registers. General registers and vector registers of one number differ.
fn load(asm: &mut Assembler, types: &[Type], regs: Regs) {
    asm.push(Gpr::RBX);
    for (k, (&ty, arg)) in types.iter().zip(regs.args).enumerate() {
        let from = Mem::new(Gpr::RDI, 16 * k as i32);
        match ty {
            Type::I32 => asm.load(Size::S32, Gpr::new(arg), from),
            Type::I64 => asm.load(Size::S64, Gpr::new(arg), from),
            Type::F32 => asm.vec_unary(VecOp::MOVSS, Xmm::new(arg), from),
            Type::F64 => asm.vec_unary(VecOp::MOVSD, Xmm::new(arg), from),
            _ => asm.vec_unary(VecOp::MOVUPS, Xmm::new(arg), from),
        }
    }
}

fn store(asm: &mut Assembler, ty: Type, regs: Regs) {
    let to = Mem::new(Gpr::RDI, RESULT);
    if is_vector(ty) {
        asm.vec_store(VecOp::MOVUPS, to, Xmm::new(regs.dst));
    } else {
        asm.store(Size::S64, to, Gpr::new(regs.dst));
    }
}

/// Ends the function, with a trap if control comes by its label.
fn end(asm: &mut Assembler, trap: Option<(Label, Trap)>) {
    if let Some((label, _)) = trap {
        asm.bind(label);
    }
    let number = trap.map_or(0, |(_, trap)| trap as i32);
    asm.store_imm(Size::S32, Mem::new(Gpr::RDI, TRAP), number);
    asm.pop(Gpr::RBX);
    asm.ret();
}

fn value((ty, bits): (&Type, &u128)) -> Value {
    Value::from_bits(*ty, *bits)
}

/// What of a register counts: all of a general one, since 32 bits are zero-extended.
fn whole(ty: Type, bits: u128) -> u128 {
    if is_vector(ty) {
        Value::from_bits(ty, bits).to_bits()
    } else {
        u128::from(bits as u64)
    }
}

/// The size of the floats that an operator computes, so that their NaNs are not the operands' bits; `None` if there are none.
fn float_bits(op: Compute) -> Option<u32> {
    const MOVES: [&str; 7] = [
        "Abs",
        "Neg",
        "Copysign",
        "Reinterpret",
        "PMin",
        "PMax",
        "Splat",
    ];
    let name = format!("{op:?}");
    let is_relaxed = name.contains("Relaxed");
    if !is_relaxed && MOVES.iter().any(|part| name.contains(part)) {
        return None;
    }
    match op.result() {
        Type::F32 => return Some(32),
        Type::F64 => return Some(64),
        Type::V128 => {}
        _ => return None,
    }
    let (lanes, rest) = name.split_at_checked(5)?;
    let is_comparison = ["Eq", "Ne", "Lt", "Gt", "Le", "Ge"].contains(&rest);
    match lanes {
        "F32x4" if !is_comparison => Some(32),
        "F64x2" if !is_comparison => Some(64),
        _ => None,
    }
}
