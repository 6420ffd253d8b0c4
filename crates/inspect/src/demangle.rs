//! Names of functions as their programmers wrote them: Rust (legacy and v0) and C++ (Itanium).
//!
//! Apart, because a mangled name is a small hostile program: it can expand to far more text than it is long, so all expansion is
//! bounded here.

mod parts;

use std::borrow::Cow;
use std::fmt::{self, Write};

pub use parts::{crate_of, generic_name, namespace_of};

/// Longer names are not demangled.
const MANGLED_BYTES_MAX: usize = 1 << 16;

/// What mangled names of C++ begin with, on all systems.
const CPP_PREFIXES: &[&str] = &["_Z", "__Z", "___Z", "____Z", "_GLOBAL_"];

/// Demangles a name, hash of legacy Rust names included. None if it is not mangled, or expands beyond reason.
pub fn demangle(name: &str) -> Option<String> {
    demangle_as(name, false)
}

/// A name for people: demangled, without the hash that ends legacy Rust names, and with what half-demangled names still have
/// encoded.
pub fn readable(name: &str) -> Cow<'_, str> {
    if let Some(name) = demangle_as(name, true) {
        return Cow::Owned(name);
    }
    let without = without_hash(name);
    match without.contains('$') && without.len() < MANGLED_BYTES_MAX {
        true => decode_dollars(without),
        false => Cow::Borrowed(without),
    }
}

fn demangle_as(name: &str, without_hash: bool) -> Option<String> {
    if name.len() > MANGLED_BYTES_MAX {
        return None;
    }
    let mut out = Bounded::for_name(name);
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        let written = match without_hash {
            true => write!(out, "{rust:#}"),
            false => write!(out, "{rust}"),
        };
        return written.ok().map(|()| out.text);
    }
    // The crate takes names of types too, so that a function `a` would become `signed char`.
    if !CPP_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return None;
    }
    let symbol = cpp_demangle::Symbol::new(name).ok()?;
    let options = cpp_demangle::DemangleOptions::default();
    symbol
        .structured_demangle(&mut Cpp(&mut out), &options)
        .ok()?;
    Some(out.text)
}

/// Demangles whatever in a text begins like a mangled name, and leaves the rest as it is: what a filter does.
pub fn filter(text: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        out.push_str(before);
        let is_mangled = ["_Z", "__Z", "_R", "__R", "ZN", "R"]
            .iter()
            .any(|p| word.starts_with(p));
        match is_mangled.then(|| demangle(word)).flatten() {
            Some(name) => out.push_str(&name),
            None => out.push_str(word),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Cuts `::h` and 16 hexadecimal digits.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            path
        }
        _ => name,
    }
}

/// Decodes the escapes of legacy Rust names, which a C++ demangler leaves as they are.
fn decode_dollars(name: &str) -> Cow<'_, str> {
    const CODES: &[(&str, &str)] = &[
        ("$LT$", "<"),
        ("$GT$", ">"),
        ("$u20$", " "),
        ("$u27$", "'"),
        ("$u5b$", "["),
        ("$u5d$", "]"),
        ("$u7b$", "{"),
        ("$u7d$", "}"),
        ("$u3b$", ";"),
        ("$u2b$", "+"),
        ("$u22$", "\""),
        ("$RF$", "&"),
        ("$BP$", "*"),
        ("$LP$", "("),
        ("$RP$", ")"),
        ("$C$", ","),
        ("$SP$", "@"),
        ("..", "::"),
    ];
    if !CODES[..CODES.len() - 1]
        .iter()
        .any(|(code, _)| name.contains(code))
    {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    'next: while let Some(c) = rest.chars().next() {
        for (code, meaning) in CODES {
            if let Some(after) = rest.strip_prefix(code) {
                // Segments that begin with an escape have a `_` before it, since identifiers cannot.
                if *code == "$LT$" && (out == "_" || out.ends_with("::_")) {
                    out.pop();
                }
                out.push_str(meaning);
                rest = after;
                continue 'next;
            }
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    Cow::Owned(out)
}

/// Text that may only become so long.
struct Bounded {
    text: String,
    bytes_max: usize,
}

impl Bounded {
    /// Names of real programs expand to some 10 times of what they are at most.
    fn for_name(name: &str) -> Bounded {
        Bounded {
            text: String::new(),
            bytes_max: 1024 + 16 * name.len(),
        }
    }
}

impl Write for Bounded {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if self.text.len() + s.len() > self.bytes_max {
            return Err(fmt::Error);
        }
        self.text.push_str(s);
        Ok(())
    }
}

/// The same for the other crate.
struct Cpp<'a>(&'a mut Bounded);

impl cpp_demangle::DemangleWrite for Cpp<'_> {
    fn write_string(&mut self, s: &str) -> fmt::Result {
        self.0.write_str(s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_each_scheme() {
        let check = |name: &str, expected: Option<&str>, shown: &str| {
            assert_eq!(demangle(name).as_deref(), expected);
            assert_eq!(readable(name), shown);
        };
        check(
            "_ZN4core3fmt5write17h0123456789abcdefE",
            Some("core::fmt::write::h0123456789abcdef"),
            "core::fmt::write",
        );
        check(
            "_RNvCskwGfYPst2Cb_3foo16example_function",
            Some("foo[ef17931c9e9b4641]::example_function"),
            "foo::example_function",
        );
        check("_Z3food", Some("foo(double)"), "foo(double)");
        check("main", None, "main");
        check("a", None, "a");
        check(
            "std::vec::Vec::len::h0123456789abcdef",
            None,
            "std::vec::Vec::len",
        );
        check(
            "_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$::fmt::h0123456789abcdef",
            None,
            "<alloc::string::String as core::fmt::Display>::fmt",
        );
        check("jquery$1..2", None, "jquery$1..2");
    }

    #[test]
    fn a_name_does_not_explode() {
        // Each substitution doubles what the one before it says.
        let mut name = "_Z1fI".to_owned();
        name.push_str("St4pairIiiE");
        for n in 0..60 {
            let code = char::from_digit(n % 36, 36).unwrap().to_ascii_uppercase();
            name.push_str(&format!("S_IS{code}_S{code}_E"));
        }
        name.push_str("EvT_");
        let shown = readable(&name);
        assert!(shown.len() <= 1024 + 16 * name.len());
    }

    #[test]
    fn text_is_filtered() {
        assert_eq!(
            filter("at _Z3food+0x12 (_ZN4core3fmt5write17h0123456789abcdefE) x"),
            "at foo(double)+0x12 (core::fmt::write::h0123456789abcdef) x"
        );
    }
}
