//! Host code on a stack of its own: for work that needs more stack than is left, where no thread can be had.
//!
//! Apart from entering compiled code because what runs here is Rust, which nobody abandons.

use crate::{Stack, enter};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

/// What is to be done, and then what came of it.
enum Call<F, R> {
    Waits(F),
    Runs,
    Ended(std::thread::Result<R>),
}

/// Does some work on this thread, on a new stack of this size. A panic of the work goes on from here.
///
/// ```
/// # use wharf_sys as sys;
/// let numbers = [1, 2, 3];
/// assert_eq!(sys::on_new_stack(1 << 20, || numbers.iter().sum::<i32>())?, 6);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// If there is no room for the stack; then nothing was done.
pub fn on_new_stack<R, F: FnOnce() -> R>(bytes: usize, work: F) -> io::Result<R> {
    let stack = Stack::new(bytes)?;
    let mut call = Call::Waits(work);
    // SAFETY: `run` obeys the convention, gets the call that it expects, does not unwind, and is never abandoned, as no address is
    // in an empty range. Nothing else runs on a new stack.
    let outcome = unsafe {
        enter(
            stack.top(),
            0..0,
            run::<R, F>,
            ptr::null(),
            ptr::null_mut(),
            (&raw mut call).cast(),
        )
    };
    match (outcome, call) {
        (Ok(()), Call::Ended(Ok(result))) => Ok(result),
        (Ok(()), Call::Ended(Err(panic))) => resume_unwind(panic),
        _ => unreachable!("work that was begun ends, or the process does"),
    }
}

/// Does the work of a call.
unsafe extern "C" fn run<R, F: FnOnce() -> R>(_code: *const u8, _vmctx: *mut u8, call: *mut u8) {
    // SAFETY: the third argument is a call of these types, which whoever entered lends for the time of it.
    let call = unsafe { &mut *call.cast::<Call<F, R>>() };
    if let Call::Waits(work) = std::mem::replace(call, Call::Runs) {
        *call = Call::Ended(catch_unwind(AssertUnwindSafe(work)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_has_the_stack_that_it_asked_for() {
        fn deep(left: usize) -> usize {
            let here = std::hint::black_box([left; 100]);
            if left == 0 {
                0
            } else {
                here[7] + deep(left - 1) - here[50] + 1
            }
        }
        assert_eq!(on_new_stack(32 << 20, || deep(5_000)).unwrap(), 5_000);
    }

    #[test]
    fn panics_go_on() {
        let panic = catch_unwind(|| on_new_stack(1 << 20, || -> u32 { panic!("on purpose") }));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"on purpose"));
    }
}
