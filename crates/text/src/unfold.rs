//! Legacy exceptions in folded form, `(try (do ..) (catch ..))`, as instructions in a row, which is all that the parser reads of
//! them.
//!
//! Apart from reading because it works on tokens: everything else stays where it is, and on the line that it was on.

use std::borrow::Cow;
use wast::lexer::{Lexer, TokenKind};

/// An open parenthesis.
enum Open {
    /// Any but the following.
    Other,
    /// `(try`; the piece that says what ends it, and the part that came last.
    Try(usize, Last),
    /// A part of a `try`: its parentheses go.
    Part,
    /// `(delegate`: goes as a whole, for its label is what ends the `try` that is the last but this one.
    Delegate,
}

/// Which parts of a `try` have been read.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Nothing,
    Do,
    Catch,
    Delegate,
}

/// The text without folded forms of legacy exceptions. Text with other parts, or in another order, stays as it is: the parser
/// refuses it.
///
/// `(try $l (do A) (catch $e B))` becomes `(end try $l  A  catch $e B )`: the parser puts what a parenthesis begins with at its
/// end.
pub fn unfold_legacy(source: &str) -> Cow<'_, str> {
    if !source.contains("try") {
        return Cow::Borrowed(source);
    }
    let mut lexer = Lexer::new(source);
    lexer.allow_confusing_unicode(true);
    let (mut pieces, mut open, mut found) = (Vec::new(), Vec::new(), false);
    let mut tokens = lexer.iter(0).peekable();
    while let Some(token) = tokens.next() {
        // The parser will say what is wrong.
        let Ok(token) = token else {
            return Cow::Borrowed(source);
        };
        let text = token.src(source);
        let in_delegate = matches!(open.last(), Some(Open::Delegate));
        match token.kind {
            TokenKind::LParen => {
                let next = match tokens.peek() {
                    Some(Ok(next)) if next.kind == TokenKind::Keyword => next.src(source),
                    _ => "",
                };
                let part = match next {
                    "do" => Some(Last::Do),
                    "catch" | "catch_all" => Some(Last::Catch),
                    "delegate" => Some(Last::Delegate),
                    _ => None,
                };
                let (is, instead) = match (open.last_mut(), part) {
                    (Some(Open::Try(_, last)), Some(part)) => {
                        match (*last, part) {
                            (Last::Nothing, Last::Do)
                            | (Last::Do, Last::Catch | Last::Delegate)
                            | (Last::Catch, Last::Catch) => *last = part,
                            _ => return Cow::Borrowed(source),
                        }
                        match part {
                            Last::Delegate => (Open::Delegate, ""),
                            _ => (Open::Part, " "),
                        }
                    }
                    _ if next == "try" => (Open::Try(pieces.len() + 1, Last::Nothing), "("),
                    _ => (Open::Other, "("),
                };
                pieces.push(Cow::Borrowed(instead));
                match is {
                    Open::Try(..) => {
                        found = true;
                        pieces.push(Cow::Borrowed("end "));
                    }
                    Open::Part if next == "do" => _ = tokens.next(),
                    Open::Delegate => _ = tokens.next(),
                    _ => {}
                }
                open.push(is);
            }
            TokenKind::RParen => pieces.push(Cow::Borrowed(match open.pop() {
                Some(Open::Part) => " ",
                Some(Open::Delegate) if delegates(&open, &pieces) => "",
                Some(Open::Delegate) => return Cow::Borrowed(source),
                _ => text,
            })),
            TokenKind::Id | TokenKind::Integer(_) if in_delegate => {
                if let [.., Open::Try(end, _), Open::Delegate] = open[..] {
                    pieces[end] = Cow::Owned(format!("delegate {text} "));
                }
            }
            _ => pieces.push(Cow::Borrowed(text)),
        }
    }
    match found {
        true => Cow::Owned(pieces.concat()),
        false => Cow::Borrowed(source),
    }
}

/// Whether the label of the `delegate` that ends the innermost `try` has been read.
fn delegates(open: &[Open], pieces: &[Cow<'_, str>]) -> bool {
    matches!(open.last(), Some(Open::Try(end, _)) if pieces[*end].starts_with("delegate "))
}

#[cfg(test)]
mod tests {
    use super::unfold_legacy;
    use crate::wat_to_wasm;

    /// Checks what comes out, and that it is the same module as one in flat form.
    fn check(folded: &str, unfolded: &str, flat: &str) {
        assert_eq!(unfold_legacy(folded), unfolded);
        let module = |func: &str| {
            let text = format!("(module (tag $e) (tag $f) (func (export \"f\") {func}))");
            wat_to_wasm(&text, None).unwrap()
        };
        assert_eq!(module(folded), module(flat));
    }

    #[test]
    fn handlers() {
        check(
            "(try (do nop) (catch $e unreachable) (catch_all (rethrow 0)))",
            "(end try   nop   catch $e unreachable   catch_all (rethrow 0) )",
            "try nop catch $e unreachable catch_all rethrow 0 end",
        );
    }

    #[test]
    fn delegates() {
        check(
            "(try $l (do (try (do (throw $e)) (delegate $l))) (catch_all))",
            "(end try $l   (delegate $l try   (throw $e)   )   catch_all )",
            "try $l try throw $e delegate $l catch_all end",
        );
    }

    #[test]
    fn operands() {
        check(
            "(drop (i32.add (try (result i32) (do (i32.const 1)) (catch $f (i32.const 2))) (i32.const 3)))
             (if (try (result i32) (do (i32.const 1)) (delegate 0)) (then (nop)))",
            "(drop (i32.add (end try (result i32)   (i32.const 1)   catch $f (i32.const 2) ) (i32.const 3)))
             (if (delegate 0 try (result i32)   (i32.const 1)   ) (then (nop)))",
            "try (result i32) i32.const 1 catch $f i32.const 2 end i32.const 3 i32.add drop
             try (result i32) i32.const 1 delegate 0 if nop end",
        );
    }

    #[test]
    fn what_is_none() {
        for text in [
            "(import \"try\" \"try\" (func $try (param i32)))",
            ";; (try (do))\n(module (func try catch_all end))",
            "(func (try_table (catch $e 0)))",
            "(try \"unterminated",
            "(try (do) (delegate) (delegate 0))",
            "(try (do) (delegate 0) (catch_all))",
            "(try (catch_all) (do))",
            "(try (do) (delegate))",
        ] {
            assert_eq!(unfold_legacy(text), text);
        }
    }
}
