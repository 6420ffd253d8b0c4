//! Tests of `sys` against the real machine: one binary, one file a subject.

mod code;
mod enter;
mod host;
mod interrupt;
mod memory;
mod programs;
mod registers;
