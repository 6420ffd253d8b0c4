//! `wharf cache`: shows and removes the compiled code that `wharf run` keeps between runs.
//!
//! Apart, as each command is.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::failure::{Failure, Outcome};

/// Show or remove compiled code that is kept between runs
#[derive(Args)]
#[command(after_help = "\
The directory is WHARF_CACHE_DIR, or else wharf in XDG_CACHE_HOME, or else .cache/wharf in HOME. If WHARF_CACHE_DIR is empty, nothing \
is kept. There is never more than 1 GiB: what was not used for longest goes.")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List what is kept, the latest used first
    List {
        /// As one JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Remove all of it
    Clear,
    /// Print the directory
    Dir,
}

/// Does what is said.
pub fn run(arguments: &Arguments) -> Outcome {
    let Some(cache) = wharf::CacheConfig::usual() else {
        let failure = Failure::new("nothing is kept: the environment names no directory for it");
        return Err(failure.help("set WHARF_CACHE_DIR, XDG_CACHE_HOME or HOME to an absolute path"));
    };
    let directory = cache.directory().display();
    let cannot =
        |what: &str, error: &io::Error| Failure::new(format!("cannot {what} {directory}: {error}"));
    let mut told = String::new();
    match arguments.command {
        Command::Dir => told = format!("{directory}\n"),
        Command::Clear => {
            let removed = cache.clear();
            let (files, bytes) = removed.map_err(|error| cannot("clear", &error))?;
            told = format!("removed {} of {}\n", count(files, "file"), size(bytes));
        }
        Command::List { json } => {
            let entries = cache.entries().map_err(|error| cannot("list", &error))?;
            if json {
                let entries: Vec<String> = entries.iter().map(as_json).collect();
                told = format!("[{}]\n", entries.join(","));
            } else {
                let total = entries.iter().map(|entry| entry.bytes).sum();
                for entry in &entries {
                    told += &format!(
                        "{:>10}  {:>6} functions of a module of {:>10}, used {} ago  {}\n",
                        size(entry.bytes),
                        entry.functions,
                        size(entry.module_bytes),
                        age(entry.used.elapsed().unwrap_or_default()),
                        entry.name.escape_debug()
                    );
                }
                let modules = count(entries.len() as u64, "module");
                told += &format!("{:>10}  {modules} in {directory}\n", size(total));
            }
        }
    }
    match io::stdout().write_all(told.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn as_json(entry: &wharf::CacheEntry) -> String {
    let mut name = String::new();
    for c in entry.name.chars() {
        match c {
            '"' | '\\' => name.extend(['\\', c]),
            c if c.is_control() => name += &format!("\\u{:04x}", u32::from(c)),
            c => name.push(c),
        }
    }
    format!(
        "{{\"name\":\"{name}\",\"module_bytes\":{},\"functions\":{},\"bytes\":{},\"used_seconds_ago\":{}}}",
        entry.module_bytes,
        entry.functions,
        entry.bytes,
        entry.used.elapsed().unwrap_or_default().as_secs()
    )
}

fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn size(bytes: u64) -> String {
    match bytes {
        0..0x400 => format!("{bytes} B"),
        0x400..0x10_0000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0)),
    }
}

fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_for_people() {
        assert_eq!(
            [1023, 1536, 3 << 20].map(size),
            ["1023 B", "1.5 KiB", "3.0 MiB"]
        );
        let ages = [119, 120, 7200, 172_800].map(|seconds| age(Duration::from_secs(seconds)));
        assert_eq!(ages, ["119 s", "2 min", "2 h", "2 days"]);
        assert_eq!([count(1, "file"), count(2, "file")], ["1 file", "2 files"]);
    }

    #[test]
    fn names_cannot_leave_their_string() {
        let entry = wharf::CacheEntry {
            name: "a\"b\\c\n".to_owned(),
            module_bytes: 1,
            functions: 2,
            bytes: 3,
            used: std::time::SystemTime::now(),
        };
        let json = as_json(&entry);
        assert!(
            json.starts_with(r#"{"name":"a\"b\\c\u000a","module_bytes":1,"#),
            "{json}"
        );
    }
}
