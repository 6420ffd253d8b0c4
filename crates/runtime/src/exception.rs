//! Tags and exceptions: what a guest throws, and what the host sees of it.
//!
//! Apart from traps because a guest can catch them. An exception is a tag and its payload; two tags are the same only if they are
//! the same thing of the store, whatever their types are.

use crate::handle::{ExnHandle, TagHandle};
use crate::{Error, StoreCore, Val};
use abi::Raw;
use module::{FuncType, ValType};
use ops::Trap;
use std::fmt;

/// Payload of the exceptions that guests of one store hold references to, in bytes at most.
const HELD_BYTES_MAX: usize = 64 << 20;

/// What an exception takes beside its payload, in bytes.
const HELD_BYTES_EACH: usize = 64;

/// A tag of a store.
pub(crate) struct TagEntity {
    /// The number of its type.
    pub(crate) type_id: u32,
    /// The type: its parameters are those of the payload.
    pub(crate) ty: FuncType,
    /// What messages call it.
    pub(crate) name: Option<Box<str>>,
}

/// An exception that a guest or the host has thrown.
#[derive(Clone)]
pub struct Exception {
    tag: TagHandle,
    payload: Box<[Raw]>,
    values: Box<[Val]>,
    name: Option<Box<str>>,
}

impl Exception {
    /// The tag.
    pub fn tag(&self) -> TagHandle {
        self.tag
    }

    /// The payload.
    pub fn values(&self) -> &[Val] {
        &self.values
    }

    /// The payload as slots of the store that the tag belongs to.
    pub fn slots(&self) -> &[Raw] {
        &self.payload
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "uncaught exception: {name}(")?,
            None => write!(f, "uncaught exception: tag {}(", self.tag.index)?,
        }
        for (nth, value) in self.values.iter().enumerate() {
            f.write_str(if nth == 0 { "" } else { ", " })?;
            match *value {
                Val::I32(value) => write!(f, "i32 {value}"),
                Val::I64(value) => write!(f, "i64 {value}"),
                Val::F32(bits) => write!(f, "f32 {}", f32::from_bits(bits)),
                Val::F64(bits) => write!(f, "f64 {}", f64::from_bits(bits)),
                Val::V128(value) => write!(f, "v128 {:#x}", value.to_u128()),
                Val::Ref(value) => f.write_str(value.describe()),
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

/// The exceptions that guests hold references to. They live as long as the store.
#[derive(Default)]
pub(crate) struct Exceptions {
    held: Vec<Exception>,
    bytes: usize,
}

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
        let ty = self.engine.types().func(type_id);
        self.tags.push(TagEntity { type_id, ty, name });
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
        Ok(self.tags[tag.index as usize].ty.clone())
    }

    /// An exception to be thrown by a host function, which returns it as [`crate::Cause::Exception`].
    ///
    /// # Errors
    /// If the values do not fit the tag, or a handle is another store's.
    pub fn new_exception(&self, tag: TagHandle, values: &[Val]) -> Result<Exception, Error> {
        let ty = self.tag_type(tag)?;
        if ty.params().len() != values.len() {
            let (expected, found) = (ty.params().len(), values.len());
            return Err(Error::misuse(format!(
                "expected {expected} values of the exception, found {found}"
            )));
        }
        let slots = values.iter().zip(ty.params());
        let payload = slots.map(|(value, ty)| self.val_to_raw(*value, *ty));
        Ok(Exception {
            tag,
            payload: payload.collect::<Result<_, _>>()?,
            values: values.into(),
            name: self.tags[tag.index as usize].name.clone(),
        })
    }

    /// An exception of a guest, with its payload in slots.
    ///
    /// # Safety
    /// The slots were filled by code of this store as values of the tag's type.
    pub(crate) unsafe fn guest_exception(&self, tag: u32, payload: Box<[Raw]>) -> Exception {
        let entity = &self.tags[tag as usize];
        let values = payload.iter().zip(entity.ty.params());
        Exception {
            tag: self.tag_handle(tag),
            // SAFETY: the caller's promise.
            values: values
                .map(|(raw, ty)| unsafe { self.val_from_raw(*raw, *ty) })
                .collect(),
            payload,
            name: entity.name.clone(),
        }
    }

    /// The reference bits of an exception, which the store keeps from now on.
    ///
    /// Bits are odd, as those of numbers are, so that no collector takes them for an object.
    ///
    /// # Errors
    /// [`Trap::AllocationTooLarge`] if guests hold too many.
    pub(crate) fn hold_exception(&mut self, exception: Exception) -> Result<u32, Trap> {
        let slot_bytes = size_of::<Raw>() + size_of::<Val>();
        let bytes = HELD_BYTES_EACH + exception.payload.len() * slot_bytes;
        if self.exceptions.bytes + bytes > HELD_BYTES_MAX {
            return Err(Trap::AllocationTooLarge);
        }
        self.exceptions.bytes += bytes;
        self.exceptions.held.push(exception);
        Ok((self.exceptions.held.len() as u32 - 1) << 1 | 1)
    }

    /// The exception behind a reference.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn exception(&self, handle: ExnHandle) -> Result<&Exception, Error> {
        self.check_store(handle.store, "exnref")?;
        let found = self.exceptions.held.get(handle.index as usize);
        found.ok_or_else(|| Error::misuse("the exnref stands for no exception"))
    }

    /// The handle for the reference bits of an exception, or `None` for null.
    pub(crate) fn exn_from_bits(&self, bits: u64) -> Option<ExnHandle> {
        (bits as u32 != 0).then_some(ExnHandle {
            store: self.id,
            index: bits as u32 >> 1,
        })
    }

    /// The exception that reference bits stand for, or `None` for null.
    pub(crate) fn held_exception(&self, bits: u32) -> Option<&Exception> {
        if bits == 0 {
            return None;
        }
        self.exceptions.held.get(bits as usize >> 1)
    }
}
