//! Why an item is in a file: how it is reached, who refers to it, and what would take it along.
//!
//! Apart from the tables, because it is a story and not a list.

use std::fmt::Write;

use inspect::anatomy::Anatomy;
use inspect::size::{self, Paths, Sizes};
use serde_json::{Value, json};

use crate::failure::Failure;

/// A word that means more items than this is no help.
const FOUND_MAX: usize = 10;
/// So many of those that refer to an item are shown.
const REFERRERS_MAX: usize = 20;

/// Tells it for each item that a word means.
///
/// # Errors
///
/// Nothing is called so.
pub fn show(anatomy: &Anatomy<'_>, word: &str, as_json: bool) -> Result<String, Failure> {
    let found = size::find(anatomy, word);
    if found.is_empty() {
        return Err(Failure::new(format!("nothing in the file is called {word}"))
            .help("name a function as `wharf size -n 0` shows it, or say `func[3]`, `data[0]`, `global[1]`"));
    }
    let sizes = Sizes::of(anatomy);
    if as_json {
        let all = found.iter().map(|item| {
            let paths = sizes.paths(*item);
            let items = |items: &[u32]| -> Vec<Value> {
                items
                    .iter()
                    .map(|item| super::item_json(anatomy, *item))
                    .collect()
            };
            json!({
                "item": super::item_json(anatomy, *item),
                "path": items(&paths.chain),
                "referrers": items(&paths.referrers),
                "dominators": items(&paths.dominators),
            })
        });
        return Ok(format!(
            "{:#}\n",
            Value::from(all.take(FOUND_MAX).collect::<Vec<_>>())
        ));
    }
    let mut text = String::new();
    for item in found.iter().take(FOUND_MAX) {
        tell(&mut text, anatomy, *item, &sizes.paths(*item));
    }
    if found.len() > FOUND_MAX {
        let _ = writeln!(text, "{} more are called so", found.len() - FOUND_MAX);
    }
    Ok(text)
}

fn tell(text: &mut String, anatomy: &Anatomy<'_>, item: u32, paths: &Paths) {
    let mut line = |indent: &str, item: u32| {
        let item = &anatomy.items[item as usize];
        let _ = writeln!(text, "{indent}{:>8}  {}", item.bytes(), anatomy.label(item));
    };
    line("", item);
    let mut list = |title: &str, items: &[u32]| {
        if items.is_empty() {
            return;
        }
        let _ = writeln!(text, "  {title}");
        for item in items.iter().take(REFERRERS_MAX) {
            let item = &anatomy.items[*item as usize];
            let _ = writeln!(text, "  {:>8}  {}", item.bytes(), anatomy.label(item));
        }
        if items.len() > REFERRERS_MAX {
            let _ = writeln!(text, "  {:>8}  {} more", "", items.len() - REFERRERS_MAX);
        }
    };
    match &paths.chain[..] {
        [] => list("nothing that is reached refers to it", &[item]),
        chain => list("a shortest way to it:", chain),
    }
    list("what refers to it:", &paths.referrers);
    list("without one of these it would go:", &paths.dominators);
}
