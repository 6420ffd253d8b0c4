//! The error numbers of WASI 0.1 and how the host's errors become them; apart because every
//! function answers with one.

use std::io;

use rustix::io::Errno as Host;

/// Declares every error number once: the variant, the host's constant and the name in the spec.
macro_rules! errnos {
    ($($variant:ident $host:ident $name:literal $meaning:literal;)*) => {
        /// An error number of WASI 0.1 (`errno` in the witx).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Errno {
            /// No error.
            Success = 0,
            $(#[doc = $meaning] $variant,)*
            /// The sandbox grants too little for the call.
            Notcapable,
        }

        impl Errno {
            /// The name the spec gives to the number, for example `noent`.
            pub fn name(self) -> &'static str {
                match self {
                    Errno::Success => "success",
                    $(Errno::$variant => $name,)*
                    Errno::Notcapable => "notcapable",
                }
            }

            /// What the number means, in a few words.
            pub fn meaning(self) -> &'static str {
                match self {
                    Errno::Success => "no error",
                    $(Errno::$variant => $meaning,)*
                    Errno::Notcapable => "not granted by the sandbox",
                }
            }
        }

        impl From<Host> for Errno {
            fn from(host: Host) -> Self {
                match host {
                    $(Host::$host => Errno::$variant,)*
                    _ => Errno::Io,
                }
            }
        }
    };
}

errnos! {
    Toobig TOOBIG "2big" "argument list too long";
    Acces ACCESS "acces" "permission denied";
    Addrinuse ADDRINUSE "addrinuse" "address in use";
    Addrnotavail ADDRNOTAVAIL "addrnotavail" "address not available";
    Afnosupport AFNOSUPPORT "afnosupport" "address family not supported";
    Again AGAIN "again" "resource unavailable, or the call would block";
    Already ALREADY "already" "connection already in progress";
    Badf BADF "badf" "bad file descriptor";
    Badmsg BADMSG "badmsg" "bad message";
    Busy BUSY "busy" "device or resource busy";
    Canceled CANCELED "canceled" "operation canceled";
    Child CHILD "child" "no child processes";
    Connaborted CONNABORTED "connaborted" "connection aborted";
    Connrefused CONNREFUSED "connrefused" "connection refused";
    Connreset CONNRESET "connreset" "connection reset";
    Deadlk DEADLK "deadlk" "resource deadlock would occur";
    Destaddrreq DESTADDRREQ "destaddrreq" "destination address required";
    Dom DOM "dom" "argument out of the function's domain";
    Dquot DQUOT "dquot" "quota exceeded";
    Exist EXIST "exist" "file exists";
    Fault FAULT "fault" "bad address";
    Fbig FBIG "fbig" "file too large";
    Hostunreach HOSTUNREACH "hostunreach" "host is unreachable";
    Idrm IDRM "idrm" "identifier removed";
    Ilseq ILSEQ "ilseq" "illegal byte sequence";
    Inprogress INPROGRESS "inprogress" "operation in progress";
    Intr INTR "intr" "interrupted function";
    Inval INVAL "inval" "invalid argument";
    Io IO "io" "input or output error";
    Isconn ISCONN "isconn" "socket is connected";
    Isdir ISDIR "isdir" "is a directory";
    Loop LOOP "loop" "too many levels of symbolic links";
    Mfile MFILE "mfile" "file descriptor table is full";
    Mlink MLINK "mlink" "too many links";
    Msgsize MSGSIZE "msgsize" "message too large";
    Multihop MULTIHOP "multihop" "multihop attempted";
    Nametoolong NAMETOOLONG "nametoolong" "name too long";
    Netdown NETDOWN "netdown" "network is down";
    Netreset NETRESET "netreset" "connection aborted by the network";
    Netunreach NETUNREACH "netunreach" "network unreachable";
    Nfile NFILE "nfile" "too many files open in the system";
    Nobufs NOBUFS "nobufs" "no buffer space available";
    Nodev NODEV "nodev" "no such device";
    Noent NOENT "noent" "no such file or directory";
    Noexec NOEXEC "noexec" "executable file format error";
    Nolck NOLCK "nolck" "no locks available";
    Nolink NOLINK "nolink" "link has been severed";
    Nomem NOMEM "nomem" "not enough space";
    Nomsg NOMSG "nomsg" "no message of the desired type";
    Noprotoopt NOPROTOOPT "noprotoopt" "protocol not available";
    Nospc NOSPC "nospc" "no space left on device";
    Nosys NOSYS "nosys" "function not supported";
    Notconn NOTCONN "notconn" "socket is not connected";
    Notdir NOTDIR "notdir" "not a directory, or a symbolic link to one";
    Notempty NOTEMPTY "notempty" "directory not empty";
    Notrecoverable NOTRECOVERABLE "notrecoverable" "state not recoverable";
    Notsock NOTSOCK "notsock" "not a socket";
    Notsup NOTSUP "notsup" "not supported";
    Notty NOTTY "notty" "inappropriate I/O control operation";
    Nxio NXIO "nxio" "no such device or address";
    Overflow OVERFLOW "overflow" "value too large to be stored";
    Ownerdead OWNERDEAD "ownerdead" "previous owner died";
    Perm PERM "perm" "operation not permitted";
    Pipe PIPE "pipe" "broken pipe";
    Proto PROTO "proto" "protocol error";
    Protonosupport PROTONOSUPPORT "protonosupport" "protocol not supported";
    Prototype PROTOTYPE "prototype" "wrong protocol type for the socket";
    Range RANGE "range" "result too large";
    Rofs ROFS "rofs" "read-only file system";
    Spipe SPIPE "spipe" "invalid seek";
    Srch SRCH "srch" "no such process";
    Stale STALE "stale" "stale file handle";
    Timedout TIMEDOUT "timedout" "connection timed out";
    Txtbsy TXTBSY "txtbsy" "text file busy";
    Xdev XDEV "xdev" "link across devices";
}

impl Errno {
    /// The number as the guest sees it.
    pub fn raw(self) -> u16 {
        self as u16
    }
}

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.meaning(), self.name())
    }
}

impl std::error::Error for Errno {}

/// Whether `error` is cap-std's word for a path that leaves its directory: it is the only
/// "permission denied" that did not come from the host's kernel.
pub(crate) fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

impl From<&io::Error> for Errno {
    fn from(error: &io::Error) -> Self {
        if let Some(host) = Host::from_io_error(error) {
            return host.into();
        }
        match error.kind() {
            // A path out of its directory; see `is_escape`.
            io::ErrorKind::PermissionDenied => Errno::Perm,
            io::ErrorKind::NotFound => Errno::Noent,
            io::ErrorKind::AlreadyExists => Errno::Exist,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Errno::Inval,
            io::ErrorKind::WouldBlock => Errno::Again,
            io::ErrorKind::Interrupted => Errno::Intr,
            io::ErrorKind::BrokenPipe => Errno::Pipe,
            io::ErrorKind::Unsupported => Errno::Notsup,
            io::ErrorKind::OutOfMemory => Errno::Nomem,
            _ => Errno::Io,
        }
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        Errno::from(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_witx() {
        // A few places over the whole list; a row too many or too few moves what follows.
        assert_eq!(Errno::Toobig.raw(), 1);
        assert_eq!(Errno::Badf.raw(), 8);
        assert_eq!(Errno::Inval.raw(), 28);
        assert_eq!(Errno::Noent.raw(), 44);
        assert_eq!(Errno::Notdir.raw(), 54);
        assert_eq!(Errno::Spipe.raw(), 70);
        assert_eq!(Errno::Xdev.raw(), 75);
        assert_eq!(Errno::Notcapable.raw(), 76);
    }

    #[test]
    fn host_errors_keep_their_meaning() {
        assert_eq!(Errno::from(Host::NOENT), Errno::Noent);
        assert_eq!(Errno::from(Host::OPNOTSUPP), Errno::Notsup);
        let escape = io::Error::new(io::ErrorKind::PermissionDenied, "outside");
        assert!(is_escape(&escape));
        assert_eq!(Errno::from(escape), Errno::Perm);
        assert!(!is_escape(&Host::ACCESS.into()));
    }
}
