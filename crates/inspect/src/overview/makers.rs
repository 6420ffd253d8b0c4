//! Who made a file: what it says itself, and what only this or that toolchain leaves behind.
//!
//! Apart because it is a table of habits, each with how sure it makes one.

use super::Overview;

/// How sure a conclusion is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Certainty {
    /// The file says so itself.
    Stated,
    /// Nobody else is known to do that.
    Sure,
    /// Others could do that, too.
    Likely,
}

impl Certainty {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Certainty::Stated => "stated",
            Certainty::Sure => "sure",
            Certainty::Likely => "likely",
        }
    }
}

/// A language or tool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Maker {
    /// Which, with its version if that is known.
    pub what: String,
    /// How sure that is.
    pub certainty: Certainty,
    /// What it is concluded from.
    pub evidence: String,
}

/// Where traces are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The module of an import, as a whole.
    ImportModule,
    /// How the name of an import begins.
    Import,
    /// The name of an export, as a whole.
    Export,
    /// How the name of a function begins.
    Function,
    /// The name of a custom section, as a whole.
    Section,
    /// Anywhere in the data.
    Data,
}

/// A trace: what, where, of whom, and how sure.
struct Trace(Place, &'static str, &'static str, Certainty);

const TRACES: &[Trace] = &[
    Trace(
        Place::ImportModule,
        "__wbindgen_placeholder__",
        "Rust with wasm-bindgen",
        Certainty::Sure,
    ),
    Trace(
        Place::ImportModule,
        "wbg",
        "Rust with wasm-bindgen",
        Certainty::Sure,
    ),
    Trace(
        Place::Import,
        "__wbindgen_",
        "Rust with wasm-bindgen",
        Certainty::Sure,
    ),
    Trace(
        Place::Section,
        "__wasm_bindgen_unstable",
        "Rust with wasm-bindgen",
        Certainty::Sure,
    ),
    Trace(Place::ImportModule, "gojs", "Go", Certainty::Sure),
    Trace(Place::Section, "go.buildid", "Go", Certainty::Sure),
    Trace(Place::Section, "go:buildid", "Go", Certainty::Sure),
    Trace(Place::Function, "runtime.gopark", "Go", Certainty::Sure),
    Trace(Place::Data, "Go build ID: \"", "Go", Certainty::Sure),
    Trace(Place::Data, "Go buildinf:", "Go", Certainty::Sure),
    Trace(
        Place::Export,
        "asyncify_start_unwind",
        "Asyncify of Binaryen",
        Certainty::Sure,
    ),
    Trace(Place::Function, "tinygo_", "TinyGo", Certainty::Sure),
    Trace(Place::Export, "__pin", "AssemblyScript", Certainty::Likely),
    Trace(
        Place::Function,
        "~lib/rt/",
        "AssemblyScript",
        Certainty::Sure,
    ),
    Trace(
        Place::Data,
        "~\0l\0i\0b\0/\0r\0t\0/",
        "AssemblyScript",
        Certainty::Sure,
    ),
    Trace(Place::Import, "emscripten_", "Emscripten", Certainty::Sure),
    Trace(Place::Import, "_emscripten_", "Emscripten", Certainty::Sure),
    Trace(
        Place::Import,
        "_embind_register_",
        "Emscripten",
        Certainty::Sure,
    ),
    Trace(
        Place::Export,
        "emscripten_stack_get_current",
        "Emscripten",
        Certainty::Sure,
    ),
    Trace(
        Place::Export,
        "_emscripten_stack_restore",
        "Emscripten",
        Certainty::Sure,
    ),
    Trace(
        Place::Export,
        "__wasm_call_ctors",
        "LLVM",
        Certainty::Likely,
    ),
    Trace(Place::Section, "dylink.0", "LLVM", Certainty::Likely),
    Trace(Place::Section, "linking", "LLVM", Certainty::Likely),
    Trace(
        Place::Function,
        "mono_wasm_",
        ".NET (Mono)",
        Certainty::Sure,
    ),
    Trace(Place::Function, "mono_", ".NET (Mono)", Certainty::Likely),
    Trace(Place::Data, "/rustc/", "Rust", Certainty::Sure),
    Trace(
        Place::Function,
        "rust_begin_unwind",
        "Rust",
        Certainty::Sure,
    ),
    Trace(Place::Function, "__rust_alloc", "Rust", Certainty::Sure),
    Trace(Place::Function, "_ZN4core", "Rust", Certainty::Likely),
    Trace(Place::Function, "debug.panic", "Zig", Certainty::Likely),
    Trace(
        Place::Function,
        "builtin.default_panic",
        "Zig",
        Certainty::Likely,
    ),
    Trace(Place::Function, "$ss", "Swift", Certainty::Likely),
    Trace(Place::Function, "swift_retain", "Swift", Certainty::Sure),
    Trace(
        Place::Import,
        "swjs_",
        "Swift with JavaScriptKit",
        Certainty::Sure,
    ),
    Trace(Place::ImportModule, "dart2wasm", "Dart", Certainty::Sure),
    Trace(
        Place::ImportModule,
        "teavm",
        "Java with TeaVM",
        Certainty::Sure,
    ),
    Trace(Place::Import, "kotlin.", "Kotlin", Certainty::Sure),
    Trace(Place::Function, "kotlin.", "Kotlin", Certainty::Sure),
    Trace(Place::Function, "moonbit.", "MoonBit", Certainty::Likely),
    Trace(Place::Function, "_ZNSt", "C++", Certainty::Likely),
    Trace(Place::Function, "__cxa_", "C++", Certainty::Likely),
    Trace(Place::Function, "__main_void", "wasi-libc", Certainty::Sure),
    Trace(Place::Function, "__wasilibc_", "wasi-libc", Certainty::Sure),
    Trace(
        Place::Function,
        "Py_Initialize",
        "CPython",
        Certainty::Likely,
    ),
];

/// Notes whoever leaves such a trace in such a place.
pub(super) fn note(overview: &mut Overview, place: Place, found: &str) {
    for Trace(where_, trace, what, certainty) in TRACES {
        let is_there = *where_ == place
            && match place {
                Place::Import | Place::Function => found.starts_with(trace),
                Place::Data => false,
                _ => found == *trace,
            };
        if is_there {
            add(
                overview,
                what,
                *certainty,
                &format!("{} {trace}", words(place)),
            );
        }
    }
}

/// Looks for traces in data; each is looked for until it is found.
pub(super) fn note_data(overview: &mut Overview, data: &[u8]) {
    for Trace(place, trace, what, certainty) in TRACES {
        let is_known = || overview.makers.iter().any(|maker| maker.what == *what);
        if *place == Place::Data && !is_known() && contains(data, trace.as_bytes()) {
            let trace: String = trace.chars().filter(|c| !c.is_control()).collect();
            add(overview, what, *certainty, &format!("data with {trace}"));
        }
    }
}

fn contains(data: &[u8], text: &[u8]) -> bool {
    let Some((first, rest)) = text.split_first() else {
        return true;
    };
    let mut left = data;
    while let Some(at) = left.iter().position(|byte| byte == first) {
        left = &left[at + 1..];
        if left.starts_with(rest) {
            return true;
        }
    }
    false
}

/// What the file says itself.
pub(super) fn state(overview: &mut Overview, field: &str, name: &str, version: &str) {
    let space = if version.is_empty() { "" } else { " " };
    let what = format!("{name}{space}{version}");
    if overview.makers.len() < MAKERS_MAX {
        add(
            overview,
            &what,
            Certainty::Stated,
            &format!("producers: {field}"),
        );
    }
}

/// More are of no use to anyone.
const MAKERS_MAX: usize = 50;

fn add(overview: &mut Overview, what: &str, certainty: Certainty, evidence: &str) {
    match overview.makers.iter_mut().find(|maker| maker.what == what) {
        Some(known) if known.certainty <= certainty => {}
        Some(known) => {
            known.certainty = certainty;
            evidence.clone_into(&mut known.evidence);
        }
        None => overview.makers.push(Maker {
            what: what.to_owned(),
            certainty,
            evidence: evidence.to_owned(),
        }),
    }
}

fn words(place: Place) -> &'static str {
    match place {
        Place::ImportModule => "imports from",
        Place::Import => "imports named",
        Place::Export => "export",
        Place::Function => "functions named",
        Place::Section => "custom section",
        Place::Data => "data with",
    }
}
