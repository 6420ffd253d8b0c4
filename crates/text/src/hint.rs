//! What was probably meant by text that could not be read: one sentence beside the error.
//!
//! Apart from the error, because guesses need the tokens around the fault and names of what there is, and may well be none.

use std::collections::HashSet;

use wast::lexer::{Lexer, Token, TokenKind};

use crate::words::INSTRUCTIONS;

/// Instructions and words that were renamed before the standard was final, and what they are called now.
const RENAMED: &[(&str, &str)] = &[
    ("anyfunc", "funcref"),
    ("atomic.notify", "memory.atomic.notify"),
    ("current_memory", "memory.size"),
    ("get_global", "global.get"),
    ("get_local", "local.get"),
    ("grow_memory", "memory.grow"),
    ("i32.atomic.wait", "memory.atomic.wait32"),
    ("i32.wrap/i64", "i32.wrap_i64"),
    ("i64.atomic.wait", "memory.atomic.wait64"),
    ("rtt.canon", "ref.cast"),
    ("set_global", "global.set"),
    ("set_local", "local.set"),
    ("tee_local", "local.tee"),
    ("v8x16.shuffle", "i8x16.shuffle"),
    ("v8x16.swizzle", "i8x16.swizzle"),
];

/// What a module consists of.
const FIELDS: &[&str] = &[
    "data", "elem", "export", "func", "global", "import", "memory", "rec", "start", "table", "tag",
    "type",
];

/// What may stand in a function besides instructions.
const IN_FUNCTIONS: &[&str] = &[
    "export", "import", "local", "param", "result", "then", "type", "align=", "offset=",
];

/// The words before an identifier that give it to something, by what the parser calls the kind of thing.
const DEFINING: &[(&str, &[&str])] = &[
    ("local", &["local", "param"]),
    ("label", &["block", "if", "loop", "try", "try_table"]),
    ("elem segment", &["elem"]),
    ("data segment", &["data"]),
    ("field", &["field"]),
];

/// Longer names are not compared.
const NAME_BYTES_MAX: usize = 64;

/// A guess at what was meant where the parser says `message` of the text at `offset`.
pub fn hint(source: &str, offset: usize, message: &str) -> Option<String> {
    let tokens = tokens(source);
    let at = tokens.partition_point(|token| token.offset < offset);
    let token = tokens.get(at).filter(|token| token.offset == offset);
    let word = token
        .filter(|token| matches!(token.kind, TokenKind::Keyword | TokenKind::Reserved))
        .map_or("", |token| token.src(source));
    if let Some(name) = message.split("failed to find name `").nth(1) {
        let kind = message.strip_prefix("unknown ")?.split(':').next()?;
        return of_unknown_name(source, &tokens, kind, name.trim_end_matches('`'));
    }
    if token.is_none() && message.starts_with("expected `)`") {
        let open = unclosed(source, &tokens)?;
        return Some(format!("`(` of {} is never closed", place(source, open)));
    }
    if message.starts_with("extra tokens") {
        let last = tokens[..at].iter().rfind(|token| is_token(token))?;
        return Some(format!(
            "the `)` of {} has ended the module: one before it is too many",
            place(source, last.offset)
        ));
    }
    if let Some(is) = renamed(word) {
        return Some(format!("`{word}` is called `{is}` now"));
    }
    if message.starts_with("unexpected end-of-file") {
        return Some("a string has no `\"` at its end".to_owned());
    }
    if message.contains("had no `then`") {
        return Some("write `(if (CONDITION) (then ...) (else ...))`".to_owned());
    }
    if message.contains("constant out of range") {
        return of_constant(message);
    }
    of_word(source, &tokens, at, word, message)
}

/// A guess at a word that cannot stand where it does.
fn of_word(source: &str, tokens: &[Token], at: usize, word: &str, message: &str) -> Option<String> {
    if word.is_empty() {
        return None;
    }
    let opened = tokens[..at].iter().rfind(|token| is_token(token));
    let is_opened = opened.is_some_and(|token| token.kind == TokenKind::LParen);
    let is_operator = message.starts_with("unknown operator");
    if is_operator && is_opened && FIELDS.contains(&word) {
        let before = &tokens[..at - 1];
        let open = unclosed(source, before)?;
        return Some(format!(
            "`({word}` stands in a function; is the `(` of {} closed?",
            place(source, open)
        ));
    }
    let name = format!("${word}");
    if !is_operator
        && tokens
            .iter()
            .any(|token| token.kind == TokenKind::Id && token.src(source) == name)
    {
        return Some(format!("identifiers begin with a dollar sign: `{name}`"));
    }
    let listed: Vec<&str>;
    let candidates: &[&str] = if is_operator {
        listed = INSTRUCTIONS.iter().chain(IN_FUNCTIONS).copied().collect();
        &listed
    } else if message.contains("valid module field") {
        if !is_opened {
            return None;
        }
        listed = FIELDS
            .iter()
            .copied()
            .chain(["module", "component"])
            .collect();
        &listed
    } else {
        // "expected one of: `i32`, `i64`": every second piece.
        listed = message.split('`').skip(1).step_by(2).collect();
        &listed
    };
    if message.contains("valid module field") && INSTRUCTIONS.contains(&word) {
        return Some(format!(
            "instructions stand in functions: `(func ({word} ...))`"
        ));
    }
    // `ofset=4`: the part before the number.
    let (start, _) = word.split_at(word.find('=').map_or(word.len(), |at| at + 1));
    nearest(start, candidates.iter().copied()).map(|meant| format!("did you mean `{meant}`?"))
}

/// What an older name became.
fn renamed(word: &str) -> Option<String> {
    if let Ok(row) = RENAMED.binary_search_by_key(&word, |row| row.0) {
        return Some(RENAMED[row].1.to_owned());
    }
    // i32.trunc_s/f32 became i32.trunc_f32_s, and i32.trunc_s:sat/f32 i32.trunc_sat_f32_s.
    let (op, from) = word.split_once('/')?;
    let (op, saturates) = match op.strip_suffix(":sat") {
        Some(op) => (op, "_sat"),
        None => (op, ""),
    };
    let (op, sign) = match op.get(op.len().checked_sub(2)?..)? {
        sign @ ("_s" | "_u") => (&op[..op.len() - 2], sign),
        _ => (op, ""),
    };
    let is = format!("{op}{saturates}_{from}{sign}");
    INSTRUCTIONS.contains(&is.as_str()).then_some(is)
}

/// A guess at a name that stands for nothing.
fn of_unknown_name(source: &str, tokens: &[Token], kind: &str, name: &str) -> Option<String> {
    let definers = DEFINING.iter().find(|(of, _)| *of == kind);
    let itself = [kind];
    let definers = definers.map_or(&itself[..], |(_, words)| words);
    let mut defined = HashSet::new();
    let mut last = "";
    for token in tokens.iter().filter(|token| is_token(token)) {
        let text = token.src(source);
        if token.kind == TokenKind::Id && definers.contains(&last) {
            defined.insert(text);
        }
        last = text;
    }
    let mut defined: Vec<&str> = defined.into_iter().collect();
    defined.sort_unstable();
    if let Some(meant) = nearest(name, defined.iter().copied()) {
        return Some(format!("did you mean `{meant}`?"));
    }
    match defined.is_empty() {
        true => Some(format!(
            "no {kind} has a name here; all of them have numbers"
        )),
        false => None,
    }
}

/// What constants there are of a type.
fn of_constant(message: &str) -> Option<String> {
    let range = match message
        .split_whitespace()
        .find(|word| word.starts_with(['i', 'f', 'u']) && word.len() <= 3)?
    {
        "i8" => "-128 to 255",
        "i16" => "-32768 to 65535",
        "i32" => "-2147483648 to 4294967295",
        "u32" => "0 to 4294967295",
        "i64" => "-9223372036854775808 to 18446744073709551615",
        _ => return None,
    };
    Some(format!("it goes from {range}"))
}

/// All tokens, up to the first that is none.
fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer::new(source);
    lexer.allow_confusing_unicode(true);
    lexer.iter(0).map_while(Result::ok).collect()
}

/// Whether a token is more than white space.
fn is_token(token: &Token) -> bool {
    !matches!(
        token.kind,
        TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment
    )
}

/// The parenthesis that was probably forgotten to be closed: the first with something below it that is not indented more than
/// itself, or else the innermost.
fn unclosed(source: &str, tokens: &[Token]) -> Option<usize> {
    // Where each open parenthesis is, and the column if it is the first of its line.
    let mut open: Vec<(usize, Option<usize>)> = Vec::new();
    let mut suspect = None;
    let (mut line_start, mut is_first) = (0, true);
    for token in tokens {
        match token.kind {
            TokenKind::Whitespace | TokenKind::BlockComment | TokenKind::LineComment => {
                if let Some(newline) = token.src(source).rfind('\n') {
                    (line_start, is_first) = (token.offset + newline + 1, true);
                }
                continue;
            }
            TokenKind::LParen => {
                let column = is_first.then(|| token.offset - line_start);
                if let (Some((at, Some(outer))), Some(inner)) = (open.last(), column)
                    && inner <= *outer
                {
                    suspect = suspect.or(Some((open.len(), *at)));
                }
                open.push((token.offset, column));
            }
            TokenKind::RParen => {
                open.pop();
                // It was closed after all.
                suspect = suspect.filter(|(depth, _)| *depth <= open.len());
            }
            _ => {}
        }
        is_first = false;
    }
    suspect.map(|(_, at)| at).or(open.last().map(|(at, _)| *at))
}

/// A byte of the text as a person would say where it is.
fn place(source: &str, offset: usize) -> String {
    let before = &source[..offset];
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}")
}

/// The candidate with the fewest changes from `word`, if they are few for its length; the first of several.
fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > NAME_BYTES_MAX {
        return None;
    }
    let most = match word.chars().filter(char::is_ascii_alphanumeric).count() {
        0..=1 => 0,
        2..=3 => 1,
        4..=8 => 2,
        _ => 3,
    };
    let near = candidates.filter(|candidate| candidate.len().abs_diff(word.len()) <= most);
    let near = near.filter_map(|candidate| {
        let n = n_changes(word.as_bytes(), candidate.as_bytes());
        (1..=most).contains(&n).then_some((n, candidate))
    });
    near.min_by_key(|(n, _)| *n).map(|(_, candidate)| candidate)
}

/// How many bytes must be added, removed, replaced or swapped with the next to make one word of the other.
fn n_changes(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut n = (above[j] + usize::from(x != y))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                n = n.min(before[j - 1] + 1);
            }
            row.push(n);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{INSTRUCTIONS, RENAMED, hint};
    use crate::wat_to_wasm;

    /// The hint beside the error of a text.
    fn check(source: &str, expected: Option<&str>) {
        let error = wat_to_wasm(source, None).unwrap_err();
        assert_eq!(error.help(), expected, "{error}");
    }

    #[test]
    fn rows_are_sorted_and_known() {
        assert!(INSTRUCTIONS.is_sorted() && RENAMED.is_sorted());
        for name in INSTRUCTIONS {
            let unknown = "unknown operator or unexpected token";
            if let Err(error) = wat_to_wasm(&format!("(module (func {name}))"), None) {
                // What follows may be missing, but the name itself is read.
                assert!(
                    error.message() != unknown || error.column() > 15,
                    "{name}: {error}"
                );
            }
        }
    }

    #[test]
    fn misspelled_words() {
        check("(module (func i32.ad))", Some("did you mean `i32.add`?"));
        check(
            "(module (func lcoal.get 0))",
            Some("did you mean `local.get`?"),
        );
        check("(module (fucn))", Some("did you mean `func`?"));
        check("(modul)", Some("did you mean `module`?"));
        check("(module (func (result i23)))", Some("did you mean `i32`?"));
        check(
            "(module (import \"a\" \"b\" (fun)))",
            Some("did you mean `func`?"),
        );
        check(
            "(module (func (i32.load ofset=4 (i32.const 0))))",
            Some("did you mean `offset=`?"),
        );
        check("(module (func something_else_entirely))", None);
    }

    #[test]
    fn older_names() {
        check(
            "(module (func get_local 0))",
            Some("`get_local` is called `local.get` now"),
        );
        check(
            "(module (table 1 anyfunc))",
            Some("`anyfunc` is called `funcref` now"),
        );
        let is = Some("`i32.trunc_s:sat/f32` is called `i32.trunc_sat_f32_s` now");
        check("(module (func i32.trunc_s:sat/f32))", is);
        let is = Some("`f32.demote/f64` is called `f32.demote_f64` now");
        check("(module (func f32.demote/f64))", is);
    }

    #[test]
    fn unknown_names() {
        check(
            "(module (func $count) (func call $cuont))",
            Some("did you mean `$count`?"),
        );
        check(
            "(module (func (param $total i32) (local.get $totl)))",
            Some("did you mean `$total`?"),
        );
        check(
            "(module (func block $out br $oot end))",
            Some("did you mean `$out`?"),
        );
        check(
            "(module (func call $f))",
            Some("no func has a name here; all of them have numbers"),
        );
        check(
            "(module (func $count) (func call count))",
            Some("identifiers begin with a dollar sign: `$count`"),
        );
    }

    #[test]
    fn parentheses() {
        let missing = "(module\n  (func $a\n    (drop (i32.const 1))\n  (func $b))";
        check(
            missing,
            Some("`(func` stands in a function; is the `(` of line 2, column 3 closed?"),
        );
        let missing = "(module\n  (type (func)\n  (type (func))\n";
        assert!(
            hint(missing, missing.len(), "expected `)`")
                .unwrap()
                .contains("line 2, column 3")
        );
        check(
            "(module (func (nop)",
            Some("`(` of line 1, column 9 is never closed"),
        );
        check(
            "(module (func)) (func)",
            Some("the `)` of line 1, column 15 has ended the module: one before it is too many"),
        );
        check(
            "(module (data \"abc))",
            Some("a string has no `\"` at its end"),
        );
    }

    #[test]
    fn others() {
        check(
            "(module (func (if (i32.const 1) (nop))))",
            Some("write `(if (CONDITION) (then ...) (else ...))`"),
        );
        check(
            "(module (global i32 (i32.const 0x100000000)))",
            Some("it goes from -2147483648 to 4294967295"),
        );
        check(
            "(module (i32.add))",
            Some("instructions stand in functions: `(func (i32.add ...))`"),
        );
    }
}
