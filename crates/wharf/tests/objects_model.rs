//! Objects and references in random order against a model of them: what the host reads is what was written, whatever the
//! collector did meanwhile, and what it drops is what nothing refers to.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use wharf::{
    AnyRef, Config, Engine, ExternRef, FieldType, Global, GlobalType, HeapType, OwnedRef, RecGroup,
    Ref, RefType, RootScope, Store, StructRef, StructType, Table, TableType, TypeKind, Val,
    ValType,
};

/// A generator of numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % bound
    }
}

/// A value of the host that tells when it is dropped.
struct Token(usize, Arc<Mutex<HashSet<usize>>>);

impl Drop for Token {
    fn drop(&mut self) {
        let live = self
            .1
            .lock()
            .expect("no panic under the lock")
            .remove(&self.0);
        assert!(live, "dropped once");
    }
}

/// What a structure should hold: a number, two structures and a token.
#[derive(Clone, Default)]
struct Node {
    number: i32,
    next: [Option<usize>; 2],
    token: Option<usize>,
}

/// Where the host keeps structures beyond a scope.
enum Kept {
    Owned(OwnedRef<StructRef>),
    Table(u64),
    Global,
}

struct Program {
    random: Random,
    ty: StructType,
    table: Table,
    global: Global,
    nodes: Vec<Node>,
    kept: Vec<(Kept, usize)>,
    live: Arc<Mutex<HashSet<usize>>>,
    next_token: usize,
}

const SLOTS: usize = 4;
const NULL: Val = Val::Ref(Ref::Any(None));

impl Program {
    fn new(engine: &Engine, store: &mut Store<()>, seed: u64) -> Program {
        let member = RefType {
            nullable: true,
            heap: RecGroup::member(TypeKind::Struct, 0),
        };
        let next = FieldType::mutable(ValType::Ref(member));
        let mut group = RecGroup::new(engine);
        let number = FieldType::mutable(ValType::I32);
        let token = FieldType::mutable(ValType::EXTERNREF);
        group.struct_type(true, None, [number, next, next, token]);
        let ty = StructType::from_heap_type(engine, group.define().unwrap()[0]).unwrap();
        let element = ty.ref_type(true);
        let table = TableType::new(element, SLOTS as u64, None);
        let global = GlobalType {
            content: ValType::Ref(element),
            mutable: true,
        };
        Program {
            random: Random(seed),
            table: Table::new(&mut *store, table, Ref::Any(None)).unwrap(),
            global: Global::new(&mut *store, global, NULL).unwrap(),
            ty,
            nodes: Vec::new(),
            kept: Vec::new(),
            live: Arc::default(),
            next_token: 0,
        }
    }

    /// One scope: gets some of what is kept, makes and changes structures, and keeps some of them.
    fn round(&mut self, store: &mut Store<()>) {
        let mut scope = RootScope::new(store);
        let mut held: Vec<(StructRef, usize)> = Vec::new();
        for (kept, node) in &self.kept {
            let value = match kept {
                Kept::Owned(owned) => Val::from(owned.get(&mut scope).unwrap()),
                Kept::Table(at) => Val::Ref(self.table.get(&scope, *at).unwrap().unwrap()),
                Kept::Global => self.global.get(&scope).unwrap(),
            };
            held.push((as_struct(&scope, value), *node));
        }
        for _ in 0..20 {
            self.step(&mut scope, &mut held);
        }
        if held.is_empty() {
            return;
        }
        let (object, node) = held[self.random.below(held.len())];
        match self.random.below(3) {
            0 => {
                let at = self.random.below(SLOTS) as u64;
                self.kept
                    .retain(|(kept, _)| !matches!(kept, Kept::Table(t) if *t == at));
                self.table
                    .set(&mut scope, at, Ref::Any(Some(object.into())))
                    .unwrap();
                self.kept.push((Kept::Table(at), node));
            }
            1 => {
                self.kept.retain(|(kept, _)| !matches!(kept, Kept::Global));
                self.global.set(&mut scope, object.into()).unwrap();
                self.kept.push((Kept::Global, node));
            }
            _ => {
                let mut owned = 0;
                // Four at most: the older ones are let go.
                self.kept.retain(|(kept, _)| {
                    owned += usize::from(matches!(kept, Kept::Owned(_)));
                    owned < 4 || !matches!(kept, Kept::Owned(_))
                });
                let owned = OwnedRef::new(&scope, object).unwrap();
                self.kept.push((Kept::Owned(owned), node));
            }
        }
    }

    fn step(&mut self, scope: &mut RootScope<&mut Store<()>>, held: &mut Vec<(StructRef, usize)>) {
        let any = |random: &mut Random, held: &[(StructRef, usize)]| {
            (!held.is_empty()).then(|| held[random.below(held.len())])
        };
        match self.random.below(6) {
            0 => {
                let next = [(); 2].map(|()| any(&mut self.random, held));
                let value = |next: Option<(StructRef, usize)>| next.map_or(NULL, |n| n.0.into());
                let number = self.random.below(1000) as i32;
                let null = Val::Ref(Ref::Extern(None));
                let fields = [Val::I32(number), value(next[0]), value(next[1]), null];
                let object = StructRef::new(&mut *scope, &self.ty, &fields).unwrap();
                self.nodes.push(Node {
                    number,
                    next: next.map(|next| next.map(|n| n.1)),
                    token: None,
                });
                held.push((object, self.nodes.len() - 1));
            }
            1 => {
                let Some((object, node)) = any(&mut self.random, held) else {
                    return;
                };
                let number = self.next_token;
                self.next_token += 1;
                self.live.lock().unwrap().insert(number);
                let token = ExternRef::new(&mut *scope, Token(number, self.live.clone())).unwrap();
                object.set(&mut *scope, 3, token.into()).unwrap();
                self.nodes[node].token = Some(number);
            }
            2 => {
                let Some((object, node)) = any(&mut self.random, held) else {
                    return;
                };
                let (which, next) = (self.random.below(2), any(&mut self.random, held));
                let value = next.map_or(NULL, |n| n.0.into());
                object.set(&mut *scope, 1 + which, value).unwrap();
                self.nodes[node].next[which] = next.map(|n| n.1);
            }
            3 => {
                // A step along a reference.
                let Some((object, node)) = any(&mut self.random, held) else {
                    return;
                };
                let which = self.random.below(2);
                match (
                    object.get(&*scope, 1 + which).unwrap(),
                    self.nodes[node].next[which],
                ) {
                    (NULL, None) => {}
                    (value, Some(next)) => held.push((as_struct(scope, value), next)),
                    (value, None) => panic!("expected null, found {value:?}"),
                }
            }
            _ => {
                let Some((object, node)) = any(&mut self.random, held) else {
                    return;
                };
                self.check(scope, object, node);
                let number = self.random.below(1000) as i32;
                object.set(&mut *scope, 0, Val::I32(number)).unwrap();
                self.nodes[node].number = number;
            }
        }
    }

    fn check(&self, scope: &RootScope<&mut Store<()>>, object: StructRef, node: usize) {
        let (fields, node) = (object.fields(scope).unwrap(), &self.nodes[node]);
        assert_eq!(fields[0], Val::I32(node.number));
        assert_eq!(fields[1] == NULL, node.next[0].is_none());
        assert_eq!(fields[2] == NULL, node.next[1].is_none());
        let token = match fields[3] {
            Val::Ref(Ref::Extern(token)) => token,
            other => panic!("expected an external reference, found {other:?}"),
        };
        let token = token.map(|token| token.data(scope).unwrap().unwrap());
        let token = token.map(|token| token.downcast_ref::<Token>().unwrap().0);
        assert_eq!(token, node.token);
    }

    /// The tokens that can be reached from what is kept.
    fn reachable(&self) -> HashSet<usize> {
        let mut seen = HashSet::new();
        let mut todo: Vec<usize> = self.kept.iter().map(|(_, node)| *node).collect();
        while let Some(node) = todo.pop() {
            if seen.insert(node) {
                todo.extend(self.nodes[node].next.iter().flatten());
            }
        }
        seen.iter()
            .filter_map(|node| self.nodes[*node].token)
            .collect()
    }
}

fn as_struct(scope: &RootScope<&mut Store<()>>, value: Val) -> StructRef {
    let any: AnyRef = match value {
        Val::Ref(Ref::Any(Some(any))) => any,
        other => panic!("expected an object, found {other:?}"),
    };
    assert!(any.is_a(scope, HeapType::Struct).unwrap());
    any.as_struct(scope).unwrap().unwrap()
}

#[test]
fn the_host_sees_what_it_wrote() {
    for (stress, rounds) in [(false, 2000), (true, 200)] {
        for seed in 1..4 {
            let engine = Engine::new(Config::new().gc_stress(stress)).unwrap();
            let mut store = Store::new(&engine, ());
            let mut program = Program::new(&engine, &mut store, seed);
            for round in 0..rounds {
                program.round(&mut store);
                if round % 50 == 49 {
                    store.gc().unwrap();
                    assert_eq!(*program.live.lock().unwrap(), program.reachable());
                }
            }
            assert!(program.next_token > rounds, "the rounds did something");
            drop(store);
            let kept = std::mem::take(&mut program.kept);
            drop(kept);
            assert!(program.live.lock().unwrap().is_empty());
        }
    }
}
