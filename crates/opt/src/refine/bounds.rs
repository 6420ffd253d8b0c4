//! The types that slots get: as narrow as what they hold, and wide enough where one must match another.
//!
//! Apart from solving because that is about values, of which each place may have its own type as long as code can cast in between. Here
//! are the places where it cannot, since validation compares what is declared: fields of subtypes, results of tail calls, elements that
//! are copied, globals in constant expressions.
//!
//! **Invariant:** no slot gets a wider type than it was declared with. So code that stays as it is may read any slot.

use super::slots::Slots;
use super::solve::{Heap, Known};
use ir::{is_sub, join_heaps};
use module::{Header, HeapType, RefType};

/// The type of each slot that holds references. `bounds` are pairs of such slots, the first of which must match the second.
pub(super) fn types(
    header: &Header,
    slots: &Slots,
    known: &[Known],
    bounds: &[(u32, u32)],
) -> Vec<Option<RefType>> {
    let mut now: Vec<Option<RefType>> = Vec::with_capacity(slots.len());
    for (slot, &declared) in slots.declared.iter().enumerate() {
        let above = slots.above[slot].and_then(|above| now[above as usize]);
        now.push(declared.map(|declared| {
            let ty = refined(header, declared, known[slot]);
            match above {
                // Nothing but null is ever there, so that it need not make the field of the supertype wider.
                Some(above) if known[slot].heap == Heap::Nothing && !matches(header, ty, above) => {
                    RefType {
                        nullable: declared.nullable && above.nullable,
                        heap: bottom(declared),
                    }
                }
                _ => ty,
            }
        }));
    }
    widen(header, slots, bounds, &mut now);
    now
}

/// Makes types wider until all bounds hold. What was declared is such an answer.
fn widen(header: &Header, slots: &Slots, bounds: &[(u32, u32)], now: &mut [Option<RefType>]) {
    let mut bounds = bounds.to_vec();
    bounds.sort_unstable();
    bounds.dedup();
    let mut work: Vec<u32> = bounds.iter().map(|&(from, _)| from).collect();
    work.dedup();
    while let Some(from) = work.pop() {
        let first = bounds.partition_point(|&(other, _)| other < from);
        let own = bounds[first..].iter().take_while(|bound| bound.0 == from);
        for &(_, to) in own {
            let (Some(sub), Some(sup)) = (now[from as usize], now[to as usize]) else {
                continue;
            };
            let Some(declared) = slots.declared[to as usize] else {
                continue;
            };
            if !matches(header, sub, sup) {
                now[to as usize] = Some(join(header, sub, sup, declared));
                work.push(to);
            }
        }
    }
}

/// What a slot declared to hold `declared` will be said to hold.
fn refined(header: &Header, declared: RefType, known: Known) -> RefType {
    match known.heap {
        Heap::Of(heap) if is_sub(header, heap, declared.heap) => RefType {
            nullable: known.nullable && declared.nullable,
            heap,
        },
        Heap::Nothing => declared,
        _ => RefType {
            nullable: known.nullable && declared.nullable,
            ..declared
        },
    }
}

/// The narrowest type of what two types are of, or `declared` if it is wider.
fn join(header: &Header, a: RefType, b: RefType, declared: RefType) -> RefType {
    let heap = match (
        is_sub(header, a.heap, b.heap),
        is_sub(header, b.heap, a.heap),
    ) {
        (true, _) => Some(b.heap),
        (_, true) => Some(a.heap),
        _ => join_heaps(header, a.heap, b.heap),
    };
    let heap = heap.filter(|&heap| is_sub(header, heap, declared.heap));
    RefType {
        nullable: (a.nullable || b.nullable) && declared.nullable,
        heap: heap.unwrap_or(declared.heap),
    }
}

fn matches(header: &Header, sub: RefType, sup: RefType) -> bool {
    (sup.nullable || !sub.nullable) && is_sub(header, sub.heap, sup.heap)
}

/// The type below all others of a hierarchy.
pub(super) fn bottom(ty: RefType) -> HeapType {
    match ty.widest().heap {
        HeapType::Func => HeapType::NoFunc,
        HeapType::Extern => HeapType::NoExtern,
        HeapType::Exn => HeapType::NoExn,
        _ => HeapType::None,
    }
}
