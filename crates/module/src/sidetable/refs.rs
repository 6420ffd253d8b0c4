//! Which values of a function are references into the heap, at each operator: what a collector must know of its frames.
//!
//! Apart from the side table because only functions on the stack during a collection need it, so it is computed when asked for.

use super::arity::arity;
use crate::{BlockType, CompositeType, FuncCode, FuncType, Header, Op, StorageType, ValType};

/// Whether values of a type are references into the heap. Those to functions lie elsewhere.
fn is_traced(ty: ValType) -> bool {
    matches!(ty, ValType::Ref(ty) if !ty.is_func())
}

fn is_traced_storage(storage: StorageType) -> bool {
    matches!(storage, StorageType::Val(ty) if is_traced(ty))
}

/// A block whose `end` has not come yet.
struct Frame {
    /// Operands below its parameters.
    height: usize,
    params: Vec<bool>,
    results: Vec<bool>,
}

/// The operand stack of a function, as far as its references are concerned.
struct Walk<'a> {
    header: &'a Header,
    locals: &'a [ValType],
    frames: Vec<Frame>,
    operands: Vec<bool>,
    /// Blocks entered where nothing is reached; while there are any, or after an unconditional branch, operands mean nothing.
    unreachable_blocks: usize,
    reachable: bool,
}

impl FuncCode {
    /// The positions of references into the heap among the function's locals and operands, counted from its first local,
    /// immediately before the operator at a position executes. Positions increase.
    ///
    /// `header` is that of the function's module. Where the operator cannot be reached, there are only those of locals.
    ///
    /// # Panics
    /// If there is no such operator.
    pub fn ref_slots(&self, header: &Header, op: usize) -> Box<[u32]> {
        let mut walk = Walk {
            header,
            locals: self.locals(),
            frames: vec![Frame {
                height: 0,
                params: Vec::new(),
                results: Vec::new(),
            }],
            operands: Vec::new(),
            unreachable_blocks: 0,
            reachable: true,
        };
        for op in &self.ops()[..op] {
            walk.op(*op);
        }
        let locals = self.locals().iter().map(|ty| is_traced(*ty));
        let operands = if walk.reachable {
            walk.operands
        } else {
            Vec::new()
        };
        let slots = locals.chain(operands).enumerate();
        slots
            .filter_map(|(slot, traced)| traced.then_some(slot as u32))
            .collect()
    }
}

fn traced(types: &[ValType]) -> Vec<bool> {
    types.iter().map(|ty| is_traced(*ty)).collect()
}

impl Walk<'_> {
    fn op(&mut self, op: Op) {
        if !self.reachable {
            return self.unreachable_op(op);
        }
        match op {
            Op::Block(ty) | Op::Loop(ty) | Op::TryTable { ty, .. } => self.enter(ty),
            Op::If(ty) => {
                self.operands.pop();
                self.enter(ty);
            }
            Op::Else => self.enter_else(),
            Op::End => self.leave(),
            Op::Throw(_) | Op::ThrowRef => self.reachable = false,
            Op::Br(_) | Op::BrTable { .. } | Op::Return | Op::Unreachable => self.reachable = false,
            Op::ReturnCall(_) | Op::ReturnCallIndirect { .. } | Op::ReturnCallRef(_) => {
                self.reachable = false;
            }
            Op::BrIf(_) | Op::BrOnNonNull(_) => _ = self.operands.pop(),
            // The reference stays, and what is known of it beyond its kind does not matter here.
            Op::BrOnNull(_) | Op::BrOnCast { .. } => {}
            _ => self.straight(op),
        }
    }

    /// Where nothing is reached, only the nesting of blocks matters.
    fn unreachable_op(&mut self, op: Op) {
        match op {
            Op::Block(_) | Op::Loop(_) | Op::If(_) | Op::TryTable { .. } => {
                self.unreachable_blocks += 1;
            }
            Op::End if self.unreachable_blocks > 0 => {
                self.unreachable_blocks -= 1;
            }
            _ if self.unreachable_blocks > 0 => {}
            Op::End => self.leave(),
            Op::Else => self.enter_else(),
            _ => {}
        }
    }

    fn enter(&mut self, ty: BlockType) {
        let (params, results) = match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Value(ty) => (Vec::new(), vec![is_traced(ty)]),
            BlockType::Func(ty) => {
                let ty = self.header.type_at(ty);
                (traced(ty.params()), traced(ty.results()))
            }
        };
        self.frames.push(Frame {
            height: self.operands.len() - params.len(),
            params,
            results,
        });
    }

    fn enter_else(&mut self) {
        let frame = self.frames.last().expect("an `else` is in an `if`");
        self.operands.truncate(frame.height);
        self.operands.extend(&frame.params);
        self.reachable = true;
    }

    fn leave(&mut self) {
        let frame = self.frames.pop().expect("an `end` is in a block");
        self.operands.truncate(frame.height);
        self.operands.extend(frame.results);
        self.reachable = true;
    }

    /// An operator without effect on control flow.
    fn straight(&mut self, op: Op) {
        let (pops, pushes) = arity(op, self.header).expect("branches are dealt with above");
        let height = self.operands.len() - pops as usize;
        let header = self.header;
        let first = self.operands.get(height).copied().unwrap_or(false);
        let field = |ty: crate::TypeIdx, field: u32| match &header.types()[ty.index()].composite {
            CompositeType::Struct(ty) => is_traced_storage(ty.fields[field as usize].storage),
            CompositeType::Array(ty) => is_traced_storage(ty.element.storage),
            CompositeType::Func(_) => false,
        };
        let result = match op {
            Op::LocalGet(local) | Op::LocalTee(local) => is_traced(self.locals[local as usize]),
            Op::GlobalGet(global) => is_traced(header.globals()[global.index()].content),
            Op::TableGet(table) => !header.tables()[table.index()].element.is_func(),
            Op::RefNull(ty) => !ty.is_func(),
            Op::Select | Op::RefAsNonNull | Op::RefCast(_) => first,
            Op::RefI31
            | Op::StructNew(_)
            | Op::StructNewDefault(_)
            | Op::ArrayNew(_)
            | Op::ArrayNewDefault(_)
            | Op::ArrayNewFixed { .. }
            | Op::ArrayNewData { .. }
            | Op::ArrayNewElem { .. }
            | Op::AnyConvertExtern
            | Op::ExternConvertAny => true,
            Op::StructGet { ty, field: at, .. } => field(ty, at),
            Op::ArrayGet { ty, .. } => field(ty, 0),
            _ => false,
        };
        self.operands.truncate(height);
        let callee: Option<&FuncType> = match op {
            Op::Call(func) => Some(header.func_type(func)),
            Op::CallIndirect { ty, .. } | Op::CallRef(ty) => Some(header.type_at(ty)),
            _ => None,
        };
        match callee {
            Some(callee) => self.operands.extend(traced(callee.results())),
            None => self.operands.extend((0..pushes).map(|_| result)),
        }
    }
}
