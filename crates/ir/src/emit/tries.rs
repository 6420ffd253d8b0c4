//! What catches what: the clauses of `try_table`, read off the blocks that exceptions lead to.
//!
//! Apart from putting blocks in order because it is about what these blocks mean. A block that only asks for the tag of an exception is
//! no code: it is a clause, and what it leads to if the tag is another one is the clauses after it.
//!
//! ```text
//! dispatch   (v3) v4 = exn.is 0 v3   branch v4, first, rest      ==>   catch 0 $first, then what rest stands for
//! rest       throw v3                                            ==>   nothing: it goes outwards by itself
//! rest       any other code                                      ==>   catch_all $rest, or catch_all_ref if it needs the exception
//! ```
//! What leads to a block that is no code is written as a throw, unless it is a call that throws. Values that the blocks get are where
//! they are expected before anything is thrown.

mod normal;

use super::EmitError;
use crate::{Block, Cfg, Def, EdgeId, ExnOp, Func, Inst, InstId, Term, Value};
use module::{Header, TagIdx};
use std::collections::HashMap;

pub(super) use normal::normalized;

/// How often anything is looked at, all in all: chains of clauses may be as long as the function.
const WORK_MAX: usize = 1 << 22;

/// Blocks that are looked at to find out what is around a handler.
const NEST_BLOCKS_MAX: usize = 48;

/// The number of what catches.
pub(super) type HandlerIdx = u32;

/// Nothing here: exceptions leave the function.
pub(super) const OUTWARDS: HandlerIdx = 0;

/// One clause, and those after it.
struct Handler {
    clause: Clause,
    /// What catches the other exceptions; none if there are no others.
    rest: Option<HandlerIdx>,
    /// What may be around it beside that, the best first.
    around: Vec<HandlerIdx>,
}

/// A clause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Clause {
    /// The tag of what it catches, or all.
    pub(super) tag: Option<TagIdx>,
    /// Where it leads.
    pub(super) to: Block,
}

/// What is on the stack where a clause leads to.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// The payload is that of this tag.
    pub(super) tag: Option<TagIdx>,
    /// What becomes of each value of the payload: the values that it is, none if it is not needed.
    pub(super) fields: Vec<Vec<Value>>,
    /// The values that are the exception. Without any, it is not there.
    pub(super) refs: Vec<Value>,
}

impl Entry {
    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.fields.len() + usize::from(!self.refs.is_empty())
    }

    /// What becomes of the values, from the top of the stack.
    pub(super) fn pops(&self) -> impl DoubleEndedIterator<Item = &[Value]> {
        let refs = (!self.refs.is_empty()).then_some(&self.refs);
        let fields = self.fields.iter().rev();
        refs.into_iter().chain(fields).map(|values| &values[..])
    }
}

/// What is known of a function that catches; nothing is there for others.
#[derive(Default)]
pub(super) struct Tries {
    handlers: Vec<Handler>,
    /// By block: whether it is no code.
    is_virtual: Vec<bool>,
    /// By block: what catches what its end throws, a call or what is thrown.
    handler_of: Vec<HandlerIdx>,
    /// By block: what its jump throws, or none.
    thrown: Vec<Value>,
    /// By block: what values become where its exceptions lead.
    pairs: Vec<Vec<(Value, Value)>>,
    entries: HashMap<Block, Entry>,
    /// The exception that a block is entered with, if it is no parameter.
    caught: HashMap<Block, Value>,
    /// By edge: whether nothing happens on the way.
    is_silent: Vec<bool>,
    /// Instructions that are no code.
    silent: Vec<bool>,
    /// By call: the block that it ends.
    tried: HashMap<InstId, Block>,
    /// By block: the one behind it, if they are one piece of code.
    next: Vec<Block>,
    is_next: Vec<bool>,
}

impl Tries {
    /// Finds out, for a function that is [`normalized`].
    ///
    /// # Errors
    /// If what is done with exceptions cannot be said by clauses.
    pub(super) fn new(func: &Func, cfg: &Cfg, header: &Header) -> Result<Tries, EmitError> {
        if !normal::has_tries(func) {
            return Ok(Tries::default());
        }
        let n = func.n_blocks();
        let root = Handler {
            clause: Clause {
                tag: None,
                to: Block::NONE,
            },
            rest: None,
            around: Vec::new(),
        };
        let mut finder = Finder {
            func,
            cfg,
            tries: Tries {
                handlers: vec![root],
                is_virtual: normal::virtual_blocks(func, cfg),
                handler_of: vec![OUTWARDS; n],
                thrown: vec![Value::NONE; n],
                pairs: vec![Vec::new(); n],
                is_silent: vec![false; func.n_edges()],
                silent: vec![false; func.n_insts()],
                next: vec![Block::NONE; n],
                is_next: vec![false; n],
                ..Tries::default()
            },
            handler_at: vec![None; n],
            work: 0,
        };
        finder.handlers()?;
        finder.nest()?;
        finder.payloads(header)?;
        finder.pairs()?;
        finder.references()?;
        finder.units();
        Ok(finder.tries)
    }

    /// Whether anything is caught at all.
    pub(super) fn any(&self) -> bool {
        !self.handlers.is_empty()
    }

    /// Whether a block is no code.
    pub(super) fn is_virtual(&self, block: Block) -> bool {
        self.is_virtual.get(block.index()) == Some(&true)
    }

    /// What catches what the call at the end of a block throws, or what the block itself throws.
    pub(super) fn handler(&self, block: Block) -> HandlerIdx {
        self.handler_of
            .get(block.index())
            .copied()
            .unwrap_or(OUTWARDS)
    }

    /// What catches what an instruction throws.
    pub(super) fn handler_of_call(&self, id: InstId) -> HandlerIdx {
        self.tried_block(id)
            .map_or(OUTWARDS, |block| self.handler(block))
    }

    /// The block that ends with this call.
    pub(super) fn tried_block(&self, id: InstId) -> Option<Block> {
        match self.any() {
            true => self.tried.get(&id).copied(),
            false => None,
        }
    }

    /// The exception that a block ends with.
    pub(super) fn thrown(&self, func: &Func, block: Block) -> Option<Value> {
        match func.term(block) {
            Term::Throw(exception) => Some(exception),
            _ => self
                .thrown
                .get(block.index())
                .copied()
                .filter(|&value| value != Value::NONE),
        }
    }

    /// What values become where the exceptions of a block lead, parameters that become themselves included.
    pub(super) fn pairs(&self, block: Block) -> &[(Value, Value)] {
        self.pairs
            .get(block.index())
            .map_or(&[], |pairs| &pairs[..])
    }

    /// What is on the stack at the start of a block, if anything is.
    pub(super) fn entry(&self, block: Block) -> Option<&Entry> {
        let entry = self.entries.get(&block)?;
        (entry.len() > 0).then_some(entry)
    }

    /// The exceptions that clauses leave on the stack.
    pub(super) fn entered(&self) -> impl Iterator<Item = Value> + '_ {
        let entries = self.entries.values();
        entries.flat_map(|entry| entry.refs.iter().copied())
    }

    /// The exception that is in its local where a block starts, if it is no parameter.
    pub(super) fn caught(&self, block: Block) -> Option<Value> {
        self.caught.get(&block).copied()
    }

    /// Whether nothing happens on the way of an edge: what it passes is passed before.
    pub(super) fn is_silent_edge(&self, edge: EdgeId) -> bool {
        self.is_silent.get(edge.index()) == Some(&true)
    }

    /// Whether an instruction is no code.
    pub(super) fn is_silent(&self, id: InstId) -> bool {
        self.silent.get(id.index()) == Some(&true)
    }

    /// The block that is one piece of code with this one, which comes before it.
    pub(super) fn next(&self, block: Block) -> Option<Block> {
        self.next
            .get(block.index())
            .copied()
            .filter(|&next| next != Block::NONE)
    }

    /// Whether a block goes on with the code of another one.
    pub(super) fn is_next(&self, block: Block) -> bool {
        self.is_next.get(block.index()) == Some(&true)
    }

    /// The clauses of a `try_table` that lets `handler` catch where `around` does already.
    pub(super) fn clauses(
        &self,
        handler: HandlerIdx,
        around: HandlerIdx,
    ) -> impl Iterator<Item = Clause> + '_ {
        let mut at = Some(handler);
        std::iter::from_fn(move || {
            let handler = at.filter(|&at| at != around && at != OUTWARDS)?;
            let handler = &self.handlers[handler as usize];
            at = handler.rest;
            Some(handler.clause)
        })
    }

    /// Where clauses lead.
    pub(super) fn landings(&self) -> impl Iterator<Item = Block> + '_ {
        let handlers = self.handlers.iter().skip(1);
        handlers.map(|handler| handler.clause.to)
    }

    /// Where the first clause of a handler leads.
    pub(super) fn landing(&self, handler: HandlerIdx) -> Block {
        self.handlers[handler as usize].clause.to
    }

    /// What may be around a handler beside what catches what it does not, the best first.
    pub(super) fn around(&self, handler: HandlerIdx) -> &[HandlerIdx] {
        &self.handlers[handler as usize].around
    }

    /// How many handlers there are, with that of what leaves the function.
    pub(super) fn n_handlers(&self) -> usize {
        self.handlers.len()
    }

    /// What catches what the first clause of a handler does not; `None` if that catches all.
    pub(super) fn rest(&self, handler: HandlerIdx) -> Option<HandlerIdx> {
        self.handlers[handler as usize].rest
    }
}

/// What a block that is no code does.
enum Virtual {
    /// Goes one way if the exception has the tag, and another one if not.
    Test {
        tag: TagIdx,
        exception: Value,
        then: EdgeId,
        otherwise: EdgeId,
    },
    /// Throws it outwards.
    Throw(Value),
}

impl Virtual {
    fn of(func: &Func, block: Block) -> Virtual {
        match func.term(block) {
            Term::Branch {
                then, otherwise, ..
            } => {
                let Inst::Exn {
                    op: ExnOp::Is(tag),
                    args,
                } = *func.inst(func.insts(block)[0])
                else {
                    unreachable!("such blocks ask for a tag")
                };
                Virtual::Test {
                    tag,
                    exception: func.list(args)[0],
                    then,
                    otherwise,
                }
            }
            Term::Throw(exception) => Virtual::Throw(exception),
            _ => unreachable!("others are code"),
        }
    }

    /// The exception that it is about.
    fn exception(&self) -> Value {
        match *self {
            Virtual::Test { exception, .. } | Virtual::Throw(exception) => exception,
        }
    }
}

fn is_own_param(func: &Func, value: Value, block: Block) -> bool {
    matches!(func.def(value), Def::Param(of, _) if of == block)
}

struct Finder<'f> {
    func: &'f Func,
    cfg: &'f Cfg,
    tries: Tries,
    /// By block: what catches what leads there, if that is known.
    handler_at: Vec<Option<HandlerIdx>>,
    work: usize,
}

impl Finder<'_> {
    fn works(&mut self, steps: usize) -> Result<(), EmitError> {
        self.work += steps;
        match self.work > WORK_MAX {
            true => Err(EmitError::TooComplex),
            false => Ok(()),
        }
    }

    /// What catches what the ends of blocks throw.
    fn handlers(&mut self) -> Result<(), EmitError> {
        let (func, cfg) = (self.func, self.cfg);
        for &block in cfg.rpo() {
            if self.tries.is_virtual(block) {
                let id = func.insts(block).first();
                if let Some(id) = id {
                    self.tries.silent[id.index()] = true;
                }
                let silent = &mut self.tries.is_silent;
                func.for_each_edge(block, |edge| silent[edge.index()] = true);
                continue;
            }
            match func.term(block) {
                Term::Try { unwind, .. } => {
                    let (call, caught) = func.try_call(block).expect("it is normalized");
                    self.tries.tried.insert(call, block);
                    if let Some(caught) = caught {
                        self.tries.silent[caught.index()] = true;
                    }
                    self.tries.is_silent[unwind.index()] = true;
                    let to = func.edge(unwind).to;
                    self.tries.handler_of[block.index()] = self.at(to)?;
                }
                Term::Jump(edge) if self.tries.is_virtual(func.edge(edge).to) => {
                    self.tries.is_silent[edge.index()] = true;
                    let to = func.edge(edge).to;
                    self.tries.handler_of[block.index()] = self.at(to)?;
                    let exception = Virtual::of(func, to).exception();
                    let thrown = match func.def(exception) {
                        Def::Param(of, nth) if of == to => func.edge_args(edge)[usize::from(nth)],
                        _ => exception,
                    };
                    self.tries.thrown[block.index()] = thrown;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What catches what leads to a block.
    fn at(&mut self, block: Block) -> Result<HandlerIdx, EmitError> {
        let mut at = block;
        let mut tests = Vec::new();
        let mut handler = loop {
            if let Some(known) = self.handler_at[at.index()] {
                break known;
            }
            if !self.tries.is_virtual(at) {
                let clause = Clause { tag: None, to: at };
                break self.push(clause, None, at);
            }
            match Virtual::of(self.func, at) {
                Virtual::Throw(_) => break OUTWARDS,
                Virtual::Test {
                    tag,
                    then,
                    otherwise,
                    ..
                } => {
                    let to = self.func.edge(then).to;
                    tests.push((at, Clause { tag: Some(tag), to }));
                    at = self.func.edge(otherwise).to;
                }
            }
            if tests.len() > self.func.n_blocks() {
                return Err(EmitError::Unsupported("exceptions that are never caught"));
            }
        };
        self.works(tests.len())?;
        for (at, clause) in tests.into_iter().rev() {
            handler = self.push(clause, Some(handler), at);
        }
        Ok(handler)
    }

    fn push(&mut self, clause: Clause, rest: Option<HandlerIdx>, at: Block) -> HandlerIdx {
        let number = self.tries.handlers.len() as HandlerIdx;
        self.tries.handlers.push(Handler {
            clause,
            rest,
            around: Vec::new(),
        });
        self.handler_at[at.index()] = Some(number);
        number
    }

    /// What catches all can be within anything: best within what catches exceptions of where it leads.
    fn nest(&mut self) -> Result<(), EmitError> {
        for at in 1..self.tries.handlers.len() {
            let Handler { clause, rest, .. } = self.tries.handlers[at];
            if rest.is_some() {
                continue;
            }
            let mut found: Vec<HandlerIdx> = Vec::new();
            let mut seen = vec![clause.to];
            let mut next = 0;
            let mut n_edges = 0;
            while let Some(&block) = seen.get(next) {
                let handler = self.tries.handler(block);
                if handler != OUTWARDS && handler as usize != at && !found.contains(&handler) {
                    found.push(handler);
                }
                self.func.for_each_edge(block, |edge| {
                    let to = self.func.edge(edge).to;
                    n_edges += 1;
                    let is_code = !self.tries.is_silent_edge(edge);
                    if is_code && seen.len() < NEST_BLOCKS_MAX && !seen.contains(&to) {
                        seen.push(to);
                    }
                });
                next += 1;
            }
            self.works(n_edges)?;
            self.tries.handlers[at].around = found;
        }
        Ok(())
    }

    /// The instructions that read payloads stand where a clause leads.
    fn payloads(&mut self, header: &Header) -> Result<(), EmitError> {
        let func = self.func;
        for &block in self.cfg.rpo() {
            if !self.tries.is_virtual(block) {
                continue;
            }
            let Virtual::Test {
                tag,
                exception,
                then,
                ..
            } = Virtual::of(func, block)
            else {
                continue;
            };
            let to = func.edge(then).to;
            let n_fields = header.type_at(header.tags()[tag.index()]).params().len();
            self.works(n_fields)?;
            if n_fields > 0 {
                if self.cfg.preds(to).len() != 1 {
                    return Err(EmitError::Unsupported("payloads that come several ways"));
                }
                let mut fields = vec![Vec::new(); n_fields];
                for &id in func.insts(to) {
                    if let Inst::Exn {
                        op: ExnOp::Field { tag: of, field },
                        args,
                    } = *func.inst(id)
                        && of == tag
                        && func.list(args)[0] == exception
                    {
                        self.tries.silent[id.index()] = true;
                        fields[field as usize].push(func.result(id));
                    }
                }
                let entry = Entry {
                    tag: Some(tag),
                    fields,
                    refs: Vec::new(),
                };
                self.tries.entries.insert(to, entry);
            }
        }
        Ok(())
    }

    /// Where exceptions themselves are needed.
    fn references(&mut self) -> Result<(), EmitError> {
        let (func, cfg) = (self.func, self.cfg);
        // Exceptions as blocks are entered with them.
        let mut homes: HashMap<Value, Block> = HashMap::new();
        for &block in cfg.rpo() {
            if self.tries.is_virtual(block) {
                let exception = Virtual::of(func, block).exception();
                if is_own_param(func, exception, block) {
                    homes.insert(exception, block);
                }
            }
            if let Term::Try { unwind, .. } = func.term(block)
                && let Some((_, Some(caught))) = func.try_call(block)
            {
                let caught = func.result(caught);
                let to = func.edge(unwind).to;
                homes.insert(caught, to);
                let params = func.params(to).iter();
                for (&arg, &param) in func.edge_args(unwind).iter().zip(params) {
                    if arg == caught {
                        homes.insert(param, to);
                    }
                }
            }
        }
        let mut uses: HashMap<Value, Vec<Block>> = HashMap::new();
        for &block in cfg.rpo() {
            if self.tries.is_virtual(block) {
                continue;
            }
            let mut note = |value: Value| {
                if homes.contains_key(&value) {
                    uses.entry(value).or_default().push(block);
                }
            };
            for &id in func.insts(block) {
                if !self.tries.is_silent(id) {
                    func.inst(id).for_each_arg(func, &mut note);
                }
            }
            func.for_each_term_arg(block, &mut note);
            self.tries.thrown(func, block).map(&mut note);
            let own = match func.try_call(block) {
                Some((_, Some(caught))) => func.result(caught),
                _ => Value::NONE,
            };
            func.for_each_edge(block, |edge| {
                let args = func.edge_args(edge).iter();
                args.filter(|&&arg| arg != own).copied().for_each(&mut note);
            });
            // Blocks that are no code pass on what is used where they are left for.
            let passed = self.tries.pairs(block).iter();
            passed.map(|&(from, _)| from).for_each(&mut note);
        }
        let mut uses: Vec<(Value, Vec<Block>)> = uses.into_iter().collect();
        uses.sort_unstable_by_key(|(value, _)| value.index());
        for (exception, blocks) in uses {
            let home = homes[&exception];
            self.reference(exception, home, blocks)?;
        }
        // What a clause leaves on the stack is there however the block is entered.
        for (&block, entry) in &self.tries.entries {
            let mut edges = cfg.preds(block).iter();
            if entry.len() > 0 && edges.any(|&(_, edge)| !self.tries.is_silent_edge(edge)) {
                return Err(EmitError::Unsupported("exceptions that come like others"));
            }
        }
        Ok(())
    }

    /// Where an exception is that a block is entered with and others use.
    fn reference(
        &mut self,
        exception: Value,
        home: Block,
        mut work: Vec<Block>,
    ) -> Result<(), EmitError> {
        let (func, cfg) = (self.func, self.cfg);
        let unknown = EmitError::Unsupported("exceptions that come several ways");
        let mut landings = Vec::new();
        let mut through = vec![home];
        let mut seen = std::collections::HashSet::new();
        while let Some(block) = through.pop() {
            if !seen.insert(block) {
                continue;
            }
            match self.tries.is_virtual(block) {
                true => func.for_each_edge(block, |edge| through.push(func.edge(edge).to)),
                false => landings.push(block),
            }
        }
        seen.clear();
        while let Some(block) = work.pop() {
            if !seen.insert(block) {
                continue;
            }
            self.works(1 + landings.len())?;
            if landings.contains(&block) {
                self.tries
                    .entries
                    .entry(block)
                    .or_default()
                    .refs
                    .push(exception);
                continue;
            }
            if block == home || block == Block::new(0) {
                return Err(unknown);
            }
            let preds = cfg.preds(block).iter().map(|&(pred, _)| pred);
            work.extend(preds.filter(|&pred| cfg.is_reachable(pred)));
        }
        if !matches!(func.def(exception), Def::Param(..)) {
            self.tries.caught.insert(home, exception);
        }
        Ok(())
    }

    /// What values become where exceptions lead: the parameters of all blocks on the way there that are no code, and of the first that is.
    fn pairs(&mut self) -> Result<(), EmitError> {
        let func = self.func;
        for &block in self.cfg.rpo() {
            if self.tries.is_virtual(block) {
                continue;
            }
            let (first, own) = match func.term(block) {
                Term::Try { unwind, .. } => {
                    let caught = func.try_call(block).and_then(|(_, caught)| caught);
                    (unwind, caught.map(|id| func.result(id)))
                }
                Term::Jump(edge) if self.tries.thrown(func, block).is_some() => (edge, None),
                _ => continue,
            };
            // A parameter that becomes itself is what it was before.
            let mut pairs: Vec<(Value, Value)> = Vec::new();
            let mut now: HashMap<Value, Value> = HashMap::new();
            let mut edge = first;
            let mut in_flight: Vec<Value> = own.into_iter().collect();
            loop {
                let to = func.edge(edge).to;
                let is_virtual = self.tries.is_virtual(to);
                let virtually = is_virtual.then(|| Virtual::of(func, to));
                let exception = virtually.as_ref().map(Virtual::exception);
                let start = pairs.len();
                for (&arg, &param) in func.edge_args(edge).iter().zip(func.params(to)) {
                    let from = now.get(&arg).copied().unwrap_or(arg);
                    if Some(param) == exception || !is_virtual && Some(from) == own {
                        continue;
                    }
                    if in_flight.contains(&from) {
                        return Err(EmitError::Unsupported("exceptions as values"));
                    }
                    pairs.push((from, param));
                }
                in_flight.extend(exception.filter(|&value| is_own_param(func, value, to)));
                self.works(1 + pairs.len() - start)?;
                now.extend(pairs[start..].iter().map(|&(from, to)| (to, from)));
                match virtually {
                    Some(Virtual::Test { otherwise, .. }) => edge = otherwise,
                    _ => break,
                }
            }
            self.tries.pairs[block.index()] = pairs;
        }
        Ok(())
    }

    /// Blocks that follow each other where a call goes on when it has returned.
    fn units(&mut self) {
        let (func, cfg) = (self.func, self.cfg);
        for &block in cfg.rpo() {
            let Term::Try { normal, .. } = func.term(block) else {
                continue;
            };
            let to = func.edge(normal).to;
            if cfg.preds(to).len() == 1
                && func.params(to).is_empty()
                && !self.tries.is_virtual(to)
                && to != Block::new(0)
            {
                self.tries.next[block.index()] = to;
                self.tries.is_next[to.index()] = true;
            }
        }
    }
}
