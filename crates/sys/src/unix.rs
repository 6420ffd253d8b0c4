//! The operating system under the engine: POSIX where it suffices, `linux` where it does not.

mod linux;
mod mapping;
mod signals;
mod thread;

pub use linux::{is_on_this_machine, punch_hole, seal, shared_file, sync_cores, written_pages};
pub use mapping::{Access, page_bytes};
pub use mapping::{
    discard, map_code, map_code_of_file, map_inaccessible, map_private, map_to_read, protect,
    reserve, unmap,
};
pub use signals::{InterruptFilter, set_interrupt_filter};
pub use thread::{ThreadHandle, fault_trace, init_thread};

/// How many threads can usefully run at once: what the system, its limits for this process and the affinity mask allow.
pub fn thread_count() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get())
}

/// Whom the process acts for: what files that it makes belong to.
pub fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// How large files may be that this process writes, those in memory too: beyond, the system ends it by a signal.
pub fn file_bytes_max() -> u64 {
    let limits = rustix::process::getrlimit(rustix::process::Resource::Fsize);
    limits.current.unwrap_or(u64::MAX)
}
