//! References to objects as the host holds them: handles that the collector knows, valid while the call of the host lasts that
//! got them, or as long as the store if none did.
//!
//! Apart because a handle must never become another object: one that is no longer valid, or another store's, is an error.

use crate::handle::StoreId;
use crate::{Error, StoreCore};
use abi::gc::HOST_TYPE;
use module::{HeapType, RefType, TypeKind};

/// A reference to a structure, an array, an i31 or an exception of a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AnyHandle {
    store: StoreId,
    index: u32,
    /// Tells handles with one index from each other.
    id: u64,
}

/// What a reference refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnyKind {
    /// An integer of 31 bits, extended by its sign.
    I31(i32),
    /// A structure.
    Struct,
    /// An array of this length.
    Array(u32),
    /// An exception.
    Exn,
}

/// The references that handles stand for.
#[derive(Default)]
pub(crate) struct Handles {
    next_id: u64,
    /// Identity and reference, by index.
    entries: Vec<(u64, u32)>,
}

impl Handles {
    pub(crate) fn visit(&mut self, visit: &mut dyn FnMut(&mut u32)) {
        for (_, reference) in &mut self.entries {
            visit(reference);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Ends the validity of all handles beyond the first `len`.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.entries.truncate(len);
    }
}

impl StoreCore {
    /// A handle of a reference that is not null.
    pub(crate) fn any_handle(&self, reference: u32) -> AnyHandle {
        let mut handles = self.handles.lock().expect("no panic under the lock");
        handles.next_id += 1;
        let id = handles.next_id;
        handles.entries.push((id, reference));
        AnyHandle {
            store: self.id,
            index: (handles.entries.len() - 1) as u32,
            id,
        }
    }

    /// The reference of a handle.
    pub(crate) fn any_reference(&self, handle: AnyHandle) -> Result<u32, Error> {
        self.check_store(handle.store, "reference")?;
        let handles = self.handles.lock().expect("no panic under the lock");
        match handles.entries.get(handle.index as usize) {
            Some(&(id, reference)) if id == handle.id => Ok(reference),
            _ => Err(Error::misuse(
                "the reference was valid only during the call that gave it",
            )),
        }
    }

    /// What a handle refers to.
    ///
    /// # Errors
    /// If the handle is another store's, or no longer valid.
    pub fn any_kind(&self, handle: AnyHandle) -> Result<AnyKind, Error> {
        let reference = self.any_reference(handle)?;
        if reference & 1 != 0 {
            return Ok(AnyKind::I31(reference as i32 >> 1));
        }
        let number = self.heap().type_of(reference).expect("handles are objects");
        Ok(match self.engine.types().get(number).composite.kind() {
            TypeKind::Struct => AnyKind::Struct,
            TypeKind::Array => AnyKind::Array(self.heap().array_len(reference)),
            TypeKind::Func => AnyKind::Exn,
        })
    }

    /// Whether a reference that is neither null nor to a function is of a type, whose index is canonical.
    pub(crate) fn is_of_type(&self, reference: u32, ty: RefType) -> bool {
        let found = match reference & 1 {
            0 => self.heap().type_of(reference),
            _ => None,
        };
        let kind = |number| match number {
            HOST_TYPE => None,
            _ => Some(self.engine.types().get(number).composite.kind()),
        };
        match (ty.heap, found) {
            (HeapType::Any | HeapType::Extern, None) => true,
            (HeapType::Any | HeapType::Extern, Some(number)) => {
                kind(number) != Some(TypeKind::Func)
            }
            (HeapType::Eq | HeapType::I31, None) => true,
            (HeapType::Eq, Some(number)) => {
                matches!(kind(number), Some(TypeKind::Struct | TypeKind::Array))
            }
            (HeapType::Struct, Some(number)) => kind(number) == Some(TypeKind::Struct),
            (HeapType::Array, Some(number)) => kind(number) == Some(TypeKind::Array),
            (HeapType::Exn, Some(number)) => kind(number) == Some(TypeKind::Func),
            (HeapType::Concrete(_, ty), Some(number)) => {
                number != HOST_TYPE && self.engine.types().is_subtype(number, ty.0)
            }
            _ => false,
        }
    }
}
