//! Small modules run to their results, with what every test needs to do so.

mod calls;
mod control;
mod limits;
mod memory;
mod table;
mod traps;
mod values;

use crate::Interp;
use ops::V128;
use runtime::{
    Cause, CodeSource, EngineCore, EngineSettings, Error, ErrorKind, ExternItem, FuncHandle, Given,
    HostFunc, InstanceHandle, LoadedModule, Raised, Store, Val,
};
use std::fmt::Write as _;
use std::sync::Arc;

/// Stack of guests in tests, in bytes.
const STACK_BYTES: usize = 256 << 10;

/// An instance in a store of its own.
struct Guest {
    store: Store<()>,
    instance: InstanceHandle,
}

fn engine(fuel: bool) -> Arc<EngineCore> {
    EngineCore::new(EngineSettings {
        runner: runtime::Runner::Executor(Arc::new(Interp::new())),
        stack_bytes: STACK_BYTES,
        fuel,
        deterministic: false,
        gc_stress: false,
        memories_move: false,
        pooling: Default::default(),
    })
}

fn load(engine: &Arc<EngineCore>, wat: &str) -> Arc<LoadedModule> {
    let bytes = text::wat_to_wasm(wat, None).unwrap_or_else(|error| panic!("{error}"));
    let mut scratch = module::ReadScratch::default();
    let features = module::Features::default();
    let module = module::decode(bytes, &features, &mut |_, body| {
        body.validate(&mut scratch)
            .unwrap_or_else(|error| panic!("{error}"));
    });
    let module = module.unwrap_or_else(|error| panic!("{error}"));
    LoadedModule::new(engine, module, CodeSource::None).unwrap()
}

impl Guest {
    fn new(wat: &str) -> Guest {
        Guest::with_imports(wat, &[])
    }

    /// An instance whose imported functions are these, in order.
    fn with_imports(wat: &str, imports: &[HostFunc<()>]) -> Guest {
        let engine = engine(false);
        let store = Store::new(&engine, ());
        Guest::in_store(store, &load(&engine, wat), imports)
    }

    fn in_store(
        mut store: Store<()>,
        module: &Arc<LoadedModule>,
        imports: &[HostFunc<()>],
    ) -> Guest {
        let instance = store.instantiate(module, |index| Given::Host(&imports[index]));
        let instance = instance.unwrap_or_else(|error| panic!("{error}"));
        Guest { store, instance }
    }

    fn func(&self, name: &str) -> FuncHandle {
        match self.store.export(self.instance, name) {
            Ok(Some(ExternItem::Func(func))) => func,
            other => panic!("expected a function {name}, found {other:?}"),
        }
    }

    fn call(&mut self, name: &str, params: &[Val]) -> Result<Vec<Val>, Error> {
        let func = self.func(name);
        self.store.call(func, params)
    }

    /// Calls with i32 numbers and expects such back.
    fn i32s(&mut self, name: &str, params: &[i32]) -> Vec<i32> {
        let params: Vec<Val> = params.iter().map(|&v| Val::I32(v)).collect();
        let results = self.call(name, &params);
        let results = results.unwrap_or_else(|error| panic!("{name}: {error}"));
        let number = |value: Val| match value {
            Val::I32(v) => v,
            other => panic!("expected an i32, found {other:?}"),
        };
        results.into_iter().map(number).collect()
    }

    /// Calls with i32 numbers and expects the guest to stop.
    fn raised(&mut self, name: &str, params: &[i32]) -> Raised {
        let params: Vec<Val> = params.iter().map(|&v| Val::I32(v)).collect();
        match self.call(name, &params).map_err(Error::into_kind) {
            Err(ErrorKind::Raised(raised)) => raised,
            other => panic!("expected the guest to stop, found {other:?}"),
        }
    }

    fn trap(&mut self, name: &str, params: &[i32]) -> ops::Trap {
        match self.raised(name, params).cause {
            Cause::Trap(trap) => trap,
            Cause::Host(error) => panic!("expected a trap, found {error}"),
            Cause::Exception(exception) => panic!("expected a trap, found {exception}"),
        }
    }
}

/// The functions of a backtrace by name or number, each with the bytes of the operator that it was at.
fn describe_frames(raised: &Raised) -> String {
    let mut text = String::new();
    for frame in &raised.frames {
        let module = frame.module.module();
        let offset = frame.offset.expect("an interpreter always knows") as usize;
        let name = module.func_name(frame.func).unwrap_or("?");
        writeln!(text, "{name} at {:02x}", module.bytes()[offset]).unwrap();
    }
    text
}

/// A vector of 32-bit lanes.
fn i32x4(lanes: [i32; 4]) -> Val {
    let mut bytes = [0; 16];
    for (place, lane) in bytes.chunks_exact_mut(4).zip(lanes) {
        place.copy_from_slice(&lane.to_le_bytes());
    }
    Val::V128(V128(bytes))
}
