//! What must hold of every function: each use is dominated by its definition, and types and counts agree.
//!
//! Apart because it repeats what the builder and passes ensure by construction: it runs in tests and debug builds, where a
//! broken pass should fail at once and by name.

use crate::{Block, Callee, Cfg, Def, EdgeId, ExnOp, Func, Inst, InstId, Term, Type, Value};
use module::{Header, TypeIdx};
use std::fmt;

/// A rule that a function breaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// The block, by number.
    pub block: u32,
    /// The instruction's position in the block, or `None` for parameters and terminator.
    pub inst: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inst {
            Some(nth) => write!(f, "b{}, instruction {nth}: {}", self.block, self.message),
            None => write!(f, "b{}: {}", self.block, self.message),
        }
    }
}

impl std::error::Error for VerifyError {}

/// Checks a function; with the header of its module also what it says of functions, globals and so on.
///
/// # Errors
/// The first rule that the function breaks.
pub fn verify(func: &Func, header: Option<&Header>) -> Result<(), VerifyError> {
    if func.n_blocks() == 0 {
        return Err(VerifyError {
            block: 0,
            inst: None,
            message: "no blocks".to_string(),
        });
    }
    let verifier = Verifier {
        func,
        header,
        cfg: Cfg::new(func),
        places: places(func),
    };
    for block in func.blocks() {
        verifier.block(block)?;
    }
    Ok(())
}

/// Where each value is defined: block, and position after which it can be used (0: parameter).
fn places(func: &Func) -> Vec<Option<(Block, usize)>> {
    let mut places = vec![None; func.n_values()];
    for block in func.blocks() {
        for &value in func.params(block) {
            places[value.index()] = Some((block, 0));
        }
        for (nth, &id) in func.insts(block).iter().enumerate() {
            for value in func.inst_results(id) {
                places[value.index()] = Some((block, nth + 1));
            }
        }
    }
    places
}

struct Verifier<'a> {
    func: &'a Func,
    header: Option<&'a Header>,
    cfg: Cfg,
    places: Vec<Option<(Block, usize)>>,
}

type Check = Result<(), String>;

fn check(holds: bool, message: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(message()) }
}

impl Verifier<'_> {
    fn block(&self, block: Block) -> Result<(), VerifyError> {
        let fail = |inst, message| VerifyError {
            block: block.0,
            inst,
            message,
        };
        self.params(block).map_err(|message| fail(None, message))?;
        for (nth, &id) in self.func.insts(block).iter().enumerate() {
            self.inst(block, nth, id)
                .map_err(|message| fail(Some(nth), message))?;
        }
        self.term(block).map_err(|message| fail(None, message))
    }

    fn params(&self, block: Block) -> Check {
        if block == Block(0) {
            check(self.cfg.preds(block).is_empty(), || {
                "an edge enters the entry".to_string()
            })?;
        }
        for (nth, &value) in self.func.params(block).iter().enumerate() {
            let expected = Def::Param(block, nth as u16);
            check(self.func.def(value) == expected, || {
                format!("parameter {nth} is recorded as {:?}", self.func.def(value))
            })?;
        }
        Ok(())
    }

    fn is_used_well(&self, block: Block, at: usize, value: Value) -> Check {
        check(value.index() < self.func.n_values(), || {
            "an operand is absent".to_string()
        })?;
        if self.func.is_const(value) {
            return Ok(());
        }
        let Some((def_block, after)) = self.places[value.index()] else {
            return Err(format!("{value:?} is defined nowhere"));
        };
        if def_block == block {
            return check(after <= at, || {
                format!("{value:?} is used before its definition")
            });
        }
        if !self.cfg.is_reachable(block) {
            return Ok(());
        }
        check(def_block < block, || {
            format!("{def_block:?} should come before {block:?}")
        })?;
        // Dominators have smaller numbers, so the walk stops early.
        let mut at = block;
        while let Some(idom) = self.cfg.idom(at)
            && at > def_block
        {
            at = idom;
        }
        check(at == def_block, || {
            format!("{value:?} of {def_block:?} does not dominate its use")
        })
    }

    fn typed(&self, what: &str, value: Value, ty: Type) -> Check {
        let found = self.func.ty(value);
        check(found == ty, || {
            format!("{what}: expected {ty}, found {found}")
        })
    }

    fn all_typed(
        &self,
        what: &str,
        values: &[Value],
        types: impl IntoIterator<Item = Type>,
    ) -> Check {
        let types: Vec<Type> = types.into_iter().collect();
        check(values.len() == types.len(), || {
            format!(
                "{what}: expected {} values, found {}",
                types.len(),
                values.len()
            )
        })?;
        values
            .iter()
            .zip(types)
            .try_for_each(|(&value, ty)| self.typed(what, value, ty))
    }

    fn edge(&self, block: Block, at: usize, edge: EdgeId) -> Check {
        let to = self.func.edge(edge).to;
        check(to.index() < self.func.n_blocks(), || {
            format!("no block {to:?}")
        })?;
        let args = self.func.edge_args(edge);
        args.iter()
            .try_for_each(|&v| self.is_used_well(block, at, v))?;
        let types = self.func.params(to).iter().map(|&v| self.func.ty(v));
        self.all_typed("arguments of an edge", args, types)
    }

    fn term(&self, block: Block) -> Check {
        let at = self.func.insts(block).len();
        let mut used = Ok(());
        self.func.for_each_term_arg(block, |v| {
            if used.is_ok() {
                used = self.is_used_well(block, at, v);
            }
        });
        used?;
        let mut edges = Vec::new();
        self.func.for_each_edge(block, |edge| edges.push(edge));
        edges
            .iter()
            .try_for_each(|&edge| self.edge(block, at, edge))?;
        match self.func.term(block) {
            Term::Open => Err("the block has no end".to_string()),
            Term::Jump(_) | Term::Trap(_) => Ok(()),
            Term::Try { normal, unwind } => self.try_call(block, normal, unwind),
            Term::Throw(exception) => self.typed("exception", exception, Type::Ref),
            Term::Branch { cond, .. } => self.typed("condition", cond, Type::I32),
            Term::Switch { index, targets } => {
                check(!targets.is_empty(), || {
                    "a switch without targets".to_string()
                })?;
                self.typed("index", index, Type::I32)
            }
            Term::TailCall { callee, args } => match self.header {
                Some(header) => self.tail_call(header, callee, self.func.list(args)),
                None => Ok(()),
            },
            Term::Return(list) => self.all_typed(
                "results",
                self.func.list(list),
                self.func.results().iter().copied(),
            ),
        }
    }

    fn inst(&self, block: Block, at: usize, id: InstId) -> Check {
        let inst = self.func.inst(id);
        let mut args = Vec::new();
        inst.for_each_arg(self.func, |v| args.push(v));
        args.iter()
            .try_for_each(|&v| self.is_used_well(block, at, v))?;
        for (nth, value) in self.func.inst_results(id).enumerate() {
            check(self.func.def(value) == Def::Result(id, nth as u16), || {
                format!("result {nth} is recorded as {:?}", self.func.def(value))
            })?;
        }
        let is_caught = matches!(*inst, Inst::Exn { op, .. } if op == ExnOp::Caught);
        check(
            !is_caught
                || matches!(self.func.try_call(block), Some((_, Some(found))) if found == id),
            || "nothing is caught here".to_string(),
        )?;
        let results: Vec<Value> = self.func.inst_results(id).collect();
        if let Some(ty) = inst.own_result() {
            self.typed("result", results[0], ty)?;
        }
        self.operand_types(inst, &args, &results)?;
        match self.header {
            Some(header) => self.module_types(header, inst, &args, &results),
            None => Ok(()),
        }
    }

    /// A call stands where it may throw, and neither way out of the block uses what is there only on the other.
    fn try_call(&self, block: Block, normal: EdgeId, unwind: EdgeId) -> Check {
        let func = self.func;
        let Some((call, caught)) = func.try_call(block) else {
            return Err("no call before `try`".to_string());
        };
        let mut results = func.inst_results(call);
        let uses = |edge: EdgeId, value: Value| func.edge_args(edge).contains(&value);
        let caught = caught.map(|caught| func.result(caught));
        check(caught.is_none_or(|caught| !uses(normal, caught)), || {
            "a call that returns has thrown nothing".to_string()
        })?;
        check(!results.any(|result| uses(unwind, result)), || {
            "a call that throws has no results".to_string()
        })
    }

    fn tail_call(&self, header: &Header, callee: Callee, args: &[Value]) -> Check {
        match callee {
            Callee::Func(_) => {}
            Callee::Table { table, index, .. } => {
                let table64 = header.tables()[table.index()].table64;
                self.typed("index", index, if table64 { Type::I64 } else { Type::I32 })?;
            }
            Callee::Ref { callee, .. } => self.typed("callee", callee, Type::FuncRef)?,
        }
        let ty = header.type_at(callee.ty(header));
        self.all_typed("arguments", args, ty.params().iter().map(|&ty| ty.into()))?;
        let results = ty.results().iter().map(|&ty| Type::from(ty));
        check(results.eq(self.func.results().iter().copied()), || {
            "the callee has other results".to_string()
        })
    }

    /// What the instruction alone says of types.
    fn operand_types(&self, inst: &Inst, args: &[Value], results: &[Value]) -> Check {
        let rows = |params: &[ops::Type]| {
            self.all_typed("operands", args, params.iter().map(|&ty| Type::from(ty)))
        };
        match *inst {
            Inst::Compute { op, .. } => rows(op.params()),
            Inst::Wide { op, .. } => {
                self.all_typed("results", results, [Type::I64; 2])?;
                self.all_typed("operands", args, vec![Type::I64; op.n_operands()])
            }
            Inst::Lane { op, lane, .. } => {
                check(lane < op.lanes(), || format!("lane {lane}"))?;
                rows(op.params())
            }
            Inst::Shuffle { .. } => rows(&[ops::Type::V128, ops::Type::V128]),
            Inst::Select {
                cond,
                then,
                otherwise,
            } => {
                self.typed("condition", cond, Type::I32)?;
                let ty = self.func.ty(results[0]);
                self.all_typed("operands", &[then, otherwise], [ty, ty])
            }
            Inst::Store { op, value, .. } => self.typed("value", value, op.operand().into()),
            Inst::LoadLane {
                op, lane, vector, ..
            } => {
                check(lane < op.lanes(), || format!("lane {lane}"))?;
                self.typed("vector", vector, Type::V128)
            }
            Inst::StoreLane {
                op, lane, vector, ..
            } => {
                check(lane < op.lanes(), || format!("lane {lane}"))?;
                self.typed("vector", vector, Type::V128)
            }
            Inst::Atomic { op, .. } => {
                let operands = op.operands().iter().map(|&ty| Type::from(ty));
                self.all_typed("operands", args.get(1..).unwrap_or_default(), operands)
            }
            Inst::FuncIs { value, .. } | Inst::FuncNumber { value, .. } => {
                self.typed("function", value, Type::FuncRef)
            }
            Inst::FrameLoad { frame, .. } => self.typed("frame", frame, Type::I64),
            Inst::RefIsNull { value } | Inst::NullCheck { value } => {
                check(self.func.ty(value).is_ref(), || {
                    "expected a reference".to_string()
                })
            }
            _ => Ok(()),
        }
    }

    /// What the module says of types.
    fn module_types(
        &self,
        header: &Header,
        inst: &Inst,
        args: &[Value],
        results: &[Value],
    ) -> Check {
        let signature = |ty: TypeIdx, args: &[Value]| {
            let ty = header.type_at(ty);
            self.all_typed("arguments", args, ty.params().iter().map(|&ty| ty.into()))?;
            self.all_typed("results", results, ty.results().iter().map(|&ty| ty.into()))
        };
        match *inst {
            Inst::Call { func, .. } => signature(header.funcs()[func.index()], args),
            Inst::CallIndirect {
                ty, table, index, ..
            } => {
                let table64 = header.tables()[table.index()].table64;
                self.typed("index", index, if table64 { Type::I64 } else { Type::I32 })?;
                signature(ty, &args[1..])
            }
            Inst::TableCallee { table, index } => {
                let table64 = header.tables()[table.index()].table64;
                self.typed("index", index, if table64 { Type::I64 } else { Type::I32 })
            }
            Inst::CallRef { ty, callee, .. } => {
                self.typed("callee", callee, Type::FuncRef)?;
                signature(ty, &args[1..])
            }
            Inst::Gc { op, .. } => {
                self.all_typed("operands", args, op.params(header, args.len()))?;
                self.all_typed("results", results, op.result(header))
            }
            Inst::Exn { op, .. } => {
                self.all_typed("operands", args, op.params(header))?;
                self.typed("result", results[0], op.result(header))
            }
            Inst::GlobalGet { global } => {
                let ty = header.globals()[global.index()].content.into();
                self.typed("result", results[0], ty)
            }
            Inst::GlobalSet { global, value } => {
                let ty = header.globals()[global.index()].content.into();
                self.typed("value", value, ty)
            }
            Inst::TableGet { table, .. } => {
                self.typed("result", results[0], element(header, table.index()))
            }
            Inst::TableSet { table, value, .. } | Inst::TableGrow { table, value, .. } => {
                self.typed("value", value, element(header, table.index()))
            }
            // Passes address 32-bit memories with 64 bits, too.
            Inst::Load { addr, .. } | Inst::Store { addr, .. }
                if self.func.ty(addr) == Type::I64 =>
            {
                Ok(())
            }
            Inst::Load { memory, addr, .. }
            | Inst::Store { memory, addr, .. }
            | Inst::LoadLane { memory, addr, .. }
            | Inst::StoreLane { memory, addr, .. } => {
                let memory64 = header.memories()[memory.index()].memory64;
                self.typed(
                    "address",
                    addr,
                    if memory64 { Type::I64 } else { Type::I32 },
                )
            }
            Inst::Atomic { memory, .. } => {
                let memory64 = header.memories()[memory.index()].memory64;
                let ty = if memory64 { Type::I64 } else { Type::I32 };
                check(!args.is_empty(), || "no address".to_string())?;
                self.typed("address", args[0], ty)
            }
            _ => Ok(()),
        }
    }
}

fn element(header: &Header, table: usize) -> Type {
    module::ValType::Ref(header.tables()[table].element).into()
}
