//! Whether it pays that functions get other types: what it costs is in one place, what it gains in many.
//!
//! Apart from the stages because two of them ask it, and because it is a guess: what happens to a body is shared out among all that
//! changes for it.

use module::{FuncIdx, FuncType, Header, encode};
use std::collections::{HashMap, HashSet};

/// A body that was written anew.
pub(crate) struct Body<'a> {
    /// By how many bytes it became shorter.
    pub(crate) gain: f64,
    /// The functions with other types that are its own or that it calls.
    pub(crate) parts: &'a HashSet<FuncIdx>,
    /// Whether something else changes for it, too.
    pub(crate) has_more: bool,
}

/// The functions with other types that make the module longer by that.
pub(crate) fn without_gain<'a>(
    header: &Header,
    bodies: impl Iterator<Item = Body<'a>>,
    new_type: impl Fn(FuncIdx) -> Option<FuncType>,
) -> HashSet<FuncIdx> {
    let mut gains: HashMap<FuncIdx, f64> = HashMap::new();
    for body in bodies {
        let n_parts = body.parts.len() + usize::from(body.has_more);
        for &func in body.parts {
            *gains.entry(func).or_default() += body.gain / n_parts as f64;
        }
    }
    let known = header.types().iter().filter_map(|ty| ty.as_func());
    let known: HashSet<&FuncType> = known.collect();
    let mut new: HashMap<FuncType, Vec<FuncIdx>> = HashMap::new();
    for &func in gains.keys() {
        if let Some(ty) = new_type(func).filter(|ty| !known.contains(ty)) {
            new.entry(ty).or_default().push(func);
        }
    }
    for (ty, funcs) in new {
        let mut bytes = Vec::new();
        let types = ty.params().iter().chain(ty.results());
        types.for_each(|&ty| encode::val_type(&mut bytes, ty));
        // What it is, and two numbers of types.
        let share = (3 + bytes.len()) as f64 / funcs.len() as f64;
        for func in funcs {
            *gains.entry(func).or_default() -= share;
        }
    }
    let lost = gains.into_iter().filter(|&(_, gain)| gain <= 0.0);
    lost.map(|(func, _)| func).collect()
}
