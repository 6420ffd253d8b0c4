//! Canonical numbers of defined types, so that two types are equal if two integers are, and one compare tells a subtype.
//!
//! One table for an engine: modules that spell a recursion group alike get the same numbers for it, whatever their own indices
//! are (specification: type equivalence is iso-recursive). What compiled code needs of a type is a row at a fixed address.

use crate::Error;
use abi::gc::{self, ARRAY_ELEMENTS, ObjectLayout, TypeRowLayout};
use module::{
    CompositeType, FieldType, FuncType, Header, HeapType, RefType, SubType, TypeIdx, TypeKind,
    ValType,
};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock, RwLock};
use sys::Reservation;

/// Types of one engine at most.
const TYPES_MAX: u32 = 1 << 20;

/// Set in an index that counts from the start of the recursion group itself.
pub(crate) const IN_GROUP: u32 = 1 << 31;

/// The types that an engine has seen. Inside it a [`TypeIdx`] is a canonical number.
#[derive(Default)]
pub(crate) struct TypeRegistry {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    /// The first number of each group, by its types with indices made independent of modules.
    groups: HashMap<Box<[SubType]>, u32>,
    /// By number; the first one is no type, but that of values of the host.
    types: Vec<Type>,
    rows: Option<Rows>,
}

struct Type {
    ty: SubType,
    /// All supertypes from the most general one to the type itself.
    ancestors: Box<[u32]>,
    /// How its objects look, if anyone has asked.
    object: OnceLock<Arc<ObjectType>>,
}

/// How the host finds its way in objects of a type.
pub(crate) struct ObjectType {
    /// The fields of a structure with their offsets; the element of an array with the offset of the first; the payload of
    /// exceptions whose tag is of the type.
    pub(crate) fields: Box<[(FieldType, u32)]>,
}

impl ObjectType {
    fn new(ty: &SubType) -> ObjectType {
        let fields = match &ty.composite {
            CompositeType::Struct(ty) => {
                let layout = ObjectLayout::of_struct(ty);
                let offsets = layout.fields.iter().map(|field| field.offset);
                ty.fields.iter().copied().zip(offsets).collect()
            }
            CompositeType::Array(ty) => [(ty.element, ARRAY_ELEMENTS)].into(),
            CompositeType::Func(ty) => {
                let constant = |storage| FieldType {
                    storage,
                    mutable: false,
                };
                let fields = ObjectLayout::of_exn(ty).fields.into_iter();
                fields
                    .map(|field| (constant(field.storage), field.offset))
                    .collect()
            }
        };
        ObjectType { fields }
    }
}

/// The rows that compiled code reads, in address space that does not move.
struct Rows {
    space: Reservation,
    accessible: usize,
}

impl TypeRegistry {
    /// The canonical numbers of a module's types.
    ///
    /// # Errors
    /// If the engine would hold too many types.
    pub(crate) fn register(&self, header: &Header) -> Result<Box<[u32]>, Error> {
        let mut numbers: Vec<u32> = Vec::with_capacity(header.types().len());
        for group in header.rec_groups() {
            let types = &header.types()[group.start as usize..group.end as usize];
            let key: Box<[SubType]> = types
                .iter()
                .map(|ty| ty.map_indices(&mut |index| outside(index, group, &numbers)))
                .collect();
            let first = self.group(key)?;
            numbers.extend(first..first + group.len() as u32);
        }
        Ok(numbers.into())
    }

    /// The number of a function type that is alone in its group, final and without supertype.
    ///
    /// # Errors
    /// If the engine would hold too many types, or one that it names is none of this engine.
    pub(crate) fn number(&self, ty: &FuncType) -> Result<u32, Error> {
        let mut parts = ty.params().iter().chain(ty.results());
        parts.try_for_each(|part| self.check(*part))?;
        self.group([SubType::func(ty.clone())].into())
    }

    /// The first number of a group in which indices are canonical, or relative to the group.
    pub(crate) fn group(&self, key: Box<[SubType]>) -> Result<u32, Error> {
        let known = self.inner.read().expect("no panic under the lock");
        if let Some(&first) = known.groups.get(&key) {
            return Ok(first);
        }
        drop(known);
        let mut inner = self.inner.write().expect("no panic under the lock");
        if let Some(&first) = inner.groups.get(&key) {
            return Ok(first);
        }
        inner.add(key)
    }

    /// Checks a type that the host made up: what it names must be there, and be of the kind that it says.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn check(&self, ty: ValType) -> Result<(), Error> {
        let ValType::Ref(RefType {
            heap: HeapType::Concrete(kind, index),
            ..
        }) = ty
        else {
            return Ok(());
        };
        let inner = self.inner.read().expect("no panic under the lock");
        // The first number stands for values of the host.
        let found = inner.types.get(index.index()).filter(|_| index.0 > 0);
        match found {
            Some(found) if found.ty.composite.kind() == kind => Ok(()),
            _ => Err(Error::misuse(format!(
                "the engine has no type of number {} and this kind",
                index.0
            ))),
        }
    }

    /// The type with this number.
    ///
    /// # Panics
    /// If the registry never gave the number.
    pub(crate) fn get(&self, number: u32) -> SubType {
        let inner = self.inner.read().expect("no panic under the lock");
        inner.types[number as usize].ty.clone()
    }

    /// The type with this index, if the engine has one.
    pub(crate) fn find(&self, ty: TypeIdx) -> Option<SubType> {
        let inner = self.inner.read().expect("no panic under the lock");
        // The first number stands for values of the host.
        let found = inner.types.get(ty.index()).filter(|_| ty.0 > 0);
        found.map(|found| found.ty.clone())
    }

    /// What values of the type with this number are.
    ///
    /// # Panics
    /// If the registry never gave the number.
    pub(crate) fn kind(&self, number: u32) -> TypeKind {
        let inner = self.inner.read().expect("no panic under the lock");
        inner.types[number as usize].ty.composite.kind()
    }

    /// How objects of the type with this number look.
    ///
    /// # Panics
    /// If the registry never gave the number.
    pub(crate) fn object(&self, number: u32) -> Arc<ObjectType> {
        let inner = self.inner.read().expect("no panic under the lock");
        let ty = &inner.types[number as usize];
        let object = ty.object.get_or_init(|| Arc::new(ObjectType::new(&ty.ty)));
        object.clone()
    }

    /// The function type with this number.
    ///
    /// # Panics
    /// If the registry never gave the number, or it is not of functions.
    pub(crate) fn func(&self, number: u32) -> FuncType {
        match self.get(number).composite {
            CompositeType::Func(ty) => ty,
            other => panic!("functions have function types, not {other:?}"),
        }
    }

    /// Whether each value of type `sub` is one of type `sup`, by declared supertypes.
    ///
    /// # Panics
    /// If the registry never gave one of the numbers.
    pub(crate) fn is_subtype(&self, sub: u32, sup: u32) -> bool {
        if sub == sup {
            return true;
        }
        let inner = self.inner.read().expect("no panic under the lock");
        let depth = inner.types[sup as usize].ancestors.len() - 1;
        inner.types[sub as usize].ancestors.get(depth) == Some(&sup)
    }

    /// Whether each value of one type is also one of another (specification: matching of value types).
    pub(crate) fn val_matches(&self, sub: ValType, sup: ValType) -> bool {
        match (sub, sup) {
            (ValType::Ref(sub), ValType::Ref(sup)) => self.ref_matches(sub, sup),
            _ => sub == sup,
        }
    }

    /// Whether each reference of one type is also one of another (specification: matching of reference types).
    pub(crate) fn ref_matches(&self, sub: RefType, sup: RefType) -> bool {
        (sup.nullable || !sub.nullable) && self.heap_matches(sub.heap, sup.heap)
    }

    /// Whether what one heap type says is also what another says (specification: matching of heap types).
    pub(crate) fn heap_matches(&self, sub: HeapType, sup: HeapType) -> bool {
        use HeapType as H;
        match (sub, sup) {
            _ if sub == sup => true,
            (H::Concrete(_, sub), H::Concrete(_, sup)) => self.is_subtype(sub.0, sup.0),
            (H::Concrete(TypeKind::Func, _), H::Func) => true,
            (H::Concrete(TypeKind::Struct, _), H::Struct | H::Eq | H::Any) => true,
            (H::Concrete(TypeKind::Array, _), H::Array | H::Eq | H::Any) => true,
            (H::I31 | H::Struct | H::Array, H::Eq | H::Any) | (H::Eq, H::Any) => true,
            (H::None, H::Any | H::Eq | H::I31 | H::Struct | H::Array) => true,
            (H::None, H::Concrete(kind, _)) => kind != TypeKind::Func,
            (H::NoFunc, H::Func | H::Concrete(TypeKind::Func, _)) => true,
            (H::NoExtern, H::Extern) | (H::NoExn, H::Exn) => true,
            _ => false,
        }
    }

    /// The address of the rows, which stays; null while there is no type.
    pub(crate) fn rows(&self) -> *const u8 {
        let inner = self.inner.read().expect("no panic under the lock");
        let rows = inner.rows.as_ref();
        rows.map_or(std::ptr::null(), |rows| rows.space.as_ptr())
    }
}

/// An index of a module as a canonical number, or relative to the group that it stands in.
fn outside(index: TypeIdx, group: &Range<u32>, numbers: &[u32]) -> TypeIdx {
    TypeIdx(if group.contains(&index.0) {
        IN_GROUP | (index.0 - group.start)
    } else {
        numbers[index.index()]
    })
}

impl Inner {
    fn add(&mut self, key: Box<[SubType]>) -> Result<u32, Error> {
        if self.types.is_empty() {
            let host = SubType::func(FuncType::default());
            self.push(host)?;
        }
        let first = self.types.len() as u32;
        if key.len() as u32 > TYPES_MAX - first {
            return Err(Error::limit(format!(
                "an engine may hold {TYPES_MAX} types at most"
            )));
        }
        self.reserve_rows(first + key.len() as u32)?;
        let mut absolute = |index: TypeIdx| {
            TypeIdx(if index.0 & IN_GROUP == 0 {
                index.0
            } else {
                first + (index.0 & !IN_GROUP)
            })
        };
        for ty in &key {
            let ty = ty.map_indices(&mut absolute);
            self.push(ty)?;
        }
        self.groups.insert(key, first);
        Ok(first)
    }

    fn push(&mut self, ty: SubType) -> Result<(), Error> {
        let number = self.types.len() as u32;
        self.reserve_rows(number + 1)?;
        let mut ancestors = match ty.supertype {
            Some(supertype) => self.types[supertype.index()].ancestors.to_vec(),
            None => Vec::new(),
        };
        ancestors.push(number);
        let rows = self.rows.as_ref().expect("just reserved");
        let kind = match (number, &ty.composite) {
            (0, _) => gc::KIND_HOST,
            (_, CompositeType::Func(_)) => gc::KIND_EXN,
            (_, CompositeType::Struct(_)) => gc::KIND_STRUCT,
            (_, CompositeType::Array(_)) => gc::KIND_ARRAY,
        };
        rows.write(number, &ancestors, kind);
        self.types.push(Type {
            ty,
            ancestors: ancestors.into(),
            object: OnceLock::new(),
        });
        Ok(())
    }

    /// Makes the rows of numbers below `count` accessible.
    fn reserve_rows(&mut self, count: u32) -> Result<(), Error> {
        let failed = |error| Error::os("reserve the table of types", error);
        let rows = match &mut self.rows {
            Some(rows) => rows,
            None => {
                let bytes = (TYPES_MAX * TypeRowLayout::SIZE) as usize;
                self.rows.insert(Rows {
                    space: Reservation::new(bytes).map_err(failed)?,
                    accessible: 0,
                })
            }
        };
        let needed = (count * TypeRowLayout::SIZE) as usize;
        if needed > rows.accessible {
            let end = needed.next_multiple_of(sys::page_bytes());
            // SAFETY: only pages that no one has used become accessible.
            unsafe { rows.space.make_accessible(rows.accessible..end) }.map_err(failed)?;
            rows.accessible = end;
        }
        Ok(())
    }
}

impl Rows {
    fn write(&self, number: u32, ancestors: &[u32], kind: u32) {
        let at = (number * TypeRowLayout::SIZE) as usize;
        assert!(at + TypeRowLayout::SIZE as usize <= self.accessible);
        let mut row = [0_u32; TypeRowLayout::SIZE as usize / 4];
        for (slot, ancestor) in row.iter_mut().zip(ancestors).take(gc::DISPLAY_LEN) {
            *slot = *ancestor;
        }
        row[TypeRowLayout::DEPTH as usize / 4] = ancestors.len() as u32 - 1;
        row[TypeRowLayout::KIND as usize / 4] = kind;
        // SAFETY: in the accessible part by the assertion. No code knows the number yet, so no one reads the row.
        unsafe {
            let place = self.space.as_ptr().add(at).cast::<u32>();
            place.copy_from_nonoverlapping(row.as_ptr(), row.len());
        }
    }
}
