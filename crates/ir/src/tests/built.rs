//! What functions become: locals, joins, loops, constants, unreachable code, fuel.

use super::build_wat;
use crate::{BuildOptions, parse, verify};
use expect_test::{Expect, expect};

fn check(wat: &str, expect: Expect) {
    expect.assert_eq(&build_wat(wat, BuildOptions::default()));
}

#[test]
fn a_loop_has_parameters_for_what_it_assigns_and_reads() {
    check(
        "(func (param $n i32) (result i32) (local $i i32) (local $sum i32) (local $temp i32)
           (loop $next
             (local.set $temp (i32.mul (local.get $i) (local.get $i)))
             (local.set $sum (i32.add (local.get $sum) (local.get $temp)))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
           (local.get $sum))",
        expect![[r#"
            func (i32) -> (i32) {
            b0(v0: i32):
                jump b1(i32:0, i32:0)
            b1(v1: i32, v2: i32):
                v3: i32 = i32.mul v1, v1
                v4: i32 = i32.add v2, v3
                v5: i32 = i32.add v1, i32:1
                v6: i32 = i32.lt_u v5, v0
                branch v6, b1(v5, v4), b2
            b2:
                return v4
            }
        "#]],
    );
}

#[test]
fn a_join_has_parameters_for_what_differs_and_is_read() {
    check(
        "(func (param $a i32) (param $b i32) (result i32) (local $x i32) (local $unread i32)
           (if (local.get $a)
             (then (local.set $x (i32.const 7)) (local.set $unread (i32.const 1)))
             (else (local.set $x (local.get $b))))
           (i32.add (local.get $x) (local.get $b)))",
        expect![[r#"
            func (i32, i32) -> (i32) {
            b0(v0: i32, v1: i32):
                branch v0, b1, b2
            b1:
                jump b3(i32:7)
            b2:
                jump b3(v1)
            b3(v2: i32):
                v3: i32 = i32.add v2, v1
                return v3
            }
        "#]],
    );
}

#[test]
fn what_a_loop_only_assigns_is_found_after_it() {
    check(
        "(func (param $n i32) (result i32) (local $last i32)
           (block $done
             (loop $next
               (br_if $done (i32.eqz (local.get $n)))
               (local.set $last (local.get $n))
               (local.set $n (i32.sub (local.get $n) (i32.const 1)))
               (br $next)))
           (local.get $last))",
        expect![[r#"
            func (i32) -> (i32) {
            b0(v0: i32):
                jump b1(v0, i32:0)
            b1(v1: i32, v2: i32):
                v3: i32 = i32.eqz v1
                branch v1, b2, b3
            b2:
                v4: i32 = i32.sub v1, i32:1
                jump b1(v4, v1)
            b3:
                return v2
            }
        "#]],
    );
}

#[test]
fn constants_are_computed_and_choose_the_way() {
    check(
        "(func (param $x i32) (result i32)
           (if (result i32) (i32.eq (i32.const 3) (i32.add (i32.const 1) (i32.const 2)))
             (then (i32.add (local.get $x) (i32.const 0)))
             (else (i32.div_u (local.get $x) (i32.const 0)))))
         (func (result i32) (block $a (br_if $a (i32.const 0)) (br_if $a (i32.const 1)) (unreachable))
           (i32.div_s (i32.const 1) (i32.const 0)))",
        expect![[r#"
            func (i32) -> (i32) {
            b0(v0: i32):
                return v0
            }
            func () -> (i32) {
            b0:
                jump b1
            b1:
                v0: i32 = i32.div_s i32:1, i32:0
                return v0
            }
        "#]],
    );
}

#[test]
fn a_switch_has_one_edge_per_label() {
    check(
        "(func (param $x i32) (result i32)
           (block $b (result i32) (block $a (result i32)
             (br_table $a $b $a $a $b (i32.const 5) (local.get $x)))
             (i32.add (i32.const 1)))
         )",
        expect![[r#"
            func (i32) -> (i32) {
            b0(v0: i32):
                switch v0, b1, b2(i32:5), b1, b1, b2(i32:5)
            b1:
                jump b2(i32:6)
            b2(v1: i32):
                return v1
            }
        "#]],
    );
}

#[test]
fn calls_have_many_results() {
    check(
        "(import \"m\" \"f\" (func $f (param i32) (result i32 f64)))
         (type $t (func (param i64) (result i64)))
         (table 1 funcref)
         (func (param i64) (result f64 i32)
           (local $x f64)
           (call $f (i32.wrap_i64 (call_indirect (type $t) (local.get 0) (i32.const 0))))
           local.set $x
           (local.get $x)
           drop
           (local.set 0 (i64.extend_i32_u))
           (local.get $x) (i32.wrap_i64 (local.get 0)))",
        expect![[r#"
            func (i64) -> (f64, i32) {
            b0(v0: i64):
                v1: i64 = call_indirect 0 0 i32:0(v0)
                v2: i32 = i32.wrap_i64 v1
                v3: i32, v4: f64 = call 0(v2)
                v5: i64 = i64.extend_i32_u v3
                return v4, v3
            }
        "#]],
    );
}

#[test]
fn fuel_is_taken_before_what_flushes_it() {
    let wat = "(func (param $n i32)
        (loop $next
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $next (local.get $n))))";
    let options = BuildOptions {
        fuel: true,
        ..BuildOptions::default()
    };
    let text = build_wat(wat, options);
    expect![[r#"
        func (i32) -> () {
        b0(v0: i32):
            fuel.check
            jump b1(v0)
        b1(v1: i32):
            fuel.check
            v2: i32 = i32.sub v1, i32:1
            fuel 6
            branch v2, b1(v2), b2
        b2:
            return
        }
    "#]]
    .assert_eq(&text);
}

#[test]
fn hostile_nesting_is_built_without_recursion() {
    let depth = 20_000;
    let mut wat = String::from("(func (param i32) (result i32) ");
    wat.push_str(&"block loop ".repeat(depth));
    wat.push_str("local.get 0 i32.const 1 i32.sub local.tee 0 br_if 1 local.get 0 br_if 39999 ");
    wat.push_str(&"local.get 0 local.set 0 end end ".repeat(depth));
    wat.push_str("local.get 0)");
    build_wat(&wat, BuildOptions::default());
}

#[test]
fn text_that_is_no_function_says_where() {
    let error = parse("func () -> () {\nb0:\n    v0: i32 = i32.add i32:1\n}").unwrap_err();
    expect!["line 3: expected 2 operands"].assert_eq(&error.to_string());
    let error = parse("func () -> () {\nb0:\n    return v1\n}").unwrap_err();
    expect!["line 3: no value v1"].assert_eq(&error.to_string());
}

#[test]
fn broken_functions_are_found() {
    let check = |text: &str, expect: Expect| {
        let func = parse(text).unwrap();
        expect.assert_eq(&verify(&func, None).unwrap_err().to_string());
    };
    check(
        "func () -> (i32) {\nb0:\n    return i64:1\n}",
        expect!["b0: results: expected i32, found i64"],
    );
    check(
        "func () -> () {\nb0:\n    jump b0\n}",
        expect!["b0: an edge enters the entry"],
    );
    check(
        "func (i32) -> (i32) {\nb0(v0: i32):\n branch v0, b1, b2\nb1:\n v1: i32 = i32.eqz v0\n jump b2\nb2:\n return v1\n}",
        expect!["b2: v1 of b1 does not dominate its use"],
    );
    check(
        "func (i32) -> (i32) {\nb0(v0: i32):\n jump b1\nb1(v1: i32):\n return v1\n}",
        expect!["b0: arguments of an edge: expected 1 values, found 0"],
    );
}

#[test]
fn hints_make_the_unlikely_way_cold() {
    check(
        r#"(func (param $a i32) (param $b i32) (result i32)
             (@metadata.code.branch_hint "\00")
             (if (local.get $a)
               (then (if (local.get $b) (then (return (i32.const 1)))))
               (else (local.set $b (i32.const 2))))
             (block $out
               (@metadata.code.branch_hint "\00")
               (br_if $out (local.get $b))
               (@metadata.code.branch_hint "\01")
               (br_if $out (i32.add (local.get $b) (local.get $a)))
               (return (i32.const 3)))
             (local.get $b))"#,
        expect![[r#"
            func (i32, i32) -> (i32) {
            b0(v0: i32, v1: i32):
                branch v0, b1, b4
            b1 cold:
                branch v1, b2, b3
            b2 cold:
                return i32:1
            b3 cold:
                jump b5(v1)
            b4:
                jump b5(i32:2)
            b5(v2: i32):
                branch v2, b6, b7
            b6 cold:
                jump b9
            b7:
                v3: i32 = i32.add v2, v0
                branch v3, b9, b8
            b8 cold:
                return i32:3
            b9:
                return v2
            }
        "#]],
    );
}

#[test]
fn a_tail_call_may_find_its_callee_in_a_table_of_64_bits() {
    check(
        "(table $t i64 1 funcref)
         (type $f (func (result i32)))
         (func (param $i i64) (result i32)
           (return_call_indirect $t (type $f) (local.get $i)))",
        expect![[r#"
            func (i64) -> (i32) {
            b0(v0: i64):
                return_call_indirect 0 0 v0()
            }
        "#]],
    );
}

#[test]
fn an_if_that_is_only_left_by_branches_keeps_what_they_carry() {
    check(
        "(func (param $a i32) (result i32) (local $x i32)
           (if (local.get $a) (then (local.set $x (i32.const 5)) (br 0)))
           (local.get $x))",
        expect![[r#"
            func (i32) -> (i32) {
            b0(v0: i32):
                branch v0, b1, b2(i32:0)
            b1:
                jump b2(i32:5)
            b2(v1: i32):
                return v1
            }
        "#]],
    );
}
