//! The floors of the house as a table, compared with what cargo says each crate imports.
//!
//! Imports go down, never up, and sideways only where a row lists it. This file is the one place that says so in a form
//! a machine can check; ARCHITECTURE.md says it in prose.

use std::path::Path;
use std::process::Command;

use super::Report;
use crate::json::Json;

/// A crate of the house.
struct Room {
    /// The folder below `crates/`, and the name that code says.
    name: &'static str,
    /// 0 words, 1 contracts, 2 machine, 3 tiers, 4 engine, 5 doors.
    floor: u8,
    /// The rooms it may import.
    imports: &'static [&'static str],
}

/// Every room. A crate that is not here fails the check: decide its floor first.
const ROOMS: &[Room] = &[
    Room {
        name: "ops",
        floor: 0,
        imports: &[],
    },
    Room {
        name: "asm",
        floor: 0,
        imports: &[],
    },
    Room {
        name: "module",
        floor: 1,
        imports: &["ops"],
    },
    Room {
        name: "abi",
        floor: 1,
        imports: &["ops", "module"],
    },
    Room {
        name: "sys",
        floor: 2,
        imports: &[],
    },
    Room {
        name: "gc",
        floor: 2,
        imports: &["sys", "abi"],
    },
    Room {
        name: "runtime",
        floor: 2,
        imports: &["gc", "sys", "abi", "module", "ops"],
    },
    Room {
        name: "interp",
        floor: 3,
        imports: &["runtime", "module", "ops"],
    },
    Room {
        name: "ir",
        floor: 3,
        imports: &["module", "ops"],
    },
    Room {
        name: "passes",
        floor: 3,
        imports: &["ir", "module", "ops"],
    },
    Room {
        name: "optimizing",
        floor: 3,
        imports: &["passes", "ir", "abi", "module", "ops"],
    },
    Room {
        name: "baseline",
        floor: 3,
        imports: &["asm", "abi", "module", "ops"],
    },
    Room {
        name: "text",
        floor: 3,
        imports: &["module"],
    },
    Room {
        name: "inspect",
        floor: 3,
        imports: &["module", "ops", "text"],
    },
    Room {
        name: "rewrite",
        floor: 3,
        imports: &["module"],
    },
    Room {
        name: "surgery",
        floor: 3,
        imports: &["module", "rewrite"],
    },
    Room {
        name: "opt",
        floor: 3,
        imports: &["passes", "ir", "rewrite", "module", "ops"],
    },
    Room {
        name: "wharf",
        floor: 4,
        imports: &[
            "ops",
            "module",
            "abi",
            "sys",
            "runtime",
            "interp",
            "ir",
            "passes",
            "baseline",
            "optimizing",
            "text",
        ],
    },
    Room {
        name: "wasi",
        floor: 4,
        imports: &["wharf"],
    },
    Room {
        name: "script",
        floor: 4,
        imports: &["wharf", "text"],
    },
    Room {
        name: "snapshot",
        floor: 4,
        imports: &["wharf", "module"],
    },
    Room {
        name: "cli",
        floor: 5,
        imports: &[
            "wharf", "wasi", "script", "snapshot", "text", "inspect", "surgery", "opt",
        ],
    },
];

/// Packages beside the house, which may look into every room.
const BESIDE: &[&str] = &["xtask", "wharf-tests"];

/// Outside packages that only some rooms may import; a trailing `*` stands for any ending.
const OWNED: &[(&str, &[&str])] = &[
    ("wasmparser", &["module", "rewrite", "inspect", "surgery"]),
    ("wasm-encoder", &["rewrite", "surgery"]),
    ("wasm-metadata", &["inspect", "surgery"]),
    ("wasm-mutate", &["surgery"]),
    ("wasm-shrink", &["surgery"]),
    ("regex", &["surgery"]),
    ("wasm-smith", &["surgery"]),
    ("arbitrary", &["surgery"]),
    ("cranelift*", &["optimizing"]),
    ("wast", &["text"]),
    ("wat", &["text"]),
    ("wasmprinter", &["text"]),
    ("libc", &["sys"]),
    ("rustix", &["sys", "wasi"]),
    ("cap-*", &["wasi"]),
    ("clap*", &["cli"]),
    ("indicatif", &["cli"]),
];

/// Other engines: no package of the workspace may stand on them.
const REFUSED: &[&str] = &["wasmtime*", "wasmer*", "wasmi*"];

/// What tests of any room may use although it lies higher: modules in tests are written as text.
const TESTS_MAY_IMPORT: &str = "text";

/// Compares the table with the manifests of all packages.
pub fn check(root: &Path, report: &mut Report) -> Result<(), String> {
    let metadata = read_metadata(root)?;
    for package in metadata.get("packages").elements() {
        let name = package.get("name").as_str().unwrap_or_default();
        let room = room_of_package(name);
        if room.is_none() && !BESIDE.contains(&name) {
            report.problem(format!(
                "crate {name} has no floor: give it a row in xtask/src/tidy/walls.rs and in ARCHITECTURE.md"
            ));
        }
        for dependency in package.get("dependencies").elements() {
            let imported = dependency.get("name").as_str().unwrap_or_default();
            let for_tests = dependency.get("kind").as_str() == Some("dev");
            if let Some(problem) = judge(name, room, imported, for_tests) {
                report.problem(problem);
            }
        }
    }
    Ok(())
}

/// Says what is wrong with one import, if anything is.
fn judge(name: &str, room: Option<&Room>, imported: &str, for_tests: bool) -> Option<String> {
    if REFUSED.iter().any(|pattern| matches(pattern, imported)) {
        return Some(format!(
            "{name} imports {imported}: other engines stay outside the workspace, in bench/ and fuzz/"
        ));
    }
    let room = room?;
    if let Some(other) = room_of_package(imported) {
        let reachable = room.imports.contains(&other.name)
            || for_tests && (other.floor <= room.floor || other.name == TESTS_MAY_IMPORT);
        return (!reachable).then(|| {
            format!(
                "{} (floor {}) may not import {} (floor {}); it may import: {}",
                room.name,
                room.floor,
                other.name,
                other.floor,
                if room.imports.is_empty() {
                    "nothing of ours".to_owned()
                } else {
                    room.imports.join(" ")
                }
            )
        });
    }
    let (_, owners) = OWNED
        .iter()
        .find(|(pattern, _)| matches(pattern, imported))?;
    (!owners.contains(&room.name)).then(|| {
        format!(
            "{} may not import {imported}: only {} may",
            room.name,
            owners.join(" and ")
        )
    })
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

/// The room of a package: `wharf-ops` is `ops`, and `wharf` is itself.
fn room_of_package(package: &str) -> Option<&'static Room> {
    let name = package.strip_prefix("wharf-").unwrap_or(package);
    ROOMS.iter().find(|room| room.name == name)
}

fn read_metadata(root: &Path) -> Result<Json, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Json::parse(&String::from_utf8_lossy(&output.stdout))
}

#[cfg(test)]
mod tests {
    use super::{ROOMS, judge, room_of_package};

    fn check(package: &str, imported: &str, for_tests: bool) -> bool {
        judge(package, room_of_package(package), imported, for_tests).is_none()
    }

    #[test]
    fn imports_go_down() {
        for room in ROOMS {
            for import in room.imports {
                let below = room_of_package(import).expect("rows name rooms");
                assert!(below.floor <= room.floor, "{} imports {import}", room.name);
            }
        }
        assert!(check("wharf-module", "wharf-ops", false));
        assert!(!check("wharf-ops", "wharf-module", false));
        assert!(!check("wharf-interp", "wharf-optimizing", false));
        assert!(check("wharf-module", "wharf-text", true));
        assert!(!check("wharf-module", "wharf", true));
    }

    #[test]
    fn outside_packages_have_owners() {
        assert!(check("wharf-module", "wasmparser", false));
        assert!(!check("wharf-ir", "wasmparser", false));
        assert!(!check("wharf-runtime", "cranelift-entity", false));
        assert!(check("wharf-interp", "smallvec", false));
        assert!(!check("wharf-tests", "wasmtime", false));
        assert!(!check("xtask", "wasmi_core", true));
    }

    #[test]
    fn the_table_is_sorted_by_floor() {
        assert!(ROOMS.is_sorted_by_key(|room| room.floor));
    }
}
