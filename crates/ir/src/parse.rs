//! Text to functions: the other half of the printer.
//!
//! Apart because only tests and tools read text. A function is one line per block head, instruction and terminator; what is
//! read is then checked by [`crate::verify`], so the parser only cares that the text has the form.

use crate::{
    Block, Callee, ExnOp, Func, GcOp, Inlined, Inst, InstId, List, NO_OFFSET, RefKinds, Term, Type,
    Value,
};
use module::{DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TypeIdx};
use std::collections::HashMap;
use std::fmt;

/// Text that is not a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What was expected or is wrong.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

/// Reads one function. Text after `;;` on a line is a comment.
///
/// # Errors
/// If the text does not have the form that functions are printed in.
pub fn parse(text: &str) -> Result<Func, ParseError> {
    let mut parser = Parser::default();
    let mut number = 0;
    for line in text.lines() {
        number += 1;
        let line = line.split(";;").next().unwrap_or_default().trim();
        if !line.is_empty() {
            parser.line(line).map_err(|message| ParseError {
                line: number,
                message,
            })?;
        }
    }
    parser.finish().map_err(|message| ParseError {
        line: number,
        message,
    })
}

type Result2<T> = Result<T, String>;

#[derive(Default)]
struct Parser {
    func: Func,
    values: HashMap<u32, Value>,
    state: Place,
}

#[derive(Default, PartialEq, Clone, Copy)]
enum Place {
    #[default]
    Before,
    Inside,
    After,
}

impl Parser {
    fn line(&mut self, line: &str) -> Result2<()> {
        let mut line = Line { rest: line };
        match self.state {
            Place::Before => {
                line.expect("func")?;
                line.expect("(")?;
                line.types(")")?;
                line.expect("->")?;
                line.expect("(")?;
                self.func.results = line.types(")")?;
                line.expect("{")?;
                self.state = Place::Inside;
                line.end()
            }
            Place::Inside if line.take("}") => {
                self.state = Place::After;
                line.end()
            }
            Place::Inside if line.rest.ends_with(':') => self.block(&mut line),
            Place::Inside if line.rest.starts_with("inlined ") => self.inlined(line.rest),
            Place::Inside => self.inst_or_term(&mut line),
            Place::After => Err("expected nothing after the function".to_string()),
        }
    }

    fn finish(mut self) -> Result2<Func> {
        if self.state != Place::After {
            return Err("expected `}`".to_string());
        }
        let n_blocks = self.func.n_blocks() as u32;
        for edge in &self.func.edges {
            if edge.to.0 >= n_blocks {
                return Err(format!("no block b{}", edge.to.0));
            }
        }
        self.func.places.end = self.places_end();
        Ok(self.func)
    }

    /// The first number that no operator has.
    fn places_end(&self) -> u32 {
        let func = &self.func;
        let insts = func.insts.iter().map(|inst| inst.offset);
        let places = insts.chain(func.blocks.iter().map(|block| block.term_offset));
        let last = places.filter(|place| *place != NO_OFFSET).max();
        last.map_or(0, |last| last + 1)
    }

    /// A call that was replaced by the body of its callee.
    fn inlined(&mut self, line: &str) -> Result2<()> {
        let place = |word: &str| -> Result2<u32> {
            let digits = word.strip_prefix('@').unwrap_or_default();
            u32::from_str_radix(digits, 16).map_err(|_| format!("expected a place, found `{word}`"))
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        let [
            "inlined",
            first,
            "func",
            func,
            "at",
            start,
            "called",
            ref call @ ..,
        ] = words[..]
        else {
            return Err("expected `inlined @.. func .. at @.. called @..`".to_string());
        };
        let func = func.parse().map_err(|_| format!("no function {func}"))?;
        self.func.places.inlined.push(Inlined {
            first: place(first)?,
            start: place(start)?,
            func: FuncIdx(func),
            call: call.first().map_or(Ok(NO_OFFSET), |call| place(call))?,
        });
        Ok(())
    }

    fn block(&mut self, line: &mut Line<'_>) -> Result2<()> {
        let number = line.numbered('b')?;
        let block = self.func.push_block();
        if block.0 != number {
            return Err(format!("expected block b{}, found b{number}", block.0));
        }
        let mut params = Vec::new();
        if line.take("(") {
            loop {
                let name = line.numbered('v')?;
                line.expect(":")?;
                let value = self.func.push_param(block, line.ty()?);
                self.define(name, value)?;
                params.push(value);
                if !line.take(",") {
                    break;
                }
            }
            line.expect(")")?;
        }
        self.func.blocks[block.index()].is_cold = line.take("cold");
        line.expect(":")?;
        let list = self.func.make_list(&params);
        self.func.set_params(block, list);
        line.end()
    }

    fn inst_or_term(&mut self, line: &mut Line<'_>) -> Result2<()> {
        let open = self
            .func
            .blocks
            .last()
            .is_some_and(|block| block.term == Term::Open);
        if !open {
            return Err("expected the start of a block".to_string());
        }
        let mut offset = NO_OFFSET;
        if let Some((before, hex)) = line.rest.rsplit_once('@') {
            offset = u32::from_str_radix(hex.trim(), 16).map_err(|e| e.to_string())?;
            line.rest = before.trim_end();
        }
        let mut results = Vec::new();
        if line.rest.contains(" = ") {
            loop {
                let name = line.numbered('v')?;
                line.expect(":")?;
                results.push((name, line.ty()?));
                if !line.take(",") {
                    break;
                }
            }
            line.expect("=")?;
        }
        let name = line.word()?;
        if results.is_empty()
            && let Some(term) = self.term(name, line)?
        {
            line.end()?;
            let block = self.func.blocks.last_mut().expect("a block is open");
            block.term = term;
            block.term_offset = offset;
            return Ok(());
        }
        let is_in_bounds = match line.rest.strip_suffix(" in_bounds") {
            Some(before) => {
                line.rest = before;
                true
            }
            None => false,
        };
        let kinds = match line.rest.split_once('[') {
            Some((before, kinds)) => {
                line.rest = before.trim_end();
                let kinds = kinds.trim_end().trim_end_matches(']');
                Some(kinds.parse::<RefKinds>()?)
            }
            None => None,
        };
        let inst = self.inst(name, line, results.len())?;
        line.end()?;
        if inst.n_results() != results.len() {
            return Err(format!("expected {} results of {name}", inst.n_results()));
        }
        let types: Vec<Type> = results.iter().map(|&(_, ty)| ty).collect();
        let first = self.func.push_inst(inst, offset, &types);
        let id = InstId(self.func.n_insts() as u32 - 1);
        if let Some(kinds) = kinds {
            self.func.set_operand_kinds(id, kinds);
        }
        if is_in_bounds {
            self.func.set_in_bounds(id);
        }
        for (nth, (name, _)) in results.into_iter().enumerate() {
            self.define(name, Value(first.0 + nth as u32))?;
        }
        Ok(())
    }

    fn define(&mut self, name: u32, value: Value) -> Result2<()> {
        match self.values.insert(name, value) {
            None => Ok(()),
            Some(_) => Err(format!("v{name} is defined twice")),
        }
    }

    fn term(&mut self, name: &str, line: &mut Line<'_>) -> Result2<Option<Term>> {
        Ok(Some(match name {
            "jump" => Term::Jump(self.edge(line)?),
            "branch" => {
                let cond = self.operand(line)?;
                line.expect(",")?;
                let then = self.edge(line)?;
                line.expect(",")?;
                Term::Branch {
                    cond,
                    then,
                    otherwise: self.edge(line)?,
                }
            }
            "switch" => {
                let index = self.operand(line)?;
                let mut edges = Vec::new();
                while line.take(",") {
                    edges.push(Value(self.edge(line)?.0));
                }
                if edges.is_empty() {
                    return Err("expected a target".to_string());
                }
                Term::Switch {
                    index,
                    targets: self.func.make_list(&edges),
                }
            }
            "try" => {
                let normal = self.edge(line)?;
                line.expect(",")?;
                let unwind = self.edge(line)?;
                Term::Try { normal, unwind }
            }
            "throw" => Term::Throw(self.operand(line)?),
            "return" => Term::Return(self.operands(line)?),
            "return_call" => {
                let callee = Callee::Func(FuncIdx(line.number()?));
                self.tail_call(callee, line)?
            }
            "return_call_ref" => {
                let callee = Callee::Ref {
                    ty: TypeIdx(line.number()?),
                    callee: self.operand(line)?,
                };
                self.tail_call(callee, line)?
            }
            "return_call_indirect" => {
                let callee = Callee::Table {
                    ty: TypeIdx(line.number()?),
                    table: TableIdx(line.number()?),
                    index: self.operand(line)?,
                };
                self.tail_call(callee, line)?
            }
            "trap" => {
                let name = line.word()?;
                let trap = ops::Trap::ALL
                    .iter()
                    .find(|trap| format!("{trap:?}") == name);
                Term::Trap(*trap.ok_or_else(|| format!("no trap {name}"))?)
            }
            _ => return Ok(None),
        }))
    }

    fn tail_call(&mut self, callee: Callee, line: &mut Line<'_>) -> Result2<Term> {
        line.expect("(")?;
        let args = self.operands(line)?;
        line.expect(")")?;
        Ok(Term::TailCall { callee, args })
    }

    fn edge(&mut self, line: &mut Line<'_>) -> Result2<crate::EdgeId> {
        let to = Block(line.numbered('b')?);
        let edge = self.func.push_edge(to);
        if line.take("(") {
            let args = self.operands(line)?;
            line.expect(")")?;
            self.func.edges[edge.index()].args = args;
        }
        Ok(edge)
    }

    /// A comma-separated list of values, which may be empty.
    fn operands(&mut self, line: &mut Line<'_>) -> Result2<List> {
        let mut values = Vec::new();
        while !line.rest.is_empty() && !line.rest.starts_with(')') {
            values.push(self.operand(line)?);
            if !line.take(",") {
                break;
            }
        }
        Ok(self.func.make_list(&values))
    }

    fn operand(&mut self, line: &mut Line<'_>) -> Result2<Value> {
        let word = line.word()?;
        // A colon tells the constant `v128:0x0` from a value.
        if !line.rest.starts_with(':')
            && let Some(number) = word.strip_prefix('v').and_then(|n| n.parse().ok())
        {
            return self
                .values
                .get(&number)
                .copied()
                .ok_or_else(|| format!("no value v{number}"));
        }
        let ty = Type::ALL.into_iter().find(|ty| ty.name() == word);
        let ty = ty.ok_or_else(|| format!("expected a value, found `{word}`"))?;
        line.expect(":")?;
        let literal = line.word()?;
        let parsed = match ty {
            Type::I32 => literal.parse::<i32>().ok().map(|v| v as u32 as u128),
            Type::I64 => literal.parse::<i64>().ok().map(|v| v as u64 as u128),
            Type::F32 => hex(literal).filter(|&bits| bits <= u32::MAX.into()),
            Type::F64 => hex(literal).filter(|&bits| bits <= u64::MAX.into()),
            Type::V128 => hex(literal),
            Type::FuncRef | Type::Ref => (literal == "null").then_some(0),
        };
        let bits = parsed.ok_or_else(|| format!("`{literal}` is not a constant of type {ty}"))?;
        Ok(self.func.constant(ty, bits))
    }

    /// Exactly `N` operands.
    fn fixed<const N: usize>(&mut self, line: &mut Line<'_>) -> Result2<[Value; N]> {
        let list = self.operands(line)?;
        let values = self.func.list(list);
        values
            .try_into()
            .map_err(|_| format!("expected {N} operands, found {}", values.len()))
    }

    fn inst(&mut self, name: &str, line: &mut Line<'_>, n_results: usize) -> Result2<Inst> {
        if let Some(op) = ops::Compute::from_name(name) {
            let list = self.operands(line)?;
            let args = self.func.list(list);
            if args.len() != op.params().len() {
                return Err(format!("expected {} operands", op.params().len()));
            }
            return Ok(Inst::compute(op, args));
        }
        if let Some(op) = ops::Wide::from_name(name) {
            let list = self.operands(line)?;
            let args = self.func.list(list);
            if args.len() != op.n_operands() {
                return Err(format!("expected {} operands", op.n_operands()));
            }
            return Ok(Inst::wide(op, args));
        }
        if let Some(op) = ops::Lane::from_name(name) {
            let lane = line.number()?;
            let list = self.operands(line)?;
            let args = self.func.list(list);
            if args.len() != op.params().len() {
                return Err(format!("expected {} operands", op.params().len()));
            }
            return Ok(Inst::lane(op, lane, args));
        }
        if let Some(inst) = self.access(name, line)? {
            return Ok(inst);
        }
        if let Some(inst) = self.bulk(name, line)? {
            return Ok(inst);
        }
        if let Some(op) = GcOp::parse(name, &mut || line.word())? {
            let args = self.operands(line)?;
            return Ok(Inst::Gc { op, args });
        }
        if let Some(op) = ExnOp::parse(name, &mut || line.word())? {
            let args = self.operands(line)?;
            return Ok(Inst::Exn { op, args });
        }
        Ok(match name {
            "i8x16.shuffle" => {
                let word = line.word()?;
                let lanes = hex(word).ok_or_else(|| format!("expected lanes, found `{word}`"))?;
                let lanes = self.func.push_vector(ops::V128::from_u128(lanes));
                Inst::Shuffle {
                    lanes,
                    args: self.fixed(line)?,
                }
            }
            "select" => {
                let [cond, then, otherwise] = self.fixed(line)?;
                Inst::Select {
                    cond,
                    then,
                    otherwise,
                }
            }
            "global.get" => Inst::GlobalGet {
                global: GlobalIdx(line.number()?),
            },
            "global.set" => {
                let global = GlobalIdx(line.number()?);
                let [value] = self.fixed(line)?;
                Inst::GlobalSet { global, value }
            }
            "ref.func" => Inst::RefFunc {
                func: FuncIdx(line.number()?),
            },
            "ref.is_null" => {
                let [value] = self.fixed(line)?;
                Inst::RefIsNull { value }
            }
            "call" => {
                let func = FuncIdx(line.number()?);
                line.expect("(")?;
                let args = self.operands(line)?;
                line.expect(")")?;
                Inst::Call {
                    n_results: n_results as u16,
                    func,
                    args,
                }
            }
            "call_indirect" => {
                let ty = TypeIdx(line.number()?);
                let table = TableIdx(line.number()?);
                let index = self.operand(line)?;
                line.expect("(")?;
                let args = self.operands(line)?;
                line.expect(")")?;
                Inst::CallIndirect {
                    n_results: n_results as u16,
                    ty,
                    table,
                    index,
                    args,
                }
            }
            "call_ref" => {
                let ty = TypeIdx(line.number()?);
                let callee = self.operand(line)?;
                line.expect("(")?;
                let args = self.operands(line)?;
                line.expect(")")?;
                Inst::CallRef {
                    n_results: n_results as u16,
                    ty,
                    callee,
                    args,
                }
            }
            "null_check" => {
                let [value] = self.fixed(line)?;
                Inst::NullCheck { value }
            }
            "table.callee" => {
                let table = TableIdx(line.number()?);
                let [index] = self.fixed(line)?;
                Inst::TableCallee { table, index }
            }
            "func.is" => {
                let func = FuncIdx(line.number()?);
                let [value] = self.fixed(line)?;
                Inst::FuncIs { value, func }
            }
            "func.number" => {
                let from = FuncIdx(line.number()?);
                let [value] = self.fixed(line)?;
                Inst::FuncNumber { value, from }
            }
            "frame.load" => {
                let below = line.number()?;
                let [frame] = self.fixed(line)?;
                Inst::FrameLoad { frame, below }
            }
            "fuel" => Inst::Fuel {
                units: line.number()?,
            },
            "atomic.fence" => Inst::AtomicFence,
            "fuel.check" => Inst::FuelCheck,
            _ => return Err(format!("no instruction `{name}`")),
        })
    }

    fn access(&mut self, name: &str, line: &mut Line<'_>) -> Result2<Option<Inst>> {
        let load = ops::Load::from_name(name);
        let store = ops::Store::from_name(name);
        let load_lane = ops::LoadLane::from_name(name);
        let store_lane = ops::StoreLane::from_name(name);
        let atomic = ops::Atomic::from_name(name);
        if load.is_none()
            && store.is_none()
            && load_lane.is_none()
            && store_lane.is_none()
            && atomic.is_none()
        {
            return Ok(None);
        }
        let memory = MemoryIdx(if line.take("memory=") {
            line.number()?
        } else {
            0
        });
        let offset = if line.take("offset=") {
            line.number()?
        } else {
            0
        };
        if let Some(op) = load {
            let [addr] = self.fixed(line)?;
            return Ok(Some(Inst::Load {
                op,
                memory,
                offset,
                addr,
            }));
        }
        if let Some(op) = atomic {
            let args = self.operands(line)?;
            return Ok(Some(Inst::Atomic {
                op,
                memory,
                offset,
                args,
            }));
        }
        if let Some(op) = store {
            let [addr, value] = self.fixed(line)?;
            return Ok(Some(Inst::Store {
                op,
                memory,
                offset,
                addr,
                value,
            }));
        }
        let lane = line.number()?;
        let [addr, vector] = self.fixed(line)?;
        Ok(match (load_lane, store_lane) {
            (Some(op), _) => Some(Inst::LoadLane {
                op,
                lane,
                memory,
                offset,
                addr,
                vector,
            }),
            (_, Some(op)) => Some(Inst::StoreLane {
                op,
                lane,
                memory,
                offset,
                addr,
                vector,
            }),
            _ => None,
        })
    }

    fn bulk(&mut self, name: &str, line: &mut Line<'_>) -> Result2<Option<Inst>> {
        Ok(Some(match name {
            "memory.size" => Inst::MemorySize {
                memory: MemoryIdx(line.number()?),
            },
            "memory.grow" => {
                let memory = MemoryIdx(line.number()?);
                let [delta] = self.fixed(line)?;
                Inst::MemoryGrow { memory, delta }
            }
            "memory.fill" => {
                let memory = MemoryIdx(line.number()?);
                Inst::MemoryFill {
                    memory,
                    args: self.fixed(line)?,
                }
            }
            "memory.copy" => {
                let (dst, src) = (MemoryIdx(line.number()?), MemoryIdx(line.number()?));
                Inst::MemoryCopy {
                    dst,
                    src,
                    args: self.fixed(line)?,
                }
            }
            "memory.init" => {
                let (data, memory) = (DataIdx(line.number()?), MemoryIdx(line.number()?));
                Inst::MemoryInit {
                    data,
                    memory,
                    args: self.fixed(line)?,
                }
            }
            "data.drop" => Inst::DataDrop {
                data: DataIdx(line.number()?),
            },
            "table.get" => {
                let table = TableIdx(line.number()?);
                let [index] = self.fixed(line)?;
                Inst::TableGet { table, index }
            }
            "table.set" => {
                let table = TableIdx(line.number()?);
                let [index, value] = self.fixed(line)?;
                Inst::TableSet {
                    table,
                    index,
                    value,
                }
            }
            "table.size" => Inst::TableSize {
                table: TableIdx(line.number()?),
            },
            "table.grow" => {
                let table = TableIdx(line.number()?);
                let [value, delta] = self.fixed(line)?;
                Inst::TableGrow {
                    table,
                    value,
                    delta,
                }
            }
            "table.fill" => {
                let table = TableIdx(line.number()?);
                Inst::TableFill {
                    table,
                    args: self.fixed(line)?,
                }
            }
            "table.copy" => {
                let (dst, src) = (TableIdx(line.number()?), TableIdx(line.number()?));
                Inst::TableCopy {
                    dst,
                    src,
                    args: self.fixed(line)?,
                }
            }
            "table.init" => {
                let (elem, table) = (ElemIdx(line.number()?), TableIdx(line.number()?));
                Inst::TableInit {
                    elem,
                    table,
                    args: self.fixed(line)?,
                }
            }
            "elem.drop" => Inst::ElemDrop {
                elem: ElemIdx(line.number()?),
            },
            _ => return Ok(None),
        }))
    }
}

fn hex(word: &str) -> Option<u128> {
    u128::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}

/// What is left of a line.
struct Line<'a> {
    rest: &'a str,
}

impl<'a> Line<'a> {
    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, text: &str) -> Result2<()> {
        if self.take(text) {
            Ok(())
        } else {
            Err(format!("expected `{text}`, found `{}`", self.rest))
        }
    }

    fn end(&self) -> Result2<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(format!(
                "expected the end of the line, found `{}`",
                self.rest
            ))
        }
    }

    /// Up to the next space or punctuation.
    fn word(&mut self) -> Result2<&'a str> {
        let end = self
            .rest
            .find([' ', ',', '(', ')', ':'])
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        if word.is_empty() {
            Err("expected a word".to_string())
        } else {
            Ok(word)
        }
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result2<T> {
        let word = self.word()?;
        word.parse()
            .map_err(|_| format!("expected a number, found `{word}`"))
    }

    /// `v12`, `b3`.
    fn numbered(&mut self, prefix: char) -> Result2<u32> {
        let word = self.word()?;
        let number = word.strip_prefix(prefix).and_then(|n| n.parse().ok());
        number.ok_or_else(|| format!("expected `{prefix}` and a number, found `{word}`"))
    }

    fn ty(&mut self) -> Result2<Type> {
        let word = self.word()?;
        let ty = Type::ALL.into_iter().find(|ty| ty.name() == word);
        ty.ok_or_else(|| format!("expected a type, found `{word}`"))
    }

    fn types(&mut self, close: &str) -> Result2<Vec<Type>> {
        let mut types = Vec::new();
        while !self.take(close) {
            types.push(self.ty()?);
            self.take(",");
        }
        Ok(types)
    }
}
