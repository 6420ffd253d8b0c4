//! The frame of a function: what is saved where, entry and exit.
//!
//! Apart because how large a frame is shows only when the function ends.
//!
//! ```text
//! rbp + 16   parameters on the stack
//! rbp +  8   return address
//! rbp        caller's rbp
//! rbp -  8   vmctx, if there are landing pads     rbp - 16  rbx     rbp - 24..48  r12-r15, those that are homes
//! rbp - 56   address of the caller's area for results, if there is one
//! rbp - 64   locals and operands, downwards, as abi::OsrFrame says
//! rsp        an area for operands of called operators, if there are such
//! ```

use crate::convention::{Loc, Locs, param_stack_bytes, result_area_bytes, vmctx_gpr};
use crate::emit::slow::Slow;
use crate::emitter::{Cold, Emitter};
use crate::kind::Kind;
use crate::moves::{GprMoves, XmmMoves};
use crate::regs::{KEPT, MEMORY, SCRATCH, SCRATCH_XMM, VMCTX};
use abi::{StoreCtxLayout, VmctxLayout};
use asm::x64::{Alu, Cond, Gpr, Label, Mem, Size, VecOp, Xmm};
use module::{MemoryIdx, ValType};
use ops::Trap;

/// Bytes between the frame pointer and the first local.
pub(crate) const TOP_BYTES: u32 = 64;
/// Bytes of the area at the lower end.
pub(crate) const AREA_BYTES: u32 = 48;

const VMCTX_SLOT: Mem = Mem::new(Gpr::RBP, -8);
const RESULTS_SLOT: Mem = Mem::new(Gpr::RBP, -56);

/// Frames beyond this touch every so many bytes of theirs on the way. With what calls take for arguments, that is less than
/// the guard of a stack.
const PROBE_BYTES: u32 = 32 << 10;

/// Locals of more bytes are cleared by one instruction that repeats.
const CLEARED_BYTES_MAX: u32 = 256;

/// What is known of the frame.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// All bytes below the frame pointer; known at the end.
    pub(crate) bytes: u32,
    /// Where the operand is that will say so.
    bytes_at: u32,
    /// Behind the instruction that takes them.
    taken: u32,
    /// Bytes of parameters on the stack.
    pub(crate) incoming: u32,
    /// Whether results need an area.
    pub(crate) has_area: bool,
    /// Whether there are landing pads.
    pub(crate) has_pads: bool,
    /// Where the function leaves, with its results in registers.
    pub(crate) exit: Label,
}

impl Frame {
    pub(crate) fn new(
        params: &[ValType],
        results: &[ValType],
        has_pads: bool,
        exit: Label,
    ) -> Frame {
        let has_area = result_area_bytes(results) > 0;
        Frame {
            bytes: 0,
            bytes_at: 0,
            taken: 0,
            incoming: param_stack_bytes(params, has_area),
            has_area,
            has_pads,
            exit,
        }
    }
}

/// Where a register that the caller wants back is kept.
fn kept_slot(nth: usize) -> Mem {
    Mem::new(Gpr::RBP, -24 - 8 * nth as i32)
}

impl Emitter<'_> {
    pub(crate) fn prologue(&mut self) {
        self.asm.push(Gpr::RBP);
        self.asm.mov(Size::S64, Gpr::RBP, Gpr::RSP);
        self.asm.alu_imm(Alu::Sub, Size::S64, Gpr::RSP, i32::MAX);
        self.frame.taken = self.asm.offset();
        self.frame.bytes_at = self.frame.taken - 4;
        self.asm.store(Size::S64, Mem::new(Gpr::RBP, -16), VMCTX);
        for (nth, gpr) in KEPT.into_iter().enumerate() {
            if self.is_kept(gpr) {
                self.asm.store(Size::S64, kept_slot(nth), gpr);
            }
        }
        let vmctx = vmctx_gpr(self.frame.has_area);
        self.asm.mov(Size::S64, VMCTX, vmctx);
        if self.frame.has_pads {
            self.asm.store(Size::S64, VMCTX_SLOT, vmctx);
        }
        if self.frame.has_area {
            self.asm.store(Size::S64, RESULTS_SLOT, Gpr::RDI);
        }
        self.load_memory_base();
        self.take_params();
        self.clear_locals();
        if self.env.fuel {
            self.check_fuel();
        }
        if self.settings.tier_up {
            self.count_entry();
        }
    }

    /// Whether this function changes a register that the caller wants back, or a callee does that leaves by an exception.
    fn is_kept(&self, gpr: Gpr) -> bool {
        self.frame.has_pads || self.is_home(gpr) || self.has_memory && gpr == MEMORY
    }

    /// Loads the base of memory 0 if it has a register.
    pub(crate) fn load_memory_base(&mut self) {
        if self.has_memory {
            let base = self.env.layout.memory_base(MemoryIdx(0));
            self.asm.load(Size::S64, MEMORY, field(VMCTX, base));
        }
    }

    /// Loads vmctx, the base of memory 0, and all homes: a landing pad finds no register as it was.
    pub(crate) fn restore_all(&mut self) {
        self.asm.load(Size::S64, VMCTX, VMCTX_SLOT);
        self.load_memory_base();
        self.stale = self.locals.homes;
        self.make_homes();
    }

    fn take_params(&mut self) {
        let params = self.env.header.func_type(self.func).params();
        let mut locs = Locs::params(self.frame.has_area);
        let (mut gprs, mut xmms) = (GprMoves::default(), XmmMoves::default());
        let mut has_stack = false;
        for (nth, &ty) in params.iter().enumerate() {
            let local = self.locals.get(nth as u32);
            let kind = Kind::from(ty);
            let slot = self.slot(local.end);
            let home = local.home.trailing_zeros() as u8;
            match (locs.next(kind), local.home) {
                (Loc::Gpr(from), 0) => self.asm.store(kind.size(), slot, from),
                (Loc::Gpr(from), _) => {
                    if kind.size() == Size::S32 || from != Gpr::new(home) {
                        gprs.push(Gpr::new(home), from, kind.size());
                    }
                }
                (Loc::Xmm(from), 0) => self.store_xmm(kind, slot, from),
                (Loc::Xmm(from), _) => xmms.push(Xmm::new(home - 16), from),
                (Loc::Stack(_), _) => has_stack = true,
            }
        }
        self.move_gprs(gprs);
        self.move_xmms(xmms);
        if has_stack {
            self.take_stack_params(params);
        }
    }

    fn take_stack_params(&mut self, params: &[ValType]) {
        let mut locs = Locs::params(self.frame.has_area);
        for (nth, &ty) in params.iter().enumerate() {
            let kind = Kind::from(ty);
            let Loc::Stack(at) = locs.next(kind) else {
                continue;
            };
            let local = self.locals.get(nth as u32);
            let from = Mem::new(Gpr::RBP, 16 + at as i32);
            let home = local.home.trailing_zeros() as u8;
            match (local.home, kind.is_xmm()) {
                (0, _) => self.copy_value(kind, self.slot(local.end), from),
                (_, false) => self.asm.load(kind.size(), Gpr::new(home), from),
                (_, true) => self.load_xmm(kind, Xmm::new(home - 16), from),
            }
        }
    }

    /// Copies a value in memory.
    pub(crate) fn copy_value(&mut self, kind: Kind, to: Mem, from: Mem) {
        if kind == Kind::V128 {
            self.load_xmm(kind, SCRATCH_XMM, from);
            self.store_xmm(kind, to, SCRATCH_XMM);
        } else {
            self.asm.load(kind.size(), SCRATCH, from);
            self.asm.store(kind.size(), to, SCRATCH);
        }
    }

    /// Sets all locals that are no parameters to zero or null.
    fn clear_locals(&mut self) {
        let n_params = self.env.header.func_type(self.func).params().len();
        let start = match n_params.checked_sub(1) {
            Some(last) => self.locals.get(last as u32).end,
            None => 0,
        };
        let end = self.locals.bytes;
        let mut homes = self.locals.homes;
        while homes != 0 {
            let home = homes & homes.wrapping_neg();
            homes &= !home;
            if self.locals.at_home(home).end > start {
                let number = home.trailing_zeros() as u8;
                if number < 16 {
                    self.asm.zero(Gpr::new(number));
                } else {
                    self.asm.vec_zero(Xmm::new(number - 16));
                }
            }
        }
        let bytes = end - start;
        if bytes > CLEARED_BYTES_MAX {
            self.asm.lea(Size::S64, Gpr::RDI, self.slot(end));
            self.asm.mov_imm(Gpr::RCX, u64::from(bytes / 8));
            self.asm.zero(Gpr::RAX);
            return self.asm.rep_stosq();
        }
        self.clear_slots(start, end);
    }

    /// Clears the places of locals that live in the frame, 16 bytes at a time where two lie side by side.
    fn clear_slots(&mut self, start: u32, end: u32) {
        let n_params = self.env.header.func_type(self.func).params().len() as u32;
        let mut zero = None;
        let mut at = start;
        let mut number = n_params;
        while at < end {
            let local = self.locals.get(number);
            number += 1;
            let before = at;
            at = local.end;
            if local.home != 0 {
                continue;
            }
            if zero.is_none() {
                self.asm.vec_zero(SCRATCH_XMM);
                zero = Some(SCRATCH_XMM);
            }
            let mut kind = if at - before == 16 {
                Kind::V128
            } else {
                Kind::F64
            };
            if kind == Kind::F64 && at < end {
                let next = self.locals.get(number);
                if next.home == 0 && next.end - at == 8 {
                    kind = Kind::V128;
                    at = next.end;
                    number += 1;
                }
            }
            self.store_xmm(kind, self.slot(at), SCRATCH_XMM);
        }
    }

    /// Loads results from the places of the first operands into the registers or the area that callers expect them in.
    pub(crate) fn load_results(&mut self, results: &[ValType]) {
        let mut locs = Locs::results();
        let mut end = self.locals.bytes;
        let places: Vec<(Kind, Loc, Mem)> = results
            .iter()
            .map(|&ty| {
                let kind = Kind::from(ty);
                end += kind.slot_bytes();
                (kind, locs.next(kind), self.slot(end))
            })
            .collect();
        if self.frame.has_area {
            self.asm.load(Size::S64, SCRATCH, RESULTS_SLOT);
            for &(kind, loc, from) in &places {
                if let Loc::Stack(at) = loc {
                    self.load_xmm(kind, SCRATCH_XMM, from);
                    self.store_xmm(kind, Mem::new(SCRATCH, at as i32), SCRATCH_XMM);
                    // Integers of 64 bits move as well as floats do.
                }
            }
        }
        for (kind, loc, from) in places {
            match loc {
                Loc::Gpr(to) => self.asm.load(kind.size(), to, from),
                Loc::Xmm(to) => self.load_xmm(kind, to, from),
                Loc::Stack(_) => {}
            }
        }
    }

    /// Leaves the function; results are where callers expect them.
    pub(crate) fn epilogue(&mut self) {
        self.restore_kept();
        self.asm.mov(Size::S64, Gpr::RSP, Gpr::RBP);
        self.asm.pop(Gpr::RBP);
        match self.frame.incoming {
            0 => self.asm.ret(),
            bytes => self.asm.ret_pop(bytes as u16),
        }
    }

    /// Gives the caller its registers back, but the frame's.
    pub(crate) fn restore_kept(&mut self) {
        for (nth, gpr) in KEPT.into_iter().enumerate() {
            if self.is_kept(gpr) {
                self.asm.load(Size::S64, gpr, kept_slot(nth));
            }
        }
        self.asm.load(Size::S64, VMCTX, Mem::new(Gpr::RBP, -16));
    }

    /// The address of the caller's area for results.
    pub(crate) fn load_result_area(&mut self, to: Gpr) {
        self.asm.load(Size::S64, to, RESULTS_SLOT);
    }

    /// Fills in the size of the frame.
    pub(crate) fn finish_frame(&mut self) {
        let area = if self.uses_area { AREA_BYTES } else { 0 };
        self.frame.bytes = (TOP_BYTES + self.deepest + area).next_multiple_of(16);
        self.asm.patch32(self.frame.bytes_at, self.frame.bytes);
        if self.frame.bytes >= PROBE_BYTES {
            self.probe();
        }
    }

    /// Replaces the instruction that takes the frame by a jump here, where the frame is touched step by step.
    fn probe(&mut self) {
        // sub rsp, imm32 has seven bytes: a jump of five, and nothing.
        let start = self.frame.taken - 7;
        let here = self.asm.offset();
        let distance = here.wrapping_sub(start + 5);
        let [a, b, c, d] = distance.to_le_bytes();
        self.asm.patch32(start, u32::from_le_bytes([0xe9, a, b, c]));
        // Overlaps the last byte of the jump, of which the fourth byte is written here, and the two bytes behind it.
        self.asm
            .patch32(start + 3, u32::from_le_bytes([c, d, 0x66, 0x90]));
        self.asm.lea(
            Size::S64,
            SCRATCH,
            Mem::new(Gpr::RSP, -(self.frame.bytes as i32)),
        );
        let again = self.asm.label_here();
        self.asm
            .alu_imm(Alu::Sub, Size::S64, Gpr::RSP, PROBE_BYTES as i32);
        self.asm.store_imm(Size::S32, Mem::new(Gpr::RSP, 0), 0);
        self.asm.alu(Alu::Cmp, Size::S64, Gpr::RSP, SCRATCH);
        self.asm.jcc(Cond::Above, again);
        self.asm.mov(Size::S64, Gpr::RSP, SCRATCH);
        let back = self.frame.taken.wrapping_sub(self.asm.offset() + 5);
        let at = self.asm.jmp_far();
        self.asm.patch32(at, back);
    }

    /// Traps if the fuel is used up.
    pub(crate) fn check_fuel(&mut self) {
        self.asm
            .load(Size::S64, SCRATCH, field(VMCTX, VmctxLayout::STORE));
        self.asm
            .alu_imm(Alu::Cmp, Size::S64, field(SCRATCH, StoreCtxLayout::FUEL), 0);
        self.trap_if(Cond::Less, Trap::OutOfFuel);
    }

    /// Adds the cost of an operator, and pays if it is one before which that is done.
    pub(crate) fn count_fuel(&mut self, op: module::Op) {
        self.fuel_pending += op.fuel();
        if op.flushes_fuel() && self.fuel_pending > 0 {
            let units = std::mem::take(&mut self.fuel_pending);
            self.asm
                .load(Size::S64, SCRATCH, field(VMCTX, VmctxLayout::STORE));
            // Operators of one body: far fewer than 2^31.
            let fuel = field(SCRATCH, StoreCtxLayout::FUEL);
            self.asm.alu_imm(Alu::Sub, Size::S64, fuel, units as i32);
        }
    }

    fn count_entry(&mut self) {
        let label = self.asm.label();
        let back = self.asm.label();
        self.count(ENTRY_COST, label);
        self.asm.bind(back);
        self.cold.push(Cold::Slow(Slow::Entry {
            label,
            back,
            at: self.offset,
        }));
    }

    /// Takes from the function's counter; goes to the label when it is used up.
    pub(crate) fn count(&mut self, cost: i32, used_up: Label) {
        let defined = self.func.0 - self.env.header.n_imported_funcs() as u32;
        let slot = defined * abi::FuncSlotLayout::SIZE + abi::FuncSlotLayout::COUNTER;
        self.asm
            .load(Size::S64, SCRATCH, field(VMCTX, VmctxLayout::FUNC_SLOTS));
        self.asm
            .alu_imm(Alu::Sub, Size::S32, field(SCRATCH, slot), cost);
        self.asm.jcc(Cond::Sign, used_up);
    }

    /// Copies 16 bytes without looking at them.
    pub(crate) fn copy_vector(&mut self, to: Mem, from: Mem) {
        self.asm.vec_unary(VecOp::MOVUPS, SCRATCH_XMM, from);
        self.asm.vec_store(VecOp::MOVUPS, to, SCRATCH_XMM);
    }
}

/// What a call costs of a function's counter.
const ENTRY_COST: i32 = 8;

/// A field of a structure of the runtime. These are smaller than 2 GiB: validation limits how many things a module has.
#[inline]
pub(crate) fn field(base: Gpr, offset: u32) -> Mem {
    Mem::new(base, offset as i32)
}
