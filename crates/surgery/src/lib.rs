//! Modules cut, joined and varied (floor 3): custom sections dropped, metadata added, modules merged, failing ones reduced.
//!
//! It stands apart because it treats modules as material, whatever they do: it changes nothing of what functions compute. How a
//! module is written anew is `rewrite`'s.
#![forbid(unsafe_code)]
