//! The functions of WASI 0.1 as imports of the engine's modules: the only file that knows both.

use wharf::{Caller, Linker, SharedMemory, Trap};

use crate::ctx::Ctx;
use crate::error::{Result, Stop};
use crate::interrupt::Interrupt;
use crate::memory::{GuestMemory, SharedBytes};
use crate::preview1::{
    clock, descriptor, directory, file, finish, for_each_function, in_unstable, path, poll,
    process, socket, transfer, unsigned,
};

/// Name under which modules import the functions, and that of the snapshot before.
const PREVIEW1: &str = "wasi_snapshot_preview1";
const UNSTABLE: &str = "wasi_unstable";
/// Name of the memory that a module shares with its host.
const MEMORY: &str = "memory";

/// Defines the functions of WASI 0.1 in `linker`, as `wasi_snapshot_preview1` and, as they were
/// before, as `wasi_unstable`. `get` finds the context in the data of the store.
///
/// A guest that exits fails its call with [`Exit`](crate::Exit), which the caller finds by
/// `error.downcast_ref::<wasi::Exit>()`; one that passes an unusable address fails with
/// [`Stop::Fault`]. A guest that is interrupted while it waits traps as one that computes.
///
/// ```
/// use wharf::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// wasi::add_to_linker(&mut linker, |ctx: &mut wasi::Ctx| ctx)?;
/// let module = Module::new(&engine, r#"(module
///     (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
///     (func (export "_start") (call $exit (i32.const 7))))"#)?;
/// let ctx = wasi::Ctx::builder().build()?;
/// let mut store = Store::new(&engine, ctx);
/// let instance = linker.instantiate(&mut store, &module)?;
/// let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
/// let error = start.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.downcast_ref::<wasi::Exit>(), Some(&wasi::Exit(7)));
/// # Ok::<(), wharf::Error>(())
/// ```
///
/// # Errors
/// If one of the names is defined in `linker` already.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut Ctx + Copy + Send + Sync + 'static,
) -> wharf::Result<()> {
    link_preview1(linker, get)?;
    link_unstable(linker, get)
}

/// Defines one function; `$result` says what it gives back.
macro_rules! define {
    (errno, $linker:ident, $import:expr, $name:ident, $get:ident, $function:expr, ($($parameter:ident: $ty:ident),*)) => {
        $linker.func_wrap(
            $import,
            stringify!($name),
            move |mut caller: Caller<'_, T> $(, $parameter: $ty)*| -> wharf::Result<i32> {
                run(&mut caller, $get, stringify!($name), |ctx, memory| {
                    $function(ctx, memory $(, unsigned!($ty, $parameter))*)
                })
            },
        )?
    };
    (nothing, $linker:ident, $import:expr, $name:ident, $get:ident, $function:expr, ($($parameter:ident: $ty:ident),*)) => {
        $linker.func_wrap(
            $import,
            stringify!($name),
            move |mut caller: Caller<'_, T> $(, $parameter: $ty)*| -> wharf::Result<()> {
                run(&mut caller, $get, stringify!($name), |ctx, memory| {
                    $function(ctx, memory $(, unsigned!($ty, $parameter))*)
                })
                .map(drop)
            },
        )?
    };
}

macro_rules! link {
    ($($module:ident $name:ident($($parameter:ident: $ty:ident),* $(,)?) -> $result:ident;)*) => {
        fn link_preview1<T: 'static>(
            linker: &mut Linker<T>,
            get: impl Fn(&mut T) -> &mut Ctx + Copy + Send + Sync + 'static,
        ) -> wharf::Result<()> {
            $(define!($result, linker, PREVIEW1, $name, get, $module::$name, ($($parameter: $ty),*));)*
            Ok(())
        }

        fn link_unstable<T: 'static>(
            linker: &mut Linker<T>,
            get: impl Fn(&mut T) -> &mut Ctx + Copy + Send + Sync + 'static,
        ) -> wharf::Result<()> {
            $(if stringify!($name) != "sock_accept" {
                define!(
                    $result, linker, UNSTABLE, $name, get, in_unstable!($module $name), ($($parameter: $ty),*)
                );
            })*
            Ok(())
        }
    };
}
for_each_function!(link);

/// Calls `function` with the context and memory of the calling guest, again whenever a signal cut
/// it short that was not for the guest.
fn run<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut Ctx,
    name: &'static str,
    function: impl Fn(&mut Ctx, &mut GuestMemory<'_>) -> Result,
) -> wharf::Result<i32> {
    loop {
        let (waits_by_signal, result) = if let Some((bytes, data)) = caller.memory_and_data(MEMORY)
        {
            once(get(data), GuestMemory::new(bytes), &function)
        } else if let Some(shared) = shared_memory(caller) {
            let memory = GuestMemory::shared(&shared);
            once(get(caller.data_mut()), memory, &function)
        } else {
            // Without a memory every address is outside of it.
            once(get(caller.data_mut()), GuestMemory::new(&mut []), &function)
        };
        return match finish(name, result) {
            Ok(errno) => Ok(errno),
            Err(Stop::Interrupted(_)) if waits_by_signal && !caller.is_interrupted() => continue,
            Err(Stop::Interrupted(_)) => {
                // The wait is over, for whatever the store calls next.
                get(caller.data_mut()).waiting_since = None;
                Err(Trap::Interrupted.into())
            }
            Err(Stop::Exit(exit)) => Err(exit.into()),
            Err(stop @ Stop::Fault { .. }) => Err(stop.into()),
        };
    }
}

/// The caller's memory, if other threads may be writing it.
fn shared_memory<T>(caller: &Caller<'_, T>) -> Option<SharedMemory> {
    let memory = caller.get_export(MEMORY)?.into_memory()?;
    memory.as_shared(caller).ok()?
}

impl SharedBytes for SharedMemory {
    fn size(&self) -> u64 {
        self.bytes()
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> bool {
        SharedMemory::read(self, offset as usize, buffer).is_ok()
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> bool {
        SharedMemory::write(self, offset as usize, bytes).is_ok()
    }
}

/// One attempt, and whether a signal can end it.
fn once(
    ctx: &mut Ctx,
    mut memory: GuestMemory<'_>,
    function: impl Fn(&mut Ctx, &mut GuestMemory<'_>) -> Result,
) -> (bool, Result) {
    if let Interrupt::Never = ctx.interrupt {
        // The engine signals the thread of a guest that shall stop.
        ctx.interrupt = Interrupt::Signal;
    }
    let result = function(ctx, &mut memory);
    (matches!(ctx.interrupt, Interrupt::Signal), result)
}
