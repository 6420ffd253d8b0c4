//! How blocks end.
//!
//! Apart from instructions because edges carry lists of values, which are put together in reused memory.

use super::{Lower, clif_block};
use crate::code::trap_code;
use cranelift_codegen::cursor::Cursor;
use cranelift_codegen::entity::packed_option::ReservedValue;
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, InstBuilder, JumpTableData, Opcode, types,
};
use ir::{EdgeId, GcOp, Inst, List, Term};
use module::RefType;

impl Lower<'_> {
    pub(super) fn term(&mut self, block: ir::Block) {
        match self.func.term(block) {
            Term::Jump(edge) => {
                let call = self.edge(edge);
                self.pos.ins().Jump(Opcode::Jump, types::INVALID, call);
            }
            Term::Branch {
                cond,
                then,
                otherwise,
            } => {
                if let Some(id) = self.test_to_branch.take() {
                    let Inst::Gc { op, args } = *self.func.inst(id) else {
                        unreachable!("only tests are left to branches");
                    };
                    let GcOp::RefTest { heap, nullable } = op else {
                        unreachable!("only tests are left to branches");
                    };
                    let kinds = self.func.operand_kinds(id);
                    let value = self.func.list(args)[0];
                    let ty = RefType { heap, nullable };
                    return self.branch_on_test(ty, value, kinds, (then, otherwise));
                }
                let cond = self.cond(cond);
                let (then, otherwise) = (self.edge(then), self.edge(otherwise));
                let ty = self.pos.func.dfg.value_type(cond);
                self.pos.ins().Brif(Opcode::Brif, ty, then, otherwise, cond);
            }
            Term::Try { normal, .. } => {
                let call = self.edge(normal);
                self.pos.ins().Jump(Opcode::Jump, types::INVALID, call);
            }
            Term::Throw(exception) => self.throw(exception),
            Term::Switch { index, targets } => self.switch(index, targets),
            Term::Return(list) => {
                let mut args = std::mem::take(&mut self.scratch.args);
                args.clear();
                args.extend(self.func.list(list).iter().map(|&v| self.value(v)));
                self.pos.ins().return_(&args);
                self.scratch.args = args;
            }
            Term::TailCall { callee, args } => self.tail_call(callee, args),
            Term::Trap(trap) => {
                self.pos.ins().trap(trap_code(trap));
            }
            Term::Open => unreachable!("the builder ends every block"),
        }
    }

    pub(super) fn edge(&mut self, edge: EdgeId) -> BlockCall {
        let mut args = std::mem::take(&mut self.scratch.edge_args);
        args.clear();
        for &value in self.func.edge_args(edge) {
            let value = self.value(value);
            args.push(BlockArg::Value(value));
        }
        let to = self.func.edge(edge).to;
        let renamed = self.scratch.refs.params(to);
        let values = &self.scratch.values;
        args.extend(renamed.map(|value| BlockArg::Value(values[value.index()])));
        let to = clif_block(to);
        let call = self.pos.func.dfg.block_call(to, &args);
        self.scratch.edge_args = args;
        call
    }

    /// A jump table. An edge that has arguments and occurs several times gets a block of its own, or each entry of the table
    /// would copy the arguments.
    fn switch(&mut self, index: ir::Value, targets: List) {
        let from = self.pos.current_block().expect("in a block");
        let index = self.value(index);
        let mut shared = std::mem::take(&mut self.scratch.shared_edges);
        self.find_shared_edges(targets, &mut shared);
        let mut calls: Vec<BlockCall> = Vec::with_capacity(targets.len());
        for edge in self.func.targets(targets) {
            let call = match shared.binary_search_by_key(&edge, |&(edge, _)| edge) {
                Ok(found) => self.pos.func.dfg.block_call(shared[found].1, &[]),
                Err(_) => self.edge(edge),
            };
            calls.push(call);
        }
        let default = calls.pop().expect("a switch has a default");
        let table = JumpTableData::new(default, &calls);
        let table = self.pos.func.create_jump_table(table);
        self.pos.ins().br_table(index, table);
        let mut after = from;
        for &(edge, block) in &shared {
            self.pos.func.layout.insert_block_after(block, after);
            self.pos.goto_bottom(block);
            let call = self.edge(edge);
            self.pos.ins().Jump(Opcode::Jump, types::INVALID, call);
            after = block;
        }
        self.scratch.shared_edges = shared;
    }

    /// Edges with arguments that occur several times, in order, with a new block for each.
    fn find_shared_edges(&mut self, targets: List, shared: &mut Vec<(EdgeId, Block)>) {
        shared.clear();
        let unplaced = Block::reserved_value();
        shared.extend(self.func.targets(targets).map(|edge| (edge, unplaced)));
        shared.sort_unstable_by_key(|&(edge, _)| edge);
        let mut end = 0;
        for at in 1..shared.len() {
            let edge = shared[at].0;
            let is_new = edge == shared[at - 1].0 && (end == 0 || shared[end - 1].0 != edge);
            let to = self.func.edge(edge).to;
            let has_args =
                !self.func.edge_args(edge).is_empty() || self.scratch.refs.params(to).len() != 0;
            if is_new && has_args {
                shared[end] = (edge, self.pos.func.dfg.make_block());
                end += 1;
            }
        }
        shared.truncate(end);
    }
}
