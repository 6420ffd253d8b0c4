//! A file is a test: a function, `----`, and what the pass that the folder is named after makes of it. `UPDATE=1` rewrites
//! the second part. Before the function there may be a module for it, whose first defined function it then is.

use module::{Features, FuncIdx, Module};
use std::path::Path;
use wharf_passes::Env;

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
    let fail = |error: &dyn std::fmt::Display| -> ! { panic!("{}: {error}", path.display()) };
    let at = before.find("\nfunc ").map_or(0, |at| at + 1);
    let (module, func) = before.split_at(at);
    let module = read_module(module).unwrap_or_else(|error| fail(&error));
    let header = module.header();
    let params = match header.n_defined_funcs() {
        0 => &[],
        _ => header
            .func_type(FuncIdx(header.n_imported_funcs() as u32))
            .params(),
    };
    let verify = |func: &ir::Func| {
        let header = (at > 0).then_some(&**header);
        ir::verify(func, header).unwrap_or_else(|error| fail(&format!("{error}\n{func}")));
    };
    let mut func = ir::parse(func).unwrap_or_else(|error| fail(&error));
    verify(&func);
    wharf_passes::run(&mut func, &Env::new(header, params), &[pass]);
    verify(&func);
    let found = func.to_string();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, format!("{before}----\n{found}")).expect("the file can be written");
    } else {
        assert_eq!(found, after, "{}; UPDATE=1 rewrites it", path.display());
    }
}

/// The module of some text, or an empty one. The functions in it need do nothing.
fn read_module(text: &str) -> Result<Module, String> {
    let text = if text.is_empty() { "(module)" } else { text };
    let wasm = text::wat_to_wasm(text, None).map_err(|error| error.to_string())?;
    let features = Features::decodable();
    module::decode(wasm, &features, &mut |_, _| ()).map_err(|error| error.to_string())
}
