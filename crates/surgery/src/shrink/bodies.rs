//! Cuts within the bodies of functions: operators that go, and operators behind which nothing is reached.
//!
//! Apart from parts because here most of what is tried is not valid, and is dropped before anybody looks at it.

use super::{Search, by_halves};
use crate::Error;
use crate::sections::{sections, write_section, write_u32};
use std::ops::Range;
use wasmparser::{BinaryReader, CodeSectionReader, FunctionBody, Operator};

const CODE: u8 = 10;
const UNREACHABLE: u8 = 0;
/// Bodies that only trap have so many bytes.
const SMALL_BYTES: usize = 3;

/// Bodies with more operators are cut in pieces that are not smaller than this part of them.
const PIECES_MAX: usize = 4000;

/// Cuts what can be cut, in one body after the other.
pub(super) fn reduce(search: &mut Search<'_>) -> Result<(), Error> {
    let sizes = bodies(&search.best)?.into_iter();
    let sizes: Vec<usize> = sizes.map(|body| body.as_bytes().len()).collect();
    for (func, size) in sizes.into_iter().enumerate() {
        if size <= SMALL_BYTES {
            continue;
        }
        cut_tails(search, func)?;
        cut_operators(search, func)?;
        cut_locals(search, func)?;
    }
    Ok(())
}

fn bodies(wasm: &[u8]) -> Result<Vec<FunctionBody<'_>>, Error> {
    let all = sections(wasm, &(0..wasm.len()))?;
    let Some(code) = all.iter().find(|section| section.id == CODE) else {
        return Ok(Vec::new());
    };
    let contents = code.contents.clone();
    let reader = BinaryReader::new(&wasm[contents.clone()], contents.start as u64);
    let bodies = CodeSectionReader::new(reader)?;
    Ok(bodies.into_iter().collect::<wasmparser::Result<_>>()?)
}

/// One body as bytes: locals, then each operator but the last `end`.
struct Body {
    locals: Vec<u8>,
    ops: Vec<Vec<u8>>,
    /// By operator that begins a block or is `else`: where the block or arm ends.
    ends: Vec<(usize, usize)>,
}

impl Body {
    fn read(wasm: &[u8], func: usize) -> Result<Body, Error> {
        let bodies = bodies(wasm)?;
        let body = bodies
            .get(func)
            .ok_or_else(|| Error::new("there is no such function"))?;
        let range = body.range();
        let mut reader = body.get_operators_reader()?;
        let first = reader.original_position() as usize;
        let mut places: Vec<usize> = Vec::new();
        let mut ends = Vec::new();
        // The beginnings of blocks; the body is the outermost.
        let mut open = vec![0];
        while !reader.eof() {
            let (op, at) = reader.read_with_offset()?;
            let place = places.len();
            places.push(at as usize);
            match op {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. }
                | Operator::Try { .. } => open.push(place + 1),
                Operator::Else | Operator::Catch { .. } | Operator::CatchAll => {
                    ends.extend(open.pop().map(|start| (start, place)));
                    open.push(place + 1);
                }
                Operator::End | Operator::Delegate { .. } => {
                    ends.extend(open.pop().map(|start| (start, place)));
                }
                _ => {}
            }
        }
        let body_end = range.end as usize;
        let next = places.iter().skip(1).copied().chain([body_end]);
        let mut ops: Vec<Vec<u8>> = places
            .iter()
            .zip(next)
            .map(|(&start, end)| wasm[start..end].to_vec())
            .collect();
        ops.pop();
        Ok(Body {
            locals: wasm[range.start as usize..first].to_vec(),
            ops,
            ends,
        })
    }

    /// The body with these operators.
    fn with(&self, ops: &mut dyn Iterator<Item = &[u8]>) -> Vec<u8> {
        let mut body = self.locals.clone();
        for op in ops {
            body.extend_from_slice(op);
        }
        body.push(0x0b);
        body
    }
}

/// The module with another body of a function.
fn with_body(wasm: &[u8], func: usize, body: &[u8]) -> Result<Vec<u8>, Error> {
    let old = bodies(wasm)?;
    let mut out = wasm[..8].to_vec();
    for section in sections(wasm, &(0..wasm.len()))? {
        if section.id != CODE {
            out.extend_from_slice(&wasm[section.whole]);
            continue;
        }
        let mut contents = Vec::new();
        write_u32(old.len() as u32, &mut contents);
        for (at, old) in old.iter().enumerate() {
            let body = match at == func {
                true => body,
                false => old.as_bytes(),
            };
            write_u32(body.len() as u32, &mut contents);
            contents.extend_from_slice(body);
        }
        write_section(CODE, &contents, &mut out)?;
    }
    Ok(out)
}

/// Lets blocks trap earlier and earlier.
fn cut_tails(search: &mut Search<'_>, func: usize) -> Result<(), Error> {
    let mut outer = 0;
    loop {
        let wasm = search.best.clone();
        let body = Body::read(&wasm, func)?;
        // From the outermost block to the inner ones, in the order in which they begin.
        let mut blocks = body.ends.clone();
        blocks.sort_unstable();
        let Some(&(start, end)) = blocks.get(outer) else {
            return Ok(());
        };
        outer += 1;
        // The earliest place at which trapping stays interesting is searched by halves, as if all later ones were too.
        let (mut low, mut high) = (start, end);
        while low < high {
            let middle = low + (high - low) / 2;
            let kept = |at: &usize| *at < middle || *at >= end;
            let ops: Vec<&[u8]> = (0..=body.ops.len())
                .filter(|at| kept(at) || *at == middle)
                .filter_map(|at| match at == middle && middle < end {
                    true => Some(&[UNREACHABLE][..]),
                    false => body.ops.get(at).map(|op| &op[..]),
                })
                .collect();
            let cut = with_body(&wasm, func, &body.with(&mut ops.into_iter()))?;
            match search.try_smaller(&cut)? {
                true => high = middle,
                false => low = middle + 1,
            }
        }
    }
}

/// Takes out operators that stand together.
fn cut_operators(search: &mut Search<'_>, func: usize) -> Result<(), Error> {
    let wasm = search.best.clone();
    let body = Body::read(&wasm, func)?;
    let n = body.ops.len();
    let piece = n.div_ceil(PIECES_MAX).max(1);
    let pieces: Vec<Range<usize>> = (0..n)
        .step_by(piece)
        .map(|start| start..(start + piece).min(n))
        .collect();
    by_halves(pieces.len(), &mut |left| {
        let mut ops = left
            .iter()
            .flat_map(|&at| &body.ops[pieces[at].clone()])
            .map(|op| &op[..]);
        search.try_smaller(&with_body(&wasm, func, &body.with(&mut ops))?)
    })
}

/// Takes out all locals, if none is used any more.
fn cut_locals(search: &mut Search<'_>, func: usize) -> Result<(), Error> {
    let wasm = search.best.clone();
    let mut body = Body::read(&wasm, func)?;
    if body.locals.len() > 1 {
        body.locals = vec![0];
        let ops = body.with(&mut body.ops.iter().map(|op| &op[..]));
        search.try_smaller(&with_body(&wasm, func, &ops)?)?;
    }
    Ok(())
}
