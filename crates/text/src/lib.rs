//! WebAssembly text in and out (floor 3): `.wat` to the bytes of a module, with errors that show the line, and back.
//!
//! It stands apart so that no other room names the text parser or the printer: everything above hands over a string and gets
//! back either bytes or a [`TextError`] with line, column and a caret, or hands over bytes and gets text. The one other reader is `script`, which walks the
//! commands of a `.wast` file through the re-exported parser, [`wast`].
//!
//! Read first: [`to_wasm`] (either format in, bytes out), [`Options`], [`TextError`]; [`print`] (bytes in, text out).
//!
//! ```
//! use wharf_text as text;
//!
//! let bytes = text::wat_to_wasm("(module (func (export \"run\")))", None)?;
//! assert!(bytes.starts_with(b"\0asm"));
//!
//! let error = text::wat_to_wasm("(module\n  (func i32.ad))", None).unwrap_err();
//! assert_eq!((error.line(), error.column()), (2, 9));
//! assert_eq!(error.help(), Some("did you mean `i32.add`?"));
//! # Ok::<(), text::TextError>(())
//! ```
#![forbid(unsafe_code)]

mod error;
mod fields;
mod hint;
mod inline;
mod lines;
mod locate;
mod print;
mod read;
#[cfg(test)]
mod tests;
mod unfold;
mod words;

pub use error::TextError;
pub use inline::inline;
pub use locate::{error_at, without_names};
pub use print::{PrintError, PrintOptions, print, print_to_string};
pub use read::{Options, is_text, to_wasm, wat_to_wasm, wat_to_wasm_with};
pub use unfold::unfold_legacy;
pub use wast;
