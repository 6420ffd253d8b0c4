//! Functions and the code that becomes of them, to be read; and functions that ask for more code than they may.

use crate::{Baseline, Settings};
use abi::{CompileEnv, CompileError, CompiledFunc, Compiler, VmctxLayout};
use expect_test::{Expect, expect};
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

/// Compiles the last function of a module in the text format, for any machine.
fn compile(text: &str, tier_up: bool) -> Result<CompiledFunc, CompileError> {
    let bytes = text::wat_to_wasm(text, None).unwrap();
    let mut last = None;
    let features = module::Features::default();
    let module = module::decode(bytes, &features, &mut |_, body| last = Some(body)).unwrap();
    let compiler = Baseline::new(Settings {
        tier_up,
        portable: true,
        deterministic: false,
    });
    let header = module.header();
    let env = CompileEnv {
        header,
        layout: &VmctxLayout::new(header),
        fuel: false,
        around: None,
    };
    compiler.compile(env, last.unwrap(), &mut *compiler.scratch())
}

/// Compares the code with what it should be, one instruction a line, with the offset of each, up to the first return: behind it
/// stands what runs rarely.
#[track_caller]
fn check(text: &str, tier_up: bool, expected: Expect) {
    let func = compile(text, tier_up).unwrap();
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_hex_prefix("0x");
    formatter.options_mut().set_hex_suffix("");
    formatter.options_mut().set_branch_leading_zeros(false);
    formatter.options_mut().set_show_branch_size(false);
    formatter.options_mut().set_rip_relative_addresses(true);
    let mut lines = String::new();
    for instruction in Decoder::with_ip(64, &func.code, 0, DecoderOptions::NONE) {
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        lines += &format!("{:<4x}{line}\n", instruction.ip());
        if line.starts_with("ret") {
            break;
        }
    }
    expected.assert_eq(&lines);
}

#[test]
fn operands_become_parts_of_instructions() {
    check(
        "(module (func (param i32 i32) (result i32)
           (i32.add (i32.mul (local.get 0) (i32.const 5)) (i32.sub (local.get 1) (local.get 0)))))",
        false,
        expect![[r#"
            0   push rbp
            1   mov rbp,rsp
            4   sub rsp,0x70
            b   mov [rbp-0x10],rbx
            f   mov rbx,rdi
            12  mov r10d,esi
            15  mov r9d,edx
            18  imul r8d,r10d,5
            1c  mov edi,r9d
            1f  sub edi,r10d
            22  add r8d,edi
            25  mov eax,r8d
            28  mov rbx,[rbp-0x10]
            2c  mov rsp,rbp
            2f  pop rbp
            30  ret
        "#]],
    );
}

#[test]
fn a_loop_keeps_its_locals_in_registers() {
    check(
        "(module (memory 1) (func (param $at i32) (param $n i32) (result i32) (local $sum i32)
           (loop $again
             (local.set $sum (i32.add (local.get $sum) (i32.load offset=16 (local.get $at))))
             (local.set $at (i32.add (local.get $at) (i32.const 4)))
             (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
           (local.get $sum)))",
        false,
        expect![[r#"
            0   push rbp
            1   mov rbp,rsp
            4   sub rsp,0x70
            b   mov [rbp-0x10],rbx
            f   mov [rbp-0x30],r15
            13  mov rbx,rdi
            16  mov r15,[rbx+0x38]
            1a  mov r10d,esi
            1d  mov r8d,edx
            20  xor r9d,r9d
            23  nop [rax+rax]
            2b  nop [rax+rax]
            30  mov edi,[r15+r10+0x10]
            35  add r9d,edi
            38  add r10d,4
            3c  sub r8d,1
            40  test r8d,r8d
            43  jne 0x30
            45  mov eax,r9d
            48  mov r15,[rbp-0x30]
            4c  mov rbx,[rbp-0x10]
            50  mov rsp,rbp
            53  pop rbp
            54  ret
        "#]],
    );
}

#[test]
fn code_that_counts_asks_for_better_code() {
    check(
        "(module (func $callee (import \"a\" \"f\") (param i64)) (func (param i64)
           (loop $again
             (call $callee (local.get 0))
             (br_if $again (i64.lt_s (local.get 0) (i64.const 9))))))",
        true,
        expect![[r#"
            0   push rbp
            1   mov rbp,rsp
            4   sub rsp,0x60
            b   mov [rbp-0x10],rbx
            f   mov [rbp-0x18],r12
            13  mov rbx,rdi
            16  mov r12,rsi
            19  mov r11,[rbx+0x28]
            1d  sub dword ptr [r11+8],8
            22  js 0x5C
            28  nop [rax+rax]
            30  mov r11,[rbx+0x28]
            34  sub dword ptr [r11+8],1
            39  js 0x7A
            3f  mov rsi,r12
            42  mov rdi,[rbx+0x40]
            46  call qword ptr [rbx+0x38]
            49  cmp r12,9
            4d  jl 0x30
            4f  mov r12,[rbp-0x18]
            53  mov rbx,[rbp-0x10]
            57  mov rsp,rbp
            5a  pop rbp
            5b  ret
        "#]],
    );
}

/// Each of its branches, of four bytes, carries a thousand results.
#[test]
fn few_operators_may_not_ask_for_much_code() {
    let results = " i32".repeat(1000);
    let values = "(i32.const 1)".repeat(1000);
    let branches = |n| {
        let branches = "(br_if 0 (local.get 0))".repeat(n);
        format!("(module (func (param i32) (result{results}) {values} {branches}))")
    };
    assert!(compile(&branches(1), false).is_ok());
    let Err(CompileError::Limit(message)) = compile(&branches(2000), false) else {
        panic!("the code is too large");
    };
    assert_eq!(message, "the function is too complex for this compiler");
}

#[test]
fn a_large_table_of_branches_takes_four_bytes_each() {
    let size = |n| {
        let labels = " 0".repeat(n);
        let text = format!("(module (func (param i32) (br_table{labels} 0 (local.get 0))))");
        compile(&text, false).unwrap().code.len()
    };
    assert!(size(50_000) - size(10_000) <= 40_000 * 4 + 64);
}

#[test]
fn references_above_many_calls_are_not_looked_at_without_end() {
    let n = 9_000;
    let text = format!(
        "(import \"a\" \"b\" (func $f)) (func (param externref) {} {} {})",
        "local.get 0 ".repeat(n),
        "call $f ".repeat(n),
        "drop ".repeat(n),
    );
    let result = compile(&text, false);
    assert!(matches!(result, Err(CompileError::Limit(_))));
}
