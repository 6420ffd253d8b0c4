//! Grants: the one place where the embedder's own authority over the host turns into objects a
//! guest may use.

use std::fmt;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::clock::Clocks;
use crate::ctx::Ctx;
use crate::errno::Errno;
use crate::hints::Hints;
use crate::interrupt::Interrupt;
use crate::object::{HostDirectory, HostFile, Object, OutputBuffer, SharedInput};
use crate::randomness::Randomness;
use crate::table::{Entry, Table};

/// Bytes that all arguments, and all variables, may have together.
const STRINGS_BYTES_MAX: usize = 64 << 20;

/// Where a guest's standard input comes from.
#[derive(Debug, Default)]
pub enum Stdin {
    /// The embedder's own standard input.
    #[default]
    Inherit,
    /// At its end from the start.
    Null,
    /// These bytes.
    Bytes(Vec<u8>),
}

/// Where a guest's standard output or error goes.
#[derive(Debug, Default)]
pub enum Stdout {
    /// The embedder's own stream of the same name.
    #[default]
    Inherit,
    /// Nowhere.
    Null,
    /// Into a buffer that the embedder reads.
    Buffer(OutputBuffer),
}

/// What a guest may do in a granted directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Look and read; every change is answered with `rofs`.
    ReadOnly,
    /// Everything the host's own permissions allow.
    ReadWrite,
}

/// Why a context could not be made.
#[derive(Debug)]
pub enum BuildError {
    /// A granted directory cannot be opened.
    Directory {
        /// The path on the host.
        path: PathBuf,
        /// What the host says.
        error: io::Error,
    },
    /// A standard stream or socket cannot be handed to the guest.
    Stream {
        /// Which one.
        name: &'static str,
        /// What the host says.
        error: io::Error,
    },
    /// An argument, variable or guest path has a form that cannot be passed on.
    Text {
        /// What it is for.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// More is granted than a guest can have open.
    TooMany,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Directory { path, error } => {
                write!(f, "cannot grant directory '{}': {error}", path.display())
            }
            BuildError::Stream { name, error } => write!(f, "cannot hand over {name}: {error}"),
            BuildError::Text { name, problem } => write!(f, "{name} {problem}"),
            BuildError::TooMany => {
                f.write_str("more objects are granted than a guest can have open")
            }
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BuildError::Directory { error, .. } | BuildError::Stream { error, .. } => Some(error),
            BuildError::Text { .. } | BuildError::TooMany => None,
        }
    }
}

impl From<Errno> for BuildError {
    /// The table is the only thing that fails with a number, and only by being full.
    fn from(_: Errno) -> Self {
        BuildError::TooMany
    }
}

#[derive(Debug)]
enum Source {
    Path(PathBuf),
    Open(Dir),
}

#[derive(Debug)]
struct Preopen {
    source: Source,
    guest_path: String,
    access: Access,
}

#[derive(Debug)]
enum Socket {
    Listener(TcpListener),
    Stream(TcpStream),
}

/// Collects what a guest is granted; [`CtxBuilder::build`] opens it.
///
/// Descriptors are numbered 0 to 2 for stdio, then the sockets, then the directories, each in the
/// order they were added.
#[derive(Debug, Default)]
#[must_use]
pub struct CtxBuilder {
    args: Vec<Vec<u8>>,
    env: Vec<(Vec<u8>, Vec<u8>)>,
    preopens: Vec<Preopen>,
    sockets: Vec<Socket>,
    stdin: Stdin,
    stdout: Stdout,
    stderr: Stdout,
    interrupt: Interrupt,
    chance: Chance,
}

/// Where time and random bytes come from.
#[derive(Debug, Default)]
enum Chance {
    #[default]
    Host,
    Seeded(u64),
    None,
}

impl CtxBuilder {
    /// Adds one argument; the first is by custom the name of the program.
    pub fn arg(mut self, arg: impl AsRef<[u8]>) -> Self {
        self.args.push(arg.as_ref().to_vec());
        self
    }

    /// Adds arguments.
    pub fn args(self, args: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        args.into_iter().fold(self, CtxBuilder::arg)
    }

    /// Adds a variable of the environment; a later one of the same name replaces the earlier.
    pub fn env(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let (name, value) = (name.as_ref().to_vec(), value.as_ref().to_vec());
        match self.env.iter_mut().find(|(other, _)| *other == name) {
            Some(pair) => pair.1 = value,
            None => self.env.push((name, value)),
        }
        self
    }

    /// Grants the directory `host_path` and everything below it, which the guest finds as
    /// `guest_path`. Symbolic links that lead out of it are not followed.
    pub fn preopen(
        mut self,
        host_path: impl Into<PathBuf>,
        guest_path: impl Into<String>,
        access: Access,
    ) -> Self {
        let source = Source::Path(host_path.into());
        self.preopens.push(Preopen {
            source,
            guest_path: guest_path.into(),
            access,
        });
        self
    }

    /// Grants a directory that is already open.
    pub fn preopen_dir(mut self, dir: Dir, guest_path: impl Into<String>, access: Access) -> Self {
        let source = Source::Open(dir);
        self.preopens.push(Preopen {
            source,
            guest_path: guest_path.into(),
            access,
        });
        self
    }

    /// Hands over a listening socket, for `sock_accept`.
    pub fn listener(mut self, listener: TcpListener) -> Self {
        self.sockets.push(Socket::Listener(listener));
        self
    }

    /// Hands over a connection.
    pub fn stream(mut self, stream: TcpStream) -> Self {
        self.sockets.push(Socket::Stream(stream));
        self
    }

    /// Sets the standard input; the embedder's own by default.
    pub fn stdin(mut self, stdin: Stdin) -> Self {
        self.stdin = stdin;
        self
    }

    /// Sets the standard output; the embedder's own by default.
    pub fn stdout(mut self, stdout: Stdout) -> Self {
        self.stdout = stdout;
        self
    }

    /// Sets the standard error; the embedder's own by default.
    pub fn stderr(mut self, stderr: Stdout) -> Self {
        self.stderr = stderr;
        self
    }

    /// Sets a hook that is asked while the guest waits (for time, for input, for a connection)
    /// whether it shall stop; about a hundred times a second, from the guest's thread. Once it
    /// answers yes, the guest's call fails with [`Interrupted`](crate::Interrupted).
    pub fn interrupt(mut self, hook: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.interrupt = Interrupt::Hook(Arc::new(hook), None);
        self
    }

    /// Makes runs repeatable: random bytes come from the seed and are not fit for keys, and the clocks are virtual. They
    /// begin with the year 2024, move a microsecond each time the guest looks, and jump ahead instead of waiting. Without a
    /// seed, the guest has neither clocks nor random bytes: asking for them fails with `notsup`.
    ///
    /// Files, their times and their order in directories, and what comes in on streams and sockets are input, and as
    /// repeatable as the embedder makes them.
    pub fn deterministic(mut self, seed: Option<u64>) -> Self {
        self.chance = seed.map_or(Chance::None, Chance::Seeded);
        self
    }

    /// Opens what is granted.
    ///
    /// # Errors
    /// Says which directory or stream cannot be opened, or which text cannot be passed on.
    pub fn build(self) -> Result<Ctx, BuildError> {
        let env = environment(self.env)?;
        check_strings("an argument", &self.args)?;
        check_strings("a variable", &env)?;

        let table = Table::default();
        table.insert(Entry::new(stdin(self.stdin)?))?;
        table.insert(Entry::new(stdout(
            self.stdout,
            "standard output",
            &io::stdout(),
        )?))?;
        table.insert(Entry::new(stdout(
            self.stderr,
            "standard error",
            &io::stderr(),
        )?))?;
        for socket in self.sockets {
            let mut entry = Entry::new(Object::File(handed_over(socket)?));
            entry.preopen = Some("".into());
            table.insert(entry)?;
        }
        let (clocks, randomness) = match self.chance {
            Chance::Host => (Clocks::host(), Randomness::Host),
            Chance::Seeded(seed) => (Clocks::virtual_(), Randomness::seeded(seed)),
            Chance::None => (Clocks::Absent, Randomness::Absent),
        };
        let granted_directories = !self.preopens.is_empty();
        for preopen in self.preopens {
            table.insert(granted(preopen)?)?;
        }
        Ok(Ctx {
            args: self.args.into(),
            env: env.into(),
            table: Arc::new(table),
            clocks,
            randomness,
            interrupt: self.interrupt,
            waiting_since: None,
            hints: Hints::default(),
            granted_directories,
        })
    }
}

fn environment(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Result<Vec<Vec<u8>>, BuildError> {
    let mut env = Vec::with_capacity(pairs.len());
    for (mut name, value) in pairs {
        if name.is_empty() || name.contains(&b'=') {
            let problem = "has an empty name, or one with '=' in it";
            return Err(BuildError::Text {
                name: "a variable",
                problem,
            });
        }
        name.push(b'=');
        name.extend_from_slice(&value);
        env.push(name);
    }
    Ok(env)
}

/// Strings travel to the guest with a zero byte at their end.
fn check_strings(name: &'static str, strings: &[Vec<u8>]) -> Result<(), BuildError> {
    if strings.iter().any(|string| string.contains(&0)) {
        return Err(BuildError::Text {
            name,
            problem: "has a zero byte in it",
        });
    }
    let bytes: usize = strings.iter().map(|string| string.len() + 1).sum();
    if bytes > STRINGS_BYTES_MAX {
        return Err(BuildError::Text {
            name,
            problem: "is too long: all together exceed 64 MiB",
        });
    }
    Ok(())
}

/// A descriptor of the guest's own for a stream of the embedder, so that closing it closes nothing
/// of the host.
fn duplicate(name: &'static str, stream: impl AsFd, readable: bool) -> Result<Object, BuildError> {
    let duplicated: io::Result<OwnedFd> = stream.as_fd().try_clone_to_owned();
    let file = duplicated.and_then(|descriptor| HostFile::inherited(descriptor, readable));
    file.map(Object::File)
        .map_err(|error| BuildError::Stream { name, error })
}

fn stdin(stdin: Stdin) -> Result<Object, BuildError> {
    match stdin {
        Stdin::Inherit => duplicate("standard input", io::stdin(), true),
        Stdin::Null => Ok(Object::Input(SharedInput::default())),
        Stdin::Bytes(bytes) => Ok(Object::Input(SharedInput::new(bytes))),
    }
}

fn stdout(stdout: Stdout, name: &'static str, host: &impl AsFd) -> Result<Object, BuildError> {
    match stdout {
        Stdout::Inherit => duplicate(name, host, false),
        Stdout::Null => Ok(Object::Discard),
        Stdout::Buffer(buffer) => Ok(Object::Output(buffer)),
    }
}

fn handed_over(socket: Socket) -> Result<HostFile, BuildError> {
    let (name, file) = match socket {
        Socket::Listener(listener) => ("a listening socket", HostFile::listener(listener.into())),
        Socket::Stream(stream) => ("a connection", HostFile::new(stream.into(), true, true)),
    };
    file.and_then(|file| {
        // The guest starts with no flags, whatever the embedder did with the socket before.
        file.set_flags(0)?;
        Ok(file)
    })
    .map_err(|error| BuildError::Stream { name, error })
}

fn granted(preopen: Preopen) -> Result<Entry, BuildError> {
    let dir = match preopen.source {
        Source::Open(dir) => dir,
        Source::Path(path) => Dir::open_ambient_dir(&path, ambient_authority())
            .map_err(|error| BuildError::Directory { path, error })?,
    };
    if preopen.guest_path.contains('\0') {
        let problem = "has a zero byte in it";
        return Err(BuildError::Text {
            name: "the guest's path of a directory",
            problem,
        });
    }
    let place: Arc<str> = preopen.guest_path.into();
    let read_only = preopen.access == Access::ReadOnly;
    let directory = HostDirectory::new(dir, read_only, Arc::clone(&place));
    let mut entry = Entry::new(Object::Directory(directory));
    entry.preopen = Some(place);
    Ok(entry)
}
