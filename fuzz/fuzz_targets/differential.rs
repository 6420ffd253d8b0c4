//! Coverage-guided: the interpreter against machine code on generated modules.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wharf_fuzz::differential(data);
});
