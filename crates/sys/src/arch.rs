//! The few instructions that no compiler writes for us, one file a processor.
//!
//! A port provides `switch` (call a function on another stack, remembering how to come back), `landing_pad` (where a fault
//! comes back to) and `land` (come back from ordinary code), all against the one layout of `Activation`; `go_on` (go on in code that had
//! called out); `switch_in_registers` and `switch_in_few_registers`, which pass arguments; and `stack_pointer`.

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub use x86_64::{
    SAVED_SP_TO_FP_BYTES, go_on, land, landing_pad, stack_pointer, switch, switch_in_few_registers,
    switch_in_registers,
};
