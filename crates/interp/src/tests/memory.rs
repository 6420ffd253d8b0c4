//! Memories: accesses and their bounds, growth, bulk operators.

use super::Guest;
use ops::Trap;

#[test]
fn accesses_of_every_width_and_their_bounds() {
    let mut guest = Guest::new(
        r#"(module (memory 1)
            (data (i32.const 65528) "\01\02\03\04\85\86\87\88")
            (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
            (func (export "load8_s") (param i32) (result i32) (i32.load8_s (local.get 0)))
            (func (export "load8_u") (param i32) (result i32) (i32.load8_u (local.get 0)))
            (func (export "load16_s") (param i32) (result i32) (i32.load16_s (local.get 0)))
            (func (export "load64") (param i32) (result i32)
                (i32.wrap_i64 (i64.shr_u (i64.load (local.get 0)) (i64.const 32))))
            (func (export "offset") (param i32) (result i32) (i32.load8_u offset=8 (local.get 0)))
            (func (export "far") (param i32) (result i32)
                (i32.load8_u offset=4294967295 (local.get 0)))
            (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
            (func (export "store16") (param i32 i32) (i32.store16 (local.get 0) (local.get 1))))"#,
    );
    assert_eq!(guest.i32s("load", &[65528]), [0x0403_0201]);
    assert_eq!(guest.i32s("load8_s", &[65535]), [0x88u8 as i8 as i32]);
    assert_eq!(guest.i32s("load8_u", &[65535]), [0x88]);
    assert_eq!(guest.i32s("load16_s", &[65534]), [0x8887u16 as i16 as i32]);
    assert_eq!(guest.i32s("load64", &[65528]), [0x8887_8685u32 as i32]);
    assert_eq!(guest.i32s("offset", &[65520]), [1]);
    for (name, address) in [
        ("load", 65533),
        ("load8_u", 65536),
        ("load16_s", 65535),
        ("load64", 65529),
        ("load", -1),
        ("offset", -8),
        ("offset", 65528),
        ("far", 0),
        ("far", 1),
    ] {
        let trap = guest.trap(name, &[address]);
        assert_eq!(trap, Trap::MemoryOutOfBounds, "{name} {address}");
    }
    // A store that traps writes nothing.
    assert_eq!(guest.trap("store", &[65533, -1]), Trap::MemoryOutOfBounds);
    assert_eq!(guest.i32s("load", &[65532]), [0x8887_8685u32 as i32]);
    guest.i32s("store16", &[65534, 0x12345]);
    assert_eq!(guest.i32s("load", &[65532]), [0x2345_8685]);
}

#[test]
fn memory_grows_to_its_maximum() {
    let mut guest = Guest::new(
        r#"(module (memory 1 3)
            (func (export "size") (result i32) (memory.size))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "touch") (param i32) (result i32)
                (i32.store8 (local.get 0) (i32.const 5)) (i32.load8_u (local.get 0))))"#,
    );
    assert_eq!(guest.trap("touch", &[65536]), Trap::MemoryOutOfBounds);
    assert_eq!(guest.i32s("grow", &[0]), [1]);
    assert_eq!(guest.i32s("grow", &[2]), [1]);
    assert_eq!(guest.i32s("size", &[]), [3]);
    assert_eq!(guest.i32s("touch", &[3 * 65536 - 1]), [5]);
    assert_eq!(guest.i32s("grow", &[1]), [-1]);
    assert_eq!(guest.i32s("grow", &[-1]), [-1]);
    assert_eq!(guest.i32s("size", &[]), [3]);
}

#[test]
fn bulk_operators() {
    let mut guest = Guest::new(
        r#"(module (memory 1)
            (data $d "abcdef")
            (func (export "init") (param i32 i32 i32)
                (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
            (func (export "drop") (data.drop $d))
            (func (export "fill") (param i32 i32 i32)
                (memory.fill (local.get 0) (local.get 1) (local.get 2)))
            (func (export "copy") (param i32 i32 i32)
                (memory.copy (local.get 0) (local.get 1) (local.get 2)))
            (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"#,
    );
    let text = |bytes: &[u8; 4]| [i32::from_le_bytes(*bytes)];
    guest.i32s("init", &[0, 1, 5]);
    assert_eq!(guest.i32s("load", &[0]), text(b"bcde"));
    guest.i32s("copy", &[1, 0, 5]);
    assert_eq!(guest.i32s("load", &[0]), text(b"bbcd"));
    guest.i32s("fill", &[2, 0x17a, 2]);
    assert_eq!(guest.i32s("load", &[0]), text(b"bbzz"));
    for (name, params) in [
        ("init", [0, 1, 6]),
        ("init", [65535, 0, 2]),
        ("fill", [65535, 0, 2]),
        ("copy", [0, 65535, 2]),
        ("copy", [-1, 0, 2]),
    ] {
        assert_eq!(guest.trap(name, &params), Trap::MemoryOutOfBounds, "{name}");
    }
    guest.i32s("drop", &[]);
    guest.i32s("init", &[65536, 0, 0]);
    assert_eq!(guest.trap("init", &[0, 0, 1]), Trap::MemoryOutOfBounds);
}
