//! Adding blocks to a finished function, and putting its blocks into another order; comparing instructions apart from operands.
//!
//! Apart from the function because only passes that change the control flow need it. New blocks are appended, one after the other, as
//! the builder does it; [`Func::arrange_blocks`] then puts them where the order of blocks must have them.

use crate::func::BlockData;
use crate::{Block, Edge, EdgeId, Func, Inst, InstId, Term, Type, Value};

impl Func {
    /// A new block after all others, with parameters of these types; [`Func::append`] appends to it until the next one is made.
    pub fn add_block(&mut self, params: &[Type]) -> Block {
        let block = self.push_block();
        let values: Vec<Value> = params
            .iter()
            .map(|&ty| self.push_param(block, ty))
            .collect();
        let list = self.make_list(&values);
        self.set_params(block, list);
        block
    }

    /// Appends an instruction to the block made last, and gives its first result (meaningless if there is none).
    pub fn append(&mut self, inst: Inst, offset: u32, results: &[Type]) -> Value {
        self.push_inst(inst, offset, results)
    }

    /// A new edge.
    pub fn add_edge(&mut self, to: Block, args: &[Value]) -> EdgeId {
        let edge = self.push_edge(to);
        self.edges[edge.index()].args = self.make_list(args);
        edge
    }

    /// Lets an edge lead to another block, which has parameters of the same types.
    pub fn redirect(&mut self, edge: EdgeId, to: Block) {
        self.edges[edge.index()].to = to;
    }

    /// Lets an edge lead to another block, with other arguments.
    pub fn set_edge(&mut self, edge: EdgeId, to: Block, args: &[Value]) {
        self.edges[edge.index()] = Edge {
            to,
            args: self.make_list(args),
        };
    }

    /// Appends an instruction like another one to the block made last, on operands that `map` makes of the other's.
    ///
    /// # Panics
    /// If the other has a list of operands, as calls do.
    pub fn append_copy(&mut self, id: InstId, mut map: impl FnMut(Value) -> Value) -> InstId {
        let data = self.insts[id.index()];
        let mut inst = data.inst;
        inst.map_args(&mut [], &mut map);
        let types: Vec<Type> = self.inst_results(id).map(|value| self.ty(value)).collect();
        self.push_inst(inst, data.offset, &types);
        InstId::new(self.insts.len() as u32 - 1)
    }

    /// Replaces each operand of an instruction by what `map` makes of it, in order.
    pub fn map_operands(&mut self, id: InstId, mut map: impl FnMut(Value) -> Value) {
        let mut inst = self.insts[id.index()].inst;
        inst.map_args(&mut self.pool, &mut map);
        self.insts[id.index()].inst = inst;
    }

    /// Replaces how a block ends, for the operator at an offset in the module's bytes.
    pub fn end_block(&mut self, block: Block, term: Term, offset: u32) {
        self.blocks[block.index()].term = term;
        self.blocks[block.index()].term_offset = offset;
    }

    /// Lets the function return nothing, wherever it returns.
    pub fn drop_results(&mut self) {
        self.results.clear();
        for block in &mut self.blocks {
            if let Term::Return(list) = &mut block.term {
                *list = crate::List::EMPTY;
            }
        }
    }

    /// Puts an instruction without results where one is whose results nothing uses.
    ///
    /// # Panics
    /// If the new one has results.
    pub fn replace_unused(&mut self, id: InstId, inst: Inst) {
        assert_eq!(inst.n_results(), 0, "results would have no place");
        self.insts[id.index()].inst = inst;
    }

    /// Says that a block is as unlikely to be reached as another one.
    pub fn set_cold_like(&mut self, block: Block, other: Block) {
        self.blocks[block.index()].is_cold = self.blocks[other.index()].is_cold;
    }

    /// Puts the blocks into an order, and renumbers them so. The first must stay the first.
    ///
    /// # Panics
    /// If `order` does not have each block once.
    pub fn arrange_blocks(&mut self, order: &[Block]) {
        assert_eq!(order.len(), self.blocks.len(), "each block has a place");
        let mut numbers = vec![Block::NONE; order.len()];
        for (at, &block) in order.iter().enumerate() {
            assert_eq!(numbers[block.index()], Block::NONE, "no block has two");
            numbers[block.index()] = Block::new(at as u32);
        }
        let mut blocks: Vec<BlockData> = Vec::with_capacity(order.len());
        let mut insts = Vec::with_capacity(self.order.len());
        for &block in order {
            let mut data = self.blocks[block.index()];
            let first = insts.len() as u32;
            insts.extend_from_slice(&self.order[data.first as usize..data.end as usize]);
            data.first = first;
            data.end = insts.len() as u32;
            blocks.push(data);
        }
        self.blocks = blocks;
        self.order = insts;
        for edge in &mut self.edges {
            // Edges that nothing uses any more may lead nowhere.
            if let Some(&number) = numbers.get(edge.to.index()) {
                edge.to = number;
            }
        }
        for at in 0..self.blocks.len() {
            let params = self.blocks[at].params;
            self.set_params(Block::new(at as u32), params);
        }
    }
}

impl Inst {
    /// The instruction with its operands left out: the same for instructions that do the same to as many operands.
    pub fn without_operands(&self) -> Inst {
        let mut inst = *self;
        match &mut inst {
            Inst::Call { args, .. }
            | Inst::Atomic { args, .. }
            | Inst::Gc { args, .. }
            | Inst::Exn { args, .. } => args.start = 0,
            Inst::CallIndirect {
                index: other, args, ..
            }
            | Inst::CallRef {
                callee: other,
                args,
                ..
            } => {
                *other = Value::NONE;
                args.start = 0;
            }
            inst => inst.map_args(&mut [], &mut |_| Value::NONE),
        }
        inst
    }
}
