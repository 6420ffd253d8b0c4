//! Parameters no honest guest passes: every one must be answered, in bounded time and memory.

use std::time::{Duration, Instant};

use wasi::preview1::{FUNCTIONS, Parameter};
use wasi::{Access, FaultKind, Stop};

use crate::support::{CREAT, DATA, Guest, MEMORY_BYTES, READ, RESULT, TempDir, WRITE, nothing};

fn fault(result: Result<i32, Stop>) -> FaultKind {
    match result {
        Err(Stop::Fault { fault, .. }) => fault.kind,
        other => panic!("expected a fault, found {other:?}"),
    }
}

#[test]
fn pointers_outside_trap() {
    let directory = TempDir::new();
    let mut guest = Guest::in_directory(&directory, Access::ReadWrite);
    let end = MEMORY_BYTES as i64;
    guest.put(DATA, b".");
    let outside: [(&str, &[i64]); 9] = [
        ("clock_time_get", &[0, 0, end - 7]),
        ("fd_fdstat_get", &[3, -8]),
        ("fd_filestat_get", &[3, end - 56]),
        ("fd_prestat_dir_name", &[3, end - 4, 5]),
        ("fd_readdir", &[3, DATA, -1, 0, RESULT]),
        ("path_create_directory", &[3, end - 1, 2]),
        ("path_open", &[3, 0, DATA, 1, 0, 0, 0, 0, end]),
        ("args_sizes_get", &[end, 0]),
        ("fd_write", &[1, end - 8, 2, RESULT]),
    ];
    for (name, args) in outside {
        let result = guest.raw(name, args);
        assert!(
            matches!(&result, Err(Stop::Fault { function, .. }) if *function == name),
            "{name}: {result:?}"
        );
    }
    assert_eq!(
        fault(guest.raw("clock_time_get", &[0, 0, 4])),
        FaultKind::Misaligned(8)
    );
    assert_eq!(
        fault(guest.raw("fd_fdstat_get", &[3, 1])),
        FaultKind::Misaligned(8)
    );
    let text = guest
        .raw("args_sizes_get", &[end, 0])
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "bad pointer passed to args_sizes_get: 4 bytes at address 0x20000 are outside of the \
         guest's memory of 131072 bytes"
    );
}

#[test]
fn absurd_buffers_trap_before_anything_is_written() {
    let directory = TempDir::new();
    let mut guest = Guest::in_directory(&directory, Access::ReadWrite);
    let fd = guest.open("file", CREAT, READ | WRITE).unwrap();
    let [list, count] = guest.vectors(&[(DATA, 4), (DATA, 0xffff_ffff)]);
    assert_eq!(
        fault(guest.raw("fd_write", &[fd, list, count, RESULT])),
        FaultKind::OutOfBounds
    );
    assert_eq!(
        fault(guest.raw("fd_write", &[fd, list, 1, -4])),
        FaultKind::OutOfBounds
    );
    assert_eq!(guest.filestat(fd).unwrap().size, 0);
    // Nothing is created when the new descriptor has nowhere to go.
    let path = guest.path(0, "new");
    let open = [3, 0, path[0], path[1], 1, 0, 0, 0, -4];
    assert_eq!(fault(guest.raw("path_open", &open)), FaultKind::OutOfBounds);
    assert!(!directory.path().join("new").exists());
}

#[test]
fn many_buffers_make_a_short_transfer() {
    let directory = TempDir::new();
    let mut guest = Guest::in_directory(&directory, Access::ReadWrite);
    let fd = guest.open("file", CREAT, READ | WRITE).unwrap();
    for index in 0..3000 {
        let at = DATA + 8 * index;
        guest.put(at, &0x400u32.to_le_bytes());
        guest.put(at + 4, &1u32.to_le_bytes());
    }
    guest.call("fd_write", &[fd, DATA, 3000, RESULT]).unwrap();
    assert_eq!(guest.u32_at(RESULT), 1024);
    guest.seek(fd, 0, 0).unwrap();
    guest.call("fd_read", &[fd, DATA, 3000, RESULT]).unwrap();
    assert_eq!(guest.u32_at(RESULT), 1);
}

#[test]
fn unknown_names_and_counts_are_no_call() {
    let mut guest = Guest::new(nothing());
    let mut memory = wasi::GuestMemory::new(&mut guest.memory);
    assert!(wasi::preview1::call("fd_dup", &mut guest.ctx, &mut memory, &[]).is_none());
    assert!(wasi::preview1::call("fd_close", &mut guest.ctx, &mut memory, &[]).is_none());
}

/// xorshift64*: the same numbers every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A parameter that is often nearly right.
    fn parameter(&mut self) -> i64 {
        const EDGES: [i64; 14] = [
            -1,
            -4,
            -8,
            0x7fff_ffff,
            0x1_ffff,
            0x2_0000,
            i64::MAX,
            i64::MIN,
            0x1_fff8,
            1,
            2,
            3,
            4,
            5,
        ];
        match self.next() % 5 {
            0 => (self.next() % 8) as i64,
            1 => (self.next() % 64) as i64 * 8,
            2 => EDGES[(self.next() % EDGES.len() as u64) as usize],
            3 => (self.next() % MEMORY_BYTES as u64) as i64,
            _ => self.next() as i64,
        }
    }
}

#[test]
fn random_calls_are_all_answered() {
    let directory = TempDir::new();
    let start = Instant::now();
    // Waits end by the hook, as a random sleep may be very long.
    let builder = nothing()
        .args(["a", "b"])
        .env("c", "d")
        .preopen(directory.path(), "/", Access::ReadWrite)
        .interrupt(|| true);
    let mut guest = Guest::new(builder);
    let mut numbers = Numbers(0x5eed);
    for round in 0..40_000 {
        if round % 64 == 0 {
            for chunk in guest.memory[..0x2000].chunks_exact_mut(8) {
                chunk.copy_from_slice(&numbers.parameter().to_le_bytes());
            }
        }
        let function = &FUNCTIONS[(numbers.next() % FUNCTIONS.len() as u64) as usize];
        // Space that is really taken from the disk of whoever runs the tests.
        if matches!(
            function.name,
            "fd_allocate" | "fd_filestat_set_size" | "fd_sync" | "fd_datasync"
        ) {
            continue;
        }
        let args: Vec<i64> = function
            .parameters
            .iter()
            .map(|parameter| match parameter {
                Parameter::I32 => i64::from(numbers.parameter() as i32),
                Parameter::I64 => numbers.parameter(),
            })
            .collect();
        let _ = guest.raw(function.name, &args);
    }
    assert!(start.elapsed() < Duration::from_secs(120));
}
