//! Modules written anew (floor 3): without parts, with other parts, in another order.
//!
//! It stands apart because all that changes a module as a whole needs it, and nothing that runs one does. It names the encoder, and
//! beside `module` it alone names wasmparser. It decides nothing: what stays is said by whoever asks.
//!
//! Read first: [`Rewrite`] (what shall change), [`Renumbering`] (what becomes of the entries of an index space).
//!
//! ```
//! use wharf_rewrite::{Renumbering, Rewrite};
//!
//! let bytes = text::wat_to_wasm("(module (func) (func (export \"f\") nop))", None)?;
//! let module = module::decode(bytes, &module::Features::default(), &mut |_, _| {})?;
//! let mut rewrite = Rewrite::new(&module);
//! rewrite.funcs = Renumbering::keeping(2, |func| func == 1);
//! let smaller = rewrite.apply()?;
//! let module = module::decode(smaller, &module::Features::default(), &mut |_, _| {})?;
//! assert_eq!(module.header().funcs().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod apply;
mod names;
mod renumbering;
mod type_uses;

pub use apply::{Error, MoreData, Rewrite};
pub use renumbering::Renumbering;
pub use type_uses::type_uses;
