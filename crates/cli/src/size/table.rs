//! Rows of numbers with labels, as text or JSON.
//!
//! Apart from what the rows are, because all views look alike.

use std::fmt::Write;

use inspect::anatomy::Anatomy;
use serde_json::json;

/// What is shown, in either form.
pub struct Table {
    /// The words above the columns: rows are sorted by the first, and the last are labels.
    pub columns: &'static [&'static str],
    /// The first of the rows.
    pub rows: Vec<Row>,
    /// How many rows there are, those included that were not made.
    pub n_all: usize,
    /// What all rows have in the first column, if that can be added up.
    pub sum: Option<u64>,
    /// What the first column is a part of.
    pub whole: u64,
}

/// A row.
pub struct Row {
    pub numbers: Vec<u64>,
    pub label: String,
    /// The same as one line of JSON; files have many rows, and lines take less room than trees.
    pub json: String,
}

impl Row {
    /// A row for an item; its JSON has the first number too if there are several.
    pub fn of_item(anatomy: &Anatomy<'_>, item: u32, numbers: Vec<u64>) -> Row {
        let mut json = super::item_json(anatomy, item);
        if numbers.len() > 1 {
            json["retained"] = numbers[0].into();
        }
        Row {
            json: json.to_string(),
            numbers,
            label: anatomy.label(&anatomy.items[item as usize]),
        }
    }
}

impl Table {
    /// All rows as one document.
    pub fn json(&self, file: &str) -> String {
        let rows: Vec<&str> = self.rows.iter().map(|row| &*row.json).collect();
        let head = json!({"file": file, "bytes": self.whole}).to_string();
        crate::json::with_arrays(&head, &[("rows", &rows)])
    }

    /// The rows below each other, then how much is in the others, and in all.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let (columns, label) = self.columns.split_at(self.columns.len() - 1);
        for (i, column) in columns.iter().enumerate() {
            let _ = write!(text, "{column:>10}");
            if i == 0 {
                let _ = write!(text, "{:>9}", "%");
            }
        }
        let _ = writeln!(text, "  {}", label[0]);
        let mut seen = 0;
        for row in &self.rows {
            self.line(&mut text, &row.numbers, &row.label);
            seen += row.numbers[0];
        }
        let n_more = self.n_all - self.rows.len();
        if let Some(sum) = self.sum {
            if n_more > 0 {
                self.line(
                    &mut text,
                    &[sum.saturating_sub(seen)],
                    &format!("{n_more} more"),
                );
            }
            self.line(&mut text, &[sum], "in all");
        } else if n_more > 0 {
            let width = 10 * columns.len() + 9;
            let _ = writeln!(text, "{:width$}  {n_more} more", "");
        }
        text
    }

    fn line(&self, text: &mut String, numbers: &[u64], label: &str) {
        let n_columns = self.columns.len() - 1;
        for i in 0..n_columns {
            match numbers.get(i) {
                Some(number) => {
                    let _ = write!(text, "{number:>10}");
                }
                None => text.push_str(&" ".repeat(10)),
            }
            if i == 0 {
                let percent = numbers[0] as f64 * 100.0 / self.whole.max(1) as f64;
                let _ = write!(text, "{percent:>8.2}%");
            }
        }
        let _ = writeln!(text, "  {label}");
    }
}
