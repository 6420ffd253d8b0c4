//! Which bits of integers can be 1, and how far their sign reaches.
//!
//! Apart from the rules that ask because it is a lattice with laws of its own. One walk in reverse postorder; what a loop brings round
//! can be anything.

use crate::ints::{Int, Width};
use ir::{Cfg, Def, Func, Inst, Value};
use ops::{Compute, Load};

/// What is known of an integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bits {
    /// The bits that may be 1; above the width of its type there are none.
    pub ones: u64,
    /// It is the same when its lowest so many bits are sign-extended.
    pub signed: u32,
}

impl Bits {
    fn any(width: Width) -> Bits {
        Bits {
            ones: width.ones(),
            signed: width.bits(),
        }
    }

    fn constant(width: Width, number: u64) -> Bits {
        let signed = width.signed(number);
        Bits {
            ones: number,
            signed: 65 - (signed ^ (signed >> 63)).leading_zeros(),
        }
    }

    /// A number with no other bits than these.
    fn of_ones(width: Width, ones: u64) -> Bits {
        let ones = ones & width.ones();
        Bits {
            ones,
            signed: (65 - ones.leading_zeros()).min(width.bits()),
        }
    }

    fn of_signed(width: Width, signed: u32) -> Bits {
        Bits {
            ones: width.ones(),
            signed: signed.min(width.bits()),
        }
    }

    /// What holds if both do.
    fn and(self, other: Bits) -> Bits {
        Bits {
            ones: self.ones & other.ones,
            signed: self.signed.min(other.signed),
        }
    }

    /// What holds if either does.
    fn or(self, other: Bits) -> Bits {
        Bits {
            ones: self.ones | other.ones,
            signed: self.signed.max(other.signed),
        }
    }

    /// Whether it is 0 or 1.
    pub(crate) fn is_bool(self) -> bool {
        self.ones <= 1
    }
}

/// All bits up to the highest of some.
fn filled(ones: u64) -> u64 {
    u64::MAX.checked_shr(ones.leading_zeros()).unwrap_or(0)
}

/// What is known of all integers of a function.
#[derive(Default)]
pub(crate) struct KnownBits {
    /// By value.
    of: Vec<Option<Bits>>,
}

impl KnownBits {
    pub(crate) fn new(func: &Func, cfg: &Cfg) -> KnownBits {
        let mut known = KnownBits {
            of: vec![None; func.n_values()],
        };
        for &block in cfg.rpo() {
            for (nth, &param) in func.params(block).iter().enumerate() {
                let Some(width) = Width::of(func.ty(param)) else {
                    continue;
                };
                let mut all: Option<Bits> = None;
                for &(pred, edge) in cfg.preds(block) {
                    if !cfg.is_reachable(pred) {
                        continue;
                    }
                    let arg = func.edge_args(edge)[nth];
                    let bits = match func.is_const(arg) {
                        true => known.get(func, arg),
                        false => known.of[arg.index()],
                    };
                    // A parameter that is passed to itself says nothing new.
                    if arg == param {
                        continue;
                    }
                    let bits = bits.unwrap_or(Bits::any(width));
                    all = Some(all.map_or(bits, |all| all.or(bits)));
                }
                known.of[param.index()] = Some(all.unwrap_or(Bits::any(width)));
            }
            for &id in func.insts(block) {
                known.note(func, id);
            }
        }
        known
    }

    /// Finds out what is known of the results of an instruction, whose operands were looked at.
    pub(crate) fn note(&mut self, func: &Func, id: ir::InstId) {
        if self.of.len() < func.n_values() {
            self.of.resize(func.n_values(), None);
        }
        for value in func.inst_results(id) {
            let Some(width) = Width::of(func.ty(value)) else {
                continue;
            };
            let bits = self.of_inst(func, func.inst(id), width);
            self.of[value.index()] = Some(bits);
        }
    }

    /// What is known of a value; `None` if it is no integer.
    pub(crate) fn get(&self, func: &Func, value: Value) -> Option<Bits> {
        let width = Width::of(func.ty(value))?;
        if let Def::Const(bits) = func.def(value) {
            return Some(Bits::constant(width, bits as u64));
        }
        let known = self.of.get(value.index()).copied().flatten();
        Some(known.unwrap_or(Bits::any(width)))
    }

    fn of_inst(&self, func: &Func, inst: &Inst, width: Width) -> Bits {
        let get = |value| self.get(func, value).unwrap_or(Bits::any(width));
        match *inst {
            Inst::Compute { op, args } => match Int::of(op) {
                Some((width, op)) => {
                    self.of_int(func, op, width, get(args[0]), get(args[1]), args[1])
                }
                None => self.of_compute(func, op, args, width),
            },
            Inst::Select {
                then, otherwise, ..
            } => get(then).or(get(otherwise)),
            Inst::Load { op, .. } => of_load(op, width),
            Inst::RefIsNull { .. } | Inst::FuncIs { .. } => Bits::of_ones(width, 1),
            Inst::Gc {
                op: ir::GcOp::RefEq | ir::GcOp::RefTest { .. },
                ..
            } => Bits::of_ones(width, 1),
            _ => Bits::any(width),
        }
    }

    fn of_int(&self, func: &Func, op: Int, width: Width, a: Bits, b: Bits, right: Value) -> Bits {
        let amount = func
            .const_bits(right)
            .map(|bits| bits as u32 % width.bits());
        match op {
            Int::And => Bits {
                ones: a.ones & b.ones,
                signed: a.signed.max(b.signed),
            }
            .and(Bits::of_ones(width, a.ones & b.ones)),
            Int::Or | Int::Xor => a.or(b).and(Bits::of_ones(width, a.ones | b.ones)),
            Int::Add => {
                let sum = if a.ones & b.ones == 0 {
                    Some(a.ones | b.ones)
                } else {
                    let carried = u128::from(filled(a.ones)) + u128::from(filled(b.ones));
                    let carried = u64::try_from(carried).ok().map(filled);
                    carried.filter(|&ones| ones <= width.ones())
                };
                let signed = Bits::of_signed(width, a.signed.max(b.signed) + 1);
                sum.map_or(signed, |ones| Bits::of_ones(width, ones).and(signed))
            }
            Int::Sub => Bits::of_signed(width, a.signed.max(b.signed) + 1),
            Int::Mul => {
                let product = filled(a.ones).checked_mul(filled(b.ones)).map(filled);
                let product = product.filter(|&ones| ones <= width.ones());
                let signed = Bits::of_signed(width, a.signed + b.signed);
                product.map_or(signed, |ones| Bits::of_ones(width, ones).and(signed))
            }
            Int::DivU => Bits::of_ones(width, filled(a.ones)),
            Int::RemU => {
                let below = filled(a.ones);
                match func.const_bits(right) {
                    Some(bits) if bits != 0 => {
                        Bits::of_ones(width, below & filled(bits as u64 - 1))
                    }
                    _ => Bits::of_ones(width, below & filled(b.ones)),
                }
            }
            Int::RemS => Bits::of_signed(width, a.signed),
            Int::Shl => match amount {
                Some(by) => Bits {
                    ones: (a.ones << by) & width.ones(),
                    signed: (a.signed + by).min(width.bits()),
                },
                None => Bits::any(width),
            },
            Int::ShrU => match amount {
                Some(by) => Bits::of_ones(width, a.ones >> by),
                None => Bits::of_ones(width, filled(a.ones)),
            },
            Int::ShrS => {
                let sign = 1 << (width.bits() - 1);
                let by = amount.unwrap_or(0);
                let signed = Bits::of_signed(width, a.signed.saturating_sub(by).max(1));
                match a.ones & sign {
                    0 if amount.is_some() => Bits::of_ones(width, a.ones >> by).and(signed),
                    0 => Bits::of_ones(width, filled(a.ones)),
                    _ => signed,
                }
            }
            Int::DivS | Int::Rotl | Int::Rotr => Bits::any(width),
            Int::Eq
            | Int::Ne
            | Int::LtS
            | Int::LtU
            | Int::GtS
            | Int::GtU
            | Int::LeS
            | Int::LeU
            | Int::GeS
            | Int::GeU => Bits::of_ones(Width::W32, 1),
        }
    }

    fn of_compute(&self, func: &Func, op: Compute, args: [Value; 3], width: Width) -> Bits {
        let arg = self.get(func, args[0]);
        let narrow = |signed: u32| {
            let arg = arg.unwrap_or(Bits::any(width));
            // What is not negative in so many bits stays what it is.
            if arg.ones < 1 << (signed - 1) {
                arg
            } else {
                Bits::of_signed(width, signed.min(arg.signed))
            }
        };
        match op {
            Compute::I32Extend8S | Compute::I64Extend8S => narrow(8),
            Compute::I32Extend16S | Compute::I64Extend16S => narrow(16),
            Compute::I64Extend32S => narrow(32),
            Compute::I64ExtendI32U => {
                Bits::of_ones(width, arg.map_or(u32::MAX.into(), |arg| arg.ones))
            }
            Compute::I64ExtendI32S => match arg {
                Some(arg) if arg.ones < 1 << 31 => Bits::of_ones(width, arg.ones),
                Some(arg) => Bits::of_signed(width, arg.signed),
                None => Bits::any(width),
            },
            Compute::I32WrapI64 => match arg {
                Some(arg) => Bits {
                    ones: arg.ones & u64::from(u32::MAX),
                    signed: arg.signed.min(32),
                },
                None => Bits::any(width),
            },
            Compute::I32Clz | Compute::I32Ctz | Compute::I32Popcnt => Bits::of_ones(width, 0x3f),
            Compute::I64Clz | Compute::I64Ctz | Compute::I64Popcnt => Bits::of_ones(width, 0x7f),
            Compute::I32Eqz
            | Compute::I64Eqz
            | Compute::F32Eq
            | Compute::F32Ne
            | Compute::F32Lt
            | Compute::F32Gt
            | Compute::F32Le
            | Compute::F32Ge
            | Compute::F64Eq
            | Compute::F64Ne
            | Compute::F64Lt
            | Compute::F64Gt
            | Compute::F64Le
            | Compute::F64Ge => Bits::of_ones(width, 1),
            _ => Bits::any(width),
        }
    }
}

fn of_load(op: Load, width: Width) -> Bits {
    match op {
        Load::I32Load8U | Load::I64Load8U => Bits::of_ones(width, 0xff),
        Load::I32Load16U | Load::I64Load16U => Bits::of_ones(width, 0xffff),
        Load::I64Load32U => Bits::of_ones(width, u32::MAX.into()),
        Load::I32Load8S | Load::I64Load8S => Bits::of_signed(width, 8),
        Load::I32Load16S | Load::I64Load16S => Bits::of_signed(width, 16),
        Load::I64Load32S => Bits::of_signed(width, 32),
        _ => Bits::any(width),
    }
}
