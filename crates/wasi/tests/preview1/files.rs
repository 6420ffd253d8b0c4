//! Open files: transfers, positions, sizes, times, flags and rights.

use wasi::{Access, Errno};

use crate::support::{
    APPEND, CREAT, DATA, DIRECTORY, Guest, READ, RESULT, ROOT, SEEK, TRUNC, TempDir, WRITE,
};

fn guest() -> (TempDir, Guest) {
    let directory = TempDir::new();
    let guest = Guest::in_directory(&directory, Access::ReadWrite);
    (directory, guest)
}

#[test]
fn reading_and_writing_move_the_position() {
    let (_directory, mut guest) = guest();
    let fd = guest.open("file", CREAT, READ | WRITE).unwrap();
    assert_eq!(guest.write(fd, &[7; 100]), Ok(100));
    guest.call("fd_tell", &[fd, RESULT]).unwrap();
    assert_eq!(guest.u64_at(RESULT), 100);
    assert_eq!(guest.seek(fd, -50, 1), Ok(50));
    assert_eq!(guest.seek(fd, 0, 2), Ok(100));
    assert_eq!(guest.seek(fd, 0, 0), Ok(0));
    assert_eq!(guest.seek(fd, 1000, 1), Ok(1000));
    assert_eq!(guest.seek(fd, -2000, 1), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, -1, 0), Err(Errno::Inval));
    assert_eq!(guest.seek(fd, 0, 3), Err(Errno::Inval));
    guest.seek(fd, 98, 0).unwrap();
    assert_eq!(guest.read(fd, 10), Ok(vec![7; 2]));
    assert_eq!(guest.read(fd, 10), Ok(vec![]));
}

#[test]
fn transfers_at_an_offset_leave_the_position() {
    let (_directory, mut guest) = guest();
    let fd = guest.open("file", CREAT, READ | WRITE | SEEK).unwrap();
    guest.put(DATA, &[0, 1, 2, 3]);
    let [list, count] = guest.vectors(&[(DATA, 2), (DATA + 2, 2)]);
    guest
        .call("fd_pwrite", &[fd, list, count, 0, RESULT])
        .unwrap();
    assert_eq!(guest.u32_at(RESULT), 4);
    let [list, count] = guest.vectors(&[(DATA + 32, 1), (DATA + 16, 8)]);
    guest
        .call("fd_pread", &[fd, list, count, 1, RESULT])
        .unwrap();
    assert_eq!(guest.u32_at(RESULT), 3);
    assert_eq!(guest.bytes_at(DATA + 32, 1), [1]);
    assert_eq!(guest.bytes_at(DATA + 16, 3), [2, 3, 0]);
    assert_eq!(guest.seek(fd, 0, 1), Ok(0));
    assert_eq!(
        guest.call("fd_pread", &[fd, list, count, -1, RESULT]),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.call("fd_pwrite", &[fd, list, count, -1, RESULT]),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.call("fd_pread", &[ROOT, list, count, 0, RESULT]),
        Err(Errno::Isdir)
    );
    assert_eq!(
        guest.call("fd_pwrite", &[ROOT, list, count, 0, RESULT]),
        Err(Errno::Badf)
    );
    assert_eq!(
        guest.call("fd_pread", &[0, list, count, 0, RESULT]),
        Err(Errno::Spipe)
    );
}

#[test]
fn one_way_files_refuse_the_other_way() {
    let (_directory, mut guest) = guest();
    guest.create("file");
    let fd = guest.open("file", 0, READ).unwrap();
    let base = guest.fdstat(fd).unwrap().base;
    assert_eq!(base & (READ | WRITE), READ);
    assert_eq!(guest.write(fd, b"x"), Err(Errno::Badf));
    assert_eq!(
        guest.call("fd_filestat_set_size", &[fd, 1]),
        Err(Errno::Badf)
    );
    assert_eq!(guest.call("fd_allocate", &[fd, 0, 1]), Err(Errno::Badf));
    guest.close(fd).unwrap();
    let fd = guest.open("file", 0, WRITE).unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().base & (READ | WRITE), WRITE);
    assert_eq!(guest.read(fd, 1), Err(Errno::Badf));
    assert_eq!(guest.write(fd, b"x"), Ok(1));
    // Creating needs a descriptor of the host that writes; the guest's still does not.
    let fd = guest.open("other", CREAT, READ).unwrap();
    assert_eq!(guest.write(fd, b"x"), Err(Errno::Badf));
    assert_eq!(guest.read(fd, 1), Ok(vec![]));
}

#[test]
fn append_can_be_switched() {
    let (_directory, mut guest) = guest();
    let fd = guest
        .open_with(ROOT, 0, "file", CREAT | TRUNC, READ | WRITE, APPEND)
        .unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().flags, APPEND);
    guest.write(fd, b"one").unwrap();
    guest.seek(fd, 0, 0).unwrap();
    guest.write(fd, b"two").unwrap();
    guest.call("fd_fdstat_set_flags", &[fd, 0]).unwrap();
    guest.seek(fd, 0, 0).unwrap();
    guest.write(fd, b"ONE").unwrap();
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.read(fd, 10), Ok(b"ONEtwo".to_vec()));
}

#[test]
fn synchronous_flags_are_kept_and_obeyed() {
    let (_directory, mut guest) = guest();
    let (dsync, sync) = (2, 16);
    let fd = guest
        .open_with(ROOT, 0, "file", CREAT, READ | WRITE, APPEND | sync)
        .unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().flags, APPEND | sync);
    assert_eq!(guest.write(fd, b"x"), Ok(1));
    guest.call("fd_fdstat_set_flags", &[fd, dsync]).unwrap();
    assert_eq!(guest.write(fd, b"x"), Ok(1));
    guest.call("fd_sync", &[fd]).unwrap();
    guest.call("fd_datasync", &[fd]).unwrap();
    guest.call("fd_sync", &[ROOT]).unwrap();
    assert_eq!(guest.call("fd_sync", &[1]), Err(Errno::Inval));
}

#[test]
fn sizes_change_and_space_is_allocated() {
    let (_directory, mut guest) = guest();
    let fd = guest.open("file", CREAT, READ | WRITE).unwrap();
    guest.call("fd_filestat_set_size", &[fd, 100]).unwrap();
    assert_eq!(guest.filestat(fd).unwrap().size, 100);
    guest.call("fd_advise", &[fd, 10, 50, 0]).unwrap();
    assert_eq!(guest.call("fd_advise", &[fd, 0, 0, 6]), Err(Errno::Inval));
    assert_eq!(guest.call("fd_advise", &[fd, -1, 0, 0]), Err(Errno::Inval));
    guest.call("fd_allocate", &[fd, 10, 10]).unwrap();
    assert_eq!(guest.filestat(fd).unwrap().size, 100);
    guest.call("fd_allocate", &[fd, 90, 20]).unwrap();
    assert_eq!(guest.filestat(fd).unwrap().size, 110);
    assert_eq!(guest.call("fd_allocate", &[fd, 0, 0]), Err(Errno::Inval));
    assert_eq!(guest.call("fd_allocate", &[fd, -1, 2]), Err(Errno::Fbig));
    assert_eq!(
        guest.call("fd_allocate", &[fd, i64::MAX, 1]),
        Err(Errno::Fbig)
    );
    assert_eq!(
        guest.call("fd_filestat_set_size", &[fd, -1]),
        Err(Errno::Fbig)
    );
    guest.open("file", TRUNC, 0).unwrap();
    assert_eq!(guest.filestat(fd).unwrap().size, 0);
}

#[test]
fn times_are_set_one_by_one() {
    let (_directory, mut guest) = guest();
    let fd = guest.open("file", CREAT, READ).unwrap();
    let before = guest.filestat(fd).unwrap();
    guest
        .call("fd_filestat_set_times", &[fd, 5, 1_000_000_007, 4])
        .unwrap();
    let after = guest.filestat(fd).unwrap();
    assert_eq!((after.atim, after.mtim), (before.atim, 1_000_000_007));
    guest
        .call("fd_filestat_set_times", &[fd, 5, 0, 1 | 8])
        .unwrap();
    let after = guest.filestat(fd).unwrap();
    assert_eq!(after.atim, 5);
    assert!(after.mtim >= before.mtim);
    for flags in [1 | 2, 4 | 8, 16] {
        assert_eq!(
            guest.call("fd_filestat_set_times", &[fd, 0, 0, flags]),
            Err(Errno::Inval)
        );
    }
}

#[test]
fn directories_are_no_files() {
    let (_directory, mut guest) = guest();
    let stat = guest.filestat(ROOT).unwrap();
    assert_eq!(stat.filetype, 3);
    assert_eq!(guest.read(ROOT, 1), Err(Errno::Isdir));
    assert_eq!(guest.write(ROOT, b"x"), Err(Errno::Badf));
    for whence in 0..3 {
        assert_eq!(guest.seek(ROOT, 0, whence), Err(Errno::Badf));
    }
    assert_eq!(guest.call("fd_tell", &[ROOT, RESULT]), Err(Errno::Badf));
    assert_eq!(guest.call("fd_allocate", &[ROOT, 0, 1]), Err(Errno::Badf));
    assert_eq!(
        guest.call("fd_filestat_set_size", &[ROOT, 0]),
        Err(Errno::Badf)
    );
    assert_eq!(guest.open(".", DIRECTORY, READ | WRITE), Err(Errno::Isdir));
    let fd = guest.open(".", DIRECTORY, READ | SEEK).unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().base & SEEK, 0);
    let fd = guest.open("file", CREAT, 0).unwrap();
    assert_eq!(
        guest.open_with(fd, 0, "foo", CREAT, 0, 0),
        Err(Errno::Notdir)
    );
}

#[test]
fn rights_are_given_up_for_good() {
    let (_directory, mut guest) = guest();
    let fd = guest.open("file", CREAT, READ | WRITE | SEEK).unwrap();
    guest.write(fd, b"data").unwrap();
    let all = guest.fdstat(fd).unwrap();
    let base = all.base & !(READ | WRITE);
    guest
        .call("fd_fdstat_set_rights", &[fd, base, all.inheriting])
        .unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().base, base);
    assert_eq!(guest.read(fd, 1), Err(Errno::Notcapable));
    assert_eq!(guest.write(fd, b"x"), Err(Errno::Notcapable));
    let again = [fd, all.base, all.inheriting];
    assert_eq!(
        guest.call("fd_fdstat_set_rights", &again),
        Err(Errno::Notcapable)
    );

    // What is opened through a directory cannot have more than the directory passes on.
    let root = guest.fdstat(ROOT).unwrap();
    guest
        .call(
            "fd_fdstat_set_rights",
            &[ROOT, root.base, root.inheriting & !WRITE],
        )
        .unwrap();
    assert_eq!(guest.open("file", 0, WRITE), Err(Errno::Notcapable));
    let fd = guest.open("file", 0, READ).unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().base & WRITE, 0);
    let set_size = 1 << 19;
    guest.open("file", TRUNC, 0).unwrap();
    let root = guest.fdstat(ROOT).unwrap();
    guest
        .call(
            "fd_fdstat_set_rights",
            &[ROOT, root.base & !set_size, root.inheriting],
        )
        .unwrap();
    assert_eq!(guest.open("file", TRUNC, 0), Err(Errno::Notcapable));
}

#[test]
fn descriptors_are_closed_and_renumbered() {
    let (_directory, mut guest) = guest();
    let from = guest.open("one", CREAT, WRITE).unwrap();
    let to = guest.open("two", CREAT, WRITE).unwrap();
    guest.call("fd_renumber", &[from, to]).unwrap();
    assert_eq!(guest.close(from), Err(Errno::Badf));
    guest.write(to, b"hello").unwrap();
    assert_eq!(guest.path_filestat(0, "one").unwrap().size, 5);
    assert_eq!(guest.call("fd_renumber", &[to, from]), Err(Errno::Badf));
    // The granted directory itself may be closed or replaced.
    let copy = guest.open(".", DIRECTORY, 0).unwrap();
    let ino = guest.filestat(copy).unwrap().ino;
    guest.call("fd_renumber", &[copy, ROOT]).unwrap();
    assert_eq!(guest.filestat(ROOT).unwrap().ino, ino);
    assert_eq!(
        guest.call("fd_prestat_get", &[ROOT, RESULT]),
        Err(Errno::Badf)
    );
    guest.close(ROOT).unwrap();
    assert_eq!(guest.fdstat(ROOT).err(), Some(Errno::Badf));
}
