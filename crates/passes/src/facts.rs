//! What is known of a reference at a place: which kinds it can be, and of which defined type its objects are.
//!
//! Apart from the pass that finds out because it is a lattice, with laws of its own: facts are joined where paths meet, and
//! narrowed where a test has passed or failed. Two types of a module may have different indices and still be the same type to
//! the engine, so that types are different is only said of those whose looks differ.

use ir::RefKinds;
use module::{CompositeType, FieldType, Header, HeapType, RefType, TypeIdx, TypeKind, ValType};

/// What is known of a reference.
///
/// **Invariant:** if there is a type, all structures, arrays and functions that the reference can be are of it, and so only one of
/// these kinds is possible.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fact {
    /// What it can be.
    pub kinds: RefKinds,
    /// What its objects are instances of.
    pub ty: Option<Bound>,
}

/// The type of objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bound {
    /// The type.
    pub ty: TypeIdx,
    /// Whether objects of proper subtypes are excluded.
    pub is_exact: bool,
}

/// Kinds that have a defined type.
const TYPED: RefKinds = RefKinds::STRUCT.or(RefKinds::ARRAY).or(RefKinds::FUNC);

fn kind_of(kind: TypeKind) -> RefKinds {
    match kind {
        TypeKind::Func => RefKinds::FUNC,
        TypeKind::Struct => RefKinds::STRUCT,
        TypeKind::Array => RefKinds::ARRAY,
    }
}

impl Fact {
    /// No value is here.
    pub(crate) const NOTHING: Fact = Fact {
        kinds: RefKinds::NONE,
        ty: None,
    };
    /// Nothing is known.
    pub(crate) const ANYTHING: Fact = Fact {
        kinds: RefKinds::ALL,
        ty: None,
    };
    /// It is null.
    pub(crate) const NULL: Fact = Fact::kinds(RefKinds::NULL);

    /// It is of these kinds.
    pub(crate) const fn kinds(kinds: RefKinds) -> Fact {
        Fact { kinds, ty: None }
    }

    /// It is an object of exactly this type.
    pub(crate) fn exactly(header: &Header, ty: TypeIdx) -> Fact {
        let kind = header.sub_type(ty).composite.kind();
        let is_exact = true;
        Fact {
            kinds: kind_of(kind),
            ty: Some(Bound { ty, is_exact }),
        }
    }

    /// It has this type.
    pub(crate) fn of_type(header: &Header, ty: RefType) -> Fact {
        const AGGREGATE: RefKinds = RefKinds::STRUCT.or(RefKinds::ARRAY);
        let (kinds, bound) = match ty.heap {
            HeapType::Func => (RefKinds::FUNC, None),
            // What is external can be an internal object in disguise.
            HeapType::Any | HeapType::Extern => {
                (AGGREGATE.or(RefKinds::I31).or(RefKinds::OTHER), None)
            }
            HeapType::Eq => (AGGREGATE.or(RefKinds::I31), None),
            HeapType::I31 => (RefKinds::I31, None),
            HeapType::Struct => (RefKinds::STRUCT, None),
            HeapType::Array => (RefKinds::ARRAY, None),
            HeapType::Exn => (RefKinds::OTHER, None),
            HeapType::None | HeapType::NoFunc | HeapType::NoExtern | HeapType::NoExn => {
                (RefKinds::NONE, None)
            }
            HeapType::Concrete(kind, ty) => {
                let is_exact = header.sub_type(ty).is_final;
                (kind_of(kind), Some(Bound { ty, is_exact }))
            }
        };
        let null = if ty.nullable {
            RefKinds::NULL
        } else {
            RefKinds::NONE
        };
        Fact {
            kinds: kinds.or(null),
            ty: bound,
        }
    }

    /// As [`of_type`](Self::of_type), if it is the type of a reference.
    pub(crate) fn of_value(header: &Header, ty: ValType) -> Fact {
        match ty {
            ValType::Ref(ty) => Fact::of_type(header, ty),
            _ => Fact::ANYTHING,
        }
    }

    /// Whether it may be null.
    pub(crate) fn may_be_null(self) -> bool {
        self.kinds.meets(RefKinds::NULL)
    }

    /// The same, without some kinds.
    pub(crate) fn without(self, kinds: RefKinds) -> Fact {
        Fact {
            kinds: self.kinds.without(kinds),
            ..self
        }
        .checked()
    }

    /// A fact without type if nothing can have it.
    fn checked(self) -> Fact {
        let ty = self.ty.filter(|_| self.kinds.meets(TYPED));
        Fact { ty, ..self }
    }

    /// What holds if one of two facts does.
    pub(crate) fn join(self, other: Fact, header: &Header) -> Fact {
        let ty = if !self.kinds.meets(TYPED) {
            other.ty
        } else if !other.kinds.meets(TYPED) {
            self.ty
        } else {
            match (self.ty, other.ty) {
                (Some(a), Some(b)) => common(header, a, b),
                _ => None,
            }
        };
        Fact {
            kinds: self.kinds.or(other.kinds),
            ty,
        }
    }

    /// What holds if both facts do.
    pub(crate) fn meet(self, other: Fact, header: &Header) -> Fact {
        let ty = match (self.ty, other.ty) {
            (Some(a), Some(b))
                if is_subtype(header, b.ty, a.ty) && (a.ty != b.ty || b.is_exact) =>
            {
                Some(b)
            }
            (Some(a), _) => Some(a),
            (None, b) => b,
        };
        let kinds = self.kinds.and(other.kinds);
        Fact { kinds, ty }.checked()
    }

    /// Whether a reference of which this is known is of a type; `None` if it depends, or if there is no such reference.
    pub(crate) fn is_of(self, header: &Header, ty: RefType) -> Option<bool> {
        let mut answers = self
            .kinds
            .iter()
            .map(|kind| self.kind_is_of(header, kind, ty));
        let first = answers.next()??;
        answers.all(|answer| answer == Some(first)).then_some(first)
    }

    /// What remains if it was found not to be of a type.
    pub(crate) fn unless_of(self, header: &Header, ty: RefType) -> Fact {
        let gone = self
            .kinds
            .iter()
            .filter(|&kind| self.kind_is_of(header, kind, ty) == Some(true));
        self.without(gone.fold(RefKinds::NONE, RefKinds::or))
    }

    /// What remains if it was found to be of a type.
    pub(crate) fn if_of(self, header: &Header, ty: RefType) -> Fact {
        let gone = self
            .kinds
            .iter()
            .filter(|&kind| self.kind_is_of(header, kind, ty) == Some(false));
        let gone = gone.fold(RefKinds::NONE, RefKinds::or);
        self.without(gone).meet(Fact::of_type(header, ty), header)
    }

    /// A type that is easier to test for, and that a reference of which this is known is of just when it is of `ty`.
    pub(crate) fn easier(self, header: &Header, ty: RefType) -> RefType {
        let HeapType::Concrete(kind, _) = ty.heap else {
            return ty;
        };
        if self.kind_is_of(header, kind_of(kind), ty) != Some(true) {
            return ty;
        }
        let heap = match kind {
            TypeKind::Func => HeapType::Func,
            TypeKind::Struct => HeapType::Struct,
            TypeKind::Array => HeapType::Array,
        };
        RefType { heap, ..ty }
    }

    fn kind_is_of(self, header: &Header, kind: RefKinds, ty: RefType) -> Option<bool> {
        if kind == RefKinds::NULL {
            return Some(ty.nullable);
        }
        let target = Fact::of_type(header, ty);
        if !target.kinds.meets(kind) {
            return Some(false);
        }
        match (target.ty, self.ty) {
            (None, _) => Some(true),
            (Some(target), Some(bound)) => compare(header, bound, target.ty),
            (Some(_), None) => None,
        }
    }
}

/// Whether objects that are instances of `bound` are instances of `ty`.
fn compare(header: &Header, bound: Bound, ty: TypeIdx) -> Option<bool> {
    if is_subtype(header, bound.ty, ty) {
        return Some(true);
    }
    let (bound_depth, depth) = (depth(header, bound.ty), depth(header, ty));
    if depth > bound_depth && bound.is_exact {
        return Some(false);
    }
    // Where both hierarchies have their types of the same depth, these are one type, or nothing below them is.
    let a = ancestor(header, bound.ty, bound_depth.saturating_sub(depth));
    let b = ancestor(header, ty, depth.saturating_sub(bound_depth));
    if may_be_same(header, a, b) {
        None
    } else {
        Some(false)
    }
}

/// Whether two types are related, or may be: objects can be instances of both.
pub(crate) fn may_share(header: &Header, a: TypeIdx, b: TypeIdx) -> bool {
    let is_exact = false;
    compare(header, Bound { ty: a, is_exact }, b) != Some(false)
}

/// Whether a type is another one or declares it as its supertype, maybe through others.
fn is_subtype(header: &Header, sub: TypeIdx, sup: TypeIdx) -> bool {
    let mut at = Some(sub);
    while let Some(ty) = at {
        if ty == sup {
            return true;
        }
        at = header.sub_type(ty).supertype;
    }
    false
}

fn depth(header: &Header, ty: TypeIdx) -> usize {
    let supertypes = std::iter::successors(Some(ty), |ty| header.sub_type(*ty).supertype);
    supertypes.count() - 1
}

/// The supertype `n` levels up, which there must be.
fn ancestor(header: &Header, ty: TypeIdx, n: usize) -> TypeIdx {
    let mut supertypes = std::iter::successors(Some(ty), |ty| header.sub_type(*ty).supertype);
    supertypes.nth(n).expect("the hierarchy is this deep")
}

/// The nearest common supertype.
fn common(header: &Header, a: Bound, b: Bound) -> Option<Bound> {
    if a.ty == b.ty {
        return Some(Bound {
            ty: a.ty,
            is_exact: a.is_exact && b.is_exact,
        });
    }
    let supertypes = |ty| std::iter::successors(Some(ty), |ty| header.sub_type(*ty).supertype);
    let ty = supertypes(a.ty).find(|&ty| is_subtype(header, b.ty, ty))?;
    let is_exact = false;
    Some(Bound { ty, is_exact })
}

/// Whether two type indices may stand for one type: their recursion groups look alike as far as a glance shows.
fn may_be_same(header: &Header, a: TypeIdx, b: TypeIdx) -> bool {
    let place = |ty: TypeIdx| {
        let groups = header.rec_groups();
        let at = groups.partition_point(|group| group.end <= ty.0);
        (at, ty.0 - groups[at].start, groups[at].len())
    };
    let ((a_group, a_nth, a_len), (b_group, b_nth, b_len)) = (place(a), place(b));
    if a_group == b_group || a_nth != b_nth || a_len != b_len {
        return a == b;
    }
    let (a, b) = (header.sub_type(a), header.sub_type(b));
    a.is_final == b.is_final
        && a.supertype.is_some() == b.supertype.is_some()
        && match (&a.composite, &b.composite) {
            (CompositeType::Struct(a), CompositeType::Struct(b)) => {
                a.fields.len() == b.fields.len()
                    && a.fields.iter().zip(&b.fields).all(|(a, b)| alike(*a, *b))
            }
            (CompositeType::Array(a), CompositeType::Array(b)) => alike(a.element, b.element),
            (CompositeType::Func(a), CompositeType::Func(b)) => {
                (a.params().len(), a.results().len()) == (b.params().len(), b.results().len())
            }
            _ => false,
        }
}

fn alike(a: FieldType, b: FieldType) -> bool {
    let is_ref = |field: FieldType| matches!(field.storage.unpacked(), ValType::Ref(_));
    a.mutable == b.mutable && (is_ref(a) && is_ref(b) || a.storage == b.storage)
}
