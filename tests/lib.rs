//! Test runner support.
