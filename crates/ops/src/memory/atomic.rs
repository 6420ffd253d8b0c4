//! Atomic accesses: one row each, with what they leave in memory.
//!
//! Apart from plain accesses because such an operator reads and writes at once, must be aligned, and may have to wait for
//! others; how that is done is the business of whoever holds the memory. All of them are sequentially consistent.

use crate::Type;

/// How an atomic access changes what it reads, before the result is wrapped to its width.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AtomicRmw {
    /// Addition.
    Add,
    /// Subtraction.
    Sub,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Replacement.
    Xchg,
}

impl AtomicRmw {
    /// What `old` becomes with this operand.
    pub const fn eval(self, old: u64, operand: u64) -> u64 {
        match self {
            AtomicRmw::Add => old.wrapping_add(operand),
            AtomicRmw::Sub => old.wrapping_sub(operand),
            AtomicRmw::And => old & operand,
            AtomicRmw::Or => old | operand,
            AtomicRmw::Xor => old ^ operand,
            AtomicRmw::Xchg => operand,
        }
    }
}

/// What an atomic operator does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AtomicKind {
    /// `[address] -> [value]`.
    Load,
    /// `[address, value] -> []`.
    Store,
    /// `[address, operand] -> [what was there]`.
    Rmw(AtomicRmw),
    /// `[address, expected, replacement] -> [what was there]`.
    Cmpxchg,
    /// `[address, expected, timeout] -> [0 woken, 1 not equal, 2 timed out]`; the timeout counts nanoseconds, and if negative
    /// never ends.
    Wait,
    /// `[address, count] -> [how many were woken]`.
    Notify,
}

/// Reads the rows into [`Atomic`]: variant, name in the text format, kind, what lies in memory, the type of the operands.
macro_rules! atomic {
    ($($variant:ident $opcode:literal $text:literal: $kind:expr, $bytes:literal, $ty:ident;)*) => {
        operators! {
            /// An operator that accesses memory atomically.
            ///
            /// A variant is named as in wasmparser, and its documentation is its [`AtomicKind`].
            Atomic { $($variant $opcode $text stringify!($kind);)* }
        }

        impl Atomic {
            /// What the operator does.
            pub const fn kind(self) -> AtomicKind {
                use AtomicKind::{Cmpxchg, Load, Notify, Rmw, Store, Wait};
                use AtomicRmw::{Add, And, Or, Sub, Xchg, Xor};
                match self {
                    $(Atomic::$variant => $kind,)*
                }
            }

            /// How many bytes of memory are accessed: the address must be a multiple of it.
            pub const fn bytes(self) -> usize {
                match self {
                    $(Atomic::$variant => $bytes,)*
                }
            }

            /// The type of the values in memory as the operands and the result show them: `i32` or `i64`, wrapped to
            /// [`Atomic::bytes`] and zero-extended.
            pub const fn value_type(self) -> Type {
                match self {
                    $(Atomic::$variant => Type::$ty,)*
                }
            }
        }
    };
}

impl Atomic {
    /// The types of the operands behind the address.
    pub const fn operands(self) -> &'static [Type] {
        match (self.kind(), self.value_type()) {
            (AtomicKind::Load, _) => &[],
            (AtomicKind::Store | AtomicKind::Rmw(_), Type::I64) => &[Type::I64],
            (AtomicKind::Store | AtomicKind::Rmw(_) | AtomicKind::Notify, _) => &[Type::I32],
            (AtomicKind::Cmpxchg | AtomicKind::Wait, Type::I64) => &[Type::I64, Type::I64],
            (AtomicKind::Cmpxchg, _) => &[Type::I32, Type::I32],
            (AtomicKind::Wait, _) => &[Type::I32, Type::I64],
        }
    }

    /// The type of the result, if there is one.
    pub const fn result(self) -> Option<Type> {
        match self.kind() {
            AtomicKind::Store => None,
            AtomicKind::Wait | AtomicKind::Notify => Some(Type::I32),
            AtomicKind::Load | AtomicKind::Rmw(_) | AtomicKind::Cmpxchg => Some(self.value_type()),
        }
    }

    /// `value` as memory holds it: wrapped to [`Atomic::bytes`].
    pub const fn wrap(self, value: u64) -> u64 {
        value & (u64::MAX >> (64 - 8 * self.bytes()))
    }

    /// What lies in memory afterwards if `old` did before, both wrapped; the operands as far as the operator has them.
    ///
    /// Loads, waits and notifications leave what is there.
    pub const fn eval(self, old: u64, operands: [u64; 2]) -> u64 {
        match self.kind() {
            AtomicKind::Load | AtomicKind::Wait | AtomicKind::Notify => old,
            AtomicKind::Store => self.wrap(operands[0]),
            AtomicKind::Rmw(rmw) => self.wrap(rmw.eval(old, operands[0])),
            AtomicKind::Cmpxchg if old == self.wrap(operands[0]) => self.wrap(operands[1]),
            AtomicKind::Cmpxchg => old,
        }
    }
}

atomic! {
    MemoryAtomicNotify 0xfe_0000 "memory.atomic.notify": Notify, 4, I32;
    MemoryAtomicWait32 0xfe_0001 "memory.atomic.wait32": Wait, 4, I32;
    MemoryAtomicWait64 0xfe_0002 "memory.atomic.wait64": Wait, 8, I64;

    I32AtomicLoad 0xfe_0010 "i32.atomic.load": Load, 4, I32;
    I64AtomicLoad 0xfe_0011 "i64.atomic.load": Load, 8, I64;
    I32AtomicLoad8U 0xfe_0012 "i32.atomic.load8_u": Load, 1, I32;
    I32AtomicLoad16U 0xfe_0013 "i32.atomic.load16_u": Load, 2, I32;
    I64AtomicLoad8U 0xfe_0014 "i64.atomic.load8_u": Load, 1, I64;
    I64AtomicLoad16U 0xfe_0015 "i64.atomic.load16_u": Load, 2, I64;
    I64AtomicLoad32U 0xfe_0016 "i64.atomic.load32_u": Load, 4, I64;

    I32AtomicStore 0xfe_0017 "i32.atomic.store": Store, 4, I32;
    I64AtomicStore 0xfe_0018 "i64.atomic.store": Store, 8, I64;
    I32AtomicStore8 0xfe_0019 "i32.atomic.store8": Store, 1, I32;
    I32AtomicStore16 0xfe_001a "i32.atomic.store16": Store, 2, I32;
    I64AtomicStore8 0xfe_001b "i64.atomic.store8": Store, 1, I64;
    I64AtomicStore16 0xfe_001c "i64.atomic.store16": Store, 2, I64;
    I64AtomicStore32 0xfe_001d "i64.atomic.store32": Store, 4, I64;

    I32AtomicRmwAdd 0xfe_001e "i32.atomic.rmw.add": Rmw(Add), 4, I32;
    I64AtomicRmwAdd 0xfe_001f "i64.atomic.rmw.add": Rmw(Add), 8, I64;
    I32AtomicRmw8AddU 0xfe_0020 "i32.atomic.rmw8.add_u": Rmw(Add), 1, I32;
    I32AtomicRmw16AddU 0xfe_0021 "i32.atomic.rmw16.add_u": Rmw(Add), 2, I32;
    I64AtomicRmw8AddU 0xfe_0022 "i64.atomic.rmw8.add_u": Rmw(Add), 1, I64;
    I64AtomicRmw16AddU 0xfe_0023 "i64.atomic.rmw16.add_u": Rmw(Add), 2, I64;
    I64AtomicRmw32AddU 0xfe_0024 "i64.atomic.rmw32.add_u": Rmw(Add), 4, I64;

    I32AtomicRmwSub 0xfe_0025 "i32.atomic.rmw.sub": Rmw(Sub), 4, I32;
    I64AtomicRmwSub 0xfe_0026 "i64.atomic.rmw.sub": Rmw(Sub), 8, I64;
    I32AtomicRmw8SubU 0xfe_0027 "i32.atomic.rmw8.sub_u": Rmw(Sub), 1, I32;
    I32AtomicRmw16SubU 0xfe_0028 "i32.atomic.rmw16.sub_u": Rmw(Sub), 2, I32;
    I64AtomicRmw8SubU 0xfe_0029 "i64.atomic.rmw8.sub_u": Rmw(Sub), 1, I64;
    I64AtomicRmw16SubU 0xfe_002a "i64.atomic.rmw16.sub_u": Rmw(Sub), 2, I64;
    I64AtomicRmw32SubU 0xfe_002b "i64.atomic.rmw32.sub_u": Rmw(Sub), 4, I64;

    I32AtomicRmwAnd 0xfe_002c "i32.atomic.rmw.and": Rmw(And), 4, I32;
    I64AtomicRmwAnd 0xfe_002d "i64.atomic.rmw.and": Rmw(And), 8, I64;
    I32AtomicRmw8AndU 0xfe_002e "i32.atomic.rmw8.and_u": Rmw(And), 1, I32;
    I32AtomicRmw16AndU 0xfe_002f "i32.atomic.rmw16.and_u": Rmw(And), 2, I32;
    I64AtomicRmw8AndU 0xfe_0030 "i64.atomic.rmw8.and_u": Rmw(And), 1, I64;
    I64AtomicRmw16AndU 0xfe_0031 "i64.atomic.rmw16.and_u": Rmw(And), 2, I64;
    I64AtomicRmw32AndU 0xfe_0032 "i64.atomic.rmw32.and_u": Rmw(And), 4, I64;

    I32AtomicRmwOr 0xfe_0033 "i32.atomic.rmw.or": Rmw(Or), 4, I32;
    I64AtomicRmwOr 0xfe_0034 "i64.atomic.rmw.or": Rmw(Or), 8, I64;
    I32AtomicRmw8OrU 0xfe_0035 "i32.atomic.rmw8.or_u": Rmw(Or), 1, I32;
    I32AtomicRmw16OrU 0xfe_0036 "i32.atomic.rmw16.or_u": Rmw(Or), 2, I32;
    I64AtomicRmw8OrU 0xfe_0037 "i64.atomic.rmw8.or_u": Rmw(Or), 1, I64;
    I64AtomicRmw16OrU 0xfe_0038 "i64.atomic.rmw16.or_u": Rmw(Or), 2, I64;
    I64AtomicRmw32OrU 0xfe_0039 "i64.atomic.rmw32.or_u": Rmw(Or), 4, I64;

    I32AtomicRmwXor 0xfe_003a "i32.atomic.rmw.xor": Rmw(Xor), 4, I32;
    I64AtomicRmwXor 0xfe_003b "i64.atomic.rmw.xor": Rmw(Xor), 8, I64;
    I32AtomicRmw8XorU 0xfe_003c "i32.atomic.rmw8.xor_u": Rmw(Xor), 1, I32;
    I32AtomicRmw16XorU 0xfe_003d "i32.atomic.rmw16.xor_u": Rmw(Xor), 2, I32;
    I64AtomicRmw8XorU 0xfe_003e "i64.atomic.rmw8.xor_u": Rmw(Xor), 1, I64;
    I64AtomicRmw16XorU 0xfe_003f "i64.atomic.rmw16.xor_u": Rmw(Xor), 2, I64;
    I64AtomicRmw32XorU 0xfe_0040 "i64.atomic.rmw32.xor_u": Rmw(Xor), 4, I64;

    I32AtomicRmwXchg 0xfe_0041 "i32.atomic.rmw.xchg": Rmw(Xchg), 4, I32;
    I64AtomicRmwXchg 0xfe_0042 "i64.atomic.rmw.xchg": Rmw(Xchg), 8, I64;
    I32AtomicRmw8XchgU 0xfe_0043 "i32.atomic.rmw8.xchg_u": Rmw(Xchg), 1, I32;
    I32AtomicRmw16XchgU 0xfe_0044 "i32.atomic.rmw16.xchg_u": Rmw(Xchg), 2, I32;
    I64AtomicRmw8XchgU 0xfe_0045 "i64.atomic.rmw8.xchg_u": Rmw(Xchg), 1, I64;
    I64AtomicRmw16XchgU 0xfe_0046 "i64.atomic.rmw16.xchg_u": Rmw(Xchg), 2, I64;
    I64AtomicRmw32XchgU 0xfe_0047 "i64.atomic.rmw32.xchg_u": Rmw(Xchg), 4, I64;

    I32AtomicRmwCmpxchg 0xfe_0048 "i32.atomic.rmw.cmpxchg": Cmpxchg, 4, I32;
    I64AtomicRmwCmpxchg 0xfe_0049 "i64.atomic.rmw.cmpxchg": Cmpxchg, 8, I64;
    I32AtomicRmw8CmpxchgU 0xfe_004a "i32.atomic.rmw8.cmpxchg_u": Cmpxchg, 1, I32;
    I32AtomicRmw16CmpxchgU 0xfe_004b "i32.atomic.rmw16.cmpxchg_u": Cmpxchg, 2, I32;
    I64AtomicRmw8CmpxchgU 0xfe_004c "i64.atomic.rmw8.cmpxchg_u": Cmpxchg, 1, I64;
    I64AtomicRmw16CmpxchgU 0xfe_004d "i64.atomic.rmw16.cmpxchg_u": Cmpxchg, 2, I64;
    I64AtomicRmw32CmpxchgU 0xfe_004e "i64.atomic.rmw32.cmpxchg_u": Cmpxchg, 4, I64;
}
