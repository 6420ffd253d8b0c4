//! What guests of a module have been seen to do, as data that can be kept in a file.
//!
//! Apart from the running module because it outlives it: code that is compiled ahead of time, or another process, starts with what
//! was learned. It is text, one fact a line, so that people can read it and compare two.
//!
//! ```text
//! wharf profile 1
//! module 7f3c...        the hash of the module's bytes
//! func 12 34567         function 12 was entered, or went round in loops, that often
//! func 13 4000+         function 13 that often, and then in code that does not count
//! call 0x1a2b 33 98.5   the call at this offset of the module's bytes mostly arrives at function 33: in 98.5 % of all cases
//! ```
//! All of it is advice. Whoever reads a profile must be right whatever it says; a damaged one costs speed at most.

use crate::CallTarget;
use module::FuncIdx;
use std::fmt;

/// The first line.
const HEAD: &str = "wharf profile 1";

/// How often a function was entered or went round in loops, more or less.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Times {
    /// How often that was counted.
    pub counted: u64,
    /// Whether it went on in code that does not count.
    pub goes_on: bool,
}

/// What guests of a module have been seen to do.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Profile {
    module: [u8; 32],
    /// Sorted by function.
    funcs: Vec<(FuncIdx, Times)>,
    /// Sorted by offset.
    calls: Vec<(u32, CallTarget)>,
}

impl Profile {
    /// A profile of the module whose bytes have this hash: how much functions did, and where calls through tables and references, by
    /// the offsets of their operators in the module's bytes, arrived.
    pub fn new(
        module: [u8; 32],
        funcs: impl IntoIterator<Item = (FuncIdx, Times)>,
        calls: impl IntoIterator<Item = (u32, CallTarget)>,
    ) -> Profile {
        let mut profile = Profile {
            module,
            funcs: funcs
                .into_iter()
                .filter(|(_, times)| *times != Times::default())
                .collect(),
            calls: calls.into_iter().collect(),
        };
        profile.sort();
        profile
    }

    /// The hash of the module's bytes.
    pub fn module(&self) -> &[u8; 32] {
        &self.module
    }

    /// How often a function was entered or went round in loops; 0 if nothing is known.
    pub fn times(&self, func: FuncIdx) -> Times {
        let found = self.funcs.binary_search_by_key(&func.0, |(func, _)| func.0);
        found.map_or(Times::default(), |at| self.funcs[at].1)
    }

    /// What the call at this offset of the module's bytes has called mostly.
    pub fn call_target(&self, site: u32) -> Option<CallTarget> {
        let found = self.calls.binary_search_by_key(&site, |&(site, _)| site);
        Some(self.calls[found.ok()?].1)
    }

    /// Reads a profile.
    ///
    /// # Errors
    /// If the text is not one.
    pub fn parse(text: &str) -> Result<Profile, ProfileError> {
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return Err(ProfileError {
                line: 1,
                expected: HEAD,
            });
        }
        let mut profile = Profile::default();
        let mut is_named = false;
        for (nth, line) in lines.enumerate() {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let read = match words[..] {
                [] => Some(()),
                ["module", hash] => parse_hash(hash).map(|hash| {
                    profile.module = hash;
                    is_named = true;
                }),
                ["func", func, times] => parse_func(func, times).map(|it| profile.funcs.push(it)),
                ["call", site, func, share] => {
                    parse_call(site, func, share).map(|it| profile.calls.push(it))
                }
                _ => None,
            };
            read.ok_or(ProfileError {
                line: nth + 2,
                expected: "a module, func or call",
            })?;
        }
        if !is_named {
            return Err(ProfileError {
                line: 2,
                expected: "a module",
            });
        }
        profile.sort();
        Ok(profile)
    }

    fn sort(&mut self) {
        self.funcs.sort_unstable_by_key(|(func, _)| func.0);
        self.funcs.dedup_by_key(|(func, _)| func.0);
        self.calls.sort_unstable_by_key(|&(site, _)| site);
        self.calls.dedup_by_key(|(site, _)| *site);
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEAD}\nmodule ")?;
        for byte in self.module {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("\n")?;
        for (func, times) in &self.funcs {
            let more = if times.goes_on { "+" } else { "" };
            writeln!(f, "func {} {}{more}", func.0, times.counted)?;
        }
        for (site, target) in &self.calls {
            let percent = 100.0 * target.share;
            writeln!(f, "call {site:#x} {} {percent:.1}", target.func.0)?;
        }
        Ok(())
    }
}

/// Text that is not a profile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileError {
    /// The line, from 1.
    pub line: usize,
    /// What should be there.
    pub expected: &'static str,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected {}", self.line, self.expected)
    }
}

impl std::error::Error for ProfileError {}

fn parse_hash(word: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if word.len() != 2 * hash.len() || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (nth, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&word[2 * nth..2 * nth + 2], 16).ok()?;
    }
    Some(hash)
}

fn parse_func(func: &str, times: &str) -> Option<(FuncIdx, Times)> {
    let counted = times.strip_suffix('+').unwrap_or(times);
    let times = Times {
        counted: counted.parse().ok()?,
        goes_on: counted.len() < times.len(),
    };
    Some((FuncIdx(func.parse().ok()?), times))
}

fn parse_call(site: &str, func: &str, percent: &str) -> Option<(u32, CallTarget)> {
    let site = u32::from_str_radix(site.strip_prefix("0x")?, 16).ok()?;
    let percent: f32 = percent.parse().ok()?;
    let target = CallTarget {
        func: FuncIdx(func.parse().ok()?),
        share: percent / 100.0,
    };
    (0.0..=100.0).contains(&percent).then_some((site, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Profile {
        let target = |func, share| CallTarget {
            func: FuncIdx(func),
            share,
        };
        let times = |counted, goes_on| Times { counted, goes_on };
        let funcs = [
            (FuncIdx(7), times(1, true)),
            (FuncIdx(2), times(u64::MAX, false)),
            (FuncIdx(3), times(0, false)),
        ];
        let calls = [(0x1a2b, target(33, 0.5)), (0x10, target(2, 1.0))];
        Profile::new([0xab; 32], funcs, calls)
    }

    #[test]
    fn what_is_written_can_be_read() {
        let profile = example();
        let text = profile.to_string();
        assert_eq!(Profile::parse(&text).unwrap(), profile);
        let facts =
            "func 2 18446744073709551615\nfunc 7 1+\ncall 0x10 2 100.0\ncall 0x1a2b 33 50.0\n";
        assert!(text.ends_with(facts), "{text}");
        assert_eq!(profile.times(FuncIdx(7)).counted, 1);
        assert!(profile.times(FuncIdx(7)).goes_on);
        assert_eq!(profile.times(FuncIdx(8)), Times::default());
        assert_eq!(profile.call_target(0x10).unwrap().func, FuncIdx(2));
        assert_eq!(profile.call_target(0x11), None);
    }

    #[test]
    fn what_is_damaged_is_refused_or_read_as_something_else() {
        let text = example().to_string();
        for at in 0..text.len() {
            let cut = Profile::parse(&text[..at]);
            assert!(cut.is_err() || cut.unwrap().funcs.len() <= 2);
            for byte in [b'0', b'x', b' ', b'\n', b'~'] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = byte;
                _ = Profile::parse(std::str::from_utf8(&bytes).unwrap());
            }
        }
        for line in [
            "call 0x1 2 NaN",
            "call 0x1 2 101",
            "call 1 2 3",
            "func -1 2",
            "func 1",
            "func 1 +",
        ] {
            let error = Profile::parse(&format!("{text}{line}\n")).unwrap_err();
            assert_eq!(error.line, 7, "{line}");
        }
        assert!(Profile::parse("").is_err());
        assert!(Profile::parse(HEAD).is_err());
    }
}
