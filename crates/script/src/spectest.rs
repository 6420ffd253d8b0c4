//! The module `spectest` that the official scripts import from.

use wharf::{
    Caller, Error, Global, GlobalType, Linker, Memory, MemoryType, Ref, RefType, Result,
    SharedMemory, Store, Table, TableType, Val, ValType,
};

/// Defines `spectest` as the specification's reference interpreter has it; what it prints goes nowhere. Beside it is what scripts
/// of another engine import to have garbage collected.
pub(crate) fn define(linker: &mut Linker<()>, store: &mut Store<()>) -> Result<(), Error> {
    linker
        .func_wrap("wasmtime", "gc", |mut caller: Caller<'_, ()>| caller.gc())?
        .func_wrap("spectest", "print", || {})?
        .func_wrap("spectest", "print_i32", |_: i32| {})?
        .func_wrap("spectest", "print_i64", |_: i64| {})?
        .func_wrap("spectest", "print_f32", |_: f32| {})?
        .func_wrap("spectest", "print_f64", |_: f64| {})?
        .func_wrap("spectest", "print_i32_f32", |_: i32, _: f32| {})?
        .func_wrap("spectest", "print_f64_f64", |_: f64, _: f64| {})?;
    let globals = [
        ("global_i32", ValType::I32, Val::I32(666)),
        ("global_i64", ValType::I64, Val::I64(666)),
        ("global_f32", ValType::F32, Val::from(666.6f32)),
        ("global_f64", ValType::F64, Val::from(666.6f64)),
    ];
    for (name, content, value) in globals {
        let global = Global::new(
            &mut *store,
            GlobalType {
                content,
                mutable: false,
            },
            value,
        )?;
        linker.define("spectest", name, global)?;
    }
    let table = Table::new(
        &mut *store,
        TableType::new(RefType::FUNCREF, 10, Some(20)),
        Ref::Func(None),
    )?;
    linker.define("spectest", "table", table)?;
    let table64 = TableType {
        table64: true,
        ..TableType::new(RefType::FUNCREF, 10, Some(20))
    };
    let table64 = Table::new(&mut *store, table64, Ref::Func(None))?;
    linker.define("spectest", "table64", table64)?;
    let memory = Memory::new(&mut *store, MemoryType::new(1, Some(2)))?;
    linker.define("spectest", "memory", memory)?;
    let shared = MemoryType {
        shared: true,
        ..MemoryType::new(1, Some(2))
    };
    let memory = SharedMemory::new(store.engine(), shared)?;
    linker.define_shared_memory("spectest", "shared_memory", &memory)?;
    Ok(())
}
