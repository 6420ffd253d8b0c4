//! Types of several modules in one numbering, in which the same type has one number; and which are subtypes of which.
//!
//! Apart from linking because it is about types alone. Recursion groups are the same if they are written the same, once what they
//! name outside has its joint number, and what they name inside a number within the group (specification, 3.1.1).

use super::source::Source;
use crate::Error;
use std::collections::HashMap;
use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    AbstractHeapType, CompositeInnerType, EntityType, HeapType, RefType, SubType, TypeSection,
    ValType,
};

/// The types of all modules.
pub(super) struct Types {
    /// By joint number.
    all: Vec<SubType>,
    /// By module and number there: the joint number.
    numbers: Vec<Vec<u32>>,
    /// What is to be written.
    section: TypeSection,
    /// The functions that take and return nothing.
    plain: Option<u32>,
}

/// How a number within its own group is written while groups are compared; no module has so many types.
const WITHIN: u32 = 1 << 30;

/// Joins the types of all modules.
pub(super) fn join(sources: &[Source<'_>]) -> Result<Types, Error> {
    let mut types = Types {
        all: Vec::new(),
        numbers: Vec::new(),
        section: TypeSection::new(),
        plain: None,
    };
    let mut known: HashMap<Vec<u8>, u32> = HashMap::new();
    for source in sources {
        let mut numbers: Vec<u32> = Vec::new();
        for group in &source.groups {
            let first = numbers.len() as u32;
            let n = group.types().len() as u32;
            let subtypes = |within: u32| -> Result<Vec<SubType>, Error> {
                let mut writer = Writer {
                    numbers: &numbers,
                    first,
                    within,
                };
                let types = group.types();
                types.map(|ty| Ok(writer.sub_type(ty.clone())?)).collect()
            };
            let mut key = TypeSection::new();
            write(&mut key, &subtypes(WITHIN)?);
            let mut bytes = Vec::new();
            wasm_encoder::Encode::encode(&key, &mut bytes);
            let joint = match known.get(&bytes) {
                Some(&joint) => joint,
                None => {
                    let joint = types.all.len() as u32;
                    let subtypes = subtypes(joint)?;
                    write(&mut types.section, &subtypes);
                    types.all.extend(subtypes);
                    known.insert(bytes, joint);
                    joint
                }
            };
            numbers.extend(joint..joint + n);
        }
        types.numbers.push(numbers);
    }
    let is_plain = |ty: &SubType| {
        let func = match &ty.composite_type.inner {
            CompositeInnerType::Func(func) => func,
            _ => return false,
        };
        func.params().is_empty() && func.results().is_empty() && !ty.composite_type.shared
    };
    types.plain = types.all.iter().position(is_plain).map(|at| at as u32);
    Ok(types)
}

fn write(section: &mut TypeSection, types: &[SubType]) {
    match types {
        [one] => section.ty().subtype(one),
        group => section.ty().rec(group.to_vec()),
    }
}

/// Writes a group with other numbers.
struct Writer<'t> {
    /// Joint numbers of what stands before the group.
    numbers: &'t [u32],
    /// The first type of the group.
    first: u32,
    /// Its number.
    within: u32,
}

impl Reencode for Writer<'_> {
    type Error = Error;

    fn type_index(&mut self, index: u32) -> Result<u32, reencode::Error<Error>> {
        match self.numbers.get(index as usize) {
            Some(&joint) => Ok(joint),
            None => Ok(self.within + (index - self.first)),
        }
    }

    fn sub_type(&mut self, ty: wasmparser::SubType) -> Result<SubType, reencode::Error<Error>> {
        utils::sub_type(self, ty)
    }
}

impl Types {
    /// The joint number of a module's type.
    pub(super) fn joint(&self, source: usize, index: u32) -> Result<u32, Error> {
        let numbers = &self.numbers[source];
        let joint = numbers.get(index as usize).copied();
        joint.ok_or_else(|| Error::new(format!("there is no type {index}")))
    }

    /// The type of functions that take and return nothing.
    pub(super) fn plain(&mut self) -> u32 {
        let next = self.all.len() as u32;
        *self.plain.get_or_insert_with(|| {
            self.section.ty().function([], []);
            next
        })
    }

    /// What is to be written.
    pub(super) fn section(&self) -> &TypeSection {
        &self.section
    }

    /// Whether something of one type can be imported as another (specification, 3.3.6).
    pub(super) fn matches(&self, is: &EntityType, wanted: &EntityType) -> bool {
        match (is, wanted) {
            (
                EntityType::Function(is) | EntityType::FunctionExact(is),
                EntityType::Function(wanted),
            ) => self.is_declared_subtype(*is, *wanted),
            (EntityType::FunctionExact(is), EntityType::FunctionExact(wanted)) => is == wanted,
            (EntityType::Table(is), EntityType::Table(wanted)) => {
                is.element_type == wanted.element_type
                    && (is.table64, is.shared) == (wanted.table64, wanted.shared)
                    && fits((is.minimum, is.maximum), (wanted.minimum, wanted.maximum))
            }
            (EntityType::Memory(is), EntityType::Memory(wanted)) => {
                (is.memory64, is.shared) == (wanted.memory64, wanted.shared)
                    && is.page_size_log2.unwrap_or(16) == wanted.page_size_log2.unwrap_or(16)
                    && fits((is.minimum, is.maximum), (wanted.minimum, wanted.maximum))
            }
            (EntityType::Global(is), EntityType::Global(wanted)) => {
                (is.mutable, is.shared) == (wanted.mutable, wanted.shared)
                    && match is.mutable {
                        true => is.val_type == wanted.val_type,
                        false => self.is_val_subtype(is.val_type, wanted.val_type),
                    }
            }
            (EntityType::Tag(is), EntityType::Tag(wanted)) => {
                is.func_type_idx == wanted.func_type_idx
            }
            _ => false,
        }
    }

    /// Whether a type is another, or names it among its supertypes.
    fn is_declared_subtype(&self, mut is: u32, wanted: u32) -> bool {
        loop {
            if is == wanted {
                return true;
            }
            let declared = self.all.get(is as usize);
            match declared.and_then(|ty| ty.supertype_idxs.first()) {
                Some(&supertype) if supertype < is => is = supertype,
                _ => return false,
            }
        }
    }

    fn is_val_subtype(&self, is: ValType, wanted: ValType) -> bool {
        match (is, wanted) {
            (ValType::Ref(is), ValType::Ref(wanted)) => self.is_ref_subtype(is, wanted),
            _ => is == wanted,
        }
    }

    fn is_ref_subtype(&self, is: RefType, wanted: RefType) -> bool {
        (wanted.nullable || !is.nullable) && self.is_heap_subtype(is.heap_type, wanted.heap_type)
    }

    fn is_heap_subtype(&self, is: HeapType, wanted: HeapType) -> bool {
        match (is, wanted) {
            (HeapType::Concrete(is) | HeapType::Exact(is), HeapType::Concrete(wanted)) => {
                self.is_declared_subtype(is, wanted)
            }
            (HeapType::Exact(is), HeapType::Exact(wanted)) => is == wanted,
            (HeapType::Concrete(is) | HeapType::Exact(is), HeapType::Abstract { shared, ty }) => {
                let is_shared = self.composite(is).is_some_and(|(_, shared)| shared);
                let kind = self.composite(is).map(|(kind, _)| kind);
                is_shared == shared && kind.is_some_and(|kind| is_abstract_subtype(kind, ty))
            }
            (
                HeapType::Abstract { shared, ty },
                HeapType::Concrete(wanted) | HeapType::Exact(wanted),
            ) => {
                let Some((kind, is_shared)) = self.composite(wanted) else {
                    return false;
                };
                is_shared == shared && is_bottom_of(ty, kind)
            }
            (
                HeapType::Abstract { shared, ty },
                HeapType::Abstract {
                    shared: wanted_shared,
                    ty: wanted,
                },
            ) => shared == wanted_shared && is_abstract_subtype(ty, wanted),
            _ => false,
        }
    }

    /// The abstract type right above a type, and whether it is shared.
    fn composite(&self, index: u32) -> Option<(AbstractHeapType, bool)> {
        let ty = &self.all.get(index as usize)?.composite_type;
        let kind = match ty.inner {
            CompositeInnerType::Func(_) => AbstractHeapType::Func,
            CompositeInnerType::Array(_) => AbstractHeapType::Array,
            CompositeInnerType::Struct(_) => AbstractHeapType::Struct,
            CompositeInnerType::Cont(_) => AbstractHeapType::Cont,
        };
        Some((kind, ty.shared))
    }
}

/// Whether limits are within wanted ones.
fn fits(is: (u64, Option<u64>), wanted: (u64, Option<u64>)) -> bool {
    is.0 >= wanted.0
        && match (is.1, wanted.1) {
            (_, None) => true,
            (Some(is), Some(wanted)) => is <= wanted,
            (None, Some(_)) => false,
        }
}

/// Whether the first has no values but null, of the hierarchy of the second.
fn is_bottom_of(is: AbstractHeapType, of: AbstractHeapType) -> bool {
    use AbstractHeapType as Heap;
    match of {
        Heap::Func | Heap::NoFunc => is == Heap::NoFunc,
        Heap::Extern | Heap::NoExtern => is == Heap::NoExtern,
        Heap::Exn | Heap::NoExn => is == Heap::NoExn,
        Heap::Cont | Heap::NoCont => is == Heap::NoCont,
        Heap::Any | Heap::None | Heap::Eq | Heap::Struct | Heap::Array | Heap::I31 => {
            is == Heap::None
        }
    }
}

fn is_abstract_subtype(is: AbstractHeapType, wanted: AbstractHeapType) -> bool {
    use AbstractHeapType as Heap;
    is == wanted
        || is_bottom_of(is, wanted)
        || match wanted {
            Heap::Any => matches!(is, Heap::Eq | Heap::Struct | Heap::Array | Heap::I31),
            Heap::Eq => matches!(is, Heap::Struct | Heap::Array | Heap::I31),
            _ => false,
        }
}
