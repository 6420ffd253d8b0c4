//! What a file can ask of its host, by what its imports are called.
//!
//! Apart because it is a table of names that hosts agreed upon, and nothing that a file says itself.

/// A kind of thing that hosts can do for guests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Capability {
    /// Open, list, change and remove files.
    Files,
    /// Read and write standard streams, and files that are open already.
    Streams,
    /// Arguments and variables.
    Environment,
    /// The time, and waiting for it.
    Clock,
    /// Randomness.
    Random,
    /// Connections and requests.
    Network,
    /// Threads that share its memory.
    Threads,
    /// To end, or to say that it failed.
    Exit,
    /// Whatever the JavaScript that belongs to it does.
    JavaScript,
    /// A memory or table that it shares with its host.
    Memory,
    /// What the system's own calls do, by a runtime in JavaScript.
    System,
    /// Functions whose names say nothing here.
    Unknown,
}

impl Capability {
    /// In few words.
    pub fn words(self) -> &'static str {
        match self {
            Capability::Files => "files",
            Capability::Streams => "streams",
            Capability::Environment => "environment",
            Capability::Clock => "clock",
            Capability::Random => "random",
            Capability::Network => "network",
            Capability::Threads => "threads",
            Capability::Exit => "exit",
            Capability::JavaScript => "javascript",
            Capability::Memory => "memory",
            Capability::System => "system",
            Capability::Unknown => "unknown",
        }
    }

    /// What that means.
    pub fn explained(self) -> &'static str {
        match self {
            Capability::Files => "open, list, change and remove files in folders that it is given",
            Capability::Streams => "read and write standard streams and open files",
            Capability::Environment => "read its arguments and variables",
            Capability::Clock => "read clocks and wait",
            Capability::Random => "get random bytes",
            Capability::Network => "use the network",
            Capability::Threads => "start threads",
            Capability::Exit => "end early",
            Capability::JavaScript => "whatever the JavaScript beside it does",
            Capability::Memory => "share memory, tables and globals with its host",
            Capability::System => "call the system through its runtime",
            Capability::Unknown => "call functions that only its host knows",
        }
    }
}

/// What is asked, and by which imports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// What.
    pub what: Capability,
    /// The imports: `module.name`, or the interface of a component.
    pub imports: Vec<String>,
}

/// What an import of a core module that is a function asks for.
pub(super) fn of_function(module: &str, name: &str) -> Capability {
    match module {
        "wasi_snapshot_preview1" | "wasi_unstable" => of_wasi(name),
        "wasi" if name == "thread-spawn" => Capability::Threads,
        "wbg" | "__wbindgen_placeholder__" | "__wbindgen_externref_xform__" | "gojs" | "go" => {
            Capability::JavaScript
        }
        _ if module.starts_with("wasm:") || module.ends_with(".js") => Capability::JavaScript,
        _ if module.starts_with("wasi:") => of_interface(module),
        "env" => of_environment(name),
        "teavm" | "teavmConsole" | "js_code" | "dart2wasm" | "js" | "kotlin" => {
            Capability::JavaScript
        }
        _ => Capability::Unknown,
    }
}

fn of_wasi(name: &str) -> Capability {
    match name {
        "proc_exit" | "proc_raise" => Capability::Exit,
        "random_get" => Capability::Random,
        "sched_yield" => Capability::Threads,
        "poll_oneoff" => Capability::Clock,
        "fd_write"
        | "fd_read"
        | "fd_close"
        | "fd_seek"
        | "fd_fdstat_get"
        | "fd_tell"
        | "fd_fdstat_set_flags"
        | "fd_fdstat_set_rights"
        | "fd_renumber"
        | "fd_pread"
        | "fd_pwrite"
        | "fd_sync"
        | "fd_datasync"
        | "fd_advise"
        | "fd_allocate"
        | "fd_filestat_get"
        | "fd_filestat_set_size"
        | "fd_filestat_set_times" => Capability::Streams,
        _ if name.starts_with("clock_") => Capability::Clock,
        _ if name.starts_with("args_") || name.starts_with("environ_") => Capability::Environment,
        _ if name.starts_with("sock_") => Capability::Network,
        _ if name.starts_with("path_") || name.starts_with("fd_") => Capability::Files,
        _ => Capability::Unknown,
    }
}

/// The functions of C libraries that hosts of the module `env` give.
fn of_environment(name: &str) -> Capability {
    match name {
        "abort"
        | "exit"
        | "_abort"
        | "_abort_js"
        | "__assert_fail"
        | "_emscripten_throw_longjmp"
        | "__cxa_throw" => Capability::Exit,
        _ if name.starts_with("__syscall") || name.starts_with("___syscall") => Capability::System,
        _ if name.starts_with("emscripten_date")
            || name.starts_with("emscripten_get_now")
            || name.starts_with("_emscripten_get_now") =>
        {
            Capability::Clock
        }
        _ if name.contains("pthread") || name.contains("thread_") => Capability::Threads,
        _ if name.starts_with("emscripten_")
            || name.starts_with("_emscripten_")
            || name.starts_with("_embind_")
            || name.starts_with("invoke_") =>
        {
            Capability::JavaScript
        }
        _ => Capability::Unknown,
    }
}

/// What an interface of a component asks for.
pub(super) fn of_interface(name: &str) -> Capability {
    let Some(name) = name.strip_prefix("wasi:") else {
        return Capability::Unknown;
    };
    let (package, interface) = name.split_once('/').unwrap_or((name, ""));
    let interface = interface.split('@').next().unwrap_or_default();
    match (package, interface) {
        ("filesystem", _) => Capability::Files,
        ("clocks", _) => Capability::Clock,
        ("random", _) => Capability::Random,
        ("sockets" | "http" | "tls", _) => Capability::Network,
        ("cli", "environment") => Capability::Environment,
        ("cli", "exit") => Capability::Exit,
        ("cli" | "io", _) => Capability::Streams,
        _ => Capability::Unknown,
    }
}
