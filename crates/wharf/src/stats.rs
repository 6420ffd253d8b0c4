//! What an engine has validated and compiled, and how long that took: figures for people.
//!
//! Apart because every part that compiles counts here, and none reads.

use crate::CacheProblem;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Functions of which something was done, and what that took.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Work {
    /// How many functions, or loops of functions.
    pub functions: u64,
    /// Their size in modules, in bytes.
    pub wasm_bytes: u64,
    /// The size of the machine code made of them, in bytes.
    pub code_bytes: u64,
    /// The time that threads spent, added up.
    pub time: Duration,
}

/// What an engine has done for all its modules; see [`Engine::stats`](crate::Engine::stats).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Functions that were validated and not compiled at once.
    pub validated: Work,
    /// Functions that were compiled before any of their module ran.
    pub whole: Work,
    /// Functions that were compiled when they were called first.
    pub first_call: Work,
    /// Functions that were compiled because they were likely to be called.
    pub ahead: Work,
    /// Functions that got better code when they were hot.
    pub tier_up: Work,
    /// Loops that got code to be entered while they ran.
    pub loops: Work,
    /// Functions that had code from an earlier run, and the time that finding it took.
    pub cached: Work,
    /// About how long compiling that code took.
    pub saved: Duration,
    /// Functions and loops that could not get better code.
    pub refused: u64,
    /// Why code from earlier runs was not used, or code not kept for later ones, though it should: the first reason.
    pub cache_problem: Option<CacheProblem>,
}

impl Stats {
    /// The kinds of work with their names.
    pub fn works(&self) -> [(&'static str, Work); 7] {
        [
            ("validated", self.validated),
            ("whole", self.whole),
            ("first_call", self.first_call),
            ("ahead", self.ahead),
            ("tier_up", self.tier_up),
            ("loops", self.loops),
            ("cached", self.cached),
        ]
    }

    /// The same as one JSON object; times in microseconds.
    pub fn to_json(&self) -> String {
        let works = self.works().map(|(name, work)| {
            format!(
                "\"{name}\":{{\"functions\":{},\"wasm_bytes\":{},\"code_bytes\":{},\"us\":{}}}",
                work.functions,
                work.wasm_bytes,
                work.code_bytes,
                work.time.as_micros()
            )
        });
        let problem = self
            .cache_problem
            .map_or("null".to_owned(), |problem| format!("\"{problem}\""));
        format!(
            "{{{},\"saved_us\":{},\"refused\":{},\"cache_problem\":{problem}}}",
            works.join(","),
            self.saved.as_micros(),
            self.refused
        )
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            "validated only",
            "compiled before the run",
            "compiled at the first call",
            "compiled ahead of calls",
            "compiled again, hot",
            "loops entered anew",
            "kept from earlier runs",
        ];
        for (name, (_, work)) in names.into_iter().zip(self.works()) {
            if work.functions > 0 {
                write!(
                    f,
                    "{name:<27}{:>7} functions {:>9} bytes",
                    work.functions, work.wasm_bytes
                )?;
                if work.code_bytes > 0 {
                    write!(f, " -> {:>9}", work.code_bytes)?;
                }
                writeln!(f, " in {:.3} ms", work.time.as_secs_f64() * 1e3)?;
            }
        }
        if !self.saved.is_zero() {
            let saved = self.saved.as_secs_f64() * 1e3;
            writeln!(f, "{:<27}{saved:>10.3} ms", "not compiled again, saved")?;
        }
        if self.refused > 0 {
            writeln!(f, "{:<27}{:>7}", "refused better code", self.refused)?;
        }
        if let Some(problem) = self.cache_problem {
            writeln!(f, "code is not kept           {problem}")?;
        }
        Ok(())
    }
}

/// Counts of one kind of work.
#[derive(Default)]
pub(crate) struct Count {
    functions: AtomicU64,
    wasm_bytes: AtomicU64,
    code_bytes: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Count {
    /// Adds a function of this size, on which somebody has worked since `start`.
    pub(crate) fn add(&self, wasm_bytes: usize, code_bytes: usize, start: Instant) {
        self.add_all(1, wasm_bytes, code_bytes, start);
    }

    /// Adds several functions.
    pub(crate) fn add_all(
        &self,
        functions: u64,
        wasm_bytes: usize,
        code_bytes: usize,
        start: Instant,
    ) {
        let nanoseconds = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let add = |to: &AtomicU64, more: u64| to.fetch_add(more, Ordering::Relaxed);
        add(&self.functions, functions);
        add(&self.wasm_bytes, wasm_bytes as u64);
        add(&self.code_bytes, code_bytes as u64);
        add(&self.nanoseconds, nanoseconds);
    }

    pub(crate) fn functions(&self) -> u64 {
        self.functions.load(Ordering::Relaxed)
    }

    fn get(&self) -> Work {
        let get = |from: &AtomicU64| from.load(Ordering::Relaxed);
        Work {
            functions: get(&self.functions),
            wasm_bytes: get(&self.wasm_bytes),
            code_bytes: get(&self.code_bytes),
            time: Duration::from_nanos(get(&self.nanoseconds)),
        }
    }
}

/// The counts of an engine.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) validated: Count,
    pub(crate) whole: Count,
    pub(crate) first_call: Count,
    pub(crate) ahead: Count,
    pub(crate) tier_up: Count,
    pub(crate) loops: Count,
    pub(crate) cached: Count,
    pub(crate) saved_ns: AtomicU64,
    pub(crate) refused: AtomicU64,
    cache_problem: OnceLock<CacheProblem>,
}

impl Counts {
    /// Says why the cache is not used as it should be.
    pub(crate) fn set_cache_problem(&self, problem: CacheProblem) {
        // The first one is likely to be why there are others.
        let _ = self.cache_problem.set(problem);
    }

    pub(crate) fn get(&self) -> Stats {
        Stats {
            validated: self.validated.get(),
            whole: self.whole.get(),
            first_call: self.first_call.get(),
            ahead: self.ahead.get(),
            tier_up: self.tier_up.get(),
            loops: self.loops.get(),
            cached: self.cached.get(),
            saved: Duration::from_nanos(self.saved_ns.load(Ordering::Relaxed)),
            refused: self.refused.load(Ordering::Relaxed),
            cache_problem: self.cache_problem.get().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_for_people_and_for_programs() {
        let work = Work {
            functions: 3,
            wasm_bytes: 400,
            code_bytes: 1000,
            time: Duration::from_micros(1250),
        };
        let stats = Stats {
            first_call: work,
            refused: 1,
            cache_problem: Some(CacheProblem::Damaged),
            ..Stats::default()
        };
        assert_eq!(
            stats.to_string(),
            "compiled at the first call       3 functions       400 bytes ->      1000 in 1.250 ms\n\
             refused better code              1\n\
             code is not kept           a file was damaged; it was removed\n"
        );
        let json = stats.to_json();
        let first = r#""first_call":{"functions":3,"wasm_bytes":400,"code_bytes":1000,"us":1250}"#;
        assert!(
            json.contains(first)
                && json.ends_with(
                    r#","refused":1,"cache_problem":"a file was damaged; it was removed"}"#
                ),
            "{json}"
        );
    }

    #[test]
    fn counts_add_up() {
        let counts = Counts::default();
        for bytes in [10, 20] {
            counts.tier_up.add(bytes, 2 * bytes, Instant::now());
        }
        let work = counts.get().tier_up;
        assert_eq!(
            (work.functions, work.wasm_bytes, work.code_bytes),
            (2, 30, 60)
        );
    }
}
