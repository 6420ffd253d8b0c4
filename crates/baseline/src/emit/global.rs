//! Globals, references to functions, tables.
//!
//! Apart from memories because tables have no guard pages: every index is checked, also for what a processor only speculates.

use crate::emitter::Emitter;
use crate::frame::field;
use crate::kind::Kind;
use crate::regs::{SCRATCH, VMCTX};
use crate::stack::{Operand, Place};
use abi::{Builtin, Place as Where, TableDefLayout};
use asm::x64::{Alu, Cond, Gpr, Mem, Scale, Size};
use module::{ElemIdx, FuncIdx, GlobalIdx, TableIdx, ValType};
use ops::Trap;

impl Emitter<'_> {
    /// The cell of a global, whose address may be in the scratch register.
    fn cell(&mut self, global: GlobalIdx) -> Mem {
        match self.env.layout.global(global) {
            Where::Inline(offset) => field(VMCTX, offset),
            Where::Pointer(offset) => {
                self.asm.load(Size::S64, SCRATCH, field(VMCTX, offset));
                field(SCRATCH, 0)
            }
        }
    }

    pub(crate) fn global_get(&mut self, global: GlobalIdx) {
        let kind = Kind::from(self.env.header.globals()[global.index()].content);
        if kind.is_xmm() {
            let to = self.result_xmm();
            let cell = self.cell(global);
            self.load_xmm(kind, to, cell);
            self.push_xmm(kind, to);
        } else {
            let to = self.result_gpr();
            let cell = self.cell(global);
            self.asm.load(kind.size(), to, cell);
            self.push_gpr(kind, to);
        }
    }

    pub(crate) fn global_set(&mut self, global: GlobalIdx) {
        let entry = self.pop();
        if entry.kind.is_xmm() {
            let operand = self.xmm_operand(entry);
            let from = match operand {
                crate::stack::XmmOperand::Xmm(xmm) => xmm,
                crate::stack::XmmOperand::Mem(mem) => {
                    let xmm = self.alloc_xmm();
                    self.load_xmm(entry.kind, xmm, mem);
                    xmm
                }
            };
            let cell = self.cell(global);
            self.store_xmm(entry.kind, cell, from);
            return self.release_xmm(from);
        }
        let size = entry.kind.size();
        let operand = self.operand(entry);
        if let Some(imm) = operand.imm32(size) {
            let cell = self.cell(global);
            return self.asm.store_imm(size, cell, imm);
        }
        let from = self.in_gpr(entry.kind, operand);
        let cell = self.cell(global);
        self.asm.store(size, cell, from);
        self.release(from);
    }

    pub(crate) fn ref_func(&mut self, func: FuncIdx) {
        let to = self.result_gpr();
        match self.env.layout.func_ref(func) {
            Some(Where::Inline(offset)) => self.asm.lea(Size::S64, to, field(VMCTX, offset)),
            Some(Where::Pointer(offset)) => self.asm.load(Size::S64, to, field(VMCTX, offset)),
            None => unreachable!("validation ensures that functions are declared to be referenced"),
        }
        self.push_gpr(Kind::FuncRef, to);
    }

    pub(crate) fn ref_is_null(&mut self) {
        let entry = self.pop();
        let size = entry.kind.size();
        match self.operand(entry) {
            Operand::Gpr(gpr) => {
                self.asm.test(size, gpr, gpr);
                self.release(gpr);
            }
            Operand::Mem(mem) => self.asm.alu_imm(Alu::Cmp, size, mem, 0),
            Operand::Imm(bits) => {
                self.asm.mov_imm(SCRATCH, bits);
                self.asm.test(size, SCRATCH, SCRATCH);
            }
        }
        self.push_cond(Cond::Equal);
    }

    /// Sets the flags by a reference that stays on the stack, in a register.
    fn test_top(&mut self) {
        let kind = self.stack.last().expect("validated").kind;
        let gpr = self.pop_gpr_mut();
        self.asm.test(kind.size(), gpr, gpr);
        self.push(kind, Place::Gpr(gpr));
    }

    pub(crate) fn ref_as_non_null(&mut self) {
        self.test_top();
        self.trap_if(Cond::Equal, Trap::NullReference);
    }

    pub(crate) fn br_on_null(&mut self, depth: u32) {
        let kind = self.stack.last().expect("validated").kind;
        let gpr = self.pop_gpr_mut();
        // What the branch carries lies below: the reference itself only stays.
        if gpr == Gpr::RAX {
            let other = self.alloc_gpr();
            self.asm.mov(Size::S64, other, gpr);
            self.release(gpr);
            self.asm.test(kind.size(), other, other);
            self.branch_if(Cond::Equal, depth);
            return self.push(kind, Place::Gpr(other));
        }
        self.asm.test(kind.size(), gpr, gpr);
        self.branch_if(Cond::Equal, depth);
        self.push(kind, Place::Gpr(gpr));
    }

    pub(crate) fn br_on_non_null(&mut self, depth: u32) {
        self.test_top();
        self.branch_if(Cond::NotEqual, depth);
        self.drop_operand();
    }

    /// Whether a table can never grow, so that its size is constant.
    fn fixed_len(&self, table: TableIdx) -> Option<i32> {
        let ty = &self.env.header.tables()[table.index()];
        let is_fixed = ty.maximum == Some(ty.minimum);
        i32::try_from(ty.minimum).ok().filter(|_| is_fixed)
    }

    /// A field of the definition of a table, whose address may be in the scratch register.
    fn table_field(&mut self, table: TableIdx, offset: u32) -> Mem {
        match self.env.layout.table(table) {
            Where::Inline(at) => field(VMCTX, at + offset),
            Where::Pointer(at) => {
                self.asm.load(Size::S64, SCRATCH, field(VMCTX, at));
                field(SCRATCH, offset)
            }
        }
    }

    /// Pops an index; the address of the element there is in `to`, which belongs to the operator from now on. When the processor
    /// speculates beyond the check, it sees the first element.
    pub(crate) fn element(&mut self, table: TableIdx, trap: Trap, to: Gpr) {
        let index = self.pop_gpr_mut();
        match self.fixed_len(table) {
            Some(len) => self.asm.alu_imm(Alu::Cmp, Size::S64, index, len),
            None => {
                let len = self.table_field(table, TableDefLayout::LEN);
                self.asm.alu(Alu::Cmp, Size::S64, index, len);
            }
        }
        self.trap_if(Cond::AboveEqual, trap);
        self.asm.mov_imm(SCRATCH, 0);
        self.asm.cmov(Cond::AboveEqual, Size::S64, index, SCRATCH);
        if index != to {
            self.take_gpr(to);
        }
        let base = self.table_field(table, TableDefLayout::BASE);
        self.asm.load(Size::S64, SCRATCH, base);
        let element = Mem::indexed(SCRATCH, index, Scale::X8, 0);
        self.asm.lea(Size::S64, to, element);
        if index != to {
            self.release(index);
        }
    }

    fn element_kind(&self, table: TableIdx) -> Kind {
        ValType::Ref(self.env.header.tables()[table.index()].element).into()
    }

    pub(crate) fn table_get(&mut self, table: TableIdx) {
        let kind = self.element_kind(table);
        self.element(table, Trap::TableOutOfBounds, Gpr::RAX);
        self.asm.load(kind.size(), Gpr::RAX, field(Gpr::RAX, 0));
        self.push(kind, Place::Gpr(Gpr::RAX));
    }

    pub(crate) fn table_set(&mut self, table: TableIdx) {
        let value = self.pop_gpr();
        let at = if value == Gpr::RAX {
            Gpr::RCX
        } else {
            Gpr::RAX
        };
        self.element(table, Trap::TableOutOfBounds, at);
        // Elements are zero-extended, as registers are.
        self.asm.store(Size::S64, field(at, 0), value);
        self.release(at);
        self.release(value);
    }

    /// The type of indices of a table.
    fn index_kind(&self, table: TableIdx) -> Kind {
        if self.env.header.tables()[table.index()].table64 {
            Kind::I64
        } else {
            Kind::I32
        }
    }

    pub(crate) fn table_size(&mut self, table: TableIdx) {
        let kind = self.index_kind(table);
        if let Some(len) = self.fixed_len(table) {
            return self.push_const(kind, len as u64);
        }
        let to = self.result_gpr();
        let len = self.table_field(table, TableDefLayout::LEN);
        self.asm.load(kind.size(), to, len);
        self.push_gpr(kind, to);
    }

    pub(crate) fn table_grow(&mut self, table: TableIdx) {
        let delta = self.pop_arg();
        let value = self.pop_arg();
        let number = Operand::Imm(table.0.into());
        self.call_builtin(Builtin::table_grow, &[number, value, delta], false);
        self.push_builtin_result(self.index_kind(table));
    }

    pub(crate) fn table_fill(&mut self, table: TableIdx) {
        let count = self.pop_arg();
        let value = self.pop_arg();
        let dst = self.pop_arg();
        let number = Operand::Imm(table.0.into());
        self.call_builtin(Builtin::table_fill, &[number, dst, value, count], false);
        self.check_builtin();
    }

    pub(crate) fn table_copy(&mut self, to: TableIdx, from: TableIdx) {
        let count = self.pop_arg();
        let src = self.pop_arg();
        let dst = self.pop_arg();
        let (to, from) = (Operand::Imm(to.0.into()), Operand::Imm(from.0.into()));
        self.call_builtin(Builtin::table_copy, &[to, from, dst, src, count], false);
        self.check_builtin();
    }

    pub(crate) fn table_init(&mut self, elem: ElemIdx, table: TableIdx) {
        let count = self.pop_arg();
        let src = self.pop_arg();
        let dst = self.pop_arg();
        let (table, elem) = (Operand::Imm(table.0.into()), Operand::Imm(elem.0.into()));
        self.call_builtin(Builtin::table_init, &[table, elem, dst, src, count], false);
        self.check_builtin();
    }

    pub(crate) fn elem_drop(&mut self, elem: ElemIdx) {
        let elem = Operand::Imm(elem.0.into());
        self.call_builtin(Builtin::elem_drop, &[elem], false);
    }
}
