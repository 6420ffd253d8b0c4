//! Functions that are the same but for their number: one stays.
//!
//! Apart from the passes because bodies are compared as bytes, after whatever was done to them.

use crate::{Error, Options};
use module::{FuncIdx, Module};
use rewrite::{Renumbering, Rewrite};
use std::collections::HashMap;

/// So often at most: functions that call such functions may be the same once these are.
const ROUNDS: usize = 4;

/// Merges them.
pub(crate) fn run(module: &Module, _options: &Options<'_>) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = once(module)?;
    for _ in 1..ROUNDS {
        let Some(merged) = bytes.take() else { break };
        let module = crate::optimize::decode(merged)?;
        bytes = once(&module)?;
        if bytes.is_none() {
            return Ok(Some(module.bytes().to_vec()));
        }
    }
    Ok(bytes)
}

fn once(module: &Module) -> Result<Option<Vec<u8>>, Error> {
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
    Ok(Some(fewer.apply()?))
}
