//! Tables of code, and the places of its operands, as bytes.
//!
//! Apart from the rest of an entry because nothing here is read before something faults, throws or collects, or code is added.

use super::codec::{read_rows, write_rows};
use abi::inlined::Inlined;
use abi::{CodeImage, FuncLocation, Handler, PcEntry, Reloc, RelocTarget, StackMap, TrapEntry};
use module::FuncIdx;

/// The operands.
pub(super) fn write_relocs(relocs: &[Reloc]) -> Vec<u8> {
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

/// Takes operands from the front; `None` if they are not whole, or not in order.
pub(super) fn read_relocs(bytes: &mut &[u8]) -> Option<Vec<Reloc>> {
    let rows = read_rows(bytes)?.into_iter();
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

/// All of an image but its text and its functions.
pub(super) fn write_tables(image: &CodeImage) -> Vec<u8> {
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

/// Takes the tables of these functions from the front; `None` if they are not whole, or not in order.
pub(super) fn read_tables(bytes: &mut &[u8], funcs: Vec<FuncLocation>) -> Option<CodeImage> {
    let from = bytes;
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
    (in_order && is_consistent).then_some(image)
}
