//! Operators of garbage-collected objects: structures, arrays, i31 and casts.
//!
//! Apart from the other instructions because all of them are one: an operator with its immediates, and a list of operands. What
//! they do beside computing, and what types they have, stands here in one place each.

use crate::Type;
use crate::inst::{Effects, State};
use module::{
    CompositeType, DataIdx, ElemIdx, Extend, Header, HeapType, RefType, StorageType, TypeIdx,
    TypeKind, ValType,
};
use std::fmt;

/// An operator of garbage-collected objects, without its operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GcOp {
    /// `ref.eq`.
    RefEq,
    /// `ref.i31`.
    RefI31,
    /// `i31.get_s` and `i31.get_u`.
    I31Get {
        /// Whether the sign is extended.
        signed: bool,
    },
    /// `struct.new`: one operand a field.
    StructNew(TypeIdx),
    /// `struct.get`, `struct.get_s` and `struct.get_u`.
    StructGet {
        /// The structure.
        ty: TypeIdx,
        /// The field.
        field: u32,
        /// What becomes of a packed field.
        extend: Extend,
    },
    /// `struct.set`.
    StructSet {
        /// The structure.
        ty: TypeIdx,
        /// The field.
        field: u32,
    },
    /// `array.new`: what all elements are, and how many.
    ArrayNew(TypeIdx),
    /// `array.new_fixed`: one operand an element.
    ArrayNewFixed(TypeIdx),
    /// `array.new_data`.
    ArrayNewData {
        /// The array.
        ty: TypeIdx,
        /// The segment.
        data: DataIdx,
    },
    /// `array.new_elem`.
    ArrayNewElem {
        /// The array.
        ty: TypeIdx,
        /// The segment.
        elem: ElemIdx,
    },
    /// `array.get`, `array.get_s` and `array.get_u`.
    ArrayGet {
        /// The array.
        ty: TypeIdx,
        /// What becomes of a packed element.
        extend: Extend,
    },
    /// `array.set`.
    ArraySet(TypeIdx),
    /// `array.len`.
    ArrayLen,
    /// `array.fill`.
    ArrayFill(TypeIdx),
    /// `array.copy`.
    ArrayCopy {
        /// The array that is written.
        dst: TypeIdx,
        /// The array that is read.
        src: TypeIdx,
    },
    /// `array.init_data`.
    ArrayInitData {
        /// The array.
        ty: TypeIdx,
        /// The segment.
        data: DataIdx,
    },
    /// `array.init_elem`.
    ArrayInitElem {
        /// The array.
        ty: TypeIdx,
        /// The segment.
        elem: ElemIdx,
    },
    /// `ref.test`: whether the reference is of this type.
    RefTest {
        /// What it must refer to.
        heap: HeapType,
        /// Whether null is of the type.
        nullable: bool,
    },
    /// `ref.cast`: the reference, or a trap if it is not of this type.
    RefCast {
        /// What it must refer to.
        heap: HeapType,
        /// Whether null is of the type.
        nullable: bool,
    },
}

/// What a structure stores in a field.
///
/// # Panics
/// If the type is no structure or has no such field, which validation excludes.
pub fn struct_field(header: &Header, ty: TypeIdx, field: u32) -> StorageType {
    match &header.sub_type(ty).composite {
        CompositeType::Struct(found) => found.fields[field as usize].storage,
        other => panic!("expected a structure, found {:?}", other.kind()),
    }
}

/// What an array stores in each element.
///
/// # Panics
/// If the type is no array, which validation excludes.
pub fn array_element(header: &Header, ty: TypeIdx) -> StorageType {
    match &header.sub_type(ty).composite {
        CompositeType::Array(found) => found.element.storage,
        other => panic!("expected an array, found {:?}", other.kind()),
    }
}

fn unpacked(storage: StorageType) -> Type {
    storage.unpacked().into()
}

const _: () = assert!(size_of::<GcOp>() == 12);

impl GcOp {
    /// `ref.test` for a type.
    pub const fn ref_test(ty: RefType) -> GcOp {
        let RefType { heap, nullable } = ty;
        GcOp::RefTest { heap, nullable }
    }

    /// `ref.cast` to a type.
    pub const fn ref_cast(ty: RefType) -> GcOp {
        let RefType { heap, nullable } = ty;
        GcOp::RefCast { heap, nullable }
    }

    /// The types of the operands, of which there are `n` where the operator takes any number.
    pub fn params(self, header: &Header, n: usize) -> Vec<Type> {
        let i32 = Type::I32;
        let element = |ty| unpacked(array_element(header, ty));
        match self {
            GcOp::RefEq => vec![Type::Ref, Type::Ref],
            GcOp::RefI31 => vec![i32],
            GcOp::I31Get { .. } | GcOp::ArrayLen | GcOp::StructGet { .. } => vec![Type::Ref],
            GcOp::StructNew(ty) => match &header.sub_type(ty).composite {
                CompositeType::Struct(found) => {
                    found.fields.iter().map(|f| unpacked(f.storage)).collect()
                }
                other => panic!("expected a structure, found {:?}", other.kind()),
            },
            GcOp::StructSet { ty, field } => {
                vec![Type::Ref, unpacked(struct_field(header, ty, field))]
            }
            GcOp::ArrayNew(ty) => vec![element(ty), i32],
            GcOp::ArrayNewFixed(ty) => vec![element(ty); n],
            GcOp::ArrayNewData { .. } | GcOp::ArrayNewElem { .. } => vec![i32, i32],
            GcOp::ArrayGet { .. } => vec![Type::Ref, i32],
            GcOp::ArraySet(ty) => vec![Type::Ref, i32, element(ty)],
            GcOp::ArrayFill(ty) => vec![Type::Ref, i32, element(ty), i32],
            GcOp::ArrayCopy { .. } => vec![Type::Ref, i32, Type::Ref, i32, i32],
            GcOp::ArrayInitData { .. } | GcOp::ArrayInitElem { .. } => {
                vec![Type::Ref, i32, i32, i32]
            }
            GcOp::RefTest { heap, nullable } | GcOp::RefCast { heap, nullable } => {
                vec![ValType::Ref(RefType { nullable, heap }).into()]
            }
        }
    }

    /// The type of the result, if there is one.
    pub fn result(self, header: &Header) -> Option<Type> {
        match self {
            GcOp::StructGet { ty, field, .. } => Some(unpacked(struct_field(header, ty, field))),
            GcOp::ArrayGet { ty, .. } => Some(unpacked(array_element(header, ty))),
            _ => self.own_result(),
        }
    }

    /// The type of the result where the operator alone decides it.
    pub(crate) fn own_result(self) -> Option<Type> {
        match self {
            GcOp::RefEq | GcOp::I31Get { .. } | GcOp::ArrayLen | GcOp::RefTest { .. } => {
                Some(Type::I32)
            }
            GcOp::RefI31
            | GcOp::StructNew(_)
            | GcOp::ArrayNew(_)
            | GcOp::ArrayNewFixed(_)
            | GcOp::ArrayNewData { .. }
            | GcOp::ArrayNewElem { .. } => Some(Type::Ref),
            GcOp::RefCast { heap, nullable } => {
                Some(ValType::Ref(RefType { nullable, heap }).into())
            }
            GcOp::StructGet { .. }
            | GcOp::ArrayGet { .. }
            | GcOp::StructSet { .. }
            | GcOp::ArraySet(_)
            | GcOp::ArrayFill(_)
            | GcOp::ArrayCopy { .. }
            | GcOp::ArrayInitData { .. }
            | GcOp::ArrayInitElem { .. } => None,
        }
    }

    /// Number of results.
    pub fn n_results(self) -> usize {
        match self {
            GcOp::StructGet { .. } | GcOp::ArrayGet { .. } => 1,
            _ => usize::from(self.own_result().is_some()),
        }
    }

    /// Whether a collector may run during the operator: it makes an object.
    pub fn allocates(self) -> bool {
        matches!(
            self,
            GcOp::StructNew(_)
                | GcOp::ArrayNew(_)
                | GcOp::ArrayNewFixed(_)
                | GcOp::ArrayNewData { .. }
                | GcOp::ArrayNewElem { .. }
        )
    }

    /// What the operator does beside computing its result.
    pub fn effects(self) -> Effects {
        match self {
            GcOp::RefEq | GcOp::RefI31 | GcOp::RefTest { .. } => Effects::NONE,
            // The length of an array and the type of an object never change.
            GcOp::I31Get { .. } | GcOp::ArrayLen | GcOp::RefCast { .. } => Effects {
                traps: true,
                ..Effects::NONE
            },
            GcOp::StructNew(_) | GcOp::ArrayNewFixed(_) => Effects {
                is_fresh: true,
                ..Effects::NONE
            },
            // An array may be larger than any heap.
            GcOp::ArrayNew(_) => Effects {
                traps: true,
                is_fresh: true,
                ..Effects::NONE
            },
            GcOp::ArrayNewData { .. } | GcOp::ArrayNewElem { .. } => Effects {
                reads: State::SEGMENT,
                traps: true,
                is_fresh: true,
                ..Effects::NONE
            },
            GcOp::StructGet { .. } | GcOp::ArrayGet { .. } => Effects {
                reads: State::HEAP,
                traps: true,
                ..Effects::NONE
            },
            GcOp::StructSet { .. } | GcOp::ArraySet(_) | GcOp::ArrayFill(_) => Effects {
                writes: State::HEAP,
                traps: true,
                ..Effects::NONE
            },
            GcOp::ArrayCopy { .. } => Effects {
                reads: State::HEAP,
                writes: State::HEAP,
                traps: true,
                ..Effects::NONE
            },
            GcOp::ArrayInitData { .. } | GcOp::ArrayInitElem { .. } => Effects {
                reads: State::SEGMENT,
                writes: State::HEAP,
                traps: true,
                ..Effects::NONE
            },
        }
    }

    /// Reads an operator as it is printed: `next` gives the words after the name. `None` if there is no such operator.
    pub(crate) fn parse<'a>(
        name: &str,
        next: &mut dyn FnMut() -> Result<&'a str, String>,
    ) -> Result<Option<GcOp>, String> {
        let mut number = || -> Result<u32, String> {
            let word = next()?;
            word.parse()
                .map_err(|_| format!("expected a number, found `{word}`"))
        };
        let (stem, extend) = match name.rsplit_once('_') {
            Some((stem, "s")) => (stem, Extend::Signed),
            Some((stem, "u")) => (stem, Extend::Unsigned),
            _ => (name, Extend::None),
        };
        Ok(Some(match (stem, extend) {
            ("i31.get", Extend::Signed) => GcOp::I31Get { signed: true },
            ("i31.get", Extend::Unsigned) => GcOp::I31Get { signed: false },
            ("struct.get", extend) => GcOp::StructGet {
                ty: TypeIdx(number()?),
                field: number()?,
                extend,
            },
            ("array.get", extend) => GcOp::ArrayGet {
                ty: TypeIdx(number()?),
                extend,
            },
            ("ref.eq", Extend::None) => GcOp::RefEq,
            ("ref.i31", Extend::None) => GcOp::RefI31,
            ("struct.new", Extend::None) => GcOp::StructNew(TypeIdx(number()?)),
            ("struct.set", Extend::None) => GcOp::StructSet {
                ty: TypeIdx(number()?),
                field: number()?,
            },
            ("array.new", Extend::None) => GcOp::ArrayNew(TypeIdx(number()?)),
            ("array.new_fixed", Extend::None) => GcOp::ArrayNewFixed(TypeIdx(number()?)),
            ("array.new_data", Extend::None) => GcOp::ArrayNewData {
                ty: TypeIdx(number()?),
                data: DataIdx(number()?),
            },
            ("array.new_elem", Extend::None) => GcOp::ArrayNewElem {
                ty: TypeIdx(number()?),
                elem: ElemIdx(number()?),
            },
            ("array.set", Extend::None) => GcOp::ArraySet(TypeIdx(number()?)),
            ("array.len", Extend::None) => GcOp::ArrayLen,
            ("array.fill", Extend::None) => GcOp::ArrayFill(TypeIdx(number()?)),
            ("array.copy", Extend::None) => GcOp::ArrayCopy {
                dst: TypeIdx(number()?),
                src: TypeIdx(number()?),
            },
            ("array.init_data", Extend::None) => GcOp::ArrayInitData {
                ty: TypeIdx(number()?),
                data: DataIdx(number()?),
            },
            ("array.init_elem", Extend::None) => GcOp::ArrayInitElem {
                ty: TypeIdx(number()?),
                elem: ElemIdx(number()?),
            },
            ("ref.test", Extend::None) => GcOp::ref_test(parse_ref_type(next)?),
            ("ref.cast", Extend::None) => GcOp::ref_cast(parse_ref_type(next)?),
            _ => return Ok(None),
        }))
    }
}

/// The heap types that are words.
const HEADS: [(&str, HeapType); 12] = [
    ("func", HeapType::Func),
    ("extern", HeapType::Extern),
    ("any", HeapType::Any),
    ("eq", HeapType::Eq),
    ("i31", HeapType::I31),
    ("struct", HeapType::Struct),
    ("array", HeapType::Array),
    ("exn", HeapType::Exn),
    ("none", HeapType::None),
    ("nofunc", HeapType::NoFunc),
    ("noextern", HeapType::NoExtern),
    ("noexn", HeapType::NoExn),
];

/// `null`, if null is of the type; then a head, or `type`, the kind and the number.
fn parse_ref_type<'a>(
    next: &mut dyn FnMut() -> Result<&'a str, String>,
) -> Result<RefType, String> {
    let mut word = next()?;
    let nullable = word == "null";
    if nullable {
        word = next()?;
    }
    let heap = if word == "type" {
        let kind = match next()? {
            "func" => TypeKind::Func,
            "struct" => TypeKind::Struct,
            "array" => TypeKind::Array,
            other => return Err(format!("expected a kind of type, found `{other}`")),
        };
        let number = next()?;
        let number = number
            .parse()
            .map_err(|_| format!("expected a number, found `{number}`"))?;
        HeapType::Concrete(kind, TypeIdx(number))
    } else {
        let head = HEADS.iter().find(|(name, _)| *name == word);
        head.ok_or_else(|| format!("expected a heap type, found `{word}`"))?
            .1
    };
    Ok(RefType { nullable, heap })
}

struct Written(RefType);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.nullable {
            f.write_str("null ")?;
        }
        match self.0.heap {
            HeapType::Concrete(kind, ty) => {
                let kind = match kind {
                    TypeKind::Func => "func",
                    TypeKind::Struct => "struct",
                    TypeKind::Array => "array",
                };
                write!(f, "type {kind} {}", ty.0)
            }
            head => write!(f, "{head}"),
        }
    }
}

fn suffix(extend: Extend) -> &'static str {
    match extend {
        Extend::None => "",
        Extend::Signed => "_s",
        Extend::Unsigned => "_u",
    }
}

/// Name and immediates.
impl fmt::Display for GcOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            GcOp::RefEq => f.write_str("ref.eq"),
            GcOp::RefI31 => f.write_str("ref.i31"),
            GcOp::I31Get { signed: true } => f.write_str("i31.get_s"),
            GcOp::I31Get { signed: false } => f.write_str("i31.get_u"),
            GcOp::StructNew(ty) => write!(f, "struct.new {}", ty.0),
            GcOp::StructGet { ty, field, extend } => {
                write!(f, "struct.get{} {} {field}", suffix(extend), ty.0)
            }
            GcOp::StructSet { ty, field } => write!(f, "struct.set {} {field}", ty.0),
            GcOp::ArrayNew(ty) => write!(f, "array.new {}", ty.0),
            GcOp::ArrayNewFixed(ty) => write!(f, "array.new_fixed {}", ty.0),
            GcOp::ArrayNewData { ty, data } => write!(f, "array.new_data {} {}", ty.0, data.0),
            GcOp::ArrayNewElem { ty, elem } => write!(f, "array.new_elem {} {}", ty.0, elem.0),
            GcOp::ArrayGet { ty, extend } => write!(f, "array.get{} {}", suffix(extend), ty.0),
            GcOp::ArraySet(ty) => write!(f, "array.set {}", ty.0),
            GcOp::ArrayLen => f.write_str("array.len"),
            GcOp::ArrayFill(ty) => write!(f, "array.fill {}", ty.0),
            GcOp::ArrayCopy { dst, src } => write!(f, "array.copy {} {}", dst.0, src.0),
            GcOp::ArrayInitData { ty, data } => write!(f, "array.init_data {} {}", ty.0, data.0),
            GcOp::ArrayInitElem { ty, elem } => write!(f, "array.init_elem {} {}", ty.0, elem.0),
            GcOp::RefTest { heap, nullable } => {
                write!(f, "ref.test {}", Written(RefType { nullable, heap }))
            }
            GcOp::RefCast { heap, nullable } => {
                write!(f, "ref.cast {}", Written(RefType { nullable, heap }))
            }
        }
    }
}
