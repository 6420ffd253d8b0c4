//! Imports and exports moved into the definitions that they are about: `(func $f (export "f") ...)`.
//!
//! Apart from printing because it works on printed text, of which each field of a module begins a line. Some build scripts ask for
//! it.

use std::collections::HashMap;

/// What can be imported and exported.
const KINDS: &[&str] = &["func", "table", "memory", "global", "tag"];

/// The text of a module, as `print` writes it without options, with imports and exports inside of definitions.
///
/// Exports of imports stay as they are unless imports move too. A component stays as it is.
pub fn inline(text: &str, imports: bool, exports: bool) -> String {
    if !text.starts_with("(module") {
        return text.to_owned();
    }
    // How text says which one is exported, and what is exported as.
    let mut exported: HashMap<(&str, &str), String> = HashMap::new();
    let mut definitions = Vec::new();
    for line in text.lines() {
        if let Some(definition) = Definition::of_line(line)
            && (imports || definition.import.is_none())
        {
            definitions.push(definition);
        }
    }
    let mut by_name = HashMap::new();
    for definition in &definitions {
        by_name.insert((definition.kind, definition.number), definition.number);
        if !definition.id.is_empty() {
            by_name.insert((definition.kind, definition.id), definition.number);
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut kept = Vec::new();
    for line in text.lines() {
        if exports
            && let Some((name, kind, item)) = export_of_line(line)
            && let Some(number) = by_name.get(&(kind, item))
        {
            let to = exported.entry((kind, number)).or_default();
            to.push_str(&format!(" (export {name})"));
        } else {
            kept.push(line);
        }
    }
    for line in kept {
        match Definition::of_line(line) {
            Some(definition) if imports || definition.import.is_none() => {
                let Definition {
                    import,
                    kind,
                    head,
                    tail,
                    number,
                    ..
                } = definition;
                let exports = exported.get(&(kind, number)).map_or("", String::as_str);
                let import = import.map_or_else(String::new, |names| format!(" (import {names})"));
                out.push_str(&format!("  ({head}{exports}{import}{tail}"));
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// A line that begins the definition or is the import of something.
struct Definition<'a> {
    /// The two names of an import.
    import: Option<&'a str>,
    kind: &'a str,
    /// `$name`, or nothing.
    id: &'a str,
    number: &'a str,
    /// From the kind to the number, in which nothing changes.
    head: &'a str,
    /// What follows, without what closes an import.
    tail: &'a str,
}

impl Definition<'_> {
    fn of_line(line: &str) -> Option<Definition<'_>> {
        let field = line.strip_prefix("  (")?;
        let (import, field) = match field.strip_prefix("import ") {
            Some(rest) => {
                let module = string_bytes(rest)?;
                let name = string_bytes(rest.get(module..)?.strip_prefix(' ')?)?;
                let (names, rest) = rest.split_at(module + 1 + name);
                (Some(names), rest.strip_prefix(" (")?.strip_suffix(')')?)
            }
            None => (None, field),
        };
        let (kind, rest) = field.split_once(' ')?;
        if !KINDS.contains(&kind) {
            return None;
        }
        let id = id_bytes(rest);
        let after = &rest[id..];
        let comment = after.strip_prefix(' ').unwrap_or(after);
        let (number, tail) = comment.strip_prefix("(;")?.split_once(";)")?;
        Some(Definition {
            import,
            kind,
            id: &rest[..id],
            number,
            head: &field[..field.len() - tail.len()],
            tail,
        })
    }
}

/// The name, the kind and the item of a line that is an export.
fn export_of_line(line: &str) -> Option<(&str, &str, &str)> {
    let rest = line.strip_prefix("  (export ")?;
    let (name, rest) = rest.split_at(string_bytes(rest)?);
    let (kind, item) = rest
        .strip_prefix(" (")?
        .strip_suffix("))")?
        .split_once(' ')?;
    Some((name, kind, item))
}

/// How many bytes the string takes that a text begins with, with its quotes.
fn string_bytes(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let contents = text.strip_prefix('"')?;
    let end = contents.bytes().position(|b| {
        let is_end = b == b'"' && !is_escaped;
        is_escaped = b == b'\\' && !is_escaped;
        is_end
    })?;
    Some(end + 2)
}

/// How many bytes the identifier takes that a text begins with, if any.
fn id_bytes(text: &str) -> usize {
    match text.strip_prefix('$') {
        None => 0,
        Some(rest) => {
            1 + string_bytes(rest).unwrap_or_else(|| rest.find([' ', ')']).unwrap_or(rest.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::inline;
    use crate::{PrintOptions, print_to_string, wat_to_wasm};

    const MODULE: &str = r#"(module
        (import "a" "f(\"" (func $i (param i32)))
        (import "a" "m" (memory 1))
        (func $"a name" (param i32) nop)
        (func nop)
        (global $g i32 (i32.const 0))
        (export "one)" (func $i)) (export "two" (func 2)) (export "three" (func $"a name"))
        (export "four" (func 2)) (export "m" (memory 0)) (export "g" (global $g)))"#;

    fn check(imports: bool, exports: bool, lines: &[&str]) {
        let wasm = wat_to_wasm(MODULE, None).unwrap();
        let text = print_to_string(&wasm, &PrintOptions::default()).unwrap();
        let inlined = inline(&text, imports, exports);
        for line in lines {
            assert!(inlined.contains(line), "{line}\n{inlined}");
        }
        let again = wat_to_wasm(&inlined, None).unwrap();
        if !exports {
            assert_eq!(again, wasm);
        }
        // The same but for the order of the exports.
        assert_eq!(again.len(), wasm.len());
    }

    #[test]
    fn imports_and_exports() {
        check(
            false,
            false,
            &[
                "(import \"a\" \"m\" (memory (;0;) 1))",
                "(export \"m\" (memory 0))",
            ],
        );
        check(
            true,
            false,
            &["(func $i (;0;) (import \"a\" \"f(\\u{22}\") (type 0) (param i32))"],
        );
        check(
            false,
            true,
            &[
                "(export \"m\" (memory 0))",
                "(func (;2;) (export \"two\") (export \"four\") (type 1)",
            ],
        );
        check(
            true,
            true,
            &[
                "(memory (;0;) (export \"m\") (import \"a\" \"m\") 1)",
                "(global $g (;0;) (export \"g\") i32",
            ],
        );
        assert_eq!(inline("(component\n)\n", true, true), "(component\n)\n");
    }
}
