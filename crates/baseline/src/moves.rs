//! Many moves between registers at once, as calls and entries need them.
//!
//! Apart because a register may be both what is written and what is still to be read.

use crate::emitter::Emitter;
use crate::regs::{SCRATCH, SCRATCH_XMM};
use asm::x64::{Gpr, Size, Xmm};

/// Moves of general registers that happen at once.
#[derive(Default)]
pub(crate) struct GprMoves {
    moves: [Option<(Gpr, Gpr, Size)>; 8],
    n: usize,
}

impl GprMoves {
    /// Adds `to = from`, zero-extended from 32 bits or all 64. At most eight, each to another register.
    pub(crate) fn push(&mut self, to: Gpr, from: Gpr, size: Size) {
        self.moves[self.n] = Some((to, from, size));
        self.n += 1;
    }
}

/// The same for vector registers.
#[derive(Default)]
pub(crate) struct XmmMoves {
    moves: [Option<(Xmm, Xmm)>; 8],
    n: usize,
}

impl XmmMoves {
    /// Adds `to = from`. At most eight, each to another register.
    pub(crate) fn push(&mut self, to: Xmm, from: Xmm) {
        if to != from {
            self.moves[self.n] = Some((to, from));
            self.n += 1;
        }
    }
}

impl Emitter<'_> {
    /// Emits the moves. Overwrites the scratch register.
    pub(crate) fn move_gprs(&mut self, moves: GprMoves) {
        let GprMoves { mut moves, n } = moves;
        let moves = &mut moves[..n];
        loop {
            let mut waiting = None;
            let mut moved = false;
            for nth in 0..n {
                let Some((to, from, size)) = moves[nth] else {
                    continue;
                };
                let is_read = moves.iter().enumerate().any(|(other, found)| {
                    other != nth && matches!(found, Some((_, from, _)) if *from == to)
                });
                if is_read {
                    waiting = Some(nth);
                    continue;
                }
                self.asm.mov(size, to, from);
                moves[nth] = None;
                moved = true;
            }
            let Some(nth) = waiting else { return };
            if !moved {
                // A circle: what the first one overwrites is read elsewhere.
                let (to, ..) = moves[nth].expect("it waits");
                self.asm.mov(Size::S64, SCRATCH, to);
                for found in moves.iter_mut().flatten() {
                    if found.1 == to {
                        found.1 = SCRATCH;
                    }
                }
            }
        }
    }

    /// Emits the moves. Overwrites the scratch register.
    pub(crate) fn move_xmms(&mut self, moves: XmmMoves) {
        let XmmMoves { mut moves, n } = moves;
        let moves = &mut moves[..n];
        loop {
            let mut waiting = None;
            let mut moved = false;
            for nth in 0..n {
                let Some((to, from)) = moves[nth] else {
                    continue;
                };
                let is_read = moves.iter().enumerate().any(|(other, found)| {
                    other != nth && matches!(found, Some((_, from)) if *from == to)
                });
                if is_read {
                    waiting = Some(nth);
                    continue;
                }
                self.asm.vec_mov(to, from);
                moves[nth] = None;
                moved = true;
            }
            let Some(nth) = waiting else { return };
            if !moved {
                let (to, _) = moves[nth].expect("it waits");
                self.asm.vec_mov(SCRATCH_XMM, to);
                for found in moves.iter_mut().flatten() {
                    if found.1 == to {
                        found.1 = SCRATCH_XMM;
                    }
                }
            }
        }
    }
}
