//! Memory accesses without the memory: how many bytes, and what they mean.
//!
//! Apart from the operators that compute because someone else must find the bytes: the memory and its bounds are the
//! runtime's. The alignment that an access may promise is at most its number of bytes.

mod atomic;
mod lane;
mod load;
mod store;
#[cfg(test)]
mod tests;

pub use atomic::{Atomic, AtomicKind, AtomicRmw};
pub use lane::{LoadLane, StoreLane};
pub use load::Load;
pub use store::Store;
