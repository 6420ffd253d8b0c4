//! Throwing and catching.
//!
//! Apart from calls because only functions that catch come here. A call in a `try_table` saves all homes, and notes the landing pad
//! where it goes on if it throws. There, no register is as it was but `rsp` and `rbp`, and the exception is in `rax`.

use crate::emit::control::{Block, BlockKind, Types};
use crate::emitter::Emitter;
use crate::frame::field;
use crate::kind::Kind;
use crate::regs::{RegSet, SCRATCH, SCRATCH_XMM, VMCTX};
use crate::stack::Operand;
use abi::gc::{EXN_TAG, ObjectLayout};
use abi::{Builtin, StoreCtxLayout, VmctxLayout};
use asm::x64::{Alu, Cond, Gpr, Label, Mem, Size};
use module::{BlockType, Catch, TagIdx};
use ops::Trap;

/// What happens to the exceptions of calls in a `try_table`.
#[derive(Clone, Debug)]
pub(crate) struct Pad {
    /// Where calls go on that throw.
    pub(crate) landing: Label,
    /// Behind the restoring of registers: where the pad within this one goes on if it does not catch.
    dispatch: Label,
    /// The pad around this one.
    outer: Option<u32>,
    /// What is caught, in order.
    clauses: Vec<Clause>,
    /// The offset of the operator.
    offset: u32,
}

/// One catch.
#[derive(Clone, Copy, Debug)]
struct Clause {
    tag: Option<TagIdx>,
    with_ref: bool,
    label: Label,
    /// Whether the one value that it passes on is in a register.
    in_register: bool,
    /// Bytes that all locals and operands take which lie below what the clause passes on.
    end: u32,
}

/// Values that the clauses of one function pass on at most: one clause names a tag, which may have many.
const CAUGHT_VALUES_MAX: usize = 1 << 18;

impl Emitter<'_> {
    pub(crate) fn try_table(
        &mut self,
        ty: BlockType,
        catches: impl ExactSizeIterator<Item = Catch>,
    ) {
        let has_catches = catches.len() > 0;
        // Labels are counted from outside.
        let clauses: Vec<Clause> = catches.map(|catch| self.clause(catch)).collect();
        self.block(ty);
        let block = self.blocks.last_mut().expect("opened above");
        block.kind = BlockKind::Try;
        if has_catches {
            let (landing, dispatch) = (self.asm.label(), self.asm.label());
            self.pads.push(Pad {
                landing,
                dispatch,
                outer: self.pad,
                clauses,
                offset: self.offset,
            });
            self.pad = Some(self.pads.len() as u32 - 1);
        }
    }

    fn clause(&mut self, catch: Catch) -> Clause {
        let index = self.target(catch.label);
        let n_values = catch.tag.map_or(0, |tag| self.tag_params(tag).len());
        self.n_caught += n_values + usize::from(catch.with_ref);
        if self.n_caught > CAUGHT_VALUES_MAX {
            self.limit = Some("the function catches too many values");
        }
        let last = &mut self.blocks[index];
        last.branched = true;
        let block: Block = *last;
        let is_loop = block.kind == BlockKind::Loop;
        Clause {
            tag: catch.tag,
            with_ref: catch.with_ref,
            label: block.label,
            in_register: !is_loop && n_values + usize::from(catch.with_ref) == 1,
            end: match block.height.checked_sub(1) {
                Some(below) => self.stack[below].end,
                None => self.locals.bytes,
            },
        }
    }

    fn tag_params(&self, tag: TagIdx) -> &[module::ValType] {
        let header = self.env.header;
        header.type_at(header.tags()[tag.index()]).params()
    }

    /// `throw`.
    pub(crate) fn throw(&mut self, tag: TagIdx) {
        let number = Operand::Imm(tag.0.into());
        self.flush();
        self.call_builtin(Builtin::exn_new, &[number], true);
        self.take_gpr(Gpr::RAX);
        self.asm.test(Size::S32, Gpr::RAX, Gpr::RAX);
        self.trap_pending_if(Cond::Equal);
        self.asm.mov(Size::S32, Gpr::RAX, Gpr::RAX);
        let base = self.alloc_gpr();
        self.exception_address(base, Gpr::RAX);
        let header = self.env.header;
        let layout = ObjectLayout::of_exn(header.type_at(header.tags()[tag.index()]));
        for stored in layout.fields.iter().rev() {
            let entry = self.pop();
            self.store_entry(entry, field(base, stored.offset));
        }
        self.release(base);
        self.throw_exception(Gpr::RAX);
    }

    /// `throw_ref`.
    pub(crate) fn throw_ref(&mut self) {
        let exception = self.pop_gpr();
        self.asm.test(Size::S32, exception, exception);
        self.trap_if(Cond::Equal, Trap::NullReference);
        self.throw_exception(exception);
    }

    fn throw_exception(&mut self, exception: Gpr) {
        if self.pad.is_some() {
            // The landing pad may be in this very function.
            self.save_homes(RegSet::MAX);
        }
        self.call_builtin(Builtin::throw, &[Operand::Gpr(exception)], false);
        self.note_call(true);
        // It comes back only if no one in the guest catches.
        let offset = self.asm.offset();
        self.out.traps.push(abi::TrapEntry {
            offset,
            code: abi::TRAP_PENDING,
        });
        self.asm.ud2();
        self.leave();
    }

    /// The address of an exception. The store may get its heap by the first throw, so its address is not constant.
    fn exception_address(&mut self, to: Gpr, exception: Gpr) {
        self.asm
            .load(Size::S64, to, field(VMCTX, VmctxLayout::STORE));
        self.asm
            .load(Size::S64, to, field(to, StoreCtxLayout::GC_BASE));
        self.asm.alu(Alu::Add, Size::S64, to, exception);
    }

    /// The landing pads, behind the function.
    pub(crate) fn emit_pads(&mut self) {
        self.pad = None;
        let pads = std::mem::take(self.pads);
        for pad in &pads {
            self.offset = pad.offset;
            self.asm.bind(pad.landing);
            self.asm.mov(Size::S32, Gpr::RAX, Gpr::RAX);
            self.restore_all();
            self.asm.bind(pad.dispatch);
            let catches_all = pad.clauses.iter().any(|clause| clause.tag.is_none());
            for clause in &pad.clauses {
                self.emit_clause(*clause);
                if clause.tag.is_none() {
                    break;
                }
            }
            if catches_all {
                continue;
            }
            match pad.outer {
                Some(outer) => {
                    let dispatch = pads[outer as usize].dispatch;
                    self.asm.jmp(dispatch);
                }
                None => self.rethrow(),
            }
        }
    }

    fn rethrow(&mut self) {
        self.call_builtin(Builtin::throw, &[Operand::Gpr(Gpr::RAX)], false);
        self.mark();
        let offset = self.asm.offset();
        self.out.traps.push(abi::TrapEntry {
            offset,
            code: abi::TRAP_PENDING,
        });
        self.asm.ud2();
    }

    /// Goes to the label of a clause if it catches the exception in `rax`. All other temporaries are free.
    fn emit_clause(&mut self, clause: Clause) {
        let next = self.asm.label();
        let mut end = clause.end;
        let base = Gpr::RCX;
        if let Some(tag) = clause.tag {
            self.exception_address(base, Gpr::RAX);
            let expected = field(VMCTX, self.env.layout.tag(tag));
            self.asm.load(Size::S32, SCRATCH, expected);
            self.asm
                .alu(Alu::Cmp, Size::S32, SCRATCH, field(base, EXN_TAG));
            self.asm.jcc(Cond::NotEqual, next);
            let header = self.env.header;
            let ty = header.type_at(header.tags()[tag.index()]);
            let layout = ObjectLayout::of_exn(ty);
            let params = Types::Many(ty.params());
            for (nth, stored) in layout.fields.iter().enumerate() {
                let kind = params.get(nth);
                let from = field(base, stored.offset);
                if clause.in_register {
                    if kind.is_xmm() {
                        self.load_xmm(kind, asm::x64::Xmm::new(0), from);
                    } else {
                        self.asm.load(kind.size(), Gpr::RAX, from);
                    }
                    break;
                }
                end += kind.slot_bytes();
                let to = self.slot(end);
                self.copy_payload(kind, to, from);
            }
        }
        if clause.with_ref && !clause.in_register {
            end += Kind::Ref.slot_bytes();
            let to = self.slot(end);
            self.asm.store(Size::S32, to, Gpr::RAX);
        }
        self.asm.jmp(clause.label);
        self.asm.bind(next);
    }

    fn copy_payload(&mut self, kind: Kind, to: Mem, from: Mem) {
        if kind.is_xmm() {
            self.load_xmm(kind, SCRATCH_XMM, from);
            self.store_xmm(kind, to, SCRATCH_XMM);
        } else {
            self.asm.load(kind.size(), SCRATCH, from);
            self.asm.store(kind.size(), to, SCRATCH);
        }
    }
}
