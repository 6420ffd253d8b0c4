//! The heap against a model, and the shapes of data that break collectors.

use crate::{Exhausted, Heap, HeapSettings, Shape, i31};
use abi::gc::{ARRAY_ELEMENTS, HOST_TYPE, KIND_STRUCT, YOUNG_END};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A struct of an integer and two references.
const NODE: u32 = 1;
/// An array of references.
const REFS: u32 = 2;
/// An array of bytes.
const BYTES: u32 = 3;
/// A struct whose references do not fit a mask.
const WIDE: u32 = 4;
const WIDE_BYTES: u32 = 8 + 4 * 100;

fn heap(bytes_max: u64, stress: bool) -> Heap {
    let mut heap = Heap::new(HeapSettings { bytes_max, stress }).unwrap();
    heap.set_shape(NODE, Shape::fixed(KIND_STRUCT, 24, &[12, 16]));
    heap.set_shape(REFS, Shape::array(2, true));
    heap.set_shape(BYTES, Shape::array(0, false));
    heap.set_shape(
        WIDE,
        Shape::fixed(KIND_STRUCT, WIDE_BYTES, &[8, WIDE_BYTES - 4]),
    );
    heap
}

fn alloc(heap: &mut Heap, ty: u32, len: u32, roots: &mut [u32]) -> Result<u32, Exhausted> {
    let bytes = heap.array_bytes(ty, len);
    let try_alloc = |heap: &mut Heap| match ty {
        REFS | BYTES => heap.alloc_array(ty, len),
        _ => heap.alloc(ty),
    };
    if let Some(object) = try_alloc(heap) {
        return Ok(object);
    }
    heap.make_room(
        bytes,
        &mut |visit| roots.iter_mut().for_each(&mut *visit),
        &mut Vec::new(),
    )?;
    Ok(try_alloc(heap).expect("room was made"))
}

fn set(heap: &mut Heap, node: u32, value: u32) {
    heap.field_mut(node, 8, 4)
        .copy_from_slice(&value.to_le_bytes());
}

/// A small generator of numbers, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % n
    }
}

/// What an object should be; references are indices of the model.
struct Model {
    ty: u32,
    number: u32,
    refs: Vec<Option<usize>>,
}

/// Changes a heap and a model in the same way, with collections of both kinds between, and compares them. `bytes_max` decides how
/// large the young space is.
fn check_model(bytes_max: u64, stress: bool, seed: u64, steps: usize) {
    const N_ROOTS: usize = 40;
    let mut heap = heap(bytes_max, stress);
    let mut random = Random(seed);
    let mut model: Vec<Model> = Vec::new();
    let mut roots = vec![0; N_ROOTS];
    let mut root_models: Vec<Option<usize>> = vec![None; N_ROOTS];
    for step in 0..steps {
        let at = random.below(N_ROOTS);
        match random.below(12) {
            0..5 => {
                let ty = [NODE, REFS, BYTES, WIDE][random.below(4)];
                // Now and then one that is born old.
                let len = if random.below(50) == 0 { 20_000 } else { 5 };
                let object = alloc(&mut heap, ty, len, &mut roots).unwrap();
                let number = step as u32;
                let n_refs = match ty {
                    NODE => {
                        set(&mut heap, object, number);
                        2
                    }
                    REFS => len as usize,
                    BYTES => {
                        heap.elements_mut(object, 0, 4)
                            .copy_from_slice(&number.to_le_bytes());
                        0
                    }
                    _ => 2,
                };
                roots[at] = object;
                root_models[at] = Some(model.len());
                let refs = vec![None; n_refs];
                model.push(Model { ty, number, refs });
            }
            5..9 => {
                // A reference between two objects, old or young.
                let to = random.below(N_ROOTS);
                let Some(index) = root_models[at] else {
                    continue;
                };
                let n_refs = model[index].refs.len();
                if n_refs == 0 {
                    continue;
                }
                let slot = random.below(n_refs);
                let offset = ref_offset(model[index].ty, slot);
                heap.set_ref(roots[at], offset, roots[to]);
                model[index].refs[slot] = root_models[to];
            }
            9 => {
                // Elements of one array of references to another, or within one.
                let (from, to) = (at, random.below(N_ROOTS));
                let is_refs = |root: usize| root_models[root].filter(|i| model[*i].ty == REFS);
                let (Some(from_model), Some(to_model)) = (is_refs(from), is_refs(to)) else {
                    continue;
                };
                let (from_at, to_at, len) =
                    (random.below(3), random.below(3), random.below(3) as u32);
                heap.copy_elements(roots[to], to_at as u32, roots[from], from_at as u32, len);
                let source = model[from_model].refs[from_at..from_at + len as usize].to_vec();
                model[to_model].refs[to_at..to_at + len as usize].copy_from_slice(&source);
            }
            10 => {
                let to = random.below(N_ROOTS);
                let Some(index) = root_models[at].filter(|i| model[*i].ty == REFS) else {
                    continue;
                };
                let (from, len) = (random.below(3), random.below(3));
                heap.fill_elements(roots[at], from as u32, len as u32, roots[to].into());
                model[index].refs[from..from + len].fill(root_models[to]);
            }
            _ => {
                roots[at] = 0;
                root_models[at] = None;
            }
        }
        if step % 100 == 99 {
            heap.verify().unwrap();
            heap.make_room(
                16,
                &mut |visit| roots.iter_mut().for_each(&mut *visit),
                &mut Vec::new(),
            )
            .unwrap();
            heap.verify().unwrap();
        }
        if step % 1000 == 999 {
            heap.collect(
                &mut |visit| roots.iter_mut().for_each(&mut *visit),
                &mut Vec::new(),
            )
            .unwrap();
            heap.verify().unwrap();
            compare(&heap, &model, &roots, &root_models);
        }
    }
    assert!(heap.stats().full > 0 && heap.stats().minor > 0);
}

fn ref_offset(ty: u32, slot: usize) -> u32 {
    match ty {
        NODE => [12, 16][slot],
        WIDE => [8, WIDE_BYTES - 4][slot],
        _ => ARRAY_ELEMENTS + 4 * slot as u32,
    }
}

fn compare(heap: &Heap, model: &[Model], roots: &[u32], root_models: &[Option<usize>]) {
    let mut seen = std::collections::HashMap::new();
    let mut todo: Vec<(u32, Option<usize>)> = roots
        .iter()
        .copied()
        .zip(root_models.iter().copied())
        .collect();
    while let Some((object, index)) = todo.pop() {
        let Some(index) = index else {
            assert_eq!(object, 0);
            continue;
        };
        if let Some(&known) = seen.get(&index) {
            assert_eq!(object, known, "one object at two places");
            continue;
        }
        seen.insert(index, object);
        let expected = &model[index];
        assert_eq!(heap.type_of(object), Some(expected.ty));
        match expected.ty {
            NODE => assert_eq!(heap.get_u32(object, 8), expected.number),
            BYTES => assert_eq!(heap.elements(object, 0, 4), expected.number.to_le_bytes()),
            REFS => assert_eq!(heap.array_len(object) as usize, expected.refs.len()),
            _ => {}
        }
        for (slot, &to) in expected.refs.iter().enumerate() {
            todo.push((heap.get_u32(object, ref_offset(expected.ty, slot)), to));
        }
    }
}

#[test]
fn a_graph_survives_as_the_model_says() {
    check_model(64 << 20, false, 7, 40_000);
}

#[test]
fn a_graph_survives_with_a_small_young_space() {
    for seed in 1..4 {
        check_model(4 << 20, false, seed, 8_000);
    }
}

#[test]
fn a_graph_survives_collections_at_every_allocation() {
    check_model(64 << 20, true, 7, 1_500);
}

#[test]
fn a_list_of_a_million_needs_no_host_stack() {
    let mut heap = heap(1 << 30, false);
    let mut roots = [0];
    for i in 0..1_000_000 {
        let node = alloc(&mut heap, NODE, 0, &mut roots).unwrap();
        set(&mut heap, node, i);
        heap.set_ref(node, 12, roots[0]);
        roots[0] = node;
    }
    let mut thread_heap = heap;
    // A tenth of the usual stack.
    let heap = std::thread::Builder::new()
        .stack_size(200 << 10)
        .spawn(move || {
            thread_heap
                .collect(
                    &mut |visit| roots.iter_mut().for_each(&mut *visit),
                    &mut Vec::new(),
                )
                .unwrap();
            (thread_heap, roots)
        })
        .unwrap()
        .join()
        .unwrap();
    let (heap, [mut node]) = heap;
    for i in (0..1_000_000).rev() {
        assert_eq!(heap.get_u32(node, 8), i);
        node = heap.get_u32(node, 12);
    }
    assert_eq!(node, 0);
}

#[test]
fn garbage_is_reused_and_old_garbage_is_given_back() {
    let mut heap = heap(32 << 20, false);
    let mut roots = [0];
    for _ in 0..2_000 {
        roots[0] = alloc(&mut heap, BYTES, 1 << 20, &mut roots).unwrap();
    }
    heap.collect(
        &mut |visit| roots.iter_mut().for_each(&mut *visit),
        &mut Vec::new(),
    )
    .unwrap();
    assert!(heap.used_bytes() < 2 << 20, "{}", heap.used_bytes());
}

#[test]
fn exhaustion_is_an_error_and_the_heap_stays_usable() {
    let mut heap = heap(4 << 20, false);
    let mut roots = [0];
    let mut n = 0u32;
    while let Ok(node) = alloc(&mut heap, NODE, 0, &mut roots) {
        heap.set_ref(node, 12, roots[0]);
        roots[0] = node;
        n += 1;
        assert!(u64::from(n) * 24 <= 4 << 20, "the limit did not hold");
    }
    assert!(u64::from(n) * 24 >= 2 << 20, "only {n} objects fit");
    assert_eq!(alloc(&mut heap, REFS, u32::MAX, &mut roots), Err(Exhausted));
    roots[0] = 0;
    assert!(alloc(&mut heap, NODE, 0, &mut roots).is_ok());
}

#[test]
fn the_limit_holds_however_often_it_is_met() {
    let bytes_max = 4 << 20;
    let mut heap = heap(bytes_max, false);
    let mut roots = [0];
    // As a guest that is called again and again and keeps all it can.
    for _ in 0..50 {
        while let Ok(node) = alloc(&mut heap, NODE, 0, &mut roots) {
            heap.set_ref(node, 12, roots[0]);
            roots[0] = node;
        }
        assert!(heap.used_bytes() <= bytes_max, "{}", heap.used_bytes());
    }
    roots[0] = 0;
    for _ in 0..1_000_000 {
        assert!(alloc(&mut heap, NODE, 0, &mut roots).is_ok());
    }
    let stats = heap.stats();
    assert!(stats.full < stats.minor, "{stats:?}");
}

#[test]
fn with_many_roots_collections_become_rare() {
    let mut heap = heap(256 << 20, false);
    // A table of eight megabytes.
    let mut roots = vec![0; 1 << 20];
    for _ in 0..1_000_000 {
        alloc(&mut heap, NODE, 0, &mut roots).unwrap();
    }
    let minor = heap.stats().minor;
    assert!(minor < 10, "{minor} collections for 24 MB");
}

#[test]
fn sizes_near_the_end_of_the_space_do_not_wrap() {
    let mut heap = heap(u64::MAX, false);
    for len in [u32::MAX, u32::MAX / 4, u32::MAX - 23, 1 << 30] {
        assert_eq!(alloc(&mut heap, REFS, len, &mut []), Err(Exhausted));
        assert_eq!(heap.alloc_array(REFS, len), None);
    }
    heap.set_shape(5, Shape::array(4, false));
    assert_eq!(heap.array_bytes(5, u32::MAX), 16 + 16 * u64::from(u32::MAX));
    assert_eq!(heap.alloc_array(5, u32::MAX), None);
}

/// Counts its drops.
struct Counted(Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn values_of_the_host_drop_with_their_objects() {
    let drops = Arc::new(AtomicU32::new(0));
    let dropped = || drops.load(Ordering::Relaxed);
    let mut heap = heap(64 << 20, false);
    let mut roots = [0, 0];
    for root in &mut roots {
        *root = heap.alloc_host(Box::new(Counted(drops.clone()))).unwrap();
    }
    heap.alloc_host(Box::new(Counted(drops.clone()))).unwrap();
    let collect = |heap: &mut Heap, roots: &mut [u32; 2]| {
        heap.collect(
            &mut |visit| roots.iter_mut().for_each(&mut *visit),
            &mut Vec::new(),
        )
        .unwrap();
    };
    collect(&mut heap, &mut roots);
    assert_eq!(dropped(), 1);
    assert!(heap.host(roots[0]).unwrap().is::<Counted>());
    assert_eq!(heap.type_of(roots[1]), Some(HOST_TYPE));
    roots[0] = 0;
    collect(&mut heap, &mut roots);
    assert_eq!(dropped(), 2);
    assert!(heap.host(roots[1]).unwrap().is::<Counted>());
    // Its index is used again, by another object.
    let other = heap.alloc_host(Box::new(5u32)).unwrap();
    assert_eq!(heap.host(other).unwrap().downcast_ref(), Some(&5u32));
    drop(heap);
    assert_eq!(dropped(), 3);
}

#[test]
fn what_is_no_object_has_no_type() {
    let mut heap = heap(64 << 20, false);
    let node = heap.alloc(NODE).unwrap();
    assert_eq!(heap.type_of(node), Some(NODE));
    for reference in [
        0,
        i31(5),
        8,
        node + 4,
        YOUNG_END - 8,
        YOUNG_END,
        u32::MAX - 7,
    ] {
        assert_eq!(heap.type_of(reference), None, "{reference:#x}");
    }
}

#[test]
fn compiled_code_may_allocate_between() {
    let mut heap = heap(64 << 20, false);
    let top = heap.top();
    assert!(top + 24 <= heap.end());
    heap.set_top(top + 24);
    assert_eq!(heap.alloc(NODE), Some(top + 24));
}

#[test]
fn objects_end_below_four_gib() {
    let heap = heap(u64::MAX, false);
    let young_bytes_max = u64::from(YOUNG_END - abi::gc::YOUNG_START);
    let last = u64::from(YOUNG_END) + heap.object_bytes_max() + young_bytes_max;
    assert!(last < 1 << 32, "{last:#x}");
}
