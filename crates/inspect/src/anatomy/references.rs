//! What operators refer to, found by the names of their immediates.
//!
//! Apart from the items, because it knows every operator and nothing else: the list of operators is wasmparser's, and a name of an
//! immediate that is not known here does not compile.

use std::mem::{Discriminant, discriminant};

use wasmparser::{
    ArrayType, BlockType, CompositeInnerType, FieldType, HeapType, MemArg, MemArgTarget, Operator,
    OperatorsReader, PackedIndex, RefType, StorageType, SubType, TryTable, UnpackedIndex, ValType,
};

/// Something of its module that an operator names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Reference {
    /// A function that is called.
    Call(u32),
    /// A function that is made a reference.
    FuncRef(u32),
    /// A call of what a table holds.
    CallIndirect {
        ty: u32,
        table: u32,
    },
    /// A call of a reference to a function.
    CallRef {
        ty: u32,
    },
    /// A table whose elements may be changed.
    TableWrite(u32),
    Type(u32),
    Table(u32),
    Memory(u32),
    Global(u32),
    Tag(u32),
    Elem(u32),
    Data(u32),
}

/// Finds all references in a run of operators, up to where it is malformed.
pub fn in_operators(mut ops: OperatorsReader<'_>, each: &mut dyn FnMut(Reference)) {
    let mut found = Immediates { each, others: 0 };
    while !ops.eof() {
        match ops.read() {
            Ok(op) => visit(&op, &mut found),
            Err(_) => return,
        }
    }
}

/// How an operator looks without the numbers of what it refers to.
pub struct Shape<'a> {
    /// Where it is.
    pub range: std::ops::Range<u64>,
    /// Whether it refers to something; if not, its bytes say everything.
    pub has_references: bool,
    /// If it does, which operator it is, and its other immediates.
    pub digest: (Discriminant<Operator<'a>>, u64),
}

/// Calls `each` with all operators. Returns where the last one that could be read ends.
pub fn operator_shapes<'a>(mut ops: OperatorsReader<'a>, each: &mut dyn FnMut(Shape<'a>)) -> u64 {
    let mut at = ops.original_position();
    while !ops.eof() {
        let Ok(op) = ops.read() else {
            return at;
        };
        let end = ops.original_position();
        let mut has_references = false;
        // Accesses of memories have offsets too, which count.
        let count = &mut |reference| has_references |= !matches!(reference, Reference::Memory(_));
        let mut found = Immediates {
            each: count,
            others: 0,
        };
        visit_immediates(&op, &mut found);
        let others = found.others;
        each(Shape {
            range: at..end,
            has_references,
            digest: (discriminant(&op), others),
        });
        at = end;
    }
    at
}

/// The types that a type refers to.
pub fn in_type(ty: &SubType, each: &mut dyn FnMut(PackedIndex)) {
    fn of_value(ty: ValType, each: &mut dyn FnMut(PackedIndex)) {
        if let ValType::Ref(ty) = ty
            && let Some(idx) = ty.type_index()
        {
            each(idx);
        }
    }
    fn of_field(field: &FieldType, each: &mut dyn FnMut(PackedIndex)) {
        if let StorageType::Val(ty) = field.element_type {
            of_value(ty, each);
        }
    }
    ty.supertype_idxs.iter().for_each(|idx| each(*idx));
    let composite = &ty.composite_type;
    let described = [composite.descriptor_idx, composite.describes_idx];
    described.into_iter().flatten().for_each(&mut *each);
    match &composite.inner {
        CompositeInnerType::Func(func) => {
            for ty in func.params().iter().chain(func.results()) {
                of_value(*ty, each);
            }
        }
        CompositeInnerType::Array(ArrayType(field)) => of_field(field, each),
        CompositeInnerType::Struct(fields) => {
            fields.fields.iter().for_each(|field| of_field(field, each));
        }
        CompositeInnerType::Cont(cont) => each(cont.0),
    }
}

/// The type that a reference type names.
pub fn in_ref_type(ty: RefType) -> Option<u32> {
    ty.type_index()?.as_module_index()
}

/// One function for each name that an immediate can have.
struct Immediates<'a> {
    each: &'a mut dyn FnMut(Reference),
    /// A digest of indices that lead to nothing of the module.
    others: u64,
}

/// What says nothing about the module.
macro_rules! ignored {
    ($($name:ident: $ty:ty,)*) => {
        $(#[inline] fn $name(&mut self, _: &$ty) {})*
    };
}

/// What counts within the function or type.
macro_rules! inner {
    ($($name:ident,)*) => {
        $(#[inline] fn $name(&mut self, idx: &u32) {
            self.others = self.others.rotate_left(9) ^ u64::from(*idx) ^ 1 << 63;
        })*
    };
}

/// What is an index of one space.
macro_rules! indices {
    ($($name:ident => $reference:expr,)*) => {
        $(#[inline] fn $name(&mut self, idx: &u32) { (self.each)($reference(*idx)) })*
    };
}

// The names are those of immediates, not ours.
#[allow(clippy::wrong_self_convention)]
#[rustfmt::skip]
impl Immediates<'_> {
    ignored! {
        lane: u8,
        lanes: [u8; 16],
        ordering: wasmparser::Ordering,
        targets: wasmparser::BrTable<'_>,
    }

    inner! {
        relative_depth,
        local_index,
        field_index,
        array_size,
        result_index,
        argument_index,
    }

    indices! {
        global_index => Reference::Global,
        table => Reference::Table,
        table_index => Reference::Table,
        src_table => Reference::Table,
        dst_table => Reference::TableWrite,
        mem => Reference::Memory,
        src_mem => Reference::Memory,
        dst_mem => Reference::Memory,
        type_index => Reference::Type,
        array_type_index => Reference::Type,
        array_type_index_src => Reference::Type,
        array_type_index_dst => Reference::Type,
        struct_type_index => Reference::Type,
        cont_type_index => Reference::Type,
        tag_index => Reference::Tag,
        elem_index => Reference::Elem,
        array_elem_index => Reference::Elem,
        data_index => Reference::Data,
        array_data_index => Reference::Data,
        function_index => Reference::Call,
    }

    /// Constants of all types.
    fn value<T>(&mut self, _: &T) {}

    fn memarg(&mut self, memarg: &MemArg) {
        (self.each)(match memarg.target {
            MemArgTarget::Memory(idx) => Reference::Memory(idx),
            MemArgTarget::Array(idx) => Reference::Type(idx),
        });
    }

    fn hty(&mut self, ty: &HeapType) {
        if let HeapType::Concrete(idx) | HeapType::Exact(idx) = ty
            && let UnpackedIndex::Module(idx) = *idx
        {
            (self.each)(Reference::Type(idx));
        }
    }

    fn from_ref_type(&mut self, ty: &RefType) {
        self.ty(&ValType::Ref(*ty));
    }

    fn to_ref_type(&mut self, ty: &RefType) {
        self.ty(&ValType::Ref(*ty));
    }

    fn ty(&mut self, ty: &ValType) {
        if let ValType::Ref(ty) = ty
            && let Some(idx) = in_ref_type(*ty)
        {
            (self.each)(Reference::Type(idx));
        }
    }

    fn tys(&mut self, tys: &[ValType]) {
        tys.iter().for_each(|ty| self.ty(ty));
    }

    fn blockty(&mut self, ty: &BlockType) {
        match ty {
            BlockType::Empty => {}
            BlockType::Type(ty) => self.ty(ty),
            BlockType::FuncType(idx) => (self.each)(Reference::Type(*idx)),
        }
    }

    fn try_table(&mut self, table: &TryTable) {
        self.blockty(&table.ty);
        for catch in &table.catches {
            if let wasmparser::Catch::One { tag, .. } | wasmparser::Catch::OneRef { tag, .. } = catch {
                (self.each)(Reference::Tag(*tag));
            }
        }
    }

    fn resume_table(&mut self, table: &wasmparser::ResumeTable) {
        for handle in &table.handlers {
            let (wasmparser::Handle::OnLabel { tag, .. } | wasmparser::Handle::OnSwitch { tag }) = handle;
            (self.each)(Reference::Tag(*tag));
        }
    }
}

/// Calls the function of each immediate of an operator.
macro_rules! visit_immediates {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        fn visit_immediates(op: &Operator<'_>, found: &mut Immediates<'_>) {
            match op {
                $(Operator::$op $({ $($arg),* })? => { $($(found.$arg($arg);)*)? })*
                // The list has all operators, but the compiler cannot know it.
                _ => {}
            }
        }
    };
}
wasmparser::for_each_operator!(visit_immediates);

fn visit(op: &Operator<'_>, found: &mut Immediates<'_>) {
    use Operator as O;
    // Where the operator says more than its immediates do.
    match *op {
        O::CallIndirect {
            type_index: ty,
            table_index: table,
        }
        | O::ReturnCallIndirect {
            type_index: ty,
            table_index: table,
        } => {
            (found.each)(Reference::CallIndirect { ty, table });
        }
        O::CallRef { type_index: ty } | O::ReturnCallRef { type_index: ty } => {
            (found.each)(Reference::CallRef { ty });
        }
        O::RefFunc { function_index } => {
            (found.each)(Reference::FuncRef(function_index));
        }
        O::TableSet { table } | O::TableGrow { table } | O::TableFill { table } => {
            (found.each)(Reference::TableWrite(table));
        }
        O::TableInit { elem_index, table } => {
            (found.each)(Reference::Elem(elem_index));
            (found.each)(Reference::TableWrite(table));
        }
        _ => visit_immediates(op, found),
    }
}
