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

/// Both pipelines over a function that is made to be expensive; they must come to an end soon.
fn improve(text: &str) {
    let wasm = text::wat_to_wasm("(module (memory 1) (func))", None).unwrap();
    let features = module::Features::decodable();
    let module = module::decode(wasm, &features, &mut |_, _| ()).unwrap();
    let func = ir::parse(text).unwrap();
    for pipeline in [wharf_passes::SIZE, wharf_passes::SPEED] {
        let start = std::time::Instant::now();
        let mut func = func.clone();
        wharf_passes::run(&mut func, &Env::new(module.header(), &[]), pipeline);
        ir::verify(&func, Some(module.header())).unwrap();
        let seconds = start.elapsed().as_secs();
        assert!(seconds < 60, "{seconds} seconds");
    }
}

#[test]
fn thousands_of_blocks_that_end_alike() {
    const N: usize = 8_000;
    let mut text = String::from("func (i32, i32) -> (i32) {\nb0(v0: i32, v1: i32):\n    switch v0");
    for block in 1..=N {
        write!(text, ", b{block}").unwrap();
    }
    text.push('\n');
    for block in 1..=N {
        write!(
            text,
            "b{block}:\n    i32.store offset={} v0, v1\n    i32.store offset={block} v1, v0\n    i32.store v0, i32:{block}\n    \
             i32.store offset=8 v0, v1\n    return v1\n",
            block / 3
        )
        .unwrap();
    }
    text.push_str("}\n");
    improve(&text);
}

#[test]
fn thousands_of_loops_in_each_other() {
    const N: usize = 3_000;
    let mut text = String::from("func (i32, i32) -> (i32) {\nb0(v0: i32, v1: i32):\n    jump b1\n");
    let mut value = 2;
    for block in 1..=N {
        write!(
            text,
            "b{block}:\n    v{value}: i32 = i32.load v0\n    v{}: f64 = f64.convert_i32_s v1\n    v{}: f64 = f64.sqrt v{}\n    \
             f64.store v0, v{}\n    jump b{}\n",
            value + 1,
            value + 2,
            value + 1,
            value + 2,
            block + 1
        )
        .unwrap();
        value += 3;
    }
    for back in 0..N {
        let block = N + 1 + back;
        writeln!(
            text,
            "b{block}:\n    branch v0, b{}, b{}",
            N - back,
            block + 1
        )
        .unwrap();
    }
    writeln!(text, "b{}:\n    return v1\n}}", 2 * N + 1).unwrap();
    improve(&text);
}

#[test]
fn long_chains_of_masks_and_stores() {
    const N: usize = 30_000;
    let mut text = String::from("func (i32, i32) -> (i32) {\nb0(v0: i32, v1: i32):\n");
    for nth in 0..N {
        let (at, value) = (2 * nth + 1, 2 * nth + 2);
        writeln!(text, "    v{value}: i32 = i32.and v{at}, i32:255").unwrap();
        writeln!(text, "    v{}: i32 = i32.extend8_s v{value}", value + 1).unwrap();
        writeln!(
            text,
            "    i32.store8 offset={} v0, v{}",
            nth % 100,
            value + 1
        )
        .unwrap();
    }
    writeln!(text, "    return v{}\n}}", 2 * N + 1).unwrap();
    improve(&text);
}

#[test]
fn thousands_of_branches_on_one_condition() {
    const N: usize = 10_000;
    let mut text =
        String::from("func (i32, i32) -> (i32) {\nb0(v0: i32, v1: i32):\n    jump b1(v1)\n");
    let mut value = 2;
    for nth in 0..N {
        let block = 3 * nth + 1;
        write!(
            text,
            "b{block}(v{value}: i32):\n    branch v{}, b{}, b{}\nb{}:\n    v{}: i32 = i32.mul v{value}, i32:3\n    jump b{}(v{})\n\
             b{}:\n    jump b{}(i32:1)\n",
            if nth % 2 == 0 { 0 } else { value },
            block + 1,
            block + 2,
            block + 1,
            value + 1,
            block + 3,
            value + 1,
            block + 2,
            block + 3
        )
        .unwrap();
        value += 2;
    }
    writeln!(
        text,
        "b{}(v{value}: i32):\n    return v{value}\n}}",
        3 * N + 1
    )
    .unwrap();
    improve(&text);
}
