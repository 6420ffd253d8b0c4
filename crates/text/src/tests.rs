//! Checks of reading text: what comes out, and what the errors say.

use std::path::Path;

use expect_test::{Expect, expect};

use crate::{Options, error_at, is_text, to_wasm, wat_to_wasm, wat_to_wasm_with};

fn check_error(source: &[u8], expected: &Expect) {
    let error = to_wasm(source, Some(Path::new("bad.wat")), Options::default()).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn text_is_recognized_by_its_first_parenthesis() {
    for text in [
        "(module)",
        " \r\n\t(",
        ";; note\n(",
        "(; a (; b ;) c ;) (",
        "(;;)(",
    ] {
        assert!(is_text(text.as_bytes()), "{text:?}");
    }
    for other in [
        "",
        "\0asm\x01\0\0\0",
        "module",
        ";; only",
        "(; open",
        "\u{feff}(",
    ] {
        assert!(!is_text(other.as_bytes()), "{other:?}");
    }
}

#[test]
fn binary_passes_through_unread() {
    let bytes = b"\0asm and whatever follows";
    assert_eq!(&*to_wasm(bytes, None, Options::default()).unwrap(), bytes);
}

#[test]
fn empty_module_is_its_eight_bytes() {
    assert_eq!(wat_to_wasm("(module)", None).unwrap(), b"\0asm\x01\0\0\0");
}

#[test]
fn names_are_kept_and_lines_on_request() {
    let source = "(module (func $fib\n unreachable))";
    let has = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|w| w == word.as_bytes());
    let plain = wat_to_wasm(source, None).unwrap();
    assert!(has(&plain, "fib") && !has(&plain, ".debug_line"));
    let options = Options { line_info: true };
    let lines = wat_to_wasm_with(source, Some(Path::new("dir/fib.wat")), options).unwrap();
    assert!(has(&lines, ".debug_line") && has(&lines, "fib.wat"));
}

#[test]
fn lines_that_would_take_long_to_find_are_left_out() {
    let has_lines = |source: &str| {
        let options = Options { line_info: true };
        let wasm = wat_to_wasm_with(source, None, options).unwrap();
        let word: &[u8] = b".debug_line";
        wasm.windows(word.len()).any(|w| w == word)
    };
    let flat = |end: &str| format!("(module (func {}))", format!("nop{end}").repeat(100_000));
    assert!(has_lines(&flat("\n")));
    assert!(!has_lines(&flat(" ")));
    let deep = format!(
        "(module (func {}{}))",
        "(block\n".repeat(60_000),
        ")\n".repeat(60_000)
    );
    assert!(!has_lines(&deep));
}

#[test]
fn errors_show_the_line() {
    check_error(
        b"(module\n\t(func i32.ad))",
        &expect![[r#"
        unknown operator or unexpected token
          --> bad.wat:2:8
           |
         2 |  (func i32.ad))
           |        ^"#]],
    );
    check_error(
        b"(module (func call $nowhere))",
        &expect![[r#"
        unknown func: failed to find name `$nowhere`
          --> bad.wat:1:20
           |
         1 | (module (func call $nowhere))
           |                    ^"#]],
    );
    check_error(
        b"(module (func",
        &expect![[r#"
        expected `)`
          --> bad.wat:1:14
           |
         1 | (module (func
           |              ^"#]],
    );
    check_error(
        b"(module \"\xff\")",
        &expect![[r#"
        expected a module, found neither the binary format's first bytes nor UTF-8 text
          --> bad.wat:1:10
           |
         1 | (module "�")
           |          ^"#]],
    );
    check_error(
        "(module ;; \u{e9}\u{202e}\n  (; \u{e9}\u{202e} ;) oops)".as_bytes(),
        &expect![[r#"
        expected `(`
          --> bad.wat:2:12
           |
         2 |   (; é� ;) oops)
           |            ^"#]],
    );
}

#[test]
fn long_lines_are_cut_around_the_fault() {
    let source = format!("(module {} oops)", "(func) ".repeat(1000));
    check_error(
        source.as_bytes(),
        &expect![[r#"
        expected `(`
          --> bad.wat:1:7010
           |
         1 |  (func) (func) (func) (func) (func) (func) (func) (func) (func)  oops)
           |                                                                  ^"#]],
    );
}

#[test]
fn deep_nesting_is_an_error() {
    let source = "(".repeat(10_000);
    assert!(wat_to_wasm(&source, None).is_err());
    let source = format!("(module (func {}", "(block ".repeat(10_000));
    assert!(wat_to_wasm(&source, None).is_err());
}

#[test]
fn bytes_are_found_in_the_text() {
    let source = "(module\n  (func $f (param i64) (result i32)\n    (i32.add\n      (local.get 0)\n      (i32.const 1))))";
    let wasm = wat_to_wasm_with(source, None, Options { line_info: true }).unwrap();
    // local.get 0, i32.const 1, i32.add: the body of the only function.
    let add = wasm
        .windows(5)
        .position(|w| w == [0x20, 0, 0x41, 1, 0x6a])
        .unwrap()
        + 4;
    let error = error_at(
        "type mismatch",
        source,
        Some(Path::new("a.wat")),
        &wasm,
        add,
    )
    .unwrap();
    expect![[r#"
        type mismatch
          --> a.wat:3:6
           |
         3 |     (i32.add
           |      ^"#]]
    .assert_eq(&error.to_string());
    assert!(error_at("", source, None, &wasm, 3).is_none());
    for n in 0..wasm.len() {
        // However short the bytes are cut, there is an answer or none.
        let _ = error_at("", source, None, &wasm[..n], add);
    }
}
