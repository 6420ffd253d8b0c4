//! Branches to the end of a block instead of an `if` in each other for each reason not to go on.
//!
//! Apart from putting blocks in order because it pays only if there are several: a branch takes a byte less than an `if` and its end, the
//! block to whose end it leads takes three.

use super::regions::Note;
use super::shape::{Label, Part};
use super::trees::Code;
use crate::{Func, Inst};
use ops::Compute;
use std::collections::HashMap;

/// Bytes of what opens a block, and its end.
const BLOCK_BYTES: i32 = 3;

/// What leads to the end of a block.
#[derive(Default)]
struct Ways {
    /// Whether branches do, so that the block is there anyway.
    is_branched_to: bool,
    /// The parts that could become branches.
    ifs: Vec<usize>,
    /// Bytes that this saves.
    saved: i32,
}

/// The parts, with branches where these take no more bytes; `leads` calls its argument with the nodes where exceptions of a part lead.
pub(super) fn flattened(
    func: &Func,
    code: &Code<'_>,
    parts: &mut Vec<Part>,
    notes: &mut Vec<Note>,
    labels: &[Label],
    leads: impl Fn(&Note, &mut dyn FnMut(u32)),
) {
    let skips = |part: &Part| matches!(part, Part::If { skips_to, .. } if skips_to.is_some());
    if !parts.iter().any(skips) {
        return;
    }
    notes.resize(parts.len(), Note::default());
    let mut ways: HashMap<u32, Ways> = HashMap::new();
    for (at, (part, note)) in parts.iter().zip(&*notes).enumerate() {
        let mut branch = |label: Label| {
            if !label.is_loop {
                ways.entry(label.node).or_default().is_branched_to = true;
            }
        };
        match *part {
            Part::Br(label) | Part::BrIf { to: label, .. } => branch(label),
            Part::BrTable(first, count) => {
                let labels = &labels[first as usize..][..count as usize];
                labels.iter().copied().for_each(branch);
            }
            Part::If {
                negated,
                skips_to: Some(label),
                ..
            } => {
                let saved = 1 + turning_bytes(func, code, parts, at, negated)
                    - turning_bytes(func, code, parts, at, !negated);
                if saved > 0 {
                    let ways = ways.entry(label.node).or_default();
                    ways.ifs.push(at);
                    ways.saved += saved;
                }
            }
            _ => {}
        }
        leads(note, &mut |node| {
            ways.entry(node).or_default().is_branched_to = true
        });
    }
    let mut is_branch = vec![false; parts.len()];
    let mut has_any = false;
    for ways in ways.values() {
        if ways.is_branched_to || ways.saved >= BLOCK_BYTES {
            ways.ifs.iter().for_each(|&at| is_branch[at] = true);
            has_any |= !ways.ifs.is_empty();
        }
    }
    if !has_any {
        return;
    }
    let (old_parts, old_notes) = (std::mem::take(parts), std::mem::take(notes));
    let mut open = Vec::new();
    for (at, (part, note)) in old_parts.into_iter().zip(old_notes).enumerate() {
        match part {
            Part::If {
                negated,
                skips_to: Some(to),
                ..
            } if is_branch[at] => {
                open.push(true);
                parts.push(Part::BrIf {
                    to,
                    negated: !negated,
                });
                notes.push(note);
                continue;
            }
            Part::Block(..) | Part::Loop { .. } | Part::If { .. } | Part::Try { .. } => {
                open.push(false);
            }
            Part::End if open.pop() == Some(true) => continue,
            _ => {}
        }
        parts.push(part);
        notes.push(note);
    }
}

/// Bytes that it takes to turn the condition of a part around, if it has to be turned around.
fn turning_bytes(func: &Func, code: &Code<'_>, parts: &[Part], at: usize, negated: bool) -> i32 {
    if !negated {
        return 0;
    }
    let compared = match at.checked_sub(1).map(|before| parts[before]) {
        Some(Part::Code { block, .. }) => code.negatable(func, block),
        _ => None,
    };
    match compared.map(|id| func.inst(id)) {
        Some(Inst::Compute {
            op: Compute::I32Eqz,
            ..
        }) => -1,
        Some(_) => 0,
        None => 1,
    }
}
