//! The `wharf` binary: hands the process's arguments to the library and its answer to the shell.
//!
//! All it does lives in the library, so that the test suite can be the command too.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    wharf_cli::main(std::env::args_os())
}
