//! Operators of garbage-collected objects in the text form: every one is read as it is printed, and passes see its operands.

use crate::parse;
use expect_test::expect;

/// Reads a function and prints it: what is printed must be what was read.
#[test]
fn every_operator_is_read_as_it_is_printed() {
    let text = "\
func (ref, i32, i64, funcref) -> () {
b0(v0: ref, v1: i32, v2: i64, v3: funcref):
    v4: i32 = ref.eq v0, ref:null
    v5: ref = ref.i31 v1
    v6: i32 = i31.get_s v5
    v7: i32 = i31.get_u v5
    v8: ref = struct.new 3 v1, v2, v0
    v9: ref = struct.new 4
    v10: i64 = struct.get 3 1 v8
    v11: i32 = struct.get_s 5 0 v8
    v12: i32 = struct.get_u 5 0 v8
    struct.set 3 2 v8, v9
    v13: ref = array.new 6 v0, v1
    v14: ref = array.new_fixed 6 v0, v8, ref:null
    v15: ref = array.new_data 7 0 v1, i32:4
    v16: ref = array.new_elem 8 1 v1, i32:4
    v17: ref = array.get 6 v13, i32:0
    v18: i32 = array.get_s 7 v15, v1
    v19: i32 = array.get_u 7 v15, v1
    array.set 6 v13, v1, v0
    v20: i32 = array.len v13
    array.fill 6 v13, v1, v0, i32:2
    array.copy 6 9 v13, i32:0, v14, i32:1, i32:2
    array.init_data 7 0 v15, v1, i32:0, i32:2
    array.init_elem 8 1 v16, v1, i32:0, i32:2
    v21: i32 = ref.test any v0
    v22: i32 = ref.test null i31 v0
    v23: ref = ref.cast type struct 3 v0
    v24: ref = ref.cast null type array 6 v0
    v25: funcref = ref.cast null type func 0 v3
    v26: i32 = ref.test nofunc v3
    return
}
";
    let func = parse(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(func.to_string(), text);
}

#[test]
fn what_is_no_operator_or_type_is_refused() {
    let read = |line: &str| {
        let text = format!("func (ref) -> () {{\nb0(v0: ref):\n    {line}\n    return\n}}\n");
        parse(&text).expect_err("refused").to_string()
    };
    expect![[r#"
        line 3: no instruction `ref.eq_s`
        line 3: expected a heap type, found `v0`
        line 3: expected a kind of type, found `3`
        line 3: expected a number, found `v0`"#]]
    .assert_eq(
        &[
            read("v1: i32 = ref.eq_s v0, v0"),
            read("v1: i32 = ref.test v0"),
            read("v1: i32 = ref.test type 3 v0"),
            read("v1: i32 = struct.get 3 v0"),
        ]
        .join("\n"),
    );
}

/// An object that no one uses need not be made; but two that are made alike are not the same.
#[test]
fn new_objects_can_be_removed_and_are_never_equal() {
    use crate::{GcOp, State};
    use module::TypeIdx;
    let effects = GcOp::StructNew(TypeIdx(0)).effects();
    assert!(effects.is_removable() && effects.is_fresh);
    let effects = GcOp::ArraySet(TypeIdx(0)).effects();
    assert!(!effects.is_removable() && effects.writes.meets(State::HEAP));
    assert!(
        !GcOp::RefCast {
            heap: module::HeapType::Any,
            nullable: true
        }
        .effects()
        .is_removable()
    );
}
