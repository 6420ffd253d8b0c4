//! Prints what the operations of `sys` cost on this machine: `cargo run --release -p wharf-sys --example costs`. Apart from the
//! tests since a time is something to look at, not to assert.

use std::hint::black_box;
use std::ptr;
use std::time::{Duration, Instant};
use wharf_sys::{
    CodeBlock, CodeMemory, EntryFn, Image, Reservation, Stack, ThreadHandle, enter, init_thread,
    page_bytes,
};

/// Prints the best of some rounds, in nanoseconds for one call.
fn measure(what: &str, calls: u32, mut f: impl FnMut()) {
    let round = || {
        let start = Instant::now();
        for _ in 0..calls {
            f();
        }
        start.elapsed()
    };
    let best: Duration = std::iter::repeat_with(round)
        .take(15)
        .min()
        .unwrap_or_default();
    let nanoseconds = best.as_nanos() as f64 / f64::from(calls);
    println!("{what:<48} {nanoseconds:>10.2} ns");
}

fn run(block: &CodeBlock, stack_top: *mut u8) -> bool {
    let code = block.as_ptr();
    // SAFETY: the blocks below return or fault at once: they obey the convention.
    unsafe {
        let entry = std::mem::transmute::<*const u8, EntryFn>(code);
        let args = ptr::null_mut();
        enter(stack_top, block.range(), entry, code, args, args).is_ok()
    }
}

fn main() -> std::io::Result<()> {
    init_thread();
    let memory = CodeMemory::new(1 << 30)?;
    let (return_only, illegal) = (memory.publish(&[0xc3])?, memory.publish(&[0x0f, 0x0b])?);
    let stack = Stack::new(1 << 20)?;

    measure("init_thread, again", 1_000_000, init_thread);
    measure("enter and return, another stack", 1_000_000, || {
        black_box(run(&return_only, stack.top()));
    });
    measure("enter and return, same stack", 1_000_000, || {
        black_box(run(&return_only, ptr::null_mut()));
    });
    // xor eax, eax; mov rax, [rax]
    let wild = memory.publish(&[0x31, 0xc0, 0x48, 0x8b, 0x00])?;
    measure("enter and fault: illegal instruction", 2_000, || {
        black_box(run(&illegal, stack.top()));
    });
    measure("enter and fault: wild load", 2_000, || {
        black_box(run(&wild, stack.top()));
    });
    let handle = ThreadHandle::current();
    measure("interrupt of the own thread, in vain", 2_000, || {
        handle.interrupt()
    });
    measure("thread handle: current", 1_000_000, || {
        black_box(ThreadHandle::current());
    });

    let code = vec![0xc3; 4000];
    measure("publish and free 4000 bytes of code", 2_000, || {
        black_box(memory.publish(&code).expect("room for code"));
    });
    measure("make and drop a stack of 1 MiB, untouched", 2_000, || {
        black_box(Stack::new(1 << 20).expect("room for a stack"));
    });

    let image = Image::new(&vec![1; 16 * page_bytes()])?;
    let space = Reservation::new(6 << 30)?;
    measure(
        "map an image of 16 pages, touch one, remap zero",
        2_000,
        || {
            // SAFETY: nobody else uses the reservation.
            unsafe {
                space.map_image(0, &image).expect("room for an image");
                space.as_ptr().write_volatile(1);
                space
                    .remap_zero(0..16 * page_bytes())
                    .expect("room for zeros");
            }
        },
    );
    // SAFETY: nobody else uses the reservation.
    unsafe { space.map_image(0, &image)? };
    measure("touch a page of an image, decommit", 2_000, || {
        // SAFETY: as above.
        unsafe {
            space.as_ptr().write_volatile(1);
            space
                .decommit(0..16 * page_bytes())
                .expect("pages that are not locked");
        }
    });
    Ok(())
}
