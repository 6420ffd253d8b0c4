//! The assembler: the code of one function while it is emitted.
//!
//! Apart because it is the state that all instructions share; what they are stands in the files beside it.

use super::branch::Labels;
use super::pool::Pool;
use crate::Buffer;

/// What the processor has beyond x86-64 with SSE4.2, which every instruction here may assume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features {
    /// Vector instructions with three operands, and with memory operands of any alignment.
    pub avx: bool,
    /// Broadcasts from vector registers.
    pub avx2: bool,
    /// Fused multiplication and addition.
    pub fma: bool,
    /// `tzcnt` and `andn`.
    pub bmi1: bool,
    /// Shifts by any register that leave the flags.
    pub bmi2: bool,
    /// `lzcnt`.
    pub lzcnt: bool,
    /// `popcnt`.
    pub popcnt: bool,
}

impl Features {
    /// What the processor has that this program runs on.
    #[cfg(target_arch = "x86_64")]
    pub fn host() -> Features {
        use std::arch::is_x86_feature_detected as has;
        Features {
            avx: has!("avx"),
            avx2: has!("avx2"),
            fma: has!("fma"),
            bmi1: has!("bmi1"),
            bmi2: has!("bmi2"),
            lzcnt: has!("lzcnt"),
            popcnt: has!("popcnt"),
        }
    }

    /// What every processor has, because this program runs on another kind of machine.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn host() -> Features {
        Features::default()
    }
}

/// Emits the code of one function after the other.
///
/// Methods append an instruction. Operands stand in the order of Intel's manuals: what is written first, then what is read.
#[derive(Debug, Default)]
pub struct Assembler {
    pub(crate) code: Buffer,
    pub(crate) labels: Labels,
    pub(crate) pool: Pool,
    features: Features,
}

impl Assembler {
    /// An assembler for processors with these features.
    pub fn new(features: Features) -> Assembler {
        Assembler {
            features,
            ..Assembler::default()
        }
    }

    /// What the processor has. Instructions that need more than SSE4.2 are emitted by whoever looked here first.
    #[inline]
    pub fn features(&self) -> Features {
        self.features
    }

    /// Begins another function, in the room of the one before.
    pub fn clear(&mut self) {
        self.code.clear();
        self.labels.clear();
        self.pool.clear();
    }

    /// The offset of the next instruction from the start of the function.
    #[inline]
    pub fn offset(&self) -> u32 {
        // Functions are far smaller than 4 GiB: their sources are limited to some megabytes.
        self.code.len() as u32
    }

    /// Ends the function: fills in displacements, appends the constants. The code must start at a multiple of 16, for the
    /// constants' sake.
    ///
    /// # Panics
    /// If there is a jump to a label that was never bound.
    pub fn finish(&mut self) -> &[u8] {
        self.labels.finish(&mut self.code);
        self.pool.finish(&mut self.code);
        self.code.as_slice()
    }

    /// The code so far, without what [`Assembler::finish`] fills in.
    pub fn code(&self) -> &[u8] {
        self.code.as_slice()
    }
}
