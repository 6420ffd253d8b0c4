//! Functions as text.
//!
//! Apart because it is half of the text form, whose other half is the parser: what is printed here is parsed there to the same
//! function, so that tests of passes are files. Values and blocks are numbered in the order in which they are printed.
//!
//! ```text
//! func (i32) -> (i32) {
//! inlined @90 func 7 at @5a called @2c        <- places from 90 on stand for operators from 5a on, of a call that was replaced
//! b0(v0: i32):
//!     v1: i32 = i32.load offset=16 v0 @2a        <- @ offset of the operator in the module, in hexadecimal
//!     struct.set 3 0 v2, v1 [struct]             <- what the first operand can be, where passes found out
//!     branch v1, b1(i32:7), b2                    <- constants are written type:value
//! ...
//! ```

use crate::{Block, Callee, EdgeId, Func, Inst, InstId, NO_OFFSET, RefKinds, Term, Type, Value};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Func {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = Names::new(self);
        let printer = Printer { func: self, names };
        printer.func(f)
    }
}

/// Numbers of values in the order in which they are defined in the text.
struct Names(Vec<u32>);

impl Names {
    fn new(func: &Func) -> Names {
        let mut names = vec![u32::MAX; func.n_values()];
        let mut next = 0;
        let mut name = |value: Value| {
            names[value.index()] = next;
            next += 1;
        };
        for block in func.blocks() {
            func.params(block).iter().copied().for_each(&mut name);
            for &id in func.insts(block) {
                func.inst_results(id).for_each(&mut name);
            }
        }
        Names(names)
    }
}

struct Printer<'a> {
    func: &'a Func,
    names: Names,
}

/// Something that prints as a comma-separated list.
struct Commas<I>(I);

impl<I: Iterator<Item: Display> + Clone> Display for Commas<I> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (nth, item) in self.0.clone().enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            write!(f, "{comma}{item}")?;
        }
        Ok(())
    }
}

/// A value as an operand.
struct Operand<'a>(&'a Printer<'a>, Value);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Operand(printer, value) = *self;
        let func = printer.func;
        if value == Value::NONE || value.index() >= func.n_values() {
            return f.write_str("v?");
        }
        let ty = func.ty(value);
        match func.const_bits(value) {
            None => write!(f, "v{}", printer.names.0[value.index()]),
            Some(bits) => match ty {
                Type::I32 => write!(f, "i32:{}", bits as i32),
                Type::I64 => write!(f, "i64:{}", bits as i64),
                Type::F32 | Type::F64 | Type::V128 => write!(f, "{ty}:{bits:#x}"),
                Type::FuncRef | Type::Ref => write!(f, "{ty}:null"),
            },
        }
    }
}

/// An edge: the target and, if there are any, the arguments.
struct Target<'a>(&'a Printer<'a>, EdgeId);

impl Display for Target<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Target(printer, edge) = *self;
        write!(f, "b{}", printer.func.edge(edge).to.0)?;
        let args = printer.func.edge_args(edge);
        if args.is_empty() {
            Ok(())
        } else {
            write!(f, "({})", printer.operands(args))
        }
    }
}

impl<'a> Printer<'a> {
    fn operand(&'a self, value: Value) -> Operand<'a> {
        Operand(self, value)
    }

    fn operands(&'a self, values: &'a [Value]) -> impl Display + 'a {
        Commas(values.iter().map(|&v| self.operand(v)))
    }

    fn func(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let func = self.func;
        let params = if func.n_blocks() == 0 {
            &[]
        } else {
            func.params(Block(0))
        };
        let params = Commas(params.iter().map(|&v| func.ty(v)));
        let results = Commas(func.results().iter());
        writeln!(f, "func ({params}) -> ({results}) {{")?;
        for call in func.inlined() {
            let (first, start) = (call.first, call.start);
            write!(
                f,
                "inlined @{first:x} func {} at @{start:x} called",
                call.func.0
            )?;
            self.offset(f, call.call)?;
        }
        for block in func.blocks() {
            let params = func.params(block);
            write!(f, "b{}", block.0)?;
            if !params.is_empty() {
                write!(
                    f,
                    "({})",
                    Commas(params.iter().map(|&v| self.definition(v)))
                )?;
            }
            f.write_str(if func.is_cold(block) {
                " cold:\n"
            } else {
                ":\n"
            })?;
            for &id in func.insts(block) {
                self.inst(f, id)?;
                self.offset(f, func.offset(id))?;
            }
            self.term(f, block)?;
            self.offset(f, func.term_offset(block))?;
        }
        f.write_str("}\n")
    }

    fn definition(&self, value: Value) -> String {
        format!("v{}: {}", self.names.0[value.index()], self.func.ty(value))
    }

    fn offset(&self, f: &mut Formatter<'_>, offset: u32) -> fmt::Result {
        if offset != NO_OFFSET {
            write!(f, " @{offset:x}")?;
        }
        f.write_char('\n')
    }

    fn inst(&self, f: &mut Formatter<'_>, id: InstId) -> fmt::Result {
        f.write_str("    ")?;
        let results = self.func.inst_results(id);
        if results.len() != 0 {
            for (nth, value) in results.enumerate() {
                let comma = if nth == 0 { "" } else { ", " };
                write!(f, "{comma}{}", self.definition(value))?;
            }
            f.write_str(" = ")?;
        }
        let inst = *self.func.inst(id);
        self.head(f, &inst)?;
        if let Inst::Call { args, .. }
        | Inst::CallIndirect { args, .. }
        | Inst::CallRef { args, .. } = inst
        {
            return write!(f, "({})", self.operands(self.func.list(args)));
        }
        let mut args = Vec::new();
        inst.for_each_arg(self.func, |v| args.push(v));
        if !args.is_empty() {
            write!(f, " {}", self.operands(&args))?;
        }
        match self.func.operand_kinds(id) {
            RefKinds::ALL => {}
            kinds => write!(f, " [{kinds}]")?,
        }
        if self.func.is_in_bounds(id) {
            f.write_str(" in_bounds")?;
        }
        Ok(())
    }

    /// Name and immediates; for calls, all that precedes the arguments.
    fn head(&self, f: &mut Formatter<'_>, inst: &Inst) -> fmt::Result {
        match *inst {
            Inst::Compute { op, .. } => write!(f, "{op}"),
            Inst::Wide { op, .. } => write!(f, "{op}"),
            Inst::Lane { op, lane, .. } => write!(f, "{op} {lane}"),
            Inst::Shuffle { lanes, .. } => {
                write!(f, "i8x16.shuffle {:#x}", self.func.vector(lanes).to_u128())
            }
            Inst::Select { .. } => f.write_str("select"),
            Inst::Load {
                op, memory, offset, ..
            } => access(f, op.name(), memory.0, offset),
            Inst::Store {
                op, memory, offset, ..
            } => access(f, op.name(), memory.0, offset),
            Inst::LoadLane {
                op,
                lane,
                memory,
                offset,
                ..
            } => {
                access(f, op.name(), memory.0, offset)?;
                write!(f, " {lane}")
            }
            Inst::StoreLane {
                op,
                lane,
                memory,
                offset,
                ..
            } => {
                access(f, op.name(), memory.0, offset)?;
                write!(f, " {lane}")
            }
            Inst::Atomic {
                op, memory, offset, ..
            } => access(f, op.name(), memory.0, offset),
            Inst::AtomicFence => f.write_str("atomic.fence"),
            Inst::MemorySize { memory } => write!(f, "memory.size {}", memory.0),
            Inst::MemoryGrow { memory, .. } => write!(f, "memory.grow {}", memory.0),
            Inst::MemoryFill { memory, .. } => write!(f, "memory.fill {}", memory.0),
            Inst::MemoryCopy { dst, src, .. } => write!(f, "memory.copy {} {}", dst.0, src.0),
            Inst::MemoryInit { data, memory, .. } => {
                write!(f, "memory.init {} {}", data.0, memory.0)
            }
            Inst::DataDrop { data } => write!(f, "data.drop {}", data.0),
            Inst::GlobalGet { global } => write!(f, "global.get {}", global.0),
            Inst::GlobalSet { global, .. } => write!(f, "global.set {}", global.0),
            Inst::RefFunc { func } => write!(f, "ref.func {}", func.0),
            Inst::RefIsNull { .. } => f.write_str("ref.is_null"),
            Inst::TableGet { table, .. } => write!(f, "table.get {}", table.0),
            Inst::TableSet { table, .. } => write!(f, "table.set {}", table.0),
            Inst::TableSize { table } => write!(f, "table.size {}", table.0),
            Inst::TableGrow { table, .. } => write!(f, "table.grow {}", table.0),
            Inst::TableFill { table, .. } => write!(f, "table.fill {}", table.0),
            Inst::TableCopy { dst, src, .. } => write!(f, "table.copy {} {}", dst.0, src.0),
            Inst::TableInit { elem, table, .. } => {
                write!(f, "table.init {} {}", elem.0, table.0)
            }
            Inst::ElemDrop { elem } => write!(f, "elem.drop {}", elem.0),
            Inst::Call { func, .. } => write!(f, "call {}", func.0),
            Inst::CallIndirect {
                ty, table, index, ..
            } => {
                let index = self.operand(index);
                write!(f, "call_indirect {} {} {index}", ty.0, table.0)
            }
            Inst::CallRef { ty, callee, .. } => {
                write!(f, "call_ref {} {}", ty.0, self.operand(callee))
            }
            Inst::NullCheck { .. } => f.write_str("null_check"),
            Inst::Gc { op, .. } => write!(f, "{op}"),
            Inst::Exn { op, .. } => write!(f, "{op}"),
            Inst::TableCallee { table, .. } => write!(f, "table.callee {}", table.0),
            Inst::FuncIs { func, .. } => write!(f, "func.is {}", func.0),
            Inst::FuncNumber { from, .. } => write!(f, "func.number {}", from.0),
            Inst::FrameLoad { below, .. } => write!(f, "frame.load {below}"),
            Inst::Fuel { units } => write!(f, "fuel {units}"),
            Inst::FuelCheck => f.write_str("fuel.check"),
        }
    }

    fn term(&self, f: &mut Formatter<'_>, block: Block) -> fmt::Result {
        f.write_str("    ")?;
        match self.func.term(block) {
            Term::Open => f.write_str("open"),
            Term::Jump(edge) => write!(f, "jump {}", Target(self, edge)),
            Term::Branch {
                cond,
                then,
                otherwise,
            } => {
                let (then, otherwise) = (Target(self, then), Target(self, otherwise));
                write!(f, "branch {}, {then}, {otherwise}", self.operand(cond))
            }
            Term::Switch { index, targets } => {
                write!(f, "switch {}", self.operand(index))?;
                self.func
                    .targets(targets)
                    .try_for_each(|edge| write!(f, ", {}", Target(self, edge)))
            }
            Term::Try { normal, unwind } => {
                let (normal, unwind) = (Target(self, normal), Target(self, unwind));
                write!(f, "try {normal}, {unwind}")
            }
            Term::Throw(exception) => write!(f, "throw {}", self.operand(exception)),
            Term::Return(list) if list.is_empty() => f.write_str("return"),
            Term::Return(list) => write!(f, "return {}", self.operands(self.func.list(list))),
            Term::TailCall { callee, args } => {
                match callee {
                    Callee::Func(func) => write!(f, "return_call {}", func.0)?,
                    Callee::Table { ty, table, index } => {
                        let index = self.operand(index);
                        write!(f, "return_call_indirect {} {} {index}", ty.0, table.0)?;
                    }
                    Callee::Ref { ty, callee } => {
                        write!(f, "return_call_ref {} {}", ty.0, self.operand(callee))?;
                    }
                }
                write!(f, "({})", self.operands(self.func.list(args)))
            }
            Term::Trap(trap) => write!(f, "trap {trap:?}"),
        }
    }
}

fn access(f: &mut Formatter<'_>, name: &str, memory: u32, offset: u64) -> fmt::Result {
    f.write_str(name)?;
    if memory != 0 {
        write!(f, " memory={memory}")?;
    }
    if offset != 0 {
        write!(f, " offset={offset}")?;
    }
    Ok(())
}
