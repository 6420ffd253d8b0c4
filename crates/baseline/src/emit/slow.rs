//! Code that runs rarely, behind the function.
//!
//! Apart because it is emitted when the function has ended: all that it needs to know of the moment is kept until then. Most of it
//! calls a builtin that changes no register.

use crate::emitter::Emitter;
use crate::frame::{TOP_BYTES, field};
use crate::regs::{RegSet, SCRATCH, VMCTX};
use abi::{Builtin, CallSiteLayout, StoreCtxLayout, TRAP_PENDING, TrapEntry};
use asm::x64::{Alu, Cond, Gpr, Label, Mem, Size};

/// Something that happens rarely.
pub(crate) enum Slow {
    /// The function's counter is used up when it is entered.
    Entry {
        label: Label,
        back: Label,
        /// The function's first operator.
        at: u32,
    },
    /// It is used up in a loop, whose operator is at this offset.
    Loop { label: Label, back: Label, at: u32 },
    /// A place calls another function than its candidate; `target` and the scratch register hold what the record needs.
    OtherCallee {
        label: Label,
        back: Label,
        target: Gpr,
    },
    /// There is no room for a new structure. What a collector must know is in the frame, at these places.
    NewStruct {
        label: Label,
        back: Label,
        offset: u32,
        /// The register with the number of the type, and of the object afterwards.
        object: Gpr,
        /// The register of the object's address.
        address: Gpr,
        places: Box<[u32]>,
    },
    /// An old object will refer to a young one.
    Remember {
        label: Label,
        back: Label,
        offset: u32,
        object: Gpr,
    },
}

/// Registers that arguments of builtins need, and that the function may use.
const SAVED: [Gpr; 4] = [Gpr::RDI, Gpr::RSI, Gpr::RDX, Gpr::RCX];

impl Emitter<'_> {
    pub(crate) fn emit_slow(&mut self, slow: Slow) {
        match slow {
            Slow::Entry { label, back, at } => self.emit_entry(label, back, at),
            Slow::Loop { label, back, at } => self.emit_loop(label, back, at),
            Slow::OtherCallee {
                label,
                back,
                target,
            } => self.emit_other_callee(label, back, target),
            Slow::NewStruct {
                label,
                back,
                offset,
                object,
                address,
                places,
            } => {
                self.asm.bind(label);
                self.offset = offset;
                self.push_saved();
                self.asm.mov(Size::S32, Gpr::RDX, object);
                self.call_quietly(Builtin::gc_new_struct);
                let returns_to = self.asm.offset();
                self.out.stack_maps.push(returns_to, places.iter().copied());
                self.pop_saved();
                self.load_given(object);
                self.load_heap(address);
                self.asm.alu(Alu::Add, Size::S64, address, object);
                self.asm.jmp(back);
            }
            Slow::Remember {
                label,
                back,
                offset,
                object,
            } => {
                self.asm.bind(label);
                self.offset = offset;
                self.push_saved();
                self.asm.mov(Size::S32, Gpr::RDX, object);
                self.call_quietly(Builtin::gc_remember);
                self.pop_saved();
                self.load_given(SCRATCH);
                self.asm.jmp(back);
            }
        }
    }

    fn push_saved(&mut self) {
        for gpr in SAVED {
            self.asm.push(gpr);
        }
    }

    fn pop_saved(&mut self) {
        for gpr in SAVED.into_iter().rev() {
            self.asm.pop(gpr);
        }
    }

    /// Calls a builtin that changes no register and takes vmctx, the store's context, and what is in place already.
    pub(crate) fn call_quietly(&mut self, builtin: Builtin) {
        self.asm.mov(Size::S64, Gpr::RDI, VMCTX);
        self.asm
            .load(Size::S64, Gpr::RSI, field(VMCTX, abi::VmctxLayout::STORE));
        self.jump_to_builtin(builtin);
    }

    /// Loads what such a builtin gave, 32 bits; traps if that is nothing.
    pub(crate) fn load_given(&mut self, to: Gpr) {
        self.asm
            .load(Size::S64, SCRATCH, field(VMCTX, abi::VmctxLayout::STORE));
        let given = field(SCRATCH, StoreCtxLayout::GC_OBJECT);
        self.asm.load(Size::S32, to, given);
        self.asm.test(Size::S32, to, to);
        let is_something = self.asm.jcc_short(Cond::NotEqual);
        self.mark();
        let offset = self.asm.offset();
        self.out.traps.push(TrapEntry {
            offset,
            code: TRAP_PENDING,
        });
        self.asm.ud2();
        self.asm.land(is_something);
    }

    /// Loads the address of the heap.
    pub(crate) fn load_heap(&mut self, to: Gpr) {
        self.asm
            .load(Size::S64, to, field(VMCTX, abi::VmctxLayout::STORE));
        self.asm
            .load(Size::S64, to, field(to, StoreCtxLayout::GC_BASE));
    }

    fn defined(&self) -> u32 {
        self.func.0 - self.env.header.n_imported_funcs() as u32
    }

    fn emit_entry(&mut self, label: Label, back: Label, at: u32) {
        self.asm.bind(label);
        self.offset = at;
        // Parameters are in the frame or in homes by now.
        self.ask_for_code(-1);
        self.asm.jmp(back);
    }

    fn ask_for_code(&mut self, at: i32) {
        self.asm.mov_imm(Gpr::RDX, self.defined().into());
        self.asm.mov_imm(Gpr::RCX, u64::from(at.cast_unsigned()));
        self.call_quietly(Builtin::tier_up);
    }

    /// At the head of a loop: homes are loaded, operands are in the frame, other registers hold nothing.
    fn emit_loop(&mut self, label: Label, back: Label, at: u32) {
        self.asm.bind(label);
        self.offset = at;
        self.ask_for_code(at.cast_signed());
        self.asm
            .load(Size::S64, SCRATCH, field(VMCTX, abi::VmctxLayout::STORE));
        let given = field(SCRATCH, StoreCtxLayout::GC_OBJECT);
        self.asm.load(Size::S64, Gpr::RAX, given);
        self.asm.test(Size::S64, Gpr::RAX, Gpr::RAX);
        self.asm.jcc(Cond::Equal, back);
        self.clean = 0;
        self.save_homes(RegSet::MAX);
        let (vmctx, frame) = if self.frame.has_area {
            self.load_result_area(Gpr::RDI);
            (Gpr::RSI, Gpr::RDX)
        } else {
            (Gpr::RDI, Gpr::RSI)
        };
        self.asm.mov(Size::S64, vmctx, VMCTX);
        let top = Mem::new(Gpr::RBP, -(TOP_BYTES as i32));
        self.asm.lea(Size::S64, frame, top);
        // The function called here is this one: its frame is told, this one's is not.
        self.offset = u32::MAX;
        self.mark();
        self.asm.call(Gpr::RAX);
        self.asm.jmp(self.frame.exit);
    }

    fn emit_other_callee(&mut self, label: Label, back: Label, target: Gpr) {
        let hits = field(SCRATCH, CallSiteLayout::HITS);
        self.asm.bind(label);
        self.asm.alu_imm(Alu::Cmp, Size::S32, hits, 0);
        let has_hits = self.asm.jcc_short(Cond::NotEqual);
        let candidate = field(SCRATCH, CallSiteLayout::TARGET);
        self.asm.store(Size::S64, candidate, target);
        self.asm.alu_imm(Alu::Add, Size::S32, hits, 1);
        self.asm.jmp(back);
        self.asm.land(has_hits);
        self.asm.alu_imm(Alu::Sub, Size::S32, hits, 1);
        let misses = field(SCRATCH, CallSiteLayout::MISSES);
        self.asm.alu_imm(Alu::Add, Size::S32, misses, 1);
        self.asm.jmp(back);
    }
}
