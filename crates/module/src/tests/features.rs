//! Every feature, refused by name where it is not enabled: in types, sections, declarations and operators.
//!
//! Apart because it is a table with a row for each feature there is.

use super::{validate, wasm};
use crate::{ErrorKind, Features};
use expect_test::{Expect, expect};

/// Modules that need one feature, in the text format, and what is said of each without it.
struct Row {
    feature: &'static str,
    /// Features that would let the modules pass as well.
    beside: &'static [&'static str],
    modules: &'static [&'static str],
    said: Expect,
}

fn row(
    feature: &'static str,
    beside: &'static [&'static str],
    modules: &'static [&'static str],
    said: Expect,
) -> Row {
    Row {
        feature,
        beside,
        modules,
        said,
    }
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    vec![
        row("mutable-global", &[], &[
            r#"(module (import "m" "g" (global (mut i32))))"#,
            r#"(module (global (export "g") (mut i32) (i32.const 0)))"#,
        ], expect![[r#"
            feature `mutable-global` is not enabled: it is needed for mutable globals in imports and exports
            feature `mutable-global` is not enabled: it is needed for mutable globals in imports and exports
        "#]]),
        row("multi-value", &[], &[
            "(module (type (func (result i32 i32))))",
            "(module (func (param i32) local.get 0 (block (param i32) drop)))",
        ], expect![[r#"
            feature `multi-value` is not enabled: it is needed for functions with several results
            feature `multi-value` is not enabled: it is needed for blocks with parameters or several results
        "#]]),
        row("sign-extension", &[], &[
            "(module (func (drop (i32.extend8_s (i32.const 0)))))",
        ], expect![[r#"
            feature `sign-extension` is not enabled
        "#]]),
        row("saturating-float-to-int", &[], &[
            "(module (func (drop (i32.trunc_sat_f32_s (f32.const 0)))))",
        ], expect![[r#"
            feature `saturating-float-to-int` is not enabled
        "#]]),
        row("reference-types", &[], &[
            "(module (func (param externref)))",
            "(module (table 1 funcref) (func (drop (table.get 0 (i32.const 0)))))",
        ], expect![[r#"
            feature `reference-types` is not enabled
            feature `reference-types` is not enabled
        "#]]),
        row("bulk-memory", &[], &[
            r#"(module (memory 1) (data "a"))"#,
            "(module (func $f) (elem func $f))",
            "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
            "(module (memory 1) (func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))))",
        ], expect![[r#"
            feature `bulk-memory` is not enabled: it is needed for passive data segments
            feature `bulk-memory` is not enabled: it is needed for passive element segments
            feature `bulk-memory` is not enabled
            feature `bulk-memory` is not enabled
        "#]]),
        row("simd", &[], &[
            "(module (func (param v128)))",
            "(module (func (drop (i8x16.extract_lane_s 0 (v128.const i64x2 0 0)))))",
        ], expect![[r#"
            feature `simd` is not enabled
            feature `simd` is not enabled
        "#]]),
        row("extended-const", &[], &[
            "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
        ], expect![[r#"
            feature `extended-const` is not enabled
        "#]]),
        row("tail-call", &[], &["(module (func return_call 0))"], expect![[r#"
            feature `tail-call` is not enabled
        "#]]),
        row("multi-memory", &[], &[
            "(module (memory 1) (memory 1))",
        ], expect![[r#"
            feature `multi-memory` is not enabled: it is needed for more than one memory
        "#]]),
        row("memory64", &[], &[
            "(module (memory i64 1))",
            "(module (table i64 1 funcref))",
            r#"(module (import "m" "m" (memory i64 1)))"#,
        ], expect![[r#"
            feature `memory64` is not enabled: it is needed for 64-bit memories
            feature `memory64` is not enabled: it is needed for 64-bit tables
            feature `memory64` is not enabled: it is needed for 64-bit memories
        "#]]),
        row("relaxed-simd", &[], &[
            "(module (func (drop (f32x4.relaxed_min (v128.const i64x2 0 0) (v128.const i64x2 0 0)))))",
        ], expect![[r#"
            feature `relaxed-simd` is not enabled
        "#]]),
        row("function-references", &["gc"], &[
            "(module (type $t (func)) (func (param (ref null $t)) (call_ref $t (local.get 0))))",
            "(module (func $f) (table 1 funcref (ref.func $f)))",
            "(module (func (param funcref) (drop (ref.as_non_null (local.get 0)))))",
        ], expect![[r#"
            feature `function-references` is not enabled: it is needed for references to a type by its index
            feature `function-references` is not enabled: it is needed for tables with an initial element
            feature `function-references` is not enabled
        "#]]),
        row("gc", &[], &[
            "(module (type (struct)))",
            "(module (type (array i8)))",
            "(module (rec (type (func)) (type (func))))",
            "(module (type (sub (func))))",
            "(module (func (param anyref)))",
            "(module (func (drop (ref.i31 (i32.const 0)))))",
        ], expect![[r#"
            feature `gc` is not enabled: it is needed for types of structures
            feature `gc` is not enabled: it is needed for types of arrays
            feature `gc` is not enabled: it is needed for recursion groups
            feature `gc` is not enabled: it is needed for subtypes
            feature `gc` is not enabled
            feature `gc` is not enabled
        "#]]),
        row("exceptions", &[], &[
            "(module (tag))",
            r#"(module (import "m" "t" (tag)))"#,
            "(module (func (try_table)))",
            "(module (func (param exnref)))",
        ], expect![[r#"
            feature `exceptions` is not enabled: it is needed for tags
            feature `exceptions` is not enabled: it is needed for tags
            feature `exceptions` is not enabled
            feature `exceptions` is not enabled
        "#]]),
        row("threads", &[], &[
            "(module (memory 1 1 shared))",
            "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
            "(module (func atomic.fence))",
        ], expect![[r#"
            feature `threads` is not enabled: it is needed for shared memories
            feature `threads` is not enabled
            feature `threads` is not enabled
        "#]]),
        row("custom-page-sizes", &[], &["(module (memory 1 (pagesize 1)))"], expect![[r#"
            feature `custom-page-sizes` is not enabled: it is needed for memories with a page size
        "#]]),
        row("wide-arithmetic", &[], &[
            "(module (func (result i64 i64) (i64.mul_wide_u (i64.const 1) (i64.const 1))))",
        ], expect![[r#"
            feature `wide-arithmetic` is not enabled
        "#]]),
        row("stack-switching", &[], &[
            "(module (type $f (func)) (type (cont $f)))",
        ], expect![[r#"
            continuations of feature `stack-switching` are not supported yet
        "#]]),
        row("legacy-exceptions", &[], &[
            "(module (func try catch_all end))",
        ], expect![[r#"
            feature `legacy-exceptions` is not enabled
        "#]]),
    ]
}

#[test]
fn every_feature_is_refused_by_name_unless_it_is_enabled() {
    let rows = rows();
    let mut everything = String::new();
    for feature in Features::all() {
        let Some(row) = rows.iter().find(|row| row.feature == feature.name) else {
            // Too early for any text format, and no tier runs them.
            let early = [
                "compact-imports",
                "custom-descriptors",
                "shared-everything-threads",
                "acquire-release-atomics",
                "memory-control",
            ];
            assert!(early.contains(&feature.name), "{} has no row", feature.name);
            continue;
        };
        let with = Features::EVERYTHING;
        let without = with.without(row.feature).unwrap();
        let without = row
            .beside
            .iter()
            .fold(without, |set, name| set.without(name).unwrap());
        let mut said = String::new();
        for module in row.modules {
            let bytes = wasm(module);
            let error = validate(&bytes, &without).expect_err(module);
            let feature = row.feature;
            assert_eq!(
                error.kind(),
                ErrorKind::Unsupported { feature },
                "{module}: {error}"
            );
            assert!(error.offset().is_some(), "{module}");
            said += &format!("{}\n", error.message());
            if Features::runnable().has(feature) {
                validate(&bytes, &Features::runnable()).expect(module);
            }
        }
        everything += &said;
        row.said.assert_eq(&said);
    }
    for words in ["proposal", "support is", "must be"] {
        assert!(
            !everything.contains(words),
            "the parser's words: {everything}"
        );
    }
}

#[test]
fn imports_may_be_grouped() {
    // One module name, then two items: a function and a global.
    let bytes =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0f\x01\x01m\0\x7f\x02\x01f\0\0\x01g\x03\x7f\0";
    let error = validate(bytes, &Features::default()).unwrap_err();
    expect!["feature `compact-imports` is not enabled: it is needed for imports in groups (at byte 0x14)"].assert_eq(&error.to_string());
    let features = Features::default().with("compact-imports").unwrap();
    let module = validate(bytes, &features).unwrap();
    let names = module
        .header()
        .imports()
        .iter()
        .map(|import| format!("{}.{}", import.module, import.name));
    assert_eq!(names.collect::<Vec<_>>(), ["m.f", "m.g"]);
}
