//! Operators that only compute: no immediate, no memory, one result.
//!
//! One table, because the interpreter, the constant folding of every compiler and the tests must share one meaning of each
//! operator. The rows are in `compute/rows.rs`; this file says what is made of a row.

/// Reads the rows into [`Compute`].
///
/// `I32DivS 0x6d "i32.div_s": (a: i32, b: i32) -> i32 or trap = int::div(a, b)?;` says: the variant, its number in the binary format, its name in the text
/// format, its operands in stack order, its result, that it can trap (only then may the meaning use `?`), its meaning.
macro_rules! compute {
    ($(
        $variant:ident $opcode:literal $text:literal:
        ($($param:ident: $param_ty:ty),*) -> $result:tt $(or $trap:ident)? = $meaning:expr;
    )*) => {
        operators! {
            /// An operator that only computes: no immediate, no memory, one result.
            ///
            /// A variant is named as in wasmparser, and its documentation is its meaning in Rust.
            Compute { $($variant $opcode $text stringify!($meaning);)* }
        }

        impl Compute {
            /// The types of the operands, in stack order (the last one is on top).
            pub const fn params(self) -> &'static [Type] {
                match self {
                    $(Compute::$variant => &[$(<$param_ty as Param>::TYPE),*],)*
                }
            }

            /// The type of the result.
            pub const fn result(self) -> Type {
                match self {
                    $(Compute::$variant => <$result as Outcome>::TYPE,)*
                }
            }

            /// Whether [`Compute::eval`] can end in a trap.
            pub const fn can_trap(self) -> bool {
                match self {
                    $(Compute::$variant => traps!($($trap)?),)*
                }
            }

            /// What the operator computes from `args`, given in stack order.
            ///
            /// Equal operands give equal bits on every machine, NaN included: see [`crate::float`].
            ///
            /// # Errors
            /// The guest's fault, if the operator traps on these operands.
            ///
            /// # Panics
            /// If `args` do not have the types [`Compute::params`]; a validated module never asks for that.
            pub fn eval(self, args: &[Value]) -> Result<Value, Trap> {
                let result = match self {
                    $(Compute::$variant => {
                        let [$($param),*] = *args else { misused($text, args) };
                        $(let Some($param) = <$param_ty as Param>::from_value($param) else {
                            misused($text, args)
                        };)*
                        <$result as Outcome>::into_value($meaning)
                    })*
                };
                Ok(result)
            }

            /// What the operator does to a stack of bits without types: its operands, at the end of `stack`, give way to its
            /// result. The result is written where the first operand was; how many operands there were is returned. Of an
            /// operand only the low bits are read; a result is zero-extended.
            ///
            /// The same rows as [`Compute::eval`], for an interpreter, which has no use for types after validation.
            ///
            /// # Errors
            /// The guest's fault, if the operator traps on these operands.
            ///
            /// # Panics
            /// If `stack` has fewer values than the operator has operands; a validated module never asks for that.
            pub fn eval_on(self, stack: &mut [u128]) -> Result<usize, Trap> {
                match self {
                    $(Compute::$variant => {
                        let [.., $($param),*] = *stack else { misused($text, &[]) };
                        $(let $param = <$param_ty as Param>::from_bits($param);)*
                        let result = <$result as Outcome>::into_bits($meaning);
                        let operands = const { [$(<$param_ty as Param>::TYPE),*].len() };
                        let first = stack.len() - operands;
                        stack[first] = result;
                        Ok(operands)
                    })*
                }
            }
        }
    };
}

/// Whether a row says `or trap`.
macro_rules! traps {
    () => {
        false
    };
    (trap) => {
        true
    };
}

mod choice;
mod rows;
#[cfg(test)]
mod tests;

pub use rows::Compute;
