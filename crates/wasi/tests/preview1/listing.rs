//! `fd_readdir`: complete listings, whatever the buffer.

use std::collections::BTreeMap;

use wasi::{Access, Errno};

use crate::support::{CREAT, DATA, Guest, RESULT, ROOT, TempDir};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    name: String,
    next: u64,
    ino: u64,
    kind: u8,
}

/// One call; the entries that fit whole, and whether more follow.
fn call(guest: &mut Guest, length: usize, cookie: u64) -> (Vec<Entry>, bool) {
    guest
        .call(
            "fd_readdir",
            &[ROOT, DATA, length as i64, cookie as i64, RESULT],
        )
        .unwrap();
    let used = guest.u32_at(RESULT) as usize;
    assert!(used <= length);
    let mut rest = guest.bytes_at(DATA, used);
    let mut entries = vec![];
    while rest.len() >= 24 {
        let u64_at = |at: usize| u64::from_le_bytes(rest[at..at + 8].try_into().unwrap());
        let name_bytes = u32::from_le_bytes(rest[16..20].try_into().unwrap()) as usize;
        let Some(name) = rest.get(24..24 + name_bytes) else {
            break;
        };
        let name = String::from_utf8(name.to_vec()).unwrap();
        entries.push(Entry {
            name,
            next: u64_at(0),
            ino: u64_at(8),
            kind: rest[20],
        });
        rest = &rest[24 + name_bytes..];
    }
    (entries, used == length)
}

/// The whole directory, with buffers of `length` bytes.
fn list(guest: &mut Guest, length: usize) -> BTreeMap<String, Entry> {
    let (mut all, mut cookie) = (BTreeMap::new(), 0);
    loop {
        let (entries, more) = call(guest, length, cookie);
        assert!(
            !more || !entries.is_empty(),
            "a buffer of {length} bytes holds no entry"
        );
        for entry in entries {
            cookie = entry.next;
            assert_eq!(all.insert(entry.name.clone(), entry), None);
        }
        if !more {
            return all;
        }
    }
}

#[test]
fn an_empty_directory_has_two_entries() {
    let directory = TempDir::new();
    let mut guest = Guest::in_directory(&directory, Access::ReadOnly);
    let entries = list(&mut guest, 4096);
    assert_eq!(entries.keys().collect::<Vec<_>>(), [".", ".."]);
    assert_eq!(entries["."].kind, 3);
    assert_eq!(entries["."].ino, guest.filestat(ROOT).unwrap().ino);
    assert_eq!(entries[".."].kind, 3);
}

#[test]
fn every_size_of_buffer_lists_all() {
    let directory = TempDir::new();
    let mut guest = Guest::in_directory(&directory, Access::ReadWrite);
    for count in 0..300 {
        guest.create(&format!("file.{count}"));
    }
    guest
        .on_path("path_create_directory", &[ROOT], "dir", &[])
        .unwrap();
    guest
        .on_two("path_symlink", (&[], "dir"), (&[ROOT], "link"))
        .unwrap();
    let all = list(&mut guest, 60_000);
    assert_eq!(all.len(), 304);
    assert_eq!(
        (all["dir"].kind, all["link"].kind, all["file.7"].kind),
        (3, 7, 4)
    );
    assert_eq!(
        all["file.7"].ino,
        guest.path_filestat(0, "file.7").unwrap().ino
    );
    for length in [32, 33, 47, 64, 100, 256, 4096] {
        assert_eq!(list(&mut guest, length), all, "with {length} bytes");
    }
}

#[test]
fn a_cookie_goes_back_and_forth() {
    let directory = TempDir::new();
    let mut guest = Guest::in_directory(&directory, Access::ReadWrite);
    let fd = guest.open("file", CREAT, 0).unwrap();
    guest.close(fd).unwrap();
    let (entries, more) = call(&mut guest, 4096, 0);
    assert_eq!((entries.len(), more), (3, false));
    let (rest, _) = call(&mut guest, 4096, entries[1].next);
    assert_eq!(rest, entries[2..]);
    let (rest, _) = call(&mut guest, 4096, entries[0].next);
    assert_eq!(rest, entries[1..]);
    let (rest, _) = call(&mut guest, 4096, entries[2].next);
    assert_eq!(rest, []);
    // From the start again, with what is new.
    guest.create("other");
    assert_eq!(call(&mut guest, 4096, 0).0.len(), 4);
}

#[test]
fn tiny_buffers_and_odd_cookies_do_no_harm() {
    let directory = TempDir::new();
    let mut guest = Guest::in_directory(&directory, Access::ReadWrite);
    for length in 0..25 {
        assert_eq!(call(&mut guest, length, 0), (vec![], true));
    }
    let args = [ROOT, DATA, 100, -1, RESULT];
    assert_eq!(guest.call("fd_readdir", &args), Err(Errno::Inval));
    for cookie in [1, 77, i64::MAX, 1 << 40] {
        // The host decides what such a place is; it is an answer in any case.
        let _ = guest.call("fd_readdir", &[ROOT, DATA, 100, cookie, RESULT]);
    }
    let fd = guest.open("file", CREAT, 0).unwrap();
    assert_eq!(
        guest.call("fd_readdir", &[fd, DATA, 100, 0, RESULT]),
        Err(Errno::Notdir)
    );
}
