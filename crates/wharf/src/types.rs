//! Types of structures and arrays, and recursion groups of them, as the host defines and reads them.
//!
//! They are the engine's: two that are spelled alike, by the host or by modules, are one.

use crate::{Engine, Error, Result};
use module::{
    CompositeType, FieldType, FuncType, HeapType, RefType, SubType, TypeIdx, TypeKind, ValType,
};
use runtime::EngineCore;
use std::fmt;
use std::sync::Arc;

/// A type of structures.
///
/// ```
/// use wharf::{Engine, FieldType, StructType, ValType};
///
/// let engine = Engine::default();
/// let shape = StructType::with_supertype(&engine, false, None, [FieldType::constant(ValType::I32)])?;
/// let circle = StructType::with_supertype(
///     &engine,
///     true,
///     Some(&shape),
///     [FieldType::constant(ValType::I32), FieldType::mutable(ValType::F64)],
/// )?;
/// assert!(circle.matches(&shape) && !shape.matches(&circle));
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone)]
pub struct StructType(Defined);

/// A type of arrays.
#[derive(Clone)]
pub struct ArrayType(Defined);

/// A type of an engine.
#[derive(Clone)]
struct Defined {
    engine: Arc<EngineCore>,
    index: TypeIdx,
}

impl Defined {
    fn sub_type(&self) -> SubType {
        let found = self.engine.defined_type(self.index);
        found.expect("types of an engine stay")
    }
}

impl StructType {
    /// The final type without a supertype that has these fields.
    ///
    /// # Errors
    /// If a field names a type that is not the engine's, or there are too many.
    pub fn new(engine: &Engine, fields: impl IntoIterator<Item = FieldType>) -> Result<StructType> {
        StructType::with_supertype(engine, true, None, fields)
    }

    /// The type that has these fields, and perhaps a supertype.
    ///
    /// # Errors
    /// If the fields do not match those of the supertype, that is final, a type is not the engine's, or there are too many.
    pub fn with_supertype(
        engine: &Engine,
        is_final: bool,
        supertype: Option<&StructType>,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> Result<StructType> {
        if let Some(supertype) = supertype {
            supertype.check_engine(engine.core())?;
        }
        let mut group = RecGroup::new(engine);
        group.struct_type(is_final, supertype.map(StructType::heap_type), fields);
        let ty = group.define()?.remove(0);
        Ok(StructType::of(engine.core(), ty).expect("just defined"))
    }

    /// The types of the fields.
    pub fn fields(&self) -> Vec<FieldType> {
        match self.0.sub_type().composite {
            CompositeType::Struct(ty) => ty.fields.into_vec(),
            other => panic!("structures have fields, not {other:?}"),
        }
    }

    /// The type of structures that a heap type of an engine is, if it is one.
    pub fn from_heap_type(engine: &Engine, ty: HeapType) -> Option<StructType> {
        StructType::of(engine.core(), ty)
    }

    pub(crate) fn of(engine: &Arc<EngineCore>, ty: HeapType) -> Option<StructType> {
        of(engine, ty, TypeKind::Struct).map(StructType)
    }
}

impl ArrayType {
    /// The final type without a supertype that has such elements.
    ///
    /// # Errors
    /// If the element names a type that is not the engine's.
    pub fn new(engine: &Engine, element: FieldType) -> Result<ArrayType> {
        ArrayType::with_supertype(engine, true, None, element)
    }

    /// The type that has such elements, and perhaps a supertype.
    ///
    /// # Errors
    /// If the elements do not match those of the supertype, that is final, or a type is not the engine's.
    pub fn with_supertype(
        engine: &Engine,
        is_final: bool,
        supertype: Option<&ArrayType>,
        element: FieldType,
    ) -> Result<ArrayType> {
        if let Some(supertype) = supertype {
            supertype.check_engine(engine.core())?;
        }
        let mut group = RecGroup::new(engine);
        group.array_type(is_final, supertype.map(ArrayType::heap_type), element);
        let ty = group.define()?.remove(0);
        Ok(ArrayType::of(engine.core(), ty).expect("just defined"))
    }

    /// The type of the elements.
    pub fn element(&self) -> FieldType {
        match self.0.sub_type().composite {
            CompositeType::Array(ty) => ty.element,
            other => panic!("arrays have elements, not {other:?}"),
        }
    }

    /// The type of arrays that a heap type of an engine is, if it is one.
    pub fn from_heap_type(engine: &Engine, ty: HeapType) -> Option<ArrayType> {
        ArrayType::of(engine.core(), ty)
    }

    pub(crate) fn of(engine: &Arc<EngineCore>, ty: HeapType) -> Option<ArrayType> {
        of(engine, ty, TypeKind::Array).map(ArrayType)
    }
}

fn of(engine: &Arc<EngineCore>, ty: HeapType, kind: TypeKind) -> Option<Defined> {
    let HeapType::Concrete(found, index) = ty else {
        return None;
    };
    let defined = engine.defined_type(index)?;
    (found == kind && defined.composite.kind() == kind).then(|| Defined {
        engine: engine.clone(),
        index,
    })
}

macro_rules! defined {
    ($($ty:ident $kind:ident $word:literal)*) => {$(
        impl $ty {
            pub(crate) fn index(&self) -> TypeIdx {
                self.0.index
            }

            pub(crate) fn check_engine(&self, engine: &Arc<EngineCore>) -> Result<()> {
                if Arc::ptr_eq(&self.0.engine, engine) {
                    Ok(())
                } else {
                    Err(Error::misuse("the type belongs to another engine"))
                }
            }

            /// The heap type, for fields, tables and globals that refer to it.
            pub fn heap_type(&self) -> HeapType {
                HeapType::Concrete(TypeKind::$kind, self.0.index)
            }

            /// The type of references to it.
            pub fn ref_type(&self, nullable: bool) -> RefType {
                RefType {
                    nullable,
                    heap: self.heap_type(),
                }
            }

            /// Whether no type can have it as its supertype.
            pub fn is_final(&self) -> bool {
                self.0.sub_type().is_final
            }

            /// The declared supertype.
            pub fn supertype(&self) -> Option<$ty> {
                let index = self.0.sub_type().supertype?;
                let engine = self.0.engine.clone();
                Some($ty(Defined { engine, index }))
            }

            /// Whether it is the other type, or declared as a subtype of it.
            pub fn matches(&self, other: &$ty) -> bool {
                let (sub, sup) = (self.ref_type(false), other.ref_type(false));
                Arc::ptr_eq(&self.0.engine, &other.0.engine)
                    && self.0.engine.val_matches(ValType::Ref(sub), ValType::Ref(sup)).unwrap_or(false)
            }
        }

        impl PartialEq for $ty {
            fn eq(&self, other: &$ty) -> bool {
                Arc::ptr_eq(&self.0.engine, &other.0.engine) && self.0.index == other.0.index
            }
        }

        impl Eq for $ty {}

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($word, " type {}"), self.0.index.0)
            }
        }
    )*};
}

defined! {
    StructType Struct "structure"
    ArrayType Array "array"
}

/// A recursion group: types that may refer to each other, defined together.
///
/// ```
/// use wharf::{Engine, FieldType, RecGroup, RefType, StructType, TypeKind, ValType};
///
/// // (rec (type (struct (field i32) (field (mut (ref null 0))))))
/// let engine = Engine::default();
/// let next = RefType { nullable: true, heap: RecGroup::member(TypeKind::Struct, 0) };
/// let mut group = RecGroup::new(&engine);
/// group.struct_type(true, None, [FieldType::constant(ValType::I32), FieldType::mutable(ValType::Ref(next))]);
/// let list = StructType::from_heap_type(&engine, group.define()?[0]).unwrap();
/// assert_eq!(list.fields()[1], FieldType::mutable(ValType::Ref(list.ref_type(true))));
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecGroup {
    engine: Engine,
    types: Vec<(SubType, Option<HeapType>)>,
}

impl RecGroup {
    /// A group without types.
    pub fn new(engine: &Engine) -> RecGroup {
        RecGroup {
            engine: engine.clone(),
            types: Vec::new(),
        }
    }

    /// Stands for the type of this number in the group, among its own types and while it is being defined.
    pub const fn member(kind: TypeKind, number: u32) -> HeapType {
        HeapType::Concrete(kind, EngineCore::member(number))
    }

    fn push(
        &mut self,
        is_final: bool,
        supertype: Option<HeapType>,
        composite: CompositeType,
    ) -> &mut RecGroup {
        let ty = SubType {
            is_final,
            supertype: None,
            composite,
        };
        self.types.push((ty, supertype));
        self
    }

    /// Adds a type of structures.
    pub fn struct_type(
        &mut self,
        is_final: bool,
        supertype: Option<HeapType>,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> &mut RecGroup {
        let fields = fields.into_iter().collect();
        let composite = CompositeType::Struct(module::StructType { fields });
        self.push(is_final, supertype, composite)
    }

    /// Adds a type of arrays.
    pub fn array_type(
        &mut self,
        is_final: bool,
        supertype: Option<HeapType>,
        element: FieldType,
    ) -> &mut RecGroup {
        let composite = CompositeType::Array(module::ArrayType { element });
        self.push(is_final, supertype, composite)
    }

    /// Adds a type of functions.
    pub fn func_type(
        &mut self,
        is_final: bool,
        supertype: Option<HeapType>,
        ty: FuncType,
    ) -> &mut RecGroup {
        self.push(is_final, supertype, CompositeType::Func(ty))
    }

    /// Defines the group: the heap types of its types, in order. A group that is spelled like one that is known is the same.
    ///
    /// # Errors
    /// If a type does not match its supertype, or that is final; a type is not the engine's; or there are too many.
    pub fn define(&self) -> Result<Vec<HeapType>> {
        let mut group = Vec::with_capacity(self.types.len());
        for (ty, supertype) in &self.types {
            let supertype = match supertype {
                None => None,
                Some(HeapType::Concrete(kind, index)) if *kind == ty.composite.kind() => {
                    Some(*index)
                }
                Some(other) => {
                    return Err(Error::misuse(format!(
                        "{other} cannot be the supertype of a type of another kind"
                    )));
                }
            };
            group.push(SubType {
                supertype,
                ..ty.clone()
            });
        }
        let first = self.engine.core().define_types(group)?;
        let types = self.types.iter().zip(first.0..);
        Ok(types
            .map(|((ty, _), index)| HeapType::Concrete(ty.composite.kind(), TypeIdx(index)))
            .collect())
    }
}
