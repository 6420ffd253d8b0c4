//! Source maps: JSON that says for bytes of a module where they come from.
//!
//! Apart from DWARF. A map of a module has one "line", whose columns are offsets in the file.

use serde_json::Value;

use super::Frame;

/// A source map.
pub struct SourceMap {
    /// What all sources lie in, with a `/` at the end; empty if nothing.
    root: String,
    sources: Vec<String>,
    /// Sorted by offset.
    segments: Vec<Segment>,
}

#[derive(Clone, Copy)]
struct Segment {
    offset: u64,
    /// The source, and the line and column in it from 0; none where the code has no source.
    at: Option<(u32, u32, u32)>,
}

impl SourceMap {
    /// Reads a map.
    ///
    /// # Errors
    ///
    /// It is no JSON, or has no mappings; the message says what was expected.
    pub fn parse(json: &[u8]) -> Result<SourceMap, String> {
        let map: Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let mappings = map["mappings"].as_str();
        let mappings = mappings.ok_or("expected a source map with `mappings`")?;
        let root = map["sourceRoot"].as_str().unwrap_or_default();
        let root = match root.is_empty() {
            true => String::new(),
            false => format!("{}/", root.trim_end_matches('/')),
        };
        let sources = map["sources"].as_array().map_or(&[][..], Vec::as_slice);
        let sources = sources
            .iter()
            .map(|source| source.as_str().unwrap_or_default().to_owned());
        let mut segments = read_mappings(mappings)?;
        segments.sort_by_key(|segment| segment.offset);
        Ok(SourceMap {
            root,
            sources: sources.collect(),
            segments,
        })
    }

    /// Where a byte of the file comes from, said no earlier than at `start`.
    pub fn find(&self, offset: u64, start: u64) -> Option<Frame> {
        let after = self
            .segments
            .partition_point(|segment| segment.offset <= offset);
        let segment = self.segments[..after]
            .last()
            .filter(|segment| segment.offset >= start)?;
        let (source, line, column) = segment.at?;
        Some(Frame {
            function: None,
            file: Some(format!(
                "{}{}",
                self.root,
                self.sources.get(source as usize)?
            )),
            line: line.checked_add(1),
            column: column.checked_add(1),
        })
    }
}

/// Decodes the segments of the first line.
fn read_mappings(mappings: &str) -> Result<Vec<Segment>, String> {
    let mut segments = Vec::new();
    // Offset, source, line, column: each is a difference to the segment before.
    let mut sums = [0_i64; 4];
    let first_line = mappings.split(';').next().unwrap_or_default();
    for text in first_line.split(',').filter(|text| !text.is_empty()) {
        let mut n = 0;
        let mut bytes = text.bytes();
        while let Some(value) = read_vlq(&mut bytes)? {
            if let Some(sum) = sums.get_mut(n) {
                *sum = sum.wrapping_add(value);
            }
            n += 1;
        }
        let [offset, at @ ..] = sums;
        let [source, line, column] = at.map(|value| u32::try_from(value).ok());
        segments.push(Segment {
            offset: u64::try_from(offset).map_err(|_| "an offset is negative")?,
            at: match (n >= 4, source, line, column) {
                (true, Some(source), Some(line), Some(column)) => Some((source, line, column)),
                _ => None,
            },
        });
    }
    Ok(segments)
}

/// A number in base 64: five bits a digit, the sign in the lowest.
fn read_vlq(bytes: &mut std::str::Bytes<'_>) -> Result<Option<i64>, String> {
    let (mut value, mut shift) = (0_i64, 0);
    let mut is_first = true;
    loop {
        let digit = match bytes.next() {
            None if is_first => return Ok(None),
            None => return Err("a number in the mappings does not end".to_owned()),
            Some(c @ b'A'..=b'Z') => c - b'A',
            Some(c @ b'a'..=b'z') => c - b'a' + 26,
            Some(c @ b'0'..=b'9') => c - b'0' + 52,
            Some(b'+') => 62,
            Some(b'/') => 63,
            Some(_) => return Err("the mappings are not in base 64".to_owned()),
        };
        is_first = false;
        if shift > 55 {
            return Err("a number in the mappings is too large".to_owned());
        }
        value |= i64::from(digit & 31) << shift;
        shift += 5;
        if digit & 32 == 0 {
            return Ok(Some(if value & 1 == 0 {
                value >> 1
            } else {
                -(value >> 1)
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_found() {
        let json = br#"{"version":3,"sources":["a.c","b.c"],"sourceRoot":"src/","mappings":"uBAAA,EACC,KCFD,E"}"#;
        let map = SourceMap::parse(json).unwrap();
        let at = |offset| {
            let frame = map.find(offset, 0)?;
            Some((frame.file?, frame.line?, frame.column?))
        };
        assert_eq!(at(22), None);
        assert_eq!(at(23), Some(("src/a.c".to_owned(), 1, 1)));
        assert_eq!(at(25), Some(("src/a.c".to_owned(), 2, 2)));
        assert_eq!(at(29), Some(("src/a.c".to_owned(), 2, 2)));
        assert_eq!(at(30), None, "the line is before the first one");
        assert_eq!(map.find(24, 24), None);
    }

    #[test]
    fn bad_maps_are_errors() {
        for json in [
            "",
            "{}",
            "[]",
            r#"{"mappings":"!"}"#,
            r#"{"mappings":"g"}"#,
            r#"{"mappings":"gggggggggggggggA"}"#,
            r#"{"mappings":"D"}"#,
        ] {
            assert!(SourceMap::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
