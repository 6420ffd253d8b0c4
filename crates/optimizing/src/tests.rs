//! Compilation of the official suite with every check on, and what code is expected to look like.

mod limits;
mod lowered;
mod stack_maps;
mod suite;
