//! The 46 functions of `wasi_snapshot_preview1`: the table of them, and one module a family.
//!
//! Each function takes the context, the guest's memory and the parameters of the ABI, unsigned.
//! From the table come the list [`FUNCTIONS`], [`call`] and the linking glue, so that a function
//! exists everywhere once its row does.
//!
//! Spec: <https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md>.

use crate::ctx::Ctx;
use crate::error::{Error, Stop};
use crate::memory::GuestMemory;

pub(crate) mod clock;
pub(crate) mod descriptor;
pub(crate) mod directory;
pub(crate) mod file;
pub(crate) mod path;
pub(crate) mod poll;
pub(crate) mod process;
pub(crate) mod socket;
pub(crate) mod transfer;

/// Calls the macro `$callback` with all rows: module of the function, its name, the parameters with
/// their types in the ABI, and what it gives back: `errno`, or `nothing` when it never returns.
macro_rules! for_each_function {
    ($callback:ident) => {
        $callback! {
            process args_get(argv: i32, argv_buf: i32) -> errno;
            process args_sizes_get(count: i32, size: i32) -> errno;
            process environ_get(environ: i32, environ_buf: i32) -> errno;
            process environ_sizes_get(count: i32, size: i32) -> errno;
            clock clock_res_get(id: i32, resolution: i32) -> errno;
            clock clock_time_get(id: i32, precision: i64, time: i32) -> errno;
            file fd_advise(fd: i32, offset: i64, len: i64, advice: i32) -> errno;
            file fd_allocate(fd: i32, offset: i64, len: i64) -> errno;
            descriptor fd_close(fd: i32) -> errno;
            file fd_datasync(fd: i32) -> errno;
            descriptor fd_fdstat_get(fd: i32, stat: i32) -> errno;
            descriptor fd_fdstat_set_flags(fd: i32, flags: i32) -> errno;
            descriptor fd_fdstat_set_rights(fd: i32, base: i64, inheriting: i64) -> errno;
            file fd_filestat_get(fd: i32, stat: i32) -> errno;
            file fd_filestat_set_size(fd: i32, size: i64) -> errno;
            file fd_filestat_set_times(fd: i32, atim: i64, mtim: i64, flags: i32) -> errno;
            transfer fd_pread(fd: i32, iovs: i32, iovs_len: i32, offset: i64, nread: i32) -> errno;
            descriptor fd_prestat_get(fd: i32, prestat: i32) -> errno;
            descriptor fd_prestat_dir_name(fd: i32, path: i32, path_len: i32) -> errno;
            transfer fd_pwrite(fd: i32, iovs: i32, iovs_len: i32, offset: i64, nwritten: i32) -> errno;
            transfer fd_read(fd: i32, iovs: i32, iovs_len: i32, nread: i32) -> errno;
            directory fd_readdir(fd: i32, buf: i32, buf_len: i32, cookie: i64, used: i32) -> errno;
            descriptor fd_renumber(from: i32, to: i32) -> errno;
            file fd_seek(fd: i32, offset: i64, whence: i32, position: i32) -> errno;
            file fd_sync(fd: i32) -> errno;
            file fd_tell(fd: i32, position: i32) -> errno;
            transfer fd_write(fd: i32, iovs: i32, iovs_len: i32, nwritten: i32) -> errno;
            path path_create_directory(fd: i32, path: i32, path_len: i32) -> errno;
            path path_filestat_get(
                fd: i32, lookup: i32, path: i32, path_len: i32, stat: i32
            ) -> errno;
            path path_filestat_set_times(
                fd: i32, lookup: i32, path: i32, path_len: i32, atim: i64, mtim: i64, flags: i32
            ) -> errno;
            path path_link(
                old_fd: i32, lookup: i32, old: i32, old_len: i32, new_fd: i32, new: i32, new_len: i32
            ) -> errno;
            directory path_open(
                fd: i32, lookup: i32, path: i32, path_len: i32, oflags: i32, base: i64,
                inheriting: i64, fdflags: i32, opened: i32
            ) -> errno;
            path path_readlink(
                fd: i32, path: i32, path_len: i32, buf: i32, buf_len: i32, used: i32
            ) -> errno;
            path path_remove_directory(fd: i32, path: i32, path_len: i32) -> errno;
            path path_rename(
                old_fd: i32, old: i32, old_len: i32, new_fd: i32, new: i32, new_len: i32
            ) -> errno;
            path path_symlink(old: i32, old_len: i32, fd: i32, new: i32, new_len: i32) -> errno;
            path path_unlink_file(fd: i32, path: i32, path_len: i32) -> errno;
            poll poll_oneoff(subscriptions: i32, events: i32, count: i32, happened: i32) -> errno;
            process proc_exit(code: i32) -> nothing;
            process proc_raise(signal: i32) -> errno;
            process random_get(buf: i32, buf_len: i32) -> errno;
            process sched_yield() -> errno;
            socket sock_accept(fd: i32, flags: i32, accepted: i32) -> errno;
            socket sock_recv(
                fd: i32, data: i32, data_len: i32, flags: i32, received: i32, out_flags: i32
            ) -> errno;
            socket sock_send(fd: i32, data: i32, data_len: i32, flags: i32, sent: i32) -> errno;
            socket sock_shutdown(fd: i32, how: i32) -> errno;
        }
    };
}
pub(crate) use for_each_function;

/// The unsigned value of a parameter of the ABI.
macro_rules! unsigned {
    (i32, $value:expr) => {
        ($value as u32)
    };
    (i64, $value:expr) => {
        ($value as u64)
    };
}
pub(crate) use unsigned;

/// Type of a parameter in the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
}

/// One function as an importing module names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// The name of the import.
    pub name: &'static str,
    /// Types of its parameters.
    pub parameters: &'static [Parameter],
    /// Whether it returns an error number (an i32); all do but `proc_exit`.
    pub returns_errno: bool,
}

macro_rules! parameter {
    (i32) => {
        Parameter::I32
    };
    (i64) => {
        Parameter::I64
    };
}

macro_rules! returns {
    (errno) => {
        true
    };
    (nothing) => {
        false
    };
}

/// The function of `wasi_unstable` for a row.
macro_rules! in_unstable {
    (file fd_seek) => {
        $crate::unstable::fd_seek
    };
    (file fd_filestat_get) => {
        $crate::unstable::fd_filestat_get
    };
    (path path_filestat_get) => {
        $crate::unstable::path_filestat_get
    };
    (poll poll_oneoff) => {
        $crate::unstable::poll_oneoff
    };
    ($module:ident $name:ident) => {
        $crate::preview1::$module::$name
    };
}
pub(crate) use in_unstable;

macro_rules! describe {
    ($($module:ident $name:ident($($parameter:ident: $ty:ident),*) -> $result:ident;)*) => {
        /// All functions, in the order of the alphabet but for families kept together.
        pub const FUNCTIONS: &[Function] = &[$(Function {
            name: stringify!($name),
            parameters: &[$(parameter!($ty)),*],
            returns_errno: returns!($result),
        }),*];

        /// Calls the function `name` with the parameters `args`, each in the low bits of an `i64`,
        /// as an engine does that links functions by name. Returns the error number for the guest.
        ///
        /// Returns `None` when there is no such function or the number of parameters is wrong.
        ///
        /// # Errors
        /// Says why the guest cannot go on: it exited, trapped or was interrupted.
        pub fn call(
            name: &str,
            ctx: &mut Ctx,
            memory: &mut GuestMemory<'_>,
            args: &[i64],
        ) -> Option<Result<i32, Stop>> {
            Some(match name {
                $(stringify!($name) => {
                    let [$($parameter),*] = *args else { return None };
                    finish(
                        stringify!($name),
                        $module::$name(ctx, memory $(, unsigned!($ty, $parameter))*),
                    )
                })*
                _ => return None,
            })
        }

        /// The same for the functions of the snapshot before, `wasi_unstable`.
        ///
        /// # Errors
        /// As [`call`].
        pub fn call_unstable(
            name: &str,
            ctx: &mut Ctx,
            memory: &mut GuestMemory<'_>,
            args: &[i64],
        ) -> Option<Result<i32, Stop>> {
            Some(match name {
                "sock_accept" => return None,
                $(stringify!($name) => {
                    let [$($parameter),*] = *args else { return None };
                    let function = in_unstable!($module $name);
                    finish(
                        stringify!($name),
                        function(ctx, memory $(, unsigned!($ty, $parameter))*),
                    )
                })*
                _ => return None,
            })
        }
    };
}
for_each_function!(describe);

/// Turns the end of the function `name` into the guest's error number or the reason to stop it.
pub(crate) fn finish(name: &'static str, result: Result<(), Error>) -> Result<i32, Stop> {
    match result {
        Ok(()) => Ok(0),
        Err(Error::Errno(errno)) => Ok(errno.raw().into()),
        Err(Error::Fault(fault)) => Err(Stop::Fault {
            function: name,
            fault,
        }),
        Err(Error::Exit(exit)) => Err(Stop::Exit(exit)),
        Err(Error::Interrupted(interrupted)) => Err(Stop::Interrupted(interrupted)),
    }
}
