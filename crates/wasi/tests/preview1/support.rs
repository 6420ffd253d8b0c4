//! A guest for the tests: a context, a memory, and short ways to call the functions.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use wasi::{Access, Ctx, CtxBuilder, Errno, GuestMemory, Stdin, Stdout, Stop, preview1};

/// Bytes of the guest's memory: two pages.
pub const MEMORY_BYTES: usize = 2 * 65536;
/// Where calls put their results.
pub const RESULT: i64 = 64;
/// Where the list of buffers lies.
const VECTORS: i64 = 256;
/// Where the first path lies, and the second.
const PATHS: [i64; 2] = [0x1000, 0x8000];
/// Where data lies; the second page.
pub const DATA: i64 = 0x10000;

pub const READ: i64 = 1 << 1;
pub const SEEK: i64 = 1 << 2;
pub const WRITE: i64 = 1 << 6;
pub const CREAT: i64 = 1;
pub const DIRECTORY: i64 = 2;
pub const EXCL: i64 = 4;
pub const TRUNC: i64 = 8;
pub const APPEND: i64 = 1;
pub const NONBLOCK: i64 = 4;
/// The first granted directory.
pub const ROOT: i64 = 3;

/// A directory that is removed at the end of the test.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wharf-wasi-test-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A builder that grants nothing at all, not even stdio.
pub fn nothing() -> CtxBuilder {
    Ctx::builder()
        .stdin(Stdin::Null)
        .stdout(Stdout::Null)
        .stderr(Stdout::Null)
}

/// What a call gives back: the error number, if it is one.
pub type Answer<T = ()> = Result<T, Errno>;

pub struct Guest {
    pub ctx: Ctx,
    pub memory: Vec<u8>,
}

impl Guest {
    pub fn new(builder: CtxBuilder) -> Self {
        Self {
            ctx: builder.build().unwrap(),
            memory: vec![0; MEMORY_BYTES],
        }
    }

    /// A guest with one directory, as descriptor [`ROOT`].
    pub fn in_directory(directory: &TempDir, access: Access) -> Self {
        Self::new(nothing().preopen(directory.path(), "/data", access))
    }

    /// The plain call: what the engine gets.
    pub fn raw(&mut self, name: &str, args: &[i64]) -> Result<i32, Stop> {
        let mut memory = GuestMemory::new(&mut self.memory);
        preview1::call(name, &mut self.ctx, &mut memory, args).expect("name and parameters fit")
    }

    /// A call that does not stop the guest.
    pub fn call(&mut self, name: &str, args: &[i64]) -> Answer {
        let errno = self
            .raw(name, args)
            .unwrap_or_else(|stop| panic!("{name} stopped: {stop}"));
        named(errno)
    }

    pub fn u32_at(&self, address: i64) -> u32 {
        u32::from_le_bytes(self.bytes_at(address, 4).try_into().unwrap())
    }

    pub fn u64_at(&self, address: i64) -> u64 {
        u64::from_le_bytes(self.bytes_at(address, 8).try_into().unwrap())
    }

    pub fn bytes_at(&self, address: i64, length: usize) -> &[u8] {
        &self.memory[address as usize..][..length]
    }

    pub fn put(&mut self, address: i64, bytes: &[u8]) {
        self.memory[address as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Puts a path where calls find it; returns address and length.
    pub fn path(&mut self, slot: usize, path: impl AsRef<[u8]>) -> [i64; 2] {
        let path = path.as_ref();
        self.put(PATHS[slot], path);
        [PATHS[slot], path.len() as i64]
    }

    /// Puts a list of buffers (address, length) where calls find it; returns address and count.
    pub fn vectors(&mut self, buffers: &[(i64, usize)]) -> [i64; 2] {
        for (index, &(address, length)) in buffers.iter().enumerate() {
            let at = VECTORS + 8 * index as i64;
            self.put(at, &(address as u32).to_le_bytes());
            self.put(at + 4, &(length as u32).to_le_bytes());
        }
        [VECTORS, buffers.len() as i64]
    }

    /// A call on a path below `fd`, with what the ABI has before and after the path.
    pub fn on_path(&mut self, name: &str, before: &[i64], path: &str, after: &[i64]) -> Answer {
        let path = self.path(0, path);
        let args = [before, &path, after].concat();
        self.call(name, &args)
    }

    /// A call on two paths, each below its descriptor.
    pub fn on_two(&mut self, name: &str, old: (&[i64], &str), new: (&[i64], &str)) -> Answer {
        let (first, second) = (self.path(0, old.1), self.path(1, new.1));
        let args = [old.0, &first, new.0, &second].concat();
        self.call(name, &args)
    }

    pub fn open(&mut self, path: &str, oflags: i64, rights: i64) -> Answer<i64> {
        self.open_with(ROOT, 0, path, oflags, rights, 0)
    }

    pub fn open_with(
        &mut self,
        dir: i64,
        lookup: i64,
        path: &str,
        oflags: i64,
        rights: i64,
        fdflags: i64,
    ) -> Answer<i64> {
        self.on_path(
            "path_open",
            &[dir, lookup],
            path,
            &[oflags, rights, 0, fdflags, RESULT],
        )?;
        Ok(self.u32_at(RESULT).into())
    }

    pub fn close(&mut self, fd: i64) -> Answer {
        self.call("fd_close", &[fd])
    }

    pub fn create(&mut self, path: &str) {
        let fd = self.open(path, CREAT, 0).unwrap();
        self.close(fd).unwrap();
    }

    pub fn write(&mut self, fd: i64, bytes: &[u8]) -> Answer<usize> {
        self.put(DATA, bytes);
        let [list, count] = self.vectors(&[(DATA, bytes.len())]);
        self.call("fd_write", &[fd, list, count, RESULT])?;
        Ok(self.u32_at(RESULT) as usize)
    }

    pub fn read(&mut self, fd: i64, length: usize) -> Answer<Vec<u8>> {
        let [list, count] = self.vectors(&[(DATA, length)]);
        self.call("fd_read", &[fd, list, count, RESULT])?;
        Ok(self.bytes_at(DATA, self.u32_at(RESULT) as usize).to_vec())
    }

    pub fn seek(&mut self, fd: i64, offset: i64, whence: i64) -> Answer<u64> {
        self.call("fd_seek", &[fd, offset, whence, RESULT])?;
        Ok(self.u64_at(RESULT))
    }

    pub fn fdstat(&mut self, fd: i64) -> Answer<Fdstat> {
        self.call("fd_fdstat_get", &[fd, RESULT])?;
        Ok(Fdstat {
            filetype: self.memory[RESULT as usize],
            flags: i64::from(self.memory[RESULT as usize + 2]),
            base: self.u64_at(RESULT + 8) as i64,
            inheriting: self.u64_at(RESULT + 16) as i64,
        })
    }

    pub fn filestat(&mut self, fd: i64) -> Answer<Filestat> {
        self.call("fd_filestat_get", &[fd, RESULT])?;
        Ok(self.read_filestat())
    }

    pub fn path_filestat(&mut self, lookup: i64, path: &str) -> Answer<Filestat> {
        self.on_path("path_filestat_get", &[ROOT, lookup], path, &[RESULT])?;
        Ok(self.read_filestat())
    }

    fn read_filestat(&self) -> Filestat {
        Filestat {
            dev: self.u64_at(RESULT),
            ino: self.u64_at(RESULT + 8),
            filetype: self.memory[RESULT as usize + 16],
            nlink: self.u64_at(RESULT + 24),
            size: self.u64_at(RESULT + 32),
            atim: self.u64_at(RESULT + 40),
            mtim: self.u64_at(RESULT + 48),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fdstat {
    pub filetype: u8,
    pub flags: i64,
    pub base: i64,
    pub inheriting: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filestat {
    pub dev: u64,
    pub ino: u64,
    pub filetype: u8,
    pub nlink: u64,
    pub size: u64,
    pub atim: u64,
    pub mtim: u64,
}

/// The error number a call returned, by name.
pub fn named(errno: i32) -> Answer {
    use Errno::*;
    if errno == 0 {
        return Ok(());
    }
    let known = [
        Acces,
        Again,
        Badf,
        Exist,
        Fbig,
        Inval,
        Isdir,
        Loop,
        Mfile,
        Nametoolong,
        Noent,
        Nospc,
        Notcapable,
        Notdir,
        Notempty,
        Notsock,
        Notsup,
        Perm,
        Rofs,
        Spipe,
    ];
    let found = known
        .into_iter()
        .find(|known| i32::from(known.raw()) == errno);
    Err(found.unwrap_or_else(|| panic!("unexpected error number {errno}")))
}
