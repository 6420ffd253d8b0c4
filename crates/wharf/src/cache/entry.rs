//! What a file of the cache holds: code of a module's functions, and what was seen of them.
//!
//! Apart from the directory because here nothing is looked for: bytes are made, or judged.
//!
//! ```text
//! magic (8)  checksum of all after it (32)  key (32)
//! u64 each: bytes of the module, its defined functions, nanoseconds that compiling took, functions with code,
//!           bytes of name, hot part, text, tables, operands
//! name | hot part | text | tables | operands
//! ```
//! Numbers are little-endian. The hot part is lists of u32, read in every run: functions, counters, call sites, records. The tables
//! are read when something faults, throws or collects, the operands when code is added; see [`super::codec`].

use super::codec::{read_rows, write_rows};
use abi::inlined::Inlined;
use abi::{
    CodeImage, CodeImageBuilder, CompiledFunc, FuncLocation, Handler, PcEntry, Reloc, RelocTarget,
    StackMap, TrapEntry,
};
use module::FuncIdx;
use runtime::{CodeLevel, KeptCode, KeptSite, LoadedModule};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;

const MAGIC: &[u8; 8] = b"\x7fwharfC\x01";

/// What an entry is found by: the hash of all that its code depends on.
pub(crate) type Key = [u8; 32];

/// Numbers after the key.
const NUMBERS: usize = 9;

/// Bytes before the name.
const HEAD_BYTES: usize = 8 + 32 + 32 + 8 * NUMBERS;

/// No name is longer, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// What can be said of an entry without its code.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) module_bytes: u64,
    pub(crate) n_defined: u64,
    pub(crate) compile_ns: u64,
    pub(crate) n_funcs: u64,
}

/// The head of an entry.
struct Head {
    key: Key,
    facts: Facts,
    /// Bytes of name, hot part, text, tables and operands.
    sizes: [u64; 5],
}

/// An entry as it was read and found whole.
pub(crate) struct Stored {
    pub(crate) facts: Facts,
    hot: Vec<u8>,
    text: Vec<u8>,
    tables: Vec<u8>,
    operands: Vec<u8>,
}

/// Code of functions to be written: the best of each.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) funcs: BTreeMap<u32, (CodeLevel, CompiledFunc)>,
    pub(crate) counters: Vec<(u32, i32, u16)>,
    pub(crate) sites: Vec<(u32, Vec<u32>)>,
    pub(crate) records: Vec<KeptSite>,
}

impl Head {
    /// Reads a head, without its magic and checksum; the name is not in it yet.
    fn parse(bytes: &[u8]) -> Option<Head> {
        let (key, rest) = bytes.split_first_chunk()?;
        let mut numbers = rest.chunks_exact(8);
        let mut next = || Some(u64::from_le_bytes(numbers.next()?.try_into().ok()?));
        let facts = Facts {
            name: String::new(),
            module_bytes: next()?,
            n_defined: next()?,
            compile_ns: next()?,
            n_funcs: next()?,
        };
        let sizes = [next()?, next()?, next()?, next()?, next()?];
        Some(Head {
            key: *key,
            facts,
            sizes,
        })
    }

    /// Whether these are all the bytes of a file of this size.
    fn is_all(&self, file_bytes: u64) -> bool {
        let total = self
            .sizes
            .iter()
            .try_fold(HEAD_BYTES as u64, |sum, size| sum.checked_add(*size));
        total == Some(file_bytes) && self.sizes[0] <= NAME_BYTES_MAX as u64
    }
}

/// Reads what can be said of an entry; whether its code is whole is not looked at.
pub(crate) fn read_facts(file: &mut impl Read, file_bytes: u64) -> Option<Facts> {
    let mut head = [0; HEAD_BYTES];
    file.read_exact(&mut head).ok()?;
    let Head {
        mut facts, sizes, ..
    } = Head::parse(&head[40..])
        .filter(|found| head.starts_with(MAGIC) && found.is_all(file_bytes))?;
    let mut name = vec![0; sizes[0] as usize];
    file.read_exact(&mut name).ok()?;
    facts.name = String::from_utf8(name).ok()?;
    Some(facts)
}

impl Stored {
    /// Reads an entry; `None` if it is not whole, or not the one with this key.
    pub(crate) fn read(file: &mut impl Read, file_bytes: u64, key: &Key) -> Option<Stored> {
        let mut head = [0; HEAD_BYTES];
        file.read_exact(&mut head).ok()?;
        let found = Head::parse(&head[40..])?;
        if !head.starts_with(MAGIC) || &found.key != key || !found.is_all(file_bytes) {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&head[40..]);
        let mut part = |bytes: u64| {
            let mut part = Vec::new();
            // What the file is too short for is not asked for: its size was compared with these.
            part.try_reserve_exact(usize::try_from(bytes).ok()?).ok()?;
            file.by_ref().take(bytes).read_to_end(&mut part).ok()?;
            hasher.update(&part);
            (part.len() as u64 == bytes).then_some(part)
        };
        let [name, hot, text, tables, operands] = found.sizes;
        let name = String::from_utf8(part(name)?).ok()?;
        let (hot, text, tables, operands) =
            (part(hot)?, part(text)?, part(tables)?, part(operands)?);
        (hasher.finalize().as_bytes()[..] == head[8..40]).then_some(Stored {
            facts: Facts {
                name,
                ..found.facts
            },
            hot,
            text,
            tables,
            operands,
        })
    }

    /// Bytes of code.
    pub(crate) fn text_bytes(&self) -> u64 {
        self.text.len() as u64
    }

    /// The code, to be put in place for a module with this many defined functions.
    pub(crate) fn into_kept(self, n_defined: usize) -> Option<KeptCode> {
        let Hot {
            funcs,
            counters,
            sites,
            records,
        } = Hot::parse(&self.hot)?;
        if self.facts.n_defined != n_defined as u64 {
            return None;
        }
        let locations = locations(&funcs, n_defined)?;
        let tables = self.tables;
        Some(KeptCode {
            text: self.text,
            funcs,
            counters,
            sites,
            records,
            // What was whole when it was read can be parsed.
            tables: Box::new(move || read_tables(&tables, locations).unwrap_or_default()),
        })
    }

    /// The code, function by function.
    pub(crate) fn into_contents(self) -> Option<Contents> {
        let hot = Hot::parse(&self.hot)?;
        let n_defined = usize::try_from(self.facts.n_defined).ok()?;
        let mut image = read_tables(&self.tables, locations(&hot.funcs, n_defined)?)?;
        image.text = self.text;
        let relocs = read_relocs(&self.operands)?;
        let mut funcs = BTreeMap::new();
        for (func, level, _) in hot.funcs {
            funcs.insert(func, (level, image.func(func as usize, &relocs)?));
        }
        Some(Contents {
            funcs,
            counters: hot.counters,
            sites: hot.sites,
            records: hot.records,
        })
    }
}

/// No module has more functions: a limit of validation.
const DEFINED_MAX: usize = 1_000_000;

/// Where all defined functions are in a text: those without code are empty, and lie behind the one before.
fn locations(
    funcs: &[(u32, CodeLevel, FuncLocation)],
    n_defined: usize,
) -> Option<Vec<FuncLocation>> {
    if n_defined > DEFINED_MAX {
        return None;
    }
    let mut locations = Vec::with_capacity(n_defined);
    let mut end = 0;
    for &(func, _, location) in funcs {
        let before = FuncLocation {
            offset: end,
            len: 0,
        };
        let in_order = func as usize >= locations.len() && (func as usize) < n_defined;
        if !in_order || location.offset < end {
            return None;
        }
        locations.resize(func as usize, before);
        end = location.offset.checked_add(location.len)?;
        locations.push(location);
    }
    locations.resize(
        n_defined,
        FuncLocation {
            offset: end,
            len: 0,
        },
    );
    Some(locations)
}

/// What is read in every run, beside the text.
struct Hot {
    funcs: Vec<(u32, CodeLevel, FuncLocation)>,
    counters: Vec<(u32, i32, u16)>,
    sites: Vec<(u32, Vec<u32>)>,
    records: Vec<KeptSite>,
}

impl Hot {
    fn parse(bytes: &[u8]) -> Option<Hot> {
        let mut numbers = bytes.chunks_exact(4);
        let all = numbers.len();
        let mut next = || Some(u32::from_le_bytes(numbers.next()?.try_into().ok()?));
        let count = |found: u32| Some(found as usize).filter(|found| *found <= all);
        let n_funcs = count(next()?)?;
        let mut funcs = Vec::with_capacity(n_funcs);
        for _ in 0..n_funcs {
            let func = next()?;
            let level = match next()? {
                1 => CodeLevel::First,
                2 => CodeLevel::Best,
                _ => return None,
            };
            let (offset, len) = (next()?, next()?);
            funcs.push((func, level, FuncLocation { offset, len }));
        }
        let n_counters = count(next()?)?;
        let mut counters = Vec::with_capacity(n_counters);
        for _ in 0..n_counters {
            counters.push((next()?, next()? as i32, u16::try_from(next()?).ok()?));
        }
        let n_sites = count(next()?)?;
        let mut sites = Vec::with_capacity(n_sites);
        for _ in 0..n_sites {
            let (func, n_offsets) = (next()?, count(next()?)?);
            let offsets: Option<Vec<u32>> = (0..n_offsets).map(|_| next()).collect();
            sites.push((func, offsets?));
        }
        let n_records = count(next()?)?;
        let mut records = Vec::with_capacity(n_records);
        for _ in 0..n_records {
            records.push(KeptSite {
                target: u64::from(next()?) | u64::from(next()?) << 32,
                hits: next()? as i32,
                misses: next()? as i32,
            });
        }
        Some(Hot {
            funcs,
            counters,
            sites,
            records,
        })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |number: u32| out.extend_from_slice(&number.to_le_bytes());
        put(self.funcs.len() as u32);
        for &(func, level, location) in &self.funcs {
            [func, level as u32, location.offset, location.len]
                .into_iter()
                .for_each(&mut put);
        }
        put(self.counters.len() as u32);
        for &(func, counter, used_up) in &self.counters {
            [func, counter as u32, used_up.into()]
                .into_iter()
                .for_each(&mut put);
        }
        put(self.sites.len() as u32);
        for (func, offsets) in &self.sites {
            put(*func);
            put(offsets.len() as u32);
            offsets.iter().copied().for_each(&mut put);
        }
        put(self.records.len() as u32);
        for record in &self.records {
            [
                record.target as u32,
                (record.target >> 32) as u32,
                record.hits as u32,
                record.misses as u32,
            ]
            .into_iter()
            .for_each(&mut put);
        }
        out
    }
}

impl Contents {
    /// Adds what another has of functions that this has nothing of.
    pub(crate) fn merge(&mut self, other: Contents) {
        for (func, (level, code)) in other.funcs {
            let found = self.funcs.get(&func);
            if found.is_none_or(|(best, _)| *best < level) {
                self.funcs.insert(func, (level, code));
            }
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
    pub(crate) fn bytes(&self, key: &Key, facts: &Facts, module: &LoadedModule) -> Option<Vec<u8>> {
        let header = module.module().header();
        let n_imported = header.n_imported_funcs() as u32;
        let n_defined = header.n_defined_funcs() as u32;
        let mut builder = CodeImageBuilder::new(n_imported);
        for func in 0..n_defined {
            match self.funcs.get(&func) {
                Some((_, code)) => builder.push_func(code).ok()?,
                None => builder.push_absent(),
            }
        }
        let (mut image, relocs) = builder.into_parts();
        self.link(&mut image, &relocs, module)?;
        let located = |(&func, (level, _)): (&u32, &(CodeLevel, CompiledFunc))| {
            (func, *level, image.funcs[func as usize])
        };
        let hot = Hot {
            funcs: self.funcs.iter().map(located).collect(),
            counters: self.counters.clone(),
            sites: self.sites.clone(),
            records: self.records.clone(),
        };
        let mut name_bytes = facts.name.len().min(NAME_BYTES_MAX);
        while !facts.name.is_char_boundary(name_bytes) {
            name_bytes -= 1;
        }
        let parts = [
            facts.name.as_bytes()[..name_bytes].to_vec(),
            hot.bytes(),
            std::mem::take(&mut image.text),
            write_tables(&image),
            write_relocs(&relocs),
        ];
        let mut out = Vec::with_capacity(HEAD_BYTES + parts.iter().map(Vec::len).sum::<usize>());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[0; blake3::OUT_LEN]);
        out.extend_from_slice(key);
        let numbers = [
            facts.module_bytes,
            n_defined.into(),
            facts.compile_ns,
            self.funcs.len() as u64,
        ];
        let sizes = parts.iter().map(|part| part.len() as u64);
        for number in numbers.into_iter().chain(sizes) {
            out.extend_from_slice(&number.to_le_bytes());
        }
        parts.iter().for_each(|part| out.extend_from_slice(part));
        let checksum = blake3::hash(&out[40..]);
        out[8..40].copy_from_slice(checksum.as_bytes());
        Some(out)
    }

    /// Sets the operands of the code, and adds stubs for the functions that it calls and has no final code of.
    fn link(&self, image: &mut CodeImage, relocs: &[Reloc], module: &LoadedModule) -> Option<()> {
        let n_imported = module.module().header().n_imported_funcs() as u32;
        let mut first_records = HashMap::new();
        let mut n_records = 0;
        for (func, offsets) in &self.sites {
            first_records.insert(*func, (n_records, offsets.len() as u32));
            n_records += offsets.len() as u32;
        }
        let mut stubs = HashMap::new();
        for reloc in relocs {
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

fn write_relocs(relocs: &[Reloc]) -> Vec<u8> {
    let mut out = Vec::new();
    let rows = relocs.iter().map(|reloc| {
        let (kind, target) = match reloc.target {
            RelocTarget::Func(func) => (0, func.0),
            RelocTarget::Site(number) => (1, number),
        };
        [reloc.offset, kind, target, reloc.addend as u32]
    });
    write_rows(&mut out, rows);
    out
}

fn read_relocs(mut bytes: &[u8]) -> Option<Vec<Reloc>> {
    let rows = read_rows(&mut bytes)?.into_iter();
    let relocs = rows.map(|[offset, kind, target, addend]| {
        let target = match kind {
            0 => RelocTarget::Func(FuncIdx(target)),
            1 => RelocTarget::Site(target),
            _ => return None,
        };
        Some(Reloc {
            offset,
            target,
            addend: addend as i32,
        })
    });
    let relocs: Vec<Reloc> = relocs.collect::<Option<_>>()?;
    relocs
        .is_sorted_by_key(|reloc| reloc.offset)
        .then_some(relocs)
}

fn write_tables(image: &CodeImage) -> Vec<u8> {
    let mut out = Vec::new();
    write_rows(
        &mut out,
        image.traps.iter().map(|t| [t.offset, t.code.into()]),
    );
    write_rows(&mut out, image.pcs.iter().map(|p| [p.offset, p.wasm]));
    let maps = &image.stack_maps;
    write_rows(
        &mut out,
        maps.calls.iter().map(|c| [c.return_offset, c.first]),
    );
    write_rows(&mut out, maps.places.iter().map(|place| [*place]));
    let handlers = image.handlers.iter();
    write_rows(
        &mut out,
        handlers.map(|h| [h.return_offset, h.landing_offset, h.frame_bytes]),
    );
    let inlined = image.inlined.iter();
    write_rows(
        &mut out,
        inlined.map(|i| [i.first, i.start, i.func.0, i.call]),
    );
    write_rows(&mut out, image.inlined_of.iter().map(|of| [of.0, of.1]));
    out
}

fn read_tables(mut bytes: &[u8], funcs: Vec<FuncLocation>) -> Option<CodeImage> {
    let from = &mut bytes;
    let mut image = CodeImage {
        funcs,
        ..CodeImage::default()
    };
    for [offset, code] in read_rows(from)? {
        let code = u8::try_from(code).ok()?;
        image.traps.push(TrapEntry { offset, code });
    }
    let pcs = read_rows(from)?.into_iter();
    image.pcs = pcs.map(|[offset, wasm]| PcEntry { offset, wasm }).collect();
    let calls = read_rows(from)?.into_iter();
    let call = |[return_offset, first]: [u32; 2]| StackMap {
        return_offset,
        first,
    };
    image.stack_maps.calls = calls.map(call).collect();
    let places = read_rows(from)?.into_iter();
    image.stack_maps.places = places.map(|[place]| place).collect();
    let handlers = read_rows(from)?.into_iter();
    let handler = |[return_offset, landing_offset, frame_bytes]: [u32; 3]| Handler {
        return_offset,
        landing_offset,
        frame_bytes,
    };
    image.handlers = handlers.map(handler).collect();
    let inlined = read_rows(from)?.into_iter();
    let call = |[first, start, func, call]: [u32; 4]| Inlined {
        first,
        start,
        func: FuncIdx(func),
        call,
    };
    image.inlined = inlined.map(call).collect();
    let of = read_rows(from)?.into_iter();
    image.inlined_of = of.map(|[func, first]| (func, first)).collect();
    let handlers = &image.handlers;
    let in_order = handlers.is_sorted_by(|a, b| a.return_offset < b.return_offset);
    let is_consistent = image.stack_maps.is_consistent() && image.has_consistent_inlined();
    (in_order && is_consistent && from.is_empty()).then_some(image)
}
