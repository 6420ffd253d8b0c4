//! A file is a test: a module, `----`, and its first function after calls in it were replaced by the bodies of their callees.
//! `UPDATE=1` rewrites the second part. A line `;; all` says that limits are those of tests, one like `;; times 2 5000+` how often function
//! 2 was counted, and that it went on without being counted.

use ir::{BuildOptions, Builder};
use module::{Features, FuncIdx, FuncInput, ReadScratch};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use wharf_passes::{Bodies, Body, Env, Limits, inline_sites, run};

/// The functions of a module, and what is known of how it runs.
struct Whole {
    inputs: Vec<FuncInput>,
    n_imported: usize,
    times: HashMap<u32, (u64, bool)>,
}

impl Whole {
    fn build(&self, func: FuncIdx) -> Option<ir::Func> {
        let input = self.inputs[func.index().checked_sub(self.n_imported)?].clone();
        let (mut builder, mut scratch) = (Builder::new(), ReadScratch::default());
        let reader = input.read(&mut scratch).expect("the module is valid");
        let func = builder.build(reader, BuildOptions::default());
        Some(func.expect("the function can be built").clone())
    }
}

impl Bodies for Whole {
    fn body(&mut self, func: FuncIdx) -> Option<Arc<Body>> {
        Some(Arc::new(Body::new(self.build(func)?)))
    }

    fn times(&self, func: FuncIdx) -> u64 {
        self.times.get(&func.0).map_or(0, |(counted, _)| *counted)
    }

    fn times_max(&self, func: FuncIdx) -> Option<u64> {
        let goes_on = self.times.get(&func.0).is_some_and(|(_, more)| *more);
        (!goes_on).then(|| self.times(func))
    }
}

#[test]
fn each_file_says_what_becomes_of_its_first_function() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inline");
    let mut n_files = 0;
    for file in std::fs::read_dir(folder).expect("the folder can be read") {
        check(&file.expect("the folder can be read").path());
        n_files += 1;
    }
    assert!(n_files > 0);
}

fn check(path: &Path) {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let (wat, after) = text.split_once("----\n").unwrap_or((&text, ""));
    let fail = |error: &dyn std::fmt::Display| -> ! { panic!("{}: {error}", path.display()) };
    let wasm = text::wat_to_wasm(wat, None).unwrap_or_else(|error| fail(&error));
    let mut inputs = Vec::new();
    let module = module::decode(wasm, &Features::decodable(), &mut |_, input| {
        inputs.push(input)
    })
    .unwrap_or_else(|error| fail(&error));
    let header = module.header();
    let n_imported = header.n_imported_funcs();
    let times = wat.lines().filter_map(|line| {
        let (func, times) = line.strip_prefix(";; times ")?.split_once(' ')?;
        let counted = times.trim_end_matches('+');
        let known = (counted.parse().ok()?, counted != times);
        Some((func.parse().ok()?, known))
    });
    let mut whole = Whole {
        inputs,
        n_imported,
        times: times.collect(),
    };
    let index = FuncIdx(n_imported as u32);
    let limits = match wat.lines().any(|line| line == ";; all") {
        true => Limits::HIGH,
        false => Limits::USUAL,
    };
    let func = whole.build(index).expect("it is defined");
    let sites = inline_sites(&func, index, &limits, &mut whole);
    let mut out = ir::Func::new();
    ir::inline(&func, Some(index), &sites, &mut out);
    let verify = |func: &ir::Func| {
        ir::verify(func, Some(header)).unwrap_or_else(|error| fail(&format!("{error}\n{func}")));
    };
    verify(&out);
    let params = header.func_type(index).params();
    run(&mut out, &Env::new(header, params), &["fold", "dce"]);
    verify(&out);
    let found = out.to_string();
    let again = ir::parse(&found).unwrap_or_else(|error| fail(&error));
    assert_eq!(again.to_string(), found, "{}", path.display());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, format!("{wat}----\n{found}")).expect("the file can be written");
    } else {
        assert_eq!(found, after, "{}; UPDATE=1 rewrites it", path.display());
    }
}
