//! A file is a test: a function, `----`, and what the pass that the folder is named after makes of it. `UPDATE=1` rewrites
//! the second part.

use std::path::Path;

#[test]
fn each_pass_does_what_its_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for pass in wharf_passes::PASSES {
        let files =
            std::fs::read_dir(folder.join(pass.name)).expect("every pass has a folder of tests");
        let mut n_files = 0;
        for file in files {
            check(&file.expect("the folder can be read").path(), pass.name);
            n_files += 1;
        }
        assert!(n_files > 0, "{} has no tests", pass.name);
    }
}

fn check(path: &Path, pass: &str) {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let (before, after) = text.split_once("----\n").expect("the parts are separated");
    let mut func = ir::parse(before).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    ir::verify(&func, None).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    wharf_passes::run(&mut func, &[pass]);
    ir::verify(&func, None)
        .unwrap_or_else(|error| panic!("{}, after: {error}\n{func}", path.display()));
    let found = func.to_string();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, format!("{before}----\n{found}")).expect("the file can be written");
    } else {
        assert_eq!(found, after, "{}; UPDATE=1 rewrites it", path.display());
    }
}
