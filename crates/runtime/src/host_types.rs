//! Types that the host defines: checked as validation checks those of modules, then numbered among them.
//!
//! Apart from the registry, which trusts what it is given.

use crate::types::{IN_GROUP, TypeRegistry};
use crate::{EngineCore, Error};
use module::{
    CompositeType, FieldType, FuncType, HeapType, RefType, StorageType, SubType, TypeIdx, ValType,
};

/// The limits of validation, which compiled code relies on.
const FIELDS_MAX: usize = 10_000;
const PARAMS_MAX: usize = 1_000;
const SUPERTYPES_MAX: usize = 63;

impl EngineCore {
    /// The index that stands for the type with this number of a recursion group that is being defined.
    pub const fn member(nth: u32) -> TypeIdx {
        TypeIdx(IN_GROUP | nth)
    }

    /// Defines a recursion group and gives the index of its first type; the others follow it. A group that is spelled like one
    /// that is known has the same indices. Indices in it are the engine's, or those of its [members](EngineCore::member).
    ///
    /// # Errors
    /// If the group is not valid, or the engine would hold too many types.
    pub fn define_types(&self, group: Vec<SubType>) -> Result<TypeIdx, Error> {
        let checked = Group {
            group: &group,
            types: self.types(),
        };
        for (nth, ty) in group.iter().enumerate() {
            checked.check(nth, ty).map_err(|reason| {
                Error::misuse(format!("type {nth} of the group is not valid: {reason}"))
            })?;
        }
        if group.is_empty() {
            return Err(Error::misuse("the group has no types"));
        }
        self.types().group(group.into()).map(TypeIdx)
    }

    /// The type with this index; `None` if the engine has none.
    pub fn defined_type(&self, ty: TypeIdx) -> Option<SubType> {
        self.types().find(ty)
    }

    /// Whether each value of one type is also one of another (specification: matching of value types).
    ///
    /// # Errors
    /// If a type is none of this engine.
    pub fn val_matches(&self, sub: ValType, sup: ValType) -> Result<bool, Error> {
        self.types().check(sub)?;
        self.types().check(sup)?;
        Ok(self.types().val_matches(sub, sup))
    }
}

/// A group that is being defined.
struct Group<'a> {
    group: &'a [SubType],
    types: &'a TypeRegistry,
}

impl Group<'_> {
    fn member(&self, ty: TypeIdx) -> Option<&SubType> {
        if ty.0 & IN_GROUP == 0 {
            return None;
        }
        self.group.get((ty.0 & !IN_GROUP) as usize)
    }

    fn find(&self, ty: TypeIdx) -> Option<SubType> {
        match self.member(ty) {
            Some(member) => Some(member.clone()),
            None => self.types.find(ty),
        }
    }

    fn check(&self, nth: usize, ty: &SubType) -> Result<(), String> {
        match &ty.composite {
            CompositeType::Func(ty) => {
                if ty.params().len().max(ty.results().len()) > PARAMS_MAX {
                    return Err(format!("more than {PARAMS_MAX} parameters or results"));
                }
                let mut parts = ty.params().iter().chain(ty.results());
                parts.try_for_each(|part| self.check_val(*part))?;
            }
            CompositeType::Struct(ty) => {
                if ty.fields.len() > FIELDS_MAX {
                    return Err(format!("more than {FIELDS_MAX} fields"));
                }
                let mut fields = ty.fields.iter();
                fields.try_for_each(|field| self.check_val(field.storage.unpacked()))?;
            }
            CompositeType::Array(ty) => self.check_val(ty.element.storage.unpacked())?,
        }
        let Some(supertype) = ty.supertype else {
            return Ok(());
        };
        if self.member(supertype).is_some() && (supertype.0 & !IN_GROUP) as usize >= nth {
            return Err("a supertype must come before its subtypes".to_string());
        }
        let Some(found) = self.find(supertype) else {
            return Err("the engine has no such supertype".to_string());
        };
        if found.is_final {
            return Err("the supertype is final".to_string());
        }
        if !self.composite_matches(&ty.composite, &found.composite) {
            return Err("the type does not match its supertype".to_string());
        }
        if self.depth(supertype) >= SUPERTYPES_MAX {
            return Err(format!("more than {SUPERTYPES_MAX} supertypes"));
        }
        Ok(())
    }

    fn check_val(&self, ty: ValType) -> Result<(), String> {
        let ValType::Ref(RefType {
            heap: HeapType::Concrete(kind, index),
            ..
        }) = ty
        else {
            return Ok(());
        };
        match self.find(index) {
            Some(found) if found.composite.kind() == kind => Ok(()),
            Some(_) => Err("a reference says another kind than its type is of".to_string()),
            None => Err("the engine has no type that a reference names".to_string()),
        }
    }

    /// How many proper supertypes a type has.
    fn depth(&self, mut ty: TypeIdx) -> usize {
        let mut depth = 0;
        while let Some(supertype) = self.find(ty).and_then(|found| found.supertype) {
            depth += 1;
            ty = supertype;
        }
        depth
    }

    fn composite_matches(&self, sub: &CompositeType, sup: &CompositeType) -> bool {
        match (sub, sup) {
            (CompositeType::Func(sub), CompositeType::Func(sup)) => self.func_matches(sub, sup),
            (CompositeType::Struct(sub), CompositeType::Struct(sup)) => {
                let mut pairs = sub.fields.iter().zip(&sup.fields);
                sub.fields.len() >= sup.fields.len()
                    && pairs.all(|(sub, sup)| self.field_matches(*sub, *sup))
            }
            (CompositeType::Array(sub), CompositeType::Array(sup)) => {
                self.field_matches(sub.element, sup.element)
            }
            _ => false,
        }
    }

    fn func_matches(&self, sub: &FuncType, sup: &FuncType) -> bool {
        let lists = [(sup.params(), sub.params()), (sub.results(), sup.results())];
        lists.into_iter().all(|(sub, sup)| {
            let mut pairs = sub.iter().zip(sup);
            sub.len() == sup.len() && pairs.all(|(sub, sup)| self.val_matches(*sub, *sup))
        })
    }

    fn field_matches(&self, sub: FieldType, sup: FieldType) -> bool {
        if sub.mutable || sup.mutable {
            return sub == sup;
        }
        match (sub.storage, sup.storage) {
            (StorageType::Val(sub), StorageType::Val(sup)) => self.val_matches(sub, sup),
            (sub, sup) => sub == sup,
        }
    }

    fn val_matches(&self, sub: ValType, sup: ValType) -> bool {
        match (sub, sup) {
            (ValType::Ref(sub), ValType::Ref(sup)) => {
                (sup.nullable || !sub.nullable) && self.heap_matches(sub.heap, sup.heap)
            }
            _ => sub == sup,
        }
    }

    fn heap_matches(&self, sub: HeapType, sup: HeapType) -> bool {
        let (HeapType::Concrete(_, sub), HeapType::Concrete(_, sup)) = (sub, sup) else {
            // The registry compares abstract types, and these with a concrete one by its kind alone.
            return self.types.heap_matches(sub, sup);
        };
        let mut found = Some(sub);
        while let Some(ty) = found {
            if ty == sup {
                return true;
            }
            // Supertypes that are declared come earlier; the others are checked when it is their turn.
            found = self
                .find(ty)
                .and_then(|found| found.supertype)
                .filter(|next| next.0 & IN_GROUP == 0 || next.0 < ty.0);
        }
        false
    }
}
