//! Where the references in an object are, by its type number. Apart because this is all that the collector knows of types.

use abi::gc::{ARRAY_ELEMENTS, KIND_ARRAY, STRUCT_FIELDS};

/// Size and references of the objects of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub(crate) kind: Kind,
    /// What the info of a new object says.
    pub(crate) info: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No object has this type.
    None,
    /// `bytes` in all; bit `i` of `refs` is set if the word at `8 + 4 * i` is a reference.
    Struct { bytes: u32, refs: u64 },
    /// As above, with the offsets of all references from the object's start, for those that do not fit 64 bits.
    Wide { bytes: u32, refs: Box<[u32]> },
    /// Elements of `1 << shift` bytes from +16, their number at +8.
    Array { shift: u8, refs: bool },
}

impl Shape {
    /// The shape of a type that was not named yet.
    pub(crate) const NONE: Shape = Shape {
        kind: Kind::None,
        info: 0,
    };

    /// Objects of a fixed size and one of the kinds of [`abi::gc`]: `bytes` in all, header included, with references at these offsets from the object's start.
    ///
    /// # Panics
    /// If an offset is not a multiple of four within the object's fields.
    pub fn fixed(info: u32, bytes: u32, refs: &[u32]) -> Shape {
        let bytes = bytes.max(STRUCT_FIELDS).next_multiple_of(8);
        for &at in refs {
            assert!(
                at.is_multiple_of(4) && at >= STRUCT_FIELDS && at <= bytes - 4,
                "a reference at {at} is not in the fields of an object of {bytes} bytes"
            );
        }
        let bit = |at: u32| (at - STRUCT_FIELDS) / 4;
        let kind = if refs.iter().all(|&at| bit(at) < 64) {
            let refs = refs.iter().fold(0, |mask, &at| mask | 1u64 << bit(at));
            Kind::Struct { bytes, refs }
        } else {
            let refs = refs.into();
            Kind::Wide { bytes, refs }
        };
        Shape { kind, info }
    }

    /// Arrays of elements of `1 << shift` bytes; `refs` says that elements are references (and then `shift` is 2).
    ///
    /// # Panics
    /// If `shift` is more than 4, or not 2 for references.
    pub fn array(shift: u8, refs: bool) -> Shape {
        assert!(shift <= 4 && (!refs || shift == 2), "no such elements");
        Shape {
            kind: Kind::Array { shift, refs },
            info: KIND_ARRAY,
        }
    }

    /// Bytes of an object with this shape and, if it is an array, `len` elements.
    pub fn bytes(&self, len: u32) -> u64 {
        match self.kind {
            Kind::None => u64::from(STRUCT_FIELDS),
            Kind::Struct { bytes, .. } | Kind::Wide { bytes, .. } => u64::from(bytes),
            Kind::Array { shift, .. } => {
                (u64::from(ARRAY_ELEMENTS) + (u64::from(len) << shift)).next_multiple_of(8)
            }
        }
    }

    /// Whether objects of this shape can refer to others.
    pub fn has_refs(&self) -> bool {
        match &self.kind {
            Kind::None => false,
            Kind::Struct { refs, .. } => *refs != 0,
            Kind::Wide { refs, .. } => !refs.is_empty(),
            Kind::Array { refs, .. } => *refs,
        }
    }
}
