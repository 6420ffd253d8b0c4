//! Tests of the cut, apart because they need modules, which are written as text.

use super::{Anatomy, ItemKind, ModuleParts, Reference};

fn wasm(text: &str) -> Vec<u8> {
    text::wat_to_wasm(text, None).unwrap()
}

/// Every byte is in exactly one item, whatever the file is.
fn check_cover(bytes: &[u8]) {
    let anatomy = Anatomy::read(bytes).unwrap();
    let mut at = 0;
    for item in &anatomy.items {
        assert_eq!(item.range.start, at, "{}", anatomy.label(item));
        assert!(item.range.end >= at);
        at = item.range.end;
    }
    assert_eq!(at, bytes.len() as u64);
}

const EVERYTHING: &str = r#"(module $all
    (type $f (func (param i32)))
    (rec (type $a (struct (field (ref null $b)))) (type $b (sub (array i8))))
    (import "env" "f" (func $imported (type $f)))
    (table $t 1 funcref) (memory $m 1) (tag $x (type $f)) (global $g (ref null $a) (ref.null $a))
    (export "g" (func $g)) (start $s)
    (elem $e (i32.const 0) func $g) (data $d "abc")
    (func $g (type $f)) (func $s (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3)))
    (@custom "own" "bytes") (@custom "empty" ""))"#;

#[test]
fn every_byte_is_in_one_item() {
    check_cover(&wasm("(module)"));
    check_cover(&wasm(EVERYTHING));
    check_cover(&wasm(
        "(component (core module (func)) (component (core module)) (core module))",
    ));
    // Sizes and counts may be written longer than they need be: here in a code section of two bodies.
    let mut padded = wasm("(module (func) (func))");
    let code = padded.len() - 8;
    assert_eq!(padded[code - 1..][..3], [10, 7, 2]);
    padded.splice(
        code..,
        [
            0x8c, 0x80, 0, 0x82, 0, 0x82, 0x80, 0, 0, 0x0b, 0x82, 0x80, 0, 0, 0x0b,
        ],
    );
    check_cover(&padded);
    let anatomy = Anatomy::read(&padded).unwrap();
    let bodies = anatomy
        .items
        .iter()
        .filter(|item| item.kind == ItemKind::Func);
    assert_eq!(bodies.map(super::Item::bytes).collect::<Vec<_>>(), [5, 5]);
}

#[test]
fn damaged_files_are_errors_or_covered() {
    let whole = wasm(EVERYTHING);
    for end in 0..whole.len() {
        if Anatomy::read(&whole[..end]).is_ok() {
            check_cover(&whole[..end]);
        }
    }
    for at in 0..whole.len() {
        for flip in [1, 0x7f, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] ^= flip;
            if let Ok(anatomy) = Anatomy::read(&damaged) {
                check_cover(&damaged);
                let sizes = crate::size::Sizes::of(&anatomy);
                sizes.retained();
                sizes.garbage();
                sizes.paths(anatomy.items.len() as u32 - 1);
                crate::callgraph::CallGraph::of(&anatomy);
                crate::diff::Diff::of(&anatomy, &anatomy);
            }
        }
    }
}

#[test]
fn references_are_found_by_what_they_are() {
    let bytes = wasm(
        r#"(module (type $s (struct (field i32))) (type $v (func)) (memory 1) (memory $two 1)
            (table $t 1 funcref) (global $g (mut i32) (i32.const 0)) (tag $x) (func $f)
            (elem declare func $f)
            (func
                (call $f) (drop (ref.func $f)) (call_indirect $t (i32.const 0))
                (call_ref $v (ref.func $f)) (global.set $g (i32.load $two (i32.const 0)))
                (drop (struct.get $s 0 (struct.new $s (i32.const 1))))
                (block $b (try_table (catch $x $b))) (table.set $t (i32.const 0) (ref.null func))
                (throw $x)))"#,
    );
    let anatomy = Anatomy::read(&bytes).unwrap();
    let mut found = Vec::new();
    ModuleParts::body_references(&anatomy.modules[0].bodies[1], &mut |reference| {
        found.push(reference)
    });
    use Reference as R;
    let expected = [
        R::Call(0),
        R::FuncRef(0),
        R::CallIndirect { ty: 1, table: 0 },
        R::FuncRef(0),
        R::CallRef { ty: 1 },
        R::Memory(1),
        R::Global(0),
        R::Type(0),
        R::Type(0),
        R::Tag(0),
        R::TableWrite(0),
        R::Tag(0),
    ];
    // The type of a null reference is no type of the module.
    assert_eq!(found, expected);
}
