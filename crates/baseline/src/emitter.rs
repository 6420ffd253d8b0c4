//! The state of a function while it is compiled, and the walk over its operators.
//!
//! Apart from the operators because it is what all of them share: where code goes, what is known of registers, what is noted for
//! the runtime.

use crate::Settings;
use crate::emit::control::Block;
use crate::emit::exceptions::Pad;
use crate::kind::Kind;
use crate::locals::Locals;
use crate::regs::{RegSet, Regs, gpr_bit};
use crate::stack::{Entry, Operand, Place};
use abi::{CompileEnv, CompileError, CompiledFunc, Handler, PcEntry, StackMaps, TrapEntry};
use asm::x64::{Assembler, Cond, Gpr, Label, Mem, Xmm};
use module::{BodyReader, FuncIdx, Op};
use ops::{Compute, Trap};

/// Memory that is used again for each function.
#[derive(Default)]
pub(crate) struct Buffers {
    pub(crate) asm: Assembler,
    pub(crate) locals: Locals,
    pub(crate) stack: Vec<Entry>,
    pub(crate) refs: Vec<u32>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) cold: Vec<Cold>,
    pub(crate) pads: Vec<Pad>,
    pub(crate) landings: Vec<Label>,
    pub(crate) ref_locals: Vec<u32>,
}

/// Code that is emitted behind the function, because it runs rarely.
pub(crate) enum Cold {
    /// A trap of an operator.
    Trap { label: Label, trap: u8, offset: u32 },
    /// Anything else.
    Slow(crate::emit::slow::Slow),
}

/// What an operator does with the result of the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// It sets a local to it.
    Set(u32),
    /// The same, and has it as its own result.
    Tee(u32),
    /// It asks whether it is zero.
    Test,
    Other,
}

impl Next {
    #[inline]
    fn of(op: &Op) -> Next {
        match *op {
            Op::LocalSet(local) => Next::Set(local),
            Op::LocalTee(local) => Next::Tee(local),
            Op::BrIf(_) | Op::If(_) | Op::Select | Op::Compute(Compute::I32Eqz) => Next::Test,
            _ => Next::Other,
        }
    }
}

/// A function that is being compiled.
pub(crate) struct Emitter<'a> {
    pub(crate) env: CompileEnv<'a>,
    pub(crate) settings: &'a Settings,
    pub(crate) func: FuncIdx,
    pub(crate) asm: &'a mut Assembler,
    pub(crate) locals: &'a mut Locals,
    pub(crate) stack: &'a mut Vec<Entry>,
    /// Positions of the operands that a collector must know.
    pub(crate) refs: &'a mut Vec<u32>,
    pub(crate) blocks: &'a mut Vec<Block>,
    pub(crate) cold: &'a mut Vec<Cold>,
    pub(crate) pads: &'a mut Vec<Pad>,
    pub(crate) regs: Regs,
    /// All operands below this position are in their places of the frame.
    pub(crate) flushed: usize,
    /// The most bytes that locals and operands took.
    pub(crate) deepest: u32,
    /// Homes whose local is in the frame as well.
    pub(crate) clean: RegSet,
    /// Homes whose local is only in the frame: a call lost them.
    pub(crate) stale: RegSet,
    /// Whether the next operator can be reached.
    pub(crate) reachable: bool,
    /// Whether the base of memory 0 is in its register.
    pub(crate) has_memory: bool,
    /// Whether operators need the area at the frame's lower end.
    pub(crate) uses_area: bool,
    /// The innermost landing pad.
    pub(crate) pad: Option<u32>,
    /// The offset of the operator in the module's bytes.
    pub(crate) offset: u32,
    /// What the operator after this one does with its result.
    pub(crate) next: Next,
    /// Whether that has been executed together with this one.
    pub(crate) next_is_done: bool,
    pub(crate) fuel_pending: u32,
    /// The last trap of the operator, to be shared.
    pub(crate) last_trap: Option<(u32, Trap, Label)>,
    pub(crate) frame: crate::frame::Frame,
    pub(crate) out: CompiledFunc,
    /// The labels of the landing pads of `out.handlers`, in order.
    pub(crate) landings: &'a mut Vec<Label>,
    /// The ends of all locals that a collector must know.
    pub(crate) ref_locals: &'a mut Vec<u32>,
    /// How many places of references wait for the end of the function.
    pub(crate) n_slow_places: usize,
    /// How many values catches pass on.
    pub(crate) n_caught: usize,
    /// How many operands were looked at for stack maps.
    pub(crate) n_looked_at: usize,
    /// How many bytes of code the function may become.
    pub(crate) code_max: usize,
    /// What went wrong where no error could be returned.
    pub(crate) limit: Option<&'static str>,
}

/// Code of more bytes than this and so many for each byte of the body is not made: a few operators can ask for much.
const CODE_BYTES_MIN: usize = 1 << 20;
const CODE_PER_BYTE_MAX: usize = 256;

/// Places of references in the stack maps of one function.
pub(crate) const MAP_PLACES_MAX: usize = 1 << 22;

/// Operands that are looked at for the stack maps of one function, be they listed or not.
const LOOKED_AT_MAX: usize = 1 << 26;

/// Bytes of locals and operands of one function.
const FRAME_BYTES_MAX: u32 = 1 << 28;

impl Emitter<'_> {
    /// Compiles a body.
    pub(crate) fn run(
        &mut self,
        reader: &mut BodyReader<'_>,
        body_bytes: usize,
    ) -> Result<(), CompileError> {
        self.code_max = CODE_BYTES_MIN + body_bytes * CODE_PER_BYTE_MAX;
        // A guest that runs out of stack, or is interrupted before anything else, is at the first operator.
        self.offset = reader.offset() as u32;
        self.mark();
        self.prologue();
        self.begin_function();
        // Operators stay where the reader writes them.
        let (mut op, mut next_op) = (&mut Op::Nop, &mut Op::Nop);
        let mut current = reader.next_into(op)?;
        while let Some(offset) = current {
            let next = reader.next_into(next_op)?;
            self.next = match next {
                Some(_) => Next::of(next_op),
                None => Next::Other,
            };
            self.offset = offset;
            self.op(op, reader);
            std::mem::swap(&mut op, &mut next_op);
            current = next;
            if self.next_is_done {
                self.next_is_done = false;
                if self.env.fuel {
                    self.fuel_pending += op.fuel();
                }
                current = reader.next_into(op)?;
            }
            if self.asm.offset() as usize > self.code_max || self.deepest > FRAME_BYTES_MAX {
                self.limit = Some("the function is too complex for this compiler");
            }
            if let Some(message) = self.limit {
                // Whether it is valid comes first.
                while reader.next_into(op)?.is_some() {}
                return Err(CompileError::Limit(message.to_string()));
            }
        }
        Ok(())
    }

    fn op(&mut self, op: &Op, reader: &BodyReader<'_>) {
        if !self.reachable {
            return self.unreachable_op(op);
        }
        if self.env.fuel {
            self.count_fuel(*op);
        }
        match *op {
            Op::LocalGet(local) => self.push_local(local),
            Op::LocalSet(local) => self.local_set(local),
            Op::LocalTee(local) => self.local_tee(local),
            Op::I32Const(value) => self.push_const(Kind::I32, u64::from(value.cast_unsigned())),
            Op::I64Const(value) => self.push_const(Kind::I64, value.cast_unsigned()),
            Op::F32Const(bits) => self.push_const(Kind::F32, bits.into()),
            Op::F64Const(bits) => self.push_const(Kind::F64, bits),
            Op::Compute(op) => self.compute(op),
            Op::Load(op, arg) => self.load(op, arg),
            Op::Store(op, arg) => self.store(op, arg),
            Op::Drop => self.drop_operand(),
            Op::Select => self.select(),
            Op::Nop => {}
            _ => self.other_op(op, reader),
        }
    }

    fn other_op(&mut self, op: &Op, reader: &BodyReader<'_>) {
        match *op {
            Op::Unreachable => self.trap_always(Trap::Unreachable),
            Op::Block(ty) => self.block(ty),
            Op::Loop(ty) => self.begin_loop(ty),
            Op::If(ty) => self.begin_if(ty),
            Op::Else => self.begin_else(),
            Op::End => self.end(),
            Op::Br(depth) => self.br(depth),
            Op::BrIf(depth) => self.br_if(depth),
            Op::BrTable { first, count } => self.br_table(reader.labels(first, count)),
            Op::Return => self.br(self.blocks.len() as u32 - 1),
            Op::Call(func) => self.call(func),
            Op::CallIndirect { ty, table } => self.call_indirect(ty, table),
            Op::CallRef(ty) => self.call_ref(ty),
            Op::ReturnCall(func) => self.return_call(func),
            Op::ReturnCallIndirect { ty, table } => self.return_call_indirect(ty, table),
            Op::ReturnCallRef(ty) => self.return_call_ref(ty),
            Op::Throw(tag) => self.throw(tag),
            Op::ThrowRef => self.throw_ref(),
            Op::TryTable { ty, first, count } => self.try_table(ty, reader.catches(first, count)),
            Op::GlobalGet(global) => self.global_get(global),
            Op::GlobalSet(global) => self.global_set(global),
            Op::V128Const(value) => self.vector_const(u128::from_le_bytes(value.0)),
            Op::Lane(op, lane) => self.lane(op, lane),
            Op::Wide(op) => self.wide(op),
            Op::Shuffle(lanes) => self.shuffle(lanes),
            Op::LoadLane(op, arg, lane) => self.load_lane(op, arg, lane),
            Op::StoreLane(op, arg, lane) => self.store_lane(op, arg, lane),
            Op::Atomic(op, arg) => self.atomic(op, arg),
            Op::AtomicFence => self.asm.mfence(),
            Op::MemorySize(memory) => self.memory_size(memory),
            Op::MemoryGrow(memory) => self.memory_grow(memory),
            Op::MemoryFill(memory) => self.memory_fill(memory),
            Op::MemoryCopy { dst, src } => self.memory_copy(dst, src),
            Op::MemoryInit { data, memory } => self.memory_init(data, memory),
            Op::DataDrop(data) => self.data_drop(data),
            Op::RefNull(ty) => self.push_const(module::ValType::Ref(ty).into(), 0),
            Op::RefIsNull => self.ref_is_null(),
            Op::RefFunc(func) => self.ref_func(func),
            Op::RefAsNonNull => self.ref_as_non_null(),
            Op::BrOnNull(depth) => self.br_on_null(depth),
            Op::BrOnNonNull(depth) => self.br_on_non_null(depth),
            Op::TableGet(table) => self.table_get(table),
            Op::TableSet(table) => self.table_set(table),
            Op::TableSize(table) => self.table_size(table),
            Op::TableGrow(table) => self.table_grow(table),
            Op::TableFill(table) => self.table_fill(table),
            Op::TableCopy { dst, src } => self.table_copy(dst, src),
            Op::TableInit { elem, table } => self.table_init(elem, table),
            Op::ElemDrop(elem) => self.elem_drop(elem),
            Op::RefEq => self.ref_eq(),
            Op::RefI31 => self.ref_i31(),
            Op::I31Get { signed } => self.i31_get(signed),
            Op::StructNew(ty) => self.struct_new(ty, true),
            Op::StructNewDefault(ty) => self.struct_new(ty, false),
            Op::StructGet { ty, field, extend } => self.struct_get(ty, field, extend),
            Op::StructSet { ty, field } => self.struct_set(ty, field),
            Op::ArrayNew(ty) => self.array_new(ty, true),
            Op::ArrayNewDefault(ty) => self.array_new(ty, false),
            Op::ArrayNewFixed { ty, len } => self.array_new_fixed(ty, len),
            Op::ArrayNewData { ty, data } => self.array_new_data(ty, data),
            Op::ArrayNewElem { ty, elem } => self.array_new_elem(ty, elem),
            Op::ArrayGet { ty, extend } => self.array_get(ty, extend),
            Op::ArraySet(ty) => self.array_set(ty),
            Op::ArrayLen => self.array_len(),
            Op::ArrayFill(_) => self.array_fill(),
            Op::ArrayCopy { .. } => self.array_copy(),
            Op::ArrayInitData { data, .. } => self.array_init(data.0, true),
            Op::ArrayInitElem { elem, .. } => self.array_init(elem.0, false),
            Op::RefTest(ty) => self.ref_test(ty),
            Op::RefCast(ty) => self.ref_cast(ty),
            Op::BrOnCast { depth, to, on_fail } => self.br_on_cast(depth, to, on_fail),
            // Both are the same bits in the same place.
            Op::AnyConvertExtern | Op::ExternConvertAny => {}
            Op::LocalGet(_)
            | Op::LocalSet(_)
            | Op::LocalTee(_)
            | Op::I32Const(_)
            | Op::I64Const(_)
            | Op::F32Const(_)
            | Op::F64Const(_)
            | Op::Compute(_)
            | Op::Load(..)
            | Op::Store(..)
            | Op::Drop
            | Op::Select
            | Op::Nop => unreachable!("these are so frequent that they come first"),
        }
    }

    /// The place in the frame of what ends after so many bytes.
    #[inline]
    pub(crate) fn slot(&self, end: u32) -> Mem {
        // Frames are limited to far less than 2 GiB.
        Mem::new(Gpr::RBP, -((crate::frame::TOP_BYTES + end) as i32))
    }

    /// `local.set`.
    fn local_set(&mut self, local: u32) {
        let top = *self.stack.last().expect("validated");
        if top.place == Place::Local(local) {
            return self.drop_operand();
        }
        let entry = self.pop();
        self.copy_aliases(local);
        let to = self.locals.get(local);
        if to.home == 0 {
            let slot = self.slot(to.end);
            let entry = self.without_flags(entry);
            self.store_entry(entry, slot);
            return self.release_entry(entry);
        }
        self.move_home(to.home, entry);
        self.release_entry(entry);
    }

    /// Copies a popped operand to a home.
    fn move_home(&mut self, home: RegSet, entry: Entry) {
        let number = home.trailing_zeros() as u8;
        if entry.kind.is_xmm() {
            let to = Xmm::new(number - 16);
            match entry.place {
                Place::Const(bits) => self.load_xmm_const(entry.kind, to, bits),
                _ => {
                    let operand = self.xmm_operand(entry);
                    self.load_xmm_operand(entry.kind, to, operand);
                }
            }
        } else if let Place::Flags(cond) = entry.place {
            let to = Gpr::new(number);
            self.asm.setcc(cond, to);
            self.asm.zero_extend(asm::x64::Size::S8, to, to);
        } else {
            let operand = self.operand(entry);
            self.load_operand(entry.kind, Gpr::new(number), operand);
        }
        self.clean &= !home;
        self.stale &= !home;
    }

    /// A popped operand that is not in the flags.
    fn without_flags(&mut self, entry: Entry) -> Entry {
        match (entry.place, entry.kind.is_xmm()) {
            (Place::Flags(_), _) => match self.operand(entry) {
                Operand::Gpr(gpr) => Entry {
                    place: Place::Gpr(gpr),
                    ..entry
                },
                _ => unreachable!("conditions become registers"),
            },
            _ => entry,
        }
    }

    /// `local.tee`.
    fn local_tee(&mut self, local: u32) {
        let top = *self.stack.last().expect("validated");
        if top.place == Place::Local(local) {
            return;
        }
        let entry = self.pop();
        self.copy_aliases(local);
        let to = self.locals.get(local);
        if to.home != 0 {
            self.move_home(to.home, entry);
            self.release_entry(entry);
            return self.push_local(local);
        }
        let entry = self.without_flags(entry);
        let slot = self.slot(to.end);
        match entry.place {
            Place::Gpr(_) | Place::Xmm(_) | Place::Const(_) => {
                self.store_entry(entry, slot);
                self.push(entry.kind, entry.place);
            }
            _ if entry.kind.is_xmm() => {
                let xmm = self.alloc_xmm();
                let operand = self.xmm_operand(entry);
                self.load_xmm_operand(entry.kind, xmm, operand);
                self.store_xmm(entry.kind, slot, xmm);
                self.push(entry.kind, Place::Xmm(xmm));
            }
            _ => {
                let gpr = self.alloc_gpr();
                let operand = self.operand(entry);
                self.load_operand(entry.kind, gpr, operand);
                self.asm.store(entry.kind.size(), slot, gpr);
                self.push(entry.kind, Place::Gpr(gpr));
            }
        }
    }

    /// The home that the next operator moves the result of this one to, if it is of the class. Whoever uses it must have read it
    /// for the last time before, or with the instruction that writes it, and ends with [`Emitter::push_gpr`] or
    /// [`Emitter::push_xmm`].
    #[inline]
    pub(crate) fn wanted_home(&self, is_xmm: bool) -> Option<(u32, RegSet)> {
        let (Next::Set(local) | Next::Tee(local)) = self.next else {
            return None;
        };
        let home = self.locals.get(local).home;
        (home != 0 && (home >= 1 << 16) == is_xmm).then_some((local, home))
    }

    /// A register for a result: the home that it goes to, or a temporary. All operands have been read for the last time, or are
    /// not the local that lives there.
    #[inline]
    pub(crate) fn result_gpr(&mut self) -> Gpr {
        match self.wanted_home(false) {
            Some((local, home)) => {
                self.claim_home(local, home);
                Gpr::new(home.trailing_zeros() as u8)
            }
            None => self.alloc_gpr(),
        }
    }

    /// The same, where these operands are read by the very instruction that writes the result. They are given back here: earlier,
    /// they could be overwritten before.
    #[inline]
    pub(crate) fn result_gpr_from(&mut self, operands: &[Operand]) -> Gpr {
        let wanted = self.wanted_home(false);
        if let Some((local, home)) = wanted {
            self.claim_home(local, home);
        }
        for &operand in operands {
            self.release_operand(operand);
        }
        match wanted {
            Some((_, home)) => Gpr::new(home.trailing_zeros() as u8),
            None => self.alloc_gpr(),
        }
    }

    /// The same for a vector register.
    #[inline]
    pub(crate) fn result_xmm(&mut self) -> Xmm {
        match self.wanted_home(true) {
            Some((local, home)) => {
                self.claim_home(local, home);
                Xmm::new((home.trailing_zeros() - 16) as u8)
            }
            None => self.alloc_xmm(),
        }
    }

    /// Makes a home ready for being written by this operator.
    pub(crate) fn claim_home(&mut self, local: u32, home: RegSet) {
        self.copy_aliases(local);
        self.stale &= !home;
        self.clean &= !home;
    }

    /// Executes the next operator, which moves what is in this home now to the local that lives there.
    pub(crate) fn finish_set(&mut self, home: RegSet) {
        debug_assert!(self.locals.homes & home != 0);
        self.clean &= !home;
        self.next_is_done = true;
        match self.next {
            Next::Tee(local) => self.push_local(local),
            Next::Set(_) => {}
            _ => unreachable!("a result went to a home that no one asked for"),
        }
    }

    /// Loads a home that a call lost. Leaves the flags.
    #[inline]
    pub(crate) fn make_home(&mut self, home: RegSet) {
        if self.stale & home != 0 {
            self.reload(home);
        }
    }

    /// Loads all homes that calls lost: ways through the code meet.
    #[inline]
    pub(crate) fn make_homes(&mut self) {
        while self.stale != 0 {
            self.reload(self.stale & self.stale.wrapping_neg());
        }
    }

    pub(crate) fn reload(&mut self, home: RegSet) {
        let local = self.locals.at_home(home);
        let from = self.slot(local.end);
        let number = home.trailing_zeros() as u8;
        if number < 16 {
            self.asm.load(local.kind.size(), Gpr::new(number), from);
        } else {
            self.load_xmm(local.kind, Xmm::new(number - 16), from);
        }
        self.stale &= !home;
    }

    /// Stores those of some homes that are not in the frame.
    pub(crate) fn save_homes(&mut self, homes: RegSet) {
        let mut left = homes & self.locals.homes & !self.clean;
        while left != 0 {
            let home = left & left.wrapping_neg();
            left &= !home;
            let local = self.locals.at_home(home);
            let to = self.slot(local.end);
            let number = home.trailing_zeros() as u8;
            if number < 16 {
                self.asm.store(local.kind.size(), to, Gpr::new(number));
            } else {
                self.store_xmm(local.kind, to, Xmm::new(number - 16));
            }
        }
        self.clean |= homes & self.locals.homes;
    }

    /// Says that what follows belongs to the operator.
    #[inline]
    pub(crate) fn mark(&mut self) {
        let wasm = self.offset;
        if self.out.pcs.last().is_none_or(|last| last.wasm != wasm) {
            let offset = self.asm.offset();
            self.out.pcs.push(PcEntry { offset, wasm });
        }
    }

    /// Says that the next instruction may fault, which is this trap.
    #[inline]
    pub(crate) fn fault(&mut self, trap: Trap) {
        self.mark();
        let offset = self.asm.offset();
        let code = trap as u8;
        self.out.traps.push(TrapEntry { offset, code });
    }

    /// Traps if the condition holds.
    pub(crate) fn trap_if(&mut self, cond: Cond, trap: Trap) {
        let label = self.trap_label(trap);
        self.asm.jcc(cond, label);
    }

    /// Where the operator traps.
    pub(crate) fn trap_label(&mut self, trap: Trap) -> Label {
        if let Some((offset, last, label)) = self.last_trap
            && offset == self.offset
            && last == trap
        {
            return label;
        }
        let label = self.asm.label();
        self.cold.push(Cold::Trap {
            label,
            trap: trap as u8,
            offset: self.offset,
        });
        self.last_trap = Some((self.offset, trap, label));
        label
    }

    /// Traps as the store says if the condition holds.
    pub(crate) fn trap_pending_if(&mut self, cond: Cond) {
        let label = self.asm.label();
        self.cold.push(Cold::Trap {
            label,
            trap: abi::TRAP_PENDING,
            offset: self.offset,
        });
        self.asm.jcc(cond, label);
    }

    /// Traps here. What follows cannot be reached.
    pub(crate) fn trap_always(&mut self, trap: Trap) {
        self.fault(trap);
        self.asm.ud2();
        self.leave();
    }

    /// What follows cannot be reached.
    pub(crate) fn leave(&mut self) {
        self.reachable = false;
    }

    /// The code and all that is noted of it.
    pub(crate) fn finish(&mut self) -> Result<CompiledFunc, &'static str> {
        self.emit_pads();
        self.emit_cold();
        self.finish_frame();
        for (handler, landing) in self.out.handlers.iter_mut().zip(self.landings.iter()) {
            let offset = self.asm.label_offset(*landing);
            handler.landing_offset = offset.expect("all landing pads are emitted");
            handler.frame_bytes = self.frame.bytes;
        }
        let mut out = std::mem::take(&mut self.out);
        out.code = self.asm.finish().to_vec();
        out.align = 16;
        match self.limit {
            Some(message) => Err(message),
            None => Ok(out),
        }
    }

    /// Code that runs rarely. What it notes is in order, since all of it comes last.
    fn emit_cold(&mut self) {
        let mut cold = std::mem::take(self.cold);
        let slow = cold.drain(..);
        for code in slow {
            match code {
                Cold::Trap {
                    label,
                    trap,
                    offset,
                } => {
                    self.asm.bind(label);
                    self.offset = offset;
                    self.mark();
                    let offset = self.asm.offset();
                    self.out.traps.push(TrapEntry { offset, code: trap });
                    self.asm.ud2();
                }
                Cold::Slow(slow) => self.emit_slow(slow),
            }
        }
        *self.cold = cold;
    }

    /// Notes a call that has just been emitted: where references are, and where it goes on if it throws.
    pub(crate) fn note_call(&mut self, may_throw: bool) {
        let offset = self.asm.offset();
        if !self.ref_locals.is_empty() || !self.refs.is_empty() {
            self.note_refs(offset);
        }
        if may_throw && let Some(pad) = self.pad {
            let label = self.pads[pad as usize].landing;
            self.landings.push(label);
            self.out.handlers.push(Handler {
                return_offset: offset,
                landing_offset: 0,
                frame_bytes: 0,
            });
        }
    }

    /// Notes where references are during a call that returns to `offset`.
    pub(crate) fn note_refs(&mut self, offset: u32) {
        let operands = self
            .refs
            .iter()
            .map(|&position| self.stack[position as usize]);
        // Constants are null, and locals are listed as such.
        let operands = operands.filter(|entry| entry.place == Place::Spilled);
        let ends = self.ref_locals.iter().copied();
        let ends = ends.chain(operands.map(|entry| entry.end));
        let places = ends.map(|end| crate::frame::TOP_BYTES + end);
        let maps: &mut StackMaps = &mut self.out.stack_maps;
        maps.push(offset, places);
        self.n_looked_at += self.refs.len();
        if maps.places.len() > MAP_PLACES_MAX || self.n_looked_at > LOOKED_AT_MAX {
            self.limit = Some("the function holds too many references during calls");
        }
    }

    /// Whether a register is a home of this function.
    pub(crate) fn is_home(&self, gpr: Gpr) -> bool {
        self.locals.homes & gpr_bit(gpr) != 0
    }
}
