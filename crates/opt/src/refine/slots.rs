//! The places of a module that hold references between functions, numbered: parameters, results, globals, fields and elements.
//!
//! Apart from what flows into them because everything else speaks of them by number.

use module::{CompositeType, FuncIdx, GlobalIdx, Header, RefType, StorageType, TypeIdx, ValType};

/// The numbers of all slots.
pub(super) struct Slots {
    /// By function: its first parameter; its results follow.
    funcs: Vec<u32>,
    /// By function: its first result.
    results: Vec<u32>,
    globals: u32,
    /// By defined type: its first field, or its element.
    types: Vec<u32>,
    /// By slot: what it is declared to hold, if that is a reference.
    pub(super) declared: Vec<Option<RefType>>,
    /// By slot: of a field or element, the one of the topmost type that has it, for which this one stands in subtypes; else itself.
    pub(super) root: Vec<u32>,
    /// By slot of a field or element: the one of the type above, if it has it.
    pub(super) above: Vec<Option<u32>>,
}

/// The reference that a value is, if it is one.
pub(super) fn reference(ty: ValType) -> Option<RefType> {
    match ty {
        ValType::Ref(ty) => Some(ty),
        _ => None,
    }
}

/// What the fields or elements of a type store.
pub(super) fn stored(composite: &CompositeType) -> Vec<StorageType> {
    match composite {
        CompositeType::Func(_) => Vec::new(),
        CompositeType::Struct(found) => found.fields.iter().map(|field| field.storage).collect(),
        CompositeType::Array(found) => vec![found.element.storage],
    }
}

impl Slots {
    pub(super) fn new(header: &Header) -> Slots {
        let mut declared = Vec::new();
        let (mut funcs, mut results) = (Vec::new(), Vec::new());
        for func in 0..header.funcs().len() {
            let ty = header.func_type(FuncIdx(func as u32));
            funcs.push(declared.len() as u32);
            declared.extend(ty.params().iter().map(|&ty| reference(ty)));
            results.push(declared.len() as u32);
            declared.extend(ty.results().iter().map(|&ty| reference(ty)));
        }
        let globals = declared.len() as u32;
        declared.extend(header.globals().iter().map(|ty| reference(ty.content)));
        let mut root: Vec<u32> = (0..declared.len() as u32).collect();
        let mut above = vec![None; declared.len()];
        let mut types = Vec::new();
        for ty in &header.types()[..header.n_defined_types()] {
            let first = declared.len() as u32;
            // What is above a type comes before it.
            let inherited = ty
                .supertype
                .map(|above| (types[above.index()], header.sub_type(above)));
            let n_inherited = inherited.map_or(0, |(_, ty)| stored(&ty.composite).len());
            types.push(first);
            for (nth, storage) in stored(&ty.composite).into_iter().enumerate() {
                let from = inherited.filter(|_| nth < n_inherited);
                let from: Option<u32> = from.map(|(first, _)| first + nth as u32);
                above.push(from);
                root.push(from.map_or(first + nth as u32, |from| root[from as usize]));
                declared.push(reference(storage.unpacked()));
            }
        }
        Slots {
            funcs,
            results,
            globals,
            types,
            declared,
            root,
            above,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.declared.len()
    }

    pub(super) fn param(&self, func: FuncIdx, nth: usize) -> u32 {
        self.funcs[func.index()] + nth as u32
    }

    pub(super) fn result(&self, func: FuncIdx, nth: usize) -> u32 {
        self.results[func.index()] + nth as u32
    }

    pub(super) fn global(&self, global: GlobalIdx) -> u32 {
        self.globals + global.0
    }

    /// A field, or the element if `field` is 0.
    pub(super) fn field(&self, ty: TypeIdx, field: u32) -> u32 {
        self.types[ty.index()] + field
    }
}
