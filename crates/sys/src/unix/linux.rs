//! What Linux has and POSIX has not: files without a name, seals, holes, and a barrier for instructions on other cores.

mod pagemap;
#[cfg(target_arch = "x86_64")]
mod x86_64;
pub use pagemap::written_pages;
#[cfg(target_arch = "x86_64")]
pub use x86_64::Registers;

use rustix::fd::OwnedFd;
use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags};
use rustix::thread::{MembarrierCommand, membarrier};
use std::fs::File;
use std::io;
use std::sync::OnceLock;

/// A file of `bytes` zeros in memory, without a name in any directory; pages exist once written. `name` is for people who read
/// `/proc/PID/maps`.
pub fn shared_file(name: &str, bytes: u64) -> io::Result<File> {
    if bytes > super::file_bytes_max() {
        let message = "the limit for the size of files (ulimit -f) is too low";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    let file = File::from(memory_file(name)?);
    file.set_len(bytes)?;
    Ok(file)
}

fn memory_file(name: &str) -> rustix::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Nobody should ever `exec` this file, and some systems insist on hearing so; kernels before 6.3 do not know the flag.
    match rustix::fs::memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        Err(rustix::io::Errno::INVAL) => rustix::fs::memfd_create(name, flags),
        done => done,
    }
}

/// Makes the contents and the size of a file from [`shared_file`] final, for every process.
pub fn seal(file: &File) -> io::Result<()> {
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    Ok(rustix::fs::fcntl_add_seals(file, seals)?)
}

/// Gives the memory behind a part of a file back; the part reads as zeros.
pub fn punch_hole(file: &File, offset: u64, bytes: u64) -> io::Result<()> {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(rustix::fs::fallocate(file, flags, offset, bytes)?)
}

/// Kinds of file systems that no other machine serves (`statfs(2)`): ext2 to ext4, xfs, btrfs, tmpfs, overlayfs, f2fs, zfs, bcachefs.
const LOCAL_FILE_SYSTEMS: [u32; 8] = [
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0x0102_1994,
    0x794c_7630,
    0xf2f5_2010,
    0x2fc1_2fc1,
    0xca45_1a4e,
];

/// Whether a file is in a file system that no other machine serves, as far as that can be known.
pub fn is_on_this_machine(file: &File) -> bool {
    let found = rustix::fs::fstatfs(file);
    found.is_ok_and(|found| LOCAL_FILE_SYSTEMS.contains(&(found.f_type as u32)))
}

/// Makes every core that runs this process drop what it may have prefetched of code that has been replaced.
///
/// Processors keep instruction fetch coherent with memory, but not what is already in a pipeline (Intel SDM volume 3, 10.1.3:
/// cross-modifying code needs a serializing instruction on the executing core). Where the kernel does not offer the barrier,
/// the interrupts that come with scheduling serialize just as well before any core can learn of the new code.
pub fn sync_cores() {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = *REGISTERED
        .get_or_init(|| membarrier(MembarrierCommand::RegisterPrivateExpeditedSyncCore).is_ok());
    if registered {
        // It was registered, so the only failure left is that the kernel is out of memory for the list of cores.
        let _ = membarrier(MembarrierCommand::PrivateExpeditedSyncCore);
    }
}
