//! Functions written back: what they become, and that it is valid, over the official suite.

use super::suite::all_modules;
use crate::{BuildOptions, Builder, emit, emit_with_places};
use expect_test::{Expect, expect};
use module::{BodyReader, Catch, Features, FuncInput, Module, Op, ReadScratch, encode};
use std::collections::BTreeMap;

fn decode(bytes: Vec<u8>) -> Result<(Module, Vec<FuncInput>), module::Error> {
    let mut inputs = Vec::new();
    let module = module::decode(bytes, &Features::decodable(), &mut |_, input| {
        inputs.push(input)
    })?;
    Ok((module, inputs))
}

/// How many functions were written back, and how many not for which reason.
type Outcomes = BTreeMap<String, usize>;

/// A module with its functions written back, those that can be.
fn emitted(bytes: &[u8], outcomes: &mut Outcomes) -> Result<Vec<u8>, module::Error> {
    let (module, inputs) = decode(bytes.to_vec())?;
    let (Some(start), Some(last)) = (module.code_start(), module.body_ranges().last()) else {
        return Ok(bytes.to_vec());
    };
    let (mut builder, mut scratch) = (Builder::new(), ReadScratch::default());
    let mut contents = Vec::new();
    encode::unsigned(&mut contents, inputs.len() as u64);
    for (input, range) in inputs.into_iter().zip(module.body_ranges()) {
        let ty = module.header().func_type(input.func()).clone();
        let func = builder.build(input.read(&mut scratch)?, BuildOptions::default());
        let mut body = Vec::new();
        let outcome = match func.map(|func| emit(func, module.header(), &ty, &mut body)) {
            Ok(Ok(())) => "written".to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => format!("{error:?}"),
        };
        if outcome != "written" {
            body = bytes[range.as_range()].to_vec();
        }
        *outcomes.entry(outcome).or_default() += 1;
        encode::bytes(&mut contents, &body);
    }
    // In front of the contents are the section's number and size, in as many bytes as it needs or five.
    let size = u64::from(last.end - start);
    let before = [encode::unsigned_len(size), 5].map(|size| start as usize - size);
    let before = before.into_iter().find(|&at| bytes[at - 1] == 10);
    let mut again = bytes[..before.expect("a code section")].to_vec();
    encode::bytes(&mut again, &contents);
    again.extend_from_slice(&bytes[last.end as usize..]);
    Ok(again)
}

#[test]
fn what_is_written_is_valid() {
    let mut outcomes = Outcomes::new();
    let mut scratch = ReadScratch::default();
    for case in all_modules() {
        // Proposals that are not for us.
        let Ok(again) = emitted(&case.bytes, &mut outcomes) else {
            continue;
        };
        let (_, inputs) = decode(again).unwrap_or_else(|error| panic!("{}: {error}", case.file));
        for input in inputs {
            let func = input.func();
            input
                .validate(&mut scratch)
                .unwrap_or_else(|error| panic!("{}, {func:?}: {error}", case.file));
        }
    }
    expect![[r#"
        {
            "there is no way yet to write exceptions that are never thrown": 7,
            "written": 11368,
        }
    "#]]
    .assert_debug_eq(&outcomes);
}

/// The operators of a body, one a line, indented as blocks are.
fn listing(mut reader: BodyReader<'_>) -> String {
    let mut out = String::new();
    for (count, ty) in reader.locals() {
        out += &format!("local {count} {ty}\n");
    }
    let mut depth: usize = 0;
    while let Some((_, op)) = reader.next().expect("it is valid") {
        if matches!(op, Op::End | Op::Else) {
            depth = depth.saturating_sub(1);
        }
        out += &"  ".repeat(depth);
        match op {
            Op::TryTable { ty, first, count } => {
                out += &format!("TryTable({ty:?})");
                for Catch {
                    tag,
                    with_ref,
                    label,
                } in reader.catches(first, count)
                {
                    let all = if tag.is_none() { "_all" } else { "" };
                    let tag = tag.map_or(String::new(), |tag| format!(" {}", tag.0));
                    let with_ref = if with_ref { "_ref" } else { "" };
                    out += &format!(" catch{all}{with_ref}{tag} -> {label}");
                }
            }
            _ => out += &format!("{op:?}"),
        }
        out += "\n";
        depth += usize::from(matches!(
            op,
            Op::Block(_) | Op::Loop(_) | Op::If(_) | Op::Else | Op::TryTable { .. }
        ));
    }
    out
}

/// What the functions of a module become.
pub(super) fn check(wat: &str, expected: Expect) {
    let bytes = text::wat_to_wasm(wat, None).unwrap_or_else(|error| panic!("{error}"));
    let mut outcomes = Outcomes::new();
    let again = emitted(&bytes, &mut outcomes).expect("it is valid");
    assert!(outcomes.keys().eq(["written"]), "{outcomes:?}");
    let (_, inputs) = decode(again).expect("it is valid");
    let mut scratch = ReadScratch::default();
    let listings: Vec<String> = inputs
        .into_iter()
        .map(|input| listing(input.read(&mut scratch).expect("it is valid")))
        .collect();
    expected.assert_eq(&listings.join("\n"));
}

#[test]
fn a_loop_keeps_its_variables_in_locals() {
    check(
        "(module (func (param i32) (result i32) (local i32 i32)
            (loop
              (local.set 1 (i32.add (local.get 1) (local.get 2)))
              (local.set 2 (i32.add (local.get 2) (i32.const 1)))
              (br_if 0 (i32.lt_u (local.get 2) (local.get 0))))
            (local.get 1)))",
        expect![[r#"
            local 2 i32
            Loop(Empty)
              LocalGet(2)
              LocalGet(1)
              Compute(I32Add)
              LocalSet(2)
              LocalGet(1)
              I32Const(1)
              Compute(I32Add)
              LocalTee(1)
              LocalGet(0)
              Compute(I32LtU)
              BrIf(0)
            End
            LocalGet(2)
            End
        "#]],
    );
}

#[test]
fn what_is_on_the_stack_stays_there_while_other_things_happen() {
    check(
        "(module (memory 1) (func (param i32) (result i32) (local i32)
            (local.set 1 (i32.load (local.get 0)))
            (i32.store (local.get 0) (i32.const 7))
            (local.get 1)))",
        expect![[r#"
            LocalGet(0)
            Load(I32Load, MemArg { memory: MemoryIdx(0), offset: 0 })
            LocalGet(0)
            I32Const(7)
            Store(I32Store, MemArg { memory: MemoryIdx(0), offset: 0 })
            End
        "#]],
    );
}

#[test]
fn branches_become_what_is_shortest() {
    check(
        "(module (func $f) (func (param i32 i32)
            (block
              (br_if 0 (i32.eqz (local.get 0)))
              (br_if 0 (i32.lt_s (local.get 1) (i32.const 3)))
              (call $f))
            (if (local.get 1) (then (call $f)) (else (return)))
            (if (local.get 1) (then (call $f) (if (local.get 0) (then (call $f)) (else (return))) (call $f)) (else (return)))
            (call $f)))",
        expect![[r#"
            End

            LocalGet(0)
            If(Empty)
              LocalGet(1)
              I32Const(3)
              Compute(I32GeS)
              If(Empty)
                Call(FuncIdx(0))
              End
            End
            LocalGet(1)
            If(Empty)
              Call(FuncIdx(0))
              LocalGet(1)
              If(Empty)
                Call(FuncIdx(0))
                LocalGet(0)
                If(Empty)
                  Call(FuncIdx(0))
                  Call(FuncIdx(0))
                  Call(FuncIdx(0))
                End
              End
            End
            End
        "#]],
    );
}

#[test]
fn values_that_change_places_go_over_the_stack() {
    check(
        "(module (func (param i32 i32 i32) (result i32) (local i32)
            (loop
              (local.set 3 (local.get 0))
              (local.set 0 (local.get 1))
              (local.set 1 (local.get 3))
              (br_if 0 (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))))
            (i32.sub (local.get 0) (local.get 1))))",
        expect![[r#"
            Loop(Empty)
              LocalGet(2)
              I32Const(1)
              Compute(I32Sub)
              LocalTee(2)
              If(Empty)
                LocalGet(1)
                LocalGet(0)
                LocalSet(1)
                LocalSet(0)
                Br(1)
              End
            End
            LocalGet(1)
            LocalGet(0)
            Compute(I32Sub)
            End
        "#]],
    );
}

#[test]
fn cases_of_a_switch_pass_values() {
    check(
        "(module (func (param i32) (result i32) (local i32)
            (block $a
              (block $b
                (block $c (br_table $a $b $c (local.get 0)))
                (local.set 1 (i32.const 5)))
              (local.set 1 (i32.add (local.get 1) (i32.const 2))))
            (local.get 1)))",
        expect![[r#"
            local 1 i32
            Block(Empty)
              Block(Empty)
                Block(Empty)
                  LocalGet(0)
                  I32Const(0)
                  LocalSet(0)
                  BrTable { first: 0, count: 3 }
                End
                I32Const(5)
                LocalSet(0)
              End
              LocalGet(0)
              I32Const(2)
              Compute(I32Add)
              LocalSet(1)
            End
            LocalGet(1)
            End
        "#]],
    );
}

#[test]
fn what_a_branch_passes_is_in_place_before_it() {
    check(
        "(module (func (param i32) (result i32) (local i32 i32)
            (loop
              (local.set 2 (local.get 0))
              (local.set 0 (i32.shr_u (local.get 0) (i32.const 8)))
              (local.set 1 (i32.add (local.get 1) (i32.const 64)))
              (br_if 0 (i32.gt_u (local.get 2) (i32.const 65535))))
            (i32.add (local.get 0) (local.get 1))))",
        expect![[r#"
            local 2 i32
            Loop(Empty)
              LocalGet(0)
              I32Const(8)
              Compute(I32ShrU)
              LocalSet(2)
              LocalGet(1)
              I32Const(-64)
              Compute(I32Sub)
              LocalSet(1)
              LocalGet(0)
              I32Const(65535)
              Compute(I32GtU)
              LocalGet(2)
              LocalSet(0)
              BrIf(0)
            End
            LocalGet(2)
            LocalGet(1)
            Compute(I32Add)
            End
        "#]],
    );
}

#[test]
fn references_are_cast_where_more_is_wanted_than_is_known() {
    check(
        "(module
          (type $super (sub (struct (field i32))))
          (type $sub (sub $super (struct (field i32) (field (ref null $sub)))))
          (func (param (ref null $super) externref) (result (ref null $sub))
            (block $is (result (ref $sub))
              (br_on_cast $is (ref null $super) (ref $sub) (local.get 0))
              (drop)
              (return (struct.get $sub 1 (ref.cast (ref $sub) (any.convert_extern (local.get 1))))))
            ))",
        expect![[r#"
            LocalGet(0)
            RefTest(RefType { nullable: false, heap: Concrete(Struct, TypeIdx(1)) })
            If(Value(Ref(RefType { nullable: true, heap: Concrete(Struct, TypeIdx(1)) })))
              LocalGet(0)
              RefCast(RefType { nullable: true, heap: Concrete(Struct, TypeIdx(1)) })
            Else
              LocalGet(1)
              AnyConvertExtern
              RefCast(RefType { nullable: false, heap: Concrete(Struct, TypeIdx(1)) })
              StructGet { ty: TypeIdx(1), field: 1, extend: None }
            End
            End
        "#]],
    );
}

#[test]
fn an_exception_is_thrown_as_it_is_made() {
    check(
        "(module (tag $e (param i32 i64))
          (func (param i32 exnref)
            (if (local.get 0) (then (throw $e (i32.const 1) (i64.const 2))))
            (throw_ref (local.get 1))))",
        expect![[r#"
            LocalGet(0)
            If(Empty)
              I32Const(1)
              I64Const(2)
              Throw(TagIdx(0))
            End
            LocalGet(1)
            ThrowRef
            End
        "#]],
    );
}

#[test]
fn operators_stand_for_places_of_the_original() {
    let wat = "(module (func (param i32) (result i32)
        (drop (i32.const 5)) (i32.load (i32.mul (local.get 0) (local.get 0)))) (memory 1))";
    let bytes = text::wat_to_wasm(wat, None).expect("it is valid");
    let (module, inputs) = decode(bytes.clone()).expect("it is valid");
    let (mut builder, mut scratch) = (Builder::new(), ReadScratch::default());
    let input = inputs.into_iter().next().expect("there is a function");
    let ty = module.header().func_type(input.func()).clone();
    let reader = input.read(&mut scratch).expect("it is valid");
    let func = builder
        .build(reader, BuildOptions::default())
        .expect("it is small");
    let (mut body, mut places) = (Vec::new(), Vec::new());
    emit_with_places(func, module.header(), &ty, &mut body, |at, place| {
        places.push((at, place));
    })
    .expect("it can be written");
    // The same operator is there and here.
    assert_eq!(places.len(), 3, "{places:?}");
    for (at, place) in places {
        assert_eq!(body[at], bytes[place as usize]);
    }
}
