//! Calls of functions: of the module, imported, through tables and references, and in the caller's place.
//!
//! Apart because many registers change at once: operands go where the convention wants them, whatever else is in registers goes to
//! the frame.

use crate::convention::{Loc, Locs, param_stack_bytes, result_area_bytes};
use crate::emit::builtin::LOST_HOMES;
use crate::emit::slow::Slow;
use crate::emitter::{Cold, Emitter};
use crate::frame::field;
use crate::kind::Kind;
use crate::moves::{GprMoves, XmmMoves};
use crate::regs::{RegSet, SCRATCH, SCRATCH_XMM, VMCTX};
use crate::stack::{Operand, Place, XmmOperand};
use abi::{CallSiteLayout, FuncRefLayout, Reloc, RelocTarget, VmctxLayout};
use asm::x64::{Alu, Cond, Gpr, Mem, Size, Xmm};
use module::{FuncIdx, FuncType, TableIdx, TypeIdx, ValType};
use ops::Trap;

/// What a call arrives at.
#[derive(Clone, Copy)]
enum Callee {
    /// A defined function of the module.
    Own(FuncIdx),
    /// An imported function.
    Imported(FuncIdx),
    /// The function whose entry `rax` points to.
    Entry,
}

impl<'a> Emitter<'a> {
    fn callee(&self, func: FuncIdx) -> Callee {
        if func.index() < self.env.header.n_imported_funcs() {
            Callee::Imported(func)
        } else {
            Callee::Own(func)
        }
    }

    pub(crate) fn call(&mut self, func: FuncIdx) {
        let ty = self.env.header.func_type(func);
        let callee = self.callee(func);
        self.emit_call(ty, callee);
    }

    pub(crate) fn call_indirect(&mut self, ty: TypeIdx, table: TableIdx) {
        self.table_callee(ty, table);
        let ty = self.env.header.type_at(ty);
        self.emit_call(ty, Callee::Entry);
    }

    pub(crate) fn call_ref(&mut self, ty: TypeIdx) {
        self.ref_callee();
        let ty = self.env.header.type_at(ty);
        self.emit_call(ty, Callee::Entry);
    }

    pub(crate) fn return_call(&mut self, func: FuncIdx) {
        let ty = self.env.header.func_type(func);
        let callee = self.callee(func);
        self.emit_tail_call(ty, callee);
    }

    pub(crate) fn return_call_indirect(&mut self, ty: TypeIdx, table: TableIdx) {
        self.table_callee(ty, table);
        let ty = self.env.header.type_at(ty);
        self.emit_tail_call(ty, Callee::Entry);
    }

    pub(crate) fn return_call_ref(&mut self, ty: TypeIdx) {
        self.ref_callee();
        let ty = self.env.header.type_at(ty);
        self.emit_tail_call(ty, Callee::Entry);
    }

    /// Pops a reference into `rax`; null traps.
    fn ref_callee(&mut self) {
        self.pop_into_gpr(Gpr::RAX);
        // The null reference is address 0, where nothing is mapped.
        self.fault(Trap::NullFunctionReference);
        let code = field(Gpr::RAX, FuncRefLayout::CODE);
        self.asm.alu_imm(Alu::Cmp, Size::S64, code, 0);
        self.record_callee();
    }

    /// Pops an index; `rax` is the entry of the function there. Traps if there is none of the type.
    fn table_callee(&mut self, ty: TypeIdx, table: TableIdx) {
        self.element(table, Trap::UndefinedElement, Gpr::RAX);
        self.asm.load(Size::S64, Gpr::RAX, field(Gpr::RAX, 0));
        let type_of = field(Gpr::RAX, FuncRefLayout::TYPE);
        if self.env.header.sub_type(ty).is_final {
            self.load_type_number(SCRATCH, ty);
            // The null reference is address 0, where nothing is mapped.
            self.fault(Trap::UninitializedElement);
            self.asm.alu(Alu::Cmp, Size::S32, SCRATCH, type_of);
        } else {
            let found = self.alloc_gpr();
            self.fault(Trap::UninitializedElement);
            self.asm.load(Size::S32, found, type_of);
            self.compare_subtype(found, ty, Some(Gpr::RAX));
            self.release(found);
        }
        self.trap_if(Cond::NotEqual, Trap::IndirectCallTypeMismatch);
        self.record_callee();
    }

    /// Counts what is called here, whose entry `rax` points to.
    fn record_callee(&mut self) {
        if !self.settings.tier_up {
            return;
        }
        let site = self.out.sites.len() as u32;
        self.out.sites.push(self.offset);
        let target = self.alloc_gpr();
        self.asm
            .load(Size::S64, SCRATCH, field(VMCTX, VmctxLayout::CALL_SITES));
        self.asm.lea(Size::S64, SCRATCH, Mem::wide(SCRATCH, 0));
        self.out.relocs.push(Reloc {
            offset: self.asm.offset() - 4,
            target: RelocTarget::Site(site),
            addend: 0,
        });
        self.asm.mov(Size::S64, target, Gpr::RAX);
        self.asm.alu(Alu::Sub, Size::S64, target, VMCTX);
        let candidate = field(SCRATCH, CallSiteLayout::TARGET);
        self.asm.alu(Alu::Cmp, Size::S64, target, candidate);
        let (other, back) = (self.asm.label(), self.asm.label());
        self.asm.jcc(Cond::NotEqual, other);
        let hits = field(SCRATCH, CallSiteLayout::HITS);
        self.asm.alu_imm(Alu::Add, Size::S32, hits, 1);
        self.asm.bind(back);
        self.cold.push(Cold::Slow(Slow::OtherCallee {
            label: other,
            back,
            target,
        }));
        self.release(target);
    }

    /// Pops arguments and brings them where a callee expects them, those on the stack from `rsp` on.
    fn place_args(&mut self, params: &[ValType], has_area: bool) {
        let first = self.stack.len() - params.len();
        let mut locs = Locs::params(has_area);
        let (mut gprs, mut xmms) = (GprMoves::default(), XmmMoves::default());
        let mut gpr_loads: [Option<(Gpr, Kind, Operand)>; 6] = [None; 6];
        let mut xmm_loads: [Option<(Xmm, Kind, Mem)>; 8] = [None; 8];
        for (nth, &ty) in params.iter().enumerate() {
            let kind = Kind::from(ty);
            let entry = self.stack[first + nth];
            match locs.next(kind) {
                Loc::Stack(at) => self.store_entry(entry, Mem::new(Gpr::RSP, at as i32)),
                Loc::Gpr(to) => match self.operand(entry) {
                    Operand::Gpr(from) if from == to => {}
                    Operand::Gpr(from) => gprs.push(to, from, kind.size()),
                    operand => {
                        let free = gpr_loads.iter_mut().find(|load| load.is_none());
                        *free.expect("one for each register") = Some((to, kind, operand));
                    }
                },
                Loc::Xmm(to) => {
                    let operand = match entry.place {
                        Place::Const(bits) => {
                            XmmOperand::Mem(Mem::constant(self.asm.constant64(bits)))
                        }
                        _ => self.xmm_operand(entry),
                    };
                    match operand {
                        XmmOperand::Xmm(from) => xmms.push(to, from),
                        XmmOperand::Mem(mem) => {
                            let free = xmm_loads.iter_mut().find(|load| load.is_none());
                            *free.expect("one for each register") = Some((to, kind, mem));
                        }
                    }
                }
            }
        }
        self.move_gprs(gprs);
        self.move_xmms(xmms);
        for (to, kind, operand) in gpr_loads.into_iter().flatten() {
            self.load_operand(kind, to, operand);
        }
        for (to, kind, mem) in xmm_loads.into_iter().flatten() {
            self.load_xmm(kind, to, mem);
        }
        for _ in 0..params.len() {
            self.drop_operand();
        }
    }

    /// Stores operands in registers that lie below the arguments of a call.
    fn spill_below(&mut self, height: usize) {
        let mut held = self.regs.held;
        while held != 0 {
            let bit = held & held.wrapping_neg();
            held &= !bit;
            let position = self.regs.owner(bit) as usize;
            if position < height {
                self.spill(position);
            }
        }
    }

    fn emit_call(&mut self, ty: &'a FuncType, callee: Callee) {
        let (params, results) = (ty.params(), ty.results());
        let area = result_area_bytes(results);
        let has_area = area > 0;
        let stack_bytes = param_stack_bytes(params, has_area);
        self.spill_below(self.stack.len() - params.len());
        let lost = if self.pad.is_some() {
            RegSet::MAX
        } else {
            LOST_HOMES
        };
        self.save_homes(lost);
        if area + stack_bytes > 0 {
            let bytes = (area + stack_bytes) as i32;
            self.asm.alu_imm(Alu::Sub, Size::S64, Gpr::RSP, bytes);
        }
        self.place_args(params, has_area);
        let vmctx = if has_area {
            let at = Mem::new(Gpr::RSP, stack_bytes as i32);
            self.asm.lea(Size::S64, Gpr::RDI, at);
            Gpr::RSI
        } else {
            Gpr::RDI
        };
        self.load_callee_vmctx(vmctx, callee);
        self.mark();
        match callee {
            Callee::Own(func) => {
                let offset = self.asm.call_far();
                self.out.relocs.push(Reloc {
                    offset,
                    target: RelocTarget::Func(func),
                    addend: -4,
                });
            }
            Callee::Imported(func) => {
                let code = self.env.layout.imported_func_code(func);
                self.asm.call(field(VMCTX, code));
            }
            Callee::Entry => {
                self.asm.call(field(Gpr::RAX, FuncRefLayout::CODE));
                self.release(Gpr::RAX);
            }
        }
        self.note_call(true);
        self.lose_homes();
        self.push_results(results, area);
    }

    fn load_callee_vmctx(&mut self, to: Gpr, callee: Callee) {
        match callee {
            Callee::Own(_) => self.asm.mov(Size::S64, to, VMCTX),
            Callee::Imported(func) => {
                let vmctx = self.env.layout.imported_func_vmctx(func);
                self.asm.load(Size::S64, to, field(VMCTX, vmctx));
            }
            Callee::Entry => {
                let vmctx = field(Gpr::RAX, FuncRefLayout::VMCTX);
                self.asm.load(Size::S64, to, vmctx);
            }
        }
    }

    /// Pushes what a call has returned.
    fn push_results(&mut self, results: &[ValType], area: u32) {
        if let [ty] = results {
            let kind = Kind::from(*ty);
            if !kind.is_xmm() {
                return self.push_builtin_result(kind);
            }
            self.take_xmm(Xmm::new(0));
            return self.push(kind, Place::Xmm(Xmm::new(0)));
        }
        let mut locs = Locs::results();
        for &ty in results {
            let kind = Kind::from(ty);
            match locs.next(kind) {
                Loc::Gpr(from) if self.is_temp(from) => {
                    self.take_gpr(from);
                    if kind.size() == Size::S32 {
                        self.asm.mov(Size::S32, from, from);
                    }
                    self.push(kind, Place::Gpr(from));
                }
                Loc::Gpr(from) => {
                    // The home of a local, which is lost anyway.
                    self.push(kind, Place::Spilled);
                    let to = self.slot(self.top_end());
                    self.asm.store(kind.size(), to, from);
                }
                Loc::Xmm(from) => {
                    self.take_xmm(from);
                    self.push(kind, Place::Xmm(from));
                }
                Loc::Stack(at) => {
                    self.push(kind, Place::Spilled);
                    let to = self.slot(self.top_end());
                    let kind = if kind == Kind::V128 { kind } else { Kind::F64 };
                    self.load_xmm(kind, SCRATCH_XMM, Mem::new(Gpr::RSP, at as i32));
                    self.store_xmm(kind, to, SCRATCH_XMM);
                }
            }
        }
        if area > 0 {
            self.asm.alu_imm(Alu::Add, Size::S64, Gpr::RSP, area as i32);
        }
    }

    /// Leaves the function for another one, which returns to the caller.
    fn emit_tail_call(&mut self, ty: &'a FuncType, callee: Callee) {
        let params = ty.params();
        let has_area = self.frame.has_area;
        let outgoing = param_stack_bytes(params, has_area);
        if outgoing > 0 {
            self.asm
                .alu_imm(Alu::Sub, Size::S64, Gpr::RSP, outgoing as i32);
        }
        self.place_args(params, has_area);
        let vmctx = if has_area {
            self.load_result_area(Gpr::RDI);
            Gpr::RSI
        } else {
            Gpr::RDI
        };
        self.load_callee_vmctx(vmctx, callee);
        match callee {
            Callee::Own(_) => {}
            Callee::Imported(func) => {
                let code = self.env.layout.imported_func_code(func);
                self.asm.load(Size::S64, Gpr::RAX, field(VMCTX, code));
            }
            Callee::Entry => {
                let code = field(Gpr::RAX, FuncRefLayout::CODE);
                self.asm.load(Size::S64, Gpr::RAX, code);
            }
        }
        self.restore_kept();
        self.give_up_frame(outgoing);
        match callee {
            Callee::Own(func) => {
                let offset = self.asm.jmp_far();
                self.out.relocs.push(Reloc {
                    offset,
                    target: RelocTarget::Func(func),
                    addend: -4,
                });
            }
            Callee::Imported(_) => self.asm.jmp_to(Gpr::RAX),
            Callee::Entry => {
                self.asm.jmp_to(Gpr::RAX);
                self.release(Gpr::RAX);
            }
        }
        self.leave();
    }

    /// Makes the stack what it was when the function was called, but for the arguments of another one, which lie at `rsp`.
    fn give_up_frame(&mut self, outgoing: u32) {
        let incoming = self.frame.incoming;
        if outgoing == 0 && incoming == 0 {
            self.asm.mov(Size::S64, Gpr::RSP, Gpr::RBP);
            return self.asm.pop(Gpr::RBP);
        }
        // Where the arguments end does not depend on how many there are.
        let start = 16 + incoming as i32 - outgoing as i32;
        self.asm.load(Size::S64, SCRATCH, Mem::new(Gpr::RBP, 8));
        self.asm.load(Size::S64, Gpr::R10, Mem::new(Gpr::RBP, 0));
        for at in (0..outgoing as i32).step_by(16).rev() {
            let from = Mem::new(Gpr::RSP, at);
            self.copy_vector(Mem::new(Gpr::RBP, start + at), from);
        }
        let return_address = Mem::new(Gpr::RBP, start - 8);
        self.asm.store(Size::S64, return_address, SCRATCH);
        self.asm.lea(Size::S64, Gpr::RSP, return_address);
        self.asm.mov(Size::S64, Gpr::RBP, Gpr::R10);
    }
}
