//! Where compiled code passes parameters and results: Cranelift's convention for tail calls, which all tiers share.
//!
//! Apart because calls, functions and trampolines must agree on it to the letter.
//!
//! ```text
//! parameters  rdi: vmctx   rsi rdx rcx r8 r9   xmm0-7   then the stack, popped by the callee
//! results     rax rcx rdx rsi rdi r8 r9 r10    xmm0-7   then an area of the caller's; its address comes in rdi, before vmctx
//! kept        rbx rbp r12-r15
//! ```

use crate::kind::Kind;
use asm::x64::{Gpr, Xmm};
use module::ValType;

/// Where one parameter or result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Loc {
    Gpr(Gpr),
    Xmm(Xmm),
    /// So many bytes above the start of the stack's arguments, or of the area for results.
    Stack(u32),
}

const PARAM_GPRS: [Gpr; 6] = [Gpr::RDI, Gpr::RSI, Gpr::RDX, Gpr::RCX, Gpr::R8, Gpr::R9];
const RESULT_GPRS: [Gpr; 8] = [
    Gpr::RAX,
    Gpr::RCX,
    Gpr::RDX,
    Gpr::RSI,
    Gpr::RDI,
    Gpr::R8,
    Gpr::R9,
    Gpr::R10,
];
const N_XMMS: u8 = 8;

/// Gives places to parameters or results, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Locs {
    gprs: &'static [Gpr],
    xmms: u8,
    stack: u32,
}

impl Locs {
    /// Of parameters behind vmctx, of a function whose results need an area or not.
    pub(crate) fn params(has_area: bool) -> Locs {
        Locs {
            gprs: &PARAM_GPRS[1 + usize::from(has_area)..],
            xmms: 0,
            stack: 0,
        }
    }

    /// Of results.
    pub(crate) fn results() -> Locs {
        Locs {
            gprs: &RESULT_GPRS,
            xmms: 0,
            stack: 0,
        }
    }

    /// The place of the next one.
    #[inline]
    pub(crate) fn next(&mut self, kind: Kind) -> Loc {
        if kind.is_xmm() {
            if self.xmms < N_XMMS {
                self.xmms += 1;
                return Loc::Xmm(Xmm::new(self.xmms - 1));
            }
        } else if let Some((&first, rest)) = self.gprs.split_first() {
            self.gprs = rest;
            return Loc::Gpr(first);
        }
        let bytes = kind.slot_bytes();
        let at = self.stack.next_multiple_of(bytes);
        self.stack = at + bytes;
        Loc::Stack(at)
    }

    /// Bytes of stack that those so far take.
    pub(crate) fn stack_bytes(&self) -> u32 {
        self.stack.next_multiple_of(16)
    }
}

/// Bytes of the area that a function of such results writes; mostly 0.
pub(crate) fn result_area_bytes(results: &[ValType]) -> u32 {
    if results.len() <= usize::from(N_XMMS) {
        return 0;
    }
    let mut locs = Locs::results();
    for &ty in results {
        locs.next(ty.into());
    }
    locs.stack_bytes()
}

/// Bytes of stack that parameters take.
pub(crate) fn param_stack_bytes(params: &[ValType], has_area: bool) -> u32 {
    if params.len() < PARAM_GPRS.len() - 1 {
        return 0;
    }
    let mut locs = Locs::params(has_area);
    for &ty in params {
        locs.next(ty.into());
    }
    locs.stack_bytes()
}

/// The register of vmctx.
pub(crate) fn vmctx_gpr(has_area: bool) -> Gpr {
    PARAM_GPRS[usize::from(has_area)]
}
