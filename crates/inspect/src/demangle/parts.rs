//! What a demangled name says about where a function comes from: its crate, its namespace, the generic function it is an instance of.
//!
//! Apart from demangling, because this is reading of words: it is a guess where languages do not say how their names are built.

/// The name without the arguments of generics, so that all instances have the same: `Vec<…>::push`, `std::sort<…>(…)`.
///
/// None for names without any.
pub fn generic_name(name: &str) -> Option<String> {
    let is_cpp = has_parameters(name);
    let mut out = String::with_capacity(name.len());
    let mut found = false;
    let mut operator_end = None;
    let ends = closings(name);
    let mut i = 0;
    while let Some(c) = name[i..].chars().next() {
        let rest = &name[i..];
        if let Some(operator) = operator(rest, &name[..i]) {
            out.push_str(operator);
            operator_end = Some(out.len());
            i += operator.len();
            continue;
        }
        // A `<` behind a word begins arguments; elsewhere it is the type of `<T as Trait>`, whose own arguments count.
        let begins = match c {
            '<' => {
                out.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                    || operator_end.is_some_and(|end| out[end..].trim().is_empty())
            }
            '(' => is_cpp && !rest.starts_with("(anonymous namespace)"),
            '[' => out.ends_with(|c: char| c.is_alphanumeric()),
            _ => false,
        };
        match ends[i] {
            end @ 1.. if begins => {
                out.push(c);
                out.push_str(if end - i > 2 { "…" } else { "" });
                out.push_str(&name[end - 1..end]);
                found |= c != '(';
                i = end;
            }
            _ => {
                out.push(c);
                i += c.len_utf8();
            }
        }
    }
    // The result's type stands before names of C++ templates, and differs between instances.
    if found && is_cpp {
        out = without_result(&out).to_owned();
    }
    found.then_some(out)
}

/// The crate, or outermost namespace, of a name; none for plain names.
pub fn crate_of(name: &str) -> Option<&str> {
    let path = path_of(name);
    let (first, _) = path.split_once("::")?;
    is_identifier(first).then_some(first)
}

/// The path that a name is in: `core::fmt` of `core::fmt::write`. The type's for methods. None for plain names.
pub fn namespace_of(name: &str) -> Option<&str> {
    let path = path_of(name);
    let cut = path
        .find(|c: char| !(is_word(c) || c == ':'))
        .unwrap_or(path.len());
    let (namespace, _) = path[..cut].rsplit_once("::")?;
    let namespace = namespace.trim_end_matches(':');
    (!namespace.is_empty()).then_some(namespace)
}

/// The part of a name that begins with the path: behind a result's type, `<` of `<T as Trait>`, `&`, `dyn` and their like.
fn path_of(name: &str) -> &str {
    let mut path = match has_parameters(name) {
        true => without_result(name),
        false => name,
    };
    const BEFORE: &[&str] = &[
        "<",
        "&",
        "*const ",
        "*mut ",
        "mut ",
        "dyn ",
        "impl ",
        "[",
        "(",
        "for<'a> ",
        "non-virtual thunk to ",
        "virtual thunk to ",
        "vtable for ",
        "typeinfo for ",
        "guard variable for ",
        "const ",
    ];
    while let Some(rest) = BEFORE.iter().find_map(|word| path.strip_prefix(word)) {
        if path.starts_with("(anonymous namespace)") {
            break;
        }
        path = rest;
    }
    path
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '#' | '~' | '$')
}

fn is_identifier(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Whether a name ends as those of C++ functions do, with parameters.
fn has_parameters(name: &str) -> bool {
    let end = name.strip_suffix(" const").unwrap_or(name);
    let end = end
        .strip_suffix(" &")
        .or_else(|| end.strip_suffix(" &&"))
        .unwrap_or(end);
    // Parameters of Rust's function pointers and tuples stand within angle brackets.
    end.ends_with(')') && !end.starts_with('<')
}

/// `operator<` and its like, whose brackets are no brackets.
fn operator<'a>(rest: &'a str, before: &str) -> Option<&'a str> {
    const OPERATORS: &[&str] = &[
        "<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "()", "[]", "<", ">",
    ];
    let after = rest.strip_prefix("operator")?;
    let is_whole = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let operator = OPERATORS
        .iter()
        .find(|operator| after.starts_with(**operator))?;
    is_whole.then(|| &rest[.."operator".len() + operator.len()])
}

/// Where each bracketed run ends, by the byte where it begins; 0 for everything else, and for brackets that are never closed.
fn closings(text: &str) -> Vec<usize> {
    let mut ends = vec![0; text.len()];
    let mut open = Vec::new();
    let mut before = ' ';
    for (i, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' | '{' => open.push(i),
            // The arrow of a function's type closes nothing.
            '>' if before == '-' || before == '=' => {}
            '>' | ')' | ']' | '}' => {
                if let Some(start) = open.pop() {
                    ends[start] = i + 1;
                }
            }
            _ => {}
        }
        before = c;
    }
    ends
}

/// Cuts the type of the result: up to the last space outside of brackets that stands before the parameters.
fn without_result(name: &str) -> &str {
    let mut depth = 0_usize;
    let mut start = 0;
    for (i, c) in name.char_indices() {
        if depth == 0 && name[i..].starts_with("operator") {
            break;
        }
        match c {
            '(' if depth == 0 && !name[i..].starts_with("(anonymous namespace)") => break,
            '<' | '(' | '[' | '{' => depth += 1,
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => start = i + 1,
            _ => {}
        }
    }
    &name[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_have_one_name() {
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(generic_name(name).as_deref(), expected, "{name}");
        };
        check("core::fmt::write", None);
        check(
            "alloc::vec::Vec<T,A>::push",
            Some("alloc::vec::Vec<…>::push"),
        );
        check(
            "<alloc::vec::Vec<u8> as core::fmt::Write>::write_str",
            Some("<alloc::vec::Vec<…> as core::fmt::Write>::write_str"),
        );
        check(
            "core::ptr::drop_in_place::<fn(i32) -> u8>",
            Some("core::ptr::drop_in_place::<…>"),
        );
        check("<str as core::fmt::Debug>::fmt", None);
        check("int max<int>(int, int)", Some("max<…>(…)"));
        check("double max<double>(double, double)", Some("max<…>(…)"));
        check("foo(double)", None);
        check(
            "std::vector<int>::push_back(int const&)",
            Some("std::vector<…>::push_back(…)"),
        );
        check("bool operator< <int>(int, int)", Some("operator< <…>(…)"));
        check("slices.Sort[go.shape.int]", Some("slices.Sort[…]"));
        check("a<", None);
        check("a<b", None);
    }

    #[test]
    fn crates_and_namespaces() {
        let check = |name: &str, krate: Option<&str>, namespace: Option<&str>| {
            assert_eq!(crate_of(name), krate, "{name}");
            assert_eq!(namespace_of(name), namespace, "{name}");
        };
        check("core::fmt::write", Some("core"), Some("core::fmt"));
        check(
            "<alloc::vec::Vec<u8> as core::fmt::Write>::write_str",
            Some("alloc"),
            Some("alloc::vec"),
        );
        check(
            "<&mut dyn core::fmt::Write as A>::x",
            Some("core"),
            Some("core::fmt"),
        );
        check("main", None, None);
        check("std::sort(int*, int*)", Some("std"), Some("std"));
        check("void std::sort<int*>(int*, int*)", Some("std"), Some("std"));
        check("(anonymous namespace)::f()", None, None);
    }
}
