//! How the end of a guest is told: its exit code, a trap with where it was, or what was missing to start it.
//!
//! Apart from running it, because this is wording.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use wharf::{ErrorKind, ExternType, Frame, Trap};

use super::Limits;
use crate::failure::{Failure, Outcome};

/// Frames of a backtrace that are shown at most.
const FRAMES_SHOWN: usize = 20;

/// A guest that did not return: with its own exit code, or as a fault.
pub fn stopped(error: &wharf::Error, limits: &Limits) -> Outcome {
    if let Some(exit) = error.downcast_ref::<wasi::Exit>() {
        return Ok(exit_code(exit.0));
    }
    let trap = |message: String| Failure::trap(message + &backtrace(error.backtrace().frames()));
    if let Some(stop) = error.downcast_ref::<wasi::Stop>() {
        return Err(trap(stop.to_string()));
    }
    Err(match error.kind() {
        ErrorKind::Trap(Trap::Interrupted) if limits.timeout.is_some() => {
            trap("the time that --timeout gives is over".to_owned())
        }
        ErrorKind::Trap(Trap::OutOfFuel) => {
            trap("the fuel that --fuel gives is used up".to_owned())
        }
        ErrorKind::Trap(reason) => {
            let failure = trap(format!("trap: {reason}"));
            failure.maybe_help(stack_help(*reason))
        }
        ErrorKind::Link(missing) => {
            Failure::new(error).help(import_help(&missing.module, missing.found.is_some()))
        }
        ErrorKind::Limit(_) if limits.max_memory.is_some() => {
            Failure::new(error).help("--max-memory allows no more")
        }
        _ => Failure::new(format!("{error}{}", backtrace(error.backtrace().frames()))),
    })
}

/// What the garbage collector did for the guest's first thread.
pub fn collections(stats: &wharf::GcStats) {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let told = [
        format!("minor collections   {}", stats.minor_collections),
        format!("full collections    {}", stats.full_collections),
        format!("pauses in all       {:.3} ms", milliseconds(stats.pauses)),
        format!(
            "longest pause       {:.3} ms",
            milliseconds(stats.longest_pause)
        ),
        format!("heap at the end     {} bytes", stats.heap_bytes),
    ];
    // Nobody can be told that standard error is closed.
    let _ = writeln!(std::io::stderr(), "{}", told.join("\n"));
}

/// A guest's code as a shell sees it: one byte, but a failure stays one.
fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(match code {
        0 => 0,
        code => u8::try_from(code & 0xff)
            .ok()
            .filter(|&low| low != 0)
            .unwrap_or(1),
    })
}

fn stack_help(trap: Trap) -> Option<&'static str> {
    (trap == Trap::StackOverflow)
        .then_some("the program calls too deeply; --max-stack gives it more")
}

fn import_help(module: &str, has_other_type: bool) -> &'static str {
    match module {
        "wasi_snapshot_preview1" | "wasi_unstable" if has_other_type => {
            "WASI 0.1 has this function with other parameters; was the program built by hand?"
        }
        "wasi_snapshot_preview1" | "wasi_unstable" => "WASI 0.1 has no such function",
        module if module.starts_with("wasi:") => {
            "it was built for WASI 0.2 or later; build it for WASI 0.1, such as wasm32-wasip1"
        }
        _ => {
            "`wharf run` gives a program WASI 0.1; this one was built to run inside another program"
        }
    }
}

/// Where the guest was, one function a line, innermost first; many equal lines in a row as one.
fn backtrace(frames: &[Frame]) -> String {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for line in frames.iter().flat_map(frame_lines) {
        match lines.last_mut() {
            Some((last, n)) if *last == line => *n += 1,
            _ => lines.push((line, 1)),
        }
    }
    let mut text = String::new();
    for (line, n) in lines.iter().take(FRAMES_SHOWN) {
        text.push_str("\n  at ");
        text.push_str(line);
        if *n > 1 {
            text.push_str(&format!("\n     ... and {} more of the same", n - 1));
        }
    }
    if lines.len() > FRAMES_SHOWN {
        text.push_str(&format!(
            "\n     ... and {} more",
            lines.len() - FRAMES_SHOWN
        ));
    }
    text
}

/// One line, or one for each function that was inlined into this one, innermost first.
fn frame_lines(frame: &Frame) -> Vec<String> {
    let name = match frame.func_name() {
        Some(name) => name.to_owned(),
        None => format!("function {}", frame.func_index()),
    };
    let mut sources = frame.source();
    let Some(own) = sources.pop() else {
        let offset = frame
            .module_offset()
            .map(|at| format!(" (byte {at:#x})"))
            .unwrap_or_default();
        return vec![name + &offset];
    };
    let inlined = sources
        .iter()
        .map(|place| line(place.function.as_ref().unwrap_or(&name), place));
    inlined.chain([line(&name, &own)]).collect()
}

fn line(function: &str, place: &wharf::SourceLocation) -> String {
    let file = place.file.strip_prefix("./").unwrap_or(&place.file);
    let column = place
        .column
        .map(|column| format!(":{column}"))
        .unwrap_or_default();
    format!("{function} ({file}:{}{column})", place.line)
}

/// A module that only offers functions does nothing by itself: says which there are, unless one of them was run.
///
/// # Errors
///
/// There is nothing that ran.
pub fn nothing_to_run(module: &wharf::Module) -> Result<(), Failure> {
    let runs = |name: &str| matches!(module.export(name), Some(ExternType::Func(_)));
    if runs("_start") || runs("_initialize") || function_names(module).is_empty() {
        return Ok(());
    }
    let message = "the module is no program: it exports no function `_start`";
    Err(Failure::new(message).help(exported_functions(module)))
}

/// What there is to call, as a hint.
pub fn exported_functions(module: &wharf::Module) -> String {
    const SHOWN: usize = 8;
    let names = function_names(module);
    match names.len() {
        0 => "it exports no functions at all".to_owned(),
        n if n > SHOWN => format!(
            "call one with --invoke: {}, and {} more",
            names[..SHOWN].join(", "),
            n - SHOWN
        ),
        _ => format!("call one with --invoke: {}", names.join(", ")),
    }
}

fn function_names(module: &wharf::Module) -> Vec<String> {
    let functions = module
        .exports()
        .filter(|export| matches!(export.ty, ExternType::Func(_)));
    functions.map(|export| export.name).collect()
}

/// Says what the guest was refused, and how to grant it.
pub fn hints(hints: &[String]) {
    for hint in hints {
        // A closed standard error leaves nobody to tell.
        let _ =
            std::io::Write::write_all(&mut std::io::stderr(), format!("hint: {hint}\n").as_bytes());
    }
}
