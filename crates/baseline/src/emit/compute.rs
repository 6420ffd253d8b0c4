//! Operators that only compute: which have code of their own, and what becomes of the others.
//!
//! Apart because a row without code of its own is right before it is fast: the runtime computes it.

use crate::emitter::Emitter;
use crate::frame::AREA_BYTES;
use crate::kind::Kind;
use crate::stack::{Operand, Place};
use abi::{Builtin, Raw};
use asm::x64::{Cond, Gpr, Mem, Size};
use ops::Compute;

impl Emitter<'_> {
    #[inline]
    pub(crate) fn compute(&mut self, op: Compute) {
        if !self.integer(op) && !self.float_or_vector(op) {
            self.compute_by_call(op);
        }
    }

    /// Computes a row by calling its meaning.
    fn compute_by_call(&mut self, op: Compute) {
        const SLOT_BYTES: usize = size_of::<Raw>();
        let params = op.params();
        assert!(params.len() * SLOT_BYTES <= AREA_BYTES as usize);
        self.uses_area = true;
        for nth in (0..params.len()).rev() {
            let entry = self.pop();
            let to = Mem::new(Gpr::RSP, (nth * SLOT_BYTES) as i32);
            self.store_entry(entry, to);
            self.release_entry(entry);
        }
        let slots = self.alloc_gpr();
        self.asm.lea(Size::S64, slots, Mem::new(Gpr::RSP, 0));
        let code = Operand::Imm(op.code().into());
        self.call_builtin(Builtin::compute, &[code, Operand::Gpr(slots)], false);
        if op.can_trap() {
            self.asm.test(Size::S32, Gpr::RAX, Gpr::RAX);
            self.trap_pending_if(Cond::NotEqual);
        }
        let kind = Kind::from(op.result());
        let from = Mem::new(Gpr::RSP, 0);
        if kind.is_xmm() {
            let to = self.alloc_xmm();
            self.load_xmm(kind, to, from);
            self.push(kind, Place::Xmm(to));
        } else {
            let to = self.alloc_gpr();
            self.asm.load(kind.size(), to, from);
            self.push(kind, Place::Gpr(to));
        }
    }
}
