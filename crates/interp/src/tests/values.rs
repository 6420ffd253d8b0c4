//! Constants, globals, vectors and conversions reach the rows of `ops` and come back.

use super::{Guest, i32x4};
use runtime::Val;

#[test]
fn constants_of_every_type() {
    let mut guest = Guest::new(
        r#"(module (func (export "f") (result i32 i64 f32 f64 v128)
            (i32.const -1) (i64.const -2) (f32.const nan:0x200001) (f64.const -0.5)
            (v128.const i32x4 1 2 3 -4)))"#,
    );
    let expected = [
        Val::I32(-1),
        Val::I64(-2),
        Val::F32(0x7fa0_0001),
        Val::F64((-0.5f64).to_bits()),
        i32x4([1, 2, 3, -4]),
    ];
    assert_eq!(guest.call("f", &[]).unwrap(), expected);
}

#[test]
fn a_number_is_read_without_what_lies_above_its_bits() {
    let mut guest = Guest::new(
        r#"(module
            (func (export "wrap") (param i64) (result i32)
                (i32.eqz (i32.wrap_i64 (local.get 0))))
            (func (export "if") (param i64) (result i32)
                (if (result i32) (i32.wrap_i64 (local.get 0)) (then (i32.const 1)) (else (i32.const 0)))))"#,
    );
    let high = [Val::I64(1 << 40)];
    assert_eq!(guest.call("wrap", &high).unwrap(), [Val::I32(1)]);
    assert_eq!(guest.call("if", &high).unwrap(), [Val::I32(0)]);
}

#[test]
fn globals_of_every_kind() {
    let mut guest = Guest::new(
        r#"(module
            (global $v (mut v128) (v128.const i64x2 7 8))
            (global $r (mut funcref) (ref.null func))
            (global $f f64 (f64.const 1.5))
            (func $self (export "self") (result i32)
                (global.set $r (ref.func $self))
                (ref.is_null (global.get $r)))
            (func (export "v") (param v128) (result v128 f64)
                (global.get $v) (global.set $v (local.get 0)) (global.get $f)))"#,
    );
    let first = guest.call("v", &[i32x4([1, 2, 3, 4])]).unwrap();
    assert_eq!(first, [i32x4([7, 0, 8, 0]), Val::F64(1.5f64.to_bits())]);
    let second = guest.call("v", &[i32x4([0; 4])]).unwrap();
    assert_eq!(second[0], i32x4([1, 2, 3, 4]));
    assert_eq!(guest.i32s("self", &[]), [0]);
}

#[test]
fn vectors() {
    let mut guest = Guest::new(
        r#"(module (memory 1)
            (data (i32.const 16) "\01\00\00\00\02\00\00\00\03\00\00\00\04\00\00\00")
            (func (export "add") (param v128) (result v128)
                (i32x4.add (local.get 0) (v128.load (i32.const 16))))
            (func (export "lanes") (param v128) (result v128 i32)
                (i32x4.replace_lane 2 (local.get 0) (i32.const 9))
                (i32x4.extract_lane 3 (local.get 0)))
            (func (export "shuffle") (param v128) (result v128)
                (i8x16.shuffle 12 13 14 15 8 9 10 11 4 5 6 7 16 17 18 19
                    (local.get 0) (v128.const i32x4 77 0 0 0)))
            (func (export "load_lane") (param v128) (result v128)
                (v128.load32_lane offset=4 1 (i32.const 16) (local.get 0)))
            (func (export "store_lane") (param v128) (result i32)
                (v128.store32_lane 3 (i32.const 0) (local.get 0)) (i32.load (i32.const 0)))
            (func (export "splat") (result v128) (v128.load32_splat (i32.const 28)))
            (func (export "any") (param v128) (result i32) (v128.any_true (local.get 0))))"#,
    );
    let v = [i32x4([10, 20, 30, 40])];
    assert_eq!(guest.call("add", &v).unwrap(), [i32x4([11, 22, 33, 44])]);
    let lanes = [i32x4([10, 20, 9, 40]), Val::I32(40)];
    assert_eq!(guest.call("lanes", &v).unwrap(), lanes);
    assert_eq!(
        guest.call("shuffle", &v).unwrap(),
        [i32x4([40, 30, 20, 77])]
    );
    assert_eq!(
        guest.call("load_lane", &v).unwrap(),
        [i32x4([10, 2, 30, 40])]
    );
    assert_eq!(guest.call("store_lane", &v).unwrap(), [Val::I32(40)]);
    assert_eq!(guest.call("splat", &[]).unwrap(), [i32x4([4; 4])]);
    assert_eq!(guest.call("any", &v).unwrap(), [Val::I32(1)]);
    assert_eq!(guest.call("any", &[i32x4([0; 4])]).unwrap(), [Val::I32(0)]);
}
