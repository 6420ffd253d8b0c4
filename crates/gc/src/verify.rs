//! Checks the heap's invariant, object by object. Apart because nothing depends on it: tests call it, and stress in debug builds,
//! where an object that is not what its type says should be found before the guest stumbles over it.

use crate::heap::Heap;
use crate::shape::Kind;
use abi::gc::{INFO_REMEMBERED, OBJECT_ALIGN, OBJECT_INFO, YOUNG_END, YOUNG_START};

impl Heap {
    /// Checks that each space is objects one after the other, that every reference is to one of them, and that the remembered set
    /// has every old object that refers to a young one.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn verify(&self) -> Result<(), String> {
        let mut starts = Vec::new();
        self.walk(YOUNG_START.into(), self.top.into(), &mut starts)?;
        self.walk(YOUNG_END.into(), self.old_top, &mut starts)?;
        for &object in &starts {
            self.verify_refs(object, &starts)?;
        }
        for &object in &self.remembered {
            let info = self.space.load(object + OBJECT_INFO);
            if starts.binary_search(&object).is_err() || info & INFO_REMEMBERED == 0 {
                return Err(format!("{object:#x} is remembered but says no such thing"));
            }
        }
        Ok(())
    }

    /// Adds the objects from `at` to `end`.
    fn walk(&self, mut at: u64, end: u64, starts: &mut Vec<u32>) -> Result<(), String> {
        while at < end {
            let object = at as u32;
            let ty = self.space.load(object);
            let shape = self.shapes.get(ty as usize);
            if shape.is_none_or(|shape| matches!(shape.kind, Kind::None)) {
                return Err(format!("{object:#x} has the unknown type {ty}"));
            }
            starts.push(object);
            at += self.object_bytes(object);
        }
        if at == end {
            Ok(())
        } else {
            Err(format!("the last object ends at {at:#x}, not {end:#x}"))
        }
    }

    fn verify_refs(&self, object: u32, starts: &[u32]) -> Result<(), String> {
        let mut result = Ok(());
        let info = self.space.load(object + OBJECT_INFO);
        let is_clean = object >= YOUNG_END && info & INFO_REMEMBERED == 0;
        Heap::each_ref(&self.shapes, &self.space, object, |at| {
            let reference = self.space.load(at);
            if reference == 0 || reference & 1 != 0 {
                return;
            }
            let is_object =
                reference.is_multiple_of(OBJECT_ALIGN) && starts.binary_search(&reference).is_ok();
            if !is_object {
                result = Err(format!(
                    "{reference:#x} at {at:#x} in {object:#x} is no object"
                ));
            } else if is_clean && reference < YOUNG_END {
                result = Err(format!(
                    "{object:#x} is not remembered but refers to {reference:#x}"
                ));
            }
        });
        result
    }
}
