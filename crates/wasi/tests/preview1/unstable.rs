//! `wasi_unstable`: the four functions that differ from the later snapshot.

use wasi::{Access, GuestMemory, preview1};

use crate::support::{CREAT, DATA, Guest, READ, RESULT, ROOT, TempDir, WRITE, named};

fn call(guest: &mut Guest, name: &str, args: &[i64]) {
    let mut memory = GuestMemory::new(&mut guest.memory);
    let result = preview1::call_unstable(name, &mut guest.ctx, &mut memory, args);
    named(result.unwrap().unwrap()).unwrap();
}

#[test]
fn numbers_and_layouts_are_those_of_the_older_snapshot() {
    let directory = TempDir::new();
    let mut guest = Guest::in_directory(&directory, Access::ReadWrite);
    let fd = guest.open("file", CREAT, READ | WRITE).unwrap();
    guest.write(fd, b"12345").unwrap();
    // whence 2 counts from the start.
    call(&mut guest, "fd_seek", &[fd, 3, 2, RESULT]);
    assert_eq!(guest.u64_at(RESULT), 3);
    call(&mut guest, "fd_seek", &[fd, 0, 1, RESULT]);
    assert_eq!(guest.u64_at(RESULT), 5);
    // nlink has 32 bits, so that the size moves.
    call(&mut guest, "fd_filestat_get", &[fd, RESULT]);
    assert_eq!(
        (guest.u32_at(RESULT + 20), guest.u64_at(RESULT + 24)),
        (1, 5)
    );
    let path = guest.path(0, "file");
    call(
        &mut guest,
        "path_filestat_get",
        &[ROOT, 0, path[0], path[1], RESULT],
    );
    assert_eq!(
        (guest.u32_at(RESULT + 20), guest.u64_at(RESULT + 24)),
        (1, 5)
    );
    // A subscription to the clock has a second userdata.
    guest.put(DATA, &7u64.to_le_bytes());
    guest.put(DATA + 24, &1u32.to_le_bytes());
    call(&mut guest, "poll_oneoff", &[DATA, DATA + 64, 1, RESULT]);
    assert_eq!((guest.u32_at(RESULT), guest.u64_at(DATA + 64)), (1, 7));
    let mut memory = GuestMemory::new(&mut guest.memory);
    let args = [3, 0, RESULT];
    assert!(preview1::call_unstable("sock_accept", &mut guest.ctx, &mut memory, &args).is_none());
}
