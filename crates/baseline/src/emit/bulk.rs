//! Many bytes at once: by the runtime.
//!
//! Apart from single accesses because the runtime checks everything.

use crate::emitter::Emitter;
use crate::stack::Operand;
use abi::Builtin;
use module::{DataIdx, MemoryIdx};

impl Emitter<'_> {
    pub(crate) fn memory_fill(&mut self, memory: MemoryIdx) {
        let bytes = self.pop_arg();
        let value = self.pop_arg();
        let dst = self.pop_arg();
        let number = Operand::Imm(memory.0.into());
        self.call_builtin(Builtin::memory_fill, &[number, dst, value, bytes], false);
        self.check_builtin();
    }

    pub(crate) fn memory_copy(&mut self, to: MemoryIdx, from: MemoryIdx) {
        let bytes = self.pop_arg();
        let src = self.pop_arg();
        let dst = self.pop_arg();
        let (to, from) = (Operand::Imm(to.0.into()), Operand::Imm(from.0.into()));
        self.call_builtin(Builtin::memory_copy, &[to, from, dst, src, bytes], false);
        self.check_builtin();
    }

    pub(crate) fn memory_init(&mut self, data: DataIdx, memory: MemoryIdx) {
        let bytes = self.pop_arg();
        let src = self.pop_arg();
        let dst = self.pop_arg();
        let (memory, data) = (Operand::Imm(memory.0.into()), Operand::Imm(data.0.into()));
        self.call_builtin(
            Builtin::memory_init,
            &[memory, data, dst, src, bytes],
            false,
        );
        self.check_builtin();
    }

    pub(crate) fn data_drop(&mut self, data: DataIdx) {
        let data = Operand::Imm(data.0.into());
        self.call_builtin(Builtin::data_drop, &[data], false);
    }
}
