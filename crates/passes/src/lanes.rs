//! Which loops can do several rounds at once in the lanes of vectors, and the code of that.
//!
//! Apart because it is a question of its own: whether what a loop stores is the same tree of operators for each element, over elements
//! that lie side by side. A loop may do several elements in a round, as compilers unroll it:
//!
//! ```text
//! round:   store a[i]   := f(load b[i],   load c[i])       the elements of `a` in a round are `n` in a row,
//!          store a[i+1] := f(load b[i+1], load c[i+1])     and their trees differ only in what lies side by side
//! ```
//! What loads see must not depend on how many elements are done at once. Where it could, the order is right by the distance, or ranges
//! are compared before.

use crate::bulk::{Bulk, Source, repeated_byte};
use crate::dense::{Ready, address};
use crate::emit::Emit;
use crate::streams::{Access, Streams};
use crate::tight::{Rounds, Tight};
use ir::{Def, Func, Inst, InstId, Type, Value};
use module::MemArg;
use ops::{Compute, Lane, Load, Store, V128};
use std::collections::HashMap;

/// Elements that a round has at most.
const ELEMENTS_MAX: usize = 16;
/// Operators that trees have together at most.
const NODES_MAX: usize = 100;
/// Operators that may be done at once so that the loop goes round less often.
const NODES_AT_ONCE: usize = 32;

/// A vector for each vector's worth of elements.
#[derive(Clone, Debug)]
enum Node {
    /// The same in all lanes and rounds.
    Same(Value),
    /// The same in all lanes, from memory.
    SameLoad(Access),
    /// Elements side by side, of which this is the first.
    Load(Access),
    /// An operator on lanes.
    Compute(Compute, Vec<usize>),
    /// A shift of lanes by a number that is the same for all.
    Shift(Compute, usize, Value),
    /// The elements before those of another node: the loop carries the last one from round to round.
    Before { carried: usize, of: usize },
}

/// Elements that are stored side by side.
#[derive(Clone, Debug)]
struct Run {
    first: Access,
    node: usize,
}

/// How a loop is done in vectors.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    element: Element,
    /// Elements in a round.
    n_elements: usize,
    nodes: Vec<Node>,
    runs: Vec<Run>,
    /// The parameters that carry an element, and the node that it is from.
    carried: Vec<(Value, usize)>,
    /// Distances between runs of one group: nothing overlaps if all rounds together are no longer.
    distances: Vec<u64>,
}

/// What elements are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Element {
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
}

impl Element {
    fn bytes(self) -> u64 {
        match self {
            Element::I8 => 1,
            Element::I16 => 2,
            Element::I32 | Element::F32 => 4,
            Element::I64 | Element::F64 => 8,
        }
    }

    fn stored(op: Store) -> Option<Element> {
        Some(match op {
            Store::I32Store8 | Store::I64Store8 => Element::I8,
            Store::I32Store16 | Store::I64Store16 => Element::I16,
            Store::I32Store | Store::I64Store32 => Element::I32,
            Store::I64Store => Element::I64,
            Store::F32Store => Element::F32,
            Store::F64Store => Element::F64,
            Store::V128Store => return None,
        })
    }

    /// Whether the low bits of what a load gives are an element.
    fn is_loaded(self, op: Load) -> bool {
        match self {
            Element::I8 => matches!(
                op,
                Load::I32Load8S | Load::I32Load8U | Load::I64Load8S | Load::I64Load8U
            ),
            Element::I16 => matches!(
                op,
                Load::I32Load16S | Load::I32Load16U | Load::I64Load16S | Load::I64Load16U
            ),
            Element::I32 => {
                matches!(op, Load::I32Load | Load::I64Load32S | Load::I64Load32U)
            }
            Element::I64 => op == Load::I64Load,
            Element::F32 => op == Load::F32Load,
            Element::F64 => op == Load::F64Load,
        }
    }

    /// The operator on lanes that gives the low bits which this one gives from low bits.
    fn on_lanes(self, op: Compute) -> Option<Compute> {
        use Compute::*;
        Some(match (self, op) {
            (Element::F32, F32Add) => F32x4Add,
            (Element::F32, F32Sub) => F32x4Sub,
            (Element::F32, F32Mul) => F32x4Mul,
            (Element::F32, F32Div) => F32x4Div,
            (Element::F32, F32Sqrt) => F32x4Sqrt,
            (Element::F32, F32Neg) => F32x4Neg,
            (Element::F32, F32Abs) => F32x4Abs,
            (Element::F64, F64Add) => F64x2Add,
            (Element::F64, F64Sub) => F64x2Sub,
            (Element::F64, F64Mul) => F64x2Mul,
            (Element::F64, F64Div) => F64x2Div,
            (Element::F64, F64Sqrt) => F64x2Sqrt,
            (Element::F64, F64Neg) => F64x2Neg,
            (Element::F64, F64Abs) => F64x2Abs,
            (Element::F32 | Element::F64, _) => return None,
            (_, I32And | I64And) => V128And,
            (_, I32Or | I64Or) => V128Or,
            (_, I32Xor | I64Xor) => V128Xor,
            (Element::I8, I32Add | I64Add) => I8x16Add,
            (Element::I8, I32Sub | I64Sub) => I8x16Sub,
            (Element::I16, I32Add | I64Add) => I16x8Add,
            (Element::I16, I32Sub | I64Sub) => I16x8Sub,
            (Element::I16, I32Mul | I64Mul) => I16x8Mul,
            (Element::I32, I32Add | I64Add) => I32x4Add,
            (Element::I32, I32Sub | I64Sub) => I32x4Sub,
            (Element::I32, I32Mul | I64Mul) => I32x4Mul,
            (Element::I64, I64Add) => I64x2Add,
            (Element::I64, I64Sub) => I64x2Sub,
            _ => return None,
        })
    }

    /// The shift of lanes for one of numbers that are elements as a whole.
    fn shift(self, op: Compute) -> Option<Compute> {
        use Compute::*;
        Some(match (self, op) {
            (Element::I32, I32Shl) => I32x4Shl,
            (Element::I32, I32ShrU) => I32x4ShrU,
            (Element::I32, I32ShrS) => I32x4ShrS,
            _ => return None,
        })
    }

    fn splat(self) -> Compute {
        match self {
            Element::I8 => Compute::I8x16Splat,
            Element::I16 => Compute::I16x8Splat,
            Element::I32 => Compute::I32x4Splat,
            Element::I64 => Compute::I64x2Splat,
            Element::F32 => Compute::F32x4Splat,
            Element::F64 => Compute::F64x2Splat,
        }
    }

    fn load_splat(self) -> Load {
        match self.bytes() {
            1 => Load::V128Load8Splat,
            2 => Load::V128Load16Splat,
            4 => Load::V128Load32Splat,
            _ => Load::V128Load64Splat,
        }
    }

    /// What gets the last lane, if a loop can carry such elements.
    fn last(self) -> Option<(Lane, u8)> {
        match self {
            Element::F32 => Some((Lane::F32x4ExtractLane, 3)),
            Element::F64 => Some((Lane::F64x2ExtractLane, 1)),
            Element::I32 => Some((Lane::I32x4ExtractLane, 3)),
            Element::I64 => Some((Lane::I64x2ExtractLane, 1)),
            Element::I8 | Element::I16 => None,
        }
    }

    fn ty(self) -> Type {
        match self {
            Element::I8 | Element::I16 | Element::I32 => Type::I32,
            Element::I64 => Type::I64,
            Element::F32 => Type::F32,
            Element::F64 => Type::F64,
        }
    }
}

/// A search for the trees of a loop.
struct Finder<'a> {
    func: &'a Func,
    tight: &'a Tight,
    rounds: &'a Rounds,
    streams: &'a Streams,
    element: Element,
    n_elements: usize,
    /// The values of the elements of a round, and their node; none while it is looked for.
    known: HashMap<Vec<Value>, Option<usize>>,
    nodes: Vec<Node>,
    carried: Vec<(Value, usize)>,
    /// Loads of elements side by side, in order.
    loads: Vec<Vec<Access>>,
}

impl Lanes {
    /// How a loop can be done in vectors, if it can.
    pub(crate) fn find(
        func: &Func,
        tight: &Tight,
        rounds: &Rounds,
        streams: &Streams,
    ) -> Option<Lanes> {
        // What is in no tree is not done in rounds that are done at once, and so must not be missed there.
        let is_access =
            |id: InstId| matches!(func.inst(id), Inst::Load { .. } | Inst::Store { .. });
        let mut insts = func.insts(tight.block).iter();
        let is_missed = insts.any(|&id| !is_access(id) && !func.inst(id).effects().is_removable());
        if streams.has_others || is_missed {
            return None;
        }
        let (element, mut stores) = stores(func, streams)?;
        let step = streams.groups[stores[0].group].step;
        let n_elements = usize::try_from(u64::from(step) / element.bytes()).ok()?;
        if n_elements == 0
            || n_elements > ELEMENTS_MAX
            || u64::from(step) != n_elements as u64 * element.bytes()
        {
            return None;
        }
        stores.sort_by_key(|store| (store.group, store.at));
        let mut finder = Finder {
            func,
            tight,
            rounds,
            streams,
            element,
            n_elements,
            known: HashMap::new(),
            nodes: Vec::new(),
            carried: Vec::new(),
            loads: Vec::new(),
        };
        let mut runs: Vec<(Run, Vec<Access>)> = Vec::new();
        if stores.len() % n_elements != 0 {
            return None;
        }
        for run in stores.chunks(n_elements) {
            if !finder.are_side_by_side(run) || streams.groups[run[0].group].step != step {
                return None;
            }
            let stored = |access: &Access| match *func.inst(access.id) {
                Inst::Store { value, .. } => Some(value),
                _ => None,
            };
            let values = run.iter().map(stored).collect::<Option<Vec<Value>>>()?;
            let node = finder.node(values)?;
            let first = run[0];
            runs.push((Run { first, node }, run.to_vec()));
        }
        // Each parameter either counts or is carried by vectors.
        let is_known = |param: &Value| {
            rounds.step(*param).is_some() || finder.carried.iter().any(|(known, _)| known == param)
        };
        if !func.params(tight.block).iter().all(is_known) {
            return None;
        }
        let distances = finder.distances(&runs)?;
        Some(Lanes {
            element,
            n_elements,
            nodes: finder.nodes,
            runs: runs.into_iter().map(|(run, _)| run).collect(),
            carried: finder.carried,
            distances,
        })
    }

    /// What the loop does with bytes, if it only copies or fills them.
    pub(crate) fn bulk(&self, func: &Func) -> Option<Bulk> {
        let ([node], [run], []) = (&self.nodes[..], &self.runs[..], &self.carried[..]) else {
            return None;
        };
        let to = run.first;
        let from = match *node {
            // An earlier round may store what is loaded: a pattern, and no copy of what was there.
            Node::Load(from) if from.group == to.group && from.at < to.at => return None,
            Node::Load(from) => Source::Memory(from),
            Node::Same(value) => match repeated_byte(func, value, self.element.bytes()) {
                Some(byte) => Source::Constant(byte),
                None if self.element == Element::I8 => Source::Byte(value),
                None => return None,
            },
            _ => return None,
        };
        Some(Bulk { to, from })
    }

    /// Lanes of a vector.
    fn n_lanes(&self) -> usize {
        (16 / self.element.bytes()) as usize
    }

    /// Rounds that are done at once.
    pub(crate) fn rounds(&self) -> u64 {
        let mut rounds = 1;
        while !(rounds * self.n_elements).is_multiple_of(self.n_lanes()) {
            rounds *= 2;
        }
        // Small loops mostly count: they count less if they do more at once.
        let nodes = |rounds: usize| rounds * self.n_elements / self.n_lanes() * self.nodes.len();
        let least = rounds;
        while rounds < 4 * least && nodes(2 * rounds) <= NODES_AT_ONCE {
            rounds *= 2;
        }
        rounds as u64
    }

    /// Vectors of each run that are done at once.
    fn n_vectors(&self) -> usize {
        self.rounds() as usize * self.n_elements / self.n_lanes()
    }

    /// Code for whether nothing that is stored is anything else that is accessed, and `all` besides.
    pub(crate) fn apart(
        &self,
        emit: &mut Emit<'_>,
        streams: &Streams,
        rounds: Value,
        (starts, ends): (&[Value], &[Value]),
        mut all: Value,
    ) -> Value {
        use Compute::{I32Or, I64LeU, I64Mul};
        for (a, group) in streams.groups.iter().enumerate() {
            for (b, other) in streams.groups.iter().enumerate().skip(a + 1) {
                let may_be_same =
                    group.memory == other.memory || group.is_imported && other.is_imported;
                if !may_be_same || !(group.has_store || other.has_store) {
                    continue;
                }
                let below = emit.compute(I64LeU, &[ends[a], starts[b]]);
                let above = emit.compute(I64LeU, &[ends[b], starts[a]]);
                let apart = emit.compute(I32Or, &[below, above]);
                all = emit.and(all, apart);
            }
        }
        for &distance in &self.distances {
            let step = emit.i64(self.n_elements as u64 * self.element.bytes());
            let length = emit.compute(I64Mul, &[rounds, step]);
            let distance = emit.i64(distance);
            let apart = emit.compute(I64LeU, &[length, distance]);
            all = emit.and(all, apart);
        }
        all
    }

    /// What the fast loop begins with: vectors of what is carried, then of what is the same in all rounds.
    pub(crate) fn begin(
        &self,
        emit: &mut Emit<'_>,
        ready: &Ready<'_>,
        begins: &mut Vec<Value>,
        types: &mut Vec<Type>,
    ) {
        for &(param, _) in &self.carried {
            let splat = emit.compute(self.element.splat(), &[ready.now(param)]);
            begins.push(splat);
            types.push(Type::V128);
        }
        for node in &self.nodes {
            if let Node::Same(value) = *node {
                begins.push(self.splat(emit, value, ready));
                types.push(Type::V128);
            }
        }
    }

    /// A value that is the same in all rounds, in all lanes.
    fn splat(&self, emit: &mut Emit<'_>, value: Value, ready: &Ready<'_>) -> Value {
        let value = ready.now(value);
        let is_narrow = self.element.bytes() < 8 && emit.func.ty(value) == Type::I64;
        let value = if is_narrow {
            emit.compute(Compute::I32WrapI64, &[value])
        } else {
            value
        };
        emit.compute(self.element.splat(), &[value])
    }

    /// The rounds that are done at once; gives what becomes of what is carried.
    pub(crate) fn round(
        &self,
        emit: &mut Emit<'_>,
        streams: &Streams,
        params: &[Value],
        ready: &Ready<'_>,
    ) -> Vec<Value> {
        let addresses: Vec<Value> = (0..streams.groups.len())
            .map(|group| address(emit, group, ready))
            .collect();
        let mut last: Vec<Value> = params[..self.carried.len()].to_vec();
        for vector in 0..self.n_vectors() {
            let mut same = params[self.carried.len()..].iter();
            let mut values: Vec<Value> = Vec::with_capacity(self.nodes.len());
            for node in &self.nodes {
                let value = match node {
                    Node::Same(_) => *same.next().expect("one for each"),
                    Node::SameLoad(access) => {
                        let op = self.element.load_splat();
                        load(emit, op, access, addresses[access.group], 0)
                    }
                    Node::Load(access) => {
                        let more = vector as u64 * 16;
                        load(emit, Load::V128Load, access, addresses[access.group], more)
                    }
                    Node::Compute(op, args) => {
                        let args: Vec<Value> = args.iter().map(|&arg| values[arg]).collect();
                        emit.compute(*op, &args)
                    }
                    Node::Shift(op, arg, by) => emit.compute(*op, &[values[*arg], *by]),
                    Node::Before { carried, of } => self.before(emit, last[*carried], values[*of]),
                };
                values.push(value);
            }
            for (last, &(_, node)) in last.iter_mut().zip(&self.carried) {
                *last = values[node];
            }
            for run in &self.runs {
                emit.offset = emit.func.offset(run.first.id);
                let arg = MemArg {
                    memory: streams.groups[run.first.group].memory,
                    offset: run.first.at + vector as u64 * 16,
                };
                let store = Inst::store(
                    Store::V128Store,
                    arg,
                    addresses[run.first.group],
                    values[run.node],
                );
                emit.in_bounds(store, None);
            }
        }
        last.extend_from_slice(&params[self.carried.len()..]);
        last
    }

    /// The last lane of one vector, and all but the last of the next.
    fn before(&self, emit: &mut Emit<'_>, last: Value, next: Value) -> Value {
        let skipped = 16 - self.element.bytes() as u8;
        let lanes = V128(std::array::from_fn(|lane| skipped + lane as u8));
        let lanes = emit.func.push_vector(lanes);
        let inst = Inst::Shuffle {
            lanes,
            args: [last, next],
        };
        emit.inst(inst, Type::V128)
    }

    /// What a carried parameter of the loop is after the fast one.
    pub(crate) fn last(&self, emit: &mut Emit<'_>, param: Value, carried: &[Value]) -> Value {
        let nth = self.carried.iter().position(|(known, _)| *known == param);
        let vector = carried[nth.expect("all are counted or carried")];
        let (op, lane) = self.element.last().expect("checked when found");
        emit.inst(Inst::lane(op, lane, &[vector]), self.element.ty())
    }
}

/// A load of a vector that is certainly in memory.
fn load(emit: &mut Emit<'_>, op: Load, access: &Access, address: Value, more: u64) -> Value {
    emit.offset = emit.func.offset(access.id);
    let Inst::Load { memory, .. } = *emit.func.inst(access.id) else {
        unreachable!("only loads are loaded");
    };
    let offset = access.at + more;
    let load = Inst::load(op, MemArg { memory, offset }, address);
    emit.in_bounds(load, Some(Type::V128))
}

/// What the loop stores, and what elements these are: all of one kind.
fn stores(func: &Func, streams: &Streams) -> Option<(Element, Vec<Access>)> {
    let stores: Vec<Access> = streams
        .accesses
        .iter()
        .filter(|a| a.is_store)
        .copied()
        .collect();
    let mut element = None;
    for store in &stores {
        let Inst::Store { op, .. } = *func.inst(store.id) else {
            return None;
        };
        let this = Element::stored(op)?;
        if *element.get_or_insert(this) != this {
            return None;
        }
    }
    Some((element?, stores))
}

impl Finder<'_> {
    fn are_side_by_side(&self, accesses: &[Access]) -> bool {
        let first = accesses[0];
        let mut nth = 0;
        accesses.iter().all(|access| {
            let at = first.at + nth * self.element.bytes();
            nth += 1;
            access.group == first.group && access.at == at
        })
    }

    /// The node for the values that the elements of a round have.
    fn node(&mut self, values: Vec<Value>) -> Option<usize> {
        if let Some(known) = self.known.get(&values) {
            // What depends on itself is no tree.
            return *known;
        }
        if self.nodes.len() == NODES_MAX {
            return None;
        }
        self.known.insert(values.clone(), None);
        let node = self.find(&values)?;
        self.nodes.push(node);
        let found = self.nodes.len() - 1;
        self.known.insert(values, Some(found));
        Some(found)
    }

    fn find(&mut self, values: &[Value]) -> Option<Node> {
        let first = values[0];
        let is_one = values.iter().all(|&value| value == first);
        if is_one && self.is_constant(first) {
            return Some(Node::Same(first));
        }
        match self.func.def(first) {
            Def::Param(block, _) if block == self.tight.block => self.before(values),
            Def::Result(..) => match *self.func.def_inst(first)? {
                Inst::Load { .. } => self.load(values, is_one),
                Inst::Compute { op, .. } => self.compute(op, values),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a value is the same in all rounds.
    fn is_constant(&self, value: Value) -> bool {
        let ty = self.func.ty(value);
        let fits = match self.element {
            Element::F32 => ty == Type::F32,
            Element::F64 => ty == Type::F64,
            Element::I64 => ty == Type::I64,
            _ => matches!(ty, Type::I32 | Type::I64),
        };
        let is_param =
            matches!(self.func.def(value), Def::Param(block, _) if block == self.tight.block);
        let stays = if is_param {
            self.rounds.step(value) == Some(0)
        } else {
            self.rounds.is_from_outside(self.func, value)
        };
        fits && stays
    }

    fn access(&self, value: Value) -> Option<Access> {
        let Def::Result(id, 0) = self.func.def(value) else {
            return None;
        };
        let found = self
            .streams
            .accesses
            .iter()
            .find(|access| access.id == id)?;
        let Inst::Load { op, .. } = *self.func.inst(id) else {
            return None;
        };
        self.element.is_loaded(op).then_some(*found)
    }

    fn load(&mut self, values: &[Value], is_one: bool) -> Option<Node> {
        let loads = values
            .iter()
            .map(|&value| self.access(value))
            .collect::<Option<Vec<Access>>>()?;
        let step = self.streams.groups[loads[0].group].step;
        if is_one && step == 0 {
            return Some(Node::SameLoad(loads[0]));
        }
        let is_dense = u64::from(step) == self.n_elements as u64 * self.element.bytes();
        if !is_dense || !self.are_side_by_side(&loads) {
            return None;
        }
        let first = loads[0];
        self.loads.push(loads);
        Some(Node::Load(first))
    }

    fn compute(&mut self, op: Compute, values: &[Value]) -> Option<Node> {
        let args = values
            .iter()
            .map(|&value| match self.func.def_inst(value) {
                Some(&Inst::Compute { op: other, args }) if other == op => Some(args),
                _ => None,
            })
            .collect::<Option<Vec<[Value; 3]>>>()?;
        let nth = |nth: usize| -> Vec<Value> { args.iter().map(|args| args[nth]).collect() };
        if let Some(shift) = self.element.shift(op) {
            let by = nth(1);
            let bits = self.func.const_bits(by[0])?;
            if by.iter().any(|&other| other != by[0]) || bits >= 32 {
                return None;
            }
            let by = by[0];
            // Shifts of lanes take an i32.
            if self.func.ty(by) != Type::I32 {
                return None;
            }
            return Some(Node::Shift(shift, self.node(nth(0))?, by));
        }
        let on_lanes = self.element.on_lanes(op)?;
        let n = op.params().len();
        let args = (0..n)
            .map(|arg| self.node(nth(arg)))
            .collect::<Option<Vec<usize>>>()?;
        Some(Node::Compute(on_lanes, args))
    }

    /// Elements that are one behind others: the first is carried from the round before.
    fn before(&mut self, values: &[Value]) -> Option<Node> {
        self.element.last()?;
        let param = values[0];
        if self.func.ty(param) != self.element.ty() {
            return None;
        }
        let nth = self
            .func
            .params(self.tight.block)
            .iter()
            .position(|&p| p == param)?;
        let next = self.func.edge_args(self.tight.back)[nth];
        let mut of = values[1..].to_vec();
        of.push(next);
        let of = self.node(of)?;
        self.carried.push((param, of));
        Some(Node::Before {
            carried: self.carried.len() - 1,
            of,
        })
    }

    /// Whether what is loaded and stored in each group is independent of how many elements are done at once; gives distances that all
    /// rounds together must not exceed.
    fn distances(&self, runs: &[(Run, Vec<Access>)]) -> Option<Vec<u64>> {
        let length = (self.n_elements as u64 * self.element.bytes()) as i64;
        for (run, stores) in runs {
            for loads in self
                .loads
                .iter()
                .filter(|loads| loads[0].group == run.first.group)
            {
                let distance = loads[0].at as i64 - run.first.at as i64;
                let is_right = if distance < 0 {
                    // What is loaded was stored in an earlier round, and by an earlier vector.
                    -distance >= length.max(16)
                } else {
                    // What is loaded is stored later, or by the same element, if the loop has this order.
                    let before = |(nth, load): (usize, &Access)| {
                        stores[nth..]
                            .iter()
                            .all(|store| load.position < store.position)
                    };
                    loads.iter().enumerate().all(before)
                };
                if !is_right {
                    return None;
                }
            }
        }
        let mut distances = Vec::new();
        for (nth, (run, _)) in runs.iter().enumerate() {
            for (other, _) in &runs[nth + 1..] {
                if other.first.group == run.first.group {
                    distances.push(run.first.at.abs_diff(other.first.at));
                }
            }
        }
        Some(distances)
    }
}
