//! Reads WebAssembly text (floor 3): `.wat` in, the bytes of a module out, and errors that show the line.
//!
//! It stands apart so that no other room names the text parser: everything above hands over a string and gets back
//! either bytes or a [`TextError`] with line, column and a caret. The one other reader is `script`, which walks the
//! commands of a `.wast` file through the re-exported parser, [`wast`].
//!
//! Read first: [`to_wasm`] (either format in, bytes out), [`Options`], [`TextError`].
//!
//! ```
//! use wharf_text as text;
//!
//! let bytes = text::wat_to_wasm("(module (func (export \"run\")))", None)?;
//! assert!(bytes.starts_with(b"\0asm"));
//!
//! let error = text::wat_to_wasm("(module\n  (func i32.ad))", None).unwrap_err();
//! assert_eq!((error.line(), error.column()), (2, 9));
//! # Ok::<(), text::TextError>(())
//! ```
#![forbid(unsafe_code)]

mod error;
mod locate;
mod read;
#[cfg(test)]
mod tests;
mod unfold;

pub use error::TextError;
pub use locate::error_at;
pub use read::{Options, is_text, to_wasm, wat_to_wasm, wat_to_wasm_with};
pub use unfold::unfold_legacy;
pub use wast;
