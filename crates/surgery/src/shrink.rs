//! A module made smaller as long as it stays interesting.
//!
//! Apart from stripping because what is left need not do what it did: it need only do the one thing that somebody looks for, such as
//! failing. First whole parts go, by halves: sections, exports, segments, the bodies of functions; `shrink/unused.rs` takes out what
//! then nobody uses, and `shrink/bodies.rs` cuts within bodies. What is left is changed at random for some time.
//!
//! **Invariant.** What is kept was valid and interesting.

mod bodies;
mod parts;
mod unused;

use crate::Error;
use crate::sections::{Layer, layer};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasm_shrink::WasmShrink;
use wasmparser::{Validator, WasmFeatures};

/// How a module is made smaller.
#[derive(Clone, Copy, Debug)]
pub struct Shrink {
    /// How many changes at random may fail one after the other before it counts as small.
    pub attempts: u32,
    /// What decides about these.
    pub seed: u64,
    /// Whether the empty module may come out. That it is interesting is mostly a mistake of whoever looks.
    pub allow_empty: bool,
}

/// The module with nothing in it.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";
/// How often all parts are gone through.
const ROUNDS_MAX: usize = 20;

/// Who looks at modules: says which are interesting, and is told of each that is the smallest so far.
pub trait Judge {
    /// Whether a module is interesting.
    ///
    /// # Errors
    /// If this cannot be found out, and there is no point in going on.
    fn is_interesting(&mut self, wasm: &[u8]) -> Result<bool, Error>;

    /// Takes a module that is interesting and smaller than all before.
    ///
    /// # Errors
    /// If there is no point in going on.
    fn take(&mut self, wasm: &[u8]) -> Result<(), Error>;
}

impl Shrink {
    /// The smallest interesting module that was found.
    ///
    /// # Errors
    /// If the module is not valid, not a core module or not interesting; the empty module is interesting, and may not come out;
    /// or what the judge returns.
    pub fn run(&self, wasm: &[u8], judge: &mut dyn Judge) -> Result<Vec<u8>, Error> {
        if layer(wasm, &(0..wasm.len()))? != Layer::Module {
            return Err(Error::new(
                "this is a component, and only core modules can be made smaller",
            ));
        }
        Validator::new_with_features(WasmFeatures::all()).validate_all(wasm)?;
        if !judge.is_interesting(wasm)? {
            return Err(Error::new("the module is not interesting as it is"));
        }
        if judge.is_interesting(EMPTY)? {
            judge.take(EMPTY)?;
            return match self.allow_empty {
                true => Ok(EMPTY.to_vec()),
                false => Err(Error::new("even the empty module is interesting")),
            };
        }
        let mut search = Search {
            best: wasm.to_vec(),
            judge,
        };
        for _ in 0..ROUNDS_MAX {
            let before = search.best.len();
            parts::reduce(&mut search)?;
            unused::remove(&mut search)?;
            bodies::reduce(&mut search)?;
            if search.best.len() == before {
                break;
            }
        }
        self.at_random(&mut search)?;
        Ok(search.best)
    }

    /// Changes what is left at random.
    fn at_random(&self, search: &mut Search<'_>) -> Result<(), Error> {
        if self.attempts == 0 {
            return Ok(());
        }
        let start = search.best.clone();
        let mut fault = None;
        let shrink = WasmShrink::default()
            .attempts(self.attempts)
            .seed(self.seed)
            .allow_empty(true);
        // What makes the changes expects more of modules than that they are valid; what was found before it gave up stays found.
        let run = catch_unwind(AssertUnwindSafe(|| {
            shrink.run(start, |wasm| {
                // It asks whether the empty module is interesting, which was answered.
                if wasm == EMPTY {
                    return Ok(false);
                }
                let found = search.look(wasm);
                if let Err(error) = &found {
                    fault = Some(error.clone());
                }
                Ok(found?)
            })
        }));
        drop(run);
        fault.map_or(Ok(()), Err)
    }
}

/// The smallest module so far, and who looks at others.
struct Search<'j> {
    best: Vec<u8>,
    judge: &'j mut dyn Judge,
}

impl Search<'_> {
    /// Tries a module, and keeps it if it is valid, interesting and smaller. Says whether it is kept.
    fn try_smaller(&mut self, wasm: &[u8]) -> Result<bool, Error> {
        if wasm.len() >= self.best.len() {
            return Ok(false);
        }
        self.look(wasm)
    }

    /// Whether a module is valid and interesting. The smallest is kept.
    fn look(&mut self, wasm: &[u8]) -> Result<bool, Error> {
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        if validator.validate_all(wasm).is_err() || !self.judge.is_interesting(wasm)? {
            return Ok(false);
        }
        if wasm.len() < self.best.len() {
            self.best = wasm.to_vec();
            self.judge.take(wasm)?;
        }
        Ok(true)
    }
}

/// Takes things out of a list of `n`, many at once and then fewer, as long as `try_without` says that it worked. It is given what is
/// left and returns whether that was kept.
fn by_halves(
    n: usize,
    try_without: &mut dyn FnMut(&[usize]) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut left: Vec<usize> = (0..n).collect();
    let mut size = n;
    while size > 0 && !left.is_empty() {
        let mut at = 0;
        while at < left.len() {
            let end = (at + size).min(left.len());
            let rest: Vec<usize> = left[..at].iter().chain(&left[end..]).copied().collect();
            match try_without(&rest)? {
                true => left = rest,
                false => at = end,
            }
        }
        size /= 2;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::by_halves;

    #[test]
    fn what_is_needed_is_left() {
        for needed in [
            vec![],
            vec![0],
            vec![3, 4],
            vec![0, 6, 12],
            (0..13).collect(),
        ] {
            let mut left: Vec<usize> = (0..13).collect();
            by_halves(13, &mut |rest| {
                let is_enough = needed.iter().all(|one| rest.contains(one));
                if is_enough {
                    left = rest.to_vec();
                }
                Ok(is_enough)
            })
            .unwrap();
            assert_eq!(left, needed);
        }
    }
}
