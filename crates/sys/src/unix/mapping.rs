//! Mappings of memory: the few shapes we use, each with its flags in one place.
//!
//! All functions take whole pages; the callers check that.

use rustix::fd::AsFd;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};
use std::io;
use std::ptr;

/// Bytes in a page of memory: what addresses and lengths of mappings are multiples of.
#[inline]
pub fn page_bytes() -> usize {
    rustix::param::page_size()
}

/// What an address range allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Nothing: every access faults.
    None,
    /// Loads and stores.
    ReadWrite,
}

/// Takes `bytes` of address space, without access and without memory. `for_stack` keeps huge pages away, which would commit
/// megabytes at the first push.
pub fn reserve(bytes: usize, for_stack: bool) -> io::Result<*mut u8> {
    let mut flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    if for_stack {
        flags |= MapFlags::STACK;
    }
    // SAFETY: a mapping at an address of the system's choice touches nothing that exists.
    let at =
        unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), bytes, ProtFlags::empty(), flags)? };
    Ok(at.cast())
}

/// Gives an address range back.
///
/// # Safety
/// The range is the caller's own and nothing uses it any more.
pub unsafe fn unmap(at: *mut u8, bytes: usize) -> io::Result<()> {
    // SAFETY: the caller's.
    unsafe { rustix::mm::munmap(at.cast(), bytes) }.map_err(io::Error::from)
}

/// Changes what a range allows; its contents stay.
///
/// # Safety
/// The range is the caller's own; no reference into it outlives its access.
pub unsafe fn protect(at: *mut u8, bytes: usize, access: Access) -> io::Result<()> {
    let flags = match access {
        Access::None => MprotectFlags::empty(),
        Access::ReadWrite => MprotectFlags::READ | MprotectFlags::WRITE,
    };
    // SAFETY: the caller's.
    unsafe { rustix::mm::mprotect(at.cast(), bytes, flags) }.map_err(io::Error::from)
}

/// Drops the private pages of a range: it reads as when it was mapped.
///
/// # Safety
/// The range is the caller's own and nobody relies on its contents.
pub unsafe fn discard(at: *mut u8, bytes: usize) -> io::Result<()> {
    // SAFETY: the caller's.
    unsafe { rustix::mm::madvise(at.cast(), bytes, Advice::LinuxDontNeed) }.map_err(io::Error::from)
}

/// Replaces a range by fresh memory without access, zero once it is made accessible.
///
/// # Safety
/// The range is the caller's own and nothing uses it.
pub unsafe fn map_inaccessible(at: *mut u8, bytes: usize) -> io::Result<()> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
    // SAFETY: the caller's: what is replaced is its own.
    unsafe { rustix::mm::mmap_anonymous(at.cast(), bytes, ProtFlags::empty(), flags)? };
    Ok(())
}

/// Replaces a range by a file's bytes, readable and writable, where writes stay in this mapping.
///
/// # Safety
/// The range is the caller's own and nothing uses it.
pub unsafe fn map_private(
    at: *mut u8,
    bytes: usize,
    file: impl AsFd,
    offset: u64,
) -> io::Result<()> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
    // SAFETY: the caller's: what is replaced is its own.
    unsafe { rustix::mm::mmap(at.cast(), bytes, access, flags, file, offset)? };
    Ok(())
}

/// Replaces a range by a file's bytes from its start, to be read.
///
/// # Safety
/// The range is the caller's own and nothing uses it.
pub unsafe fn map_to_read(at: *mut u8, bytes: usize, file: impl AsFd) -> io::Result<()> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
    // SAFETY: the caller's: what is replaced is its own.
    unsafe { rustix::mm::mmap(at.cast(), bytes, ProtFlags::READ, flags, file, 0)? };
    Ok(())
}

/// Replaces a range by a file's bytes, readable and executable, following what is written to the file.
///
/// # Safety
/// The range is the caller's own and nothing uses it.
pub unsafe fn map_code(at: *mut u8, bytes: usize, file: impl AsFd, offset: u64) -> io::Result<()> {
    // SAFETY: the caller's.
    unsafe { map_executable(at, bytes, file, offset, MapFlags::SHARED) }
}

/// Replaces a range by a file's bytes, readable and executable, as a private mapping that never makes the file writable.
///
/// # Safety
/// The range is the caller's own and nothing uses it.
pub unsafe fn map_code_of_file(
    at: *mut u8,
    bytes: usize,
    file: impl AsFd,
    offset: u64,
) -> io::Result<()> {
    // SAFETY: the caller's.
    unsafe { map_executable(at, bytes, file, offset, MapFlags::PRIVATE) }
}

/// # Safety
/// The range is the caller's own and nothing uses it.
unsafe fn map_executable(
    at: *mut u8,
    bytes: usize,
    file: impl AsFd,
    offset: u64,
    sharing: MapFlags,
) -> io::Result<()> {
    let access = ProtFlags::READ | ProtFlags::EXEC;
    let flags = sharing | MapFlags::NORESERVE | MapFlags::FIXED;
    // SAFETY: the caller's: what is replaced is its own.
    unsafe { rustix::mm::mmap(at.cast(), bytes, access, flags, file, offset)? };
    Ok(())
}
