//! Blocks, branches, selection.
//!
//! Apart because of what is agreed on where ways through the code meet: operands of the blocks around are in their places of the
//! frame, homes are loaded. One value that a branch carries is in `rax` or `xmm0`; several are in the places of the operands
//! that they become, and so are the parameters of a loop.

use crate::emit::slow::Slow;
use crate::emitter::{Cold, Emitter};
use crate::kind::Kind;
use crate::regs::{RegSet, SCRATCH};
use crate::stack::{Entry, Operand, Place, XmmOperand};
use asm::x64::{Alu, Cond, Gpr, Label, Mem, Scale, Size, Xmm};
use module::{BlockType, Header, Op, ValType};
use std::collections::BTreeMap;

/// What a block is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BlockKind {
    /// The function.
    Func,
    Block,
    Loop,
    /// The first arm; the label is that of the second.
    If(Label),
    /// The second arm.
    Else,
    /// `try_table`.
    Try,
    /// One that cannot be reached.
    Dead,
}

/// A block around the operator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    pub(crate) ty: BlockType,
    /// Where branches go.
    pub(crate) label: Label,
    /// Whether there are any.
    pub(crate) branched: bool,
    /// How many operands lie below those of the block.
    pub(crate) height: usize,
    /// Homes that are in the frame as well, whichever way one comes to the end.
    pub(crate) clean: RegSet,
    /// The same for the second arm.
    pub(crate) else_clean: RegSet,
    /// The landing pad around the block.
    pub(crate) pad: Option<u32>,
}

/// Types of parameters or results.
#[derive(Clone, Copy)]
pub(crate) enum Types<'h> {
    One(ValType),
    Many(&'h [ValType]),
}

impl<'h> Types<'h> {
    pub(crate) fn params(header: &'h Header, ty: BlockType) -> Types<'h> {
        match ty {
            BlockType::Func(ty) => Types::Many(header.type_at(ty).params()),
            _ => Types::Many(&[]),
        }
    }

    pub(crate) fn results(header: &'h Header, ty: BlockType) -> Types<'h> {
        match ty {
            BlockType::Empty => Types::Many(&[]),
            BlockType::Value(ty) => Types::One(ty),
            BlockType::Func(ty) => Types::Many(header.type_at(ty).results()),
        }
    }

    pub(crate) fn len(self) -> usize {
        match self {
            Types::One(_) => 1,
            Types::Many(types) => types.len(),
        }
    }

    pub(crate) fn get(self, nth: usize) -> Kind {
        match self {
            Types::One(ty) => ty.into(),
            Types::Many(types) => types[nth].into(),
        }
    }
}

/// The register of the one value that a branch carries.
const VALUE: Gpr = Gpr::RAX;
const VALUE_XMM: Xmm = Xmm::new(0);

/// How many targets a `br_table` may have to be done by comparisons.
const COMPARED_MAX: usize = 4;

impl<'a> Emitter<'a> {
    pub(crate) fn begin_function(&mut self) {
        let ty = BlockType::Func(self.env.header.funcs()[self.func.index()]);
        self.open(BlockKind::Func, ty, 0);
    }

    fn open(&mut self, kind: BlockKind, ty: BlockType, n_params: usize) {
        let label = self.asm.label();
        self.blocks.push(Block {
            kind,
            ty,
            label,
            branched: false,
            height: self.stack.len() - n_params,
            clean: RegSet::MAX,
            else_clean: 0,
            pad: self.pad,
        });
    }

    /// An operator that cannot be reached: only its part in the nesting of blocks counts.
    pub(crate) fn unreachable_op(&mut self, op: &Op) {
        match *op {
            Op::Block(ty) | Op::Loop(ty) | Op::If(ty) | Op::TryTable { ty, .. } => {
                self.open(BlockKind::Dead, ty, 0);
            }
            Op::Else => self.begin_else(),
            Op::End => self.end(),
            _ => {}
        }
    }

    fn n_params(&self, ty: BlockType) -> usize {
        Types::params(self.env.header, ty).len()
    }

    pub(crate) fn block(&mut self, ty: BlockType) {
        let n_params = self.n_params(ty);
        self.flush();
        self.open(BlockKind::Block, ty, n_params);
    }

    pub(crate) fn begin_loop(&mut self, ty: BlockType) {
        let n_params = self.n_params(ty);
        self.flush();
        self.make_homes();
        self.open(BlockKind::Loop, ty, n_params);
        self.clean = 0;
        let block = self.blocks.last().expect("pushed above");
        let label = block.label;
        self.asm.align(16);
        // Nothing else in the loop may have a place, and a guest can be interrupted anywhere in it.
        self.mark();
        self.asm.bind(label);
        if self.env.fuel {
            self.check_fuel();
        }
        if self.settings.tier_up {
            let (used_up, back) = (self.asm.label(), self.asm.label());
            self.count(LOOP_COST, used_up);
            self.asm.bind(back);
            self.cold.push(Cold::Slow(Slow::Loop {
                label: used_up,
                back,
                at: self.offset,
            }));
        }
    }

    pub(crate) fn begin_if(&mut self, ty: BlockType) {
        let cond = self.pop_cond();
        let n_params = self.n_params(ty);
        self.flush();
        self.make_homes();
        let otherwise = self.asm.label();
        self.asm.jcc(cond.negate(), otherwise);
        self.open(BlockKind::If(otherwise), ty, n_params);
        let clean = self.clean;
        self.blocks.last_mut().expect("pushed above").else_clean = clean;
    }

    pub(crate) fn begin_else(&mut self) {
        let block = *self.blocks.last().expect("validated");
        let BlockKind::If(otherwise) = block.kind else {
            // Neither arm can be reached.
            return;
        };
        if self.reachable {
            self.carry(block);
            self.make_homes();
            self.note_branch(self.blocks.len() - 1);
            self.asm.jmp(block.label);
        }
        self.truncate(block.height);
        self.asm.bind(otherwise);
        let last = self.blocks.len() - 1;
        self.blocks[last].kind = BlockKind::Else;
        self.clean = block.else_clean;
        self.stale = 0;
        self.reachable = true;
        // The parameters are where the first arm found them.
        let params = Types::params(self.env.header, block.ty);
        for nth in 0..params.len() {
            self.push(params.get(nth), Place::Spilled);
        }
        self.flushed = self.stack.len();
    }

    pub(crate) fn end(&mut self) {
        let block = *self.blocks.last().expect("validated");
        match block.kind {
            BlockKind::Dead => {
                self.blocks.pop();
            }
            BlockKind::Loop => {
                self.blocks.pop();
            }
            BlockKind::If(otherwise) => self.end_if(block, otherwise),
            BlockKind::Func => self.end_function(block),
            BlockKind::Block | BlockKind::Else | BlockKind::Try => {
                self.pad = block.pad;
                self.meet(block);
            }
        }
    }

    /// The end of an `if` without `else`.
    fn end_if(&mut self, block: Block, otherwise: Label) {
        let params = Types::params(self.env.header, block.ty);
        let last = self.blocks.len() - 1;
        if params.len() == 1 {
            // The only value comes from its place of the frame, if not from the first arm.
            if self.reachable {
                self.carry(block);
                self.make_homes();
                self.note_branch(last);
                self.asm.jmp(block.label);
            }
            self.truncate(block.height);
            self.asm.bind(otherwise);
            self.clean = block.else_clean;
            self.stale = 0;
            self.reachable = true;
            self.push(params.get(0), Place::Spilled);
            let block = self.blocks[last];
            return self.meet(block);
        }
        if self.reachable {
            self.carry(block);
            self.make_homes();
            self.blocks[last].clean &= self.clean;
        }
        self.truncate(block.height);
        self.asm.bind(otherwise);
        self.blocks[last].clean &= block.else_clean;
        self.blocks[last].branched = true;
        self.reachable = false;
        let block = self.blocks[last];
        self.meet(block);
    }

    /// The end of a block: ways meet if branches come here.
    fn meet(&mut self, block: Block) {
        let last = self.blocks.len() - 1;
        if block.branched {
            if self.reachable {
                self.carry(block);
                self.make_homes();
                self.blocks[last].clean &= self.clean;
            }
            self.truncate(block.height);
            self.asm.bind(block.label);
            self.clean = self.blocks[last].clean;
            self.stale = 0;
            self.reachable = true;
            let results = Types::results(self.env.header, block.ty);
            self.push_carried(results);
        } else if !self.reachable {
            self.truncate(block.height);
        }
        self.blocks.pop();
    }

    fn end_function(&mut self, block: Block) {
        let results = Types::results(self.env.header, block.ty);
        if self.reachable {
            self.carry(block);
        }
        let can_leave = self.reachable || block.branched;
        if block.branched {
            self.asm.bind(block.label);
        }
        if let Types::Many(types) = results
            && types.len() > 1
            && can_leave
        {
            self.load_results(types);
        }
        if can_leave || self.settings.tier_up {
            let exit = self.frame.exit;
            self.asm.bind(exit);
            self.epilogue();
        }
        self.truncate(0);
        self.blocks.pop();
        self.reachable = false;
    }

    /// Pushes what a branch carried here.
    fn push_carried(&mut self, types: Types<'a>) {
        if types.len() == 1 {
            let kind = types.get(0);
            if kind.is_xmm() {
                self.take_xmm(VALUE_XMM);
                self.push(kind, Place::Xmm(VALUE_XMM));
            } else {
                self.take_gpr(VALUE);
                self.push(kind, Place::Gpr(VALUE));
            }
            return;
        }
        for nth in 0..types.len() {
            self.push(types.get(nth), Place::Spilled);
        }
        self.flushed = self.stack.len();
    }

    /// The types of what a branch to a block carries.
    fn carried(&self, block: Block) -> Types<'a> {
        match block.kind {
            BlockKind::Loop => Types::params(self.env.header, block.ty),
            _ => Types::results(self.env.header, block.ty),
        }
    }

    fn is_in_register(block: Block, types: Types<'_>) -> bool {
        types.len() == 1 && block.kind != BlockKind::Loop
    }

    /// Moves what the end of a block, or a branch to it, carries to where it is expected. Leaves the flags, and on the stack what
    /// was there, in the register where it is now if it is one value.
    fn carry(&mut self, block: Block) {
        let types = self.carried(block);
        if types.len() == 0 {
            return;
        }
        if Self::is_in_register(block, types) {
            return self.carry_one(types.get(0));
        }
        let mut end = match block.height.checked_sub(1) {
            Some(below) => self.stack[below].end,
            None => self.locals.bytes,
        };
        let first = self.stack.len() - types.len();
        for nth in 0..types.len() {
            let entry = self.stack[first + nth];
            end += types.get(nth).slot_bytes();
            if entry.place == Place::Spilled && entry.end == end {
                continue;
            }
            let to = self.slot(end);
            self.store_entry(entry, to);
        }
    }

    fn carry_one(&mut self, kind: Kind) {
        let entry = self.pop();
        if kind.is_xmm() {
            if entry.place != Place::Xmm(VALUE_XMM) {
                let operand = match entry.place {
                    Place::Const(_) => None,
                    _ => Some(self.xmm_operand(entry)),
                };
                self.take_xmm(VALUE_XMM);
                match (operand, entry.place) {
                    (Some(operand), _) => {
                        self.load_xmm_operand(entry.kind, VALUE_XMM, operand);
                        self.release_xmm_operand(operand);
                    }
                    (None, Place::Const(bits)) => {
                        self.load_xmm_const(entry.kind, VALUE_XMM, bits);
                    }
                    _ => unreachable!("only constants are no operands yet"),
                }
            }
            return self.push(entry.kind, Place::Xmm(VALUE_XMM));
        }
        if entry.place != Place::Gpr(VALUE) {
            let operand = self.operand(entry);
            if operand != Operand::Gpr(VALUE) {
                self.take_gpr(VALUE);
                self.load_operand(entry.kind, VALUE, operand);
                self.release_operand(operand);
            }
        }
        self.push(entry.kind, Place::Gpr(VALUE));
    }

    /// Notes a branch from here to the block at this place.
    fn note_branch(&mut self, index: usize) {
        let clean = self.clean;
        let block = &mut self.blocks[index];
        block.branched = true;
        block.clean &= clean;
    }

    pub(crate) fn target(&self, depth: u32) -> usize {
        self.blocks.len() - 1 - depth as usize
    }

    /// Loads homes unless the function ends there.
    fn make_homes_for(&mut self, block: Block) {
        if block.kind != BlockKind::Func {
            self.make_homes();
        }
    }

    pub(crate) fn br(&mut self, depth: u32) {
        let index = self.target(depth);
        let block = self.blocks[index];
        self.carry(block);
        self.make_homes_for(block);
        self.note_branch(index);
        self.asm.jmp(block.label);
        self.leave();
    }

    /// Pops a condition: it is met, or the flags say so.
    pub(crate) fn pop_cond(&mut self) -> Cond {
        let entry = self.pop();
        if let Place::Flags(cond) = entry.place {
            return cond;
        }
        match self.operand(entry) {
            Operand::Gpr(gpr) => {
                self.asm.test(Size::S32, gpr, gpr);
                self.release(gpr);
            }
            Operand::Mem(mem) => self.asm.alu_imm(Alu::Cmp, Size::S32, mem, 0),
            Operand::Imm(bits) => {
                self.asm.mov_imm(SCRATCH, bits);
                self.asm.test(Size::S32, SCRATCH, SCRATCH);
            }
        }
        Cond::NotEqual
    }

    pub(crate) fn br_if(&mut self, depth: u32) {
        let cond = self.pop_cond();
        self.branch_if(cond, depth);
    }

    /// Branches if the flags say so; what the branch carries stays on the stack.
    pub(crate) fn branch_if(&mut self, cond: Cond, depth: u32) {
        let index = self.target(depth);
        let block = self.blocks[index];
        let types = self.carried(block);
        if types.len() == 0 || Self::is_in_register(block, types) {
            self.carry(block);
            self.make_homes_for(block);
            self.note_branch(index);
            return self.asm.jcc(cond, block.label);
        }
        // Not only for the block: what loads a home on the way that branches would be missing on the other.
        self.make_homes();
        let over = self.asm.label();
        self.asm.jcc(cond.negate(), over);
        self.carry(block);
        self.note_branch(index);
        self.asm.jmp(block.label);
        self.asm.bind(over);
    }

    pub(crate) fn br_table(&mut self, labels: &[u32]) {
        let (&default, cases) = labels.split_last().expect("there is a default");
        let index = self.pop_gpr_mut();
        let first = self.blocks[self.target(default)];
        let types = self.carried(first);
        let in_register = types.len() == 1;
        if in_register {
            // Loops take it from the frame: their branches store it on their way.
            if index == VALUE {
                let other = self.alloc_gpr();
                self.asm.mov(Size::S32, other, index);
                self.release(index);
                return self.br_table_at(other, default, cases, true);
            }
        }
        self.br_table_at(index, default, cases, in_register);
    }

    fn br_table_at(&mut self, index: Gpr, default: u32, cases: &[u32], in_register: bool) {
        let types = self.carried(self.blocks[self.target(default)]);
        if in_register {
            self.carry_one(types.get(0));
        }
        self.make_homes();
        // Targets that need more than a jump have code of their own here.
        let mut stubs: BTreeMap<u32, Label> = BTreeMap::new();
        let direct = types.len() == 0;
        if cases.len() <= COMPARED_MAX {
            for (nth, &depth) in cases.iter().enumerate() {
                self.asm.alu_imm(Alu::Cmp, Size::S32, index, nth as i32);
                let label = self.table_target(depth, direct, &mut stubs);
                self.asm.jcc(Cond::Equal, label);
            }
            let label = self.table_target(default, direct, &mut stubs);
            self.asm.jmp(label);
        } else {
            self.asm
                .alu_imm(Alu::Cmp, Size::S32, index, cases.len() as i32);
            let label = self.table_target(default, direct, &mut stubs);
            self.asm.jcc(Cond::AboveEqual, label);
            let table = self.asm.label();
            self.asm.lea_label(SCRATCH, table);
            let entry = Mem::indexed(SCRATCH, index, Scale::X4, 0);
            self.asm.sign_extend(Size::S32, Size::S64, index, entry);
            self.asm.alu(Alu::Add, Size::S64, SCRATCH, index);
            self.asm.jmp_to(SCRATCH);
            self.asm.align(4);
            self.asm.bind(table);
            let base = self.asm.offset();
            let mut last = None;
            for &depth in cases {
                let label = match last {
                    Some((of, label)) if of == depth => label,
                    _ => self.table_target(depth, direct, &mut stubs),
                };
                last = Some((depth, label));
                self.asm.table_entry32(label, base);
            }
        }
        self.release(index);
        for (depth, label) in stubs {
            if self.asm.offset() as usize > self.code_max {
                self.limit = Some("the branches of the function carry too many values");
                break;
            }
            self.asm.bind(label);
            let index = self.target(depth);
            let block = self.blocks[index];
            if !Self::is_in_register(block, self.carried(block)) {
                self.carry(block);
            }
            self.asm.jmp(block.label);
        }
        self.leave();
    }

    /// Where an entry of a table goes: to the block, or to code that brings what it carries there.
    fn table_target(
        &mut self,
        depth: u32,
        direct: bool,
        stubs: &mut BTreeMap<u32, Label>,
    ) -> Label {
        let index = self.target(depth);
        self.note_branch(index);
        let block = self.blocks[index];
        if direct || Self::is_in_register(block, self.carried(block)) {
            return block.label;
        }
        *stubs.entry(depth).or_insert_with(|| self.asm.label())
    }

    pub(crate) fn select(&mut self) {
        let cond = self.pop_cond();
        let otherwise = self.pop();
        let then = self.pop();
        let kind = then.kind;
        if kind.is_xmm() {
            return self.select_xmm(cond, kind, then, otherwise);
        }
        let other = self.operand(otherwise);
        let found = self.operand(then);
        // The one that is in a register of its own is overwritten.
        let (to, from, cond) = match (found, other) {
            (Operand::Gpr(gpr), _) if self.is_temp(gpr) => (found, other, cond.negate()),
            (_, Operand::Gpr(gpr)) if self.is_temp(gpr) => (other, found, cond),
            (_, Operand::Imm(_)) => (other, found, cond),
            _ => (found, other, cond.negate()),
        };
        let to = match to {
            Operand::Gpr(gpr) if self.is_temp(gpr) => gpr,
            operand => {
                let gpr = self.alloc_gpr();
                self.load_operand(kind, gpr, operand);
                gpr
            }
        };
        match from {
            Operand::Gpr(gpr) => self.asm.cmov(cond, kind.size(), to, gpr),
            Operand::Mem(mem) => self.asm.cmov(cond, kind.size(), to, mem),
            Operand::Imm(bits) => {
                self.asm.mov_imm(SCRATCH, bits);
                self.asm.cmov(cond, kind.size(), to, SCRATCH);
            }
        }
        self.release_operand(from);
        self.push_gpr(kind, to);
    }

    fn select_xmm(&mut self, cond: Cond, kind: Kind, then: Entry, otherwise: Entry) {
        let other = self.xmm_operand(otherwise);
        let to = match self.xmm_operand(then) {
            XmmOperand::Xmm(xmm) if self.is_temp_xmm(xmm) => xmm,
            operand => {
                let xmm = self.alloc_xmm();
                self.load_xmm_operand(kind, xmm, operand);
                xmm
            }
        };
        let over = self.asm.jcc_short(cond);
        self.load_xmm_operand(kind, to, other);
        self.asm.land(over);
        self.release_xmm_operand(other);
        self.push_xmm(kind, to);
    }
}

/// What a pass of a loop costs of a function's counter.
const LOOP_COST: i32 = 1;
