//! The operators of one function, and what must be known of a loop before its body is built.
//!
//! Apart because it is the pass before the pass: values of locals that a loop assigns are unknown at its start, and only the
//! operators behind the start tell which these are.

use module::{BodyReader, Op};

/// Operators are kept for longer only up to this many.
const OPS_KEPT: usize = 1 << 18;

const NONE: u32 = u32::MAX;

/// The operators of a function.
#[derive(Default)]
pub(super) struct Source {
    pub(super) ops: Vec<Op>,
    pub(super) offsets: Vec<u32>,
    loops: Vec<LoopInfo>,
    /// Locals assigned by loops, loop after loop.
    assigned: Vec<u32>,
    /// By local: the last loop that was found to assign it.
    noted: Vec<u32>,
    /// Locals assigned by the loops that are open, the innermost last.
    open_assigned: Vec<u32>,
    /// The number of the loop for each open block, or [`NONE`].
    open: Vec<u32>,
}

#[derive(Clone, Copy, Default)]
struct LoopInfo {
    /// While it is open: position in `open_assigned`; then in `assigned`.
    first: u32,
    len: u32,
    /// The loop around it, or [`NONE`].
    outer: u32,
    is_target: bool,
}

impl Source {
    /// Reads a body to its end.
    pub(super) fn read(&mut self, reader: &mut BodyReader<'_>) -> Result<(), module::Error> {
        self.ops.clear();
        self.offsets.clear();
        self.loops.clear();
        self.assigned.clear();
        self.open_assigned.clear();
        self.open.clear();
        self.open.push(NONE);
        let declared: u32 = reader.locals().iter().map(|&(count, _)| count).sum();
        self.noted.clear();
        self.noted
            .resize(reader.func_type().params().len() + declared as usize, NONE);
        let mut innermost = NONE;
        while let Some((offset, op)) = reader.next()? {
            self.ops.push(op);
            self.offsets.push(offset);
            match op {
                Op::LocalSet(local) | Op::LocalTee(local) => self.assign(local, innermost),
                Op::Block(_) | Op::If(_) => self.open.push(NONE),
                Op::TryTable { first, count, .. } => {
                    let catches = reader.catches(first, count);
                    catches.for_each(|catch| self.target(catch.label));
                    self.open.push(NONE);
                }
                Op::Loop(_) => {
                    let first = self.open_assigned.len() as u32;
                    let info = LoopInfo {
                        first,
                        outer: innermost,
                        ..LoopInfo::default()
                    };
                    innermost = self.loops.len() as u32;
                    self.loops.push(info);
                    self.open.push(innermost);
                }
                Op::End => {
                    let closed = self.open.pop().expect("validation ensures balance");
                    if closed != NONE {
                        innermost = self.close_loop(closed);
                    }
                }
                Op::Br(depth)
                | Op::BrIf(depth)
                | Op::BrOnNull(depth)
                | Op::BrOnNonNull(depth)
                | Op::BrOnCast { depth, .. } => {
                    self.target(depth);
                }
                Op::BrTable { first, count } => {
                    reader
                        .labels(first, count)
                        .iter()
                        .for_each(|&depth| self.target(depth));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The locals that loop number `index` assigns; a local may occur several times.
    pub(super) fn assigned(&self, index: usize) -> &[u32] {
        let info = self.loops[index];
        &self.assigned[info.first as usize..][..info.len as usize]
    }

    /// Whether anything branches to the start of loop number `index`.
    pub(super) fn is_target(&self, index: usize) -> bool {
        self.loops[index].is_target
    }

    /// Gives back memory that only huge functions need.
    pub(super) fn shrink(&mut self) {
        if self.ops.capacity() > OPS_KEPT {
            self.ops = Vec::new();
            self.offsets = Vec::new();
            self.assigned = Vec::new();
        }
    }

    fn target(&mut self, depth: u32) {
        let at = self.open.len() - 1 - depth as usize;
        if self.open[at] != NONE {
            self.loops[self.open[at] as usize].is_target = true;
        }
    }

    fn assign(&mut self, local: u32, innermost: u32) {
        if innermost != NONE && self.noted[local as usize] != innermost {
            self.noted[local as usize] = innermost;
            self.open_assigned.push(local);
        }
    }

    /// Moves what the loop assigns to its final place, leaves it with the loop around it, and gives that loop.
    fn close_loop(&mut self, index: u32) -> u32 {
        let LoopInfo { first, outer, .. } = self.loops[index as usize];
        let start = first as usize;
        // Mark with a number that no loop has, so that each local stays once.
        let mark = NONE - 1 - index;
        let mut end = start;
        for at in start..self.open_assigned.len() {
            let local = self.open_assigned[at];
            if self.noted[local as usize] != mark {
                self.noted[local as usize] = mark;
                self.open_assigned[end] = local;
                end += 1;
            }
        }
        self.open_assigned.truncate(end);
        let info = &mut self.loops[index as usize];
        info.first = self.assigned.len() as u32;
        info.len = (end - start) as u32;
        self.assigned
            .extend_from_slice(&self.open_assigned[start..]);
        if outer == NONE {
            self.open_assigned.clear();
        }
        outer
    }
}
