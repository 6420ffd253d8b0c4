//! Decides which calls are replaced by the bodies of their callees.
//!
//! Apart from the other passes because it needs more than the function: bodies of others, and what was seen of a program that
//! ran. The best calls come first, wherever they are, until the function has grown as much as it may: those in loops, and those
//! whose callee is hardly longer than the call.

use ir::{Block, Callee, Func, GcOp, InlineSite, Inst, InstId, Term};
use module::FuncIdx;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// How much is replaced at most. Sizes are about those of machine code, in instructions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// A function may grow by its own size and this.
    pub growth: u32,
    /// Functions of more than this do not grow: only calls that cost more than what they call are replaced.
    pub size: u32,
    /// The size of a callee in a loop.
    pub hot_size: u32,
    /// The size of a callee elsewhere, less what the call costs.
    pub other_size: u32,
    /// The size of a callee on a path that is unlikely, likewise.
    pub cold_size: u32,
    /// The size of a function within itself.
    pub recursive_size: u32,
    /// How often a function can be within itself, the outermost included.
    pub recursion: usize,
    /// How deep bodies can be in each other.
    pub depth: usize,
}

impl Limits {
    /// What pays.
    pub const USUAL: Limits = Limits {
        growth: 300,
        size: 20_000,
        hot_size: 60,
        other_size: 6,
        cold_size: 0,
        recursive_size: 40,
        recursion: 3,
        depth: 8,
    };

    /// Nearly everything, for tests.
    pub const HIGH: Limits = Limits {
        growth: 2000,
        size: 20_000,
        hot_size: 500,
        other_size: 500,
        cold_size: 500,
        recursive_size: 100,
        recursion: 3,
        depth: 8,
    };
}

/// How often a loop goes round, for lack of better knowledge.
const ROUNDS: u32 = 8;
/// Nothing is thought to be executed more often than this in one call.
const FREQUENCY_MAX: u32 = 1 << 12;

/// A body with more bytes than this is too large to be a callee's, whatever is in it.
pub const BODY_BYTES_MAX: usize = 400;

/// The body of a function as a callee.
#[derive(Debug)]
pub struct Body {
    func: Arc<Func>,
    /// About the number of instructions of a machine.
    size: u32,
    sites: Vec<Site>,
    /// Whether it tail-calls what is not known: see [`ir::inline`].
    leaves: bool,
}

/// A call of a function of the module.
#[derive(Clone, Copy, Debug)]
struct Site {
    block: Block,
    call: Option<InstId>,
    func: FuncIdx,
    /// How many instructions the call itself takes, about.
    cost: u32,
    /// How often it is executed when the function is called once, in sixteenths.
    frequency: u32,
}

impl Body {
    /// Looks at a function.
    pub fn new(func: Func) -> Body {
        let sites = sites(&func);
        let leaves = func.blocks().any(|block| {
            matches!(func.term(block), Term::TailCall { callee, .. } if !matches!(callee, Callee::Func(_)))
        });
        Body {
            size: size(&func),
            sites,
            leaves,
            func: Arc::new(func),
        }
    }

    /// Roughly how much there is of it, in instructions of a machine.
    pub fn size(&self) -> u32 {
        self.size
    }
}

/// What is known of other functions.
pub trait Bodies {
    /// The body of a function, if there is one that may be a callee's.
    fn body(&mut self, func: FuncIdx) -> Option<Arc<Body>>;

    /// How often a function was entered or went round in loops, at least; 0 if nothing is known.
    fn times(&self, func: FuncIdx) -> u64;

    /// The same at most; `None` if nothing is known.
    fn times_max(&self, func: FuncIdx) -> Option<u64>;
}

/// The calls of function `index`, which is `func`, that should be replaced by the bodies of their callees.
pub fn inline_sites(
    func: &Func,
    index: FuncIdx,
    limits: &Limits,
    bodies: &mut dyn Bodies,
) -> Vec<InlineSite> {
    let sites = sites(func);
    if sites.is_empty() {
        return Vec::new();
    }
    let size = size(func);
    let mut plan = Plan {
        index,
        rounds: rounds(func),
        limits,
        bodies,
        chosen: Vec::new(),
        waiting: BinaryHeap::new(),
    };
    plan.offer(&sites, None);
    let mut left = if size < limits.size {
        size + limits.growth
    } else {
        0
    };
    while let Some(candidate) = plan.waiting.pop() {
        let growth = candidate.body.size.saturating_sub(candidate.site.cost);
        if growth > left {
            continue;
        }
        left -= growth;
        let body = candidate.body.clone();
        let number = plan.chosen.len();
        plan.chosen.push(candidate);
        plan.offer(&body.sites, Some(number));
    }
    plan.finish()
}

/// A call that could be replaced.
struct Candidate {
    priority: u32,
    /// Whichever was found first, if nothing else decides.
    order: u32,
    site: Site,
    /// How often it is executed, in sixteenths.
    frequency: u32,
    body: Arc<Body>,
    /// The chosen call whose callee makes this one.
    within: Option<usize>,
    /// Whether something comes after the callee's body where it returns.
    goes_on: bool,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Candidate) -> std::cmp::Ordering {
        let key = |candidate: &Candidate| (candidate.priority, u32::MAX - candidate.order);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Candidate) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Candidate) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

struct Plan<'b> {
    index: FuncIdx,
    /// How often the function is thought to be entered and to go round in loops, when it is called once.
    rounds: u64,
    limits: &'b Limits,
    bodies: &'b mut dyn Bodies,
    chosen: Vec<Candidate>,
    waiting: BinaryHeap<Candidate>,
}

impl Plan<'_> {
    /// Adds the calls of the function, or of a body that was chosen, to those that could be replaced.
    fn offer(&mut self, sites: &[Site], within: Option<usize>) {
        let (depth, around, goes_on) = match within {
            None => (0, 16, false),
            Some(number) => {
                let chosen = &self.chosen[number];
                (self.chain(within).count(), chosen.frequency, chosen.goes_on)
            }
        };
        if depth >= self.limits.depth {
            return;
        }
        for &site in sites {
            let Some(body) = self.bodies.body(site.func) else {
                continue;
            };
            let goes_on = goes_on || site.call.is_some();
            if goes_on && body.leaves {
                continue;
            }
            let frequency = self.frequency(around, site);
            let chain = self.chain(within).filter(|func| *func == site.func);
            let times = chain.count() + usize::from(site.func == self.index);
            if !self.pays(&body, site, frequency, times) {
                continue;
            }
            let growth = body.size.saturating_sub(site.cost);
            let order = (self.chosen.len() + self.waiting.len()) as u32;
            self.waiting.push(Candidate {
                priority: frequency.saturating_mul(64) / (growth + 4),
                order,
                site,
                frequency,
                body,
                within,
                goes_on,
            });
        }
    }

    /// Whether replacing a call is worth its growth. The callee is around the call `times` times already.
    fn pays(&self, body: &Body, site: Site, frequency: u32, times: usize) -> bool {
        let limits = self.limits;
        if times >= limits.recursion || (times > 0 && body.size > limits.recursive_size) {
            return false;
        }
        let max = match frequency {
            0..16 => limits.cold_size + site.cost,
            16..64 => limits.other_size + site.cost,
            _ => limits.hot_size,
        };
        body.size <= max
    }

    /// How often a call is executed, in a body that is executed `around` sixteenths times.
    fn frequency(&self, around: u32, site: Site) -> u32 {
        let frequency = (u64::from(around) * u64::from(site.frequency) / 16) as u32;
        let frequency = frequency.min(16 * FREQUENCY_MAX);
        let own = self.bodies.times(self.index);
        let Some(times) = self.bodies.times_max(site.func).filter(|_| own > 0) else {
            return frequency;
        };
        // Whoever else calls the function counts too, and its loops, so this is a bound.
        let bound = u128::from(times) * 16 * u128::from(self.rounds) / u128::from(own);
        u128::from(frequency).min(bound) as u32
    }

    /// The callees whose bodies are around what is in a chosen one, itself included.
    fn chain(&self, within: Option<usize>) -> impl Iterator<Item = FuncIdx> {
        let mut at = within;
        std::iter::from_fn(move || {
            let chosen = &self.chosen[at?];
            at = chosen.within;
            Some(chosen.site.func)
        })
    }

    /// The chosen calls, each with those in its callee's body.
    fn finish(self) -> Vec<InlineSite> {
        let mut inner: Vec<Vec<InlineSite>> = self.chosen.iter().map(|_| Vec::new()).collect();
        let mut outermost = Vec::new();
        // Those in a body were chosen after it.
        for (number, candidate) in self.chosen.into_iter().enumerate().rev() {
            let mut within = std::mem::take(&mut inner[number]);
            within.sort_by_key(InlineSite::key);
            let site = InlineSite {
                block: candidate.site.block,
                call: candidate.site.call,
                func: candidate.site.func,
                body: candidate.body.func.clone(),
                inner: within,
            };
            match candidate.within {
                Some(around) => inner[around].push(site),
                None => outermost.push(site),
            }
        }
        outermost.sort_by_key(InlineSite::key);
        outermost
    }
}

/// The calls of functions of the module that a function makes.
fn sites(func: &Func) -> Vec<Site> {
    let mut sites = Vec::new();
    let mut depths = Vec::new();
    for block in func.blocks() {
        let last_call = match func.term(block) {
            Term::TailCall {
                callee: Callee::Func(callee),
                args,
            } => Some((callee, args)),
            _ => None,
        };
        let mut push = |call, callee, cost: usize| {
            if depths.is_empty() {
                depths = loop_depths(func);
            }
            let frequency = if func.is_cold(block) {
                1
            } else {
                16 * repeated(depths[block.index()])
            };
            sites.push(Site {
                block,
                call,
                func: callee,
                cost: cost as u32,
                frequency,
            });
        };
        for &id in func.insts(block) {
            if let Inst::Call {
                func: callee,
                args,
                n_results,
            } = *func.inst(id)
            {
                push(
                    Some(id),
                    callee,
                    CALL_COST + args.len() + usize::from(n_results),
                );
            }
        }
        if let Some((callee, args)) = last_call {
            push(None, callee, args.len());
        }
    }
    sites
}

/// A call, entering and leaving a frame, without passing anything.
const CALL_COST: usize = 6;

/// How often a function is entered and goes round in loops, when it is called once.
fn rounds(func: &Func) -> u64 {
    let mut is_loop = vec![false; func.n_blocks()];
    for block in func.blocks() {
        func.for_each_edge(block, |edge| {
            let to = func.edge(edge).to;
            is_loop[to.index()] |= to <= block;
        });
    }
    let loops = loop_depths(func).into_iter().zip(is_loop);
    let loops = loops.filter(|(_, is_loop)| *is_loop);
    1 + loops
        .map(|(depth, _)| u64::from(repeated(depth)))
        .sum::<u64>()
}

/// How often what is in so many loops is executed, when its function is called once.
fn repeated(depth: u32) -> u32 {
    ROUNDS.saturating_pow(depth).min(FREQUENCY_MAX)
}

/// By block: how many loops it is in, about. What lies between a loop's first block and the last that goes back there counts as
/// in the loop.
fn loop_depths(func: &Func) -> Vec<u32> {
    let mut last = vec![0; func.n_blocks()];
    for block in func.blocks() {
        func.for_each_edge(block, |edge| {
            let to = func.edge(edge).to;
            if to <= block {
                last[to.index()] = block.index() + 1;
            }
        });
    }
    // How many more loops each block is in than the block before: a loop may be in thousands of others.
    let mut more = vec![0i32; func.n_blocks() + 1];
    for (first, &end) in last.iter().enumerate().filter(|(_, end)| **end > 0) {
        more[first] += 1;
        more[end] -= 1;
    }
    let mut depth = 0;
    let depths = more[..func.n_blocks()].iter().map(|more| {
        depth += more;
        depth as u32
    });
    depths.collect()
}

/// About how many instructions of a machine a function is.
fn size(func: &Func) -> u32 {
    let mut size = 0;
    for block in func.blocks() {
        let insts = func.insts(block).iter();
        size += insts.map(|&id| cost(func.inst(id))).sum::<usize>();
        size += match func.term(block) {
            Term::Jump(_) | Term::Return(_) | Term::Open | Term::Trap(_) => 0,
            Term::Branch { .. } | Term::Try { .. } => 1,
            Term::Switch { targets, .. } => 4 + targets.len() / 4,
            Term::TailCall { args, .. } => CALL_COST + args.len(),
            Term::Throw(_) => 8,
        };
    }
    size.try_into().unwrap_or(u32::MAX)
}

fn cost(inst: &Inst) -> usize {
    match *inst {
        Inst::Compute { .. }
        | Inst::Lane { .. }
        | Inst::Shuffle { .. }
        | Inst::Select { .. }
        | Inst::Load { .. }
        | Inst::Store { .. }
        | Inst::LoadLane { .. }
        | Inst::StoreLane { .. }
        | Inst::GlobalGet { .. }
        | Inst::GlobalSet { .. }
        | Inst::RefIsNull { .. }
        | Inst::RefFunc { .. }
        | Inst::NullCheck { .. }
        | Inst::MemorySize { .. }
        | Inst::TableSize { .. }
        | Inst::FuncIs { .. }
        | Inst::FrameLoad { .. } => 1,
        Inst::FuncNumber { .. } => 4,
        Inst::Wide { .. } => 2,
        Inst::TableCallee { .. } => 5,
        Inst::Call {
            args, n_results, ..
        } => CALL_COST + args.len() + usize::from(n_results),
        Inst::CallIndirect {
            args, n_results, ..
        }
        | Inst::CallRef {
            args, n_results, ..
        } => CALL_COST + 6 + args.len() + usize::from(n_results),
        Inst::Gc { op, args } => match op {
            GcOp::StructNew(_) | GcOp::ArrayNew(_) | GcOp::ArrayNewFixed(_) => 12 + args.len(),
            _ => 4,
        },
        Inst::Exn { args, .. } => 4 + args.len(),
        Inst::Fuel { .. } | Inst::FuelCheck => 2,
        Inst::TableGet { .. } | Inst::TableSet { .. } | Inst::Atomic { .. } | Inst::AtomicFence => {
            4
        }
        Inst::MemoryGrow { .. }
        | Inst::MemoryFill { .. }
        | Inst::MemoryCopy { .. }
        | Inst::MemoryInit { .. }
        | Inst::DataDrop { .. }
        | Inst::TableGrow { .. }
        | Inst::TableFill { .. }
        | Inst::TableCopy { .. }
        | Inst::TableInit { .. }
        | Inst::ElemDrop { .. } => 10,
    }
}
