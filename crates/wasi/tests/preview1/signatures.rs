//! The table of functions against the list lowered from the spec's own witx file.

use wasi::preview1::{FUNCTIONS, Parameter};

#[test]
fn all_46_functions_have_the_signatures_of_the_witx() {
    let mut ours: Vec<String> = FUNCTIONS
        .iter()
        .map(|function| {
            let parameters: Vec<&str> = function
                .parameters
                .iter()
                .map(|parameter| match parameter {
                    Parameter::I32 => "i32",
                    Parameter::I64 => "i64",
                })
                .collect();
            let returns = if function.returns_errno {
                " -> i32"
            } else {
                ""
            };
            format!("{}({}){returns}", function.name, parameters.join(", "))
        })
        .collect();
    let mut spec: Vec<&str> = include_str!("signatures.txt").lines().collect();
    ours.sort();
    spec.sort();
    assert_eq!(ours.len(), 46);
    assert_eq!(ours, spec);
}
