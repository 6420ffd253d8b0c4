//! What passes make of functions: before and after, as text.

mod search;

use crate::Env;
use expect_test::Expect;
use module::{Features, Header};
use std::sync::Arc;

/// A function of a module with a memory, after these passes.
fn check(before: &str, pipeline: &[&str], after: Expect) {
    after.assert_eq(&rewritten(before, &header(), pipeline));
}

/// What precedes the code of a module with a memory.
fn header() -> Arc<Header> {
    let bytes = text::wat_to_wasm("(memory 1)", None).expect("is text");
    let module = module::decode(bytes, &Features::default(), &mut |_, _| {}).expect("is valid");
    module.header().clone()
}

fn rewritten(before: &str, header: &Header, pipeline: &[&str]) -> String {
    let mut func = ir::parse(before).unwrap_or_else(|error| panic!("{error}"));
    ir::verify(&func, Some(header)).unwrap_or_else(|error| panic!("before: {error}"));
    let env = Env {
        header,
        params: &[],
    };
    crate::run(&mut func, &env, pipeline);
    let after = func.to_string();
    ir::verify(&func, Some(header)).unwrap_or_else(|error| panic!("{error}\n{after}"));
    let again = ir::parse(&after).unwrap_or_else(|error| panic!("{error}\n{after}"));
    assert_eq!(again.to_string(), after);
    after
}
