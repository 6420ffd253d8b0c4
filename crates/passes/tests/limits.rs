//! Loops that are made to be expensive for passes.

use module::Header;
use std::fmt::Write;
use wharf_passes::Env;

/// Each value waits for thousands of rounds: following where it is from would take a stack of that depth.
#[test]
fn a_loop_that_moves_thousands_of_locals_is_left_alone() {
    const N: usize = 20_000;
    let name = |nth: usize| format!("v{}", nth + 2);
    let list = |names: std::ops::Range<usize>| names.map(name).collect::<Vec<_>>().join(", ");
    let types: Vec<String> = (0..=N).map(|nth| format!("{}: i32", name(nth))).collect();
    let (load, next, more) = (name(N + 1), name(N + 2), name(N + 3));
    let mut text = String::new();
    let zeros = vec!["v0"; N + 1].join(", ");
    write!(
        text,
        "func (i32, i32) -> () {{\nb0(v0: i32, v1: i32):\n    jump b1({zeros})\nb1({}):\n",
        types.join(", ")
    )
    .unwrap();
    write!(
        text,
        "    {load}: i32 = i32.load offset=4096 {at}\n    i32.store {at}, {}\n    {next}: i32 = i32.add {at}, i32:4\n    \
         {more}: i32 = i32.ne {next}, v1\n    branch {more}, b1({next}, {}, {load}), b2\nb2:\n    return\n}}\n",
        name(1),
        list(2..N + 1),
        at = name(0),
    )
    .unwrap();
    let wasm = text::wat_to_wasm("(module (memory 1))", None).unwrap();
    let features = module::Features::decodable();
    let module = module::decode(wasm, &features, &mut |_, _| ()).unwrap();
    let header: &Header = module.header();
    let mut func = ir::parse(&text).unwrap();
    ir::verify(&func, Some(header)).unwrap();
    let env = Env::new(header, &[]);
    wharf_passes::run(&mut func, &env, &["search", "compare", "dense"]);
    assert_eq!(func.to_string(), text);
}
