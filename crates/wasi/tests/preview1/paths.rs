//! Names: opening, making, moving, linking and removing, with the odd forms a path can have.

use wasi::{Access, Errno};

use crate::support::{
    CREAT, DATA, DIRECTORY, EXCL, Guest, NONBLOCK, READ, RESULT, ROOT, TempDir, WRITE,
};

const FOLLOW: i64 = 1;

fn guest() -> (TempDir, Guest) {
    let directory = TempDir::new();
    let guest = Guest::in_directory(&directory, Access::ReadWrite);
    (directory, guest)
}

impl Guest {
    fn mkdir(&mut self, path: &str) -> Result<(), Errno> {
        self.on_path("path_create_directory", &[ROOT], path, &[])
    }

    fn rmdir(&mut self, path: &str) -> Result<(), Errno> {
        self.on_path("path_remove_directory", &[ROOT], path, &[])
    }

    fn unlink(&mut self, path: &str) -> Result<(), Errno> {
        self.on_path("path_unlink_file", &[ROOT], path, &[])
    }

    fn symlink(&mut self, says: &str, path: &str) -> Result<(), Errno> {
        self.on_two("path_symlink", (&[], says), (&[ROOT], path))
    }

    fn rename(&mut self, old: &str, new: &str) -> Result<(), Errno> {
        self.on_two("path_rename", (&[ROOT], old), (&[ROOT], new))
    }

    fn link(&mut self, old: &str, new: &str) -> Result<(), Errno> {
        self.on_two("path_link", (&[ROOT, 0], old), (&[ROOT], new))
    }
}

#[test]
fn the_granted_directory_has_a_name() {
    let (_directory, mut guest) = guest();
    guest.call("fd_prestat_get", &[ROOT, RESULT]).unwrap();
    assert_eq!(
        (guest.memory[RESULT as usize], guest.u32_at(RESULT + 4)),
        (0, 5)
    );
    guest.call("fd_prestat_dir_name", &[ROOT, DATA, 5]).unwrap();
    assert_eq!(guest.bytes_at(DATA, 6), b"/data\0");
    guest.call("fd_prestat_dir_name", &[ROOT, DATA, 6]).unwrap();
    let short = guest.call("fd_prestat_dir_name", &[ROOT, DATA, 4]);
    assert_eq!(short, Err(Errno::Nametoolong));
}

#[test]
fn opening_follows_its_flags() {
    let (_directory, mut guest) = guest();
    assert_eq!(guest.open("file", 0, 0), Err(Errno::Noent));
    guest.create("file");
    guest.open("file", CREAT, 0).unwrap();
    assert_eq!(guest.open("file", CREAT | EXCL, 0), Err(Errno::Exist));
    assert_eq!(guest.open("file", DIRECTORY, 0), Err(Errno::Notdir));
    assert_eq!(guest.open("file", CREAT | DIRECTORY, 0), Err(Errno::Inval));
    assert_eq!(guest.open("file", 16, 0), Err(Errno::Inval));
    assert_eq!(guest.open_with(ROOT, 2, "file", 0, 0, 0), Err(Errno::Inval));
    assert_eq!(
        guest.open_with(ROOT, 0, "file", 0, 0, 32),
        Err(Errno::Inval)
    );
    guest.open_with(ROOT, 0, ".", 0, 0, NONBLOCK).unwrap();
    let stat = guest.fdstat(ROOT).unwrap();
    let after = [0, stat.base, stat.inheriting, 0, RESULT];
    guest.on_path("path_open", &[ROOT, 0], ".", &after).unwrap();
    assert_eq!(guest.open("", 0, 0), Err(Errno::Noent));
}

#[test]
fn odd_paths_are_understood() {
    let (_directory, mut guest) = guest();
    guest.mkdir("dir").unwrap();
    guest.mkdir("dir/nested").unwrap();
    guest.create("dir/nested/file");
    guest
        .open("dir/.//nested/../../dir/nested/../nested///./file", 0, 0)
        .unwrap();
    guest.open("dir/nested/", 0, 0).unwrap();
    guest.open("dir/nested///", 0, 0).unwrap();
    assert_eq!(guest.open("/dir/nested/file", 0, 0), Err(Errno::Perm));
    assert_eq!(guest.open("dir/nested/file\0", 0, 0), Err(Errno::Inval));
    assert_eq!(guest.open("dir/nested/file/", 0, 0), Err(Errno::Notdir));
    assert_eq!(guest.open("dir/nested/file///", 0, 0), Err(Errno::Notdir));
    assert_eq!(
        guest.open("dir/nested/../../../dir", 0, 0),
        Err(Errno::Perm)
    );
    assert_eq!(
        guest.open(&"long".repeat(100), 0, 0),
        Err(Errno::Nametoolong)
    );
    // Names are bytes, as on the host.
    let path = guest.path(0, b"not \xff utf-8");
    guest
        .call("path_create_directory", &[ROOT, path[0], path[1]])
        .unwrap();
}

#[test]
fn symbolic_links_are_followed_when_asked() {
    let (_directory, mut guest) = guest();
    guest.mkdir("target").unwrap();
    guest.symlink("target", "link").unwrap();
    assert_eq!(guest.open("link", 0, 0), Err(Errno::Loop));
    assert_eq!(guest.open("link", DIRECTORY, 0), Err(Errno::Notdir));
    guest
        .open_with(ROOT, FOLLOW, "link", DIRECTORY, 0, 0)
        .unwrap();
    guest.unlink("link").unwrap();
    guest.rmdir("target").unwrap();

    guest.create("file");
    guest.symlink("file", "link").unwrap();
    assert_eq!(guest.path_filestat(0, "link").unwrap().filetype, 7);
    assert_eq!(guest.path_filestat(FOLLOW, "link").unwrap().filetype, 4);
    guest.open_with(ROOT, FOLLOW, "link", 0, 0, 0).unwrap();
    let as_directory = guest.open_with(ROOT, FOLLOW, "link", DIRECTORY, 0, 0);
    assert_eq!(as_directory, Err(Errno::Notdir));

    guest.symlink("loop", "loop").unwrap();
    assert_eq!(
        guest.open_with(ROOT, FOLLOW, "loop", 0, 0, 0),
        Err(Errno::Loop)
    );
    assert_eq!(guest.path_filestat(FOLLOW, "loop").err(), Some(Errno::Loop));
    guest.symlink("nowhere", "dangling").unwrap();
    assert_eq!(guest.open("dangling", 0, 0), Err(Errno::Loop));
    assert_eq!(
        guest.open_with(ROOT, FOLLOW, "dangling", 0, 0, 0),
        Err(Errno::Noent)
    );
}

#[test]
fn links_are_read_as_far_as_the_buffer_goes() {
    let (_directory, mut guest) = guest();
    guest.create("target");
    guest.symlink("target", "link").unwrap();
    guest
        .on_path("path_readlink", &[ROOT], "link", &[DATA, 10, RESULT])
        .unwrap();
    assert_eq!(guest.u32_at(RESULT), 6);
    assert_eq!(guest.bytes_at(DATA, 10), b"target\0\0\0\0");
    guest
        .on_path("path_readlink", &[ROOT], "link", &[DATA + 16, 4, RESULT])
        .unwrap();
    assert_eq!(guest.u32_at(RESULT), 4);
    assert_eq!(guest.bytes_at(DATA + 16, 5), b"targ\0");
    let file = guest.on_path("path_readlink", &[ROOT], "target", &[DATA, 10, RESULT]);
    assert_eq!(file, Err(Errno::Inval));
}

#[test]
fn symbolic_links_are_made_where_they_may() {
    let (_directory, mut guest) = guest();
    assert_eq!(guest.symlink("/", "link"), Err(Errno::Perm));
    assert_eq!(guest.symlink("source", "target/"), Err(Errno::Noent));
    guest.mkdir("target").unwrap();
    assert_eq!(guest.symlink("source", "target/"), Err(Errno::Exist));
    assert_eq!(guest.symlink("source", "target"), Err(Errno::Exist));
    guest.create("file");
    assert_eq!(guest.symlink("source", "file"), Err(Errno::Exist));
    let on_file = guest.symlink("source", "file/");
    assert!(
        matches!(on_file, Err(Errno::Notdir | Errno::Exist)),
        "{on_file:?}"
    );
}

#[test]
fn times_of_links_and_targets_are_apart() {
    let (_directory, mut guest) = guest();
    guest.create("file");
    guest.symlink("file", "link").unwrap();
    let target = guest.path_filestat(0, "file").unwrap();
    let set = |guest: &mut Guest, lookup, path, time, flags| {
        guest.on_path(
            "path_filestat_set_times",
            &[ROOT, lookup],
            path,
            &[0, time, flags],
        )
    };
    set(&mut guest, 0, "link", 12345, 4).unwrap();
    assert_eq!(guest.path_filestat(0, "link").unwrap().mtim, 12345);
    assert_eq!(
        guest.path_filestat(FOLLOW, "link").unwrap().mtim,
        target.mtim
    );
    set(&mut guest, FOLLOW, "link", 67890, 4).unwrap();
    assert_eq!(guest.path_filestat(0, "file").unwrap().mtim, 67890);
    assert_eq!(set(&mut guest, 0, "file", 1, 4 | 8), Err(Errno::Inval));
    assert_eq!(set(&mut guest, 0, "file", 1, 1 | 2), Err(Errno::Inval));
    assert_eq!(guest.path_filestat(0, "file").unwrap().mtim, 67890);
    set(&mut guest, 0, "file", -1, 4).unwrap();
    assert_eq!(set(&mut guest, 0, "missing", 1, 4), Err(Errno::Noent));
}

#[test]
fn files_get_second_names() {
    let (_directory, mut guest) = guest();
    guest.create("file");
    guest.link("file", "link").unwrap();
    let (file, link) = (
        guest.path_filestat(0, "file").unwrap(),
        guest.path_filestat(0, "link").unwrap(),
    );
    assert_eq!(file, link);
    assert_eq!(file.nlink, 2);
    assert_eq!(guest.link("file", "link"), Err(Errno::Exist));
    assert_eq!(guest.link("file", "file"), Err(Errno::Exist));
    assert_eq!(guest.link("file", "other/"), Err(Errno::Noent));
    guest.mkdir("dir").unwrap();
    assert_eq!(guest.link("file", "dir"), Err(Errno::Exist));
    assert_eq!(guest.link("dir", "other"), Err(Errno::Perm));
    guest.symlink("nowhere", "dangling").unwrap();
    guest.link("dangling", "second").unwrap();
    assert_eq!(guest.path_filestat(0, "second").unwrap().filetype, 7);
    assert_eq!(guest.link("file", "dangling"), Err(Errno::Exist));
    let follow = guest.on_two(
        "path_link",
        (&[ROOT, FOLLOW], "dangling"),
        (&[ROOT], "third"),
    );
    assert_eq!(follow, Err(Errno::Inval));
}

#[test]
fn renaming_replaces_what_it_may() {
    let (_directory, mut guest) = guest();
    guest.mkdir("source").unwrap();
    guest.rename("source", "target").unwrap();
    assert_eq!(guest.open("source", DIRECTORY, 0), Err(Errno::Noent));
    guest.mkdir("source").unwrap();
    guest.rename("source", "target").unwrap();
    guest.mkdir("source").unwrap();
    guest.create("target/file");
    assert_eq!(guest.rename("source", "target"), Err(Errno::Notempty));
    assert_eq!(guest.rename("source", "target/file"), Err(Errno::Notdir));
    assert_eq!(guest.rename("target/file", "source"), Err(Errno::Isdir));
    guest.create("other");
    guest.rename("other", "target/file").unwrap();
    assert_eq!(guest.open("other", 0, 0), Err(Errno::Noent));
    // Slashes at the end of directories do not matter.
    guest.rename("source/", "moved").unwrap();
    guest.rename("moved", "source/").unwrap();
    guest.rename("source/", "moved/").unwrap();
    // Into another directory by its own descriptor.
    let nested = guest.open("moved", DIRECTORY, 0).unwrap();
    guest
        .on_two("path_rename", (&[ROOT], "target/file"), (&[nested], "file"))
        .unwrap();
    guest.open("moved/file", 0, 0).unwrap();
}

#[test]
fn removing_knows_files_from_directories() {
    let (_directory, mut guest) = guest();
    guest.mkdir("dir").unwrap();
    guest.mkdir("dir/nested/").unwrap();
    assert_eq!(guest.mkdir("dir"), Err(Errno::Exist));
    assert_eq!(guest.unlink("dir"), Err(Errno::Isdir));
    assert_eq!(guest.unlink("dir/"), Err(Errno::Isdir));
    assert_eq!(guest.rmdir("dir"), Err(Errno::Notempty));
    guest.rmdir("dir/nested/").unwrap();
    guest.rmdir("dir").unwrap();
    guest.create("file");
    assert_eq!(guest.rmdir("file"), Err(Errno::Notdir));
    assert_eq!(guest.rmdir("file/"), Err(Errno::Notdir));
    assert_eq!(guest.unlink("file/"), Err(Errno::Notdir));
    guest.unlink("file").unwrap();
    assert_eq!(guest.unlink("file"), Err(Errno::Noent));
}

#[test]
fn open_files_outlive_their_names() {
    let (_directory, mut guest) = guest();
    let fd = guest.open("file", CREAT, READ | WRITE).unwrap();
    guest.unlink("file").unwrap();
    guest.create("file");
    guest.write(fd, b"still here").unwrap();
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.read(fd, 20), Ok(b"still here".to_vec()));
    assert_eq!(guest.path_filestat(0, "file").unwrap().size, 0);
}

#[test]
fn directories_have_times_and_can_be_synced() {
    let (_directory, mut guest) = guest();
    guest.mkdir("dir").unwrap();
    let below = guest.open("dir", DIRECTORY, 0).unwrap();
    for fd in [ROOT, below] {
        guest
            .call("fd_filestat_set_times", &[fd, 0, 77, 4])
            .unwrap();
        assert_eq!(guest.filestat(fd).unwrap().mtim, 77);
        guest.call("fd_sync", &[fd]).unwrap();
        guest.call("fd_datasync", &[fd]).unwrap();
    }
}
