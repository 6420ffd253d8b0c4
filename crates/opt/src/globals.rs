//! Globals that always hold the number that they began with become this number; those that nothing reads are written no more.
//!
//! Apart from the passes because all functions have a say in whether a global is ever written.

use crate::functions::{self, Facts};
use crate::job::{Changed, Job};
use crate::uses::Uses;
use crate::{Error, Options};
use ir::{Func, Inst, InstId, Type, Value};
use module::{FuncIdx, GlobalIdx, Module, Op, ReadScratch};

/// What is known of a global.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Known {
    /// Nothing.
    Nothing,
    /// Its number, for ever.
    Always(Type, u128),
    /// That nothing reads it.
    Unread,
}

/// Changes what uses them.
pub(crate) fn run(module: &Module, job: &Job<'_>) -> Result<Option<Changed>, Error> {
    let options = job.options;
    let known = known(module, options)?;
    if known.iter().all(|known| *known == Known::Nothing) {
        return Ok(None);
    }
    let facts = Facts::of(module, job)?;
    let might = |func| names_known(module, func, &known).unwrap_or(false);
    functions::with_changed(module, &facts, might, |built| {
        change(built, &known);
        true
    })
}

fn known(module: &Module, options: &Options<'_>) -> Result<Vec<Known>, Error> {
    let header = module.header();
    let uses = Uses::of(module, options)?;
    let known = header.globals().iter().enumerate().map(|(at, ty)| {
        let Some(defined) = at.checked_sub(header.n_imported_globals()) else {
            return Known::Nothing;
        };
        let (n, n_sets) = (uses.globals[at], uses.global_sets[at]);
        if n == 0 {
            return Known::Nothing;
        }
        // Those outside cannot write what is not mutable.
        if n_sets == 0 && (!uses.global_escapes[at] || !ty.mutable) {
            return match *header.global_inits()[defined].ops() {
                [Op::I32Const(number)] => Known::Always(Type::I32, u128::from(number as u32)),
                [Op::I64Const(number)] => Known::Always(Type::I64, u128::from(number as u64)),
                _ => Known::Nothing,
            };
        }
        match n == n_sets && !uses.global_escapes[at] {
            true => Known::Unread,
            false => Known::Nothing,
        }
    });
    Ok(known.collect())
}

/// Whether a body names a global of which something is known.
fn names_known(module: &Module, func: FuncIdx, known: &[Known]) -> Option<bool> {
    let mut scratch = ReadScratch::default();
    let mut reader = module.body(func)?.trusted().read(&mut scratch).ok()?;
    while let Some((_, op)) = reader.next().ok()? {
        if let Op::GlobalGet(GlobalIdx(global)) | Op::GlobalSet(GlobalIdx(global)) = op
            && known[global as usize] != Known::Nothing
        {
            return Some(true);
        }
    }
    Some(false)
}

fn change(func: &mut Func, known: &[Known]) {
    let mut numbers: Vec<(Value, Type, u128)> = Vec::new();
    for block in func.blocks() {
        for &id in func.insts(block) {
            if let Inst::GlobalGet { global } = *func.inst(id)
                && let Known::Always(ty, bits) = known[global.0 as usize]
            {
                numbers.push((func.result(id), ty, bits));
            }
        }
    }
    let mut instead = vec![None; func.n_values()];
    for (value, ty, bits) in numbers {
        instead[value.index()] = Some(func.constant(ty, bits));
    }
    func.map_values(|value| {
        let number = instead.get(value.index()).copied().flatten();
        number.unwrap_or(value)
    });
    func.retain_insts(|func, id: InstId| {
        !matches!(*func.inst(id), Inst::GlobalSet { global, .. } if known[global.0 as usize] == Known::Unread)
    });
}
