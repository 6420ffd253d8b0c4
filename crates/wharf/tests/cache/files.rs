//! Large modules in files: not read again while they are what they were, and read when they are not.
//!
//! Apart from entries because what is remembered of a file of the user depends on times. They must be old enough to tell changes, so
//! these tests wait for that.

use super::{Directory, Ran, assert_same, program, run_module, settings};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wharf::{CacheProblem, Engine, Module};

/// Times of files tell changes apart that are this far from each other.
const TIMES_TELL: Duration = Duration::from_millis(2100);

/// The program with data that makes it large, most of it for its memory.
fn large(mark: &str, byte: &str) -> Vec<u8> {
    let data = "0123456789abcde".repeat(20_000) + byte;
    let text = program(mark).replace("(memory 1)", "(memory 9) (data (i32.const 70000) DATA)");
    let text = text.replace("DATA", &format!("\"{data}\""));
    // Reads the last byte of the data.
    let text = text.replace(
        "(func (export \"rare\")",
        "(func (export \"last\") (result i32) i32.const 370000 i32.load8_u)\n (func (export \"rare\")",
    );
    let options = text::Options { line_info: false };
    let bytes = text::to_wasm(text.as_bytes(), None, options).unwrap();
    bytes.into_owned()
}

/// A directory with a module in it.
struct App {
    directory: Directory,
    path: PathBuf,
}

impl App {
    fn new() -> App {
        let directory = Directory::new();
        let path = directory.0.join("app.wasm");
        fs::write(&path, large("a", "x")).unwrap();
        App { directory, path }
    }

    /// One that is known by its file.
    fn known() -> App {
        let app = App::new();
        app.know();
        app
    }

    fn know(&self) {
        // Code, then the copy, then, when times tell, the memo.
        for _ in 0..2 {
            self.run();
        }
        self.directory.only("module");
        std::thread::sleep(TIMES_TELL);
        self.run();
        self.directory.only("file");
        assert!(self.is_known());
    }

    fn engine(&self) -> Engine {
        Engine::new(&settings(Some(self.directory.config()))).unwrap()
    }

    fn run(&self) -> Ran {
        run_module(
            &Module::from_file(&self.engine(), &self.path).unwrap(),
            true,
        )
    }

    /// Whether the module is there without reading its file.
    fn is_known(&self) -> bool {
        let found = Module::from_kept_file(&self.engine(), &self.path).unwrap();
        found.is_some()
    }

    fn last(&self) -> i32 {
        last(&Module::from_file(&self.engine(), &self.path).unwrap())
    }
}

/// The last byte of the data.
fn last(module: &Module) -> i32 {
    let mut store = wharf::Store::new(module.engine(), ());
    let instance = wharf::Instance::new(&mut store, module, &[]).unwrap();
    let func = instance.get_typed_func::<(), i32>(&mut store, "last");
    func.unwrap().call(&mut store, ()).unwrap()
}

/// Writes one byte of a file where it is.
fn change(path: &Path, at: u64) {
    let file = fs::File::options().read(true).write(true).open(path);
    let file = file.unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x20], at).unwrap();
}

#[test]
fn a_large_module_is_not_read_again_while_its_file_is_the_same() {
    let app = App::new();
    let cold = app.run();
    assert!(cold.has_kept && cold.found == 0);
    assert!(!app.is_known());
    app.know();
    let module = Module::from_kept_file(&app.engine(), &app.path);
    let module = module.unwrap().unwrap();
    // Its bytes are all there, and its memory.
    assert_eq!(module.hash(), *blake3::hash(&large("a", "x")).as_bytes());
    let warm = run_module(&module, true);
    assert_same(&warm, &cold);
    assert_eq!((warm.compiled, warm.problem), (0, None));
    assert_eq!(last(&module), i32::from(b'x'));
    let entries = app.directory.config().entries().unwrap();
    assert!(
        entries.len() == 1 && entries[0].bytes > 600_000,
        "{entries:?}"
    );
}

#[test]
fn a_file_that_was_changed_or_replaced_is_read() {
    let app = App::known();
    let size = fs::metadata(&app.path).unwrap().len();
    assert_eq!(app.last(), i32::from(b'x'));
    let set = |bytes: &[u8]| {
        // Where it is, and of the same size.
        assert_eq!(bytes.len() as u64, size);
        let mut file = fs::File::options().write(true).open(&app.path).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(bytes).unwrap();
        // Hiding that is not enough.
        file.set_modified(modified).unwrap();
    };
    set(&large("a", "y"));
    assert!(!app.is_known());
    assert_eq!(app.last(), i32::from(b'y'));
    set(&large("a", "x"));
    assert!(!app.is_known());
    assert_eq!(app.last(), i32::from(b'x'));
    app.know();
    // Another file of the same name; nothing at all; a directory.
    let other = app.directory.0.join("other.wasm");
    fs::write(&other, large("a", "z")).unwrap();
    fs::rename(&other, &app.path).unwrap();
    assert!(!app.is_known());
    assert_eq!(app.last(), i32::from(b'z'));
    fs::remove_file(&app.path).unwrap();
    assert!(!app.is_known());
    fs::create_dir(&app.path).unwrap();
    assert!(!app.is_known());
}

#[test]
fn a_module_that_changes_its_own_file_runs_on_as_it_was() {
    let app = App::known();
    let engine = app.engine();
    let module = Module::from_kept_file(&engine, &app.path);
    let module = module.unwrap().unwrap();
    // None of this has been compiled in any run.
    fs::write(&app.path, vec![0x0b; 1 << 20]).unwrap();
    assert_eq!(last(&module), i32::from(b'x'));
    fs::File::create(&app.path).unwrap();
    assert_eq!(last(&module), i32::from(b'x'));
    assert!(!app.is_known());
}

#[test]
fn damage_to_what_is_known_shows() {
    // Each in a directory of its own, at once, as each must wait.
    std::thread::scope(|scope| {
        let damages: [(&str, &[u64]); 3] = [
            ("module", &[3, 20, 50, 80, 5000, 200_000, 400_000]),
            ("code", &[3, 20, 50, 80, 150, 1000, 4500]),
            ("file", &[3, 20, 50, 80, 150, 200]),
        ];
        for (ending, places) in damages {
            scope.spawn(move || {
                let app = App::known();
                let whole = fs::read(app.directory.only(ending)).unwrap();
                for &at in places {
                    let path = app.directory.only(ending);
                    change(&path, at);
                    // Damaged code goes when it is found.
                    assert!(ending == "code" || !app.is_known(), "{ending} at {at}");
                    let ran = app.run();
                    assert_eq!(app.last(), i32::from(b'x'));
                    assert_eq!(ran.backtrace.len(), 3);
                    let is_told = ran.problem == Some(CacheProblem::Damaged);
                    assert!(is_told || ending == "file", "{ending} at {at}");
                    fs::write(path, &whole).unwrap();
                }
                let path = app.directory.only(ending);
                fs::File::options()
                    .write(true)
                    .open(&path)
                    .unwrap()
                    .set_len(70)
                    .unwrap();
                assert_eq!(app.last(), i32::from(b'x'));
            });
        }
    });
}
