//! What modules import: something of its type for each import, which answers at random, but everywhere alike.

use crate::Random;
use crate::values::make;
use wharf::{
    Caller, Engine, Error, Extern, ExternType, Global, Linker, Memory, Module, Result, Store,
    Table, Tag, Val, ValType,
};

/// What host functions know: they answer at random, but alike on all machines.
#[derive(Clone)]
pub struct Host {
    /// Where answers come from.
    pub random: Random,
    /// Calls of host functions.
    pub calls: u64,
}

/// A linker with something of its type for each import. Functions that a linker makes are of the very type that is asked for.
pub fn linker(engine: &Engine, store: &mut Store<Host>, module: &Module) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    linker.allow_shadowing(true);
    for import in module.imports() {
        let (from, name) = (&import.module, &import.name);
        if let ExternType::Func(ty) = import.ty {
            let call = host_func(engine, ty.results().to_vec());
            linker.func_new(from, name, ty, call)?;
        } else {
            linker.define(from, name, provided(engine, store, import.ty)?)?;
        }
    }
    Ok(linker)
}

fn provided(engine: &Engine, store: &mut Store<Host>, ty: ExternType) -> Result<Extern> {
    let mut random = store.data().random.clone();
    let mut value = |store: &mut Store<Host>, ty| {
        let made = make(store, engine, &mut random, ty);
        made.unwrap_or_else(|| Val::default_of(ty))
    };
    Ok(match ty {
        ExternType::Func(_) => unreachable!("the linker makes functions"),
        ExternType::Global(ty) => {
            let value = value(store, ty.content);
            Global::new(store, ty, value)?.into()
        }
        ExternType::Memory(ty) => Memory::new(store, ty)?.into(),
        ExternType::Table(ty) => {
            let Val::Ref(element) = value(store, ValType::Ref(ty.element)) else {
                unreachable!("a value of a type of references is one")
            };
            Table::new(store, ty, element)?.into()
        }
        ExternType::Tag(ty) => Tag::new(store, ty.params())?.into(),
    })
}

/// A function that collects now and then, or fails.
fn host_func(
    engine: &Engine,
    types: Vec<ValType>,
) -> impl Fn(Caller<'_, Host>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static {
    let engine = engine.clone();
    move |mut caller, _, results| {
        caller.data_mut().calls += 1;
        match caller.data_mut().random.below(24) {
            0 => return Err(Error::msg("the host will not")),
            1 | 2 => caller.gc()?,
            _ => {}
        }
        for (result, ty) in results.iter_mut().zip(&types) {
            let mut random = caller.data().random.clone();
            let made = make(&mut caller, &engine, &mut random, *ty);
            caller.data_mut().random = random;
            *result = made.ok_or_else(|| Error::msg("the host has no such value"))?;
        }
        Ok(())
    }
}
