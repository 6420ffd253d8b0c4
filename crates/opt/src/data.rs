//! What memories hold at first, in as few bytes as it takes: segments are joined, and zeros, which memories are full of, are left out.
//!
//! Apart from the other stages because it is about bytes and no code.

use crate::Error;
use crate::job::{Changed, Job};
use crate::uses::Uses;
use module::{ConstExpr, DataMode, Module, Op, encode};
use rewrite::{MoreData, Renumbering, Rewrite};
use std::collections::BTreeMap;

/// Engines take only so many segments.
const SEGMENTS_MAX: usize = 50_000;

/// Bytes between runs that are cheaper to write as zeros than to leave out.
const GAP: u64 = 6;

/// Packs the segments of each memory that is known to be zero before them.
pub(crate) fn run(module: &Module, job: &Job<'_>) -> Result<Option<Changed>, Error> {
    let header = module.header();
    let uses = Uses::of(module, job.options)?;
    let datas = module.datas();
    // One that does not fit ends instantiation, while what was written before it stays.
    let fits = |at: usize| match &datas[at].mode {
        DataMode::Passive => true,
        DataMode::Active { memory, offset } => {
            let ty = header.memories()[memory.index()];
            let size = ty.minimum.saturating_mul(ty.page_bytes());
            let end = address(offset)
                .and_then(|address| address.checked_add(datas[at].range.len() as u64));
            memory.index() >= header.n_imported_memories() && end.is_some_and(|end| end <= size)
        }
    };
    let is_free = |at: usize| matches!(datas[at].mode, DataMode::Active { .. }) && !uses.datas[at];
    let all_fit = (0..datas.len()).all(fits);
    let all_free =
        (0..datas.len()).all(|at| is_free(at) || matches!(datas[at].mode, DataMode::Passive));
    if !all_fit || !all_free {
        return Ok(None);
    }
    let mut contents: Vec<Contents> = Vec::new();
    contents.resize_with(header.memories().len(), Contents::default);
    for (at, data) in datas.iter().enumerate() {
        if let DataMode::Active { memory, offset } = &data.mode {
            let address = address(offset).unwrap_or_default();
            contents[memory.index()].write(address, module.data_bytes(at));
        }
    }
    let mut packed = Rewrite::new(module);
    for (memory, contents) in contents.into_iter().enumerate() {
        let is_64 = header.memories()[memory].memory64;
        contents.segments(memory as u32, is_64, &mut packed.more_datas);
    }
    let size = |memory: u32, address: u64, len: usize| {
        2 + cost(
            header.memories()[memory as usize].memory64,
            memory,
            address,
            len,
        ) + len
    };
    let after: usize = packed
        .more_datas
        .iter()
        .map(|data| size(data.memory, data.address, data.bytes.len()))
        .sum();
    let before = datas.iter().map(|data| match &data.mode {
        DataMode::Active { memory, offset } => size(
            memory.0,
            address(offset).unwrap_or_default(),
            data.range.len(),
        ),
        DataMode::Passive => 0,
    });
    if after >= before.sum() || packed.more_datas.len() > SEGMENTS_MAX {
        return Ok(None);
    }
    packed.datas = Renumbering::keeping(datas.len(), |at| !is_free(at));
    Ok(Some(Changed::by(module, &packed)?))
}

/// A constant address.
fn address(offset: &ConstExpr) -> Option<u64> {
    match *offset.ops() {
        [Op::I32Const(offset)] => Some(u64::from(offset as u32)),
        [Op::I64Const(offset)] => Some(offset as u64),
        _ => None,
    }
}

/// About how many bytes a segment takes beside its contents, less two that each has.
fn cost(is_64: bool, memory: u32, address: u64, len: usize) -> usize {
    let mut out = Vec::with_capacity(16);
    match is_64 {
        true => encode::signed(&mut out, address as i64),
        false => encode::signed(&mut out, i64::from(address as i32)),
    }
    encode::unsigned(&mut out, len as u64);
    out.len() + 1 + usize::from(memory > 0)
}

/// What was written to a memory that was zero: runs of bytes by their first addresses, none within [`GAP`] of another one.
#[derive(Default)]
struct Contents(BTreeMap<u64, Vec<u8>>);

impl Contents {
    /// Writes over what is there.
    fn write(&mut self, address: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let end = address + bytes.len() as u64;
        let mut run = (address, bytes.to_vec());
        // Those that begin about no later than the end and reach the beginning, or nearly.
        while let Some((&at, old)) = self.0.range(..=end + GAP).next_back() {
            let old_end = at + old.len() as u64;
            if old_end + GAP < run.0 {
                break;
            }
            let old = self.0.remove(&at).expect("it was found");
            run = join((at, old), run);
        }
        self.0.insert(run.0, run.1);
    }

    /// Segments with all that is not zero, each zero in them being cheaper than another segment.
    fn segments(self, memory: u32, is_64: bool, out: &mut Vec<MoreData>) {
        for (first, bytes) in self.0 {
            let mut open: Option<(usize, usize)> = None;
            let mut at = 0;
            while at < bytes.len() {
                if bytes[at] == 0 {
                    at += 1;
                    continue;
                }
                let start = at;
                while at < bytes.len() && bytes[at] != 0 {
                    at += 1;
                }
                open = match open {
                    Some((from, to))
                        if start - to
                            <= cost(is_64, memory, first + start as u64, at - start) + 1 =>
                    {
                        Some((from, at))
                    }
                    Some((from, to)) => {
                        out.push(segment(memory, first, &bytes, from, to));
                        Some((start, at))
                    }
                    None => Some((start, at)),
                };
            }
            if let Some((from, to)) = open {
                out.push(segment(memory, first, &bytes, from, to));
            }
        }
    }
}

fn segment(memory: u32, first: u64, bytes: &[u8], from: usize, to: usize) -> MoreData {
    MoreData {
        memory,
        address: first + from as u64,
        bytes: bytes[from..to].to_vec(),
    }
}

/// One run of two that touch or overlap, of which the second was written later.
fn join(old: (u64, Vec<u8>), new: (u64, Vec<u8>)) -> (u64, Vec<u8>) {
    let start = old.0.min(new.0);
    let ends = [&old, &new].map(|(at, bytes)| (at - start) as usize + bytes.len());
    let mut bytes = old.1;
    if old.0 > start {
        bytes.splice(..0, std::iter::repeat_n(0, (old.0 - start) as usize));
    }
    bytes.resize(ends[0].max(ends[1]), 0);
    let at = (new.0 - start) as usize;
    bytes[at..at + new.1.len()].copy_from_slice(&new.1);
    (start, bytes)
}
