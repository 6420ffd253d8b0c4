//! Runs the test files.
fn main() {}
