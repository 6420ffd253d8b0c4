//! IR to CLIF, the input of Cranelift: one walk over the blocks, which already are in an order that Cranelift likes.
//!
//! Apart from the compiler because here is the meaning: what each instruction becomes, and what Cranelift may assume of it.
//! Both forms are SSA, so a value is a value and a block a block.
//!
//! | file | holds |
//! |---|---|
//! | `uses` | which values are needed, and in what form |
//! | `scalar`, `vector`, `wide` | operators that compute, one arm a row or group of rows |
//! | `relaxed` | those of them whose meaning is ours to choose |
//! | `memory`, `atomic`, `bulk`, `table`, `call` | what touches state |
//! | `gc` | garbage-collected objects |
//! | `exceptions` | throwing and catching |
//! | `refs` | references that live across calls |
//! | `flags` | what Cranelift is told of each kind of memory |
//! | `control` | how blocks end |

mod atomic;
mod bulk;
mod call;
mod control;
mod exceptions;
mod flags;
mod gc;
mod memory;
mod refs;
mod relaxed;
mod scalar;
mod table;
mod uses;
mod vector;
mod wide;

use crate::code::trap_code;
use crate::signature::{POINTER, VECTOR, clif_type};
use crate::{Optimizing, Settings};
use abi::gc::ObjectLayout;
use abi::{CompileEnv, CompileError, StoreCtxLayout, VmctxLayout};
use call::Callees;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{
    Block, BlockArg, ConstantData, Function, InstBuilder, MemFlagsData, SourceLoc, StackSlot, Type,
    Value, types,
};
use flags::Flags;
use ir::{Def, Inst, InstId};
use module::ValType;
use ops::Trap;
use refs::{Refs, TooManyRefs};
use uses::Uses;

/// Memory that lowering reuses.
#[derive(Default)]
pub(crate) struct LowerScratch {
    uses: Uses,
    refs: Refs,
    values: Vec<Value>,
    callees: Callees,
    args: Vec<Value>,
    edge_args: Vec<BlockArg>,
    /// What lives across a call that is being lowered.
    across: Vec<ir::Value>,
    /// Edges that a switch has several times, and the blocks made for them.
    shared_edges: Vec<(ir::EdgeId, Block)>,
    /// By value: where accesses through it go, if it was used as an address before.
    addresses: Vec<KnownAddress>,
}

/// The base of a memory plus an address, as computed before.
#[derive(Clone, Copy)]
struct KnownAddress {
    /// The run of blocks in which it was computed: see [`Uses::run`].
    run: u32,
    memory: u32,
    value: Value,
}

/// How many fields of vmctx are remembered.
const N_FIELDS: usize = 64;

/// One function on its way from IR to CLIF.
pub(crate) struct Lower<'a> {
    env: CompileEnv<'a>,
    settings: &'a Settings,
    has_fma: bool,
    func: &'a ir::Func,
    pos: FuncCursor<'a>,
    scratch: &'a mut LowerScratch,
    flags: Flags,
    vmctx: Value,
    /// Constant fields of vmctx that were loaded in the entry, by their offsets.
    fields: [(u32, Type, Value); N_FIELDS],
    /// The run of blocks that the current one belongs to.
    run: u32,
    /// The call after which the current block ends with [`ir::Term::Try`], what has the exception, and where that goes.
    tried: Option<(InstId, Option<InstId>, ir::EdgeId)>,
    /// Where the payload lies in exceptions of the tag last asked for.
    payload: Option<(module::TagIdx, ObjectLayout)>,
    /// The slots of references, if there are any.
    ref_slots: Option<StackSlot>,
    /// Where the operands of rows that are computed by calls go, if there are any.
    compute_slots: Option<StackSlot>,
    /// The test of a reference that ends the current block by branches.
    test_to_branch: Option<InstId>,
}

/// Lowers a function of the module into `target`, which has its signature and nothing else.
///
/// # Errors
/// If the function exceeds what Cranelift can take.
pub(crate) fn lower(
    compiler: &Optimizing,
    env: CompileEnv<'_>,
    func: &ir::Func,
    target: &mut Function,
    scratch: &mut LowerScratch,
) -> Result<(), CompileError> {
    // Cranelift numbers values in 30 bits; an instruction of ours takes a few of its own.
    if func.n_values().max(func.n_insts()) > 1 << 26 {
        return Err(CompileError::Limit(
            "the function has too many values".to_string(),
        ));
    }
    scratch.uses.find(func);
    scratch
        .refs
        .find(func, &scratch.uses)
        .map_err(|TooManyRefs| {
            CompileError::Limit("the function holds too many references during calls".to_string())
        })?;
    scratch.values.clear();
    scratch
        .values
        .resize(func.n_values(), Value::from_u32(u32::MAX - 1));
    scratch.addresses.clear();
    let unknown = KnownAddress {
        run: u32::MAX,
        memory: 0,
        value: Value::from_u32(0),
    };
    scratch.addresses.resize(func.n_values(), unknown);
    scratch.callees.begin(env.header);
    let mut lower = Lower {
        env,
        settings: &compiler.settings,
        has_fma: compiler.has_fma,
        func,
        pos: FuncCursor::new(target),
        scratch,
        flags: Flags::default(),
        vmctx: Value::from_u32(0),
        fields: [(u32::MAX, types::INVALID, Value::from_u32(0)); N_FIELDS],
        run: 0,
        tried: None,
        payload: None,
        ref_slots: None,
        compute_slots: None,
        test_to_branch: None,
    };
    lower.make_ref_slots();
    lower.blocks();
    lower.constants();
    for block in func.blocks() {
        lower.block(block);
    }
    Ok(())
}

impl<'a> Lower<'a> {
    /// Makes all blocks, in order, with their parameters; numbers are those of the IR.
    fn blocks(&mut self) {
        for block in self.func.blocks() {
            let target = self.pos.func.dfg.make_block();
            debug_assert_eq!(target, clif_block(block));
            self.pos.func.layout.append_block(target);
            if self.func.is_cold(block) {
                self.pos.func.layout.set_cold(target);
            }
            if block.index() == 0 {
                self.vmctx = self.pos.func.dfg.append_block_param(target, POINTER);
            }
            for &param in self.func.params(block) {
                let ty = clif_type(self.func.ty(param));
                let value = self.pos.func.dfg.append_block_param(target, ty);
                self.scratch.values[param.index()] = value;
            }
            for _ in self.scratch.refs.params(block) {
                let ty = clif_type(ir::Type::Ref);
                self.pos.func.dfg.append_block_param(target, ty);
            }
        }
    }

    /// Makes all constants, in the entry: Cranelift copies them to where they are used.
    fn constants(&mut self) {
        self.pos.goto_bottom(Block::from_u32(0));
        for index in 0..self.func.n_values() as u32 {
            let value = ir::Value::new(index);
            if let Def::Const(bits) = self.func.def(value)
                && self.scratch.uses.is_used(value)
            {
                let ty = self.func.ty(value);
                self.scratch.values[value.index()] = self.constant(ty, bits);
            }
        }
    }

    fn constant(&mut self, ty: ir::Type, bits: u128) -> Value {
        match ty {
            ir::Type::F32 => self.pos.ins().f32const(Ieee32::with_bits(bits as u32)),
            ir::Type::F64 => self.pos.ins().f64const(Ieee64::with_bits(bits as u64)),
            ir::Type::V128 => {
                let data = ConstantData::from(&bits.to_le_bytes()[..]);
                let constant = self.pos.func.dfg.constants.insert(data);
                self.pos.ins().vconst(VECTOR, constant)
            }
            ir::Type::I32 | ir::Type::I64 | ir::Type::FuncRef | ir::Type::Ref => {
                self.pos.ins().iconst(clif_type(ty), bits as i64)
            }
        }
    }

    fn block(&mut self, block: ir::Block) {
        self.pos.goto_bottom(clif_block(block));
        let run = self.scratch.uses.run(block);
        if self.run != run {
            self.run = run;
            self.scratch.refs.forget_known();
        }
        let params = self.pos.func.dfg.block_params(clif_block(block));
        let renamed = self.scratch.refs.params(block);
        let params = &params[params.len() - renamed.len()..];
        for (value, &param) in renamed.zip(params) {
            self.scratch.values[value.index()] = param;
        }
        if self.ref_slots.is_some() {
            self.set_offset(ir::NO_OFFSET);
            for &param in self.func.params(block) {
                self.keep_ref(param);
            }
        }
        self.tried = match self.func.term(block) {
            ir::Term::Try { unwind, .. } => {
                let tried = self.func.try_call(block);
                tried.map(|(call, caught)| (call, caught, unwind))
            }
            _ => None,
        };
        self.test_to_branch = self.find_test_to_branch(block);
        for &id in self.func.insts(block) {
            if self.scratch.uses.is_needed(id) && self.test_to_branch != Some(id) {
                self.set_offset(self.func.offset(id));
                self.inst(id);
            }
        }
        self.set_offset(self.func.term_offset(block));
        self.term(block);
    }

    /// The last instruction of a block, if it is a test of a reference that only decides how the block ends.
    fn find_test_to_branch(&self, block: ir::Block) -> Option<InstId> {
        let ir::Term::Branch { cond, .. } = self.func.term(block) else {
            return None;
        };
        let &id = self.func.insts(block).last()?;
        let Inst::Gc { op, .. } = *self.func.inst(id) else {
            return None;
        };
        let is_only_use = self.func.result(id) == cond && self.scratch.uses.is_one_branch(cond);
        (is_only_use && Self::is_branching_test(op)).then_some(id)
    }

    /// What follows belongs to the operator at this offset.
    fn set_offset(&mut self, offset: u32) {
        let location = if offset == ir::NO_OFFSET {
            u32::MAX
        } else {
            offset
        };
        self.pos.set_srcloc(SourceLoc::new(location));
    }

    fn inst(&mut self, id: InstId) {
        match *self.func.inst(id) {
            Inst::Compute { op, args } => self.compute(id, op, args),
            Inst::Wide { op, args } => self.wide(id, op, args),
            Inst::Lane { op, lane, args } => {
                let value = self.lane(op, lane, args);
                self.set(id, value);
            }
            Inst::Shuffle { lanes, args } => {
                let value = self.shuffle(lanes, args);
                self.set(id, value);
            }
            Inst::Select {
                cond,
                then,
                otherwise,
            } => {
                let (cond, then) = (self.cond(cond), self.value(then));
                let otherwise = self.value(otherwise);
                let value = self.pos.ins().select(cond, then, otherwise);
                self.set(id, value);
            }
            Inst::RefIsNull { value } => {
                let value = self.value(value);
                let is_null = self.pos.ins().icmp_imm_u(IntCC::Equal, value, 0);
                self.set(id, is_null);
            }
            Inst::Atomic {
                op,
                memory,
                offset,
                args,
            } => self.atomic(id, op, memory, offset, args),
            Inst::AtomicFence => self.fence(),
            Inst::CallRef {
                ty, callee, args, ..
            } => self.call_ref(id, ty, callee, args),
            Inst::NullCheck { value } => self.null_check(value),
            Inst::Gc { op, args } => self.gc(id, op, args),
            Inst::Exn { op, args } => self.exn(id, op, args),
            Inst::FuncIs { value, func } => self.func_is(id, value, func),
            Inst::FuncNumber { value, from } => self.func_number(id, value, from),
            Inst::FrameLoad { frame, below } => {
                let ty = clif_type(self.func.ty(self.func.result(id)));
                let frame = self.value(frame);
                let value = self.frame_load(ty, frame, below);
                self.set(id, value);
            }
            Inst::Fuel { units } => self.fuel(units),
            Inst::FuelCheck => self.fuel_check(),
            Inst::Call { func, args, .. } => self.call(id, func, args),
            Inst::CallIndirect {
                ty,
                table,
                index,
                args,
                ..
            } => {
                self.call_indirect(id, ty, table, index, args);
            }
            ref inst @ (Inst::Load { .. }
            | Inst::Store { .. }
            | Inst::LoadLane { .. }
            | Inst::StoreLane { .. }
            | Inst::MemorySize { .. }
            | Inst::MemoryGrow { .. }
            | Inst::MemoryFill { .. }
            | Inst::MemoryCopy { .. }
            | Inst::MemoryInit { .. }
            | Inst::DataDrop { .. }) => self.memory(id, inst),
            ref inst @ (Inst::GlobalGet { .. }
            | Inst::GlobalSet { .. }
            | Inst::RefFunc { .. }
            | Inst::TableGet { .. }
            | Inst::TableCallee { .. }
            | Inst::TableSet { .. }
            | Inst::TableSize { .. }
            | Inst::TableGrow { .. }
            | Inst::TableFill { .. }
            | Inst::TableCopy { .. }
            | Inst::TableInit { .. }
            | Inst::ElemDrop { .. }) => self.table(id, inst),
        }
    }

    fn compute(&mut self, id: InstId, op: ops::Compute, args: [ir::Value; 3]) {
        let value = if self.settings.rows_by_call {
            None
        } else {
            self.scalar(op, args)
                .or_else(|| self.vector(op, args))
                .or_else(|| self.relaxed(op, args))
        };
        let value = value.unwrap_or_else(|| self.compute_by_call(op, args));
        self.set(id, value);
    }

    /// The first result of an instruction is this. A truth of 8 bits becomes the i32 that it stands for, if anyone needs
    /// more than the truth.
    fn set(&mut self, id: InstId, value: Value) {
        let result = self.func.result(id);
        let ty = self.pos.func.dfg.value_type(value);
        let value = if ty == types::I8 && self.scratch.uses.is_number(result) {
            self.pos.ins().uextend(types::I32, value)
        } else {
            value
        };
        self.scratch.values[result.index()] = value;
        self.keep_ref(result);
    }

    /// A value as others see it: parameters, results, memory.
    fn value(&mut self, value: ir::Value) -> Value {
        let found = self.current(value);
        if self.func.ty(value) == ir::Type::V128 {
            self.with_lanes(found, VECTOR)
        } else {
            found
        }
    }

    /// A value as a condition: any integer type, zero or not.
    fn cond(&mut self, value: ir::Value) -> Value {
        self.scratch.values[value.index()]
    }

    /// A vector with lanes of this type.
    fn lanes(&mut self, value: ir::Value, ty: Type) -> Value {
        let found = self.scratch.values[value.index()];
        self.with_lanes(found, ty)
    }

    fn with_lanes(&mut self, value: Value, ty: Type) -> Value {
        if self.pos.func.dfg.value_type(value) == ty {
            return value;
        }
        let flags = self.flags.vector(self.pos.func);
        let (inst, dfg) = {
            let opcode = cranelift_codegen::ir::Opcode::Bitcast;
            self.pos.ins().LoadNoOffset(opcode, ty, flags, value)
        };
        dfg.first_result(inst)
    }

    /// An i32, unsigned, as an i64.
    fn extended(&mut self, value: ir::Value) -> Value {
        let value = self.current(value);
        match self.pos.func.dfg.value_type(value) {
            types::I32 => self.pos.ins().uextend(types::I64, value),
            _ => value,
        }
    }

    fn iconst(&mut self, ty: Type, value: i64) -> Value {
        self.pos.ins().iconst(ty, value)
    }

    /// A field of vmctx that never changes. It is loaded once, in the entry: Cranelift moves it to where it is used.
    fn vmctx_const(&mut self, ty: Type, offset: u32) -> Value {
        let slot = (offset / 8) as usize % N_FIELDS;
        let (known_offset, known_ty, known) = self.fields[slot];
        if (known_offset, known_ty) == (offset, ty) {
            return known;
        }
        let (position, location) = (self.pos.position(), self.pos.srcloc());
        self.pos.goto_first_insertion_point(Block::from_u32(0));
        self.pos.set_srcloc(SourceLoc::default());
        let flags = self.flags.constant(self.pos.func);
        let value = self.load_raw(ty, flags, self.vmctx, offset);
        self.pos.set_position(position);
        self.pos.set_srcloc(location);
        self.fields[slot] = (offset, ty, value);
        value
    }

    fn store_ctx(&mut self) -> Value {
        self.vmctx_const(POINTER, VmctxLayout::STORE)
    }

    /// A value of the frame of other code for the function, which still runs but does nothing any more.
    fn frame_load(&mut self, ty: Type, frame: Value, below: u32) -> Value {
        let flags = MemFlagsData::new().with_notrap();
        let offset = i32::try_from(below).expect("frames are small");
        self.pos.ins().load(ty, flags, frame, -offset)
    }

    fn fuel(&mut self, units: u32) {
        let store = self.store_ctx();
        let flags = self.flags.store_ctx(self.pos.func);
        let left = self.load_raw(types::I64, flags, store, StoreCtxLayout::FUEL);
        let left = self.pos.ins().iadd_imm_s(left, -i64::from(units));
        self.store_raw(flags, left, store, StoreCtxLayout::FUEL);
    }

    fn fuel_check(&mut self) {
        let store = self.store_ctx();
        let flags = self.flags.store_ctx(self.pos.func);
        let left = self.load_raw(types::I64, flags, store, StoreCtxLayout::FUEL);
        let is_used_up = self.pos.ins().icmp_imm_s(IntCC::SignedLessThan, left, 0);
        self.pos
            .ins()
            .trapnz(is_used_up, trap_code(Trap::OutOfFuel));
    }
}

/// The block of the same number.
fn clif_block(block: ir::Block) -> Block {
    Block::from_u32(block.index() as u32)
}

/// The IR's type of what a table holds.
fn element_type(env: &CompileEnv<'_>, table: module::TableIdx) -> ir::Type {
    ValType::Ref(env.header.tables()[table.index()].element).into()
}
