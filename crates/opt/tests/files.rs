//! A file is a test: a module, `----`, and what the steps make of it that the folder is named after, in their order. `UPDATE=1` rewrites
//! the second part. What comes out is valid. In a file that starts with `;; --closed-world` no other module has the types.

use module::Features;
use std::path::{Path, PathBuf};
use wharf_opt::{Level, Options, Step};

#[test]
fn each_step_does_what_its_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut n_files = 0;
    for folder in entries(&folder).into_iter().filter(|path| path.is_dir()) {
        let steps = steps(folder.file_name().and_then(|name| name.to_str()));
        for file in entries(&folder) {
            check(&file, &steps);
            n_files += 1;
        }
    }
    assert!(n_files > 0, "there are no tests");
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    entries
        .map(|entry| entry.expect("the folder can be read").path())
        .collect()
}

/// The steps that a folder is named after, joined by `+`.
fn steps(name: Option<&str>) -> Vec<Step> {
    let step = |name: &str| {
        let level = |level: &str| {
            let mut all = Level::ALL.iter();
            all.find(|(letter, _)| level.strip_prefix('O') == Some(letter))
        };
        if let Some((_, level)) = level(name) {
            return Step::Level(*level);
        }
        let named = wharf_opt::steps()
            .into_iter()
            .find(|step| step.name == name);
        named
            .unwrap_or_else(|| panic!("there is no step named {name}"))
            .step
    };
    name.expect("names are text").split('+').map(step).collect()
}

fn check(path: &Path, steps: &[Step]) {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let (before, after) = text.split_once("----\n").expect("the parts are separated");
    let fail = |error: &dyn std::fmt::Display| -> ! { panic!("{}: {error}", path.display()) };
    let before_wasm = text::wat_to_wasm(before, None).unwrap_or_else(|error| fail(&error));
    let options = Options {
        n_threads: 1,
        closed_world: before.starts_with(";; --closed-world\n"),
        ..Options::default()
    };
    let report =
        wharf_opt::optimize(before_wasm, steps, &options).unwrap_or_else(|error| fail(&error));
    let mut scratch = module::ReadScratch::default();
    module::decode(
        report.bytes.clone(),
        &Features::decodable(),
        &mut |_, input| {
            if let Err(error) = input.validate(&mut scratch) {
                fail(&error);
            }
        },
    )
    .unwrap_or_else(|error| fail(&error));
    let printed = text::print_to_string(&report.bytes, &text::PrintOptions::default());
    let found = printed.unwrap_or_else(|error| fail(&error));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, format!("{before}----\n{found}")).expect("the file can be written");
    } else {
        assert_eq!(found, after, "{}; UPDATE=1 rewrites it", path.display());
    }
}
