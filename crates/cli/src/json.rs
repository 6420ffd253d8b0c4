//! JSON documents that hold long lists: an element a line, so that people and line tools can read them too.
//!
//! Apart from the commands, so that all lists look alike.

/// A document: the members of `head`, which is an object on one line, and arrays of elements that are JSON already.
pub fn with_arrays(head: &str, arrays: &[(&str, &[&str])]) -> String {
    let bytes = |elements: &[&str]| elements.iter().map(|line| line.len() + 6).sum::<usize>();
    let all: usize = arrays
        .iter()
        .map(|(_, elements)| bytes(elements) + 32)
        .sum();
    let mut text = String::with_capacity(head.len() + all);
    let inner = head
        .strip_prefix('{')
        .and_then(|head| head.strip_suffix('}'));
    let inner = inner.unwrap_or_default();
    text.push_str("{\n");
    if !inner.is_empty() {
        text.push_str(&format!("  {inner},\n"));
    }
    for (i, (name, elements)) in arrays.iter().enumerate() {
        let end = if i + 1 < arrays.len() { "," } else { "" };
        text.push_str(&format!("  \"{name}\": "));
        push_array(&mut text, elements, "  ");
        text.push_str(&format!("{end}\n"));
    }
    text.push_str("}\n");
    text
}

fn push_array(text: &mut String, elements: &[&str], indent: &str) {
    text.push('[');
    for (i, element) in elements.iter().enumerate() {
        text.push_str(if i == 0 { "\n" } else { ",\n" });
        text.push_str(indent);
        text.push_str("  ");
        text.push_str(element);
    }
    if !elements.is_empty() {
        text.push('\n');
        text.push_str(indent);
    }
    text.push(']');
}

#[cfg(test)]
mod tests {
    use super::with_arrays;

    #[test]
    fn what_is_written_is_json() {
        let text = with_arrays(r#"{"a":"{}"}"#, &[("b", &["1", "{}"]), ("c", &[])]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value, serde_json::json!({"a": "{}", "b": [1, {}], "c": []}));
    }
}
