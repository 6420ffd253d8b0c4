//! What is known of callees: calls that do nothing go, and nothing is behind calls that do not return.

use ir::{Effects, State};
use module::Header;
use wharf_passes::{Callee, Env, run};

const DOES_NOTHING: Callee = Callee {
    effects: Effects::NONE,
    returns: true,
};

const NEVER_RETURNS: Callee = Callee {
    returns: false,
    ..Callee::ANY
};

const ONLY_SETS_GLOBALS: Callee = Callee {
    effects: Effects {
        writes: State::GLOBAL,
        ..Effects::NONE
    },
    returns: true,
};

fn check(pipeline: &[&str], callees: &[Callee], before: &str, after: &str) {
    let bytes = text::wat_to_wasm("(module (memory 1) (func (result i32) unreachable))", None);
    let features = module::Features::default();
    let module = module::decode(bytes.unwrap(), &features, &mut |_, _| ()).unwrap();
    let header: &Header = module.header();
    let mut func = ir::parse(before).unwrap();
    let env = Env {
        callees,
        ..Env::new(header, &[])
    };
    run(&mut func, &env, pipeline);
    ir::verify(&func, Some(header)).unwrap();
    assert_eq!(func.to_string(), after);
}

#[test]
fn a_call_that_does_nothing_goes_if_its_result_is_not_used() {
    let before = "func () -> (i32) {\nb0:\n    v0: i32 = call 0()\n    v1: i32 = call 0()\n    return v1\n}\n";
    let after = "func () -> (i32) {\nb0:\n    v0: i32 = call 0()\n    return v0\n}\n";
    check(&["dce"], &[DOES_NOTHING], before, after);
    check(&["dce"], &[ONLY_SETS_GLOBALS], before, before);
    check(&["dce"], &[], before, before);
}

#[test]
fn nothing_is_behind_a_call_that_does_not_return() {
    check(
        &["dce"],
        &[NEVER_RETURNS],
        "func (i32) -> (i32) {\nb0(v0: i32):\n    branch v0, b1, b2\nb1:\n    v1: i32 = call 0()\n    i32.store v0, v1\n    jump b2\n\
         b2:\n    return v0\n}\n",
        "func (i32) -> (i32) {\nb0(v0: i32):\n    branch v0, b1, b2\nb1:\n    v1: i32 = call 0()\n    trap Unreachable\n\
         b2:\n    return v0\n}\n",
    );
}

#[test]
fn a_call_that_leaves_memories_alone_does_not_hide_what_is_there() {
    let before = "func (i32) -> (i32) {\nb0(v0: i32):\n    i32.store v0, i32:5\n    v1: i32 = call 0()\n    v2: i32 = i32.load v0\n    \
                  v3: i32 = i32.add v1, v2\n    return v3\n}\n";
    let after = "func (i32) -> (i32) {\nb0(v0: i32):\n    i32.store v0, i32:5\n    v1: i32 = call 0()\n    \
                 v2: i32 = i32.add v1, i32:5\n    return v2\n}\n";
    check(&["memory"], &[ONLY_SETS_GLOBALS], before, after);
    check(&["memory"], &[], before, before);
}
