//! How many bytes of code come from each source file, by DWARF's line tables.
//!
//! Apart from grouping, because it alone reads line programs, which can be long and hostile.

use std::collections::{HashMap, HashSet};

use gimli::{AttributeValue, EndianSlice, LittleEndian, Unit};

use crate::anatomy::{Anatomy, ModuleParts, shown};

type Reader<'a> = EndianSlice<'a, LittleEndian>;

/// Units may share line programs at any offset; together they are not read more often than this.
const READS_MAX: u64 = 4;

/// A run of code from one file.
struct Run {
    start: u64,
    end: u64,
    file: u32,
}

/// Calls `each` with each file and how much code is from it, and returns the sum.
pub fn count(anatomy: &Anatomy<'_>, each: &mut dyn FnMut(String, u64)) -> u64 {
    let mut sum = 0;
    for (_, module) in anatomy.core_modules() {
        let mut files = Files::default();
        let mut runs = Vec::new();
        // What is malformed ends the reading; what was found is right.
        let _ = read(module, &mut files, &mut runs);
        runs.sort_by_key(|run| (run.start, run.end));
        let code = module.code.as_ref().map_or(0, |code| code.end - code.start);
        let mut at = 0;
        let mut by_file = vec![0; files.names.len()];
        for run in runs {
            // Each byte of code is counted once, whatever tables say.
            let (start, end) = (run.start.max(at), run.end.min(code));
            if start < end {
                by_file[run.file as usize] += end - start;
                at = end;
            }
        }
        for (name, bytes) in files.names.into_iter().zip(by_file) {
            if bytes > 0 {
                each(name, bytes);
                sum += bytes;
            }
        }
    }
    sum
}

/// Names of files, each once.
#[derive(Default)]
struct Files {
    names: Vec<String>,
    places: HashMap<String, u32>,
}

impl Files {
    fn place(&mut self, name: String) -> u32 {
        let Files { names, places } = self;
        *places.entry(name).or_insert_with_key(|name| {
            names.push(name.clone());
            (names.len() - 1) as u32
        })
    }
}

fn read(module: &ModuleParts<'_>, files: &mut Files, runs: &mut Vec<Run>) -> gimli::Result<()> {
    let dwarf = crate::addr2line::dwarf_of(module)?;
    if !crate::addr2line::is_reasonable(&dwarf) {
        return Ok(());
    }
    let budget = module
        .custom(".debug_line")
        .map_or(0, |lines| lines.data.len() as u64);
    let mut left = budget.saturating_mul(READS_MAX);
    let mut seen = HashSet::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header)?;
        let Some(program) = unit.line_program.clone() else {
            continue;
        };
        let bytes = program.header().raw_program_buf().len() as u64;
        if !seen.insert(program.header().offset().0) || bytes > left {
            continue;
        }
        left -= bytes;
        read_program(&dwarf, &unit, program, module, files, runs)?;
    }
    Ok(())
}

fn read_program<'a>(
    dwarf: &gimli::Dwarf<Reader<'a>>,
    unit: &Unit<Reader<'a>>,
    program: gimli::IncompleteLineProgram<Reader<'a>>,
    module: &ModuleParts<'a>,
    files: &mut Files,
    runs: &mut Vec<Run>,
) -> gimli::Result<()> {
    let mut places: HashMap<u64, u32> = HashMap::new();
    let mut rows = program.rows();
    let mut before: Option<(u64, u64)> = None;
    let mut is_there = false;
    while let Some((header, row)) = rows.next_row()? {
        let at = row.address();
        match before {
            None => is_there = is_function(module, at),
            Some((start, file)) if is_there && start < at => {
                let place = *places
                    .entry(file)
                    .or_insert_with(|| files.place(file_name(dwarf, unit, header, file)));
                runs.push(Run {
                    start,
                    end: at,
                    file: place,
                });
            }
            Some(_) => {}
        }
        before = (!row.end_sequence()).then(|| (at, row.file_index()));
    }
    Ok(())
}

/// Whether there is a function where a sequence begins: the linker leaves sequences of functions that it dropped at some invalid place.
fn is_function(module: &ModuleParts<'_>, at: u64) -> bool {
    let Some(code) = &module.code else {
        return false;
    };
    let at = code.start.saturating_add(at);
    let after = module
        .bodies
        .partition_point(|body| body.range().start <= at);
    after
        .checked_sub(1)
        .is_some_and(|place| module.bodies[place].range().contains(&at))
}

fn file_name<'a>(
    dwarf: &gimli::Dwarf<Reader<'a>>,
    unit: &Unit<Reader<'a>>,
    header: &gimli::LineProgramHeader<Reader<'a>>,
    index: u64,
) -> String {
    let text = |value: AttributeValue<Reader<'a>>| {
        let text = dwarf.attr_string(unit, value).ok()?;
        Some(String::from_utf8_lossy(text.slice()).into_owned())
    };
    let Some(file) = header.file(index) else {
        return "(unknown file)".to_owned();
    };
    let name = text(file.path_name()).unwrap_or_default();
    let folder = file.directory(header).and_then(text).unwrap_or_default();
    match folder.is_empty() || name.starts_with('/') {
        true => shown(&name).into_owned(),
        false => shown(&format!("{folder}/{name}")).into_owned(),
    }
}
