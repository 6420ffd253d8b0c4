//! Operators that do not shape control flow: each becomes an instruction, or only moves values.
//!
//! Apart from control flow because it is a list, one arm an operator.

use super::Builder;
use crate::{Callee, Inst, Type, Value, simplify_wide};
use module::{FuncType, Header, MemoryIdx, Op, TableIdx, TypeIdx, ValType};

impl Builder {
    /// Operators whose result depends on their operands alone.
    pub(super) fn pure(&mut self, op: Op) {
        match op {
            Op::Nop => {}
            Op::Drop => {
                self.pop();
            }
            Op::Select => {
                let [then, otherwise, cond] = self.pops();
                let ty = self.func.ty(then);
                self.push(
                    Inst::Select {
                        cond,
                        then,
                        otherwise,
                    },
                    ty,
                );
            }
            Op::I32Const(v) => self.constant(Type::I32, v as u32 as u128),
            Op::I64Const(v) => self.constant(Type::I64, v as u64 as u128),
            Op::F32Const(bits) => self.constant(Type::F32, bits.into()),
            Op::F64Const(bits) => self.constant(Type::F64, bits.into()),
            Op::V128Const(v) => self.constant(Type::V128, v.to_u128()),
            Op::Compute(op) => {
                let at = self.stack.len() - op.params().len();
                let inst = Inst::compute(op, &self.stack[at..]);
                self.stack.truncate(at);
                self.push(inst, op.result().into());
            }
            Op::Wide(op) => {
                let at = self.stack.len() - op.n_operands();
                let inst = Inst::wide(op, &self.stack[at..]);
                self.stack.truncate(at);
                let results = simplify_wide(&mut self.func, &inst).unwrap_or_else(|| {
                    let first = self.append(inst, &[Type::I64; 2]);
                    [first, Value(first.0 + 1)]
                });
                self.stack.extend(results);
            }
            Op::Lane(op, lane) => {
                let at = self.stack.len() - op.params().len();
                let inst = Inst::lane(op, lane, &self.stack[at..]);
                self.stack.truncate(at);
                self.push(inst, op.result().into());
            }
            Op::Shuffle(lanes) => {
                let args = self.pops();
                let lanes = self.func.push_vector(ops::V128(lanes));
                self.push(Inst::Shuffle { lanes, args }, Type::V128);
            }
            _ => misplaced(op),
        }
    }

    /// Calls, globals and references.
    pub(super) fn stateful(&mut self, header: &Header, op: Op) {
        match op {
            Op::Call(func) => {
                let ty = header.func_type(func);
                let args = self.pop_list(ty.params().len());
                let n_results = ty.results().len() as u16;
                self.call(
                    Inst::Call {
                        n_results,
                        func,
                        args,
                    },
                    ty,
                );
            }
            Op::CallIndirect { ty, table } => {
                let callee = header.type_at(ty);
                let index = self.pop();
                let args = self.pop_list(callee.params().len());
                let n_results = callee.results().len() as u16;
                let inst = Inst::CallIndirect {
                    n_results,
                    ty,
                    table,
                    index,
                    args,
                };
                match self.expected_callee(header, ty) {
                    Some(expected) => {
                        let entry = Inst::TableCallee { table, index };
                        let entry = self.append(entry, &[Type::FuncRef]);
                        self.guarded_call(header, (entry, expected), inst, args, callee);
                    }
                    None => self.call(inst, callee),
                }
            }
            Op::CallRef(ty) => {
                let callee = self.pop();
                let func_type = header.type_at(ty);
                let args = self.pop_list(func_type.params().len());
                let n_results = func_type.results().len() as u16;
                let inst = match self.known_callee(ty, callee) {
                    Callee::Func(func) => Inst::Call {
                        n_results,
                        func,
                        args,
                    },
                    _ => Inst::CallRef {
                        n_results,
                        ty,
                        callee,
                        args,
                    },
                };
                match (inst, self.expected_callee(header, ty)) {
                    (Inst::CallRef { .. }, Some(expected)) => {
                        self.guarded_call(header, (callee, expected), inst, args, func_type);
                    }
                    _ => self.call(inst, func_type),
                }
            }
            Op::RefAsNonNull => {
                let value = *self.stack.last().expect("validation ensures operands");
                if !self.is_func(value) {
                    self.append(Inst::NullCheck { value }, &[]);
                }
            }
            Op::GlobalGet(global) => {
                let ty = header.globals()[global.index()].content.into();
                self.push(Inst::GlobalGet { global }, ty);
            }
            Op::GlobalSet(global) => {
                let value = self.pop();
                self.append(Inst::GlobalSet { global, value }, &[]);
            }
            Op::RefNull(ty) => self.constant(ValType::Ref(ty).into(), 0),
            Op::RefIsNull => {
                let value = self.pop();
                self.push(Inst::RefIsNull { value }, Type::I32);
            }
            Op::RefFunc(func) => self.push(Inst::RefFunc { func }, Type::FuncRef),
            _ => misplaced(op),
        }
    }

    /// Operators on memories and data segments.
    pub(super) fn memory(&mut self, header: &Header, op: Op) {
        match op {
            Op::Load(op, arg) => {
                let addr = self.pop();
                let value = self.append(Inst::load(op, arg, addr), &[op.result().into()]);
                self.stack.push(value);
            }
            Op::Store(op, arg) => {
                let [addr, value] = self.pops();
                self.append(Inst::store(op, arg, addr, value), &[]);
            }
            Op::LoadLane(op, arg, lane) => {
                let [addr, vector] = self.pops();
                let (memory, offset) = (arg.memory, arg.offset);
                let inst = Inst::LoadLane {
                    op,
                    lane,
                    memory,
                    offset,
                    addr,
                    vector,
                };
                self.push(inst, Type::V128);
            }
            Op::StoreLane(op, arg, lane) => {
                let [addr, vector] = self.pops();
                let (memory, offset) = (arg.memory, arg.offset);
                self.append(
                    Inst::StoreLane {
                        op,
                        lane,
                        memory,
                        offset,
                        addr,
                        vector,
                    },
                    &[],
                );
            }
            Op::Atomic(op, arg) => {
                let args = self.pop_list(1 + op.operands().len());
                let (memory, offset) = (arg.memory, arg.offset);
                let inst = Inst::Atomic {
                    op,
                    memory,
                    offset,
                    args,
                };
                match op.result() {
                    Some(ty) => {
                        let value = self.append(inst, &[ty.into()]);
                        self.stack.push(value);
                    }
                    None => _ = self.append(inst, &[]),
                }
            }
            Op::AtomicFence => _ = self.append(Inst::AtomicFence, &[]),
            Op::MemorySize(memory) => {
                self.push(Inst::MemorySize { memory }, address(header, memory));
            }
            Op::MemoryGrow(memory) => {
                let delta = self.pop();
                self.push(Inst::MemoryGrow { memory, delta }, address(header, memory));
            }
            Op::MemoryFill(memory) => {
                let args = self.pops();
                self.append(Inst::MemoryFill { memory, args }, &[]);
            }
            Op::MemoryCopy { dst, src } => {
                let args = self.pops();
                self.append(Inst::MemoryCopy { dst, src, args }, &[]);
            }
            Op::MemoryInit { data, memory } => {
                let args = self.pops();
                self.append(Inst::MemoryInit { data, memory, args }, &[]);
            }
            Op::DataDrop(data) => {
                self.append(Inst::DataDrop { data }, &[]);
            }
            _ => misplaced(op),
        }
    }

    /// Operators on tables and element segments.
    pub(super) fn table(&mut self, header: &Header, op: Op) {
        match op {
            Op::TableGet(table) => {
                let index = self.pop();
                let element = ValType::Ref(header.tables()[table.index()].element);
                self.push(Inst::TableGet { table, index }, element.into());
            }
            Op::TableSet(table) => {
                let [index, value] = self.pops();
                self.append(
                    Inst::TableSet {
                        table,
                        index,
                        value,
                    },
                    &[],
                );
            }
            Op::TableSize(table) => {
                self.push(Inst::TableSize { table }, table_index(header, table));
            }
            Op::TableGrow(table) => {
                let [value, delta] = self.pops();
                self.push(
                    Inst::TableGrow {
                        table,
                        value,
                        delta,
                    },
                    table_index(header, table),
                );
            }
            Op::TableFill(table) => {
                let args = self.pops();
                self.append(Inst::TableFill { table, args }, &[]);
            }
            Op::TableCopy { dst, src } => {
                let args = self.pops();
                self.append(Inst::TableCopy { dst, src, args }, &[]);
            }
            Op::TableInit { elem, table } => {
                let args = self.pops();
                self.append(Inst::TableInit { elem, table, args }, &[]);
            }
            Op::ElemDrop(elem) => {
                self.append(Inst::ElemDrop { elem }, &[]);
            }
            _ => misplaced(op),
        }
    }

    /// What a call of a reference arrives at: the function itself if the reference was made here.
    pub(super) fn known_callee(&self, ty: TypeIdx, callee: Value) -> Callee {
        match self.func.def_inst(callee) {
            Some(&Inst::RefFunc { func }) => Callee::Func(func),
            _ => Callee::Ref { ty, callee },
        }
    }

    /// Whether a reference is known to be one of a function, not null.
    fn is_func(&self, value: Value) -> bool {
        matches!(self.func.def_inst(value), Some(Inst::RefFunc { .. }))
    }

    fn push(&mut self, inst: Inst, ty: Type) {
        let value = self.emit(inst, ty);
        self.stack.push(value);
    }

    fn constant(&mut self, ty: Type, bits: u128) {
        let value = self.func.constant(ty, bits);
        self.stack.push(value);
    }

    pub(super) fn call(&mut self, inst: Inst, ty: &FuncType) {
        let first = match *ty.results() {
            [] => self.append(inst, &[]),
            [one] => self.append(inst, &[one.into()]),
            ref many => {
                let types: Vec<Type> = many.iter().map(|&ty| ty.into()).collect();
                self.append(inst, &types)
            }
        };
        let n = ty.results().len() as u32;
        self.stack.extend((first.0..first.0 + n).map(Value));
        self.end_call();
    }
}

/// The caller sorts operators, exhaustively; this one was sent to the wrong function.
fn misplaced(op: Op) -> ! {
    unreachable!("{op:?} belongs to another group")
}

fn address(header: &Header, memory: MemoryIdx) -> Type {
    if header.memories()[memory.index()].memory64 {
        Type::I64
    } else {
        Type::I32
    }
}

fn table_index(header: &Header, table: TableIdx) -> Type {
    if header.tables()[table.index()].table64 {
        Type::I64
    } else {
        Type::I32
    }
}
