//! `wharf objdump`: what is in a file, section by section, instruction by instruction, or byte by byte.
//!
//! Apart, as each command is. The layout is the one that scripts know from `wasm-objdump`, which is this command under another name.

mod bytes;
mod custom;
mod disassembly;
mod items;
mod json;
mod sections;

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use inspect::{Fault, FrameKind, IndexNames, Items};

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output;

/// Show the sections, items, instructions or bytes of files
///
/// Files need not be valid: what can be read is shown.
#[derive(Args)]
#[command(
    disable_help_flag = true,
    after_help = "Without options it shows the headers, as -h does."
)]
pub struct Arguments {
    /// The modules or components: binary, text, or `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    pub wanted: Wanted,

    /// Explain every byte: where it is, what it says and what that means
    #[arg(long)]
    bytes: bool,

    /// Print one JSON document: the sections, with what the other options ask for
    #[arg(long)]
    json: bool,

    /// Print help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

/// What to show of a file; the same flags as those of `wasm-objdump`.
#[derive(Args, Clone, Default)]
pub struct Wanted {
    /// Show the sections: where they begin and end, and how much is in them
    #[arg(short = 'h', long)]
    pub headers: bool,
    /// Show the items of the sections
    #[arg(short = 'x', long)]
    pub details: bool,
    /// Show the instructions of the functions
    #[arg(short = 'd', long)]
    pub disassemble: bool,
    /// Show the bytes of the sections
    #[arg(short = 's', long)]
    pub full_contents: bool,
    /// Only one section: `code`, or the name of a custom section
    #[arg(short = 'j', long, value_name = "NAME")]
    pub section: Option<String>,
    /// Show relocations between the instructions
    #[arg(short = 'r', long)]
    pub reloc: bool,
    /// Count the places of instructions from the beginning of their section
    #[arg(long)]
    pub section_offsets: bool,
}

impl Wanted {
    /// Whether a section was asked for.
    fn has(&self, frame: &inspect::Frame) -> bool {
        let Some(wanted) = &self.section else {
            return true;
        };
        match &frame.custom {
            Some(custom) => wanted.eq_ignore_ascii_case(custom),
            None => {
                wanted.eq_ignore_ascii_case(sections::label(frame))
                    || wanted.eq_ignore_ascii_case(frame.name())
            }
        }
    }
}

/// Shows what was asked for of all files.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut wanted = arguments.wanted.clone();
    let some = wanted.details || wanted.disassemble || wanted.full_contents || arguments.bytes;
    wanted.headers |= !some && !arguments.json;
    for file in &arguments.files {
        let mut input = Input::read(file)?;
        let wasm = input.take_wasm_without_lines()?;
        let name = input.name();
        let faults = output::to_stdout(|out| {
            if arguments.json {
                return json::dump(out, &name, &wasm, &wanted, arguments.bytes);
            }
            let mut faults = Vec::new();
            if some || wanted.headers {
                faults = dump(out, &name, &wasm, &wanted)?;
            }
            if arguments.bytes {
                faults.extend(bytes::dump(out, &wasm, &wanted)?);
            }
            Ok(faults)
        })?;
        check(&name, faults)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The first of a file's faults, as a failure.
///
/// # Errors
///
/// There is one.
pub fn check(name: &str, faults: Vec<String>) -> Result<(), Failure> {
    let mut faults = faults.into_iter();
    match faults.next() {
        Some(first) => {
            let more = faults.len();
            let help = match more {
                0 => None,
                1 => Some("`wharf objdump --bytes` shows this one and another".to_owned()),
                _ => Some(format!(
                    "`wharf objdump --bytes` shows this one and {more} others"
                )),
            };
            Err(Failure::new(format!("{first}\n  --> {name}")).maybe_help(help))
        }
        None => Ok(()),
    }
}

/// A core module or component, and its place in the file.
struct Module<'a> {
    file: &'a [u8],
    range: Range<usize>,
    names: IndexNames<'a>,
}

impl<'a> Module<'a> {
    fn new(file: &'a [u8], range: Range<usize>) -> Module<'a> {
        Module {
            file,
            names: IndexNames::read(file, range.clone()),
            range,
        }
    }

    fn frames(&self) -> inspect::Frames<'a> {
        inspect::frames(self.file, self.range.clone())
    }

    /// ` <name>` of an item, if it has one.
    fn name(&self, space: inspect::Space, index: u32) -> String {
        self.names
            .get(space, index)
            .map_or(String::new(), |name| format!(" <{}>", plain(&name)))
    }
}

/// A name without what a terminal would obey.
pub fn plain(name: &str) -> std::borrow::Cow<'_, str> {
    if !name.chars().any(char::is_control) {
        return name.into();
    }
    let escaped = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    name.chars().map(escaped).collect::<String>().into()
}

/// Components that are nested deeper are not shown.
const DEPTH_MAX: usize = 100;

/// Shows a file in the layout of `wasm-objdump`, and gives its faults.
pub fn dump(
    out: &mut dyn Write,
    name: &str,
    file: &[u8],
    wanted: &Wanted,
) -> io::Result<Vec<String>> {
    let name = match name.rsplit('/').next() {
        Some(base) if !base.is_empty() => plain(base),
        _ => plain(name),
    };
    let mut dump = Dump {
        out,
        wanted,
        faults: Vec::new(),
        found: wanted.section.is_none(),
    };
    dump.module(&name, file, 0..file.len(), 0)?;
    let mut faults = dump.faults;
    if !dump.found && faults.is_empty() {
        let section = wanted.section.as_deref().unwrap_or_default();
        faults.push(format!("Section not found: {section}"));
    }
    Ok(faults)
}

/// What is being shown, and what went wrong so far.
struct Dump<'d> {
    out: &'d mut dyn Write,
    wanted: &'d Wanted,
    faults: Vec<String>,
    /// Whether the section that was asked for was there.
    found: bool,
}

impl Dump<'_> {
    fn module(
        &mut self,
        name: &str,
        file: &[u8],
        range: Range<usize>,
        depth: usize,
    ) -> io::Result<()> {
        let begin = file.get(range.start..range.end.min(range.start + 8));
        let version =
            begin.and_then(|begin| Some(u16::from_le_bytes([*begin.get(4)?, *begin.get(5)?])));
        let kind = match (begin, version) {
            (Some([0, b'a', b's', b'm', _, _, 0, 0]), Some(version)) => format!("{version:#x}"),
            (Some([0, b'a', b's', b'm', _, _, 1, 0]), Some(version)) => {
                format!("component {version:#x}")
            }
            (Some([0, b'a', b's', b'm', ..]), _) => {
                self.faults.push("bad wasm file version".to_owned());
                return Ok(());
            }
            _ => {
                self.faults.push("bad magic value".to_owned());
                return Ok(());
            }
        };
        writeln!(self.out, "\n{name}:\tfile format wasm {kind}")?;
        let module = Module::new(file, range);
        if let Some(name) = module.names.module() {
            writeln!(self.out, "module name: <{}>", plain(name))?;
        }
        let is_core = !kind.starts_with("component");
        self.found |= module.frames().any(|frame| self.wanted.has(&frame));
        if self.wanted.headers {
            writeln!(self.out, "\nSections:\n")?;
            sections::headers(self.out, &module)?;
        }
        if self.wanted.details && is_core {
            writeln!(self.out, "\nSection Details:\n")?;
            self.details(&module)?;
        }
        if self.wanted.disassemble && is_core {
            writeln!(self.out, "\nCode Disassembly:\n")?;
            let faults = disassembly::functions(self.out, &module, self.wanted)?;
            self.faults.extend(faults);
        }
        if self.wanted.full_contents {
            for frame in module.frames().filter(|frame| self.wanted.has(frame)) {
                writeln!(
                    self.out,
                    "\nContents of section {}:",
                    sections::label(&frame)
                )?;
                let contents = &file[frame.contents.clone()];
                sections::hex(self.out, "", contents, frame.contents.start as u64)?;
            }
        }
        if let Some(fault) = sections::broken_end(&module) {
            self.faults.push(fault);
        }
        if depth < DEPTH_MAX && !is_core {
            for (i, frame) in module.frames().enumerate() {
                let Some(kind) = frame.nested() else { continue };
                let what = match kind {
                    FrameKind::Module => "core module",
                    FrameKind::Component => "component",
                };
                let nested = format!("{name}: {what} in section {i}");
                self.module(&nested, file, frame.contents, depth + 1)?;
            }
        }
        Ok(())
    }

    fn details(&mut self, module: &Module<'_>) -> io::Result<()> {
        let mut numbers = Items::default();
        let mut shown = items::Shown::new(module, self.wanted.reloc);
        for frame in module.frames() {
            let is_wanted = self.wanted.has(&frame);
            if is_wanted {
                sections::title(self.out, &frame)?;
            }
            let mut written = Ok(());
            let read = inspect::details(
                module.file,
                &frame,
                &module.names,
                &mut numbers,
                &mut |item| {
                    if is_wanted && written.is_ok() {
                        written = shown.item(self.out, &item);
                    }
                },
            );
            written?;
            if let (Err(fault), true) = (read, is_wanted) {
                writeln!(self.out, " - error: {}", plain(fault.message()))?;
                self.faults.push(words(&fault));
            }
        }
        Ok(())
    }
}

/// A fault with its place.
fn words(fault: &Fault) -> String {
    format!("{} (at byte {:#x})", fault.message(), fault.offset())
}
