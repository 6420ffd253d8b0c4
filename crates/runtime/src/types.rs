//! Canonical numbers of function types, so that `call_indirect` compares two integers.
//!
//! One table for an engine: modules that spell a type alike get one number, whatever their own indices are.

use module::FuncType;
use std::collections::HashMap;
use std::sync::RwLock;

/// The function types that an engine has seen.
#[derive(Default)]
pub(crate) struct TypeRegistry {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    numbers: HashMap<FuncType, u32>,
    types: Vec<FuncType>,
}

impl TypeRegistry {
    /// The number of `ty`, which is the same for equal types for the life of the engine.
    pub(crate) fn number(&self, ty: &FuncType) -> u32 {
        if let Some(&number) = self
            .inner
            .read()
            .expect("no panic under the lock")
            .numbers
            .get(ty)
        {
            return number;
        }
        let mut inner = self.inner.write().expect("no panic under the lock");
        if let Some(&number) = inner.numbers.get(ty) {
            return number;
        }
        let number = u32::try_from(inner.types.len()).expect("fewer than 4 G types fit in memory");
        inner.types.push(ty.clone());
        inner.numbers.insert(ty.clone(), number);
        number
    }

    /// The type with this number.
    ///
    /// # Panics
    /// If [`TypeRegistry::number`] never gave the number.
    pub(crate) fn get(&self, number: u32) -> FuncType {
        self.inner.read().expect("no panic under the lock").types[number as usize].clone()
    }
}
