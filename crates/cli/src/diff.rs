//! `wharf diff`: what changed from one module to another.
//!
//! Apart, as each command is.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use inspect::anatomy::{Anatomy, shown};
use inspect::diff::{Diff, Entry, Segment};
use serde_json::json;

use crate::failure::{EXIT_OTHER, Outcome};
use crate::input::Input;
use crate::output::Output;

/// Show what changed from one module to another
#[derive(Args)]
#[command(after_help = "\
Functions are found again by their names, then by what they do, and at last by their places, which is marked by `?`. Functions that only
differ in the numbers of what they refer to are equal.")]
pub struct Arguments {
    /// The older module or component
    before: PathBuf,

    /// The newer one
    after: PathBuf,

    /// How many functions to show; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 25)]
    top: usize,

    /// Exit with 1 if there is any difference
    #[arg(long)]
    exit_code: bool,

    /// Print JSON, with all functions
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    output: Output,
}

/// Shows the differences.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut inputs = [
        Input::read(&arguments.before)?,
        Input::read(&arguments.after)?,
    ];
    let [before, after] = &mut inputs;
    let files = [
        before.take_wasm_without_lines()?,
        after.take_wasm_without_lines()?,
    ];
    let read = |n: usize| Anatomy::read(&files[n]).map_err(|fault| inputs[n].fault(&fault));
    let diff = Diff::of(&read(0)?, &read(1)?);
    let sizes = [files[0].len() as u64, files[1].len() as u64];
    let text = match arguments.json {
        true => to_json(&diff, sizes),
        false => to_text(&diff, sizes, arguments.top),
    };
    arguments.output.write_text(&text)?;
    Ok(match arguments.exit_code && !diff.is_empty() {
        true => ExitCode::from(EXIT_OTHER),
        false => ExitCode::SUCCESS,
    })
}

fn to_text(diff: &Diff, [before, after]: [u64; 2], top: usize) -> String {
    let mut text = String::new();
    let change = after as i64 - before as i64;
    let percent = change as f64 * 100.0 / before.max(1) as f64;
    let _ = writeln!(
        text,
        "{before} bytes -> {after} bytes: {change:+} ({percent:+.2}%)"
    );
    let funcs: Vec<String> = ["added", "removed", "grown", "shrunk", "changed"]
        .iter()
        .filter_map(|what| {
            let like = diff.funcs.iter().filter(|func| func.what() == *what);
            let (n, sum) = like.fold((0, 0), |(n, sum), func| (n + 1, sum + func.change()));
            let sum = if *what == "changed" {
                String::new()
            } else {
                format!(" ({sum:+})")
            };
            (n > 0).then(|| format!("{n} {what}{sum}"))
        })
        .chain([format!("{} equal", diff.n_equal)])
        .collect();
    let _ = writeln!(text, "functions: {}", funcs.join(", "));
    if diff.is_empty() {
        return text;
    }
    let header = |text: &mut String, title: &str| {
        let _ = writeln!(
            text,
            "\n{:>10}{:>10}{:>10}  {title}",
            "before", "after", "change"
        );
    };
    let row = |text: &mut String, before: Option<u64>, after: Option<u64>, label: &str| {
        let number = |number: Option<u64>| number.map_or("-".to_owned(), |n| n.to_string());
        let change = after.unwrap_or(0) as i64 - before.unwrap_or(0) as i64;
        let _ = writeln!(
            text,
            "{:>10}{:>10}{change:>+10}  {label}",
            number(before),
            number(after)
        );
    };
    header(&mut text, "section");
    for (label, before, after) in diff
        .sections
        .iter()
        .filter(|(_, before, after)| before != after)
    {
        row(&mut text, Some(*before), Some(*after), label);
    }
    let n = if top == 0 { usize::MAX } else { top };
    if !diff.funcs.is_empty() {
        header(&mut text, "function");
        for func in diff.funcs.iter().take(n) {
            let guess = if func.is_guess { " ?" } else { "" };
            row(
                &mut text,
                func.before,
                func.after,
                &format!("{}{guess}", func.label),
            );
        }
        if diff.funcs.len() > n {
            let _ = writeln!(text, "{:32}{} more", "", diff.funcs.len() - n);
        }
    }
    if !diff.data.is_empty() {
        header(&mut text, "data");
        for segment in diff.data.iter().take(n) {
            row(&mut text, segment.before, segment.after, &segment.label);
        }
        if diff.data.len() > n {
            let _ = writeln!(text, "{:32}{} more", "", diff.data.len() - n);
        }
    }
    for (title, is_import) in [("imports", true), ("exports", false)] {
        let is_one = |entry: &&Entry| entry.is_import == is_import;
        let removed = diff.removed.iter().filter(is_one).map(|entry| ('-', entry));
        let added = diff.added.iter().filter(is_one).map(|entry| ('+', entry));
        let all: Vec<(char, &Entry)> = removed.chain(added).collect();
        if !all.is_empty() {
            let _ = writeln!(text, "\n{title}");
        }
        for (sign, entry) in all {
            let _ = writeln!(text, "{sign} {} {}", shown(&entry.name), entry.ty);
        }
    }
    text
}

fn to_json(diff: &Diff, [before, after]: [u64; 2]) -> String {
    let entries = |entries: &[Entry]| -> Vec<String> {
        let entries = entries.iter().map(|entry| {
            let kind = if entry.is_import { "import" } else { "export" };
            json!({"kind": kind, "name": entry.name, "type": entry.ty}).to_string()
        });
        entries.collect()
    };
    let sections = diff.sections.iter().map(|(label, before, after)| {
        json!({"label": label, "before": before, "after": after}).to_string()
    });
    let funcs = diff.funcs.iter().map(|func| {
        let row = json!({
            "label": func.label,
            "what": func.what(),
            "before": func.before,
            "after": func.after,
            "guess": func.is_guess,
        });
        row.to_string()
    });
    let data = diff.data.iter().map(|segment| {
        let Segment {
            label,
            before,
            after,
        } = segment;
        json!({"label": label, "before": before, "after": after}).to_string()
    });
    let lists: [(&str, Vec<String>); 5] = [
        ("sections", sections.collect()),
        ("functions", funcs.collect()),
        ("data", data.collect()),
        ("removed", entries(&diff.removed)),
        ("added", entries(&diff.added)),
    ];
    let lists: Vec<(&str, Vec<&str>)> = lists
        .iter()
        .map(|(name, rows)| (*name, rows.iter().map(String::as_str).collect()))
        .collect();
    let lists: Vec<(&str, &[&str])> = lists.iter().map(|(name, rows)| (*name, &**rows)).collect();
    let head = json!({"before": before, "after": after, "equal_functions": diff.n_equal});
    crate::json::with_arrays(&head.to_string(), &lists)
}
