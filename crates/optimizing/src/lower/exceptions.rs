//! Throwing and catching.
//!
//! Apart from calls because only functions that catch come here. A call in a block that catches has two ways out; where it throws,
//! the runtime puts the exception in a register and goes on at the call's landing pad, in this function's frame. Nothing is
//! done, and nothing noted, when such a block is entered or left.

use super::call::Target;
use super::memory::Address;
use super::{Lower, clif_block};
use crate::code::PENDING;
use crate::signature::{POINTER, clif_type};
use abi::gc::{EXN_TAG, KIND_EXN, OBJECT_TYPE, ObjectLayout, YOUNG_OBJECT_BYTES_MAX};
use abi::{Builtin, StoreCtxLayout};
use cranelift_codegen::cursor::Cursor;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    BlockArg, ExceptionTableData, ExceptionTableItem, InstBuilder, Opcode, Value, types,
};
use ir::{EdgeId, ExnOp, InstId, List};
use module::TagIdx;

impl Lower<'_> {
    pub(super) fn exn(&mut self, id: InstId, op: ExnOp, args: List) {
        let value = match op {
            // The landing pad of the call has set it.
            ExnOp::Caught => return,
            ExnOp::New(tag) => return self.exn_new(id, tag, args),
            ExnOp::Is(tag) => {
                let base = self.exn_base(args);
                let flags = self.flags.exception(self.pos.func);
                let found = self.load_raw(types::I32, flags, base, EXN_TAG);
                let expected = self.vmctx_const(types::I32, self.env.layout.tag(tag));
                self.pos.ins().icmp(IntCC::Equal, found, expected)
            }
            ExnOp::Field { tag, field } => {
                let base = self.exn_base(args);
                let flags = self.flags.exception(self.pos.func);
                let ty = clif_type(self.func.ty(self.func.result(id)));
                let offset = self.payload(tag).fields[field as usize].offset;
                self.load_raw(ty, flags, base, offset)
            }
        };
        self.set(id, value);
    }

    /// The address of the exception that is the operand, as it is until a collector runs.
    fn exn_base(&mut self, args: List) -> Value {
        let exception = self.value(self.func.list(args)[0]);
        self.exn_address(exception)
    }

    /// The store may get its heap by the first throw, so its address is not constant here.
    fn exn_address(&mut self, exception: Value) -> Value {
        let store = self.store_ctx();
        let flags = self.flags.store_ctx(self.pos.func);
        let base = self.load_raw(POINTER, flags, store, StoreCtxLayout::GC_BASE);
        let offset = self.pos.ins().uextend(POINTER, exception);
        self.pos.ins().iadd(base, offset)
    }

    /// Where the payload lies in exceptions of a tag.
    fn payload(&mut self, tag: TagIdx) -> &ObjectLayout {
        let header = self.env.header;
        let known = self.payload.take().filter(|(of, _)| *of == tag);
        let (_, layout) = self.payload.insert(known.unwrap_or_else(|| {
            let ty = header.type_at(header.tags()[tag.index()]);
            (tag, ObjectLayout::of_exn(ty))
        }));
        layout
    }

    fn exn_new(&mut self, id: InstId, tag: TagIdx, args: List) {
        let header = self.env.header;
        let number = self.type_number(header.tags()[tag.index()]);
        let layout = self.payload(tag).clone();
        assert!(
            layout.size <= YOUNG_OBJECT_BYTES_MAX,
            "validation limits how many values a tag has"
        );
        let size = self.iconst(types::I32, layout.size.into());
        let (exception, rare) = self.bump(size);
        let flags = self.flags.exception(self.pos.func);
        let base = self.exn_address(exception);
        let number = self.pos.ins().uextend(types::I64, number);
        let header = self.pos.ins().bor_imm_u(number, i64::from(KIND_EXN) << 32);
        self.store_raw(flags, header, base, OBJECT_TYPE);
        let store_tag = self.vmctx_const(types::I32, self.env.layout.tag(tag));
        self.store_raw(flags, store_tag, base, EXN_TAG);
        let exception = self.join_allocs(id, Some(exception), rare, |lower| {
            let tag = lower.iconst(types::I32, tag.0.into());
            lower.builtin_new(Builtin::exn_new, &[tag])
        });
        let base = self.exn_address(exception);
        for (field, &value) in layout.fields.iter().zip(self.func.list(args)) {
            let value = self.value(value);
            let offset = field.offset as i32;
            let at = Address {
                base,
                offset,
                flags,
            };
            self.store_stored(field.storage, value, at);
        }
        self.set(id, exception);
    }

    /// Ends the function with an exception.
    pub(super) fn throw(&mut self, exception: ir::Value) {
        let exception = self.value(exception);
        self.builtin(Builtin::throw, &[exception]);
        // It comes back only if no one in the guest catches.
        self.pos.ins().trap(PENDING);
    }

    /// Calls from a block that ends with [`ir::Term::Try`]. What follows is executed if the call returns.
    pub(super) fn try_call(
        &mut self,
        id: InstId,
        target: Target,
        args: &[Value],
        caught: Option<InstId>,
        unwind: EdgeId,
    ) {
        let [landing, normal] = self.blocks_after_current();
        self.pos.func.layout.set_cold(landing);
        let dispatch = clif_block(self.func.edge(unwind).to);
        self.pos.func.layout.set_cold(dispatch);

        let dfg = &mut self.pos.func.dfg;
        let signature = target.signature(dfg);
        let returns = dfg.signatures[signature].returns.len();
        let mut results = Vec::with_capacity(returns);
        for nth in 0..returns {
            let ty = dfg.signatures[signature].returns[nth].value_type;
            dfg.append_block_param(normal, ty);
            results.push(BlockArg::TryCallRet(nth as u32));
        }
        let returned = dfg.block_call(normal, &results);
        let thrown = dfg.append_block_param(landing, POINTER);
        let threw = dfg.block_call(landing, &[BlockArg::TryCallExn(0)]);
        let items = [ExceptionTableItem::Default(threw)];
        let table = ExceptionTableData::new(signature, returned, items);
        let table = dfg.exception_tables.push(table);
        let call = match target {
            Target::Func(callee) => self.pos.ins().try_call(callee, args, table),
            Target::Address(_, code) => self.pos.ins().try_call_indirect(code, args, table),
        };
        self.safepoint(id, call);

        self.pos.goto_bottom(landing);
        if let Some(caught) = caught.filter(|caught| self.scratch.uses.is_needed(*caught)) {
            let exception = self.pos.ins().ireduce(types::I32, thrown);
            self.set(caught, exception);
        }
        let edge = self.edge(unwind);
        self.pos.ins().Jump(Opcode::Jump, types::INVALID, edge);
        // What was loaded there is not there if the call returns.
        self.scratch.refs.forget_known();

        self.pos.goto_bottom(normal);
        let results = self.pos.func.dfg.block_params(normal);
        for (result, &value) in self.func.inst_results(id).zip(results) {
            self.scratch.values[result.index()] = value;
        }
        self.keep_results(id);
    }
}
