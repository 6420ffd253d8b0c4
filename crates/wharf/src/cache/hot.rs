//! The part of an entry that is read in every run: lists of u32, little-endian, each with its count.
//!
//! Apart from the tables because these are small, and this is quick to read.

use abi::FuncLocation;
use runtime::{CodeLevel, KeptSite};

/// Where code is that a loop is entered with.
pub(super) struct LoopPlace {
    pub(super) func: u32,
    /// The offset of the loop's operator in the module's bytes.
    pub(super) at: u32,
    pub(super) location: FuncLocation,
    /// Size of its tables and operands.
    pub(super) table_bytes: u32,
}

/// What is read in every run, beside the text.
pub(super) struct Hot {
    pub(super) funcs: Vec<(u32, CodeLevel, FuncLocation)>,
    pub(super) counters: Vec<(u32, i32, u16)>,
    pub(super) sites: Vec<(u32, Vec<u32>)>,
    pub(super) records: Vec<KeptSite>,
    pub(super) loops: Vec<LoopPlace>,
}

impl Hot {
    /// `None` if it is not whole.
    pub(super) fn parse(bytes: &[u8]) -> Option<Hot> {
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
        let n_loops = count(next()?)?;
        let mut loops = Vec::with_capacity(n_loops);
        for _ in 0..n_loops {
            loops.push(LoopPlace {
                func: next()?,
                at: next()?,
                location: FuncLocation {
                    offset: next()?,
                    len: next()?,
                },
                table_bytes: next()?,
            });
        }
        Some(Hot {
            funcs,
            counters,
            sites,
            records,
            loops,
        })
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
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
        put(self.loops.len() as u32);
        for place in &self.loops {
            [
                place.func,
                place.at,
                place.location.offset,
                place.location.len,
                place.table_bytes,
            ]
            .into_iter()
            .for_each(&mut put);
        }
        out
    }
}
