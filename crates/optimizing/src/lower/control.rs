//! How blocks end.
//!
//! Apart from instructions because edges carry lists of values, which are put together in reused memory.

use super::{Lower, clif_block};
use crate::code::trap_code;
use cranelift_codegen::cursor::Cursor;
use cranelift_codegen::ir::{BlockArg, BlockCall, InstBuilder, JumpTableData};
use ir::{EdgeId, List, Term};

impl Lower<'_> {
    pub(super) fn term(&mut self, block: ir::Block) {
        match self.func.term(block) {
            Term::Jump(edge) => {
                let call = self.edge(edge);
                let opcode = cranelift_codegen::ir::Opcode::Jump;
                let invalid = cranelift_codegen::ir::types::INVALID;
                self.pos.ins().Jump(opcode, invalid, call);
            }
            Term::Branch {
                cond,
                then,
                otherwise,
            } => {
                let cond = self.cond(cond);
                let (then, otherwise) = (self.edge(then), self.edge(otherwise));
                let ty = self.pos.func.dfg.value_type(cond);
                let opcode = cranelift_codegen::ir::Opcode::Brif;
                self.pos.ins().Brif(opcode, ty, then, otherwise, cond);
            }
            Term::Switch { index, targets } => self.switch(index, targets),
            Term::Return(list) => {
                let mut args = std::mem::take(&mut self.scratch.args);
                args.clear();
                args.extend(self.func.list(list).iter().map(|&v| self.value(v)));
                self.pos.ins().return_(&args);
                self.scratch.args = args;
            }
            Term::Trap(trap) => {
                self.pos.ins().trap(trap_code(trap));
            }
            Term::Open => unreachable!("the builder ends every block"),
        }
    }

    fn edge(&mut self, edge: EdgeId) -> BlockCall {
        let mut args = std::mem::take(&mut self.scratch.edge_args);
        args.clear();
        for &value in self.func.edge_args(edge) {
            let value = self.value(value);
            args.push(BlockArg::Value(value));
        }
        let to = clif_block(self.func.edge(edge).to);
        let call = self.pos.func.dfg.block_call(to, &args);
        self.scratch.edge_args = args;
        call
    }

    /// A jump table. An edge with arguments gets a block of its own, as entries of the table that share the edge would each
    /// copy the arguments.
    fn switch(&mut self, index: ir::Value, targets: List) {
        let from = self.pos.current_block().expect("in a block");
        let index = self.value(index);
        let mut calls: Vec<BlockCall> = Vec::with_capacity(targets.len());
        let mut between = std::mem::take(&mut self.scratch.between);
        between.clear();
        for edge in self.func.targets(targets) {
            let call = if self.func.edge_args(edge).is_empty() {
                self.edge(edge)
            } else {
                let block = match between.get(&edge) {
                    Some(&block) => block,
                    None => {
                        let block = self.pos.func.dfg.make_block();
                        between.insert(edge, block);
                        block
                    }
                };
                self.pos.func.dfg.block_call(block, &[])
            };
            calls.push(call);
        }
        let default = calls.pop().expect("a switch has a default");
        let table = JumpTableData::new(default, &calls);
        let table = self.pos.func.create_jump_table(table);
        self.pos.ins().br_table(index, table);
        let mut after = from;
        let mut blocks: Vec<_> = between
            .iter()
            .map(|(&edge, &block)| (block, edge))
            .collect();
        blocks.sort_unstable();
        for (block, edge) in blocks {
            self.pos.func.layout.insert_block_after(block, after);
            self.pos.goto_bottom(block);
            let call = self.edge(edge);
            let opcode = cranelift_codegen::ir::Opcode::Jump;
            let invalid = cranelift_codegen::ir::types::INVALID;
            self.pos.ins().Jump(opcode, invalid, call);
            after = block;
        }
        self.scratch.between = between;
    }
}
