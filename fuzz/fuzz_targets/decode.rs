//! Coverage-guided: arbitrary bytes as a module.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wharf_fuzz::decode(data));
