//! The suite as cargo starts it: one process that runs every test file, or is the `wharf` command for a test.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    wharf_tests::main()
}
