//! `wharf run`: runs a program, or calls one function of a module.
//!
//! Apart, as each command is. The parts below: `grant` (what the guest may have), `invoke` (calling one function),
//! `literal` (numbers as text), `report` (how a stop of the guest is shown), `stats` (what the engine did).

mod grant;
mod invoke;
mod literal;
mod report;
mod stats;

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use crate::engine::{self, EngineOptions};
use crate::failure::{Failure, Outcome};
use crate::quantity::{parse_bytes, parse_count, parse_duration};

/// Run a program, or one function of a module
#[derive(Args)]
#[command(after_help = "\
The program gets nothing but standard input and output unless it is granted here.

Exit codes: the program's own; 134 if it traps; 2 for a wrong command line; 1 for everything else.")]
pub struct Arguments {
    /// The module (binary, text, compiled by `wharf compile`, or `-` for standard input), and all that its program sees as arguments
    // One list, since options of ours end where it begins.
    #[arg(
        value_names = ["FILE", "ARGS"],
        required = true,
        num_args = 1..,
        trailing_var_arg = true
    )]
    program: Vec<OsString>,

    /// Call this exported function with ARGS, and print its results, one a line
    #[arg(long, value_name = "FUNCTION")]
    invoke: Option<String>,

    /// Suppress hints and progress
    #[arg(short, long)]
    quiet: bool,

    /// Tell at the end what the garbage collector did
    #[arg(long)]
    gc_stats: bool,

    /// Tell at the end what was compiled where, the times, and the most memory that was in use; `=json` for programs
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        num_args = 0..=1,
        require_equals = true,
        hide_possible_values = true,
        default_missing_value = "text"
    )]
    stats: Option<stats::Format>,

    /// Write down where it spent its time and what it called, for `wharf compile --profile`
    #[arg(long, value_name = "FILE")]
    record_profile: Option<PathBuf>,

    #[command(flatten)]
    grants: Grants,

    #[command(flatten)]
    limits: Limits,

    #[command(flatten)]
    engine: EngineOptions,
}

/// What the guest may have.
#[derive(Args)]
#[command(next_help_heading = "Grants")]
pub struct Grants {
    /// Let it use a directory, under the same or another path; `:ro` at the end forbids changes
    #[arg(long = "dir", value_name = "HOST[::GUEST][:ro]")]
    dirs: Vec<grant::Dir>,

    /// Give it an environment variable; a name alone hands on the value it has here
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    env: Vec<grant::Env>,

    /// Give it a socket that listens on an address
    #[arg(long = "listen", value_name = "ADDRESS:PORT")]
    listen: Vec<String>,

    /// In a deterministic run, give it random bytes made of a number, and a clock that jumps instead of waiting
    #[arg(long, value_name = "NUMBER", requires = "deterministic")]
    seed: Option<u64>,

    /// The name it sees as its own, instead of the file's
    #[arg(long, value_name = "NAME")]
    argv0: Option<String>,
}

/// Where it is stopped.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
struct Limits {
    /// Stop it after a time, such as 500ms, 5s, 2m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,

    /// Stop it after so many units of work; the same program always stops at the same place
    #[arg(long, value_name = "N", value_parser = parse_count)]
    fuel: Option<u64>,

    /// The most bytes its memories may have together, and as many for its objects, such as 64MiB
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    max_memory: Option<u64>,

    /// The most bytes of stack it may use, each of its threads
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    max_stack: Option<u64>,

    /// The most threads it may have beside its first
    #[arg(long, value_name = "N", value_parser = parse_count, default_value_t = 1024)]
    max_threads: u64,
}

/// What a guest's host functions work on.
struct Host {
    wasi: wasi::Ctx,
}

/// Runs the program, or calls the function.
pub fn run(arguments: Arguments) -> Outcome {
    let mut config = arguments.engine.config()?;
    config.consume_fuel(arguments.limits.fuel.is_some());
    config.cache(arguments.engine.cache());
    if let Some(bytes) = arguments.limits.max_stack {
        config.max_wasm_stack(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    // What cannot be granted is said before a large module is compiled for nothing.
    let wasi = arguments.grant()?;
    let engine = engine::start(&config)?;
    let module = engine::load(&engine, arguments.file(), arguments.quiet)?;
    if arguments.record_profile.is_some() && module.profile().is_none() {
        let what = "only a module that runs in the tier `auto` is looked at as it runs";
        return Err(Failure::usage(what).help("leave out --tier, and give the module itself"));
    }
    let invoked = match &arguments.invoke {
        Some(name) => Some(invoke::Call::parse(&module, name, arguments.args())?),
        None => None,
    };

    let mut linker = wharf::Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi).map_err(Failure::new)?;
    // Each thread of the guest has a store of its own.
    let bounds = arguments.limits.bounds(&module)?;
    let counted = engine.clone();
    let new_store = move |wasi| {
        let mut store = wharf::Store::new(&engine, Host { wasi });
        bounds.apply(&mut store);
        Ok(store)
    };
    let mut store = new_store(wasi).map_err(Failure::new)?;
    let threads = wasi::Threads::new(linker, &module, |host| &mut host.wasi, new_store);
    let threads_max = usize::try_from(arguments.limits.max_threads).unwrap_or(usize::MAX);

    let ended = threads.and_then(|threads| {
        let threads = threads.threads_max(threads_max);
        threads.run(&mut store, |store, instance| match &invoked {
            Some(call) => call.run(store, instance),
            None => start(store, instance),
        })
    });
    let outcome = match ended {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => report::stopped(&error, &arguments.limits),
    };
    let is_fine = outcome
        .as_ref()
        .is_ok_and(|code| *code == ExitCode::SUCCESS);
    if is_fine && invoked.is_none() {
        report::nothing_to_run(&module)?;
    }
    if let Some(path) = &arguments.record_profile {
        let profile = module.profile().expect("there was one before");
        let written = std::fs::write(path, profile.to_string());
        written
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
    }
    module.keep_code();
    if arguments.gc_stats {
        report::collections(&store.gc_stats());
    }
    if let Some(format) = arguments.stats {
        stats::tell(&counted.stats(), format);
    }
    if !is_fine && !arguments.quiet {
        report::hints(&store.data().wasi.hints());
    }
    // The process ends: the system takes all memory back at once, faster than we would give it back piece by piece.
    std::mem::forget((store, module, counted));
    outcome
}

/// Runs a command's `_start`, or initializes a library.
fn start(store: &mut wharf::Store<Host>, instance: wharf::Instance) -> wharf::Result<()> {
    for name in ["_start", "_initialize"] {
        if let Some(func) = instance.get_func(&*store, name) {
            return func.call(store, &[]).map(drop);
        }
    }
    Ok(())
}

impl Arguments {
    fn file(&self) -> &Path {
        self.program.first().map_or(Path::new(""), Path::new)
    }

    fn args(&self) -> &[OsString] {
        self.program.get(1..).unwrap_or_default()
    }

    /// What the guest is granted, opened.
    fn grant(&self) -> Result<wasi::Ctx, Failure> {
        let name = match &self.grants.argv0 {
            Some(name) => name.as_bytes(),
            None => self.file().as_os_str().as_encoded_bytes(),
        };
        let mut builder = wasi::Ctx::builder().arg(name);
        if self.invoke.is_none() {
            builder = builder.args(self.args().iter().map(|arg| arg.as_encoded_bytes()));
        }
        self.grants
            .open(builder, self.engine.is_deterministic())?
            .build()
            .map_err(Failure::new)
    }
}

impl Grants {
    /// Adds what is granted to a context, opened.
    pub fn open(
        &self,
        mut builder: wasi::CtxBuilder,
        deterministic: bool,
    ) -> Result<wasi::CtxBuilder, Failure> {
        for grant::Env { name, value } in &self.env {
            if let Some(value) = value {
                builder = builder.env(name, value);
            }
        }
        for address in &self.listen {
            let listener = TcpListener::bind(address)
                .map_err(|error| Failure::new(format!("cannot listen on {address}: {error}")))?;
            builder = builder.listener(listener);
        }
        for grant::Dir {
            host,
            guest,
            read_only,
        } in &self.dirs
        {
            let access = if *read_only {
                wasi::Access::ReadOnly
            } else {
                wasi::Access::ReadWrite
            };
            builder = builder.preopen(host, guest, access);
        }
        if deterministic {
            builder = builder.deterministic(self.seed);
        }
        Ok(builder)
    }

    /// The name that the guest sees as its own, if it is not the file's.
    pub fn argv0(&self) -> Option<&str> {
        self.argv0.as_deref()
    }
}

/// Where each store of the guest is stopped.
#[derive(Clone, Copy)]
struct Bounds {
    limits: wharf::Limits,
    fuel: Option<u64>,
    deadline: Option<Instant>,
}

impl Limits {
    /// The bounds, of which the time begins now.
    fn bounds(&self, module: &wharf::Module) -> Result<Bounds, Failure> {
        let mut limits = wharf::Limits::default();
        if let Some(bytes) = self.max_memory {
            limits.memory_bytes_max = bytes;
            limits.gc_heap_bytes_max = limits.gc_heap_bytes_max.min(bytes);
        }
        if self.fuel.is_some() && wasi::starts_threads(module) {
            let message = "--fuel cannot be counted for a program that starts threads";
            return Err(Failure::usage(message).help("--timeout stops all of them"));
        }
        // A time beyond what the clock can say is none.
        let deadline = self
            .timeout
            .and_then(|time| Instant::now().checked_add(time));
        Ok(Bounds {
            limits,
            fuel: self.fuel,
            deadline,
        })
    }
}

impl Bounds {
    fn apply(&self, store: &mut wharf::Store<Host>) {
        store.set_limits(self.limits);
        if let Some(fuel) = self.fuel {
            store.set_fuel(fuel);
        }
        store.set_deadline(self.deadline);
    }
}
