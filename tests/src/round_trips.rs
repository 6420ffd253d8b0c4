//! Modules to text and back: what comes out must be the same bytes, in flat form and in folded form. Before that, all bytes are explained.
//!
//! Of all scripts of the official suites, of those beside wasm-tools' command-line tests, and of real modules, of which `WHARF_CORPUS`
//! names folders, with colons between. Apart from running scripts, because nothing is run.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use text::wast::lexer::Lexer;
use text::wast::parser::{self, ParseBuffer};
use text::wast::{QuoteWat, Wast, WastDirective, WastExecute};
use text::{PrintOptions, print_to_string, wat_to_wasm};

use crate::differences::Differences;
use crate::suite::{Test, files_below};
use crate::{explained, golden, scripts};

/// Names the folders with real modules.
const VARIABLE: &str = "WHARF_CORPUS";

/// Larger real modules need `SLOW=1`.
const QUICK_BYTES: u64 = 4 << 20;

/// Adds a test for each script and each real module.
///
/// # Errors
///
/// A file cannot be read, or the list of differences names what is no test.
pub fn collect(tests: &mut Vec<Test>) -> Result<(), String> {
    let differences = Differences::read()?;
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    let mut all = scripts::sources()?;
    if let Some(package) = golden::package_folder("wasm-tools") {
        let folder = package.join("tests/cli");
        let is_script = |file: &PathBuf| file.extension().is_some_and(|end| end == "wast");
        for file in files_below(&folder)?.into_iter().filter(is_script) {
            // Those that are not UTF-8 are there to be refused.
            if let Ok(source) = fs::read_to_string(folder.join(&file)) {
                all.push((format!("wasm-tools/{}", file.display()), source));
            }
        }
    }
    let says_nothing = |line: &str| line.trim().is_empty() || line.starts_with(";;");
    for (path, source) in all {
        // Some are a command line alone.
        if !source.lines().all(says_nothing) && seen.insert(source.clone()) {
            let name = format!("round-trips/{path}");
            names.push(name.clone());
            tests.push(differences.test(&name, move || check_script(&source)));
        }
    }
    collect_corpus(tests, &differences)?;
    differences.without_test("round-trips", &names)
}

fn collect_corpus(tests: &mut Vec<Test>, differences: &Arc<Differences>) -> Result<(), String> {
    let Some(folders) = std::env::var_os(VARIABLE) else {
        println!("skipped: round trips of real modules; {VARIABLE} names no folders with them");
        return Ok(());
    };
    let is_slow = std::env::var_os("SLOW").is_some_and(|value| value == "1");
    for folder in std::env::split_paths(&folders) {
        for file in files_below(&folder)? {
            let path = folder.join(&file);
            let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            if file.extension().is_none_or(|end| end != "wasm") || bytes > QUICK_BYTES && !is_slow {
                continue;
            }
            let name = format!("corpus/{}", file.display());
            tests.push(differences.test(&name, move || check_file(&path)));
        }
    }
    Ok(())
}

/// All modules and components of a script that are meant to be valid.
fn check_script(source: &str) -> Result<(), String> {
    let source = &*text::unfold_legacy(source);
    let mut lexer = Lexer::new(source);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(|error| error.to_string())?;
    let script = parser::parse::<Wast>(&buffer).map_err(|error| error.to_string())?;
    for directive in script.directives {
        check_directive(source, directive)?;
    }
    Ok(())
}

fn check_directive(source: &str, directive: WastDirective) -> Result<(), String> {
    let span = directive.span();
    let mut module = match directive {
        WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => module,
        WastDirective::AssertUnlinkable { module, .. } => QuoteWat::Wat(module),
        WastDirective::AssertTrap {
            exec: WastExecute::Wat(module),
            ..
        } => QuoteWat::Wat(module),
        WastDirective::Thread(thread) => {
            let mut inner = thread.directives.into_iter();
            return inner.try_for_each(|directive| check_directive(source, directive));
        }
        _ => return Ok(()),
    };
    let (line, _) = span.linecol_in(source);
    let at = |error: String| format!("the module of line {}: {error}", line + 1);
    let wasm = module.encode().map_err(|error| at(error.to_string()))?;
    explained::check(&wasm).map_err(at)?;
    for folded in [false, true] {
        let again = there_and_back(&wasm, folded).map_err(at)?.1;
        if again != wasm {
            return Err(at(difference(&wasm, &again, folded)));
        }
    }
    Ok(())
}

/// A real module: the same bytes, or the same text from no more of them, since text cannot say how long a number was written, and
/// linkers leave room in them. Where custom sections stand among each other may change.
fn check_file(path: &Path) -> Result<(), String> {
    let wasm = fs::read(path).map_err(|error| error.to_string())?;
    explained::check(&wasm)?;
    for folded in [false, true] {
        let (text, again) = there_and_back(&wasm, folded)?;
        if again == wasm {
            continue;
        }
        let (text_again, _) = there_and_back(&again, folded)?;
        if sorted(&text) != sorted(&text_again) || again.len() > wasm.len() {
            return Err(difference(&wasm, &again, folded));
        }
    }
    Ok(())
}

/// The lines of a text: first those of custom sections, in any order, then all others in theirs.
fn sorted(text: &str) -> (Vec<&str>, Vec<&str>) {
    let is_custom = |line: &&str| line.starts_with("  (@");
    let (mut customs, others): (Vec<_>, Vec<_>) = text.lines().partition(is_custom);
    customs.sort_unstable();
    (customs, others)
}

/// The text of a module, and what that becomes.
fn there_and_back(wasm: &[u8], folded: bool) -> Result<(String, Vec<u8>), String> {
    let options = PrintOptions {
        folded,
        ..PrintOptions::default()
    };
    let text = print_to_string(wasm, &options).map_err(|error| format!("to text: {error}"))?;
    let again = wat_to_wasm(&text, None).map_err(|error| format!("from text: {error}"))?;
    Ok((text, again))
}

fn difference(wasm: &[u8], again: &[u8], folded: bool) -> String {
    let at = wasm.iter().zip(again).take_while(|(a, b)| a == b).count();
    let shown = |bytes: &[u8]| {
        format!(
            "{:02x?}",
            &bytes[at.min(bytes.len())..bytes.len().min(at + 16)]
        )
    };
    format!(
        "byte {at:#x} of {} differs{}: {} became {}",
        wasm.len(),
        if folded { " in folded form" } else { "" },
        shown(wasm),
        shown(again)
    )
}
