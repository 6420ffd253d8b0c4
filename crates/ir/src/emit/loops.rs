//! Loops end behind the last branch back to them.
//!
//! Apart from putting blocks in order, which leaves all that a loop's first block dominates within the loop: compilers take what is
//! written there for a part of it, and carry the locals that it sets around with each turn.

use super::regions::{Note, goes_on};
use super::shape::{Label, Part};
use module::BlockType;
use std::collections::{HashMap, VecDeque};

/// What is open.
struct Open {
    /// The part that opens it.
    start: usize,
    /// If it is a loop: its node.
    node: Option<u32>,
    /// The last part that branches back to it.
    last_back: usize,
    /// Where it could end, if it is a loop: before these parts.
    ends: VecDeque<usize>,
}

/// The parts, with loops that end as early as they can; `back` calls its argument with the nodes where exceptions of a part lead.
pub(super) fn ended(
    parts: &mut Vec<Part>,
    notes: &mut Vec<Note>,
    labels: &[Label],
    mut back: impl FnMut(&Note, &mut dyn FnMut(u32)),
) {
    if !parts.iter().any(|part| matches!(part, Part::Loop { .. })) {
        return;
    }
    notes.resize(parts.len(), Note::default());
    // By node: which of what is open is its loop.
    let mut loops: HashMap<u32, usize> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    // Ends that are elsewhere now, and how many loops end before a part.
    let mut moved = vec![false; parts.len()];
    let mut ends_at: HashMap<usize, u32> = HashMap::new();
    for at in 0..parts.len() {
        let mut note = |node: u32| {
            if let Some(&nth) = loops.get(&node) {
                open[nth].last_back = at;
            }
        };
        match parts[at] {
            Part::Br(label) | Part::BrIf { to: label, .. } if label.is_loop => note(label.node),
            Part::BrTable(first, count) => {
                let labels = &labels[first as usize..][..count as usize];
                let backs = labels.iter().filter(|label| label.is_loop);
                backs.for_each(|label| note(label.node));
            }
            _ => {}
        }
        back(&notes[at], &mut note);
        let mut leaves_something = false;
        match parts[at] {
            Part::Block(..) | Part::Loop { .. } | Part::If { .. } | Part::Try { .. } => {
                let node = match parts[at] {
                    Part::Loop { label, .. } => Some(label.node),
                    _ => None,
                };
                loops.extend(node.map(|node| (node, open.len())));
                open.push(Open {
                    start: at,
                    node,
                    last_back: at,
                    ends: VecDeque::new(),
                });
                continue;
            }
            Part::Else => continue,
            Part::End => {
                let closed = open.pop().expect("something is open");
                leaves_something = match parts[closed.start] {
                    Part::Block(_, ty) => ty != BlockType::Empty,
                    _ => false,
                };
                let mut ends = VecDeque::new();
                if let Some(node) = closed.node {
                    loops.remove(&node);
                    ends = closed.ends;
                    let n_within = ends.partition_point(|&end| end <= closed.last_back);
                    ends.drain(..n_within);
                }
                if let Some(&end) = ends.front().filter(|&&end| end < at) {
                    *ends_at.entry(end).or_default() += 1;
                    moved[at] = true;
                    if let Part::Loop { has_result, .. } = &mut parts[closed.start] {
                        *has_result = false;
                    }
                    // What was behind that is now within what is around.
                    if let Some(around) = open.last_mut().filter(|open| open.node.is_some()) {
                        if around.ends.len() < ends.len() {
                            around
                                .ends
                                .drain(..)
                                .rev()
                                .for_each(|end| ends.push_front(end));
                            around.ends = ends;
                        } else {
                            around.ends.extend(ends);
                        }
                    }
                }
            }
            _ => {}
        }
        // What ends where it ends anyway leaves its result there. An exception may be thrown on that a clause has left on the stack.
        let next = at + 1;
        if let Some(around) = open.last_mut().filter(|open| open.node.is_some())
            && next < parts.len()
            && !matches!(parts[next], Part::End | Part::Leave(_))
            && !leaves_something
            && !goes_on(&parts[next], &notes[next])
            && around.ends.back() != Some(&next)
        {
            around.ends.push_back(next);
        }
    }
    if ends_at.is_empty() {
        return;
    }
    let (old_parts, old_notes) = (std::mem::take(parts), std::mem::take(notes));
    for (at, (part, note)) in old_parts.into_iter().zip(old_notes).enumerate() {
        for _ in 0..ends_at.get(&at).copied().unwrap_or(0) {
            parts.push(Part::End);
            notes.push(Note::default());
        }
        if !moved[at] {
            parts.push(part);
            notes.push(note);
        }
    }
}
