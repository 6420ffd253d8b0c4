//! Starts the `wharf` command as a process of its own.
//!
//! The suite links the command's library and starts itself under a variable that says what to be: tests need no binary
//! built beside them, and can never run an old one.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Set for a process that is to be the command.
const IS_COMMAND: &str = "WHARF_SUITE_IS_COMMAND";

/// Whether this process was started to be the command.
pub fn is_command() -> bool {
    std::env::var_os(IS_COMMAND).is_some()
}

/// What a run of the command left behind.
pub struct Ran {
    /// Its exit code; none if a signal killed it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Runs `wharf ARGS` in a folder with nothing in its environment but what is said here. Without standard input, what it
/// reads from there never comes.
///
/// # Errors
///
/// It cannot be started, or its input cannot be written.
pub fn wharf(
    args: &[impl AsRef<OsStr>],
    folder: &Path,
    env: &[(String, String)],
    stdin: Option<&[u8]>,
) -> Result<Ran, String> {
    called_as("wharf", args, folder, env, stdin)
}

/// As [`wharf`], called by another name, as through a symbolic link.
///
/// # Errors
///
/// It cannot be started, or its input cannot be written.
pub fn called_as(
    name: &str,
    args: &[impl AsRef<OsStr>],
    folder: &Path,
    env: &[(String, String)],
    stdin: Option<&[u8]>,
) -> Result<Ran, String> {
    let this =
        std::env::current_exe().map_err(|error| format!("cannot find the suite: {error}"))?;
    let mut child = Command::new(this)
        .arg0(name)
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env(IS_COMMAND, "1")
        .envs(env.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the command: {error}"))?;
    let mut pipe = child.stdin.take().expect("standard input is piped");
    let input = stdin.map(<[u8]>::to_vec);
    // From a thread of its own, since the command may write before it has read everything.
    let writer = std::thread::spawn(move || {
        // A command that does not read its input closes it.
        let _ = input.as_ref().map(|input| pipe.write_all(input));
        input.is_none().then_some(pipe)
    });
    let Output {
        status,
        stdout,
        stderr,
    } = child
        .wait_with_output()
        .map_err(|error| format!("cannot wait for the command: {error}"))?;
    let _open = writer
        .join()
        .map_err(|_| "writing to the command panicked".to_owned())?;
    Ok(Ran {
        code: status.code(),
        stdout,
        stderr,
    })
}
