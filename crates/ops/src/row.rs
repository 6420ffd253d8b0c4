//! What every table of operators has in common: an enum whose variants have names and numbers.
//!
//! Apart from the tables so that each of them is only its rows and what is special about them.

use crate::Value;

/// Declares an enum of operators from rows `Variant 0x6a "text.name"`, with the number that [opcode](crate::Compute::opcode) gives.
macro_rules! operators {
    ($(#[$doc:meta])* $enum:ident { $($variant:ident $opcode:literal $text:literal $($detail:expr)?;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        pub enum $enum {
            $(
                #[doc = concat!("`", $text, "`" $(, ": `", $detail, "`")?)]
                $variant,
            )*
        }

        impl $enum {
            /// All operators of the table, in the order of their numbers.
            pub const ALL: &'static [$enum] = &[$($enum::$variant,)*];

            /// The name in the text format.
            pub const fn name(self) -> &'static str {
                match self {
                    $($enum::$variant => $text,)*
                }
            }

            /// The operator whose name in the text format is `name`.
            pub fn from_name(name: &str) -> Option<$enum> {
                match name {
                    $($text => Some($enum::$variant),)*
                    _ => None,
                }
            }

            /// The number in the binary format: one byte, or the byte of a prefix times 0x10000 and the number behind it, as in
            /// `0xfd_0100`.
            pub const fn opcode(self) -> u32 {
                match self {
                    $($enum::$variant => $opcode,)*
                }
            }

            /// The operator's number: its place in [`Self::ALL`], stable within one version only.
            pub const fn code(self) -> u16 {
                self as u16
            }

            /// The operator with the number `code`.
            pub fn from_code(code: u16) -> Option<$enum> {
                Self::ALL.get(usize::from(code)).copied()
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

/// Panics because an operator was given operands that validation would have refused.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn misused(name: &str, args: &[Value]) -> ! {
    panic!("{name}: operands of the wrong number or type: {args:?}")
}
