//! What functions become for Cranelift: the shapes that speed depends on.

use super::{checking, with_last};
use expect_test::{Expect, expect};

/// The blocks of the last function, before Cranelift optimizes.
fn check(wat: &str, expect: Expect) {
    let dump = with_last(wat, |env, input| checking().dump(env, input)).expect("compiles");
    let blocks = &dump.clif[dump.clif.find("block0").expect("an entry")..];
    let lines = blocks.lines().map(|line| {
        // Offsets in the module would make the expectations hard to keep.
        let line = match line.split_once(' ') {
            Some((offset, rest)) if offset.starts_with('@') => rest.trim_start(),
            _ => line.trim_start(),
        };
        let indent = if line.starts_with("block") || line == "}" {
            ""
        } else {
            "    "
        };
        if line.is_empty() {
            String::new()
        } else {
            format!("{indent}{line}\n")
        }
    });
    expect.assert_eq(&lines.collect::<String>());
}

#[test]
fn an_access_of_a_guarded_memory_has_no_check() {
    check(
        "(memory 1)
         (func (param i32) (result i32)
           (i32.store8 offset=4 (local.get 0) (i32.const 7))
           (i32.add (i32.load offset=8 (local.get 0)) (i32.load offset=16 (i32.const 1000))))",
        expect![[r#"
            block0(v0: i64, v1: i32):
                v4 = load.i64 notrap aligned readonly can_move region1 v0+56
                v2 = iconst.i32 7
                v3 = iconst.i32 1000
                v5 = uextend.i64 v1
                v6 = iadd v4, v5
                istore8 user2 little region0 v2, v6+4  ; v2 = 7
                v7 = load.i32 user2 little region0 v6+8
                v8 = load.i32 user2 little region0 v4+1016
                v9 = iadd v7, v8
                return v9
            }
        "#]],
    );
}

#[test]
fn an_offset_beyond_the_guard_is_checked() {
    check(
        "(memory 1) (func (param i32) (result i64) (i64.load offset=0x80000000 (local.get 0)))",
        expect![[r#"
            block0(v0: i64, v1: i32):
                v8 = load.i64 notrap aligned readonly can_move region1 v0+56
                v3 = load.i64 notrap aligned readonly can_move region1 v0+64
                v2 = uextend.i64 v1
                v4 = load.i64 notrap aligned region2 v3+8
                v5 = iconst.i64 0x8000_0008
                v6 = iadd v2, v5  ; v5 = 0x8000_0008
                v7 = icmp ugt v6, v4
                trapnz v7, user2
                v9 = iadd v8, v2
                v10 = iconst.i64 0x8000_0000
                v11 = iadd v9, v10  ; v10 = 0x8000_0000
                v12 = select_spectre_guard v7, v8, v11
                v13 = load.i64 user2 little region0 v12
                return v13
            }
        "#]],
    );
}

#[test]
fn a_comparison_that_decides_is_not_extended() {
    check(
        "(func (param i32 i32) (result i32)
           (if (result i32) (i32.lt_s (local.get 0) (local.get 1))
             (then (i32.const 1)) (else (i32.eqz (i32.eq (local.get 0) (local.get 1))))))",
        expect![[r#"
            block0(v0: i64, v1: i32, v2: i32):
                v4 = iconst.i32 1
                v5 = icmp slt v1, v2
                brif v5, block1, block2
            block1:
                jump block3(v4)  ; v4 = 1
            block2:
                v6 = icmp.i32 eq v1, v2
                v7 = iconst.i8 0
                v8 = icmp eq v6, v7  ; v7 = 0
                v9 = uextend.i32 v8
                jump block3(v9)
            block3(v3: i32):
                return v3
            }
        "#]],
    );
}

#[test]
fn a_call_through_a_table() {
    check(
        "(type $t (func (param i32) (result i32)))
         (table 10 10 funcref)
         (func (param i32) (result i32)
           (call_indirect (type $t) (i32.const 5) (local.get 0)))",
        expect![[r#"
            block0(v0: i64, v1: i32):
                v13 = load.i64 notrap aligned readonly can_move region0 v0+24
                v2 = iconst.i32 5
                v3 = iconst.i64 10
                v4 = uextend.i64 v1
                v5 = icmp uge v4, v3  ; v3 = 10
                trapnz v5, user4
                v6 = load.i64 notrap aligned readonly can_move region0 v0+56
                v7 = iconst.i64 3
                v8 = ishl v4, v7  ; v7 = 3
                v9 = iadd v6, v8
                v10 = select_spectre_guard v5, v6, v9
                v11 = load.i64 notrap aligned region1 v10
                v12 = load.i32 user5 aligned region2 v11+16
                v14 = load.i32 notrap aligned readonly can_move region0 v13
                v15 = icmp eq v12, v14
                trapz v15, user6
                v16 = load.i64 notrap aligned region2 v11
                v17 = load.i64 notrap aligned region2 v11+8
                v19 = icmp eq v17, v0
                brif v19, block1(v0), block2
            block2 cold:
                jump block1(v17)
            block1(v18: i64):
                v20 = call_indirect.i64 sig0, v16(v18, v2)  ; v2 = 5
                return v20
            }
        "#]],
    );
}

#[test]
fn a_switch_has_blocks_only_for_edges_that_it_repeats() {
    check(
        "(func (param i32) (result i32) (local $x i32)
           (block $c (block $b (block $a
             (local.set $x (i32.const 9))
             (br_table $a $b $c $b $a (local.get 0)))
             (local.set $x (i32.add (local.get $x) (i32.const 1))))
             (local.set $x (i32.add (local.get $x) (i32.const 2))))
           (local.get $x))",
        expect![[r#"
            block0(v0: i64, v1: i32):
                v4 = iconst.i32 9
                v5 = iconst.i32 10
                v6 = iconst.i32 2
                br_table v1, block1, [block1, block4, block3(v4), block4]  ; v4 = 9
            block4:
                jump block2(v4)  ; v4 = 9
            block1:
                jump block2(v5)  ; v5 = 10
            block2(v2: i32):
                v7 = iadd v2, v6  ; v6 = 2
                jump block3(v7)
            block3(v3: i32):
                return v3
            }
        "#]],
    );
}

#[test]
fn a_structure_is_copied_in_place() {
    check(
        "(memory 1)
         (func (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 20)))",
        expect![[r#"
            block0(v0: i64, v1: i32, v2: i32):
                v10 = load.i64 notrap aligned readonly can_move region0 v0+56
                v6 = load.i64 notrap aligned readonly can_move region0 v0+64
                v3 = iconst.i32 20
                v4 = uextend.i64 v3  ; v3 = 20
                v5 = uextend.i64 v1
                v7 = load.i64 notrap aligned region1 v6+8
                v8 = iadd v5, v4
                v9 = icmp ugt v8, v7
                trapnz v9, user2
                v11 = iadd v10, v5
                v12 = uextend.i64 v2
                v13 = load.i64 notrap aligned region1 v6+8
                v14 = iadd v12, v4
                v15 = icmp ugt v14, v13
                trapnz v15, user2
                v16 = iadd v10, v12
                v17 = load.i8x16 user2 little region2 v16
                v18 = load.i8x16 user2 little region2 v16+4
                store user2 little region2 v17, v11
                store user2 little region2 v18, v11+4
                return
            }
        "#]],
    );
}

#[test]
fn atomic_accesses_are_single_instructions_behind_a_check_of_alignment() {
    check(
        "(memory 1)
         (func (param i32) (result i32)
           (drop (i32.atomic.rmw8.xchg_u offset=4 (local.get 0) (i32.const 7)))
           (i32.atomic.rmw.add offset=8 (local.get 0) (i32.const 1)))",
        expect![[r#"
            block0(v0: i64, v1: i32):
                v4 = load.i64 notrap aligned readonly can_move region1 v0+56
                v2 = iconst.i32 7
                v3 = iconst.i32 1
                v5 = uextend.i64 v1
                v6 = iadd v4, v5
                v7 = iconst.i64 4
                v8 = iadd v6, v7  ; v7 = 4
                v9 = ireduce.i8 v2  ; v2 = 7
                v10 = atomic_rmw.i8 xchg v8, v9
                v11 = uextend.i32 v10
                v12 = uextend.i64 v1
                v13 = iconst.i64 8
                v14 = iadd v12, v13  ; v13 = 8
                v15 = iconst.i64 3
                v16 = band v14, v15  ; v15 = 3
                trapnz v16, user15
                v17 = iconst.i64 8
                v18 = iadd v6, v17  ; v17 = 8
                v19 = atomic_rmw.i32 add v18, v3  ; v3 = 1
                return v19
            }
        "#]],
    );
}
