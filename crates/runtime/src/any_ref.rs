//! References to objects as the host holds them: handles that the collector knows, valid until the scope ends in which the host
//! got them.
//!
//! Apart because a handle must never become another object: one that is no longer valid, or another store's, is an error.

use crate::handle::StoreId;
use crate::owned_root::OwnedRoot;
use crate::{Error, StoreCore};
use abi::gc::HOST_TYPE;
use module::{HeapType, RefType, TypeIdx, TypeKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// A reference to an object of a store, or an i31. Valid until the scope ends that was open when it was made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AnyHandle {
    store: StoreId,
    /// Which entry; of an i31 the reference itself.
    index: u32,
    /// Tells handles with one index from each other; [`ID_I31`] if there is no entry.
    id: u64,
}

/// The identity of all i31: they are no objects, so their handles are always valid.
const ID_I31: u64 = 0;

/// A reference of type `externref`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExternHandle(pub AnyHandle);

/// The references that handles stand for: a stack, of which scopes take off what was put on while they were open.
#[derive(Default)]
pub(crate) struct Handles {
    stack: Mutex<Stack>,
    /// The height of the stack, beside the lock: every call of a host function looks at it, and few put something on.
    height: AtomicUsize,
}

#[derive(Default)]
struct Stack {
    last_id: u64,
    /// Identity and reference, by index.
    entries: Vec<(u64, u32)>,
}

impl Handles {
    fn lock(&self) -> MutexGuard<'_, Stack> {
        self.stack.lock().expect("no panic under the lock")
    }

    pub(crate) fn visit(&mut self, visit: &mut dyn FnMut(&mut u32)) {
        let stack = self.stack.get_mut().expect("no panic under the lock");
        for (_, reference) in &mut stack.entries {
            visit(reference);
        }
    }

    /// Puts a reference on; gives its index and identity.
    fn push(&self, reference: u32) -> (u32, u64) {
        let mut stack = self.lock();
        stack.last_id += 1;
        let id = stack.last_id;
        stack.entries.push((id, reference));
        self.height.store(stack.entries.len(), Ordering::Relaxed);
        ((stack.entries.len() - 1) as u32, id)
    }

    /// The reference at an index, if it has this identity.
    fn get(&self, index: u32, id: u64) -> Option<u32> {
        let stack = self.lock();
        let entry = stack.entries.get(index as usize)?;
        (entry.0 == id).then_some(entry.1)
    }

    pub(crate) fn len(&self) -> usize {
        self.height.load(Ordering::Relaxed)
    }

    /// Ends the validity of all handles beyond the first `len`.
    #[inline]
    pub(crate) fn truncate(&mut self, len: usize) {
        if self.len() > len {
            self.take_off(len);
        }
    }

    #[cold]
    fn take_off(&mut self, len: usize) {
        let stack = self.stack.get_mut().expect("no panic under the lock");
        stack.entries.truncate(len);
        *self.height.get_mut() = stack.entries.len();
    }
}

/// A reference to an object of a store that keeps it alive until the last clone is dropped, on whatever thread.
#[derive(Clone)]
pub struct OwnedHandle(Arc<Owned>);

struct Owned {
    store: StoreId,
    root: OwnedRoot,
}

impl StoreCore {
    /// A handle of a reference that is not null.
    pub(crate) fn any_handle(&self, reference: u32) -> AnyHandle {
        if reference & 1 != 0 {
            return AnyHandle {
                store: self.id,
                index: reference,
                id: ID_I31,
            };
        }
        let (index, id) = self.handles.push(reference);
        AnyHandle {
            store: self.id,
            index,
            id,
        }
    }

    /// The reference of a handle.
    pub(crate) fn any_reference(&self, handle: AnyHandle) -> Result<u32, Error> {
        self.check_store(handle.store, "reference")?;
        if handle.id == ID_I31 {
            return Ok(handle.index);
        }
        self.handles.get(handle.index, handle.id).ok_or_else(|| {
            Error::misuse(
                "the reference is no longer valid: the call or scope in which it was got has ended",
            )
        })
    }

    /// Opens a scope: the handles made from now on are valid until it is closed.
    #[inline]
    pub fn open_scope(&mut self) -> usize {
        self.handles.len()
    }

    /// Closes a scope, and those that were opened in it.
    #[inline]
    pub fn close_scope(&mut self, scope: usize) {
        self.handles.truncate(scope);
    }

    /// Keeps what a handle refers to beyond the handle's scope.
    ///
    /// # Errors
    /// If the handle is another store's, or no longer valid.
    pub fn own(&self, handle: AnyHandle) -> Result<OwnedHandle, Error> {
        let reference = self.any_reference(handle)?;
        Ok(OwnedHandle(Arc::new(Owned {
            store: self.id,
            root: self.owned_roots.own(reference),
        })))
    }

    /// A handle of the present scope for what the host owns.
    ///
    /// # Errors
    /// If it is another store's.
    pub fn owned(&self, owned: &OwnedHandle) -> Result<AnyHandle, Error> {
        self.check_store(owned.0.store, "reference")?;
        Ok(self.any_handle(owned.0.root.reference()))
    }

    /// The handle of an i31 with the low 31 bits of a value.
    pub fn i31(&self, value: u32) -> AnyHandle {
        self.any_handle(gc::i31(value))
    }

    /// The integer that a handle stands for, extended by its sign; `None` if it is no i31.
    ///
    /// # Errors
    /// If the handle is another store's, or no longer valid.
    pub fn as_i31(&self, handle: AnyHandle) -> Result<Option<i32>, Error> {
        let reference = self.any_reference(handle)?;
        Ok((reference & 1 != 0).then_some(reference as i32 >> 1))
    }

    /// Whether two handles stand for the same thing: one object, or equal i31 (specification: `ref.eq`).
    ///
    /// # Errors
    /// If a handle is another store's, or no longer valid.
    pub fn ref_eq(&self, a: AnyHandle, b: AnyHandle) -> Result<bool, Error> {
        Ok(self.any_reference(a)? == self.any_reference(b)?)
    }

    /// The most precise type of what a handle refers to: a structure or array type of the engine, `i31`, or `any` for a value of
    /// the host.
    ///
    /// # Errors
    /// If the handle is another store's, or no longer valid.
    pub fn ref_type(&self, handle: AnyHandle) -> Result<HeapType, Error> {
        let reference = self.any_reference(handle)?;
        if reference & 1 != 0 {
            return Ok(HeapType::I31);
        }
        Ok(
            match self.heap().type_of(reference).expect("handles are objects") {
                HOST_TYPE => HeapType::Any,
                number => match self.engine.types().kind(number) {
                    TypeKind::Func => HeapType::Exn,
                    kind => HeapType::Concrete(kind, TypeIdx(number)),
                },
            },
        )
    }

    /// Whether what a handle refers to is of a type, whose index is the engine's (specification: `ref.test`). No internal
    /// reference is of an external type, though a conversion makes it one.
    ///
    /// # Errors
    /// If the handle is another store's, or no longer valid, or the engine has no such type.
    pub fn ref_is(&self, handle: AnyHandle, ty: HeapType) -> Result<bool, Error> {
        let reference = self.any_reference(handle)?;
        let ty = RefType {
            nullable: false,
            heap: ty,
        };
        self.engine.types().check(module::ValType::Ref(ty))?;
        Ok(!ty.is_extern() && self.is_of_type(reference, ty))
    }

    /// Whether a reference that is neither null nor to a function is of a type, whose index is canonical.
    pub(crate) fn is_of_type(&self, reference: u32, ty: RefType) -> bool {
        let found = match reference & 1 {
            0 => self.heap().type_of(reference),
            _ => None,
        };
        let kind = |number| match number {
            HOST_TYPE => None,
            _ => Some(self.engine.types().kind(number)),
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
