//! Globals, references and tables.
//!
//! Apart from memories because tables have no guard pages: every index is checked, also for what a processor only speculates.

use super::{Lower, element_type};
use crate::code::trap_code;
use crate::signature::{POINTER, clif_type};
use abi::gc::is_traced;
use abi::{Builtin, Place, TableDefLayout};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlags, Value, types};
use ir::{Inst, InstId};
use module::{FuncIdx, GlobalIdx, TableIdx};
use ops::Trap;

impl Lower<'_> {
    pub(super) fn table(&mut self, id: InstId, inst: &Inst) {
        match *inst {
            Inst::GlobalGet { global } => {
                let ty = clif_type(self.func.ty(self.func.result(id)));
                let (cell, offset, flags) = self.global(global);
                let value = self.load_raw(ty, flags, cell, offset);
                self.set(id, value);
            }
            Inst::GlobalSet { global, value } => {
                let value = self.value(value);
                let (cell, offset, flags) = self.global(global);
                self.store_raw(flags, value, cell, offset);
            }
            Inst::RefFunc { func } => {
                let value = self.ref_func(func);
                self.set(id, value);
            }
            Inst::TableGet { table, index } => {
                let ty = clif_type(element_type(&self.env, table));
                let (element, flags) = self.element(table, index, Trap::TableOutOfBounds);
                let value = self.load_raw(ty, flags, element, 0);
                self.set(id, value);
            }
            Inst::TableCallee { table, index } => {
                let value = self.table_callee(table, index);
                self.set(id, value);
            }
            Inst::TableSet {
                table,
                index,
                value,
            } => {
                let (element, flags) = self.element(table, index, Trap::TableOutOfBounds);
                let value = self.extended(value);
                self.store_raw(flags, value, element, 0);
            }
            Inst::TableSize { table } => {
                let len = self.table_len(table);
                self.set_index(id, len);
            }
            Inst::TableGrow {
                table,
                value,
                delta,
            } => {
                let number = self.iconst(types::I32, table.0.into());
                let (value, delta) = (self.extended(value), self.extended(delta));
                let len = self.builtin(Builtin::table_grow, &[number, value, delta]);
                self.set_index(id, len);
            }
            Inst::TableFill {
                table,
                args: [dst, value, count],
            } => {
                let number = self.iconst(types::I32, table.0.into());
                let (dst, value) = (self.extended(dst), self.extended(value));
                let count = self.extended(count);
                self.builtin(Builtin::table_fill, &[number, dst, value, count]);
            }
            Inst::TableCopy {
                dst: to,
                src: from,
                args: [dst, src, count],
            } => {
                let to = self.iconst(types::I32, to.0.into());
                let from = self.iconst(types::I32, from.0.into());
                let (dst, src) = (self.extended(dst), self.extended(src));
                let count = self.extended(count);
                self.builtin(Builtin::table_copy, &[to, from, dst, src, count]);
            }
            Inst::TableInit {
                elem,
                table,
                args: [dst, src, count],
            } => {
                let number = self.iconst(types::I32, table.0.into());
                let elem = self.iconst(types::I32, elem.0.into());
                let (dst, src, count) = (self.extended(dst), self.value(src), self.value(count));
                self.builtin(Builtin::table_init, &[number, elem, dst, src, count]);
            }
            Inst::ElemDrop { elem } => {
                let elem = self.iconst(types::I32, elem.0.into());
                self.builtin(Builtin::elem_drop, &[elem]);
            }
            _ => unreachable!("{inst:?} belongs to another group"),
        }
    }

    /// Where the cell of a global is: an address, an offset from it, and what is true of it.
    fn global(&mut self, global: GlobalIdx) -> (Value, u32, MemFlags) {
        let header = self.env.header;
        let (cell, offset, defined) = match self.env.layout.global(global) {
            Place::Inline(offset) => (self.vmctx, offset, Some(global.0)),
            Place::Pointer(offset) => (self.vmctx_const(POINTER, offset), 0, None),
        };
        let ty = &header.globals()[global.index()];
        // Collections move objects: a reference must not be read before one and used behind it.
        let flags = if ty.mutable || is_traced(ty.content.into()) {
            self.flags.global(self.pos.func, defined)
        } else {
            self.flags.constant(self.pos.func)
        };
        (cell, offset, flags)
    }

    fn ref_func(&mut self, func: FuncIdx) -> Value {
        match self.env.layout.func_ref(func) {
            Some(Place::Inline(offset)) => self.pos.ins().iadd_imm_u(self.vmctx, i64::from(offset)),
            Some(Place::Pointer(offset)) => self.vmctx_const(POINTER, offset),
            None => unreachable!("validation ensures that functions are declared to be referenced"),
        }
    }

    /// Whether a table can never grow, so that its place and size are constant.
    fn fixed_len(&self, table: TableIdx) -> Option<u64> {
        let ty = &self.env.header.tables()[table.index()];
        (ty.maximum == Some(ty.minimum)).then_some(ty.minimum)
    }

    fn table_field(&mut self, table: TableIdx, field: u32, is_constant: bool) -> Value {
        let (definition, offset) = match self.env.layout.table(table) {
            Place::Inline(offset) => (self.vmctx, offset),
            Place::Pointer(offset) => (self.vmctx_const(POINTER, offset), 0),
        };
        let flags = if is_constant {
            self.flags.constant(self.pos.func)
        } else {
            self.flags.definition(self.pos.func)
        };
        self.load_raw(types::I64, flags, definition, offset + field)
    }

    fn table_len(&mut self, table: TableIdx) -> Value {
        match self.fixed_len(table) {
            Some(len) => self.iconst(types::I64, len as i64),
            None => self.table_field(table, TableDefLayout::LEN, false),
        }
    }

    /// The address of an element; traps if there is no such element. When the processor speculates beyond the check, it sees
    /// the first element.
    pub(super) fn element(
        &mut self,
        table: TableIdx,
        index: ir::Value,
        trap: Trap,
    ) -> (Value, MemFlags) {
        let is_fixed = self.fixed_len(table).is_some();
        let len = self.table_len(table);
        let index = self.extended(index);
        let is_outside = self
            .pos
            .ins()
            .icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
        self.pos.ins().trapnz(is_outside, trap_code(trap));
        let base = self.table_field(table, TableDefLayout::BASE, is_fixed);
        let offset = self.pos.ins().ishl_imm_u(index, 3);
        let element = self.pos.ins().iadd(base, offset);
        let element = self
            .pos
            .ins()
            .select_spectre_guard(is_outside, base, element);
        (element, self.flags.element(self.pos.func))
    }
}
