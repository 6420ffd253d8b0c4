//! Decides whether DWARF can be read in reasonable time, before anybody reads it.
//!
//! Apart from the look-up, which is another crate's: that one follows every offset, however often it leads to the same long list, and
//! goes into inlined functions by recursion. What is malformed is reasonable: it ends the reading.

use std::collections::HashMap;

use gimli::{AttributeValue, Dwarf, Reader as _, Section as _, Unit};

use super::Reader;

/// Entries nested deeper than any compiler's.
const DEPTH_MAX: isize = 512;
/// More attributes than any kind of entry has.
const ATTRIBUTES_MAX: u64 = 256;
/// Steps that may be taken for each byte of DWARF, and for any.
const STEPS_PER_BYTE: u64 = 16;
const STEPS_ALWAYS: u64 = 64 << 20;
/// Longer runs without a zero, which ends a text, are in no debug information: any number of entries could have that text as their name.
const RUN_BYTES_MAX: usize = 1 << 18;

/// Whether reading all of it takes a number of steps that its size explains.
pub fn is_reasonable(dwarf: &Dwarf<Reader<'_>>) -> bool {
    let texts = [
        dwarf.debug_str.reader(),
        dwarf.debug_line_str.reader(),
        dwarf.debug_info.reader(),
    ];
    let has_long_run = |section: &Reader<'_>| {
        let mut runs = section.slice().split(|byte| *byte == 0);
        runs.any(|run| run.len() > RUN_BYTES_MAX)
    };
    if texts.into_iter().any(has_long_run) {
        return false;
    }
    let sections = [
        dwarf.debug_info.reader().len(),
        dwarf.debug_abbrev.reader().len(),
        dwarf.debug_line.reader().len(),
        dwarf.debug_str.reader().len(),
    ];
    let bytes = sections.iter().map(|bytes| *bytes as u64).sum::<u64>();
    let mut guard = Guard {
        dwarf,
        left: STEPS_ALWAYS + bytes.saturating_mul(STEPS_PER_BYTE),
        abbreviations: HashMap::new(),
    };
    guard.check_all().is_some()
}

/// `None` is what is not reasonable.
struct Guard<'a, 'b> {
    dwarf: &'b Dwarf<Reader<'a>>,
    left: u64,
    /// What reading each table of abbreviations takes.
    abbreviations: HashMap<usize, u64>,
}

impl<'a> Guard<'a, '_> {
    fn spend(&mut self, steps: u64) -> Option<()> {
        self.left = self.left.checked_sub(steps)?;
        Some(())
    }

    fn check_all(&mut self) -> Option<()> {
        let mut units = self.dwarf.units();
        while let Ok(Some(header)) = units.next() {
            self.check_abbreviations(header.debug_abbrev_offset().0)?;
            let Ok(unit) = self.dwarf.unit(header) else {
                continue;
            };
            let names = [unit.name, unit.comp_dir].into_iter().flatten();
            self.spend(names.map(|name| name.len() as u64).sum())?;
            self.check_entries(&unit)?;
            self.check_lines(&unit)?;
        }
        Some(())
    }

    /// Every unit reads its table anew.
    fn check_abbreviations(&mut self, offset: usize) -> Option<()> {
        if let Some(steps) = self.abbreviations.get(&offset).copied() {
            return self.spend(steps);
        }
        let mut reader = *self.dwarf.debug_abbrev.reader();
        let bytes = match reader.skip(offset) {
            Ok(()) => {
                let before = reader.len();
                read_abbreviations(&mut reader, self.left)?;
                (before - reader.len()) as u64
            }
            Err(_) => 0,
        };
        // Each becomes an entry of a tree, which takes longer than reading a byte.
        let steps = 4 * bytes + 1;
        self.abbreviations.insert(offset, steps);
        self.spend(steps)
    }

    fn check_entries(&mut self, unit: &Unit<Reader<'a>>) -> Option<()> {
        let Ok(mut entries) = unit.entries_raw(None) else {
            return Some(());
        };
        while !entries.is_empty() {
            if entries.next_depth() > DEPTH_MAX {
                return None;
            }
            let Ok(abbreviation) = entries.read_abbreviation() else {
                break;
            };
            let attributes = abbreviation.map_or(&[][..], |abbreviation| abbreviation.attributes());
            self.spend(1 + attributes.len() as u64)?;
            let has_ranges =
                |spec: &gimli::AttributeSpecification| spec.name() == gimli::DW_AT_ranges;
            if !attributes.iter().any(has_ranges) {
                if entries.skip_attributes(attributes).is_err() {
                    break;
                }
                continue;
            }
            for spec in attributes {
                let Ok(attribute) = entries.read_attribute(*spec) else {
                    return Some(());
                };
                if has_ranges(spec) {
                    self.check_ranges(unit, attribute.value())?;
                }
            }
        }
        Some(())
    }

    fn check_ranges(
        &mut self,
        unit: &Unit<Reader<'a>>,
        at: AttributeValue<Reader<'a>>,
    ) -> Option<()> {
        let Ok(Some(offset)) = self.dwarf.attr_ranges_offset(unit, at) else {
            return Some(());
        };
        let Ok(mut ranges) = self.dwarf.ranges(unit, offset) else {
            return Some(());
        };
        while let Ok(Some(_)) = ranges.next() {
            // Each is kept, which costs more than to read a byte.
            self.spend(8)?;
        }
        Some(())
    }

    /// Programs of lines are read for each unit, and a path is put together for each of their files.
    fn check_lines(&mut self, unit: &Unit<Reader<'a>>) -> Option<()> {
        let Some(program) = &unit.line_program else {
            return Some(());
        };
        let header = program.header();
        self.spend(header.raw_program_buf().len() as u64)?;
        self.spend(header.include_directories().len() as u64)?;
        let folder_bytes = unit.comp_dir.map_or(0, |folder| folder.len() as u64);
        for file in header.file_names() {
            let folder = file.directory(header);
            for part in [Some(file.path_name()), folder].into_iter().flatten() {
                if let Ok(part) = self.dwarf.attr_string(unit, part) {
                    self.spend(part.len() as u64)?;
                }
            }
            self.spend(folder_bytes + 1)?;
        }
        Some(())
    }
}

/// Reads a table of abbreviations up to its end, or to where it is malformed.
fn read_abbreviations(reader: &mut Reader<'_>, bytes_max: u64) -> Option<()> {
    let start = reader.len() as u64;
    // The code of the next abbreviation, its tag and whether it has children.
    while let Ok(1..) = reader.read_uleb128() {
        let head = (reader.read_uleb128(), reader.read_u8());
        if head.0.is_err() || head.1.is_err() {
            break;
        }
        for n in 0.. {
            if n > ATTRIBUTES_MAX {
                return None;
            }
            match (reader.read_uleb128(), reader.read_uleb128()) {
                (Ok(0), Ok(0)) | (Err(_), _) | (_, Err(_)) => break,
                (Ok(_), Ok(form)) if form == u64::from(gimli::DW_FORM_implicit_const.0) => {
                    let _ = reader.read_sleb128();
                }
                _ => {}
            }
        }
        if start - reader.len() as u64 > bytes_max {
            return None;
        }
    }
    Some(())
}
