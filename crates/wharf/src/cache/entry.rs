//! What a file of the cache holds that has code: code of a module's functions, and what was seen of them.
//!
//! Apart from the directory because here nothing is looked for: bytes are made, or judged.
//!
//! ```text
//! magic (8)  checksum of all after it (32)  key (32)
//! u64 each: bytes of the module, its defined functions, nanoseconds that compiling took, functions with code,
//!           bytes of name, hot part, tables, operands, tables of loops, text
//! name | hot part | tables | operands | tables of loops | zeros up to a page | text
//! ```
//! Numbers are little-endian. The hot part is read in every run; see [`super::hot`]. The tables are read when something faults, throws
//! or collects, the operands when code is added; see [`super::tables`]. The text is run where it is: its pages are read when they are
//! first run.

use super::hot::Hot;
use super::tables::read_tables;
use abi::FuncLocation;
use module::Bytes;
use runtime::{CodeLevel, KeptCode, KeptLoop, KeptText};
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"\x7fwharfC\x02";

/// What an entry is found by: the hash of all that its code depends on.
pub(super) type Key = [u8; 32];

/// Bytes before what the checksum is of.
pub(super) const CHECKED_FROM: usize = 40;

/// Numbers after the key.
const NUMBERS: usize = 10;

/// Bytes before the name.
const HEAD_BYTES: usize = CHECKED_FROM + 32 + 8 * NUMBERS;

/// No name is longer, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// No module has more functions: a limit of validation.
const DEFINED_MAX: usize = 1_000_000;

/// What can be said of an entry without its code.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) module_bytes: u64,
    pub(super) n_defined: u64,
    pub(super) compile_ns: u64,
    pub(super) n_funcs: u64,
}

/// The head of an entry.
struct Head {
    key: Key,
    facts: Facts,
    /// Bytes of name, hot part, tables, operands, tables of loops and text.
    sizes: [u64; 6],
}

impl Head {
    /// Reads a head; the name is not in it yet.
    fn parse(head: &[u8; HEAD_BYTES]) -> Option<Head> {
        let (key, rest) = head[CHECKED_FROM..].split_first_chunk()?;
        let mut numbers = rest.chunks_exact(8);
        let mut next = || Some(u64::from_le_bytes(numbers.next()?.try_into().ok()?));
        let facts = Facts {
            name: String::new(),
            module_bytes: next()?,
            n_defined: next()?,
            compile_ns: next()?,
            n_funcs: next()?,
        };
        let sizes = [next()?, next()?, next()?, next()?, next()?, next()?];
        let found = Head {
            key: *key,
            facts,
            sizes,
        };
        let fits = head.starts_with(MAGIC) && sizes[0] <= NAME_BYTES_MAX as u64;
        fits.then_some(found)
    }

    /// Where the text starts, if these are the sizes of a file of so many bytes.
    fn text_at(&self, file_bytes: u64) -> Option<u64> {
        let [before @ .., text] = &self.sizes;
        let end = before
            .iter()
            .try_fold(HEAD_BYTES as u64, |sum, size| sum.checked_add(*size))?;
        let at = end.checked_next_multiple_of(page_bytes())?;
        (at.checked_add(*text) == Some(file_bytes)).then_some(at)
    }
}

fn page_bytes() -> u64 {
    sys::page_bytes() as u64
}

/// Reads what can be said of an entry; whether its code is whole is not looked at.
pub(super) fn read_facts(file: &mut impl Read, file_bytes: u64) -> Option<Facts> {
    let mut head = [0; HEAD_BYTES];
    file.read_exact(&mut head).ok()?;
    let found = Head::parse(&head)?;
    found.text_at(file_bytes)?;
    let mut name = vec![0; found.sizes[0] as usize];
    file.read_exact(&mut name).ok()?;
    Some(Facts {
        name: String::from_utf8(name).ok()?,
        ..found.facts
    })
}

/// The bytes of a file that is never written to again, mapped where that is safe, and the file if they are.
pub(super) fn read_file(mut file: File) -> Option<(Bytes, Option<File>)> {
    if sys::is_on_this_machine(&file)
        && let Ok(view) = sys::FileView::new(&file)
    {
        return Some((Bytes::from_owner(Arc::new(view)), Some(file)));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some((bytes.into(), None))
}

/// Whether the bytes of a file are as they were written.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let checksum = bytes.get(8..CHECKED_FROM);
    let checked = bytes.get(CHECKED_FROM..);
    let sum = checked.map(blake3::hash);
    sum.is_some_and(|sum| Some(&sum.as_bytes()[..]) == checksum)
}

/// An entry that was found whole.
pub(super) struct Stored {
    pub(super) facts: Facts,
    bytes: Bytes,
    /// There if the bytes are mapped.
    file: Option<File>,
    /// Where parts end: name, hot part, tables, operands, tables of loops.
    ends: [usize; 5],
    text_at: usize,
}

impl Stored {
    /// Reads an entry; `None` if it is not the one with this key, or is not whole, which is not looked at if it is known to be.
    pub(super) fn read(file: File, key: &Key, is_known: bool) -> Option<Stored> {
        let (bytes, file) = read_file(file)?;
        let head = bytes.first_chunk()?;
        let found = Head::parse(head)?;
        let text_at = found.text_at(bytes.len() as u64)? as usize;
        if &found.key != key || !(is_known || is_whole(&bytes)) {
            return None;
        }
        let mut end = HEAD_BYTES;
        // The sum of all was compared with the size of the file.
        let [name, hot, tables, operands, loops, _] = found.sizes;
        let ends = [name, hot, tables, operands, loops].map(|size| {
            end += size as usize;
            end
        });
        let name = bytes[HEAD_BYTES..ends[0]].to_vec();
        Some(Stored {
            facts: Facts {
                name: String::from_utf8(name).ok()?,
                ..found.facts
            },
            bytes,
            file,
            ends,
            text_at,
        })
    }

    pub(super) fn hot(&self) -> &[u8] {
        &self.bytes[self.ends[0]..self.ends[1]]
    }

    pub(super) fn tables(&self) -> &[u8] {
        &self.bytes[self.ends[1]..self.ends[2]]
    }

    pub(super) fn operands(&self) -> &[u8] {
        &self.bytes[self.ends[2]..self.ends[3]]
    }

    pub(super) fn loop_tables(&self) -> &[u8] {
        &self.bytes[self.ends[3]..self.ends[4]]
    }

    /// The code.
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[self.text_at..]
    }

    /// Where all defined functions are in the text: those without code are empty, and lie behind the one before.
    pub(super) fn locations(
        &self,
        funcs: &[(u32, CodeLevel, FuncLocation)],
    ) -> Option<Vec<FuncLocation>> {
        let n_defined = usize::try_from(self.facts.n_defined).ok()?;
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
        let behind = FuncLocation {
            offset: end,
            len: 0,
        };
        locations.resize(n_defined, behind);
        Some(locations)
    }

    /// The code, to be put in place for a module with this many defined functions.
    pub(super) fn into_kept(self, n_defined: usize) -> Option<KeptCode> {
        let hot = Hot::parse(self.hot())?;
        if self.facts.n_defined != n_defined as u64 {
            return None;
        }
        let mut loop_at = self.ends[3];
        let mut loops = Vec::with_capacity(hot.loops.len());
        for place in hot.loops {
            let end = loop_at.checked_add(place.table_bytes as usize)?;
            if end > self.ends[4] {
                return None;
            }
            let bytes = self.bytes.slice(loop_at..end);
            loop_at = end;
            let whole = FuncLocation {
                offset: 0,
                len: place.location.len,
            };
            loops.push(KeptLoop {
                func: place.func,
                at: place.at,
                location: place.location,
                // What was whole when it was written can be parsed.
                tables: Box::new(move || {
                    read_tables(&mut &bytes[..], vec![whole]).unwrap_or_default()
                }),
            });
        }
        let locations = self.locations(&hot.funcs)?;
        let tables = self.bytes.slice(self.ends[1]..self.ends[2]);
        let text_bytes = self.text().len();
        let text = match self.file {
            Some(file) if text_bytes > 0 => KeptText::File {
                file,
                offset: self.text_at as u64,
                bytes: text_bytes,
            },
            _ => KeptText::Bytes(self.text().to_vec()),
        };
        Some(KeptCode {
            text,
            funcs: hot.funcs,
            counters: hot.counters,
            sites: hot.sites,
            records: hot.records,
            tables: Box::new(move || read_tables(&mut &tables[..], locations).unwrap_or_default()),
            loops,
        })
    }
}

/// The parts of an entry to be written.
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) n_defined: u32,
    pub(super) n_funcs: usize,
    pub(super) hot: Vec<u8>,
    pub(super) tables: Vec<u8>,
    pub(super) operands: Vec<u8>,
    pub(super) loop_tables: Vec<u8>,
    pub(super) text: Vec<u8>,
}

impl Entry {
    /// All bytes of the file.
    pub(super) fn bytes(&self, facts: &Facts) -> Vec<u8> {
        let mut name_bytes = facts.name.len().min(NAME_BYTES_MAX);
        while !facts.name.is_char_boundary(name_bytes) {
            name_bytes -= 1;
        }
        let parts = [
            &facts.name.as_bytes()[..name_bytes],
            &self.hot,
            &self.tables,
            &self.operands,
            &self.loop_tables,
        ];
        let before: usize = parts.iter().map(|part| part.len()).sum();
        let text_at = (HEAD_BYTES + before).next_multiple_of(sys::page_bytes());
        let mut out = Vec::with_capacity(text_at + self.text.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[0; blake3::OUT_LEN]);
        out.extend_from_slice(&self.key);
        let numbers = [
            facts.module_bytes,
            self.n_defined.into(),
            facts.compile_ns,
            self.n_funcs as u64,
        ];
        let sizes = parts.iter().map(|part| part.len() as u64);
        let sizes = sizes.chain([self.text.len() as u64]);
        for number in numbers.into_iter().chain(sizes) {
            out.extend_from_slice(&number.to_le_bytes());
        }
        parts.iter().for_each(|part| out.extend_from_slice(part));
        out.resize(text_at, 0);
        out.extend_from_slice(&self.text);
        let checksum = blake3::hash(&out[CHECKED_FROM..]);
        out[8..CHECKED_FROM].copy_from_slice(checksum.as_bytes());
        out
    }
}
