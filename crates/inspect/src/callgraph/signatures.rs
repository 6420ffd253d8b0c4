//! Which types of a module are the same, and which are below which: what decides who can be called by a type.
//!
//! Apart from calls. Files that are not valid have types too, so that the answer is one of form: groups of recursive types are the same
//! if they read the same, with references into the group counted from its start.

use std::collections::HashMap;

use wasmparser::{
    CompositeInnerType, FieldType, HeapType, PackedIndex, StorageType, SubType, UnpackedIndex,
    ValType,
};

use crate::anatomy::ModuleParts;

/// Subtypes may be this deep.
const DEPTH_MAX: usize = 64;
/// Longer signatures are cut.
const SHOWN_MAX: usize = 120;

/// The types of a module by what they are.
pub struct Signatures {
    /// The first type that is the same as each.
    canonical: Vec<u32>,
    /// The supertype of each, if it has one.
    above: Vec<Option<u32>>,
}

impl Signatures {
    /// Compares all types of a module.
    pub fn of(module: &ModuleParts<'_>) -> Signatures {
        let mut signatures = Signatures {
            canonical: Vec::with_capacity(module.types.len()),
            above: Vec::with_capacity(module.types.len()),
        };
        let mut groups: HashMap<Vec<u32>, u32> = HashMap::new();
        let ends = module.rec_groups.iter().skip(1).copied();
        let ends = ends.chain([module.types.len() as u32]);
        for (&first, end) in module.rec_groups.iter().zip(ends) {
            let types = &module.types[first as usize..end as usize];
            let mut key = Key {
                words: Vec::new(),
                first,
                canonical: &signatures.canonical,
            };
            types.iter().for_each(|(ty, _)| key.add(ty));
            let same = *groups.entry(key.words).or_insert(first);
            signatures.canonical.extend(same..same + (end - first));
            let above = types.iter().map(|(ty, _)| {
                let above = ty.supertype_idxs.first()?;
                above.as_module_index().filter(|above| *above < end)
            });
            signatures.above.extend(above);
        }
        signatures
    }

    /// The first type that is the same; itself for one that there is not.
    pub fn canonical(&self, ty: u32) -> u32 {
        self.canonical.get(ty as usize).copied().unwrap_or(ty)
    }

    /// A type and those above it.
    pub fn with_supertypes(&self, ty: u32) -> impl Iterator<Item = u32> {
        let above = |ty: &u32| self.above.get(*ty as usize).copied().flatten();
        let chain = std::iter::successors(Some(ty), above).take(DEPTH_MAX);
        chain.map(|ty| self.canonical(ty))
    }
}

/// A function's type as text, cut to a reasonable length.
pub fn shown(ty: &SubType) -> String {
    let text = match &ty.composite_type.inner {
        CompositeInnerType::Func(func) => {
            let list = |types: &[ValType]| {
                let types = types.iter().take(SHOWN_MAX).map(ValType::to_string);
                types.collect::<Vec<_>>().join(" ")
            };
            format!("[{}] -> [{}]", list(func.params()), list(func.results()))
        }
        _ => String::new(),
    };
    match text.len() > SHOWN_MAX {
        true => text.chars().take(SHOWN_MAX - 1).chain(['…']).collect(),
        false => text,
    }
}

/// A group of types in numbers, which are equal for the same groups only.
struct Key<'a> {
    words: Vec<u32>,
    first: u32,
    canonical: &'a [u32],
}

impl Key<'_> {
    fn add(&mut self, ty: &SubType) {
        self.words
            .push(u32::from(ty.is_final) + 2 * u32::from(ty.composite_type.shared));
        self.words.push(ty.supertype_idxs.len() as u32);
        ty.supertype_idxs.iter().for_each(|idx| self.index(*idx));
        let composite = &ty.composite_type;
        for idx in [composite.descriptor_idx, composite.describes_idx] {
            match idx {
                Some(idx) => self.index(idx),
                None => self.words.push(u32::MAX),
            }
        }
        match &composite.inner {
            CompositeInnerType::Func(func) => {
                self.words
                    .extend([0, func.params().len() as u32, func.results().len() as u32]);
                func.params()
                    .iter()
                    .chain(func.results())
                    .for_each(|ty| self.value(*ty));
            }
            CompositeInnerType::Array(array) => {
                self.words.push(1);
                self.field(&array.0);
            }
            CompositeInnerType::Struct(fields) => {
                self.words.extend([2, fields.fields.len() as u32]);
                fields.fields.iter().for_each(|field| self.field(field));
            }
            CompositeInnerType::Cont(cont) => {
                self.words.push(3);
                self.index(cont.0);
            }
        }
    }

    fn index(&mut self, idx: PackedIndex) {
        self.unpacked(idx.unpack());
    }

    fn unpacked(&mut self, idx: UnpackedIndex) {
        let words = match idx {
            UnpackedIndex::RecGroup(idx) => [1, idx],
            UnpackedIndex::Module(idx) => match idx.checked_sub(self.first) {
                Some(inner) => [1, inner],
                None => [0, self.canonical.get(idx as usize).copied().unwrap_or(idx)],
            },
            // Only validation makes these.
            UnpackedIndex::Id(_) => [2, 0],
        };
        self.words.extend(words);
    }

    fn field(&mut self, field: &FieldType) {
        self.words.push(u32::from(field.mutable));
        match field.element_type {
            StorageType::I8 => self.words.push(100),
            StorageType::I16 => self.words.push(101),
            StorageType::Val(ty) => self.value(ty),
        }
    }

    fn value(&mut self, ty: ValType) {
        let ty = match ty {
            ValType::I32 => return self.words.push(0),
            ValType::I64 => return self.words.push(1),
            ValType::F32 => return self.words.push(2),
            ValType::F64 => return self.words.push(3),
            ValType::V128 => return self.words.push(4),
            ValType::Ref(ty) => ty,
        };
        self.words.push(5 + u32::from(ty.is_nullable()));
        match ty.heap_type() {
            HeapType::Abstract { shared, ty } => {
                self.words.extend([7 + u32::from(shared), ty as u32]);
            }
            HeapType::Concrete(idx) => {
                self.words.push(9);
                self.unpacked(idx);
            }
            HeapType::Exact(idx) => {
                self.words.push(10);
                self.unpacked(idx);
            }
        }
    }
}
