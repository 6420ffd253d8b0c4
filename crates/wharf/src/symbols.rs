//! Names and source lines for people: demangling, and DWARF where a module carries it.

use addr2line::gimli::{EndianSlice, LittleEndian, SectionId};
use runtime::LoadedModule;
use std::fmt;

/// A place in a program's source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceLocation {
    /// The function, demangled: differs from the frame's where functions were inlined.
    pub function: Option<String>,
    /// The file, as the compiler named it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, if known.
    pub column: Option<u32>,
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}:{}", self.file, self.line)?;
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        Ok(())
    }
}

/// A function's name as its programmer wrote it; as it is where it is not mangled.
pub(crate) fn demangle(name: &str) -> String {
    match rustc_demangle::try_demangle(name) {
        // The alternate form leaves the hash out.
        Ok(name) => format!("{name:#}"),
        Err(_) => name.to_string(),
    }
}

/// Where the operator at `offset` of the module's bytes is in its source, innermost inlined function first.
pub(crate) fn locate(module: &LoadedModule, offset: u32) -> Vec<SourceLocation> {
    locate_or_fail(module, offset).unwrap_or_default()
}

fn locate_or_fail(module: &LoadedModule, offset: u32) -> Option<Vec<SourceLocation>> {
    let module = module.module();
    // DWARF counts from the start of the code section's content.
    let address = u64::from(offset.checked_sub(module.code_start()?)?);
    let section = |id: SectionId| {
        let found = module
            .custom_sections()
            .find(|section| section.name == id.name());
        Ok::<_, addr2line::gimli::Error>(EndianSlice::new(
            found.map_or(&[][..], |section| section.bytes),
            LittleEndian,
        ))
    };
    let dwarf = addr2line::gimli::Dwarf::load(section).ok()?;
    let context = addr2line::Context::from_dwarf(dwarf).ok()?;
    let mut frames = context.find_frames(address).skip_all_loads().ok()?;
    let mut locations = Vec::new();
    while let Ok(Some(frame)) = frames.next() {
        let Some(location) = frame.location else {
            continue;
        };
        let (Some(file), Some(line)) = (location.file, location.line) else {
            continue;
        };
        locations.push(SourceLocation {
            function: frame
                .function
                .and_then(|name| Some(name.demangle().ok()?.into_owned())),
            file: file.to_string(),
            line,
            column: location.column.filter(|column| *column > 0),
        });
    }
    Some(locations)
}
