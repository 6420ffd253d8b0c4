//! Evaluating constant expressions: initial values of globals, offsets and elements of segments.

use crate::execute_gc;
use crate::store::StoreCore;
use crate::{InstanceId, LoadedModule};
use abi::Raw;
use abi::gc::{ARRAY_ELEMENTS, storage_bytes};
use module::{ConstExpr, Op, TypeIdx};
use ops::{Trap, Value};
use std::sync::Arc;

/// An operand. References to objects lie among the store's roots, since making an object may move others.
#[derive(Clone, Copy)]
enum Operand {
    Bits(Raw),
    Rooted(usize),
}

/// An expression on its way.
struct Evaluation<'a> {
    store: &'a mut StoreCore,
    instance: InstanceId,
    module: Arc<LoadedModule>,
    stack: Vec<Operand>,
}

impl StoreCore {
    /// The value of a constant expression of an instance, whose imports and earlier globals are in place. If it is an object,
    /// the caller puts it where the collector sees it before the next one is made.
    ///
    /// # Errors
    /// If there is no room for an object.
    ///
    /// # Panics
    /// If the expression is not constant: validation has excluded that.
    pub(crate) fn evaluate(&mut self, instance: InstanceId, expr: &ConstExpr) -> Result<Raw, Trap> {
        let module = self.instance_module(instance).clone();
        let first_root = self.roots.len();
        let mut evaluation = Evaluation {
            store: self,
            instance,
            module,
            stack: Vec::with_capacity(1),
        };
        let mut value = Ok(());
        for op in expr.ops() {
            value = evaluation.op(*op);
            if value.is_err() {
                break;
            }
        }
        let value = value.map(|()| evaluation.pop());
        self.roots.truncate(first_root);
        value
    }
}

impl Evaluation<'_> {
    fn op(&mut self, op: Op) -> Result<(), Trap> {
        let value = match op {
            Op::I32Const(value) => Raw::from_i32(value),
            Op::I64Const(value) => Raw::from_i64(value),
            Op::F32Const(bits) => Raw::from_u32(bits),
            Op::F64Const(bits) => Raw::from_u64(bits),
            Op::V128Const(value) => Raw::from_u128(value.to_u128()),
            Op::RefNull(_) => Raw::default(),
            Op::RefFunc(func) => {
                let number = self.store.instance(self.instance).func_number(func);
                Raw::from_u64(self.store.func_bits(number))
            }
            Op::GlobalGet(global) => {
                let number = self.store.instance(self.instance).global(global);
                let value = self.store.global_raw(number);
                if crate::gc_heap::is_traced_val(self.store.globals[number as usize].ty.content) {
                    self.push_ref(value.u32());
                    return Ok(());
                }
                value
            }
            Op::Compute(compute) => {
                let first = self.stack.len() - compute.params().len();
                let operands: Vec<Raw> = (first..self.stack.len())
                    .map(|at| self.bits(self.stack[at]))
                    .collect();
                self.stack.truncate(first);
                let operands = compute.params().iter().zip(operands);
                let args: Vec<Value> = operands
                    .map(|(ty, raw)| Value::from_bits(*ty, raw.u128()))
                    .collect();
                let value = compute.eval(&args).expect("constant operators do not trap");
                Raw::from_u128(value.to_bits())
            }
            Op::RefI31 => Raw::from_u32(gc::i31(self.pop().u32())),
            // A reference means the same in both hierarchies.
            Op::AnyConvertExtern | Op::ExternConvertAny => return Ok(()),
            Op::StructNewDefault(ty) => return self.struct_new(ty, false),
            Op::StructNew(ty) => return self.struct_new(ty, true),
            Op::ArrayNewDefault(ty) => {
                let len = self.pop().u32();
                return self.array_new(ty, len).map(drop);
            }
            Op::ArrayNew(ty) => {
                let len = self.pop().u32();
                let array = self.array_new(ty, len)?;
                let value = self.bits(self.stack[self.stack.len() - 2]);
                self.store.exec_array_fill((array, 0), value.u128(), len)?;
                self.drop_below_top(1);
                return Ok(());
            }
            Op::ArrayNewFixed { ty, len } => {
                let array = self.array_new(ty, len)?;
                let first = self.stack.len() - 1 - len as usize;
                let element = self.module.module().header().types()[ty.index()].as_array();
                let storage = element.expect("validated as an array").element.storage;
                for at in 0..len {
                    let value = self.bits(self.stack[first + at as usize]).u128();
                    let offset = ARRAY_ELEMENTS + at * storage_bytes(storage);
                    let heap = self.store.heap_mut();
                    execute_gc::store(heap, array, offset, storage, value);
                }
                self.drop_below_top(len as usize);
                return Ok(());
            }
            other => panic!("validation has excluded {other:?} in a constant expression"),
        };
        self.stack.push(Operand::Bits(value));
        Ok(())
    }

    /// Makes a structure of the operands, or of zeros.
    fn struct_new(&mut self, ty: TypeIdx, of_operands: bool) -> Result<(), Trap> {
        let object = self.store.new_struct(self.module.type_id(ty))?;
        let n_fields = if of_operands {
            self.module.struct_layout(ty).fields.len()
        } else {
            0
        };
        let first = self.stack.len() - n_fields;
        for at in 0..n_fields {
            let value = self.bits(self.stack[first + at]).u128();
            let field = (ty, at as u32);
            self.store
                .exec_struct_set(self.instance, field, object, value)?;
        }
        self.stack.truncate(first);
        self.push_ref(object);
        Ok(())
    }

    /// Makes an array of zeros and pushes it.
    fn array_new(&mut self, ty: TypeIdx, len: u32) -> Result<u32, Trap> {
        let array = self.store.new_array(self.module.type_id(ty), len)?;
        self.push_ref(array);
        Ok(array)
    }

    fn push_ref(&mut self, reference: u32) {
        self.stack.push(Operand::Rooted(self.store.roots.len()));
        self.store.roots.push(reference);
    }

    fn bits(&self, operand: Operand) -> Raw {
        match operand {
            Operand::Bits(raw) => raw,
            Operand::Rooted(root) => Raw::from_u32(self.store.roots[root]),
        }
    }

    fn pop(&mut self) -> Raw {
        let operand = self.stack.pop().expect("validation counts operands");
        self.bits(operand)
    }

    /// Drops `count` operands below the topmost one.
    fn drop_below_top(&mut self, count: usize) {
        let top = self.stack.pop().expect("validation counts operands");
        self.stack.truncate(self.stack.len() - count);
        self.stack.push(top);
    }
}
