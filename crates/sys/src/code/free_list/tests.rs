//! The free list against a model that marks single bytes.

use super::FreeList;
use std::ops::Range;

#[test]
fn takes_the_lowest_part_that_fits() {
    let mut list = FreeList::new(256);
    assert_eq!(list.take(64, 64), Some(0..64));
    assert_eq!(list.take(64, 64), Some(64..128));
    assert_eq!(list.take(64, 128), Some(128..192));
    assert_eq!(list.give(0..64), 0..64);
    assert_eq!(list.take(65, 1), None);
    assert_eq!(list.take(32, 1), Some(0..32));
    assert_eq!(list.take(64, 1), Some(192..256));
}

#[test]
fn merges_neighbours() {
    let mut list = FreeList::new(192);
    let [a, b, c] = [(); 3].map(|()| list.take(64, 64).unwrap());
    assert_eq!(list.give(a), 0..64);
    assert_eq!(list.give(c), 128..192);
    assert_eq!(list.give(b), 0..192);
}

#[test]
fn leaves_what_alignment_skips_free() {
    let mut list = FreeList::new(200);
    assert_eq!(list.take(8, 1), Some(0..8));
    assert_eq!(list.take(64, 128), Some(128..192));
    assert_eq!(list.free_bytes(), 128);
    assert_eq!(list.take(120, 8), Some(8..128));
}

#[test]
fn empty_and_absurd_requests_find_nothing() {
    assert_eq!(FreeList::new(0).take(1, 1), None);
    assert_eq!(FreeList::new(64).take(usize::MAX, 64), None);
}

#[test]
#[should_panic = "given back twice"]
fn giving_twice_is_noticed() {
    let mut list = FreeList::new(64);
    let part = list.take(64, 1).unwrap();
    list.give(part.clone());
    list.give(part);
}

#[test]
fn agrees_with_a_map_of_bytes() {
    const BYTES: usize = 512;
    let mut list = FreeList::new(BYTES);
    let mut used = [false; BYTES];
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut seed = 1u64;
    let mut random = |below: usize| {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (seed >> 33) as usize % below
    };
    for _ in 0..20_000 {
        if random(2) == 0 && !taken.is_empty() {
            let part = taken.swap_remove(random(taken.len()));
            used[part.clone()].fill(false);
            let whole = list.give(part.clone());
            assert!(whole.start <= part.start && part.end <= whole.end);
            assert!(!used[whole.clone()].contains(&true));
            assert!(whole.start == 0 || used[whole.start - 1]);
            assert!(whole.end == BYTES || used[whole.end]);
        } else {
            let (bytes, align) = (1 + random(60), 1 << random(6));
            let fits = |&at: &usize| at + bytes <= BYTES && !used[at..at + bytes].contains(&true);
            let expected = (0..BYTES)
                .step_by(align)
                .find(fits)
                .map(|at| at..at + bytes);
            assert_eq!(list.take(bytes, align), expected);
            if let Some(part) = expected {
                used[part.clone()].fill(true);
                taken.push(part);
            }
        }
        let free = used.iter().filter(|&&used| !used).count();
        assert_eq!(list.free_bytes(), free);
    }
}
