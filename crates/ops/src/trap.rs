//! The traps of WebAssembly: the guest's own faults, with the texts of the specification.
//!
//! One table, so that every tier and every message says the same words.

use std::fmt;

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why a guest stopped: a fault of the guest's program, never of the engine or the host.
        ///
        /// The number of a variant is stable within one version and is what compiled code and artifacts carry.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Trap {
            $($(#[$doc])* $name = $code,)*
        }

        impl Trap {
            /// All traps, in the order of their numbers.
            pub const ALL: &'static [Trap] = &[$(Trap::$name,)*];

            /// The trap with the number `code`, if there is one.
            pub fn from_code(code: u8) -> Option<Trap> {
                match code {
                    $($code => Some(Trap::$name),)*
                    _ => None,
                }
            }

            /// The text of the trap; where the specification's test suite names one, that text.
            pub fn message(self) -> &'static str {
                match self {
                    $(Trap::$name => $text,)*
                }
            }
        }
    };
}

traps! {
    /// `unreachable` was executed.
    Unreachable = 1, "unreachable";
    /// A load, store or bulk operation outside a memory.
    MemoryOutOfBounds = 2, "out of bounds memory access";
    /// A table operation outside a table.
    TableOutOfBounds = 3, "out of bounds table access";
    /// `call_indirect` with an index outside the table.
    UndefinedElement = 4, "undefined element";
    /// `call_indirect` of a null element.
    UninitializedElement = 5, "uninitialized element";
    /// `call_indirect` of a function of another type.
    IndirectCallTypeMismatch = 6, "indirect call type mismatch";
    /// Division or remainder by zero.
    IntegerDivideByZero = 7, "integer divide by zero";
    /// The result of a division or truncation does not fit.
    IntegerOverflow = 8, "integer overflow";
    /// Truncation of NaN to an integer.
    InvalidConversion = 9, "invalid conversion to integer";
    /// The guest called too deeply.
    StackOverflow = 10, "call stack exhausted";
    /// The fuel given to the store is used up.
    OutOfFuel = 11, "all fuel consumed";
    /// The deadline passed or an interrupt handle asked the guest to stop.
    Interrupted = 12, "interrupted";
    /// A null reference was used where a value is needed.
    NullReference = 13, "null reference";
    /// A reference was cast to a type that it does not have.
    CastFailure = 14, "cast failure";
    /// An atomic access that is not aligned.
    UnalignedAtomic = 15, "unaligned atomic";
    /// An array access outside the array.
    ArrayOutOfBounds = 16, "out of bounds array access";
    /// An exception that no one caught.
    UncaughtException = 17, "uncaught exception";
    /// The heap of a store is full.
    AllocationTooLarge = 18, "allocation size too large";
    /// `memory.atomic.wait` on a memory that no other thread could ever notify through.
    ExpectedSharedMemory = 19, "expected shared memory";
    /// `call_ref` of null.
    NullFunctionReference = 20, "null function reference";
    /// A field of null.
    NullStructReference = 25, "null structure reference";
    /// An element, or the length, of null.
    NullArrayReference = 26, "null array reference";
    /// The integer of null.
    NullI31Reference = 27, "null i31 reference";
    /// A host ran out of room for the objects of a guest, even after a collection.
    HeapExhausted = 28, "garbage-collected heap exhausted";
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Trap {}
