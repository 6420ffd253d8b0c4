//! Code of functions on its way into an entry: taken from a run and from what other runs left, joined, and linked.
//!
//! Apart from reading entries because most runs only read.

use super::entry::{Entry, Facts, Key, Stored};
use super::hot::{Hot, LoopPlace};
use super::tables::{read_relocs, read_tables, write_relocs, write_tables};
use abi::{CodeImage, CodeImageBuilder, CompiledFunc, FuncLocation, Reloc, RelocTarget};
use runtime::{CodeLevel, KeptSite, LoadedModule};
use std::collections::{BTreeMap, HashMap};

/// Code of functions to be written: the best of each.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) funcs: BTreeMap<u32, (CodeLevel, CompiledFunc)>,
    pub(super) counters: Vec<(u32, i32, u16)>,
    pub(super) sites: Vec<(u32, Vec<u32>)>,
    pub(super) records: Vec<KeptSite>,
    /// By function and offset of the loop's operator.
    pub(super) loops: BTreeMap<(u32, u32), CompiledFunc>,
}

impl Contents {
    /// What a module's functions got in this run, and what was seen of them.
    pub(super) fn of(module: &LoadedModule) -> Contents {
        let (sites, records) = module.call_sites();
        let funcs = module.new_code().into_iter();
        let loops = module.new_loop_code().into_iter();
        Contents {
            funcs: funcs
                .map(|kept| (kept.func, (kept.level, kept.code)))
                .collect(),
            counters: module.counters(),
            sites,
            records,
            loops: loops
                .map(|kept| ((kept.func, kept.at), kept.code))
                .collect(),
        }
    }

    /// What an entry holds, function by function.
    pub(super) fn read(stored: &Stored) -> Option<Contents> {
        let hot = Hot::parse(stored.hot())?;
        let mut image = read_tables(&mut stored.tables(), stored.locations(&hot.funcs)?)?;
        image.text = stored.text().to_vec();
        let relocs = read_relocs(&mut stored.operands())?;
        let mut funcs = BTreeMap::new();
        for (func, level, _) in hot.funcs {
            funcs.insert(func, (level, image.func(func as usize, &relocs)?));
        }
        let mut loops = BTreeMap::new();
        let mut tables = stored.loop_tables();
        for place in hot.loops {
            let (mut mine, rest) = tables.split_at_checked(place.table_bytes as usize)?;
            tables = rest;
            let location = place.location;
            let start = location.offset as usize;
            let whole = FuncLocation {
                offset: 0,
                len: location.len,
            };
            let mut alone = read_tables(&mut mine, vec![whole])?;
            let end = start.checked_add(location.len as usize)?;
            alone.text = image.text.get(start..end)?.to_vec();
            let relocs = read_relocs(&mut mine)?;
            loops.insert((place.func, place.at), alone.func(0, &relocs)?);
        }
        Some(Contents {
            funcs,
            counters: hot.counters,
            sites: hot.sites,
            records: hot.records,
            loops,
        })
    }

    /// Adds what another has of functions that this has nothing of.
    pub(super) fn merge(&mut self, other: Contents) {
        for (func, (level, code)) in other.funcs {
            let found = self.funcs.get(&func);
            if found.is_none_or(|(best, _)| *best < level) {
                self.funcs.insert(func, (level, code));
            }
        }
        for (place, code) in other.loops {
            self.loops.entry(place).or_insert(code);
        }
        let known: HashMap<u32, usize> = self
            .sites
            .iter()
            .map(|(func, offsets)| (*func, offsets.len()))
            .collect();
        let mut first = 0;
        for (func, offsets) in other.sites {
            let numbers = first..first + offsets.len();
            first = numbers.end;
            let records = other.records.get(numbers);
            if let (Some(records), false) = (records, known.contains_key(&func)) {
                self.sites.push((func, offsets));
                self.records.extend_from_slice(records);
            }
        }
    }

    /// The entry's bytes; `None` if the code does not fit together.
    pub(super) fn bytes(
        mut self,
        key: &Key,
        facts: &Facts,
        module: &LoadedModule,
    ) -> Option<Vec<u8>> {
        let funcs = &self.funcs;
        let is_best = |func: &u32| matches!(funcs.get(func), Some((CodeLevel::Best, _)));
        // Functions with final code are not entered in the middle.
        self.loops.retain(|(func, _), _| !is_best(func));
        let header = module.module().header();
        let n_defined = header.n_defined_funcs() as u32;
        let mut builder = CodeImageBuilder::new(header.n_imported_funcs() as u32);
        for func in 0..n_defined {
            match self.funcs.get(&func) {
                Some((_, code)) => builder.push_func(code).ok()?,
                None => builder.push_absent(),
            }
        }
        let (mut image, relocs) = builder.into_parts();
        let (places, loop_tables) = self.add_loops(&mut image.text);
        self.link(&mut image, &relocs, &places, module)?;
        let located = |(&func, (level, _)): (&u32, &(CodeLevel, CompiledFunc))| {
            (func, *level, image.funcs[func as usize])
        };
        let hot = Hot {
            funcs: self.funcs.iter().map(located).collect(),
            counters: self.counters,
            sites: self.sites,
            records: self.records,
            loops: places,
        };
        let entry = Entry {
            key: *key,
            n_defined,
            n_funcs: self.funcs.len(),
            hot: hot.bytes(),
            tables: write_tables(&image),
            operands: write_relocs(&relocs),
            loop_tables,
            text: image.text,
        };
        Some(entry.bytes(facts))
    }

    /// Adds the code of loops to the text; gives where it is, and its tables and operands.
    fn add_loops(&self, text: &mut Vec<u8>) -> (Vec<LoopPlace>, Vec<u8>) {
        let (mut places, mut tables) = (Vec::new(), Vec::new());
        for (&(func, at), code) in &self.loops {
            let start = text.len().next_multiple_of(code.align.max(16) as usize);
            text.resize(start, 0xcc);
            text.extend_from_slice(&code.code);
            let before = tables.len();
            tables.extend(write_tables(&code.clone().into_image()));
            tables.extend(write_relocs(&code.relocs));
            places.push(LoopPlace {
                func,
                at,
                location: FuncLocation {
                    offset: start as u32,
                    len: code.code.len() as u32,
                },
                table_bytes: (tables.len() - before) as u32,
            });
        }
        (places, tables)
    }

    /// Sets the operands of the code, and adds stubs for the functions that it calls and has no final code of.
    fn link(
        &self,
        image: &mut CodeImage,
        relocs: &[Reloc],
        places: &[LoopPlace],
        module: &LoadedModule,
    ) -> Option<()> {
        let n_imported = module.module().header().n_imported_funcs() as u32;
        let mut first_records = HashMap::new();
        let mut n_records = 0;
        for (func, offsets) in &self.sites {
            first_records.insert(*func, (n_records, offsets.len() as u32));
            n_records += offsets.len() as u32;
        }
        let of_loops = places.iter().zip(self.loops.values());
        let of_loops = of_loops.flat_map(|(place, code)| {
            let moved = |reloc: &Reloc| Reloc {
                offset: place.location.offset + reloc.offset,
                ..*reloc
            };
            code.relocs.iter().map(moved)
        });
        let mut stubs = HashMap::new();
        for reloc in relocs.iter().copied().chain(of_loops) {
            let value = match reloc.target {
                RelocTarget::Func(target) => {
                    let target = target.0.checked_sub(n_imported)?;
                    let location = match self.funcs.get(&target) {
                        Some((CodeLevel::Best, _)) => image.funcs[target as usize].offset,
                        _ if (target as usize) < image.funcs.len() => {
                            *stubs.entry(target).or_insert_with(|| {
                                let start = image.text.len().next_multiple_of(16);
                                image.text.resize(start, 0xcc);
                                image.text.extend_from_slice(&module.stub(target));
                                start as u32
                            })
                        }
                        _ => return None,
                    };
                    i64::from(location) - i64::from(reloc.offset)
                }
                RelocTarget::Site(number) => {
                    let func = image.func_at(reloc.offset)? as u32;
                    let (first, count) = *first_records.get(&func)?;
                    if number >= count {
                        return None;
                    }
                    LoadedModule::record_offset(first + number).into()
                }
            };
            let value = i32::try_from(value + i64::from(reloc.addend)).ok()?;
            let at = reloc.offset as usize;
            let operand = image.text.get_mut(at..at + 4)?;
            operand.copy_from_slice(&value.to_le_bytes());
        }
        // Calls reach no further.
        (image.text.len() <= i32::MAX as usize).then_some(())
    }
}
