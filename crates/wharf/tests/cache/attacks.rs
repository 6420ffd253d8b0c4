//! What other processes, other users and bad luck can do to the directory: it never shows in what a program does.
//!
//! Apart from what the cache is for, because here nothing is gained from it.

use super::{Directory, Ran, assert_same, expected, program, run, run_with, settings};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use wharf::{CacheConfig, CacheProblem};

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Makes something else than a file at a path.
fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn what_is_no_file_is_not_opened() {
    let directory = Directory::new();
    let program = program("a");
    let cold = run(directory.config(), &program);
    let check = |place: &Path, what: &str| {
        let ran = run(directory.config(), &program);
        assert_same(&ran, &cold);
        assert_eq!(ran.found, 0, "{what}");
        assert!(
            !place.exists() || !place.is_file() || ran.has_kept,
            "{what}"
        );
    };
    for place in [directory.entry(), directory.only("used")] {
        let is_entry = place == directory.entry();
        // A pipe that nobody writes to would be waited for without end.
        fs::remove_file(&place).unwrap();
        make_pipe(&place);
        if is_entry {
            check(&place, "a pipe");
        } else {
            assert_eq!(run(directory.config(), &program).found, cold.compiled);
        }
        // Written entries replace what is there.
        if fs::symlink_metadata(&place).is_ok_and(|found| !found.is_file()) {
            fs::remove_file(&place).unwrap();
        }
        run(directory.config(), &program);
        assert_eq!(run(directory.config(), &program).found, cold.compiled);
    }
}

#[test]
fn links_to_other_files_are_not_followed() {
    let directory = Directory::new();
    let program = program("a");
    let cold = run(directory.config(), &program);
    let entry = directory.entry();
    // Even to what would be good: it may be where others can write.
    let elsewhere = directory.0.join("elsewhere");
    fs::rename(&entry, &elsewhere).unwrap();
    symlink(&elsewhere, &entry).unwrap();
    let before = fs::read(&elsewhere).unwrap();
    let ran = run(directory.config(), &program);
    assert_same(&ran, &cold);
    assert_eq!(ran.found, 0);
    // What was written has replaced the link, not what it leads to.
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
    // The directory itself may be a link of ours.
    let cache = directory.0.join("cache");
    let moved = directory.0.join("moved");
    fs::rename(&cache, &moved).unwrap();
    symlink(&moved, &cache).unwrap();
    run(directory.config(), &program);
    assert_eq!(run(directory.config(), &program).found, cold.compiled);
}

#[test]
fn files_of_other_users_are_not_used() {
    let directory = Directory::new();
    if fs::metadata(&directory.0).unwrap().uid() != 0 {
        // Only the administrator can give files away.
        return;
    }
    let program = program("a");
    let cold = run(directory.config(), &program);
    let give = |path: &Path, user| std::os::unix::fs::chown(path, Some(user), None).unwrap();
    let entry = directory.entry();
    give(&entry, 12345);
    let ran = run(directory.config(), &program);
    assert_same(&ran, &cold);
    assert_eq!(ran.found, 0);
    assert_eq!(ran.problem, Some(CacheProblem::FileOfOthers));
    let cache = directory.0.join("cache");
    give(&cache, 12345);
    let ran = run(directory.config(), &program);
    assert_eq!((ran.found, ran.has_kept), (0, false));
    assert_eq!(ran.problem, Some(CacheProblem::DirectoryOfOthers));
    give(&cache, 0);
}

#[test]
fn a_directory_that_others_may_write_to_is_left_alone() {
    for mode in [0o770, 0o777, 0o1777, 0o702, 0o720] {
        let directory = Directory::new();
        let program = program("a");
        let cold = run(directory.config(), &program);
        let cache = directory.0.join("cache");
        allow(&cache, mode);
        let before = directory.all_files();
        let ran = run(directory.config(), &program);
        assert_same(&ran, &cold);
        assert_eq!((ran.found, ran.has_kept), (0, false), "{mode:o}");
        assert_eq!(ran.problem, Some(CacheProblem::DirectoryOfOthers));
        assert_eq!(directory.all_files(), before, "{mode:o}");
        // Who may only look does no harm.
        allow(&cache, 0o755);
        assert_eq!(run(directory.config(), &program).found, cold.compiled);
    }
}

#[test]
fn what_cannot_be_written_is_not_missed() {
    let directory = Directory::new();
    let program = program("a");
    let expected = expected(&program);
    let cache = directory.0.join("cache");
    fs::create_dir(&cache).unwrap();
    allow(&cache, 0o500);
    let is_administrator = fs::metadata(&cache).unwrap().uid() == 0;
    let ran = run(directory.config(), &program);
    assert_same(&ran, &expected);
    if !is_administrator {
        assert_eq!(ran.problem, Some(CacheProblem::CannotWrite));
        assert_eq!(directory.all_files(), [] as [PathBuf; 0]);
    }
    allow(&cache, 0o700);
    // A directory in place of what would be renamed to.
    run(directory.config(), &program);
    let entry = directory.entry();
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    let ran = run(directory.config(), &program);
    assert_same(&ran, &expected);
    assert!(!ran.has_kept);
    assert_eq!(directory.files("part"), [] as [PathBuf; 0]);
}

#[test]
fn files_that_were_given_up_go_and_others_do_not() {
    let directory = Directory::new();
    let (a, b) = (program("a"), program("b"));
    run(directory.config(), &a);
    let cache = directory.0.join("cache");
    let (old, new, foreign) = (
        cache.join("00.code-1-0.part"),
        cache.join("01.code-1-0.part"),
        cache.join("notes.txt"),
    );
    for path in [&old, &new, &foreign] {
        fs::write(path, "something").unwrap();
    }
    let file = |path: &Path| fs::File::options().write(true).open(path).unwrap();
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    file(&old).set_modified(past).unwrap();
    // A clock that was ahead is not taken for a great age.
    let future = std::time::SystemTime::now() + std::time::Duration::from_secs(90_000);
    file(&new).set_modified(future).unwrap();
    file(&directory.entry()).set_modified(future).unwrap();
    assert!(run(directory.config(), &b).has_kept);
    assert!(!old.exists() && new.exists() && foreign.exists());
    assert_eq!(directory.entries().len(), 2);
    directory.config().clear().unwrap();
    assert!(foreign.exists());
    assert_eq!(directory.all_files().len(), 1);
}

#[test]
fn an_entry_may_be_replaced_while_its_code_runs() {
    let directory = Directory::new();
    let program = program("a");
    let cold = run(directory.config(), &program);
    let engine = wharf::Engine::new(&settings(Some(directory.config()))).unwrap();
    let module = wharf::Module::new(&engine, &program).unwrap();
    assert!(engine.stats().cached.functions > 0);
    // As another process would, with something else; what is mapped is still the old one.
    let entry = directory.entry();
    let other = entry.with_extension("other");
    fs::write(&other, vec![0xcc; 1 << 16]).unwrap();
    fs::rename(&other, &entry).unwrap();
    let ran = super::run_module(&module, false);
    assert_same(&ran, &cold);
    drop(module);
    fs::remove_file(directory.entry()).ok();
    assert_same(&run(directory.config(), &program), &cold);
}

/// What [`many_processes_write_and_make_room_at_once`] starts.
const DIRECTORY_OF_PROCESS: &str = "WHARF_TEST_CACHE_DIRECTORY";

/// How much room its processes have.
const ROOM_OF_PROCESS: &str = "WHARF_TEST_CACHE_BYTES";

#[test]
fn as_a_process_of_its_own() {
    let Some(path) = std::env::var_os(DIRECTORY_OF_PROCESS) else {
        return;
    };
    let mut programs = Vec::new();
    for mark in ["a", "b", "c"] {
        let program = program(mark);
        programs.push((expected(&program), program));
    }
    let room = std::env::var(ROOM_OF_PROCESS).unwrap().parse().unwrap();
    let cache = CacheConfig::new(path).bytes_max(room);
    for round in 0..8 {
        let (expected, program) = &programs[(round + std::process::id() as usize) % 3];
        let ran: Ran = run_with(&settings(Some(cache.clone())), program, false);
        assert_same(&ran, expected);
        assert_ne!(ran.problem, Some(CacheProblem::Damaged));
    }
}

#[test]
fn many_processes_write_and_make_room_at_once() {
    let directory = Directory::new();
    run(directory.config(), &program("a"));
    // For two of three, so that entries go all the time.
    let room = fs::metadata(directory.entry()).unwrap().len() * 5 / 2;
    let this = std::env::current_exe().unwrap();
    let start = |_| {
        Command::new(&this)
            .args(["attacks::as_a_process_of_its_own", "--exact"])
            .env(DIRECTORY_OF_PROCESS, directory.0.join("cache"))
            .env(ROOM_OF_PROCESS, room.to_string())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let processes: Vec<_> = (0..8).map(start).collect();
    for process in processes {
        let ended = process.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success(), "{told}");
        assert!(told.contains("1 passed"), "{told}");
    }
    assert_eq!(directory.files("part"), [] as [PathBuf; 0]);
    let bytes: u64 = directory
        .all_files()
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    // Whoever wrote last has made room.
    assert!(bytes <= room, "{bytes} of {room}");
}
