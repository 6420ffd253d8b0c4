//! Tables: elements, growth, bulk operators.

use super::Guest;
use ops::Trap;

const WAT: &str = r#"(module
    (table $t 3 5 funcref)
    (table $u 2 externref)
    (elem $e func $one $two $three)
    (func $one (result i32) (i32.const 1))
    (func $two (result i32) (i32.const 2))
    (func $three (result i32) (i32.const 3))
    (func (export "call") (param i32) (result i32)
        (if (result i32) (ref.is_null (table.get $t (local.get 0)))
            (then (i32.const 0))
            (else (call_indirect $t (result i32) (local.get 0)))))
    (func (export "init") (param i32 i32 i32)
        (table.init $t $e (local.get 0) (local.get 1) (local.get 2)))
    (func (export "drop") (elem.drop $e))
    (func (export "copy") (param i32 i32 i32)
        (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
    (func (export "fill") (param i32 i32)
        (table.fill $t (local.get 0) (ref.func $two) (local.get 1)))
    (func (export "grow") (param i32) (result i32)
        (table.grow $t (ref.func $three) (local.get 0)))
    (func (export "sizes") (result i32 i32) (table.size $t) (table.size $u))
    (func (export "clear") (param i32) (table.set $t (local.get 0) (ref.null func)))
    (func (export "grow_u") (param i32) (result i32)
        (table.grow $u (ref.null extern) (local.get 0))))"#;

fn called(guest: &mut Guest) -> Vec<i32> {
    let size = guest.i32s("sizes", &[])[0];
    (0..size).map(|at| guest.i32s("call", &[at])[0]).collect()
}

#[test]
fn elements_come_from_segments_copies_fills_and_growth() {
    let mut guest = Guest::new(WAT);
    assert_eq!(called(&mut guest), [0, 0, 0]);
    guest.i32s("init", &[0, 0, 3]);
    assert_eq!(called(&mut guest), [1, 2, 3]);
    guest.i32s("copy", &[1, 0, 2]);
    assert_eq!(called(&mut guest), [1, 1, 2]);
    guest.i32s("fill", &[0, 2]);
    assert_eq!(called(&mut guest), [2, 2, 2]);
    assert_eq!(guest.i32s("grow", &[2]), [3]);
    assert_eq!(guest.i32s("grow", &[1]), [-1]);
    guest.i32s("clear", &[1]);
    assert_eq!(called(&mut guest), [2, 0, 2, 3, 3]);
    assert_eq!(guest.i32s("grow_u", &[4]), [2]);
    assert_eq!(guest.i32s("sizes", &[]), [5, 6]);
}

#[test]
fn what_lies_outside_traps_and_changes_nothing() {
    let mut guest = Guest::new(WAT);
    guest.i32s("init", &[0, 0, 3]);
    for (name, params) in [
        ("init", &[1, 0, 3][..]),
        ("init", &[0, 3, 1]),
        ("copy", &[2, 0, 2]),
        ("copy", &[0, -1, 1]),
        ("fill", &[2, 2]),
        ("clear", &[3]),
    ] {
        assert_eq!(guest.trap(name, params), Trap::TableOutOfBounds, "{name}");
    }
    assert_eq!(called(&mut guest), [1, 2, 3]);
    guest.i32s("drop", &[]);
    guest.i32s("init", &[0, 0, 0]);
    assert_eq!(guest.trap("init", &[0, 0, 1]), Trap::TableOutOfBounds);
}
