//! The instructions of functions, a line or more each: the place, the bytes, and the text.
//!
//! Apart from items because functions are read one by one and never kept.

use std::io::{self, Write};

use inspect::{Detail, Entity, Instructions, Items, TypeForm};

use super::{Module, Wanted, custom, plain, words};

/// How many bytes a line shows.
const BYTES: usize = 9;

/// Shows all functions of a module, and gives what is wrong with them.
pub fn functions(
    out: &mut dyn Write,
    module: &Module<'_>,
    wanted: &Wanted,
) -> io::Result<Vec<String>> {
    let mut disassembly = Disassembly {
        module,
        start: 0,
        params: Vec::new(),
        types: Vec::new(),
        relocations: match wanted.reloc {
            true => custom::relocations(module, 10),
            false => Vec::new(),
        },
        symbols: custom::Symbols::read(module),
        next_relocation: 0,
    };
    let mut items = Items::default();
    let mut faults = Vec::new();
    // Types come before the bodies that use them; what is wrong in other sections is no concern here.
    for frame in module.frames().filter(|it| matches!(it.id, 1..=3 | 10)) {
        if frame.id == 10 && wanted.section_offsets {
            disassembly.start = frame.contents.start;
        }
        let mut written = Ok(());
        let read = inspect::details(
            module.file,
            &frame,
            &module.names,
            &mut items,
            &mut |item| match item {
                Detail::Type { form, .. } => disassembly.params.push(match form {
                    TypeForm::Func { params, .. } => params.len() as u32,
                    _ => 0,
                }),
                Detail::Import {
                    entity: Entity::Func(ty),
                    ..
                }
                | Detail::Item {
                    entity: Entity::Func(ty),
                    ..
                } => disassembly.types.push(ty),
                Detail::Body { func, range } if written.is_ok() => {
                    written = disassembly.function(out, func, range, &mut faults);
                }
                _ => {}
            },
        );
        written?;
        if let Err(fault) = read {
            faults.push(words(&fault));
        }
    }
    Ok(faults)
}

struct Disassembly<'m, 'a> {
    module: &'m Module<'a>,
    /// Where places are counted from.
    start: usize,
    /// How many parameters each type has.
    params: Vec<u32>,
    /// The type of each function.
    types: Vec<u32>,
    relocations: Vec<custom::Relocation>,
    next_relocation: usize,
    symbols: custom::Symbols,
}

impl Disassembly<'_, '_> {
    fn function(
        &mut self,
        out: &mut dyn Write,
        func: u32,
        range: std::ops::Range<usize>,
        faults: &mut Vec<String>,
    ) -> io::Result<()> {
        let name = self.module.name(inspect::Space::Func, func);
        writeln!(out, "{:06x} func[{func}]{name}:", range.start - self.start)?;
        let ty = self.types.get(func as usize);
        let params = ty.and_then(|ty| self.params.get(*ty as usize)).copied();
        let mut next_local = u64::from(params.unwrap_or(0));
        let locals = inspect::locals(self.module.file, range.clone());
        let mut at = match &locals {
            Ok(locals) => locals.end,
            Err(_) => range.start,
        };
        for local in locals.iter().flat_map(|locals| &locals.groups) {
            let last = next_local + u64::from(local.count);
            let numbers = match local.count {
                0 => String::new(),
                1 => next_local.to_string(),
                _ => format!("{next_local}..{}", last - 1),
            };
            next_local = last;
            let text = format!("local[{numbers}] type={}", local.ty);
            self.line(out, local.range.clone(), &text)?;
        }
        let mut fault = locals.err();
        if fault.is_none() {
            let mut instructions = Instructions::new(self.module.file, at..range.end, Some(func));
            loop {
                match instructions.next(&self.module.names) {
                    Ok(None) => break,
                    Ok(Some(it)) => {
                        let text = format!(
                            "{:indent$}{} {}",
                            "",
                            it.name,
                            it.operands,
                            indent = 2 * it.nesting.min(INDENT_MAX) as usize
                        );
                        at = it.range.end;
                        self.line(out, it.range, plain(text.trim_end()).as_ref())?;
                        self.relocations_before(out, at)?;
                    }
                    Err(error) => {
                        fault = Some(error);
                        break;
                    }
                }
            }
        }
        if let Some(fault) = fault {
            let end = range.end.min(at + BYTES);
            self.line(out, at..end, &format!("error: {}", plain(fault.message())))?;
            faults.push(format!("{} in func[{func}]", words(&fault)));
        }
        Ok(())
    }

    /// The text stands in the first line only.
    fn line(
        &self,
        out: &mut dyn Write,
        range: std::ops::Range<usize>,
        text: &str,
    ) -> io::Result<()> {
        let mut text = Some(text);
        let mut at = range.start - self.start;
        for bytes in self.module.file[range].chunks(BYTES) {
            write!(out, " {at:06x}:")?;
            bytes
                .iter()
                .try_for_each(|byte| write!(out, " {byte:02x}"))?;
            let padding = 3 * (BYTES - bytes.len());
            writeln!(out, "{:padding$} | {}", "", text.take().unwrap_or(""))?;
            at += bytes.len();
        }
        match text {
            // There were no bytes to stand beside.
            Some(text) => writeln!(out, " {at:06x}:{:width$} | {text}", "", width = 3 * BYTES),
            None => Ok(()),
        }
    }

    fn relocations_before(&mut self, out: &mut dyn Write, end: usize) -> io::Result<()> {
        while let Some(relocation) = self.relocations.get(self.next_relocation)
            && relocation.at < end
        {
            let at = relocation.at as u64;
            custom::relocation(out, self.module, &self.symbols, relocation, at)?;
            self.next_relocation += 1;
        }
        Ok(())
    }
}

/// Blocks that are nested deeper are not indented further.
const INDENT_MAX: u32 = 100;
