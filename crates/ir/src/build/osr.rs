//! Functions that start inside: at a loop that another piece of code for the same function has been running (on-stack
//! replacement).
//!
//! Apart from the rest because nothing else has two ways in. The function is built as always, but before the loop it gets a
//! second entry, which loads all locals and the operand stack from the frame of the other code. Then the first entry goes, and
//! with it what only it leads to.
//!
//! ```text
//! b0(frame)    v = frame.load ...   jump join(v ...)
//! b1(params)   what leads to the loop: gone in the end, unless a loop around leads there again
//! join         locals and stack are parameters  ──> the loop, as always
//! ```
//! In blocks around the loop, what lies below them on the stack may now come from either entry. So it is held in locals of its
//! own until such a block ends: these know how to come through joins, and what a loop around assigns.

use super::source::Source;
use super::{BuildError, BuildOptions, Builder, ExpectedCallee};
use crate::{Block, EdgeId, Func, Inst, InstId, NO_OFFSET, Term, Type, Value};
use module::{BodyReader, Op};
use std::sync::Arc;

/// Values in a frame at most: what a block has as parameters is counted in 16 bits.
const FRAME_VALUES_MAX: usize = 60_000;

/// Parameters of loops around it at most, all locals being parameters of each.
const AROUND_MAX: usize = 1 << 22;

/// The second entry of a function that is being built, if it has one.
pub(super) struct Osr {
    /// Position of the loop among the operators.
    target: Option<usize>,
    /// Positions of the operators that open the blocks around it, the outermost first.
    around: Vec<usize>,
    /// By place on the operand stack: the local that holds the value, in blocks around the loop.
    held: Vec<u32>,
    /// The parameter of the second entry, and the edge from there.
    frame: Value,
    entry: EdgeId,
    loads: Vec<InstId>,
}

impl Default for Osr {
    fn default() -> Osr {
        Osr {
            target: None,
            around: Vec::new(),
            held: Vec::new(),
            frame: Value::NONE,
            entry: EdgeId::NONE,
            loads: Vec::new(),
        }
    }
}

impl Builder {
    /// Validates and builds a function that starts at the loop whose operator is at offset `at` of the module's bytes.
    ///
    /// Its only parameter is an address below which the values of the function's locals and, in the order in which they were
    /// pushed, of its operand stack lie. Each takes 8 bytes, a vector 16, and starts so many bytes below those before it. They
    /// are what they are when the loop is entered or begins again.
    ///
    /// # Errors
    /// If the function is not valid or too complex, or has no such loop, or never gets there.
    pub fn build_loop(
        &mut self,
        mut reader: BodyReader<'_>,
        options: BuildOptions,
        at: u32,
        expected: ExpectedCallee<'_>,
    ) -> Result<&mut Func, BuildError> {
        self.source.read(&mut reader)?;
        self.expect(expected);
        let mut osr = Osr::default();
        osr.find(&self.source, at)?;
        let header = Arc::clone(reader.header());
        self.begin(&reader, options, osr);
        let built = self.operators(&header, &reader);
        let osr = std::mem::take(&mut self.osr);
        built?;
        if self.func.edge(osr.entry).to == Block::NONE {
            return Err(BuildError::NoLoop);
        }
        osr.finish(&mut self.func);
        Ok(&mut self.func)
    }

    /// The block that enters the function in the middle, which comes first.
    pub(super) fn begin_inside(&mut self) {
        if self.osr.target.is_none() {
            return;
        }
        let block = self.func.push_block();
        self.osr.frame = self.func.push_param(block, Type::I64);
        let params = self.func.make_list(&[self.osr.frame]);
        self.func.set_params(block, params);
        self.osr.entry = self.func.push_edge(Block::NONE);
        self.terminate(Term::Jump(self.osr.entry));
        self.alive = true;
    }

    /// Whether the current operator opens a block around the loop.
    pub(super) fn is_around(&self) -> bool {
        self.osr.around.binary_search(&self.at).is_ok()
    }

    /// Holds the values of the stack below this height in locals; gives how many were held before.
    pub(super) fn hold_below(&mut self, height: u32) -> u32 {
        let n_held = self.osr.held.len();
        for at in n_held..height as usize {
            let value = self.stack[at];
            let local = self.locals.declare(self.func.ty(value), value);
            self.osr.held.push(local);
        }
        n_held as u32
    }

    /// Ends a block in which the values of the stack from `first` on were held: they are what their locals are.
    pub(super) fn release_from(&mut self, first: u32) -> Result<(), BuildError> {
        let first = first as usize;
        if self.alive {
            for at in first..self.osr.held.len() {
                self.stack[at] = self.locals.get(&mut self.func, self.osr.held[at])?;
            }
        }
        self.osr.held.truncate(first);
        Ok(())
    }

    /// Before the loop is opened: the way here and the second entry meet. Gives how many values of the stack were held before.
    pub(super) fn enter_inside(&mut self, n_params: usize) -> Result<u32, BuildError> {
        let height = self.stack.len() - n_params;
        let n_locals = self.locals.len() - self.osr.held.len();
        let n_held = self.hold_below(height as u32);
        let n_values = n_locals + self.stack.len();
        if n_values > FRAME_VALUES_MAX || n_values * self.osr.around.len() > AROUND_MAX {
            return Err(BuildError::TooComplex);
        }
        let straight = self.func.push_edge(Block::NONE);
        let join = self.locals.new_join(Block::NONE);
        let moment = self.locals.moment();
        let params = &self.stack[height..];
        self.locals.add_edge(join, straight, moment, params);
        self.terminate(Term::Jump(straight));

        let mut below = 0;
        for local in 0..n_locals as u32 {
            let value = self.load_from_frame(self.locals.ty(local), &mut below);
            self.locals.set(local, value);
        }
        for at in 0..height {
            let local = self.osr.held[at];
            let value = self.load_from_frame(self.locals.ty(local), &mut below);
            self.locals.set(local, value);
        }
        for at in height..self.stack.len() {
            let ty = self.func.ty(self.stack[at]);
            self.stack[at] = self.load_from_frame(ty, &mut below);
        }
        let moment = self.locals.moment();
        let params = &self.stack[height..];
        self.locals.add_edge(join, self.osr.entry, moment, params);

        // Whoever comes here has been here often.
        self.func.makes_cold = false;
        let block = self.func.push_block();
        self.locals.place(&mut self.func, join, block);
        self.locals.all_through(join)?;
        self.alive = true;
        for nth in 0..n_params {
            let ty = self.func.ty(self.stack[height + nth]);
            let value = self
                .locals
                .joined_stack(&mut self.func, join, nth as u32, ty);
            self.stack[height + nth] = value;
        }
        Ok(n_held)
    }

    /// Whether the current operator is the loop to start at.
    pub(super) fn is_inside(&self) -> bool {
        self.osr.target == Some(self.at)
    }

    /// The next value of the frame, below which `below` bytes of values lie.
    fn load_from_frame(&mut self, ty: Type, below: &mut u32) -> Value {
        *below += if ty == Type::V128 { 16 } else { 8 };
        let inst = Inst::FrameLoad {
            frame: self.osr.frame,
            below: *below,
        };
        let load = self.func.make_inst(inst, NO_OFFSET, &[ty]);
        self.osr.loads.push(load);
        self.func.result(load)
    }
}

impl Osr {
    /// Finds the loop, and what is around it.
    fn find(&mut self, source: &Source, at: u32) -> Result<(), BuildError> {
        for (nth, (op, &offset)) in source.ops.iter().zip(&source.offsets).enumerate() {
            match op {
                Op::Loop(_) if offset == at => {
                    self.target = Some(nth);
                    return Ok(());
                }
                Op::Block(_) | Op::Loop(_) | Op::If(_) | Op::TryTable { .. } => {
                    self.around.push(nth);
                }
                Op::End => _ = self.around.pop(),
                _ => {}
            }
        }
        Err(BuildError::NoLoop)
    }

    /// Drops the first entry, and the loads of values that nothing reads.
    fn finish(&self, func: &mut Func) {
        let mut is_read = vec![false; func.n_insts()];
        for &value in func.edge_args(self.entry) {
            if let crate::Def::Result(id, _) = func.def(value) {
                is_read[id.index()] = true;
            }
        }
        func.rearrange(|block, insts, order| {
            if block.index() == 0 {
                order.extend(self.loads.iter().filter(|load| is_read[load.index()]));
            }
            order.extend_from_slice(insts);
        });
        func.keep_reachable();
        func.remove_trivial_params();
    }
}
