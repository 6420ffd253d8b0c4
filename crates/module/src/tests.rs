//! Decoding as its users see it: what a header says, which errors come, pieces of any size, bytes that make no sense.

mod features;
pub(crate) mod hostile;
pub(crate) mod suite;

use crate::{
    BodyReader, Decoder, ElemItems, ElemMode, Error, ErrorKind, ExportItem, Features, FuncIdx,
    FuncInput, Module, Op, ReadScratch, Survey, TypeIdx, decode,
};
use expect_test::{Expect, expect};

/// The bytes of a module in the text format.
pub(crate) fn wasm(text: &str) -> Vec<u8> {
    text::wat_to_wasm(text, None).unwrap_or_else(|error| panic!("{error}"))
}

/// Decodes a module and reads each body with `body`.
pub(crate) fn decode_with(
    bytes: &[u8],
    features: &Features,
    mut body: impl FnMut(BodyReader<'_>) -> Result<(), Error>,
) -> Result<Module, Error> {
    let mut scratch = ReadScratch::default();
    let mut failed = None;
    let module = decode(bytes.to_vec(), features, &mut |_, input| {
        let read = input.read(&mut scratch).and_then(&mut body);
        if let Err(error) = read {
            failed.get_or_insert(error);
        }
    })?;
    failed.map_or(Ok(module), Err)
}

/// All operators of a body.
fn read_all(mut body: BodyReader<'_>) -> Result<Vec<(u32, Op)>, Error> {
    let mut ops = Vec::new();
    while let Some(op) = body.next()? {
        ops.push(op);
    }
    Ok(ops)
}

/// What is known of a body beforehand makes reading it faster, and no different.
fn ways_of_reading_agree(input: &FuncInput) {
    let mut scratch = ReadScratch::default();
    let mut survey = Survey::default();
    survey.look_at(input);
    let read = input.clone().read(&mut scratch).and_then(read_all);
    let surveyed = input.clone().read_surveyed(&survey, &mut scratch);
    let surveyed = surveyed.and_then(read_all);
    let text = |result: &Result<Vec<(u32, Op)>, Error>| format!("{result:?}");
    assert_eq!(text(&read), text(&surveyed));
    if read.is_ok() {
        let trusted = input.clone().trusted();
        let trusted = trusted.read_surveyed(&survey, &mut scratch);
        assert_eq!(text(&read), text(&trusted.and_then(read_all)));
    }
}

/// Decodes a module and validates all of it, by operators or in the fast way.
pub(crate) fn validate(bytes: &[u8], features: &Features) -> Result<Module, Error> {
    let by_op = decode_with(bytes, features, |body| read_all(body).map(drop));
    let mut scratch = ReadScratch::default();
    let mut failed = None;
    let fast = decode(bytes.to_vec(), features, &mut |_, input| {
        ways_of_reading_agree(&input);
        if let Err(error) = input.validate(&mut scratch) {
            failed.get_or_insert(error);
        }
    });
    let fast = fast.and_then(|module| failed.map_or(Ok(module), Err));
    assert_eq!(
        by_op.as_ref().err().map(Error::to_string),
        fast.as_ref().err().map(Error::to_string),
        "both ways of validation say the same"
    );
    by_op
}

/// WebAssembly 2.0 with extended constants, whatever the default is.
fn v2() -> Features {
    let standard = Features::all()
        .iter()
        .take_while(|row| row.name != "tail-call");
    standard.fold(Features::NONE, |set, row| {
        set.with(row.name).expect("2.0 runs")
    })
}

fn check_error(bytes: &[u8], expected: Expect) {
    let error = validate(bytes, &v2()).expect_err("must be refused");
    expected.assert_eq(&format!("{error:?}"));
}

#[test]
fn header_and_datas() {
    let bytes = wasm(
        r#"(module
            (type $binary (func (param i32 i64) (result f32)))
            (import "env" "f" (func $f (type $binary)))
            (import "env" "t" (table 1 funcref))
            (import "env" "m" (memory 1 2))
            (import "env" "g" (global $g (mut i32)))
            (import "env" "h" (global $h i32))
            (table $mine 3 10 externref)
            (global i64 (i64.const -1))
            (global i32 (i32.add (global.get $h) (i32.const 4)))
            (global funcref (ref.func $c))
            (func $a) (func $b (result i32) (i32.const 7)) (func $c) (func $d) (func $e)
            (export "b" (func $b))
            (export "a table" (table $mine))
            (elem (i32.const 0) $d)
            (elem declare func $f)
            (elem funcref (ref.null func))
            (start $a)
            (data (i32.const 8) "hello")
            (data "passive"))"#,
    );
    let module = validate(&bytes, &Features::default()).unwrap();
    let header = module.header();
    assert_eq!(
        header.import_type(0).to_string(),
        "(func (param i32 i64) (result f32))"
    );
    assert_eq!(header.import_type(2).to_string(), "(memory 1 2)");
    assert_eq!(header.import_type(3).to_string(), "(global (mut i32))");
    assert_eq!(header.funcs().len(), 6);
    assert_eq!(
        [
            header.n_imported_funcs(),
            header.n_imported_tables(),
            header.n_imported_memories(),
            header.n_imported_globals()
        ],
        [1, 1, 1, 2]
    );
    assert_eq!(
        header
            .extern_type(header.export("a table").unwrap())
            .to_string(),
        "(table 3 10 externref)"
    );
    assert_eq!(header.global_inits()[0].ops(), [Op::I64Const(-1)]);
    expect!["[GlobalGet(GlobalIdx(1)), I32Const(4), Compute(I32Add)]"]
        .assert_eq(&format!("{:?}", header.global_inits()[1].ops()));
    assert_eq!(header.export("b"), Some(ExportItem::Func(FuncIdx(2))));
    assert_eq!(header.export("c"), None);
    assert_eq!(header.start(), Some(FuncIdx(1)));
    let escaping: Vec<u32> = (0..6)
        .filter(|&func| header.escapes(FuncIdx(func)))
        .collect();
    assert_eq!(escaping, [0, 1, 2, 3, 4]);
    assert!(matches!(header.elems()[1].mode, ElemMode::Declared));
    assert!(matches!(&header.elems()[2].items, ElemItems::Exprs(exprs) if exprs.len() == 1));
    assert_eq!(module.body_ranges().len(), 5);
    assert_eq!(module.data_bytes(0), b"hello");
    assert_eq!(module.data_bytes(1), b"passive");
}

#[test]
fn operators_offsets_and_labels() {
    let bytes = wasm(
        r#"(module (memory 1)
            (func (param i32) (local i64 i64 f32)
                (block (block (br_table 0 1 0 (local.get 0))))
                (drop (i64.load32_u offset=3 (i32.const 1)))
                (drop (i8x16.extract_lane_u 5 (v128.const i32x4 1 0 0 2)))))"#,
    );
    let mut text = String::new();
    decode_with(&bytes, &Features::default(), |mut body| {
        let start = body.offset();
        text += &format!("{:?}\n", body.locals());
        while let Some((offset, op)) = body.next()? {
            text += &format!("{} {op:?}", offset as usize - start);
            if let Op::BrTable { first, count } = op {
                text += &format!(" {:?}", body.labels(first, count));
            }
            text.push('\n');
        }
        Ok(())
    })
    .unwrap();
    expect![[r#"
        [(2, I64), (1, F32)]
        0 Block(Empty)
        2 Block(Empty)
        4 LocalGet(0)
        6 BrTable { first: 0, count: 3 } [0, 1, 0]
        11 End
        12 End
        13 I32Const(1)
        15 Load(I64Load32U, MemArg { memory: MemoryIdx(0), offset: 3 })
        18 Drop
        19 V128Const(V128([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]))
        37 Lane(I8x16ExtractLaneU, 5)
        40 Drop
        41 End
    "#]]
    .assert_eq(&text);
}

#[test]
fn names() {
    let bytes = wasm(
        r#"(module $shop
            (func $buy (param $price i32) (local $change i64))
            (func)
            (memory $till 1)
            (global $sum i32 (i32.const 0)))"#,
    );
    let module = validate(&bytes, &Features::default()).unwrap();
    let names = module.names();
    assert_eq!(names.module(), Some("shop"));
    assert_eq!(module.func_name(FuncIdx(0)), Some("buy"));
    assert_eq!(module.func_name(FuncIdx(1)), None);
    assert_eq!(names.local(FuncIdx(0), 0), Some("price"));
    assert_eq!(names.local(FuncIdx(0), 1), Some("change"));
    assert_eq!(names.local(FuncIdx(1), 0), None);
    assert_eq!(names.memory(0.into()), Some("till"));
    assert_eq!(names.global(0.into()), Some("sum"));
    assert_eq!(names.funcs().collect::<Vec<_>>(), [(FuncIdx(0), "buy")]);
    let sections: Vec<_> = module
        .custom_sections()
        .map(|s| (s.name, s.bytes.len()))
        .collect();
    assert_eq!(sections.len(), 1);
    assert_eq!(sections[0].0, "name");
}

#[test]
fn garbage_in_the_name_section_is_left_out() {
    let mut bytes = wasm("(module (func))");
    // A function map that claims two names, the second of which is cut off.
    let section = b"\0\x0c\x04name\x01\x05\x02\x00\x01f\x01";
    bytes.extend_from_slice(section);
    let module = validate(&bytes, &Features::default()).unwrap();
    assert_eq!(module.func_name(FuncIdx(0)), Some("f"));
    assert_eq!(module.func_name(FuncIdx(1)), None);
}

#[test]
fn errors_say_what_and_where() {
    check_error(
        b"",
        expect!["Malformed: unexpected end-of-file (at byte 0x0)"],
    );
    check_error(
        b"\x7fELF",
        expect![
            "Malformed: magic header not detected: expected 00 61 73 6d, found 7f 45 4c 46 (at byte 0x0)"
        ],
    );
    check_error(
        b"\0asm\x0d\0\x01\0",
        expect![[
            r#"Unsupported { feature: "component-model" }: expected a core module, found a component (only core modules run yet) (at byte 0x4)"#
        ]],
    );
    check_error(
        &wasm("(module (func) (func (result i32) (i64.const 1)))"),
        expect!["Invalid: type mismatch: expected i32, found i64 (at byte 0x21 in func 1)"],
    );
    check_error(
        &wasm("(module (memory 1) (memory 1))"),
        expect![[
            r#"Unsupported { feature: "multi-memory" }: feature `multi-memory` is not enabled: it is needed for more than one memory (at byte 0xa)"#
        ]],
    );
    check_error(
        &wasm("(module (memory i64 1))"),
        expect![[
            r#"Unsupported { feature: "memory64" }: feature `memory64` is not enabled: it is needed for 64-bit memories (at byte 0xb)"#
        ]],
    );
    check_error(
        &wasm("(module (type (struct)))"),
        expect![[
            r#"Unsupported { feature: "gc" }: feature `gc` is not enabled: it is needed for types of structures (at byte 0xb)"#
        ]],
    );
    check_error(
        &wasm(r#"(module (export "a" (func 3)))"#),
        expect!["Invalid: unknown function 3: exported function index out of bounds (at byte 0xb)"],
    );
    // A function section without a code section; a code section that is too short; a type count that the file cannot hold.
    check_error(
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0",
        expect![
            "Malformed: function section has non-zero count but code section is absent (at byte 0x12)"
        ],
    );
    check_error(
        b"\0asm\x01\0\0\0\x0a\x06\x01\x04\0",
        expect![
            "Malformed: function section is absent but code section has non-zero count (at byte 0xa)"
        ],
    );
    check_error(
        b"\0asm\x01\0\0\0\x01\x05\xff\xff\xff\xff\x0f",
        expect!["Malformed: unexpected end-of-file (at byte 0xf)"],
    );
    check_error(
        b"\0asm\x01\0\0\0\x01\x05\xff\xff\xff\xff\x00",
        expect!["Malformed: unexpected end-of-file (at byte 0xf)"],
    );
}

#[test]
fn features() {
    let simd = wasm("(module (func (param v128)))");
    let without = Features::default().without("simd").unwrap();
    let error = validate(&simd, &without).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported { feature: "simd" });
    assert!(Features::default().has("simd") && !without.has("simd"));
    assert_eq!(without.with("simd").unwrap(), Features::default());
    let unsupported = Features::default().with("stack-switching").unwrap_err();
    expect!["feature `stack-switching` is known, but not supported yet"]
        .assert_eq(&unsupported.to_string());
    assert!(
        Features::default()
            .with("nonsense")
            .unwrap_err()
            .message()
            .contains("`nonsense`")
    );
    assert!(
        Features::default()
            .iter()
            .all(|(feature, on)| on == feature.default)
    );
}

#[test]
fn one_byte_at_a_time() {
    let bytes = wasm(
        r#"(module $m (memory 1) (data (i32.const 0) "abc")
            (func $f (result i32) (i32.const 300))
            (func $g (param i32) (br_if 0 (local.get 0)))
            (elem func $f $g))"#,
    );
    let mut whole = Vec::new();
    let expected = decode_with(&bytes, &Features::default(), |body| {
        whole.push(read_all(body)?);
        Ok(())
    })
    .unwrap();
    let mut scratch = ReadScratch::default();
    let mut pieces = Vec::new();
    let mut decoder = Decoder::new(Features::default());
    let mut early = None;
    for (at, byte) in bytes.iter().enumerate() {
        decoder
            .push(&[*byte], &mut |_, input| {
                early.get_or_insert(at);
                pieces.push(read_all(input.read(&mut scratch).unwrap()).unwrap());
            })
            .unwrap();
    }
    let module = decoder
        .finish(&mut |_, _| panic!("all bodies were complete"))
        .unwrap();
    assert_eq!(pieces, whole);
    assert_eq!(early.unwrap() + 1, expected.body_ranges()[0].end as usize);
    assert_eq!(module.body_ranges(), expected.body_ranges());
    assert_eq!(module.data_bytes(0), b"abc");
    assert_eq!(module.func_name(FuncIdx(1)), Some("g"));
}

#[test]
fn a_decoder_stays_failed() {
    let mut decoder = Decoder::new(Features::default());
    let first = decoder.push(b"nonsense", &mut |_, _| {}).unwrap_err();
    let second = decoder.push(b"\0asm", &mut |_, _| {}).unwrap_err();
    assert_eq!(first.to_string(), second.to_string());
    assert!(decoder.finish(&mut |_, _| {}).is_err());
}

#[test]
fn trusted_bodies_are_not_read() {
    let bytes = wasm("(module (func (result i32) (i64.const 1)))");
    let module = crate::decode_trusted(bytes.into()).unwrap();
    assert_eq!(module.body_ranges().len(), 1);
}

#[test]
fn the_functions_of_a_type_in_tables_are_known() {
    let wat = "(module
        (type $one (func (param i32))) (type $two (func (param i64))) (type $none (func (param f32)))
        (import \"m\" \"f\" (func $imported (type $two)))
        (func $f (type $one)) (func $g (type $two)) (func $h (type $none))
        (table 9 funcref)
        (elem (i32.const 1) func $f $g)
        (elem (i32.const 3) funcref (ref.func $f) (ref.null func) (ref.func $imported))
        (elem declare func $h))";
    let module = validate(&wasm(wat), &Features::default()).unwrap();
    let known = [0, 1, 2, 7].map(|ty| module.header().elements(TypeIdx(ty)));
    assert_eq!(
        known,
        [&[FuncIdx(1)][..], &[FuncIdx(0), FuncIdx(2)], &[], &[]]
    );

    let funcs = |n: usize| "(func)".repeat(n) + "(elem (table 0) (i32.const 0) func ";
    let all = |n: usize| (0..n).map(|nth| format!("{nth} ")).collect::<String>();
    let wat = |n| format!("(module (table 99 funcref) {}{}))", funcs(n), all(n));
    let known = [16, 17].map(|n| {
        let module = validate(&wasm(&wat(n)), &Features::default()).unwrap();
        module.header().elements(TypeIdx(0)).len()
    });
    assert_eq!(known, [16, 0]);
}
