//! Calls of the runtime.
//!
//! Apart from calls of functions because they follow the convention of C, need room on the stack that is checked before, and take
//! few arguments.

use crate::emitter::Emitter;
use crate::frame::field;
use crate::kind::Kind;
use crate::moves::GprMoves;
use crate::regs::{RegSet, SCRATCH, VMCTX};
use crate::stack::{Entry, Operand};
use abi::{Builtin, StoreCtxLayout, VmctxLayout};
use asm::x64::{Alu, Cond, Gpr, Size};
use ops::Trap;

/// Where C passes what follows vmctx.
const ARGS: [Gpr; 5] = [Gpr::RSI, Gpr::RDX, Gpr::RCX, Gpr::R8, Gpr::R9];

/// Homes that calls lose: `r8` to `r10` and all vector registers.
pub(crate) const LOST_HOMES: RegSet = 0xffff_0700;

impl Emitter<'_> {
    /// Calls a builtin with operands that belong to the operator, which are given back. Integers of 32 bits are among them as they
    /// are in registers. The result is in `rax`, which is free like all temporaries, until something is allocated.
    pub(crate) fn call_builtin(&mut self, builtin: Builtin, args: &[Operand], collects: bool) {
        self.spill_temps();
        self.save_homes(LOST_HOMES);
        self.check_room();
        self.move_args(args);
        for &arg in args {
            self.release_operand(arg);
        }
        self.asm.mov(Size::S64, Gpr::RDI, VMCTX);
        self.jump_to_builtin(builtin);
        if collects {
            let offset = self.asm.offset();
            self.note_refs(offset);
        }
        self.lose_homes();
    }

    /// Calls what stands in the table of builtins.
    pub(crate) fn jump_to_builtin(&mut self, builtin: Builtin) {
        self.asm
            .load(Size::S64, SCRATCH, field(VMCTX, VmctxLayout::BUILTINS));
        self.mark();
        self.asm.call(field(SCRATCH, 8 * builtin as u32));
    }

    /// Notes that a call has lost all homes that it may lose.
    pub(crate) fn lose_homes(&mut self) {
        self.stale |= self.locals.homes & LOST_HOMES;
    }

    fn move_args(&mut self, args: &[Operand]) {
        let mut moves = GprMoves::default();
        for (&to, &arg) in ARGS.iter().zip(args) {
            if let Operand::Gpr(from) = arg
                && from != to
            {
                moves.push(to, from, Size::S64);
            }
        }
        // A register that is in its place already must not be overwritten by another's move, which it is not: places differ.
        self.move_gprs(moves);
        for (&to, &arg) in ARGS.iter().zip(args) {
            match arg {
                Operand::Gpr(_) => {}
                Operand::Imm(bits) => self.asm.mov_imm(to, bits),
                // Integers of 32 bits are read with what lies above them, which no one looks at.
                Operand::Mem(mem) => self.asm.load(Size::S64, to, mem),
            }
        }
    }

    /// Traps if the stack has no room for the runtime.
    fn check_room(&mut self) {
        self.asm
            .load(Size::S64, SCRATCH, field(VMCTX, VmctxLayout::STORE));
        let limit = field(SCRATCH, StoreCtxLayout::STACK_LIMIT);
        self.asm.alu(Alu::Cmp, Size::S64, Gpr::RSP, limit);
        self.trap_if(Cond::Below, Trap::StackOverflow);
    }

    /// Traps as the store says if a builtin says so.
    pub(crate) fn check_builtin(&mut self) {
        self.asm.test(Size::S32, Gpr::RAX, Gpr::RAX);
        self.trap_pending_if(Cond::NotEqual);
    }

    /// Pops an operand as an argument of 64 bits, unsigned.
    pub(crate) fn pop_arg(&mut self) -> Operand {
        let entry = self.pop();
        self.arg(entry)
    }

    /// A popped operand as an argument of 64 bits, unsigned.
    fn arg(&mut self, entry: Entry) -> Operand {
        match self.operand(entry) {
            // What lies above 32 bits in the frame is not defined.
            operand @ Operand::Mem(_) if entry.kind.size() == Size::S32 => {
                Operand::Gpr(self.in_gpr(entry.kind, operand))
            }
            operand => operand,
        }
    }

    /// Pushes the result of a builtin.
    pub(crate) fn push_builtin_result(&mut self, kind: Kind) {
        self.take_gpr(Gpr::RAX);
        let to = match self.wanted_home(false) {
            Some((local, home)) => {
                self.claim_home(local, home);
                self.release(Gpr::RAX);
                Gpr::new(home.trailing_zeros() as u8)
            }
            None => Gpr::RAX,
        };
        if kind.size() == Size::S32 || to != Gpr::RAX {
            self.asm.mov(kind.size(), to, Gpr::RAX);
        }
        self.push_gpr(kind, to);
    }
}
