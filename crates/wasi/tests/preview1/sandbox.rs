//! Attempts to reach what is not granted.

use std::os::unix::fs::symlink;

use wasi::{Access, Errno};

use crate::support::{
    CREAT, DATA, DIRECTORY, Guest, READ, RESULT, ROOT, TRUNC, TempDir, WRITE, nothing,
};

/// A directory with `granted` in it, and things beside it that no guest may reach.
fn house() -> (TempDir, Guest) {
    let house = TempDir::new();
    let granted = house.path().join("granted");
    std::fs::create_dir(&granted).unwrap();
    std::fs::write(house.path().join("secret"), "secret").unwrap();
    std::fs::create_dir(house.path().join("outside")).unwrap();
    symlink("../secret", granted.join("up")).unwrap();
    symlink(house.path().join("secret"), granted.join("absolute")).unwrap();
    symlink("/", granted.join("root")).unwrap();
    symlink("..", granted.join("parent")).unwrap();
    symlink("inner/../../secret", granted.join("winding")).unwrap();
    std::fs::create_dir(granted.join("inner")).unwrap();
    symlink("../../outside", granted.join("inner/out")).unwrap();
    let guest = Guest::new(nothing().preopen(&granted, "/data", Access::ReadWrite));
    (house, guest)
}

const ESCAPES: &[&str] = &[
    "../secret",
    "./../secret",
    "inner/../../secret",
    "inner/./.././../secret",
    "up",
    "absolute",
    "root",
    "root/etc/passwd",
    "parent",
    "parent/secret",
    "winding",
    "inner/out",
    "inner/out/x",
    "/etc/passwd",
    "//etc/passwd",
    "..",
    "../",
    "../granted/inner",
    "inner/../..",
    "/",
];

#[test]
fn no_path_leads_outside() {
    let (_house, mut guest) = house();
    let denied = Some(Errno::Perm);
    for path in ESCAPES {
        for oflags in [0, DIRECTORY] {
            let opened = guest.open_with(ROOT, 1, path, oflags, READ, 0);
            assert_eq!(opened, Err(Errno::Perm), "open {path}");
        }
        let written = guest.open_with(ROOT, 1, path, CREAT | TRUNC, WRITE, 0);
        assert!(
            matches!(written, Err(Errno::Perm)),
            "write {path}: {written:?}"
        );
        assert_eq!(guest.path_filestat(1, path).err(), denied, "look at {path}");
        let times = guest.on_path("path_filestat_set_times", &[ROOT, 1], path, &[0, 0, 8]);
        assert_eq!(times.err(), denied, "set times of {path}");
    }
    assert_eq!(guest.ctx.hints().len(), 16);
    assert_eq!(
        guest.ctx.hints()[0],
        "open '../secret': it is outside of '/data', the granted directory it was looked up in; \
         grant its own with --dir HOST::GUEST"
    );
}

#[test]
fn no_change_is_made_outside() {
    let (house, mut guest) = house();
    guest.create("mine");
    for path in [
        "../made",
        "parent/made",
        "inner/out/made",
        "/made",
        "root/made",
    ] {
        let denied = Err(Errno::Perm);
        assert_eq!(
            guest.on_path("path_create_directory", &[ROOT], path, &[]),
            denied,
            "{path}"
        );
        assert_eq!(guest.open(path, CREAT, WRITE).map(drop), denied, "{path}");
        assert_eq!(
            guest.on_two("path_symlink", (&[], "x"), (&[ROOT], path)),
            denied,
            "{path}"
        );
        assert_eq!(
            guest.on_two("path_link", (&[ROOT, 0], "mine"), (&[ROOT], path)),
            denied
        );
        assert_eq!(
            guest.on_two("path_rename", (&[ROOT], "mine"), (&[ROOT], path)),
            denied
        );
    }
    for path in ["../secret", "parent/secret", "/secret"] {
        let denied = Err(Errno::Perm);
        assert_eq!(
            guest.on_path("path_unlink_file", &[ROOT], path, &[]),
            denied,
            "{path}"
        );
        assert_eq!(
            guest.on_two("path_rename", (&[ROOT], path), (&[ROOT], "got")),
            denied
        );
        assert_eq!(
            guest.on_two("path_link", (&[ROOT, 0], path), (&[ROOT], "got")),
            denied
        );
    }
    let removed = guest.on_path("path_remove_directory", &[ROOT], "../outside", &[]);
    assert_eq!(removed, Err(Errno::Perm));
    let read = guest.on_path("path_readlink", &[ROOT], "absolute", &[DATA, 100, RESULT]);
    assert_eq!(read, Err(Errno::Perm));
    let mut names: Vec<_> = std::fs::read_dir(house.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["granted", "outside", "secret"]);
    assert_eq!(
        std::fs::read_dir(house.path().join("outside"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_link_the_guest_makes_leads_nowhere_either() {
    let (_house, mut guest) = house();
    guest
        .on_two("path_symlink", (&[], "../secret"), (&[ROOT], "mine"))
        .unwrap();
    let opened = guest.open_with(ROOT, 1, "mine", 0, READ, 0);
    assert_eq!(opened, Err(Errno::Perm));
    // A link that is inside, moved up so that what it says leads outside.
    guest
        .on_two("path_symlink", (&[], "../inner"), (&[ROOT], "inner/deep"))
        .unwrap();
    guest
        .open_with(ROOT, 1, "inner/deep", DIRECTORY, 0, 0)
        .unwrap();
    guest
        .on_two("path_rename", (&[ROOT], "inner/deep"), (&[ROOT], "deep"))
        .unwrap();
    let opened = guest.open_with(ROOT, 1, "deep", DIRECTORY, 0, 0);
    assert_eq!(opened, Err(Errno::Perm));
}

#[test]
fn a_directory_below_is_no_way_up() {
    let (_house, mut guest) = house();
    let inner = guest.open("inner", DIRECTORY, 0).unwrap();
    for path in ["..", "../inner", "../mine"] {
        let opened = guest.open_with(inner, 1, path, 0, 0, 0);
        assert_eq!(opened, Err(Errno::Perm), "{path}");
    }
}

#[test]
fn reading_directories_change_nothing() {
    let directory = TempDir::new();
    std::fs::write(directory.path().join("file"), "text").unwrap();
    std::fs::create_dir(directory.path().join("dir")).unwrap();
    let other = TempDir::new();
    let builder = nothing()
        .preopen(directory.path(), "/data", Access::ReadOnly)
        .preopen(other.path(), "/other", Access::ReadWrite);
    let mut guest = Guest::new(builder);
    let rofs = Err(Errno::Rofs);
    assert_eq!(guest.open("file", 0, WRITE).map(drop), rofs);
    assert_eq!(guest.open("file", TRUNC, 0).map(drop), rofs);
    assert_eq!(guest.open("new", CREAT, READ).map(drop), rofs);
    assert_eq!(guest.open("new", 0, WRITE), Err(Errno::Noent));
    assert_eq!(guest.open("file", CREAT | 4, 0), Err(Errno::Exist));
    let fd = guest.open("file", CREAT, READ).unwrap();
    assert_eq!(guest.read(fd, 10), Ok(b"text".to_vec()));
    assert_eq!(guest.call("fd_filestat_set_times", &[fd, 0, 0, 4]), rofs);
    assert_eq!(guest.call("fd_filestat_set_times", &[ROOT, 0, 0, 4]), rofs);
    assert_eq!(
        guest.call("fd_filestat_set_size", &[fd, 0]),
        Err(Errno::Badf)
    );
    // What is below is for reading only too.
    let below = guest.open("dir", DIRECTORY, 0).unwrap();
    assert_eq!(
        guest.on_path("path_create_directory", &[below], "new", &[]),
        rofs
    );
    assert_eq!(
        guest.on_path("path_create_directory", &[ROOT], "new", &[]),
        rofs
    );
    assert_eq!(
        guest.on_path("path_remove_directory", &[ROOT], "dir", &[]),
        rofs
    );
    assert_eq!(
        guest.on_path("path_unlink_file", &[ROOT], "file", &[]),
        rofs
    );
    let times = guest.on_path("path_filestat_set_times", &[ROOT, 0], "file", &[0, 0, 4]);
    assert_eq!(times, rofs);
    assert_eq!(
        guest.on_two("path_symlink", (&[], "x"), (&[ROOT], "link")),
        rofs
    );
    // A second name in a directory that can be written to would make the file writable.
    assert_eq!(
        guest.on_two("path_link", (&[ROOT, 0], "file"), (&[ROOT + 1], "file")),
        rofs
    );
    assert_eq!(
        guest.on_two("path_rename", (&[ROOT], "file"), (&[ROOT + 1], "file")),
        rofs
    );
    assert_eq!(
        guest.on_two("path_rename", (&[ROOT + 1], "file"), (&[ROOT], "new")),
        rofs
    );
    assert_eq!(
        guest.ctx.hints()[0],
        "open to write 'file': '/data' is granted for reading only; grant it with \
         --dir HOST::/data (without :ro) to allow changes"
    );
    assert_eq!(
        std::fs::read(directory.path().join("file")).unwrap(),
        b"text"
    );
}

#[test]
fn nothing_granted_is_nothing_found() {
    let mut guest = Guest::new(nothing());
    assert_eq!(
        guest.call("fd_prestat_get", &[ROOT, RESULT]),
        Err(Errno::Badf)
    );
    assert_eq!(guest.open("file", 0, READ), Err(Errno::Badf));
    assert_eq!(
        guest.ctx.hints(),
        [
            "the program looked for directories to work in and none is granted; \
          grant one with --dir HOST::GUEST"
        ]
    );
}

#[test]
fn a_full_table_opens_nothing_more() {
    let directory = TempDir::new();
    let mut guest = Guest::in_directory(&directory, Access::ReadWrite);
    let mut last = Ok(0);
    // The host's own limit may come first.
    for _ in 0..17_000 {
        last = guest.open(".", DIRECTORY, 0);
        if last.is_err() {
            break;
        }
    }
    assert_eq!(last, Err(Errno::Mfile));
    guest.close(1000).unwrap();
    assert_eq!(guest.open(".", DIRECTORY, 0), Ok(1000));
}
