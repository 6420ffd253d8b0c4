//! The numbers and structures of the WASI 0.1 ABI (typenames.witx), apart so that the functions
//! name them and only this file knows where their bytes lie.

use crate::errno::Errno;

/// What a descriptor may be used for.
pub(crate) mod rights {
    pub(crate) const FD_DATASYNC: u64 = 1 << 0;
    pub(crate) const FD_READ: u64 = 1 << 1;
    pub(crate) const FD_SEEK: u64 = 1 << 2;
    pub(crate) const FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
    pub(crate) const FD_SYNC: u64 = 1 << 4;
    pub(crate) const FD_TELL: u64 = 1 << 5;
    pub(crate) const FD_WRITE: u64 = 1 << 6;
    pub(crate) const FD_ADVISE: u64 = 1 << 7;
    pub(crate) const FD_ALLOCATE: u64 = 1 << 8;
    pub(crate) const PATH_CREATE_DIRECTORY: u64 = 1 << 9;
    pub(crate) const PATH_CREATE_FILE: u64 = 1 << 10;
    pub(crate) const PATH_LINK_SOURCE: u64 = 1 << 11;
    pub(crate) const PATH_LINK_TARGET: u64 = 1 << 12;
    pub(crate) const PATH_OPEN: u64 = 1 << 13;
    pub(crate) const FD_READDIR: u64 = 1 << 14;
    pub(crate) const PATH_READLINK: u64 = 1 << 15;
    pub(crate) const PATH_RENAME_SOURCE: u64 = 1 << 16;
    pub(crate) const PATH_RENAME_TARGET: u64 = 1 << 17;
    pub(crate) const PATH_FILESTAT_GET: u64 = 1 << 18;
    pub(crate) const PATH_FILESTAT_SET_SIZE: u64 = 1 << 19;
    pub(crate) const PATH_FILESTAT_SET_TIMES: u64 = 1 << 20;
    pub(crate) const FD_FILESTAT_GET: u64 = 1 << 21;
    pub(crate) const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
    pub(crate) const FD_FILESTAT_SET_TIMES: u64 = 1 << 23;
    pub(crate) const PATH_SYMLINK: u64 = 1 << 24;
    pub(crate) const PATH_REMOVE_DIRECTORY: u64 = 1 << 25;
    pub(crate) const PATH_UNLINK_FILE: u64 = 1 << 26;
    pub(crate) const POLL_FD_READWRITE: u64 = 1 << 27;
    pub(crate) const SOCK_SHUTDOWN: u64 = 1 << 28;
    pub(crate) const SOCK_ACCEPT: u64 = 1 << 29;

    /// What can be done with bytes that only flow: terminals, pipes, connections.
    pub(crate) const STREAM: u64 =
        FD_READ | FD_WRITE | FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE;
    /// What can be done with a file.
    pub(crate) const FILE: u64 = STREAM
        | FD_DATASYNC
        | FD_SEEK
        | FD_SYNC
        | FD_TELL
        | FD_ADVISE
        | FD_ALLOCATE
        | FD_FILESTAT_SET_SIZE
        | FD_FILESTAT_SET_TIMES;
    /// What can be done with a directory and the names in it.
    pub(crate) const DIRECTORY: u64 = FD_FDSTAT_SET_FLAGS
        | FD_SYNC
        | FD_DATASYNC
        | PATH_CREATE_DIRECTORY
        | PATH_CREATE_FILE
        | PATH_LINK_SOURCE
        | PATH_LINK_TARGET
        | PATH_OPEN
        | FD_READDIR
        | PATH_READLINK
        | PATH_RENAME_SOURCE
        | PATH_RENAME_TARGET
        | PATH_FILESTAT_GET
        | PATH_FILESTAT_SET_SIZE
        | PATH_FILESTAT_SET_TIMES
        | FD_FILESTAT_GET
        | FD_FILESTAT_SET_TIMES
        | PATH_SYMLINK
        | PATH_REMOVE_DIRECTORY
        | PATH_UNLINK_FILE;
}

/// `oflags` of `path_open`.
pub(crate) mod oflags {
    pub(crate) const CREAT: u32 = 1;
    pub(crate) const DIRECTORY: u32 = 2;
    pub(crate) const EXCL: u32 = 4;
    pub(crate) const TRUNC: u32 = 8;
    pub(crate) const ALL: u32 = 15;
}

/// Flags a descriptor keeps while it is open.
pub(crate) mod fdflags {
    pub(crate) const APPEND: u32 = 1;
    pub(crate) const DSYNC: u32 = 2;
    pub(crate) const NONBLOCK: u32 = 4;
    pub(crate) const SYNC: u32 = 16;
    pub(crate) const ALL: u32 = 31;
}

/// `lookupflags`: whether the last component of a path is followed.
pub(crate) const SYMLINK_FOLLOW: u32 = 1;

/// Which times to set, and from where.
pub(crate) mod fstflags {
    pub(crate) const ATIM: u32 = 1;
    pub(crate) const ATIM_NOW: u32 = 2;
    pub(crate) const MTIM: u32 = 4;
    pub(crate) const MTIM_NOW: u32 = 8;
    pub(crate) const ALL: u32 = 15;
}

/// The kind of thing behind a descriptor or a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Filetype {
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    SocketStream = 6,
    SymbolicLink = 7,
}

impl From<rustix::fs::FileType> for Filetype {
    fn from(host: rustix::fs::FileType) -> Self {
        use rustix::fs::FileType as Host;
        match host {
            Host::RegularFile => Filetype::RegularFile,
            Host::Directory => Filetype::Directory,
            Host::Symlink => Filetype::SymbolicLink,
            Host::CharacterDevice => Filetype::CharacterDevice,
            Host::BlockDevice => Filetype::BlockDevice,
            Host::Socket => Filetype::SocketStream,
            // WASI 0.1 has no word for a pipe.
            Host::Fifo | Host::Unknown => Filetype::Unknown,
        }
    }
}

/// Checks that `flags` has no bit outside of `all`.
pub(crate) fn check_flags(flags: u32, all: u32) -> Result<u32, Errno> {
    if flags & !all == 0 {
        Ok(flags)
    } else {
        Err(Errno::Inval)
    }
}

/// What is known of a file: `filestat`.
///
/// ```text
///  0 dev  8 ino  16 filetype (u8)  24 nlink  32 size  40 atim  48 mtim  56 ctim   (64 bytes)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Filestat {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) filetype: Filetype,
    pub(crate) nlink: u64,
    pub(crate) size: u64,
    /// Nanoseconds since 1970, as the next two.
    pub(crate) atim: u64,
    pub(crate) mtim: u64,
    pub(crate) ctim: u64,
}

impl Filestat {
    /// What is said of something that is no file of the host.
    pub(crate) fn of_nothing(filetype: Filetype, size: u64) -> Self {
        Self {
            dev: 0,
            ino: 0,
            filetype,
            nlink: 1,
            size,
            atim: 0,
            mtim: 0,
            ctim: 0,
        }
    }

    pub(crate) fn encode(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        put(&mut bytes, 0, &self.dev.to_le_bytes());
        put(&mut bytes, 8, &self.ino.to_le_bytes());
        bytes[16] = self.filetype as u8;
        put(&mut bytes, 24, &self.nlink.to_le_bytes());
        put(&mut bytes, 32, &self.size.to_le_bytes());
        put(&mut bytes, 40, &self.atim.to_le_bytes());
        put(&mut bytes, 48, &self.mtim.to_le_bytes());
        put(&mut bytes, 56, &self.ctim.to_le_bytes());
        bytes
    }

    /// The layout of `wasi_unstable`, whose `nlink` has 32 bits.
    pub(crate) fn encode_unstable(&self) -> [u8; 56] {
        let mut bytes = [0; 56];
        put(&mut bytes, 0, &self.dev.to_le_bytes());
        put(&mut bytes, 8, &self.ino.to_le_bytes());
        bytes[16] = self.filetype as u8;
        put(
            &mut bytes,
            20,
            &u32::try_from(self.nlink).unwrap_or(u32::MAX).to_le_bytes(),
        );
        put(&mut bytes, 24, &self.size.to_le_bytes());
        put(&mut bytes, 32, &self.atim.to_le_bytes());
        put(&mut bytes, 40, &self.mtim.to_le_bytes());
        put(&mut bytes, 48, &self.ctim.to_le_bytes());
        bytes
    }
}

/// Nanoseconds since 1970 of a host time; a time before that is 0, as WASI times have no sign.
pub(crate) fn nanoseconds(seconds: i64, nanoseconds: u64) -> u64 {
    u64::try_from(seconds).map_or(0, |s| {
        s.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
    })
}

impl From<&rustix::fs::Stat> for Filestat {
    #[expect(
        clippy::unnecessary_cast,
        reason = "the widths of these fields differ from one host to the next"
    )]
    fn from(stat: &rustix::fs::Stat) -> Self {
        Self {
            dev: stat.st_dev as u64,
            ino: stat.st_ino as u64,
            filetype: rustix::fs::FileType::from_raw_mode(stat.st_mode).into(),
            nlink: stat.st_nlink as u64,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            atim: nanoseconds(stat.st_atime as i64, stat.st_atime_nsec as u64),
            mtim: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as u64),
            ctim: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        }
    }
}

/// State of a descriptor: `fdstat`.
///
/// ```text
///  0 filetype (u8)  2 flags (u16)  8 rights_base  16 rights_inheriting   (24 bytes)
/// ```
pub(crate) fn encode_fdstat(
    filetype: Filetype,
    flags: u32,
    base: u64,
    inheriting: u64,
) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[0] = filetype as u8;
    put(&mut bytes, 2, &(flags as u16).to_le_bytes());
    put(&mut bytes, 8, &base.to_le_bytes());
    put(&mut bytes, 16, &inheriting.to_le_bytes());
    bytes
}

/// Head of a directory entry, which its name follows: `dirent`.
///
/// ```text
///  0 d_next  8 d_ino  16 d_namlen (u32)  20 d_type (u8)   (24 bytes)
/// ```
pub(crate) fn encode_dirent(next: u64, ino: u64, name_bytes: u32, filetype: Filetype) -> [u8; 24] {
    let mut bytes = [0; 24];
    put(&mut bytes, 0, &next.to_le_bytes());
    put(&mut bytes, 8, &ino.to_le_bytes());
    put(&mut bytes, 16, &name_bytes.to_le_bytes());
    bytes[20] = filetype as u8;
    bytes
}

/// What happened to a subscription: `event`.
///
/// ```text
///  0 userdata  8 error (u16)  10 type (u8)  16 nbytes  24 flags (u16)   (32 bytes)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) userdata: u64,
    pub(crate) error: Errno,
    pub(crate) eventtype: u8,
    /// Bytes that can be read or written, where that is known.
    pub(crate) nbytes: u64,
    /// Whether the other side of the descriptor is gone.
    pub(crate) hangup: bool,
}

impl Event {
    pub(crate) fn encode(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        put(&mut bytes, 0, &self.userdata.to_le_bytes());
        put(&mut bytes, 8, &self.error.raw().to_le_bytes());
        bytes[10] = self.eventtype;
        put(&mut bytes, 16, &self.nbytes.to_le_bytes());
        put(&mut bytes, 24, &u16::from(self.hangup).to_le_bytes());
        bytes
    }
}

/// `eventtype`: what a subscription waits for.
pub(crate) mod eventtype {
    pub(crate) const CLOCK: u8 = 0;
    pub(crate) const FD_READ: u8 = 1;
    pub(crate) const FD_WRITE: u8 = 2;
}

/// Places `part` at `offset`; both are constants of the layouts above.
fn put(bytes: &mut [u8], offset: usize, part: &[u8]) {
    bytes[offset..offset + part.len()].copy_from_slice(part);
}

/// The 64-bit value at `offset` of a structure read from the guest.
pub(crate) fn get_u64(bytes: &[u8], offset: usize) -> u64 {
    let mut part = [0; 8];
    part.copy_from_slice(&bytes[offset..offset + 8]);
    u64::from_le_bytes(part)
}

/// The 32-bit value at `offset` of a structure read from the guest.
pub(crate) fn get_u32(bytes: &[u8], offset: usize) -> u32 {
    let mut part = [0; 4];
    part.copy_from_slice(&bytes[offset..offset + 4]);
    u32::from_le_bytes(part)
}

/// The 16-bit value at `offset` of a structure read from the guest.
pub(crate) fn get_u16(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes([bytes[offset], bytes[offset + 1]])
}
