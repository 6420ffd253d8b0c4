//! What Cranelift is told of each kind of memory: what cannot overlap, what never changes, what may fault.
//!
//! Apart because these are promises, which its optimizations rest on, and must be read together:
//!
//! | kind | may it fault | changes | overlaps |
//! |---|---|---|---|
//! | constant | no | never while code runs | nothing |
//! | store context | no | yes | nothing else |
//! | definitions of tables and memories | no | yes | themselves |
//! | elements of tables | no, after the check | yes | themselves |
//! | function entries | the type field: null is a trap | by the runtime | themselves |
//! | global cells | no | yes | an imported one any imported one; a defined one nothing |
//! | exceptions | no | by the collector, which moves them during calls | nothing else |
//! | slots of references | no | yes, also by the collector during calls | those of the same number modulo 64 |
//! | headers and lengths of objects | null may be a trap | when made; also by the runtime | themselves |
//! | fields of structures | null may be a trap | yes, also by the collector during calls | those at offsets equal modulo 256 |
//! | elements of arrays | no, after the check | as above | those of the same size and kind |
//! | memory | yes | yes | an imported one any imported one; a defined one nothing |

use crate::code::trap_code;
use abi::gc::{is_traced, storage_bytes};
use cranelift_codegen::ir::{AliasRegionData, Endianness, Function, MemFlags, MemFlagsData};
use module::StorageType;
use ops::Trap;
use std::borrow::Cow;

/// Slots of references that Cranelift tells apart: each kind of memory costs it time.
const REF_SLOTS_APART: u32 = 64;
/// Places of fields that Cranelift tells apart, in steps of 4 bytes.
const FIELDS_APART: u32 = 64;

const CONSTANT: u32 = 0;
const STORE_CTX: u32 = 1;
const DEFINITION: u32 = 2;
const ELEMENT: u32 = 3;
const FUNC_ENTRY: u32 = 4;
const GLOBAL_IMPORTED: u32 = 5;
const MEMORY_IMPORTED: u32 = 6;
const OBJECT_HEADER: u32 = 7;
const ARRAY_LEN: u32 = 8;
const EXCEPTION: u32 = 9;
/// Structures that one object can be seen as agree on where each field is and what it holds. So fields at different offsets never
/// overlap, and those of a structure never overlap elements.
const FIELD: u32 = 1 << 20;
const ARRAY_ELEMENT: u32 = 1 << 21;
const MEMORY: u32 = 1 << 30;
const GLOBAL: u32 = 2 << 30;
const REF_SLOT: u32 = 3 << 30;

/// Flags made so far for the function.
#[derive(Default)]
pub(super) struct Flags {
    constant: Option<MemFlags>,
    store_ctx: Option<MemFlags>,
    definition: Option<MemFlags>,
    element: Option<MemFlags>,
    func_entry: Option<MemFlags>,
    func_type: Option<MemFlags>,
    func_code: Option<MemFlags>,
    exception: Option<MemFlags>,
    vector: Option<MemFlags>,
    /// The last memory asked for.
    memory: Option<(u32, MemFlags)>,
}

fn insert(func: &mut Function, data: MemFlagsData, region: u32, name: &'static str) -> MemFlags {
    let description = Cow::Borrowed(name);
    let region = func.dfg.alias_regions.insert(AliasRegionData {
        user_id: region,
        description,
    });
    func.dfg
        .mem_flags
        .insert_unchecked(data.with_alias_region(Some(region)))
}

/// Part of an object: objects are aligned to 8 bytes, so that vectors in them are not aligned.
fn object(null: Option<Trap>) -> MemFlagsData {
    let data = MemFlagsData::new().with_endianness(Endianness::Little);
    data.with_trap_code(null.map(trap_code))
}

impl Flags {
    /// What never changes while code of the instance runs.
    pub(super) fn constant(&mut self, func: &mut Function) -> MemFlags {
        *self.constant.get_or_insert_with(|| {
            let data = MemFlagsData::trusted().with_readonly().with_can_move();
            insert(func, data, CONSTANT, "constant")
        })
    }

    /// Fields of the store context.
    pub(super) fn store_ctx(&mut self, func: &mut Function) -> MemFlags {
        *self
            .store_ctx
            .get_or_insert_with(|| insert(func, MemFlagsData::trusted(), STORE_CTX, "store"))
    }

    /// Base and size of a table or memory that can grow.
    pub(super) fn definition(&mut self, func: &mut Function) -> MemFlags {
        *self
            .definition
            .get_or_insert_with(|| insert(func, MemFlagsData::trusted(), DEFINITION, "definition"))
    }

    /// Elements of tables.
    pub(super) fn element(&mut self, func: &mut Function) -> MemFlags {
        *self
            .element
            .get_or_insert_with(|| insert(func, MemFlagsData::trusted(), ELEMENT, "element"))
    }

    /// Fields of a function entry that is known not to be null.
    pub(super) fn func_entry(&mut self, func: &mut Function) -> MemFlags {
        *self
            .func_entry
            .get_or_insert_with(|| insert(func, MemFlagsData::trusted(), FUNC_ENTRY, "func"))
    }

    /// The type of a function entry, which may be null: then the access faults.
    pub(super) fn func_type(&mut self, func: &mut Function) -> MemFlags {
        *self.func_type.get_or_insert_with(|| {
            let code = trap_code(Trap::UninitializedElement);
            let data = MemFlagsData::new()
                .with_aligned()
                .with_trap_code(Some(code));
            insert(func, data, FUNC_ENTRY, "func")
        })
    }

    /// The code of a function entry, which may be null: then the access faults.
    pub(super) fn func_code(&mut self, func: &mut Function) -> MemFlags {
        *self.func_code.get_or_insert_with(|| {
            let code = trap_code(Trap::NullFunctionReference);
            let data = MemFlagsData::new()
                .with_aligned()
                .with_trap_code(Some(code));
            insert(func, data, FUNC_ENTRY, "func")
        })
    }

    /// The cell of a global.
    pub(super) fn global(&mut self, func: &mut Function, defined: Option<u32>) -> MemFlags {
        let (region, name) = match defined {
            Some(index) => (GLOBAL | index, "global"),
            None => (GLOBAL_IMPORTED, "imported global"),
        };
        insert(func, MemFlagsData::trusted(), region, name)
    }

    /// Bytes of a memory.
    pub(super) fn memory(&mut self, func: &mut Function, defined: Option<u32>) -> MemFlags {
        let (region, name) = match defined {
            Some(index) => (MEMORY | index, "memory"),
            None => (MEMORY_IMPORTED, "imported memory"),
        };
        if let Some((last, flags)) = self.memory
            && last == region
        {
            return flags;
        }
        let code = trap_code(Trap::MemoryOutOfBounds);
        let data = MemFlagsData::new()
            .with_endianness(Endianness::Little)
            .with_trap_code(Some(code));
        let flags = insert(func, data, region, name);
        self.memory = Some((region, flags));
        flags
    }

    /// The header of an object; if it may be null, the access faults with this trap.
    pub(super) fn object_header(&mut self, func: &mut Function, null: Option<Trap>) -> MemFlags {
        insert(func, object(null), OBJECT_HEADER, "object header")
    }

    /// The length of an array; if that may be null, the access faults with this trap.
    pub(super) fn array_len(&mut self, func: &mut Function, null: Option<Trap>) -> MemFlags {
        insert(func, object(null), ARRAY_LEN, "array length")
    }

    /// A field at this offset of a structure; if that may be null, the access faults with this trap.
    pub(super) fn field(
        &mut self,
        func: &mut Function,
        offset: u32,
        null: Option<Trap>,
    ) -> MemFlags {
        let region = FIELD | (offset / 4 % FIELDS_APART);
        insert(func, object(null), region, "field")
    }

    /// Elements of arrays that store this.
    pub(super) fn array_element(&mut self, func: &mut Function, storage: StorageType) -> MemFlags {
        let kind = storage_bytes(storage) << 1 | u32::from(is_traced(storage));
        insert(func, object(None), ARRAY_ELEMENT | kind, "array element")
    }

    /// Tag and payload of an exception. Vectors there are not aligned.
    pub(super) fn exception(&mut self, func: &mut Function) -> MemFlags {
        *self.exception.get_or_insert_with(|| {
            let data = MemFlagsData::new()
                .with_endianness(Endianness::Little)
                .with_trap_code(None);
            insert(func, data, EXCEPTION, "exception")
        })
    }

    /// A slot for a reference in the frame.
    pub(super) fn ref_slot(&mut self, func: &mut Function, slot: u32) -> MemFlags {
        let region = REF_SLOT | (slot % REF_SLOTS_APART);
        insert(func, MemFlagsData::trusted(), region, "ref slot")
    }

    /// How the bytes of vectors are read as lanes of other types.
    pub(super) fn vector(&mut self, func: &mut Function) -> MemFlags {
        *self.vector.get_or_insert_with(|| {
            let data = MemFlagsData::new().with_endianness(Endianness::Little);
            func.dfg.mem_flags.insert_unchecked(data)
        })
    }
}
