//! Whole parts: sections, the items of sections that are lists, and the bodies of functions.
//!
//! Apart from bodies because nothing is renumbered and nothing read but the lists: what others refer to either is not valid any more
//! and not tried, or means something else, which the judge decides about.

use super::{Search, by_halves};
use crate::Error;
use crate::sections::{Section, sections, write_section, write_u32};
use std::ops::Range;
use wasmparser::{BinaryReader, SectionLimited};

const CUSTOM: u8 = 0;
const EXPORT: u8 = 7;
const START: u8 = 8;
const ELEMENT: u8 = 9;
const CODE: u8 = 10;
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;

/// A function without locals that traps: its size, then itself.
const TRAPPING_BODY: &[u8] = &[3, 0, 0, 0x0b];

/// Takes out what can go.
pub(super) fn reduce(search: &mut Search<'_>) -> Result<(), Error> {
    remove_sections(search)?;
    remove_bodies(search)?;
    for id in [EXPORT, ELEMENT, DATA] {
        remove_items(search, id)?;
    }
    shorten_data(search)
}

fn remove_sections(search: &mut Search<'_>) -> Result<(), Error> {
    let wasm = search.best.clone();
    let all = sections(&wasm, &(0..wasm.len()))?;
    let goes = |section: &&Section| matches!(section.id, CUSTOM | START | ELEMENT | EXPORT | DATA);
    let going: Vec<&Section> = all.iter().filter(goes).collect();
    by_halves(going.len(), &mut |left| {
        let mut out = wasm[..8].to_vec();
        for section in &all {
            let place = going.iter().position(|going| going.whole == section.whole);
            if place.is_none_or(|place| left.contains(&place)) {
                out.extend_from_slice(&wasm[section.whole.clone()]);
            }
        }
        search.try_smaller(&out)
    })
}

/// The bytes of each item of a section that is a list.
fn items(wasm: &[u8], section: &Section) -> Result<Vec<Range<usize>>, Error> {
    let contents = section.contents.clone();
    let bytes = &wasm[contents.clone()];
    let reader = BinaryReader::new(bytes, 0);
    let starts: Vec<u64> = match section.id {
        EXPORT => starts(SectionLimited::<wasmparser::Export<'_>>::new(reader)?)?,
        ELEMENT => starts(SectionLimited::<wasmparser::Element<'_>>::new(reader)?)?,
        CODE => starts(SectionLimited::<wasmparser::FunctionBody<'_>>::new(reader)?)?,
        _ => starts(SectionLimited::<wasmparser::Data<'_>>::new(reader)?)?,
    };
    let place = |at: u64| contents.start + at as usize;
    let ends = starts.iter().skip(1).copied().chain([bytes.len() as u64]);
    let ranges = starts.iter().zip(ends);
    Ok(ranges
        .map(|(&start, end)| place(start)..place(end))
        .collect())
}

fn starts<'a, T: wasmparser::FromReader<'a>>(
    section: SectionLimited<'a, T>,
) -> Result<Vec<u64>, Error> {
    let items = section.into_iter_with_offsets();
    let starts = items.map(|item| item.map(|(at, _)| at));
    Ok(starts.collect::<wasmparser::Result<_>>()?)
}

/// The module with another list in a section; if these are data segments, with the right count of them.
fn with_list(wasm: &[u8], id: u8, items: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let mut out = wasm[..8].to_vec();
    for section in sections(wasm, &(0..wasm.len()))? {
        let mut contents = Vec::new();
        write_u32(items.len() as u32, &mut contents);
        if section.id == id {
            for item in items {
                contents.extend_from_slice(item);
            }
            write_section(id, &contents, &mut out)?;
        } else if section.id == DATA_COUNT && id == DATA {
            write_section(DATA_COUNT, &contents, &mut out)?;
        } else {
            out.extend_from_slice(&wasm[section.whole]);
        }
    }
    Ok(out)
}

/// The items of a section of the smallest module so far, with its bytes.
fn list(search: &Search<'_>, id: u8) -> Result<(Vec<u8>, Vec<Range<usize>>), Error> {
    let wasm = search.best.clone();
    let all = sections(&wasm, &(0..wasm.len()))?;
    let section = all.iter().find(|section| section.id == id);
    let items = section.map_or(Ok(Vec::new()), |section| items(&wasm, section))?;
    Ok((wasm, items))
}

fn remove_items(search: &mut Search<'_>, id: u8) -> Result<(), Error> {
    let (wasm, items) = list(search, id)?;
    by_halves(items.len(), &mut |left| {
        let left: Vec<&[u8]> = left.iter().map(|&at| &wasm[items[at].clone()]).collect();
        search.try_smaller(&with_list(&wasm, id, &left)?)
    })
}

/// Gives functions a body that does nothing but trap.
fn remove_bodies(search: &mut Search<'_>) -> Result<(), Error> {
    let (wasm, items) = list(search, CODE)?;
    by_halves(items.len(), &mut |left| {
        let mut bodies: Vec<&[u8]> = vec![TRAPPING_BODY; items.len()];
        for &at in left {
            bodies[at] = &wasm[items[at].clone()];
        }
        search.try_smaller(&with_list(&wasm, CODE, &bodies)?)
    })
}

/// Cuts what is in data segments from behind.
fn shorten_data(search: &mut Search<'_>) -> Result<(), Error> {
    let n = list(search, DATA)?.1.len();
    for at in 0..n {
        let (wasm, items) = list(search, DATA)?;
        let segment = BinaryReader::new(&wasm[items[at].clone()], 0).read::<wasmparser::Data<'_>>();
        let Ok(segment) = segment else {
            continue;
        };
        let n_bytes = segment.data.len();
        // What stands before the bytes, without how many they are.
        let head = items[at].len() - n_bytes - n_size_bytes(n_bytes);
        let head = &wasm[items[at].start..items[at].start + head];
        let mut kept = n_bytes;
        let mut cut = n_bytes;
        while cut > 0 {
            while kept >= cut {
                let mut shorter = head.to_vec();
                write_u32((kept - cut) as u32, &mut shorter);
                shorter.extend_from_slice(&segment.data[..kept - cut]);
                let list: Vec<&[u8]> = items
                    .iter()
                    .enumerate()
                    .map(|(place, item)| match place == at {
                        true => &shorter[..],
                        false => &wasm[item.clone()],
                    })
                    .collect();
                if !search.try_smaller(&with_list(&wasm, DATA, &list)?)? {
                    break;
                }
                kept -= cut;
            }
            cut /= 2;
        }
    }
    Ok(())
}

/// How many bytes a number takes that is written as short as can be.
fn n_size_bytes(n: usize) -> usize {
    let mut bytes = Vec::new();
    write_u32(n as u32, &mut bytes);
    bytes.len()
}
