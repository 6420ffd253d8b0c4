//! That no byte is lost, whatever the file; and what some files are explained as.

use expect_test::{Expect, expect};

use super::{Kind, Part, Value, explain};

/// A module that has most of what there is.
const RICH: &str = r#"(module $rich
  (rec (type $list (sub (struct (field (mut i8)) (field (ref null $list))))) (type (array (mut f64))))
  (type $f (func (param i32 i64) (result f32)))
  (import "env" "log" (func $log (param i32)))
  (import "env" "memory" (memory 1 2))
  (table $t 2 4 funcref)
  (table 1 (ref func) (ref.func $add))
  (memory (;1;) i64 1 5)
  (global $g (mut i32) (i32.const 1000))
  (global v128 (v128.const i32x4 1 2 3 4))
  (tag $oops (param i32))
  (export "add" (func $add))
  (start $main)
  (elem (table $t) (i32.const 0) func $add $log)
  (elem funcref (ref.func $add) (ref.null func))
  (data (i32.const 16) "hello")
  (data $passive "\00\ff")
  (func $main)
  (func $add (param $a i32) (param i32) (result i32) (local f32 f32 i64)
    (block $out (result i32)
      (try_table (catch $oops $out) (call $log (i32.const -1)))
      (br_table 0 0 0 (i32.const 7) (local.get 1)))
    (i32.add (local.get $a))
    (i32.load8_u 1 offset=4 (i64.const 0)) drop
    (select (result i32) (i32.const 1) (i32.const 2) (local.get $a)) drop
    (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.const i64x2 0 0) (v128.const i64x2 0 0)) drop
    (ref.test (ref null $list) (ref.null any)) drop
    (br_on_cast 0 anyref (ref i31) (ref.null any)) drop
    (f64.const 1.5) drop))"#;

/// A component with a module, types, instances, and functions in both directions.
const COMPONENT: &str = r#"(component $c
  (import "a:b/c@1.0.0" (instance $i
    (type $r (record (field "x" u32) (field "y" (option string))))
    (export "r" (type (eq $r)))
    (export "f" (func (param "p" (list u8)) (result string)))
    (export "res" (type (sub resource)))))
  (core module $m (func (export "run") (result i32) i32.const 1) (memory (export "m") 1))
  (core instance $m (instantiate $m))
  (alias core export $m "run" (core func $run))
  (type $v (variant (case "a") (case "b" s64)))
  (func $lifted (result u32) (canon lift (core func $run)))
  (core func (canon resource.drop 1))
  (type $res (resource (rep i32)))
  (core type (module (import "x" "y" (func)) (export "z" (memory 1))))
  (component (import "n" (func)))
  (export "run" (func $lifted)))"#;

/// Explains, and checks that all bytes are there once and in order. Gives the faults.
fn cover(file: &[u8]) -> Vec<String> {
    let mut at = 0;
    let mut faults = Vec::new();
    explain(file, &mut |part: Part<'_>| {
        assert_eq!(part.range.start, at, "{part:?}");
        at = part.range.end;
        match part.kind {
            Kind::Heading => assert!(part.range.is_empty()),
            Kind::Fault => {
                assert!(part.range.is_empty());
                faults.push(part.meaning.into_owned());
            }
            _ => assert!(!part.range.is_empty(), "{part:?}"),
        }
    });
    assert_eq!(at, file.len());
    faults
}

fn wasm(text: &str) -> Vec<u8> {
    text::wat_to_wasm(text, None).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn valid_files_have_no_faults() {
    for text in [RICH, COMPONENT, "(module)", "(component)"] {
        assert_eq!(cover(&wasm(text)), Vec::<String>::new());
    }
}

#[test]
fn nothing_is_unexplained_in_valid_files() {
    for text in [RICH, COMPONENT] {
        explain(&wasm(text), &mut |part| {
            assert_ne!(part.meaning, "not explained", "{part:?}");
        });
    }
}

#[test]
fn every_broken_file_is_covered() {
    for text in [RICH, COMPONENT] {
        let file = wasm(text);
        for len in 0..file.len() {
            cover(&file[..len]);
        }
        for at in 0..file.len() {
            for byte in [
                0,
                1,
                0x40,
                0x7f,
                0x80,
                0xfb,
                0xff,
                file[at] ^ 1,
                file[at] ^ 0x80,
            ] {
                let mut broken = file.clone();
                broken[at] = byte;
                cover(&broken);
            }
        }
    }
}

#[test]
fn components_may_be_nested_as_deep_as_they_like() {
    let mut file = wasm("(component)");
    for _ in 0..20_000 {
        let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
        let mut size = file.len();
        while size >= 0x80 {
            outer.push(size as u8 | 0x80);
            size >>= 7;
        }
        outer.push(size as u8);
        if outer.len() + file.len() > 40_000 {
            break;
        }
        outer.extend_from_slice(&file);
        file = outer;
    }
    assert_eq!(cover(&file), ["components are nested too deep"]);
}

fn check(file: &[u8], expected: &Expect) {
    let mut shown = String::new();
    explain(file, &mut |part| {
        let bytes: Vec<String> = file[part.range.clone()]
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let value = match part.value {
            Value::None => String::new(),
            Value::Text(text) => format!(" {text:?}"),
            Value::Unsigned(n) => format!(" {n}"),
            Value::Signed(n) => format!(" {n}"),
            Value::F32(bits) => format!(" {}", f32::from_bits(bits)),
            Value::F64(bits) => format!(" {}", f64::from_bits(bits)),
        };
        let padded = match part.kind {
            Kind::Leb128 { padded: true } => " (padded)",
            Kind::Fault => " (fault)",
            _ => "",
        };
        let note = if part.note.is_empty() {
            String::new()
        } else {
            format!(" {}", part.note)
        };
        shown += &format!(
            "{:12}{}{}{value}{note}{padded}\n",
            bytes.join(" "),
            "  ".repeat(part.depth as usize),
            part.meaning
        );
    });
    expected.assert_eq(&shown);
}

#[test]
fn a_function_is_explained() {
    let file = wasm(
        r#"(module (func $f (export "f") (param $p i32) (result i32) local.get $p i32.const -200 i32.add))"#,
    );
    check(
        &file,
        &expect![[r#"
                    module
        00 61 73 6d   magic number \0asm
        01 00         version 1
        00 00         layer core module
                      type section
        01              section 1 type
        06              size 6
        01              types 1
                        type 0
        60                function type
        01                parameters 1
        7f                parameter i32
        01                results 1
        7f                result i32
                      function section
        03              section 3 function
        02              size 2
        01              functions 1
        00              type of function 0 0 <f>
                      export section
        07              section 7 export
        05              size 5
        01              exports 1
                        export 0
        01                length of the name 1
        66                name "f"
        00                kind 0 function
        00                index 0 <f>
                      code section
        0a              section 10 code
        0a              size 10
        01              bodies 1
                        function 0 <f>
        08                size 8
        00                groups of locals 0
        20                local.get
        00                  local 0 <p>
        41                i32.const
        b8 7e               value -200
        6a                i32.add
        0b                end
                      custom section
        00              section 0 custom
        13              size 19
        04              length of the name 4
        6e 61 6d 65     name "name"
                        names of functions
        01                subsection 1 names of functions
        04                size 4
        01                names 1
        00                function 0
        01                length of the name 1
        66                name "f"
                        names of locals
        02                subsection 2 names of locals
        06                size 6
        01                groups 1
        00                function 0 <f>
        01                names 1
        00                local 0
        01                length of the name 1
        70                name "p"
    "#]],
    );
}

#[test]
fn a_fault_ends_its_part_only() {
    // A type section with a form that is none, a body with an operator that is none, and a padded size.
    let file =
        b"\0asm\x01\0\0\0\x01\x03\x01\x22\0\x03\x82\0\x01\0\x0a\x05\x01\x03\0\xff\x0b\x05\x09\x01";
    check(
        file,
        &expect![[r#"
                    module
        00 61 73 6d   magic number \0asm
        01 00         version 1
        00 00         layer core module
                      type section
        01              section 1 type
        03              size 3
        01              types 1
                        type 0
                        0x22 is the form of no type (fault)
        22 00           not explained
                      function section
        03              section 3 function
        82 00           size 2 (padded)
        01              functions 1
        00              type of function 0 0
                      code section
        0a              section 10 code
        05              size 5
        01              bodies 1
                        function 0
        03                size 3
        00                groups of locals 0
                          illegal opcode: 0xff (fault)
        ff 0b             not explained
                      memory section
        05              section 5 memory
        09              size 9
        01              memories 1
                        memory 0
                        unexpected end-of-file (fault)
                        8 bytes are missing at the end (fault)
    "#]],
    );
}
