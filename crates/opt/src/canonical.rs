//! Which types of a module are the same: those of recursion groups that say the same (specification: type equivalence).
//!
//! Apart from the stages that ask because types have several numbers, and engines tell them apart by none of these.

use module::{Header, SubType, TypeIdx};
use std::collections::HashMap;

/// The types of a module by what they say.
pub(crate) struct Canonical<'m> {
    header: &'m Header,
    /// By type: the first one that is the same.
    first: Vec<TypeIdx>,
}

impl<'m> Canonical<'m> {
    pub(crate) fn of(header: &'m Header) -> Canonical<'m> {
        let types = header.types();
        let mut first: Vec<TypeIdx> = (0..types.len() as u32).map(TypeIdx).collect();
        let mut seen: HashMap<Vec<SubType>, u32> = HashMap::new();
        for group in header.rec_groups() {
            // What is in the group stands by its place there, counted from the other end of all numbers.
            let mut number = |ty: TypeIdx| match group.contains(&ty.0) {
                true => TypeIdx(u32::MAX - (ty.0 - group.start)),
                false => first[ty.index()],
            };
            let says: Vec<SubType> = types[group.start as usize..group.end as usize]
                .iter()
                .map(|ty| ty.map_indices(&mut number))
                .collect();
            let start = *seen.entry(says).or_insert(group.start);
            for at in group.clone() {
                first[at as usize] = TypeIdx(start + (at - group.start));
            }
        }
        Canonical { header, first }
    }

    /// The first type that is the same.
    pub(crate) fn first(&self, ty: TypeIdx) -> TypeIdx {
        self.first[ty.index()]
    }

    /// Whether a type is another one, or declares to be one of its subtypes.
    pub(crate) fn is_sub(&self, ty: TypeIdx, of: TypeIdx) -> bool {
        let wanted = self.first[of.index()];
        let mut at = Some(ty);
        while let Some(ty) = at {
            if self.first[ty.index()] == wanted {
                return true;
            }
            // One that is above stands before.
            at = self.header.types()[ty.index()].supertype;
        }
        false
    }
}
