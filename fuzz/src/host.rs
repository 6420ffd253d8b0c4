//! What modules import: something of its type for each import, which answers at random, but everywhere alike.

use crate::Random;
use crate::imports::with_tags;
use crate::values::make;
use wharf::{
    Caller, Engine, Error, Extern, ExternType, Global, Instance, Linker, Memory, Module, Result,
    Store, Table, Val, ValType,
};

/// What host functions know: they answer at random, but alike on all machines.
#[derive(Clone)]
pub struct Host {
    /// Where answers come from.
    pub random: Random,
    /// Calls of host functions.
    pub calls: u64,
}

/// A linker with something of its type for each import of the module in `bytes`. Functions that a linker makes are of the very
/// type that is asked for; tags come from a module with the same types.
pub fn linker(
    engine: &Engine,
    store: &mut Store<Host>,
    module: &Module,
    bytes: &[u8],
) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    let tags = match with_tags(bytes) {
        Some(tags) => {
            let tags = Module::from_binary(engine, tags)?;
            Some(Instance::new(&mut *store, &tags, &[])?)
        }
        None => None,
    };
    for (index, import) in module.imports().enumerate() {
        let (from, name) = (&import.module, &import.name);
        match import.ty {
            ExternType::Func(ty) => {
                let call = host_func(engine, ty.results().to_vec());
                linker.func_new(from, name, ty, call)?;
            }
            ExternType::Tag(_) => {
                let tags = tags.expect("made of the same imports");
                let tag = tags.get_tag(&*store, &index.to_string());
                linker.define(from, name, tag.expect("one for each"))?;
            }
            ty => _ = linker.define(from, name, provided(engine, store, ty)?)?,
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
        ExternType::Func(_) | ExternType::Tag(_) => unreachable!("not made so"),
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
