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
    ($($variant:ident $text:literal: $kind:expr, $bytes:literal, $ty:ident;)*) => {
        operators! {
            /// An operator that accesses memory atomically.
            ///
            /// A variant is named as in wasmparser, and its documentation is its [`AtomicKind`].
            Atomic { $($variant $text stringify!($kind);)* }
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
    MemoryAtomicNotify "memory.atomic.notify": Notify, 4, I32;
    MemoryAtomicWait32 "memory.atomic.wait32": Wait, 4, I32;
    MemoryAtomicWait64 "memory.atomic.wait64": Wait, 8, I64;

    I32AtomicLoad "i32.atomic.load": Load, 4, I32;
    I64AtomicLoad "i64.atomic.load": Load, 8, I64;
    I32AtomicLoad8U "i32.atomic.load8_u": Load, 1, I32;
    I32AtomicLoad16U "i32.atomic.load16_u": Load, 2, I32;
    I64AtomicLoad8U "i64.atomic.load8_u": Load, 1, I64;
    I64AtomicLoad16U "i64.atomic.load16_u": Load, 2, I64;
    I64AtomicLoad32U "i64.atomic.load32_u": Load, 4, I64;

    I32AtomicStore "i32.atomic.store": Store, 4, I32;
    I64AtomicStore "i64.atomic.store": Store, 8, I64;
    I32AtomicStore8 "i32.atomic.store8": Store, 1, I32;
    I32AtomicStore16 "i32.atomic.store16": Store, 2, I32;
    I64AtomicStore8 "i64.atomic.store8": Store, 1, I64;
    I64AtomicStore16 "i64.atomic.store16": Store, 2, I64;
    I64AtomicStore32 "i64.atomic.store32": Store, 4, I64;

    I32AtomicRmwAdd "i32.atomic.rmw.add": Rmw(Add), 4, I32;
    I64AtomicRmwAdd "i64.atomic.rmw.add": Rmw(Add), 8, I64;
    I32AtomicRmw8AddU "i32.atomic.rmw8.add_u": Rmw(Add), 1, I32;
    I32AtomicRmw16AddU "i32.atomic.rmw16.add_u": Rmw(Add), 2, I32;
    I64AtomicRmw8AddU "i64.atomic.rmw8.add_u": Rmw(Add), 1, I64;
    I64AtomicRmw16AddU "i64.atomic.rmw16.add_u": Rmw(Add), 2, I64;
    I64AtomicRmw32AddU "i64.atomic.rmw32.add_u": Rmw(Add), 4, I64;

    I32AtomicRmwSub "i32.atomic.rmw.sub": Rmw(Sub), 4, I32;
    I64AtomicRmwSub "i64.atomic.rmw.sub": Rmw(Sub), 8, I64;
    I32AtomicRmw8SubU "i32.atomic.rmw8.sub_u": Rmw(Sub), 1, I32;
    I32AtomicRmw16SubU "i32.atomic.rmw16.sub_u": Rmw(Sub), 2, I32;
    I64AtomicRmw8SubU "i64.atomic.rmw8.sub_u": Rmw(Sub), 1, I64;
    I64AtomicRmw16SubU "i64.atomic.rmw16.sub_u": Rmw(Sub), 2, I64;
    I64AtomicRmw32SubU "i64.atomic.rmw32.sub_u": Rmw(Sub), 4, I64;

    I32AtomicRmwAnd "i32.atomic.rmw.and": Rmw(And), 4, I32;
    I64AtomicRmwAnd "i64.atomic.rmw.and": Rmw(And), 8, I64;
    I32AtomicRmw8AndU "i32.atomic.rmw8.and_u": Rmw(And), 1, I32;
    I32AtomicRmw16AndU "i32.atomic.rmw16.and_u": Rmw(And), 2, I32;
    I64AtomicRmw8AndU "i64.atomic.rmw8.and_u": Rmw(And), 1, I64;
    I64AtomicRmw16AndU "i64.atomic.rmw16.and_u": Rmw(And), 2, I64;
    I64AtomicRmw32AndU "i64.atomic.rmw32.and_u": Rmw(And), 4, I64;

    I32AtomicRmwOr "i32.atomic.rmw.or": Rmw(Or), 4, I32;
    I64AtomicRmwOr "i64.atomic.rmw.or": Rmw(Or), 8, I64;
    I32AtomicRmw8OrU "i32.atomic.rmw8.or_u": Rmw(Or), 1, I32;
    I32AtomicRmw16OrU "i32.atomic.rmw16.or_u": Rmw(Or), 2, I32;
    I64AtomicRmw8OrU "i64.atomic.rmw8.or_u": Rmw(Or), 1, I64;
    I64AtomicRmw16OrU "i64.atomic.rmw16.or_u": Rmw(Or), 2, I64;
    I64AtomicRmw32OrU "i64.atomic.rmw32.or_u": Rmw(Or), 4, I64;

    I32AtomicRmwXor "i32.atomic.rmw.xor": Rmw(Xor), 4, I32;
    I64AtomicRmwXor "i64.atomic.rmw.xor": Rmw(Xor), 8, I64;
    I32AtomicRmw8XorU "i32.atomic.rmw8.xor_u": Rmw(Xor), 1, I32;
    I32AtomicRmw16XorU "i32.atomic.rmw16.xor_u": Rmw(Xor), 2, I32;
    I64AtomicRmw8XorU "i64.atomic.rmw8.xor_u": Rmw(Xor), 1, I64;
    I64AtomicRmw16XorU "i64.atomic.rmw16.xor_u": Rmw(Xor), 2, I64;
    I64AtomicRmw32XorU "i64.atomic.rmw32.xor_u": Rmw(Xor), 4, I64;

    I32AtomicRmwXchg "i32.atomic.rmw.xchg": Rmw(Xchg), 4, I32;
    I64AtomicRmwXchg "i64.atomic.rmw.xchg": Rmw(Xchg), 8, I64;
    I32AtomicRmw8XchgU "i32.atomic.rmw8.xchg_u": Rmw(Xchg), 1, I32;
    I32AtomicRmw16XchgU "i32.atomic.rmw16.xchg_u": Rmw(Xchg), 2, I32;
    I64AtomicRmw8XchgU "i64.atomic.rmw8.xchg_u": Rmw(Xchg), 1, I64;
    I64AtomicRmw16XchgU "i64.atomic.rmw16.xchg_u": Rmw(Xchg), 2, I64;
    I64AtomicRmw32XchgU "i64.atomic.rmw32.xchg_u": Rmw(Xchg), 4, I64;

    I32AtomicRmwCmpxchg "i32.atomic.rmw.cmpxchg": Cmpxchg, 4, I32;
    I64AtomicRmwCmpxchg "i64.atomic.rmw.cmpxchg": Cmpxchg, 8, I64;
    I32AtomicRmw8CmpxchgU "i32.atomic.rmw8.cmpxchg_u": Cmpxchg, 1, I32;
    I32AtomicRmw16CmpxchgU "i32.atomic.rmw16.cmpxchg_u": Cmpxchg, 2, I32;
    I64AtomicRmw8CmpxchgU "i64.atomic.rmw8.cmpxchg_u": Cmpxchg, 1, I64;
    I64AtomicRmw16CmpxchgU "i64.atomic.rmw16.cmpxchg_u": Cmpxchg, 2, I64;
    I64AtomicRmw32CmpxchgU "i64.atomic.rmw32.cmpxchg_u": Cmpxchg, 4, I64;
}
