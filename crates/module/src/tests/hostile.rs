//! Bytes that no compiler wrote: truncated, changed, absurd. An error is fine; a panic, a hang or a great allocation is not.

use super::suite::cases;
use super::{validate, wasm};
use crate::{ErrorKind, Features, ReadScratch, decode, decode_trusted};

/// A small generator of numbers that only have to look random (xorshift64*).
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }
}

/// Some change of a module: cut off, bits flipped, bytes overwritten, or a part repeated.
pub(crate) fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    match rng.below(4) {
        0 => bytes.truncate(rng.below(bytes.len())),
        1 => {
            for _ in 0..=rng.below(3) {
                let at = rng.below(bytes.len());
                bytes[at] ^= 1 << rng.below(8);
            }
        }
        2 => {
            let at = rng.below(bytes.len());
            bytes[at] = rng.below(256) as u8;
        }
        _ => {
            let at = rng.below(bytes.len());
            let len = rng.below(bytes.len() - at + 1);
            let part = bytes[at..at + len].to_vec();
            bytes.splice(at..at, part);
        }
    }
}

/// One hundred thousand changes, in four parts that run side by side.
#[test]
fn changed_modules_1() {
    check_changed_modules(0x5eed_0001);
}

#[test]
fn changed_modules_2() {
    check_changed_modules(0x5eed_0002);
}

#[test]
fn changed_modules_3() {
    check_changed_modules(0x5eed_0003);
}

#[test]
fn changed_modules_4() {
    check_changed_modules(0x5eed_0004);
}

fn check_changed_modules(seed: u64) {
    let mut cases = cases();
    // A change is the more likely to matter the smaller the module is.
    cases.retain(|case| (1..1024).contains(&case.bytes.len()));
    let mut rng = Rng(seed);
    for _ in 0..25_000 {
        let mut bytes = cases[rng.below(cases.len())].bytes.clone();
        mutate(&mut bytes, &mut rng);
        // Both ways of validation must agree, which `validate` asserts.
        if let Ok(module) = validate(&bytes, &Features::default()) {
            let _ = module.names().module();
            let _ = module.custom_sections().count();
        }
        let _ = decode_trusted(bytes.into());
    }
}

#[test]
fn deep_nesting() {
    let depth = 10_000;
    let text = format!(
        "(module (func {} {}))",
        "block ".repeat(depth),
        "end ".repeat(depth)
    );
    validate(&wasm(&text), &Features::default()).unwrap();
}

#[test]
fn absurd_counts() {
    // Each section claims 2^32 - 1 items and holds none.
    for section in 1..=12 {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend_from_slice(&[section, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert!(
            validate(&bytes, &Features::default()).is_err(),
            "section {section}"
        );
    }
    // 2^32 - 1 locals in four bytes.
    let header = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0";
    let body = b"\x0a\x0a\x01\x08\x01\xff\xff\xff\xff\x0f\x7f\x0b";
    let bytes = [&header[..], body].concat();
    let error = validate(&bytes, &Features::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
}

#[test]
fn a_body_may_be_dropped_half_read() {
    let bytes = wasm("(module (func (i32.const 1) (drop)) (func))");
    let mut scratch = ReadScratch::default();
    let mut read = 0;
    decode(bytes, &Features::default(), &mut |_, input| {
        let mut body = input.read(&mut scratch).unwrap();
        read += usize::from(body.next().unwrap().is_some());
    })
    .unwrap();
    assert_eq!(read, 2);
}
