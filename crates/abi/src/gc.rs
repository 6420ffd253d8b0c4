//! How garbage-collected objects lie in a store's heap, and what compiled code reads of types.
//!
//! Apart from vmctx because objects are the guest's data: the heap is one reservation, and a reference is an offset in it.
//!
//! ```text
//! reference: 0 null | odd: i31, value in the upper 31 bits | even: offset of an object, a multiple of 8
//! object:    0 u32 number of the type   4 u32 info (kind, remembered, rest the collector's)
//!   structure    8 fields, each aligned to its size
//!   array        8 u32 length               16 elements
//!   exception    8 u32 number of the tag    16 payload, laid out like fields
//!   host value   8 u32 number of the value in the store
//! ```

use module::{
    CompositeType, FieldType, FuncType, Header, StorageType, StructType, TypeIdx, ValType,
};
use std::sync::OnceLock;

/// Address space of a heap: all that a reference can reach.
pub const HEAP_BYTES: u64 = 1 << 32;
/// What precedes the first object is inaccessible, so that access through null faults if its offset is below this.
pub const NULL_GUARD_BYTES: u32 = 64 << 10;
/// Offset of the first young object.
pub const YOUNG_START: u32 = NULL_GUARD_BYTES;
/// Objects at or above this offset are old.
pub const YOUNG_END: u32 = 32 << 20;
/// Objects begin at multiples of this.
pub const OBJECT_ALIGN: u32 = 8;

/// Objects of more bytes are born old: copying them costs more than it can save.
pub const YOUNG_OBJECT_BYTES_MAX: u32 = 32 << 10;

/// Offset of the number of the type in an object.
pub const OBJECT_TYPE: u32 = 0;
/// Offset of the info in an object.
pub const OBJECT_INFO: u32 = 4;
/// Offset of the first field of a structure.
pub const STRUCT_FIELDS: u32 = 8;
/// Offset of the length of an array.
pub const ARRAY_LEN: u32 = 8;
/// Offset of the elements of an array.
pub const ARRAY_ELEMENTS: u32 = 16;
/// Offset of the number of an exception's tag.
pub const EXN_TAG: u32 = 8;
/// Offset of the payload of an exception.
pub const EXN_PAYLOAD: u32 = 16;
/// Offset of the number of a host value.
pub const HOST_VALUE: u32 = 8;

/// The bits of the info that tell the kind of an object.
pub const INFO_KIND_MASK: u32 = 3;
/// A value of the host. Its type number is [`HOST_TYPE`].
pub const KIND_HOST: u32 = 0;
/// A structure.
pub const KIND_STRUCT: u32 = 1;
/// An array.
pub const KIND_ARRAY: u32 = 2;
/// An exception. Its type number is that of its tag's function type.
pub const KIND_EXN: u32 = 3;
/// The bit of the info of an old object that says: it is known that the object may refer to young ones.
pub const INFO_REMEMBERED: u32 = 4;
/// Bits of the info from here on are the collector's own.
pub const INFO_COLLECTOR_SHIFT: u32 = 3;
/// The type number of host values; no type of a module has it.
pub const HOST_TYPE: u32 = 0;

/// How many supertypes a row of the table of types holds; deeper hierarchies ask a builtin.
pub const DISPLAY_LEN: usize = 8;

/// Offsets in the row of a type: row `n` of the table is that of the type with number `n`.
pub struct TypeRowLayout;

impl TypeRowLayout {
    /// `[u32; DISPLAY_LEN]`: the supertypes by depth, the type itself included; 0 where there is none.
    pub const DISPLAY: u32 = 0;
    /// `u32`: how many proper supertypes the type has.
    pub const DEPTH: u32 = 32;
    /// `u32`: the kind of objects of the type, as in their info.
    pub const KIND: u32 = 36;
    /// Size in bytes, a power of two.
    pub const SIZE: u32 = 64;
}

/// Where a field lies in its object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldLayout {
    /// In bytes from the start of the object.
    pub offset: u32,
    /// What is stored.
    pub storage: StorageType,
}

/// Where the fields of a structure, or the payload of an exception, lie.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ObjectLayout {
    /// The fields, in order.
    pub fields: Box<[FieldLayout]>,
    /// Size of the object in bytes, a multiple of [`OBJECT_ALIGN`].
    pub size: u32,
}

/// Size of what a field stores, in bytes, and its alignment. References are offsets, but those to functions are addresses.
pub const fn storage_bytes(storage: StorageType) -> u32 {
    match storage {
        StorageType::I8 => 1,
        StorageType::I16 => 2,
        StorageType::Val(ty) => match ty {
            ValType::I32 | ValType::F32 => 4,
            ValType::I64 | ValType::F64 => 8,
            ValType::V128 => 16,
            ValType::Ref(ty) if ty.is_func() => 8,
            ValType::Ref(_) => 4,
        },
    }
}

/// Whether a field holds a reference that the collector must follow.
pub const fn is_traced(storage: StorageType) -> bool {
    matches!(storage, StorageType::Val(ValType::Ref(ty)) if !ty.is_func())
}

impl ObjectLayout {
    /// The layout of a structure.
    pub fn of_struct(ty: &StructType) -> ObjectLayout {
        let storages = ty.fields.iter().map(|field: &FieldType| field.storage);
        ObjectLayout::new(STRUCT_FIELDS, storages)
    }

    /// The layout of an exception whose tag has this type.
    pub fn of_exn(ty: &FuncType) -> ObjectLayout {
        let storages = ty.params().iter().map(|ty| StorageType::Val(*ty));
        ObjectLayout::new(EXN_PAYLOAD, storages)
    }

    /// Fields one after the other; none is aligned to more than an object is.
    fn new(start: u32, storages: impl Iterator<Item = StorageType>) -> ObjectLayout {
        let mut at = start;
        let fields = storages
            .map(|storage| {
                let bytes = storage_bytes(storage);
                let offset = at.next_multiple_of(bytes.min(OBJECT_ALIGN));
                at = offset + bytes;
                FieldLayout { offset, storage }
            })
            .collect();
        ObjectLayout {
            fields,
            size: at.next_multiple_of(OBJECT_ALIGN),
        }
    }
}

/// Where the fields of all structures of a module lie: found when first asked for, since few modules have structures.
#[derive(Clone, Debug, Default)]
pub struct StructLayouts(OnceLock<Box<[ObjectLayout]>>);

impl StructLayouts {
    /// The layout of a structure of the module with this header, always the same one. Empty if the type is no structure.
    ///
    /// # Panics
    /// If the module has no such type.
    pub fn get(&self, header: &Header, ty: TypeIdx) -> &ObjectLayout {
        let layouts = self.0.get_or_init(|| {
            let types = header.types().iter();
            types
                .map(|ty| match &ty.composite {
                    CompositeType::Struct(ty) => ObjectLayout::of_struct(ty),
                    _ => ObjectLayout::default(),
                })
                .collect()
        });
        &layouts[ty.index()]
    }
}

/// Size of an array in bytes, a multiple of [`OBJECT_ALIGN`].
pub const fn array_bytes(element: StorageType, len: u32) -> u64 {
    let bytes = ARRAY_ELEMENTS as u64 + len as u64 * storage_bytes(element) as u64;
    bytes.next_multiple_of(OBJECT_ALIGN as u64)
}
