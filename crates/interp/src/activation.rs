//! The loop over operators: what runs, and one step of it.
//!
//! Apart from its parts because this is the page that says what every operator is; how groups of them work is in `activation/`.

mod control;
pub(crate) mod exception;
mod gc;
mod memory;
mod numeric;
mod table;

use crate::code::ModuleCode;
use crate::stack::{Frame, Stack};
use module::{FuncCode, FuncIdx, Header, MemoryIdx, Op};
use runtime::{Cause, InstanceId, LoadedModule, StoreCore};

/// The function that runs, with all that its operators reach.
///
/// It changes functions as they call and return, but all of them belong to one instance.
pub(crate) struct Activation<'a> {
    store: &'a mut StoreCore,
    stack: &'a mut Stack,
    /// The frames below belong to whoever called the host function that called us.
    floor: usize,
    instance: InstanceId,
    module: &'a LoadedModule,
    header: &'a Header,
    code: &'a ModuleCode,
    /// Number in the store of the instance's first memory, which nearly all accesses are to.
    first_memory: Option<u32>,
    stack_bytes_max: usize,
    /// Whether NaNs that operators choose are canonical.
    canonical_nans: bool,
    func: &'a FuncCode,
    /// The position of the operator to execute next.
    pc: usize,
    /// The position of the function's first local among the values.
    base: usize,
    /// Executed but not charged yet, in units of [`Op::fuel`].
    fuel: u64,
}

/// Where to go on when functions of another instance must run.
pub(crate) enum Exit {
    /// To a function that is called; its arguments are on the stack.
    Call {
        /// Whose function it is.
        instance: InstanceId,
        /// The function.
        func: FuncIdx,
    },
    /// To a function that waited for one that has returned.
    Return(Frame),
    /// To the host.
    Done,
}

impl<'a> Activation<'a> {
    /// Functions of an instance, `func` being the first to run.
    pub(crate) fn new(
        store: &'a mut StoreCore,
        stack: &'a mut Stack,
        floor: usize,
        instance: InstanceId,
        module: &'a LoadedModule,
        func: FuncIdx,
    ) -> Activation<'a> {
        let header = &**module.module().header();
        let code = ModuleCode::of(module);
        let has_memory = !header.memories().is_empty();
        Activation {
            floor,
            instance,
            module,
            header,
            code,
            first_memory: has_memory.then(|| store.instance_memory(instance, MemoryIdx(0))),
            stack_bytes_max: store.engine().settings().stack_bytes,
            canonical_nans: store.engine().settings().deterministic,
            func: code.func(module, func),
            pc: 0,
            base: stack.values.len(),
            fuel: 0,
            store,
            stack,
        }
    }

    /// Runs the function from its beginning. Its arguments are on the stack; its results will be.
    ///
    /// # Errors
    /// What stopped it, or a function that it called.
    pub(crate) fn start(&mut self) -> Result<Exit, Cause> {
        self.begin(self.func)?;
        self.run()
    }

    /// Runs the function from where it waited. The results that it waited for are on the stack.
    ///
    /// # Errors
    /// What stopped it, or a function that it called.
    pub(crate) fn resume(&mut self, frame: Frame) -> Result<Exit, Cause> {
        (self.pc, self.base) = (frame.pc, frame.base);
        self.run()
    }

    /// Where the activation is.
    pub(crate) fn frame(&self) -> Frame {
        Frame {
            instance: self.instance,
            func: self.func.func(),
            pc: self.pc,
            base: self.base,
        }
    }

    fn run(&mut self) -> Result<Exit, Cause> {
        if self.store.engine().settings().fuel {
            self.run_ops::<true>()
        } else {
            self.run_ops::<false>()
        }
    }

    /// Executes operators until functions of another instance must run.
    fn run_ops<const FUEL: bool>(&mut self) -> Result<Exit, Cause> {
        loop {
            let at = self.pc;
            let op = self.func.ops()[at];
            self.pc = at + 1;
            if FUEL {
                self.count_fuel(op);
            }
            match op {
                Op::Unreachable => return Err(ops::Trap::Unreachable.into()),
                Op::Nop | Op::Block(_) | Op::TryTable { .. } => {}
                Op::Loop(_) => self.store.exec_check_stop()?,
                Op::If(_) => self.if_(at),
                Op::Else | Op::Br(_) | Op::Return => {
                    self.branch(self.func.branch(at));
                }
                Op::BrIf(_) => self.br_if(at),
                Op::BrTable { count, .. } => self.br_table(at, count),
                Op::End => {
                    if self.pc == self.func.ops().len()
                        && let Some(exit) = self.return_to_caller()
                    {
                        return Ok(exit);
                    }
                }
                Op::Call(func) => {
                    if let Some(exit) = self.call(func)? {
                        return Ok(exit);
                    }
                }
                Op::CallIndirect { ty, table } => {
                    if let Some(exit) = self.call_indirect(ty, table)? {
                        return Ok(exit);
                    }
                }
                Op::ReturnCall(func) => {
                    if let Some(exit) = self.return_call(func)? {
                        return Ok(exit);
                    }
                }
                Op::ReturnCallIndirect { ty, table } => {
                    if let Some(exit) = self.return_call_indirect(ty, table)? {
                        return Ok(exit);
                    }
                }
                Op::CallRef(ty) => {
                    if let Some(exit) = self.call_ref(ty)? {
                        return Ok(exit);
                    }
                }
                Op::ReturnCallRef(ty) => {
                    if let Some(exit) = self.return_call_ref(ty)? {
                        return Ok(exit);
                    }
                }
                Op::BrOnNull(_) => {
                    let value = self.pop();
                    if value as u64 == 0 {
                        self.branch(self.func.branch(at));
                    } else {
                        self.push(value);
                    }
                }
                Op::BrOnNonNull(_) => {
                    if self.top() as u64 == 0 {
                        self.pop();
                    } else {
                        self.branch(self.func.branch(at));
                    }
                }
                Op::RefAsNonNull => {
                    if self.top() as u64 == 0 {
                        return Err(ops::Trap::NullReference.into());
                    }
                }
                Op::Throw(tag) => return Err(self.throw(tag)),
                Op::ThrowRef => return Err(self.throw_ref()),
                Op::Drop => _ = self.pop(),
                Op::Select => self.select(),

                Op::LocalGet(local) => self.push(self.stack.values[self.local(local)]),
                Op::LocalSet(local) => {
                    let value = self.pop();
                    let local = self.local(local);
                    self.stack.values[local] = value;
                }
                Op::LocalTee(local) => {
                    let local = self.local(local);
                    self.stack.values[local] = self.top();
                }
                Op::GlobalGet(global) => self.global_get(global),
                Op::GlobalSet(global) => self.global_set(global),

                Op::I32Const(value) => self.push((value as u32).into()),
                Op::I64Const(value) => self.push((value as u64).into()),
                Op::F32Const(bits) => self.push(bits.into()),
                Op::F64Const(bits) => self.push(bits.into()),
                Op::V128Const(vector) => self.push(vector.to_u128()),
                Op::Compute(compute) => self.compute(compute)?,
                Op::Wide(op) => self.wide(op),
                Op::Lane(lane_op, lane) => self.lane(lane_op, lane),
                Op::Shuffle(lanes) => self.shuffle(lanes),

                Op::Load(load, arg) => self.load(load, arg)?,
                Op::Store(store, arg) => self.store(store, arg)?,
                Op::LoadLane(load, arg, lane) => self.load_lane(load, arg, lane)?,
                Op::StoreLane(store, arg, lane) => self.store_lane(store, arg, lane)?,
                Op::Atomic(op, arg) => self.atomic(op, arg)?,
                Op::AtomicFence => std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst),
                Op::MemorySize(memory) => self.memory_size(memory),
                Op::MemoryGrow(memory) => self.memory_grow(memory),
                Op::MemoryFill(memory) => self.memory_fill(memory)?,
                Op::MemoryCopy { dst, src } => self.memory_copy(dst, src)?,
                Op::MemoryInit { data, memory } => self.memory_init(data, memory)?,
                Op::DataDrop(data) => self.store.exec_data_drop(self.instance, data),

                Op::RefNull(_) => self.push(0),
                Op::RefIsNull => {
                    let is_null = self.pop() as u64 == 0;
                    self.push(is_null.into());
                }
                Op::RefFunc(func) => {
                    self.push(self.store.exec_ref_func(self.instance, func).into())
                }
                Op::TableGet(table) => self.table_get(table)?,
                Op::TableSet(table) => self.table_set(table)?,
                Op::TableSize(table) => self.table_size(table),
                Op::TableGrow(table) => self.table_grow(table),
                Op::TableFill(table) => self.table_fill(table)?,
                Op::TableCopy { dst, src } => self.table_copy(dst, src)?,
                Op::TableInit { elem, table } => self.table_init(elem, table)?,
                Op::ElemDrop(elem) => self.store.exec_elem_drop(self.instance, elem),
                Op::RefEq => self.ref_eq(),
                Op::RefI31 => self.ref_i31(),
                Op::I31Get { signed } => self.i31_get(signed)?,
                Op::StructNew(ty) => self.struct_new(ty)?,
                Op::StructNewDefault(ty) => self.struct_new_default(ty)?,
                Op::StructGet { ty, field, extend } => self.struct_get(ty, field, extend)?,
                Op::StructSet { ty, field } => self.struct_set(ty, field)?,
                Op::ArrayNew(ty) => self.array_new(ty)?,
                Op::ArrayNewDefault(ty) => self.array_new_default(ty)?,
                Op::ArrayNewFixed { ty, len } => self.array_new_fixed(ty, len)?,
                Op::ArrayNewData { ty, data } => self.array_new_data(ty, data)?,
                Op::ArrayNewElem { ty, elem } => self.array_new_elem(ty, elem)?,
                Op::ArrayGet { ty, extend } => self.array_get(ty, extend)?,
                Op::ArraySet(ty) => self.array_set(ty)?,
                Op::ArrayLen => self.array_len()?,
                Op::ArrayFill(_) => self.array_fill()?,
                Op::ArrayCopy { .. } => self.array_copy()?,
                Op::ArrayInitData { data, .. } => self.array_init_data(data)?,
                Op::ArrayInitElem { elem, .. } => self.array_init_elem(elem)?,
                Op::RefTest(ty) => self.ref_test(ty),
                Op::RefCast(ty) => self.ref_cast(ty)?,
                Op::BrOnCast { to, on_fail, .. } => self.br_on_cast(at, to, on_fail),
                // A reference means the same in both hierarchies.
                Op::AnyConvertExtern | Op::ExternConvertAny => {}
            }
        }
    }

    #[inline]
    fn push(&mut self, bits: u128) {
        self.stack.values.push(bits);
    }

    #[inline]
    fn pop(&mut self) -> u128 {
        let value = self.stack.values.pop();
        value.expect("validation counts operands")
    }

    #[inline]
    fn top(&self) -> u128 {
        let value = self.stack.values.last();
        *value.expect("validation counts operands")
    }

    /// The position of a local among the values.
    #[inline]
    fn local(&self, local: u32) -> usize {
        self.base + local as usize
    }

    /// Takes a memory address, table index or count off the stack: 64 bits wide or 32.
    #[inline]
    fn pop_index(&mut self, wide: bool) -> u64 {
        let bits = self.pop();
        if wide {
            bits as u64
        } else {
            u64::from(bits as u32)
        }
    }

    /// Puts a size on the stack; `None` becomes -1.
    fn push_size(&mut self, size: Option<u64>, wide: bool) {
        let size = size.unwrap_or(u64::MAX);
        self.push(if wide {
            size.into()
        } else {
            (size as u32).into()
        });
    }
}
