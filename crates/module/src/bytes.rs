//! The bytes of a module, shared cheaply whoever owns them.
//!
//! Apart, so that decoding works alike on a vector, a static slice and a mapped file, and never copies.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A part of some shared memory. Cloning and slicing are cheap and never copy the bytes.
#[derive(Clone)]
pub struct Bytes {
    owner: Arc<dyn AsRef<[u8]> + Send + Sync>,
    start: usize,
    end: usize,
}

impl Bytes {
    /// All bytes of an owner, such as a mapped file.
    ///
    /// The owner must give the same slice at every call; if it gives a shorter one, the bytes read as empty.
    pub fn from_owner(owner: Arc<dyn AsRef<[u8]> + Send + Sync>) -> Bytes {
        let end = (*owner).as_ref().len();
        Bytes {
            owner,
            start: 0,
            end,
        }
    }

    /// The bytes in a range of these, as a handle of its own.
    ///
    /// # Panics
    /// If the range does not lie in these bytes.
    pub fn slice(&self, range: Range<usize>) -> Bytes {
        assert!(range.start <= range.end && range.end <= self.end - self.start);
        Bytes {
            owner: self.owner.clone(),
            start: self.start + range.start,
            end: self.start + range.end,
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        (*self.owner)
            .as_ref()
            .get(self.start..self.end)
            .unwrap_or_default()
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Arc::new(bytes))
    }
}

impl From<Box<[u8]>> for Bytes {
    fn from(bytes: Box<[u8]>) -> Bytes {
        Bytes::from_owner(Arc::new(bytes))
    }
}

impl From<Arc<[u8]>> for Bytes {
    fn from(bytes: Arc<[u8]>) -> Bytes {
        Bytes::from_owner(Arc::new(bytes))
    }
}

impl From<&'static [u8]> for Bytes {
    fn from(bytes: &'static [u8]) -> Bytes {
        Bytes::from_owner(Arc::new(bytes))
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.len())
    }
}
