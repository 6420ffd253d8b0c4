//! Runs `.wast` scripts: modules, calls of their exports, and what must come of them (floor 4).
//!
//! It stands apart because tests, the `wast` command and fuzzers all run scripts. It sees the engine as an embedder does, and
//! nothing below it.
//!
//! Read first: [`run`], [`Report`], [`ScriptError`].
//!
//! ```
//! use wharf_script as script;
//!
//! let source = r#"
//!     (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
//!     (assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
//! "#;
//! let report = script::run(source, None, &wharf::Config::new())?;
//! assert_eq!(report.assertions, 1);
//! # Ok::<(), script::ScriptError>(())
//! ```
#![forbid(unsafe_code)]

mod expect;
mod report;
mod run;
mod spectest;

pub use report::{Failure, Report, ScriptError};
pub use run::{Prepare, run, run_with};
