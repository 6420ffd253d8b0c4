//! Compiled code that is kept between runs: it is found, means the same, and nothing that happens to the files does harm.

mod attacks;
mod files;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use wharf::{CacheConfig, CacheProblem, Config, Engine, Instance, Module, Store, Trap};

/// A directory of a test's own, gone with it.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(format!("wharf-cache-{process}-{number}"));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        Directory(path)
    }

    fn config(&self) -> CacheConfig {
        CacheConfig::new(self.0.join("cache"))
    }

    /// The only entry.
    fn entry(&self) -> PathBuf {
        self.only("code")
    }

    /// The only file of a kind.
    fn only(&self, ending: &str) -> PathBuf {
        let files = self.files(ending);
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    fn entries(&self) -> Vec<PathBuf> {
        self.files("code")
    }

    fn files(&self, ending: &str) -> Vec<PathBuf> {
        let mut files = self.all_files();
        files.retain(|path| path.extension().is_some_and(|found| found == ending));
        files
    }

    fn all_files(&self) -> Vec<PathBuf> {
        let Ok(files) = fs::read_dir(self.0.join("cache")) else {
            return Vec::new();
        };
        files.map(|file| file.unwrap().path()).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Calls between first and final code in both directions, through a table and by recursion; a trap within; exceptions; objects that
/// a collector moves between. `MARK` makes modules differ.
const PROGRAM: &str = r#"(module $MARK
  (type $op (func (param i32) (result i32)))
  (type $pair (struct (field (mut i32)) (field (ref null $pair))))
  (tag $odd (param i32))
  (table funcref (elem $double $half $fail))
  (memory 1)
  (func $double (type $op) local.get 0 i32.const 1 i32.shl)
  (func $half (type $op)
    local.get 0 i32.const 1 i32.and
    if local.get 0 throw $odd end
    local.get 0 i32.const 1 i32.shr_u)
  (func $fail (type $op) i32.const -1 i32.load)
  (func $apply (param i32 i32) (result i32)
    local.get 1 local.get 0 call_indirect (type $op))
  (func $caught (param i32) (result i32)
    block $handler (result i32)
      try_table (result i32) (catch $odd $handler)
        i32.const 1 local.get 0 call $apply
      end
      return
    end
    i32.const 1000 i32.add)
  (func $sum (param i32) (result i32)
    local.get 0 i32.eqz
    if (result i32) i32.const 0
    else local.get 0 call $caught local.get 0 i32.const 1 i32.sub call $sum i32.add end)
  (func $list (param i32) (result i32) (local $at (ref null $pair)) (local $sum i32)
    loop $more
      local.get 0 local.get $at struct.new $pair local.set $at
      local.get 0 i32.const 1 i32.sub local.tee 0 br_if $more
    end
    loop $next
      local.get $sum local.get $at struct.get $pair 0 i32.add local.set $sum
      local.get $at struct.get $pair 1 local.tee $at
      ref.is_null i32.eqz br_if $next
    end
    local.get $sum)
  (func (export "run") (param i32) (result i32)
    local.get 0 call $sum
    local.get 0 call $list i32.add
    i32.const 0 local.get 0 call $apply i32.add)
  (func (export "trap") (result i32) i32.const 2 i32.const 5 call $apply)
  (func (export "rare") (param i32) (result i32) local.get 0 call $caught call $double)
)"#;

fn program(mark: &str) -> String {
    PROGRAM.replace("MARK", mark)
}

/// What a run shows, and how many functions had code already, and how many needed some.
struct Ran {
    results: Vec<i32>,
    backtrace: Vec<(Option<String>, Option<u32>)>,
    found: u64,
    compiled: u64,
    has_kept: bool,
    problem: Option<CacheProblem>,
}

fn settings(cache: Option<CacheConfig>) -> Config {
    let mut config = Config::new();
    config
        .cache(cache)
        .tier_up_after(3)
        .tier_up_waits(true)
        .gc_stress(true);
    config
}

fn run_with(config: &Config, program: &str, rarely: bool) -> Ran {
    let engine = Engine::new(config).unwrap();
    let module = Module::new(&engine, program).unwrap();
    run_module(&module, rarely)
}

fn run_module(module: &Module, rarely: bool) -> Ran {
    let engine = module.engine();
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[]).unwrap();
    let mut call = |name: &str, argument: i32| {
        let func = instance
            .get_typed_func::<i32, i32>(&mut store, name)
            .unwrap();
        func.call(&mut store, argument).unwrap()
    };
    let mut results: Vec<i32> = (1..30).map(|n| call("run", n)).collect();
    if rarely {
        results.extend([call("rare", 4), call("rare", 5)]);
    }
    let trap = instance
        .get_typed_func::<(), i32>(&mut store, "trap")
        .unwrap();
    let error = trap.call(&mut store, ()).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
    let frames = error.backtrace().frames().iter();
    let backtrace = frames
        .map(|frame| (frame.func_name().map(str::to_owned), frame.module_offset()))
        .collect();
    let has_kept = module.keep_code();
    let stats = engine.stats();
    Ran {
        results,
        backtrace,
        found: stats.cached.functions,
        compiled: stats.first_call.functions,
        has_kept,
        problem: stats.cache_problem,
    }
}

fn run(cache: CacheConfig, program: &str) -> Ran {
    run_with(&settings(Some(cache)), program, false)
}

/// What a run without a cache shows.
fn expected(program: &str) -> Ran {
    run_with(&settings(None), program, false)
}

fn assert_same(a: &Ran, b: &Ran) {
    assert_eq!(a.results, b.results);
    assert_eq!(a.backtrace, b.backtrace);
}

#[test]
fn a_second_run_compiles_nothing_and_means_the_same() {
    let directory = Directory::new();
    let program = program("a");
    let expected = expected(&program);
    assert!(!expected.has_kept && expected.compiled > 5);
    assert_eq!(expected.backtrace.len(), 3);
    let cold = run(directory.config(), &program);
    assert_same(&cold, &expected);
    assert!(cold.has_kept && cold.found == 0 && cold.compiled > 5);
    for _ in 0..3 {
        let warm = run(directory.config(), &program);
        assert_same(&warm, &expected);
        assert_eq!((warm.found, warm.compiled), (cold.compiled, 0));
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory.entry()), 0o600);
    assert_eq!(mode(directory.config().directory()), 0o700);
}

#[test]
fn what_a_later_run_needs_is_added() {
    let directory = Directory::new();
    let program = program("a");
    let cold = run(directory.config(), &program);
    let config = settings(Some(directory.config()));
    let more = run_with(&config, &program, true);
    assert!(more.compiled > 0 && more.found == cold.compiled);
    // First code of one small function is not worth a file; final code is.
    let mut config = config;
    config.tier_up_after(1);
    let best = run_with(&config, &program, true);
    assert_eq!(best.results, more.results);
    let all = run_with(&config, &program, true);
    assert_eq!(all.results, more.results);
    if more.has_kept || best.has_kept {
        assert_eq!(
            (all.compiled, all.found),
            (0, cold.compiled + more.compiled)
        );
    }
}

#[test]
fn damaged_entries_are_as_none() {
    let directory = Directory::new();
    let program = program("a");
    let cold = run(directory.config(), &program);
    let path = directory.entry();
    let whole = fs::read(&path).unwrap();
    let check = |bytes: &[u8], what: &str| {
        fs::write(&path, bytes).unwrap();
        let engine = Engine::new(&settings(Some(directory.config()))).unwrap();
        Module::new(&engine, &program).unwrap();
        let stats = engine.stats();
        assert_eq!(stats.cached.functions, 0, "{what}");
        assert_eq!(stats.cache_problem, Some(CacheProblem::Damaged), "{what}");
        assert!(!path.exists(), "{what}");
    };
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..200 {
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        let (at, bit) = ((seed >> 33) as usize % whole.len(), seed >> 20 & 7);
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        check(&bytes, &format!("bit {bit} of byte {at}"));
    }
    // Every part of it.
    for at in (0..whole.len()).step_by(61) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        check(&bytes, &format!("byte {at}"));
    }
    for part in 0..50 {
        check(&whole[..whole.len() * part / 50], &format!("{part}/50"));
    }
    for at in 0..128 {
        let mut bytes = whole.clone();
        bytes[at] = !bytes[at];
        check(&bytes, &format!("byte {at} of the head"));
    }
    check(&[&whole[..], b"0"].concat(), "longer");
    check(&vec![0; whole.len()], "zeros");
    check(b"\x7fELF", "something else");
    // The next run makes it anew.
    assert_same(&run(directory.config(), &program), &cold);
    assert_eq!(run(directory.config(), &program).found, cold.compiled);
}

#[test]
fn entries_of_others_are_not_found() {
    let directory = Directory::new();
    let (a, b) = (program("a"), program("b"));
    let cold = run(directory.config(), &a);
    let first = directory.entry();
    // Other settings, other code.
    let mut fuel = settings(Some(directory.config()));
    fuel.consume_fuel(true);
    let engine = Engine::new(&fuel).unwrap();
    Module::new(&engine, &a).unwrap();
    assert_eq!(engine.stats().cached.functions, 0);
    // One entry under the name of another.
    run(directory.config(), &b);
    let second = directory.entries().into_iter().find(|path| *path != first);
    let second = second.unwrap();
    fs::copy(&first, &second).unwrap();
    assert_eq!(run(directory.config(), &b).found, 0);
    assert_eq!(run(directory.config(), &a).found, cold.compiled);
    assert_eq!(run(directory.config(), &b).found, cold.compiled);
}

#[test]
fn what_others_can_write_to_is_not_used() {
    let directory = Directory::new();
    let program = program("a");
    let cold = run(directory.config(), &program);
    let allow = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(&directory.entry(), 0o620);
    assert_eq!(run(directory.config(), &program).found, 0);
    let cache = directory.0.join("cache");
    allow(&cache, 0o777);
    let warm = run(directory.config(), &program);
    assert!(warm.found == 0 && !warm.has_kept);
    assert_eq!(warm.problem, Some(CacheProblem::DirectoryOfOthers));
    assert!(directory.config().entries().is_err() && directory.config().clear().is_err());
    allow(&cache, 0o700);
    assert_eq!(run(directory.config(), &program).found, cold.compiled);
    // A directory, and a link to nothing, in place of the file.
    let entry = directory.entry();
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    assert_same(&run(directory.config(), &program), &cold);
    fs::remove_dir(&entry).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &entry).unwrap();
    assert_same(&run(directory.config(), &program), &cold);
    assert_eq!(run(directory.config(), &program).found, cold.compiled);
}

#[test]
fn a_directory_that_cannot_be_made_is_no_error() {
    let directory = Directory::new();
    let file = directory.0.join("file");
    fs::write(&file, "").unwrap();
    let ran = run(CacheConfig::new(file.join("cache")), &program("a"));
    assert!(ran.found == 0 && !ran.has_kept);
    assert!(CacheConfig::new(file.join("cache")).entries().is_err());
    let absent = CacheConfig::new(directory.0.join("absent"));
    assert_eq!(absent.entries().unwrap(), []);
    assert_eq!(absent.clear().unwrap(), (0, 0));
}

#[test]
fn what_was_not_used_for_longest_goes() {
    let directory = Directory::new();
    run(directory.config(), &program("a"));
    let first = directory.entry();
    let bytes = fs::metadata(&first).unwrap().len();
    let small = directory.config().bytes_max(bytes * 5 / 2);
    let age = |path: &Path, seconds| {
        let time = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
        for path in [path.to_owned(), path.with_extension("used")] {
            fs::File::open(path).unwrap().set_modified(time).unwrap();
        }
    };
    age(&first, 90_000);
    run(small.clone(), &program("b"));
    let second = directory.entries().into_iter().find(|path| *path != first);
    let second = second.unwrap();
    age(&second, 80_000);
    // Used now, and so the later of the two.
    assert!(run(small.clone(), &program("a")).found > 0);
    run(small.clone(), &program("c"));
    assert_eq!(directory.entries().len(), 2);
    assert!(first.exists() && !second.exists());
    let entries = small.entries().unwrap();
    assert_eq!(entries[0].name, "c");
    assert_eq!(entries[1].name, "a");
    assert!(
        entries
            .iter()
            .all(|entry| entry.functions > 5 && entry.module_bytes > 200)
    );
    let (files, cleared) = small.clear().unwrap();
    assert_eq!((files, cleared), (4, entries[0].bytes + entries[1].bytes));
    assert_eq!(directory.all_files(), [] as [PathBuf; 0]);
    // Nothing that would fill it alone is written.
    assert!(!run(directory.config().bytes_max(bytes), &program("a")).has_kept);
}

#[test]
fn many_can_read_write_and_clear_at_once() {
    let directory = Directory::new();
    let program = program("a");
    let expected = expected(&program);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_same(&run(directory.config(), &program), &expected);
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..50 {
                directory.config().clear().unwrap();
                directory.config().entries().unwrap();
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        });
    });
    assert_eq!(directory.files("part"), [] as [PathBuf; 0]);
}
