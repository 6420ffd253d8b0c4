//! Tables for terminals of what files say of themselves.
//!
//! Apart from the command because drawing is all it does. The form is that of the tool that people read these tables from.

use std::fmt::Write;

use surgery::Metadata;

/// How wide the last column of a table may be before its text is broken.
const TEXT_WIDTH_MAX: usize = 100;

/// One table of all files, then one for each.
pub fn all(metadata: &Metadata) -> String {
    let mut out = summary(metadata);
    details(metadata, &mut out);
    out
}

fn kind(metadata: &Metadata) -> &'static str {
    match metadata.is_component {
        true => "component",
        false => "module",
    }
}

fn summary(metadata: &Metadata) -> String {
    let header = ["KIND", "NAME", "SIZE", "SIZE%", "LANGUAGES", "PARENT"];
    let mut rows = Vec::new();
    let mut n_unnamed = 0;
    summarize(
        metadata,
        "<root>",
        metadata.range.len(),
        &mut n_unnamed,
        &mut rows,
    );
    draw(&header, &rows, &[2, 3])
}

fn summarize(
    metadata: &Metadata,
    parent: &str,
    whole: usize,
    n_unnamed: &mut usize,
    rows: &mut Vec<Vec<String>>,
) {
    let name = metadata.name.clone().unwrap_or_else(|| {
        *n_unnamed += 1;
        format!("unknown({})", *n_unnamed - 1)
    });
    let size = metadata.range.len();
    let share = match (size as f64 / whole as f64 * 100.0).round() as u8 {
        0..=1 => "<1%".to_owned(),
        100 if size != whole => ">99%".to_owned(),
        share => format!("{share}%"),
    };
    let fields = metadata.producers.iter().flatten();
    let languages = fields.clone().find(|(field, _)| field == "language");
    let languages = match languages {
        Some((_, values)) => {
            let names: Vec<&str> = values.iter().map(|(name, _)| &**name).collect();
            names.join(", ")
        }
        None => "-".to_owned(),
    };
    rows.push(vec![
        kind(metadata).to_owned(),
        name.clone(),
        short_size(size),
        share,
        languages,
        parent.to_owned(),
    ]);
    for child in &metadata.children {
        summarize(child, &name, whole, n_unnamed, rows);
    }
}

/// `512B`, `1.5k`, `12.3M`.
fn short_size(bytes: usize) -> String {
    let mut size = bytes as f64;
    let mut units = ["k", "M", "G"].iter();
    let mut unit = "B";
    while size >= 1000.0
        && let Some(next) = units.next()
    {
        size /= 1000.0;
        unit = next;
    }
    match unit {
        "B" => format!("{bytes}B"),
        unit => format!("{size:.1}{unit}"),
    }
}

fn details(metadata: &Metadata, out: &mut String) {
    let unnamed = |metadata: &Metadata| metadata.name.clone().unwrap_or("<unknown>".to_owned());
    let mut rows = Vec::new();
    let mut row = |key: &str, value: String| rows.push(vec![key.to_owned(), value]);
    row("name", unnamed(metadata));
    row("kind", kind(metadata).to_owned());
    row(
        "range",
        format!("{:#x}..{:#x}", metadata.range.start, metadata.range.end),
    );
    for (key, text) in &metadata.notes {
        row(key, text.clone());
    }
    let mut fields: Vec<_> = metadata.producers.iter().flatten().collect();
    fields.sort_by_key(|(field, _)| (field != "language", field.clone()));
    for (field, values) in fields {
        for (name, version) in values {
            match version.is_empty() {
                true => row(field, name.clone()),
                false => row(field, format!("{name} [{version}]")),
            }
        }
    }
    for child in &metadata.children {
        row("child", format!("{} [{}]", unnamed(child), kind(child)));
    }
    out.push_str(&draw(&["KIND", "VALUE"], &rows, &[]));
    for child in &metadata.children {
        details(child, out);
    }
}

/// Draws a table; the columns of `right` are aligned to the right.
fn draw(header: &[&str], rows: &[Vec<String>], right: &[usize]) -> String {
    // A cell is its lines.
    let rows: Vec<Vec<Vec<String>>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| lines(cell)).collect())
        .collect();
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            let cells = rows.iter().flat_map(|row| &row[column]);
            let widest = cells.map(|line| line.chars().count()).max();
            widest.unwrap_or(0).max(header[column].len())
        })
        .collect();
    let rule = |left: char, fill: char, between: char, right: char| {
        let bars: Vec<String> = widths
            .iter()
            .map(|w| fill.to_string().repeat(w + 2))
            .collect();
        format!("{left}{}{right}\n", bars.join(&between.to_string()))
    };
    let mut out = rule('╭', '─', '┬', '╮');
    let heads: Vec<Vec<String>> = header.iter().map(|head| vec![(*head).to_owned()]).collect();
    draw_row(&heads, &widths, right, &mut out);
    for (at, row) in rows.iter().enumerate() {
        out.push_str(&match at {
            0 => rule('╞', '═', '╪', '╡'),
            _ => rule('├', '╌', '┼', '┤'),
        });
        draw_row(row, &widths, right, &mut out);
    }
    out.push_str(&rule('╰', '─', '┴', '╯'));
    out
}

fn draw_row(row: &[Vec<String>], widths: &[usize], right: &[usize], out: &mut String) {
    let n_lines = row.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..n_lines {
        for (column, (cell, &width)) in row.iter().zip(widths).enumerate() {
            let text = cell.get(line).map_or("", |line| line);
            let edge = if column == 0 { '│' } else { '┆' };
            let written = match right.contains(&column) {
                true => write!(out, "{edge} {text:>width$} "),
                false => write!(out, "{edge} {text:<width$} "),
            };
            written.expect("strings take all that is written");
        }
        out.push_str("│\n");
    }
}

/// A text in lines that are not too long. What would move a terminal's cursor is shown instead.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let shown: Vec<char> = line
            .chars()
            .flat_map(|c| match c.is_control() {
                true => c.escape_default().collect::<Vec<char>>(),
                false => vec![c],
            })
            .collect();
        for part in shown.chunks(TEXT_WIDTH_MAX) {
            lines.push(part.iter().collect());
        }
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}
