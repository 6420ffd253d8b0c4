//! A view of Rust sources without comments and literals, so that a search finds code and nothing else.
//!
//! Far from a parser: it knows where comments, strings and characters end, and replaces them by spaces.

/// The source with every comment, string and character literal blanked; lines stay where they were.
pub fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_or_comment_end(bytes, at);
        if end == at {
            code.push(if bytes[at].is_ascii() {
                char::from(bytes[at])
            } else {
                ' '
            });
            at += 1;
        } else {
            code.extend(
                bytes[at..end]
                    .iter()
                    .map(|&b| if b == b'\n' { '\n' } else { ' ' }),
            );
            at = end;
        }
    }
    code
}

/// Where the comment or literal that starts at `at` ends; `at` itself if none starts there.
fn literal_or_comment_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let inside_word = at > 0 && is_word(bytes[at - 1]);
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment_end(bytes, at),
        [b'"', ..] => quoted_end(bytes, at + 1, b'"'),
        [b'r', b'"' | b'#', ..] if !inside_word => raw_string_end(bytes, at + 1).unwrap_or(at),
        [b'b', b'r', b'"' | b'#', ..] if !inside_word => {
            raw_string_end(bytes, at + 2).unwrap_or(at)
        }
        // A lifetime has no closing quote after its first character.
        [b'\'', b'\\', ..] => quoted_end(bytes, at + 1, b'\''),
        [b'\'', first, ..] => {
            let width = str::from_utf8(&rest[1..rest.len().min(5)])
                .map_or_else(|error| error.valid_up_to(), |text| text.len())
                .min(char_width(*first));
            if rest.get(1 + width) == Some(&b'\'') {
                at + width + 2
            } else {
                at
            }
        }
        _ => at,
    }
}

fn char_width(first: u8) -> usize {
    match first {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The end of a raw string whose hashes or quote start at `at`; none if it is no raw string, as in `r#type`.
fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let n_hashes = bytes[at..].iter().take_while(|&&b| b == b'#').count();
    let body = at + n_hashes + 1;
    if bytes.get(body - 1) != Some(&b'"') {
        return None;
    }
    let closing = [b"\"".as_slice(), &b"#".repeat(n_hashes)].concat();
    let found = bytes[body..]
        .windows(closing.len())
        .position(|window| window == closing);
    Some(found.map_or(bytes.len(), |found| body + found + closing.len()))
}

/// How often `word` stands alone in `code`.
pub fn count_word(code: &str, word: &str) -> usize {
    let bytes = code.as_bytes();
    let starts = |at: usize| at == 0 || !is_word(bytes[at - 1]);
    let ends = |at: usize| bytes.get(at).is_none_or(|&b| !is_word(b));
    let alone = |at: usize| starts(at) && ends(at + word.len());
    code.match_indices(word)
        .filter(|&(at, _)| alone(at))
        .count()
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::{code_only, count_word};

    #[test]
    fn literals_and_comments_are_blanked() {
        let source = r##"a // unsafe
            /* unsafe /* unsafe */ unsafe */ "unsafe \" unsafe" r#"unsafe " unsafe"# b"unsafe"
            br"unsafe" '"' '\'' 'é' '\u{7f}' fn f<'a>(x: &'a str, y: &'static str) { unsafe {} }
            r#type unsafe_code "##;
        let code = code_only(source);
        assert_eq!(count_word(&code, "unsafe"), 1);
        assert_eq!(code.lines().count(), source.lines().count());
        assert!(code.contains("fn f<'a>(x: &'a str, y: &'static str)") && code.contains("r#type"));
    }

    #[test]
    fn unclosed_literals_end_with_the_file() {
        for source in ["\"open", "r#\"open", "/* open", "'\\", "'", "b'", "\"\\"] {
            assert!(code_only(source).len() <= source.len());
        }
    }
}
