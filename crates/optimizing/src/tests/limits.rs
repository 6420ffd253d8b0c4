//! Functions at the limits of validation: they compile, or are refused with a message; nothing panics, nothing recurses.

use crate::{Optimizing, Settings};
use abi::{Around, CallTarget, CompileEnv, CompileError, Compiler, Times, VmctxLayout};
use module::{Features, FuncIdx, FuncInput};

/// Functions that have code already.
struct Compiled;

impl Around for Compiled {
    fn body(&self, _: FuncIdx) -> Option<FuncInput> {
        None
    }

    fn times(&self, _: FuncIdx) -> Times {
        Times::default()
    }

    fn call_target(&self, _: u32) -> Option<CallTarget> {
        None
    }

    fn has_code(&self, _: FuncIdx) -> bool {
        true
    }
}

fn compile(wat: &str) -> Result<usize, String> {
    compile_in(wat, None)
}

fn compile_in(wat: &str, around: Option<&dyn Around>) -> Result<usize, String> {
    let compiler = Optimizing::new(Settings::default()).expect("this machine is supported");
    let bytes = text::wat_to_wasm(wat, None).unwrap_or_else(|error| panic!("{error}"));
    let mut inputs = Vec::new();
    let module = module::decode(bytes, &Features::default(), &mut |_, input| {
        inputs.push(input)
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let header = module.header();
    let layout = VmctxLayout::new(header);
    let env = CompileEnv {
        header,
        layout: &layout,
        fuel: true,
        around,
    };
    let mut scratch = compiler.scratch();
    let mut bytes = 0;
    for input in inputs {
        match compiler.compile(env, input, &mut *scratch) {
            Ok(func) => bytes += func.code.len(),
            Err(CompileError::Limit(message)) => return Err(message),
            Err(CompileError::Invalid(error)) => panic!("{error}"),
        }
    }
    Ok(bytes)
}

#[test]
fn a_thousand_parameters_and_results() {
    let params = "i64 f32 v128 i32 externref ".repeat(200);
    let gets: String = (0..1000).map(|n| format!("local.get {n} ")).collect();
    let wat = format!(
        "(type $t (func (param {params}) (result {params})))
         (import \"a\" \"b\" (func $f (type $t)))
         (func (type $t) {gets} call $f)"
    );
    compile(&wat).unwrap();
}

#[test]
fn loops_in_loops_that_take_long_are_refused_if_there_is_code() {
    let nest = |n: usize| {
        let open = |at: usize| {
            let (to, from) = (1 + at % 20, 1 + at * 7 % 20);
            format!("loop local.get {from} i32.const {at} i32.add local.set {to} ")
        };
        let open: String = (0..n).map(open).collect();
        let close = "local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end ".repeat(n);
        let locals = "i32 ".repeat(20);
        format!("(func (param i32) (result i32) (local {locals}) {open} {close} local.get 2)")
    };
    compile_in(&nest(50), Some(&Compiled)).unwrap();
    let error = compile_in(&nest(1200), Some(&Compiled)).unwrap_err();
    assert!(error.contains("too long"), "{error}");
}

#[test]
fn fifty_thousand_locals() {
    let locals = "i32 ".repeat(49_000);
    let sets: String = (0..49_000)
        .map(|n| format!("local.get 0 local.set {n} "))
        .collect();
    compile(
        &format!("(func (export \"\") (local {locals}) loop {sets} br_if 0 end)")
            .replace("br_if 0", "local.get 48999 br_if 0"),
    )
    .unwrap();
}

#[test]
fn ten_thousand_nested_blocks() {
    for (open, close) in [
        ("block ", "end "),
        ("loop ", "end "),
        ("local.get 0 if ", "end "),
    ] {
        let wat = format!(
            "(func (param i32) {} local.get 0 br_if 9999 {})",
            open.repeat(10_000),
            close.repeat(10_000)
        );
        compile(&wat).unwrap();
    }
}

#[test]
fn a_switch_of_many_ways() {
    let labels: String = (0..30_000).map(|n| format!("{} ", n % 7)).collect();
    let wat = format!(
        "(func (param i32) (result i32) (local $x i32)
           block block block block block block block
             local.get 0 local.set $x
             local.get 0 br_table {labels} 3
           end i32.const 1 local.set $x end i32.const 2 local.set $x end end end end end
           local.get $x)"
    );
    compile(&wat).unwrap();
}

#[test]
fn more_joins_and_locals_than_can_be_told_apart() {
    // Every join needs every local: their number is the product.
    let (n_locals, depth) = (3_000, 12_000);
    let locals = "i32 ".repeat(n_locals);
    let sets: String = (1..n_locals)
        .map(|n| format!("local.get 0 local.set {n} "))
        .collect();
    let branches: String = (0..depth)
        .map(|n| format!("local.get 0 br_if {n} "))
        .collect();
    let wat = format!(
        "(func (param i32) (local {locals}) {} {branches} {sets} {branches} {})",
        "block ".repeat(depth),
        "end ".repeat(depth)
    );
    assert_eq!(
        compile(&wat).unwrap_err(),
        "the control flow of the function is too complex"
    );
}

#[test]
fn calls_that_pass_more_values_than_the_body_has_bytes_for() {
    let values = "i32 ".repeat(1000);
    let wat = |n_calls: usize| {
        format!(
            "(import \"a\" \"give\" (func $give (result {values})))
             (import \"a\" \"take\" (func $take (param {values})))
             (func {})",
            "call $give call $take ".repeat(n_calls)
        )
    };
    compile(&wat(20)).unwrap();
    assert_eq!(
        compile(&wat(3_000)).unwrap_err(),
        "the function passes too many values"
    );
}
