//! A map of sizes as a page: one file with the numbers and the script that draws them, so that it can be kept and sent.
//!
//! Apart from the picture, because a page shows one part at a time, and so can hold everything.

use inspect::size::Node;
use serde_json::{Value, json};

use super::svg::escape;

/// The page around the numbers.
const PAGE: &str = include_str!("map.html");

/// Parts smaller than this share of the file are put together with their like.
const SHARE_MIN: f64 = 1.0 / 50_000.0;

/// Writes the page.
pub fn page(tree: &Node, title: &str) -> String {
    let least = (tree.bytes as f64 * SHARE_MIN) as u64;
    // No name can end the script: JSON may escape any character.
    let data = to_json(tree, least).to_string().replace('<', "\\u003c");
    let (before, rest) = PAGE.split_once("$TITLE").unwrap_or((PAGE, ""));
    let (between, after) = rest.split_once("$DATA").unwrap_or((rest, ""));
    [before, &escape(title), between, &data, after].concat()
}

/// `[label, bytes, parts]`. The depth is that of the tree, which is bounded.
fn to_json(node: &Node, least: u64) -> Value {
    let large = node
        .parts
        .partition_point(|part| part.bytes >= least.max(1));
    let mut parts: Vec<Value> = node.parts[..large]
        .iter()
        .map(|part| to_json(part, least))
        .collect();
    let others = &node.parts[large..];
    if !others.is_empty() {
        let bytes: u64 = others.iter().map(|part| part.bytes).sum();
        parts.push(json!([format!("{} more", others.len()), bytes, []]));
    }
    json!([node.label, node.bytes, parts])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_the_script() {
        let node = Node {
            label: "</script><script>alert(1)$DATA".to_owned(),
            bytes: 1,
            parts: Vec::new(),
        };
        let page = page(&node, "<b>$DATA");
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(page.contains("&lt;b&gt;$DATA") && !page.contains("$TITLE"));
    }
}
