//! Modules that are all about objects: types in hierarchies, fields, globals, tables and functions that are declared to hold more than
//! they do, with casts that so cannot fail.
//!
//! Apart from the generator of any modules because there hardly anything is of a narrower type than it says, and what is reached is
//! little.

mod code;
mod types;
mod values;

use crate::Random;
use code::Writer;
use std::fmt::Write;
use types::{Heap, Kind, Place, RefType, Types};

/// Functions that references refer to: they call nothing. The first of each kind.
const LEAVES: usize = 4;

/// A global.
struct Global {
    kind: Kind,
    mutable: bool,
}

/// A function's type: its number among those that have names, if it is one of these.
#[derive(Clone)]
struct Signature {
    callable: Option<usize>,
    params: Vec<Kind>,
    results: Vec<Kind>,
}

/// A module, as text.
pub(crate) fn module(random: &mut Random) -> String {
    let types = Types::choose(random);
    let mut writer = Writer::new(random, types);
    writer.out += "(module (type $t (func (param i32) (result i32)))\n";
    writer.out += &writer.types.text();
    writer.throws = writer.random.below(4) == 0;
    let payload = RefType::null(Heap::Object(0));
    let _ = writeln!(
        writer.out,
        "(tag $e (param {payload})) (data $d \"object\")"
    );
    writer.globals();
    writer.segments();
    signatures(&mut writer);
    for nth in 0..writer.funcs.len() {
        writer.function(nth);
    }
    exports(&mut writer);
    writer.out += ")";
    writer.out
}

fn signatures(writer: &mut Writer<'_>) {
    let u = Signature {
        callable: Some(1),
        params: vec![Kind::Ref(Place::of(RefType::null(Heap::Object(0))))],
        results: vec![Kind::Ref(Place::of(RefType::null(Heap::Any)))],
    };
    let t = Signature {
        callable: Some(0),
        params: vec![Kind::I32],
        results: vec![Kind::I32],
    };
    for nth in 0..LEAVES {
        writer
            .funcs
            .push(if nth % 2 == 0 { t.clone() } else { u.clone() });
    }
    for _ in 0..2 + writer.random.below(5) {
        let mut kinds = |n: usize| -> Vec<Kind> {
            let kind = |writer: &mut Writer<'_>| match writer.random.below(4) {
                0 => Kind::I32,
                _ => Kind::Ref(writer.types.place(writer.random)),
            };
            (0..n).map(|_| kind(writer)).collect()
        };
        let params = kinds(3);
        let results = kinds(2);
        let (n_params, n_results) = (writer.random.below(4), 1 + writer.random.below(5) / 4);
        writer.funcs.push(Signature {
            callable: None,
            params: params[..n_params].to_vec(),
            results: results[..n_results].to_vec(),
        });
    }
    for _ in 0..2 + writer.random.below(3) {
        writer.funcs.push(t.clone());
    }
}

/// Functions of numbers can be called from outside; now and then something else gets there, too.
fn exports(writer: &mut Writer<'_>) {
    let callable = (0..writer.funcs.len()).filter(|&nth| writer.funcs[nth].callable == Some(0));
    let callable: Vec<usize> = callable.collect();
    for nth in callable.into_iter().filter(|&nth| nth >= LEAVES) {
        match writer.throws {
            false => {
                let _ = writeln!(writer.out, "(export \"f{nth}\" (func $f{nth}))");
            }
            true => {
                let _ = writeln!(
                    writer.out,
                    "(func (export \"f{nth}\") (type $t) (block $c (try_table (catch_all $c) (return (call $f{nth} (local.get 0))))) (i32.const 99))"
                );
            }
        }
    }
    if writer.random.below(8) == 0 {
        let nth = writer.random.below(writer.n_globals());
        let _ = writeln!(writer.out, "(export \"g\" (global $g{nth}))");
    }
    if writer.random.below(8) == 0 {
        writer.out += "(export \"u\" (func $f1))\n";
    }
}

#[cfg(test)]
mod tests {
    use super::module;
    use crate::Random;

    #[test]
    fn what_is_made_is_valid() {
        for seed in 0..300 {
            let text = module(&mut Random::new(seed));
            let bytes = wharf_text::wat_to_wasm(&text, None);
            let bytes = bytes.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
            let mut validator =
                wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
            let outcome = validator.validate_all(&bytes);
            outcome.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        }
    }
}
