//! Values of the host that objects stand for. Apart because they are the only things on the heap that must be dropped.

use std::any::Any;
use std::fmt;

/// A value of the host behind an `externref`.
pub type HostValue = Box<dyn Any + Send + Sync>;

/// The values, by the index that their objects hold; and those objects.
#[derive(Default)]
pub struct Hosts {
    values: Vec<Option<HostValue>>,
    free: Vec<u32>,
    /// Objects in the young space.
    pub young: Vec<u32>,
    /// Objects in the old space.
    pub old: Vec<u32>,
}

impl Hosts {
    /// Stores a value; its index.
    pub fn insert(&mut self, value: HostValue) -> u32 {
        if let Some(index) = self.free.pop() {
            self.values[index as usize] = Some(value);
            return index;
        }
        self.values.push(Some(value));
        // Each value has an object of 16 bytes in 4 GiB.
        u32::try_from(self.values.len() - 1).expect("fewer values than 16-byte objects in 4 GiB")
    }

    /// Takes a value out.
    pub fn remove(&mut self, index: u32) -> Option<HostValue> {
        let value = self.values.get_mut(index as usize)?.take();
        if value.is_some() {
            self.free.push(index);
        }
        value
    }

    /// The value with this index.
    pub fn get(&self, index: u32) -> Option<&HostValue> {
        self.values.get(index as usize)?.as_ref()
    }

    /// As [`get`](Self::get), to be changed.
    pub fn get_mut(&mut self, index: u32) -> Option<&mut HostValue> {
        self.values.get_mut(index as usize)?.as_mut()
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} host values", self.values.len() - self.free.len())
    }
}
