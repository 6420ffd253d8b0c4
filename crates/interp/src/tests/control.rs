//! Blocks, loops, branches, and the values that they carry.

use super::Guest;

#[test]
fn a_loop_counts() {
    let mut guest = Guest::new(
        r#"(module (func (export "sum") (param $n i32) (result i32) (local $s i32)
            (loop $l
                (local.set $s (i32.add (local.get $s) (local.get $n)))
                (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $s)))"#,
    );
    assert_eq!(guest.i32s("sum", &[100]), [5050]);
}

#[test]
fn both_arms_of_an_if_and_none() {
    let mut guest = Guest::new(
        r#"(module
            (func (export "arms") (param i32) (result i32)
                (if (result i32) (local.get 0) (then (i32.const 7)) (else (i32.const 8))))
            (func (export "one") (param i32) (result i32)
                (if (local.get 0) (then (local.set 0 (i32.const 9))))
                (local.get 0))
            (func (export "deep") (param i32 i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (if (result i32) (local.get 1) (then (i32.const 3)) (else (i32.const 2))))
                    (else (if (result i32) (local.get 1) (then (i32.const 1)) (else (i32.const 0)))))))"#,
    );
    assert_eq!(guest.i32s("arms", &[5]), [7]);
    assert_eq!(guest.i32s("arms", &[0]), [8]);
    assert_eq!(guest.i32s("one", &[1]), [9]);
    assert_eq!(guest.i32s("one", &[0]), [0]);
    for (a, b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        assert_eq!(guest.i32s("deep", &[a, b]), [a * 2 + b]);
    }
}

#[test]
fn br_table_takes_the_default_for_what_is_too_great() {
    let mut guest = Guest::new(
        r#"(module (func (export "f") (param i32) (result i32)
            (block $c (block $b (block $a (br_table $a $b $c (local.get 0)))
                (return (i32.const 10)))
                (return (i32.const 11)))
            (i32.const 12)))"#,
    );
    for (index, expected) in [(0, 10), (1, 11), (2, 12), (3, 12), (-1, 12)] {
        assert_eq!(guest.i32s("f", &[index]), [expected]);
    }
}

#[test]
fn branches_keep_their_values_and_drop_what_is_below() {
    let mut guest = Guest::new(
        r#"(module
            (func (export "br") (result i32 i32)
                (i32.const 1)
                (block (result i32 i32)
                    (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (br 0))
                (i32.add) (i32.add) (i32.const 6))
            (func (export "return") (result i32 i32)
                (block (loop (i32.const 1) (i32.const 2) (i32.const 3) (return)))
                (unreachable))
            (func (export "br_function") (param i32) (result i32)
                (i32.const 9) (i32.const 8)
                (br_if 0 (local.get 0))
                (drop)))"#,
    );
    assert_eq!(guest.i32s("br", &[]), [10, 6]);
    assert_eq!(guest.i32s("return", &[]), [2, 3]);
    assert_eq!(guest.i32s("br_function", &[1]), [8]);
    assert_eq!(guest.i32s("br_function", &[0]), [9]);
}

#[test]
fn blocks_and_loops_with_parameters() {
    let mut guest = Guest::new(
        r#"(module
            (func (export "power") (param $base i32) (param $n i32) (result i32)
                (i32.const 1)
                (loop $l (param i32) (result i32)
                    (i32.mul (local.get $base))
                    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                    (br_if $l (local.get $n))))
            (func (export "swap") (param i32 i32) (result i32 i32)
                (local.get 0) (local.get 1)
                (block (param i32 i32) (result i32 i32)
                    (local.set 0) (local.set 1) (local.get 0) (local.get 1)))
            (func (export "abs_diff") (param i32 i32) (result i32)
                (local.get 0) (local.get 1)
                (if (param i32 i32) (result i32) (i32.gt_s (local.get 0) (local.get 1))
                    (then (i32.sub))
                    (else (i32.sub) (i32.mul (i32.const -1))))))"#,
    );
    assert_eq!(guest.i32s("power", &[3, 5]), [243]);
    assert_eq!(guest.i32s("swap", &[1, 2]), [2, 1]);
    assert_eq!(guest.i32s("abs_diff", &[7, 3]), [4]);
    assert_eq!(guest.i32s("abs_diff", &[3, 7]), [4]);
}

#[test]
fn operators_that_are_never_reached_do_nothing() {
    let mut guest = Guest::new(
        r#"(module (func (export "f") (result i32)
            (block (result i32)
                (br 0 (i32.const 5))
                (block (br 0) (drop) (br_table 0 0 (i32.const 0)))
                (i32.add) (br_if 0) (if (then (return (i32.const 1))) (else (br 0))) (unreachable))))"#,
    );
    assert_eq!(guest.i32s("f", &[]), [5]);
}

#[test]
fn select_drop_and_tee() {
    let mut guest = Guest::new(
        r#"(module
            (func (export "select") (param i32) (result i32)
                (select (i32.const 1) (i32.const 2) (local.get 0)))
            (func (export "tee") (param i32) (result i32 i32)
                (drop (i32.const 9)) (nop) (local.tee 0 (i32.const 4)) (local.get 0)))"#,
    );
    assert_eq!(guest.i32s("select", &[-1]), [1]);
    assert_eq!(guest.i32s("select", &[0]), [2]);
    assert_eq!(guest.i32s("tee", &[1]), [4, 4]);
}
