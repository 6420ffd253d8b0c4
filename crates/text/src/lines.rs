//! Line tables moved to where the operators are.
//!
//! Apart from reading because it corrects what the encoder does: DWARF for WebAssembly counts from the contents of the code section, which
//! begin with the number of bodies, and the encoder counts from the first body.

use crate::locate::{CODE, CUSTOM, custom, read_u32, sections};

/// What a sequence of the line program begins with: an extended opcode of five bytes, `DW_LNE_set_address`.
const SET_ADDRESS: [u8; 3] = [0, 5, 2];

/// Corrects the addresses in the `.debug_line` section that the encoder has made.
pub fn correct_lines(wasm: &mut [u8]) {
    let Some((n_bytes, bodies)) = bodies(wasm) else {
        return;
    };
    let lines = sections(wasm).find_map(|section| {
        let (name, contents) = (section.id == CUSTOM).then(|| custom(section.bytes))??;
        let start = section.offset + section.bytes.len() - contents.len();
        (name == b".debug_line").then(|| start..start + contents.len())
    });
    let Some(lines) = lines else {
        return;
    };
    let mut rest = &mut wasm[lines];
    for body in bodies {
        // Each body is a sequence of its own, in the same order.
        let wrong = body - n_bytes;
        let mut pattern = [0; 7];
        pattern[..3].copy_from_slice(&SET_ADDRESS);
        pattern[3..].copy_from_slice(&wrong.to_le_bytes());
        let Some(at) = rest.windows(7).position(|window| window == pattern) else {
            return;
        };
        rest[at + 3..at + 7].copy_from_slice(&body.to_le_bytes());
        rest = &mut rest[at + 7..];
    }
}

/// How many bytes the number of bodies takes, and where each begins in the contents of the code section.
fn bodies(wasm: &[u8]) -> Option<(u32, Vec<u32>)> {
    let code = sections(wasm).find(|section| section.id == CODE)?;
    let (n, n_bytes) = read_u32(code.bytes)?;
    let mut at = n_bytes;
    let mut starts = Vec::new();
    for _ in 0..n {
        let (length, n) = read_u32(code.bytes.get(at..)?)?;
        starts.push(u32::try_from(at + n).ok()?);
        at += n + length;
    }
    Some((u32::try_from(n_bytes).ok()?, starts))
}

#[cfg(test)]
mod tests {
    use crate::{Options, error_at, wat_to_wasm_with};

    #[test]
    fn every_operator_is_on_its_line() {
        // So many functions that their number takes two bytes.
        let func = "(func\n nop\n i32.const 0\n drop\n unreachable)\n";
        let source = format!("(module\n{})", func.repeat(200));
        let wasm = wat_to_wasm_with(&source, None, Options { line_info: true }).unwrap();
        let body = [0, 0x01, 0x41, 0, 0x1a, 0x00, 0x0b];
        let places = wasm
            .windows(7)
            .enumerate()
            .filter(|(_, window)| *window == body);
        let places: Vec<usize> = places.map(|(at, _)| at + 1).collect();
        assert_eq!(places.len(), 200);
        for (func, at) in places.into_iter().enumerate() {
            for (offset, line) in [(0, 3), (1, 4), (3, 5), (4, 6)] {
                let error = error_at("", &source, None, &wasm, at + offset).unwrap();
                assert_eq!(error.line(), 5 * func + line, "operator at {offset}");
            }
        }
    }
}
