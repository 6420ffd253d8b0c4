//! Functions that are the same but for their number: one stays.
//!
//! Apart from the passes because bodies are compared as bytes, after whatever was done to them.

use crate::Error;
use crate::job::{Changed, Job};
use module::{FuncIdx, Module};
use rewrite::{Renumbering, Rewrite};
use std::collections::HashMap;

/// So often at most: functions that call such functions may be the same once these are.
const ROUNDS: usize = 4;

/// Merges them.
pub(crate) fn run(module: &Module, _job: &Job<'_>) -> Result<Option<Changed>, Error> {
    let Some(mut changed) = once(module)? else {
        return Ok(None);
    };
    for _ in 1..ROUNDS {
        let module = crate::optimize::decode(changed.bytes.clone())?;
        match once(&module)? {
            Some(more) => changed = changed.then(more),
            None => break,
        }
    }
    Ok(Some(changed))
}

fn once(module: &Module) -> Result<Option<Changed>, Error> {
    let header = module.header();
    let n_funcs = header.funcs().len();
    let mut by: Vec<u32> = (0..n_funcs as u32).collect();
    let mut first: HashMap<(u32, &[u8]), u32> = HashMap::new();
    let mut merges = false;
    for (at, range) in module.body_ranges().iter().enumerate() {
        let func = (header.n_imported_funcs() + at) as u32;
        let ty = header.funcs()[FuncIdx(func).index()];
        let body = &module.bytes()[range.as_range()];
        let same = *first.entry((ty.0, body)).or_insert(func);
        by[func as usize] = same;
        merges |= same != func;
    }
    if !merges {
        return Ok(None);
    }
    let mut fewer = Rewrite::new(module);
    fewer.funcs = Renumbering::merging(&by);
    Ok(Some(Changed::by(module, &fewer)?))
}
