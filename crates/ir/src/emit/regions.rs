//! Where `try_table` opens and closes: around what is caught alike, as far out as that goes.
//!
//! Apart from putting blocks in order because that is done before: what is caught is then a matter of what stands next to each other.
//! Handlers are a tree, by what is around them. Parts next to each other get the handler in which all of theirs are; what is left for
//! some of them is found within.

use super::EmitError;
use super::shape::Part;
use super::tries::{HandlerIdx, OUTWARDS, Tries};
use module::{BlockType, FuncType, ValType};
use std::collections::{HashMap, HashSet};

/// How often parts and handlers are looked at, all in all.
const WORK_MAX: usize = 1 << 24;

/// What there is to know of a part.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Note {
    /// What catches what it throws, if it throws anything.
    pub(super) handler: Option<HandlerIdx>,
    /// Whether something is on the stack when it starts.
    pub(super) goes_on: bool,
}

/// Whether a part takes what another one has left on the stack.
pub(super) fn goes_on(part: &Part, note: &Note) -> bool {
    match part {
        Part::If { .. } | Part::BrIf { .. } | Part::BrTable(..) | Part::Drop | Part::Return => true,
        _ => note.goes_on,
    }
}

pub(super) struct Regions<'f> {
    pub(super) tries: &'f Tries,
    /// By block: its node.
    pub(super) nodes: &'f [u32],
    /// The function's type.
    pub(super) ty: &'f FuncType,
}

/// Parts in a row.
struct Row {
    start: usize,
    end: usize,
    /// What catches around them.
    around: HandlerIdx,
    /// What they leave on the stack.
    ty: BlockType,
}

/// Parts of a row that are caught alike.
#[derive(Clone, Copy)]
struct Run {
    start: usize,
    /// Where what throws ends, and where the last of that starts.
    end: usize,
    last: usize,
    handler: HandlerIdx,
}

impl Regions<'_> {
    /// The parts, with those that catch.
    pub(super) fn caught(&self, parts: &[Part], notes: &[Note]) -> Result<Vec<Part>, EmitError> {
        let mut finder = Finder::new(self, parts, notes)?;
        let whole = match *self.ty.results() {
            [result] => BlockType::Value(result),
            _ => BlockType::Empty,
        };
        finder.rows.push(Row {
            start: 0,
            end: parts.len(),
            around: OUTWARDS,
            ty: whole,
        });
        while let Some(row) = finder.rows.pop() {
            finder.row(&row)?;
        }
        Ok(finder.apply())
    }
}

struct Finder<'f> {
    tries: &'f Tries,
    ty: &'f FuncType,
    parts: &'f [Part],
    notes: &'f [Note],
    /// By part that opens something: the part that closes it, and its other half.
    close: HashMap<usize, (usize, Option<usize>)>,
    /// By part that opens something: in which handler everything within is, as seen from outside.
    within: HashMap<usize, Option<HandlerIdx>>,
    rows: Vec<Row>,
    /// Before which part something opens, outer ones first.
    opens: Vec<(usize, Part)>,
    /// Behind which part.
    closes: Vec<usize>,
    /// Parts that become others.
    instead: HashMap<usize, Part>,
    work: usize,
    /// By handler: what is around it.
    parents: Vec<HandlerIdx>,
    /// By handler: how many are around it.
    depths: Vec<u32>,
}

impl<'f> Finder<'f> {
    fn new(
        regions: &Regions<'f>,
        parts: &'f [Part],
        notes: &'f [Note],
    ) -> Result<Finder<'f>, EmitError> {
        let mut finder = Finder {
            tries: regions.tries,
            ty: regions.ty,
            parts,
            notes,
            close: HashMap::new(),
            within: HashMap::new(),
            rows: Vec::new(),
            opens: Vec::new(),
            closes: Vec::new(),
            instead: HashMap::new(),
            work: 0,
            parents: vec![OUTWARDS; regions.tries.n_handlers()],
            depths: vec![0; regions.tries.n_handlers()],
        };
        finder.nest(regions.nodes)?;
        let landings = regions.tries.landings();
        let landings: HashSet<u32> = landings.map(|block| regions.nodes[block.index()]).collect();
        let mut open: Vec<(usize, Option<usize>, Option<HandlerIdx>)> = Vec::new();
        let mut now = None;
        for (at, part) in parts.iter().enumerate() {
            match *part {
                Part::Block(..) | Part::Loop { .. } | Part::If { .. } => {
                    open.push((at, None, now));
                    now = None;
                }
                Part::Else => open.last_mut().expect("something is open").1 = Some(at),
                Part::End => {
                    let (start, other, before) = open.pop().expect("something is open");
                    now = match parts[start] {
                        Part::Block(label, _) | Part::Loop { label, .. }
                            if landings.contains(&label.node) =>
                        {
                            finder.above(now, label.node, regions.nodes)?
                        }
                        _ => now,
                    };
                    finder.close.insert(start, (at, other));
                    finder.within.insert(start, now);
                    now = finder.meet(before, now)?;
                }
                _ => now = finder.meet(now, notes[at].handler)?,
            }
        }
        Ok(finder)
    }

    /// Finds out what is around each handler: only what leads out of all that leads where it leads itself.
    fn nest(&mut self, nodes: &[u32]) -> Result<(), EmitError> {
        // By node: from where to where its labels are known.
        let mut scopes: HashMap<u32, Vec<(usize, usize)>> = HashMap::new();
        let mut open = Vec::new();
        for (at, part) in self.parts.iter().enumerate() {
            match *part {
                Part::Block(label, _) | Part::Loop { label, .. } => open.push((at, Some(label))),
                Part::If { .. } => open.push((at, None)),
                Part::End => {
                    let (start, label) = open.pop().expect("something is open");
                    if let Some(label) = label {
                        scopes.entry(label.node).or_default().push((start, at));
                    }
                }
                _ => {}
            }
        }
        let tries = self.tries;
        let n = tries.n_handlers() as HandlerIdx;
        let scopes_of = |handler: HandlerIdx| {
            let scopes = scopes.get(&nodes[tries.landing(handler).index()]);
            scopes.map_or(&[][..], |scopes| &scopes[..])
        };
        for handler in 1..n {
            if let Some(rest) = tries.rest(handler) {
                self.parents[handler as usize] = rest;
                continue;
            }
            let inner = scopes_of(handler);
            for &parent in tries.around(handler) {
                let mut at = Some(parent);
                while let Some(outer) = at.filter(|&at| at != OUTWARDS) {
                    self.works(1)?;
                    let is_known = inner.iter().all(|inner| {
                        let mut scopes = scopes_of(outer).iter();
                        scopes.any(|outer| outer.0 < inner.0 && inner.1 < outer.1)
                    });
                    if !is_known {
                        break;
                    }
                    at = tries.rest(outer);
                }
                if at.is_none_or(|at| at == OUTWARDS) {
                    self.parents[handler as usize] = parent;
                    break;
                }
            }
        }
        let mut is_known = vec![false; n as usize];
        is_known[OUTWARDS as usize] = true;
        for handler in 1..n as usize {
            let mut path = Vec::new();
            let mut up = handler;
            while !is_known[up] {
                is_known[up] = true;
                path.push(up);
                up = self.parents[up] as usize;
            }
            let mut depth = self.depths[up];
            for at in path.into_iter().rev() {
                depth += 1;
                self.depths[at] = depth;
            }
        }
        Ok(())
    }

    fn works(&mut self, steps: usize) -> Result<(), EmitError> {
        self.work += steps;
        match self.work > WORK_MAX {
            true => Err(EmitError::TooComplex),
            false => Ok(()),
        }
    }

    fn meet(
        &mut self,
        a: Option<HandlerIdx>,
        b: Option<HandlerIdx>,
    ) -> Result<Option<HandlerIdx>, EmitError> {
        let (Some(first), Some(second)) = (a, b) else {
            return Ok(a.or(b));
        };
        let (mut a, mut b) = (first, second);
        let mut steps = 1;
        while a != b {
            if self.depths[a as usize] < self.depths[b as usize] {
                std::mem::swap(&mut a, &mut b);
            }
            a = self.parents[a as usize];
            steps += 1;
        }
        self.works(steps)?;
        Ok(Some(a))
    }

    /// What can catch outside of where a label is known: nothing that leads there.
    fn above(
        &mut self,
        handler: Option<HandlerIdx>,
        node: u32,
        nodes: &[u32],
    ) -> Result<Option<HandlerIdx>, EmitError> {
        let Some(mut at) = handler else {
            return Ok(None);
        };
        let mut found = at;
        let mut steps = 0;
        while at != OUTWARDS {
            let parent = self.parents[at as usize];
            if nodes[self.tries.landing(at).index()] == node {
                found = parent;
            }
            at = parent;
            steps += 1;
        }
        self.works(steps)?;
        Ok(Some(found))
    }

    /// The last part of what starts with a part.
    fn last(&self, at: usize) -> usize {
        self.close.get(&at).map_or(at, |close| close.0)
    }

    /// Whether a part takes what another one has left on the stack.
    fn goes_on(&self, at: usize) -> bool {
        goes_on(&self.parts[at], &self.notes[at])
    }

    fn handler(&self, at: usize) -> Option<HandlerIdx> {
        match self.within.get(&at) {
            Some(within) => *within,
            None => self.notes[at].handler,
        }
    }

    fn row(&mut self, row: &Row) -> Result<(), EmitError> {
        let mut run: Option<Run> = None;
        // Where parts start that only go on, up to here, and throw nothing.
        let mut free = None;
        let mut at = row.start;
        while at < row.end {
            self.works(1)?;
            if !self.goes_on(at) {
                free = Some(at);
            }
            let end = self.last(at) + 1;
            let handler = self.handler(at).filter(|&handler| handler != row.around);
            match (handler, self.handler(at)) {
                (Some(handler), _) => {
                    let joined = match run {
                        Some(run) => self.meet(Some(run.handler), Some(handler))?,
                        None => Some(row.around),
                    };
                    match (&mut run, joined.filter(|&joined| joined != row.around)) {
                        (Some(run), Some(joined)) => {
                            run.end = end;
                            run.last = at;
                            run.handler = joined;
                        }
                        _ => {
                            self.finish(row, run.take());
                            // What is taken from the stack must not have been left there outside.
                            match free {
                                None => self.inside(at, row.around),
                                Some(start) => {
                                    run = Some(Run {
                                        start,
                                        end,
                                        last: at,
                                        handler,
                                    });
                                }
                            }
                        }
                    }
                }
                (None, Some(_)) => {
                    self.finish(row, run.take());
                    self.inside(at, row.around);
                }
                // What throws nothing is caught by anything.
                (None, None) => {
                    if let Some(run) = &mut run
                        && run.end == at
                        && self.goes_on(at)
                        && self.left(run.last) == BlockType::Empty
                    {
                        run.end = end;
                        run.last = at;
                    }
                }
            }
            if self.handler(at).is_some() {
                free = None;
            }
            at = end;
        }
        self.finish(row, run);
        Ok(())
    }

    /// What a clause leaves on the stack where a part ends.
    fn left(&self, at: usize) -> BlockType {
        match self.parts[at] {
            Part::Block(_, ty) => ty,
            _ => BlockType::Empty,
        }
    }

    /// Looks into what opens at a part.
    fn inside(&mut self, at: usize, around: HandlerIdx) {
        let Some(&(close, other)) = self.close.get(&at) else {
            return;
        };
        let of_function = match *self.ty.results() {
            [result] => BlockType::Value(result),
            _ => BlockType::Empty,
        };
        let ty = match self.parts[at] {
            Part::Block(_, ty) => ty,
            Part::Loop { has_result, .. } | Part::If { has_result, .. } if has_result => {
                of_function
            }
            Part::Loop { .. } | Part::If { .. } => BlockType::Empty,
            _ => unreachable!("it opens something"),
        };
        for (start, end) in [
            (at + 1, other.unwrap_or(close)),
            (other.map_or(close, |other| other + 1), close),
        ] {
            self.rows.push(Row {
                start,
                end,
                around,
                ty,
            });
        }
    }

    /// Lets a run be caught.
    fn finish(&mut self, row: &Row, run: Option<Run>) {
        let Some(Run {
            start,
            end,
            last,
            handler,
        }) = run
        else {
            return;
        };
        let around = row.around;
        let is_condition = || match self.parts.get(end) {
            Some(Part::If { .. }) => end < row.end,
            _ => false,
        };
        let ty = match end == row.end {
            true => row.ty,
            false if is_condition() => BlockType::Value(ValType::I32),
            false => self.left(last),
        };
        // A block that is all of it catches itself.
        if let Part::Block(label, ty) = self.parts[start]
            && self.last(start) + 1 == end
        {
            let part = Part::Try {
                handler,
                around,
                ty,
                label: Some(label),
            };
            self.instead.insert(start, part);
            return self.inside(start, handler);
        }
        let part = Part::Try {
            handler,
            around,
            ty,
            label: None,
        };
        self.opens.push((start, part));
        self.closes.push(end - 1);
        self.rows.push(Row {
            start,
            end,
            around: handler,
            ty,
        });
    }

    fn apply(mut self) -> Vec<Part> {
        // Outer ones were found first.
        self.opens.sort_by_key(|open| open.0);
        self.closes.sort_unstable();
        let mut opens = self.opens.into_iter().peekable();
        let mut closes = self.closes.into_iter().peekable();
        let mut parts = Vec::with_capacity(self.parts.len() + opens.len() * 2);
        for (at, &part) in self.parts.iter().enumerate() {
            while let Some((_, open)) = opens.next_if(|open| open.0 == at) {
                parts.push(open);
            }
            parts.push(self.instead.get(&at).copied().unwrap_or(part));
            while closes.next_if(|&close| close == at).is_some() {
                parts.push(Part::End);
            }
        }
        // What is behind a part that catches can be reached as far as validation can tell.
        if self.ty.results().len() > 1 && parts.last() == Some(&Part::End) {
            parts.push(Part::Unreachable);
        }
        parts
    }
}
