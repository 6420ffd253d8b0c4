//! Which types nobody outside a module can tell anything about, so that what they say may change.
//!
//! Apart from changing them because it is one question with a careful answer: types are the same if their recursion groups say the
//! same, in whatever module, and casts and calls through references ask for that. So a type is open to others if values of it can leave
//! the module or come into it: then another module may have the same type. What crosses the border says which values these are.
//!
//! ```text
//! imports, exports ──> the types that they name ──> all that these name, their groups and supertypes, and the types below them
//!         any, eq, struct, array, func, and extern where it is converted ──> all types of that kind
//! ```
//! In a closed world (as the user may promise) nobody outside has types of his own to compare with, so that only what the border names
//! itself stays, with its groups, supertypes and all that these name.

use module::{
    CompositeType, ExportItem, Header, HeapType, ImportType, Module, Op, ReadScratch, RefType,
    StorageType, TypeIdx, TypeKind, ValType,
};

/// By defined type: whether it is private.
///
/// # Errors
/// If a body is not valid.
pub(crate) fn private_types(
    module: &Module,
    is_closed_world: bool,
) -> Result<Vec<bool>, module::Error> {
    let header = module.header();
    let n = header.n_defined_types();
    let mut border = Border {
        header,
        is_closed_world,
        is_open: vec![false; n],
        work: Vec::new(),
        all_of: [false; 3],
        names_extern: false,
        group_of: vec![0; n],
        below: vec![Vec::new(); n],
    };
    for (at, group) in header.rec_groups().iter().enumerate() {
        for ty in group.clone().take_while(|&ty| (ty as usize) < n) {
            border.group_of[ty as usize] = at;
            if let Some(above) = header.sub_type(TypeIdx(ty)).supertype {
                border.below[above.index()].push(TypeIdx(ty));
            }
        }
    }
    border.items();
    border.follow();
    if border.names_extern && !is_closed_world && converts(module)? {
        border.heap(HeapType::Any);
        border.follow();
    }
    Ok(border.is_open.iter().map(|is_open| !is_open).collect())
}

struct Border<'h> {
    header: &'h Header,
    is_closed_world: bool,
    is_open: Vec<bool>,
    /// Types that are open, and whose consequences were not looked at.
    work: Vec<TypeIdx>,
    /// By kind: whether all types of it are open.
    all_of: [bool; 3],
    /// Whether references of the host cross the border.
    names_extern: bool,
    /// By type: its recursion group.
    group_of: Vec<usize>,
    /// By type: those that declare it as their supertype.
    below: Vec<Vec<TypeIdx>>,
}

impl Border<'_> {
    /// What is imported and exported.
    fn items(&mut self) {
        let header = self.header;
        for import in header.imports() {
            match import.ty {
                ImportType::Func(ty) | ImportType::Tag(ty) => self.ty(ty),
                ImportType::Table(ty) => self.reference(ty.element),
                ImportType::Global(ty) => self.value(ty.content),
                ImportType::Memory(_) => {}
            }
        }
        for export in header.exports() {
            match export.item {
                ExportItem::Func(func) => self.ty(header.funcs()[func.index()]),
                ExportItem::Tag(tag) => self.ty(header.tags()[tag.index()]),
                ExportItem::Table(table) => self.reference(header.tables()[table.index()].element),
                ExportItem::Global(global) => {
                    self.value(header.globals()[global.index()].content);
                }
                ExportItem::Memory(_) => {}
            }
        }
    }

    fn ty(&mut self, ty: TypeIdx) {
        if let Some(is_open) = self.is_open.get_mut(ty.index())
            && !std::mem::replace(is_open, true)
        {
            self.work.push(ty);
        }
    }

    fn value(&mut self, ty: ValType) {
        if let ValType::Ref(ty) = ty {
            self.reference(ty);
        }
    }

    fn reference(&mut self, ty: RefType) {
        self.heap(ty.heap);
    }

    fn heap(&mut self, heap: HeapType) {
        match heap {
            HeapType::Concrete(_, ty) => self.ty(ty),
            HeapType::Any | HeapType::Eq => {
                self.all_of(TypeKind::Struct);
                self.all_of(TypeKind::Array);
            }
            HeapType::Struct => self.all_of(TypeKind::Struct),
            HeapType::Array => self.all_of(TypeKind::Array),
            HeapType::Func => self.all_of(TypeKind::Func),
            HeapType::Extern => self.names_extern = true,
            // What is thrown shows its payload only to who has the tag.
            HeapType::I31
            | HeapType::Exn
            | HeapType::None
            | HeapType::NoFunc
            | HeapType::NoExtern
            | HeapType::NoExn => {}
        }
    }

    /// Values of all types of a kind cross the border.
    fn all_of(&mut self, kind: TypeKind) {
        if self.is_closed_world || std::mem::replace(&mut self.all_of[kind as usize], true) {
            return;
        }
        for at in 0..self.is_open.len() {
            let ty = TypeIdx(at as u32);
            if self.header.sub_type(ty).composite.kind() == kind {
                self.ty(ty);
            }
        }
    }

    /// What is open with what is.
    fn follow(&mut self) {
        let header = self.header;
        while let Some(ty) = self.work.pop() {
            let n = self.is_open.len() as u32;
            let group = header.rec_groups()[self.group_of[ty.index()]].clone();
            group
                .filter(|&ty| ty < n)
                .for_each(|ty| self.ty(TypeIdx(ty)));
            if !self.is_closed_world {
                let below = std::mem::take(&mut self.below[ty.index()]);
                below.into_iter().for_each(|below| self.ty(below));
            }
            let found = header.sub_type(ty);
            if let Some(above) = found.supertype {
                self.ty(above);
            }
            match &found.composite {
                CompositeType::Func(func) => {
                    let types = func.params().iter().chain(func.results());
                    types.for_each(|&ty| self.value(ty));
                }
                CompositeType::Struct(found) => {
                    for field in &found.fields {
                        self.storage(field.storage);
                    }
                }
                CompositeType::Array(found) => self.storage(found.element.storage),
            }
        }
    }

    fn storage(&mut self, storage: StorageType) {
        if let StorageType::Val(ty) = storage {
            self.value(ty);
        }
    }
}

/// Whether references of the host are made of the module's own, or the other way.
fn converts(module: &Module) -> Result<bool, module::Error> {
    let header = module.header();
    let is_conversion = |op: &Op| matches!(op, Op::AnyConvertExtern | Op::ExternConvertAny);
    let mut inits = header.global_inits().iter();
    let tables = header.table_inits().iter().flatten();
    let elems = header.elems().iter().flat_map(|elem| match &elem.items {
        module::ElemItems::Exprs(exprs) => &exprs[..],
        module::ElemItems::Funcs(_) => &[],
    });
    if inits.any(|init| init.ops().iter().any(is_conversion))
        || tables
            .chain(elems)
            .any(|expr| expr.ops().iter().any(is_conversion))
    {
        return Ok(true);
    }
    let mut scratch = ReadScratch::default();
    for func in header.n_imported_funcs()..header.funcs().len() {
        let Some(input) = module.body(module::FuncIdx(func as u32)) else {
            continue;
        };
        let mut reader = input.trusted().read(&mut scratch)?;
        while let Some((_, op)) = reader.next()? {
            if is_conversion(&op) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
