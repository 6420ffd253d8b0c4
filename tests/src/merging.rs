//! Modules that are linked, and the same modules merged: both must do the same.
//!
//! Apart from other kinds because a test has two sides that judge each other. The modules come from seeds: the first exports what it
//! can, the second imports of that what it likes, the third of both. What they export is called on both sides, with the same arguments.

use wharf::{Config, Engine, Extern, Features, Instance, Linker, Module, Ref, Store, Val, ValType};

use surgery::{ExportConflicts, MergeInput, Smith, SmithOptions, importer, merge, seed_bytes};

use crate::suite::Test;

/// How many seeds are tried.
const SEEDS: u64 = 12;
const NAMES: [&str; 3] = ["first", "second", "third"];
/// Bytes that decide about one module.
const SEED_BYTES: usize = 1500;
/// Calls and rounds of loops that each module may make.
const FUEL: u32 = 1000;

/// Adds a test for each seed.
pub fn collect(tests: &mut Vec<Test>) {
    for seed in 0..SEEDS {
        let name = format!("any/merge/{seed}");
        tests.push(Test::new(name, move || check(seed)));
    }
}

fn check(seed: u64) -> Result<(), String> {
    let modules = modules(seed)?;
    let inputs: Vec<MergeInput<'_>> = NAMES
        .iter()
        .zip(&modules)
        .map(|(name, wasm)| MergeInput { name, wasm })
        .collect();
    // Modules that are linked may export the same names.
    let merged = merge(&inputs, ExportConflicts::Skip).map_err(|fault| fault.error.to_string())?;
    let mut config = Config::new();
    config.features(Features::runnable());
    let engine = Engine::new(&config).map_err(|error| error.to_string())?;
    let linked = Side::linked(&engine, &modules)?;
    let merged = Side::start(&engine, &[("merged", &merged.wasm)])?;
    match (linked, merged) {
        (None, None) => Ok(()),
        (Some(mut linked), Some(mut merged)) => {
            let (linked, merged) = (linked.observe()?, merged.observe()?);
            if linked.len() != merged.len() {
                return Err(format!(
                    "{} exports linked, {} merged",
                    linked.len(),
                    merged.len()
                ));
            }
            match linked.iter().zip(&merged).find(|(a, b)| a != b) {
                None => Ok(()),
                Some((linked, merged)) => Err(format!("linked: {linked}\nmerged: {merged}")),
            }
        }
        (linked, _) => Err(format!(
            "only {} can be instantiated",
            if linked.is_some() {
                "linked modules"
            } else {
                "the merged one"
            }
        )),
    }
}

/// Modules of a seed, each of which imports from those before it.
fn modules(seed: u64) -> Result<Vec<Vec<u8>>, String> {
    let mut modules: Vec<Vec<u8>> = Vec::new();
    for (at, name) in NAMES.iter().enumerate() {
        let has_gc = seed % 2 == 1;
        // Some options are not public, so it cannot be written as a whole.
        let mut options = SmithOptions::default();
        // What the order of segments and start functions changes is said to change.
        options.allow_start_export = Some(false);
        options.canonicalize_nans = Some(true);
        options.disallow_traps = Some(!seed.is_multiple_of(3));
        options.export_everything = Some(true);
        options.gc_enabled = Some(has_gc);
        options.exceptions_enabled = Some(true);
        options.tail_call_enabled = Some(true);
        options.max_memories = Some(2);
        options.max_tables = Some(2);
        options.max_memory32_bytes = Some(1 << 17);
        options.max_memory64_bytes = Some(1 << 17);
        options.max_table_elements = Some(100);
        options.memory64_enabled = Some(true);
        options.threads_enabled = Some(false);
        options.min_funcs = Some(3);
        options.min_exports = Some(3);
        // The last one to define a name is the one that is imported.
        let imports = match at.checked_sub(1 + (seed as usize / 7) % at.max(1)) {
            Some(from) => {
                let input = MergeInput {
                    name: NAMES[from],
                    wasm: &modules[from],
                };
                importer(&input).map_err(|error| format!("{name}: {error}"))?
            }
            None => b"\0asm\x01\0\0\0".to_vec(),
        };
        let smith = Smith {
            options,
            imports: Some(imports),
            fuel: Some(FUEL),
        };
        let bytes = seed_bytes(seed * 31 + at as u64, SEED_BYTES);
        modules.push(
            smith
                .make(&bytes)
                .map_err(|error| format!("{name}: {error}"))?,
        );
    }
    Ok(modules)
}

/// Instances whose exports are looked at.
struct Side {
    store: Store<()>,
    instances: Vec<Instance>,
}

impl Side {
    fn linked(engine: &Engine, modules: &[Vec<u8>]) -> Result<Option<Side>, String> {
        let named: Vec<(&str, &Vec<u8>)> = NAMES.iter().copied().zip(modules).collect();
        Side::start(engine, &named)
    }

    /// Instantiates modules one after the other; nothing if one traps.
    fn start(engine: &Engine, modules: &[(&str, &Vec<u8>)]) -> Result<Option<Side>, String> {
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        let mut instances = Vec::new();
        for (name, wasm) in modules {
            let module =
                Module::new(engine, wasm).map_err(|error| format!("{name} is refused: {error}"))?;
            let instance = match linker.instantiate(&mut store, &module) {
                Ok(instance) => instance,
                Err(error) if error.trap().is_some() => return Ok(None),
                Err(error) => return Err(format!("{name}: {error}")),
            };
            linker
                .instance(&mut store, name, instance)
                .map_err(|error| error.to_string())?;
            instances.push(instance);
        }
        Ok(Some(Side { store, instances }))
    }

    /// Calls all functions, and then looks at all else. Of exports of the same name the first counts.
    fn observe(&mut self) -> Result<Vec<String>, String> {
        let mut exports: Vec<(String, Extern)> = Vec::new();
        for instance in &self.instances {
            for (name, export) in instance
                .exports(&self.store)
                .map_err(|error| error.to_string())?
            {
                if exports.iter().all(|(other, _)| *other != name) {
                    exports.push((name, export));
                }
            }
        }
        let mut seen = Vec::new();
        for (name, export) in &exports {
            if let Extern::Func(func) = export {
                let ty = func.ty(&self.store).map_err(|error| error.to_string())?;
                let defaults = ty.params().iter().map(|ty| default_of(*ty));
                let params: Option<Vec<Val>> = defaults.collect();
                let shown = match params {
                    Some(params) => match func.call(&mut self.store, &params) {
                        Ok(results) => results.iter().map(shown).collect::<Vec<_>>().join(" "),
                        Err(error) => error.trap().map_or("failed".to_owned(), |t| t.to_string()),
                    },
                    None => "takes what we cannot make".to_owned(),
                };
                seen.push(format!("{name}: {shown}"));
            }
        }
        for (name, export) in &exports {
            let shown = match export {
                Extern::Global(global) => {
                    let value = global.get(&mut self.store);
                    value.map_or("failed".to_owned(), |value| shown(&value))
                }
                Extern::Memory(memory) => {
                    let data = memory
                        .data(&self.store)
                        .map_err(|error| error.to_string())?;
                    let sum = data.iter().fold(0_u64, |sum, byte| {
                        sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
                    });
                    format!("{} bytes, {sum:x}", data.len())
                }
                Extern::Table(table) => {
                    let size = table.size(&self.store);
                    format!("{:?} elements", size.map_err(|error| error.to_string())?)
                }
                _ => continue,
            };
            seen.push(format!("{name}: {shown}"));
        }
        Ok(seen)
    }
}

/// A value to call with; none for references that cannot be null.
fn default_of(ty: ValType) -> Option<Val> {
    match ty {
        ValType::Ref(ty) if !ty.nullable => None,
        ty => Some(Val::default_of(ty)),
    }
}

/// A value; of references only whether they are null.
fn shown(value: &Val) -> String {
    let is_null = match value {
        Val::Ref(Ref::Func(func)) => func.is_none(),
        Val::Ref(Ref::Extern(value)) => value.is_none(),
        Val::Ref(Ref::Exn(exception)) => exception.is_none(),
        Val::Ref(Ref::Any(value)) => value.is_none(),
        number => return format!("{number:?}"),
    };
    format!("null: {is_null}")
}
