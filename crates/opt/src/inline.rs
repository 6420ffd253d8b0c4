//! Calls replaced by the bodies of their callees: of those that nothing else calls, and of those that are hardly longer than a call.
//!
//! Apart from inlining itself, which `ir` does, because what pays is another question for modules than for machine code: a function
//! that is called once costs nothing where it is called, and its own entry goes.

use crate::Error;
use crate::functions::{self, Facts, Worker};
use crate::job::{Changed, Job};
use crate::uses::Uses;
use ir::{Block, Callee, Func, InlineSite, Inst, InstId, Term};
use module::{FuncIdx, Module, Op};
use rewrite::Rewrite;
use std::collections::HashMap;
use std::sync::Arc;

/// How deep bodies can be in each other.
const DEPTH_MAX: usize = 12;
/// Bytes of bodies that one function can get.
const GROWTH_MAX: usize = 60_000;
/// Bytes of a body that is put into its only caller, for speed: what is longer takes its time without the call, and compilers allot
/// registers worse in long functions.
const ONCE: usize = 400;
/// Bytes of a body that is put everywhere it is called from, for size: about those of the call, with declarations of locals and the `end`.
const TINY: usize = 7;

/// Replaces them.
pub(crate) fn run(module: &Module, job: &Job<'_>) -> Result<Option<Changed>, Error> {
    let options = job.options;
    let uses = Uses::of(module, options)?;
    let (once, small) = match options.only_shorter {
        true => (GROWTH_MAX, TINY),
        false => (ONCE, job.inlined_bytes_max),
    };
    let plan = Plan {
        module,
        uses: &uses,
        once,
        small,
    };
    let facts = Facts::of(module, job)?;
    let bodies = functions::for_each(module, options, |worker, func| {
        let is_worth_a_look = calls_candidates(module, func, &plan).unwrap_or(false);
        // What will be in its only caller need not be done here too.
        if !is_worth_a_look || plan.is_single(func) {
            return None;
        }
        let outer = worker.build(module, func)?.clone();
        let mut chosen = Chosen {
            worker,
            path: vec![func],
            n_bytes: 0,
            n_saved: 0,
            built: HashMap::new(),
        };
        let sites = plan.sites(&outer, true, &mut chosen);
        if sites.is_empty() {
            return None;
        }
        let n_saved = chosen.n_saved;
        let mut inlined = Func::new();
        ir::inline(&outer, Some(func), &sites, &mut inlined);
        let body = functions::finish(module, &facts, func, &mut inlined, facts.pipeline())?;
        let n_before = module.body(func)?.bytes_len();
        (!options.only_shorter || body.len() < n_before + n_saved).then_some(body)
    });
    if bodies.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut better = Rewrite::new(module);
    better.bodies = bodies;
    Ok(Some(Changed::by(module, &better)?))
}

/// Whether a body calls what can be replaced.
fn calls_candidates(module: &Module, func: FuncIdx, plan: &Plan<'_>) -> Option<bool> {
    let mut scratch = module::ReadScratch::default();
    let mut reader = module.body(func)?.trusted().read(&mut scratch).ok()?;
    while let Some((_, op)) = reader.next().ok()? {
        if let Op::Call(callee) | Op::ReturnCall(callee) = op
            && plan.is_candidate(callee)
        {
            return Some(true);
        }
    }
    Some(false)
}

struct Plan<'m> {
    module: &'m Module,
    uses: &'m Uses,
    /// Bytes of bodies that are put into their only callers.
    once: usize,
    /// Bytes of bodies that are put everywhere.
    small: usize,
}

/// What was chosen for one function.
struct Chosen<'w> {
    worker: &'w mut Worker,
    /// The functions that are in each other here.
    path: Vec<FuncIdx>,
    /// Bytes of the bodies.
    n_bytes: usize,
    /// Bytes that go elsewhere.
    n_saved: usize,
    /// Callees that can be in several places.
    built: HashMap<FuncIdx, Option<Arc<Func>>>,
}

impl Plan<'_> {
    fn n_bytes(&self, func: FuncIdx) -> usize {
        let defined = self.module.header().defined_func(func);
        defined.map_or(0, |at| self.module.body_ranges()[at].len())
    }

    /// Whether a function is called from one place, and nothing else names it.
    fn is_single(&self, func: FuncIdx) -> bool {
        self.uses.funcs[func.index()] == 1
            && !self.uses.escapes[func.index()]
            && self.n_bytes(func) > 0
            && self.n_bytes(func) <= self.once
    }

    /// Whether a function is put wherever it is called from.
    fn is_tiny(&self, func: FuncIdx) -> bool {
        let n_bytes = self.n_bytes(func);
        n_bytes > 0 && n_bytes <= self.small
    }

    fn is_candidate(&self, func: FuncIdx) -> bool {
        self.is_single(func) || self.is_tiny(func)
    }

    /// The calls in a body that are to be replaced. What comes after them is nothing if the body is at the end of the function.
    fn sites(&self, func: &Func, is_outermost: bool, chosen: &mut Chosen<'_>) -> Vec<InlineSite> {
        let mut sites = Vec::new();
        for block in func.blocks() {
            for &id in func.insts(block) {
                if let Inst::Call { func: callee, .. } = *func.inst(id) {
                    sites.extend(self.site(block, Some(id), callee, chosen));
                }
            }
            if let Term::TailCall {
                callee: Callee::Func(callee),
                ..
            } = func.term(block)
                && is_outermost
            {
                sites.extend(self.site(block, None, callee, chosen));
            }
        }
        sites.sort_by_key(InlineSite::key);
        sites
    }

    fn site(
        &self,
        block: Block,
        call: Option<InstId>,
        callee: FuncIdx,
        chosen: &mut Chosen<'_>,
    ) -> Option<InlineSite> {
        let n_bytes = self.n_bytes(callee);
        // What one function calls that is put in many places is then called from many.
        let is_single =
            self.is_single(callee) && chosen.path[1..].iter().all(|&func| self.is_single(func));
        if !(is_single || self.is_tiny(callee))
            || chosen.path.contains(&callee)
            || chosen.path.len() > DEPTH_MAX
            || chosen.n_bytes + n_bytes > GROWTH_MAX
        {
            return None;
        }
        let body = match chosen.built.get(&callee) {
            Some(body) => body.clone(),
            None => {
                let body = chosen.worker.build(self.module, callee);
                let body = body.map(|body| Arc::new(body.clone()));
                chosen.built.insert(callee, body.clone());
                body
            }
        }?;
        if leaves(&body) {
            return None;
        }
        chosen.n_bytes += n_bytes;
        if is_single {
            // With its type, and the size of its body.
            chosen.n_saved += n_bytes + 2;
        }
        chosen.path.push(callee);
        let inner = self.sites(&body, false, chosen);
        chosen.path.pop();
        Some(InlineSite {
            block,
            call,
            func: callee,
            body,
            inner,
        })
    }
}

/// Whether a body ends with a call of what is not known: its place is told of the frame of a call, which there would not be.
fn leaves(func: &Func) -> bool {
    func.blocks().any(|block| {
        matches!(func.term(block), Term::TailCall { callee, .. } if !matches!(callee, Callee::Func(_)))
    })
}
