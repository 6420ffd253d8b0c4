//! Tags and exceptions: what a guest throws, and what the host sees of it.
//!
//! Apart from traps because a guest can catch them. An exception is an object of the store's heap: the number of its tag, and its
//! payload. Two tags are the same only if they are the same thing of the store, whatever their types are. Only this file knows
//! how exceptions lie on the heap.

use crate::execute_gc::{load, store};
use crate::handle::TagHandle;
use crate::owned_root::OwnedRoot;
use crate::types::ObjectType;
use crate::{AnyHandle, Cause, Error, StoreCore, Val};
use abi::Raw;
use abi::gc::{EXN_TAG, is_traced};
use module::{Extend, FuncType, HeapType, ValType};
use ops::Trap;
use std::fmt;
use std::sync::Arc;

/// A tag of a store.
pub(crate) struct TagEntity {
    /// The number of its type: that of its exceptions on the heap too.
    pub(crate) type_id: u32,
    /// How its exceptions lie on the heap. Shared, since a module may have a million tags of one wide type.
    object: Arc<ObjectType>,
    /// What messages call it.
    name: Option<Arc<str>>,
}

/// A reference to an exception that a guest holds, valid as an [`AnyHandle`] is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExnHandle(pub AnyHandle);

/// An exception that a guest or the host has thrown. It keeps the object on the heap alive.
#[derive(Clone)]
pub struct Exception {
    tag: TagHandle,
    object: Arc<OwnedRoot>,
    /// What messages say of it when there is no store at hand.
    payload: Box<[(ValType, Raw)]>,
    name: Option<Arc<str>>,
}

impl Exception {
    /// The tag.
    pub fn tag(&self) -> TagHandle {
        self.tag
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "uncaught exception: {name}(")?,
            None => write!(f, "uncaught exception: tag {}(", self.tag.index)?,
        }
        for (nth, (ty, bits)) in self.payload.iter().enumerate() {
            f.write_str(if nth == 0 { "" } else { ", " })?;
            match ty {
                ValType::I32 => write!(f, "i32 {}", bits.i32()),
                ValType::I64 => write!(f, "i64 {}", bits.i64()),
                ValType::F32 => write!(f, "f32 {}", bits.f32()),
                ValType::F64 => write!(f, "f64 {}", bits.f64()),
                ValType::V128 => write!(f, "v128 {:#x}", bits.u128()),
                ValType::Ref(_) => match Val::default_of(*ty) {
                    Val::Ref(value) => f.write_str(value.describe()),
                    _ => Ok(()),
                },
            }?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Exceptions by reference: that of an object on the heap, which a collection moves.
impl StoreCore {
    /// Makes an exception with its payload in slots. References in the slots are roots meanwhile, and left as they are then.
    ///
    /// # Errors
    /// [`Trap::HeapExhausted`], or [`Trap::AllocationTooLarge`] if no heap would have room for it.
    ///
    /// # Panics
    /// If the payload is not as long as the tag's type says.
    pub(crate) fn exn_new(&mut self, tag: u32, payload: &mut [Raw]) -> Result<u32, Trap> {
        let exn = match self.exn_alloc(tag) {
            Some(exn) => exn,
            None => {
                self.with_payload_roots(tag, payload, |store| store.exn_room(tag))?;
                self.exn_alloc(tag).expect("room was made")
            }
        };
        assert_eq!(payload.len(), self.tags[tag as usize].object.fields.len());
        for (nth, value) in payload.iter().enumerate() {
            self.exn_set(exn, nth, value.u128());
        }
        Ok(exn)
    }

    /// Makes an exception whose payload is all zeros and nulls. `None`: [`exn_room`](Self::exn_room) first.
    pub(crate) fn exn_alloc(&mut self, tag: u32) -> Option<u32> {
        let number = self.tags[tag as usize].type_id;
        if !self.heap.as_ref()?.has_shape(number) {
            return None;
        }
        let exn = self.alloc(|heap| heap.alloc(number))?;
        self.heap_mut()
            .field_mut(exn, EXN_TAG, 4)
            .copy_from_slice(&tag.to_le_bytes());
        Some(exn)
    }

    /// Makes the heap if there is none, and collects, so that an exception with the tag can be made next.
    ///
    /// # Errors
    /// As [`exn_new`](Self::exn_new).
    pub(crate) fn exn_room(&mut self, tag: u32) -> Result<(), Trap> {
        let number = self.tags[tag as usize].type_id;
        self.prepare_heap_for(number)
            .map_err(|_| Trap::HeapExhausted)?;
        self.make_room(self.heap().array_bytes(number, 0))
    }

    /// Calls the function while the references of a payload are roots.
    fn with_payload_roots(
        &mut self,
        tag: u32,
        payload: &mut [Raw],
        call: impl FnOnce(&mut StoreCore) -> Result<(), Trap>,
    ) -> Result<(), Trap> {
        let first = self.roots.len();
        let object = self.tags[tag as usize].object.clone();
        let traced = || (0..payload.len()).filter(|at| is_traced(object.fields[*at].0.storage));
        self.roots.extend(traced().map(|at| payload[at].u32()));
        let places: Vec<usize> = traced().collect();
        let outcome = call(self);
        for (at, reference) in places.into_iter().zip(self.roots.drain(first..)) {
            payload[at] = Raw::from_u64(u64::from(reference));
        }
        outcome
    }

    /// The number of an exception's tag in the store.
    pub(crate) fn exn_tag(&self, exn: u32) -> u32 {
        self.heap().get_u32(exn, EXN_TAG)
    }

    /// One value of an exception's payload, as bits.
    pub(crate) fn exn_field(&self, exn: u32, nth: usize) -> Raw {
        let (field, offset) = self.tags[self.exn_tag(exn) as usize].object.fields[nth];
        let bits = load(self.heap(), exn, offset, field.storage, Extend::None);
        Raw::from_u128(bits)
    }

    /// Sets one value of an exception's payload.
    pub(crate) fn exn_set(&mut self, exn: u32, nth: usize, bits: u128) {
        let (field, offset) = self.tags[self.exn_tag(exn) as usize].object.fields[nth];
        store(self.heap_mut(), exn, offset, field.storage, bits);
    }

    /// What the host sees of an exception.
    pub(crate) fn exn_exception(&self, exn: u32) -> Exception {
        let tag = self.exn_tag(exn);
        let entity = &self.tags[tag as usize];
        let payload = entity.object.fields.iter().enumerate();
        Exception {
            tag: self.tag_handle(tag),
            object: Arc::new(self.owned_roots.own(exn)),
            payload: payload
                .map(|(nth, (field, _))| match field.storage.unpacked() {
                    ty @ ValType::Ref(_) => (ty, Raw::default()),
                    ty => (ty, self.exn_field(exn, nth)),
                })
                .collect(),
            name: entity.name.clone(),
        }
    }

    /// The reference of an exception of this store.
    ///
    /// # Panics
    /// If it is another store's: [`own_cause`](Self::own_cause) keeps those out.
    pub(crate) fn exception_reference(&self, exception: &Exception) -> u32 {
        assert_eq!(exception.tag.store, self.id, "an exception of this store");
        exception.object.reference()
    }

    /// Why a host function failed; an exception of another store is the host's mistake, and not one that guests here can catch.
    pub(crate) fn own_cause(&self, cause: Cause) -> Cause {
        match cause {
            Cause::Exception(exception) => match self.check_store(exception.tag.store, "exception")
            {
                Ok(()) => Cause::Exception(exception),
                Err(error) => Cause::Host(Box::new(error)),
            },
            cause => cause,
        }
    }
}

/// Tags and exceptions as the host has them.
impl StoreCore {
    /// Makes a tag that belongs to no instance; exceptions with it carry values of these types.
    ///
    /// # Errors
    /// If the engine would hold too many types.
    pub fn new_tag(&mut self, params: &[ValType]) -> Result<TagHandle, Error> {
        let ty = FuncType::new(params.iter().copied(), []);
        let type_id = self.engine.types().number(&ty)?;
        let index = self.add_tag(type_id, None);
        Ok(self.tag_handle(index))
    }

    pub(crate) fn add_tag(&mut self, type_id: u32, name: Option<Box<str>>) -> u32 {
        self.prepare_heap_for_tag(type_id);
        self.tags.push(TagEntity {
            type_id,
            object: self.engine.types().object(type_id),
            name: name.map(Arc::from),
        });
        u32::try_from(self.tags.len() - 1).expect("fewer than 4 G tags fit in memory")
    }

    pub(crate) fn tag_handle(&self, index: u32) -> TagHandle {
        TagHandle {
            store: self.id,
            index,
        }
    }

    /// The type of a tag: its parameters are what exceptions carry.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn tag_type(&self, tag: TagHandle) -> Result<FuncType, Error> {
        self.check_store(tag.store, "tag")?;
        let number = self.tags[tag.index as usize].type_id;
        Ok(self.engine.types().func(number))
    }

    /// An exception to be thrown by a host function, which returns it as [`Cause::Exception`].
    ///
    /// # Errors
    /// If the values do not fit the tag, a handle is another store's, or the heap is full.
    pub fn new_exception(&mut self, tag: TagHandle, values: &[Val]) -> Result<Exception, Error> {
        let ty = self.tag_type(tag)?;
        if ty.params().len() != values.len() {
            let (expected, found) = (ty.params().len(), values.len());
            return Err(Error::misuse(format!(
                "expected {expected} values of the exception, found {found}"
            )));
        }
        let slots = values.iter().zip(ty.params());
        let payload = slots.map(|(value, ty)| self.val_to_raw(*value, *ty));
        let mut payload = payload.collect::<Result<Vec<Raw>, _>>()?;
        let exn = self.exn_new(tag.index, &mut payload)?;
        Ok(self.exn_exception(exn))
    }

    /// The payload of an exception.
    ///
    /// # Errors
    /// If it is another store's.
    pub fn exception_values(&self, exception: &Exception) -> Result<Vec<Val>, Error> {
        self.check_store(exception.tag.store, "exception")?;
        let exn = exception.object.reference();
        let payload = self.tags[exception.tag.index as usize].object.fields.iter();
        let types = payload.map(|(field, _)| field.storage.unpacked());
        Ok(types
            .enumerate()
            // SAFETY: only values of the tag's types are put there, by this file and by validated code.
            .map(|(nth, ty)| unsafe { self.val_from_raw(self.exn_field(exn, nth), ty) })
            .collect())
    }

    /// The exception behind a reference.
    ///
    /// # Errors
    /// If the handle is another store's, or no longer valid.
    pub fn exception(&self, handle: ExnHandle) -> Result<Exception, Error> {
        if !self.ref_is(handle.0, HeapType::Exn)? {
            return Err(Error::misuse(
                "expected an exception, found a reference to something else",
            ));
        }
        Ok(self.exn_exception(self.any_reference(handle.0)?))
    }

    /// The handle for the reference bits of an exception, or `None` for null.
    pub(crate) fn exn_from_bits(&self, bits: u64) -> Option<ExnHandle> {
        (bits as u32 != 0).then(|| ExnHandle(self.any_handle(bits as u32)))
    }
}
