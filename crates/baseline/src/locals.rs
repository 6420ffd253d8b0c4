//! Locals: where they lie, and which ones live in registers.
//!
//! Apart because homes are chosen once for the whole function, from a survey of it, so that nothing about locals needs to be agreed
//! on where ways through the code meet.

use crate::kind::Kind;
use crate::regs::{KEPT, LOST, RegSet, XMM_HOMES, gpr_bit, xmm_bit};
use asm::x64::{Gpr, Xmm};
use module::{Survey, ValType};

/// The end of a chain of operands that are the value of a local.
pub(crate) const NO_ALIAS: u32 = u32::MAX;

/// A local.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local {
    pub(crate) kind: Kind,
    /// The register that it lives in; 0 if it lives in the frame.
    pub(crate) home: RegSet,
    /// Bytes that it and all locals before take.
    pub(crate) end: u32,
    /// Position of the topmost operand that is the value of this local, not copied yet.
    pub(crate) alias: u32,
}

/// The locals of a function.
#[derive(Debug, Default)]
pub(crate) struct Locals {
    /// The first ones, one each.
    table: Vec<Local>,
    /// The others, as runs: number of the first, its kind, bytes that those before take.
    runs: Vec<(u32, Kind, u32)>,
    /// Bytes that all of them take.
    pub(crate) bytes: u32,
    /// Registers that are homes.
    pub(crate) homes: RegSet,
    /// The homes among the first ones, by register.
    by_home: [u32; 32],
}

/// How often a local must be used for a home to pay that a prologue and an epilogue must save.
const USES_MIN: u32 = 3;

impl Locals {
    /// The locals of a function with these parameters and declarations. References that a collector must know have no homes:
    /// objects move during calls.
    pub(crate) fn set(
        &mut self,
        params: &[ValType],
        declared: &[(u32, ValType)],
        survey: &Survey,
        memory_is_fixed: bool,
    ) {
        self.table.clear();
        self.runs.clear();
        self.bytes = 0;
        let mut number = 0;
        let params = params.iter().map(|&ty| (1, ty));
        for (count, ty) in params.chain(declared.iter().copied()) {
            let kind = Kind::from(ty);
            let mut left = count;
            while left > 0 && self.table.len() < Survey::LOCALS_MAX {
                self.bytes += kind.slot_bytes();
                self.table.push(Local {
                    kind,
                    home: 0,
                    end: self.bytes,
                    alias: NO_ALIAS,
                });
                left -= 1;
            }
            if left > 0 {
                self.runs.push((number + count - left, kind, self.bytes));
                self.bytes += left * kind.slot_bytes();
            }
            number += count;
        }
        self.choose_homes(survey, memory_is_fixed);
    }

    fn choose_homes(&mut self, survey: &Survey, memory_is_fixed: bool) {
        self.homes = 0;
        let mut gprs: [(u32, u32); 7] = [(0, 0); 7];
        let mut xmms: [(u32, u32); XMM_HOMES as usize] = [(0, 0); XMM_HOMES as usize];
        for (number, (local, &uses)) in self.table.iter().zip(&survey.locals).enumerate() {
            match local.kind {
                Kind::Ref => {}
                kind if kind.is_xmm() => insert(&mut xmms, uses, number as u32),
                _ => insert(&mut gprs, uses, number as u32),
            }
        }
        // What a home costs at each call that loses it: a store and a load.
        let call_cost = survey.calls.saturating_mul(2);
        let kept = &KEPT[..KEPT.len() - usize::from(memory_is_fixed)];
        let kept = kept.iter().map(|&gpr| (gpr, USES_MIN));
        let lost = LOST.iter().map(|&gpr| (gpr, call_cost + 1));
        let mut chosen = gprs.iter();
        let mut choose = |gpr: Gpr, uses_min: u32| {
            let &(uses, number) = chosen.clone().next()?;
            if uses >= uses_min {
                chosen.next();
                self.give(number, gpr_bit(gpr));
            }
            Some(())
        };
        if survey.calls == 0 {
            for (gpr, uses_min) in lost.chain(kept) {
                choose(gpr, uses_min);
            }
        } else {
            for (gpr, uses_min) in kept.chain(lost) {
                choose(gpr, uses_min);
            }
        }
        for (nth, &(uses, number)) in xmms.iter().enumerate() {
            if uses > call_cost {
                self.give(number, xmm_bit(Xmm::new(14 - nth as u8)));
            }
        }
    }

    fn give(&mut self, number: u32, bit: RegSet) {
        self.table[number as usize].home = bit;
        self.homes |= bit;
        self.by_home[bit.trailing_zeros() as usize] = number;
    }

    /// A local.
    #[inline]
    pub(crate) fn get(&self, local: u32) -> Local {
        match self.table.get(local as usize) {
            Some(local) => *local,
            None => self.get_far(local),
        }
    }

    #[cold]
    fn get_far(&self, local: u32) -> Local {
        let after = self.runs.partition_point(|&(first, ..)| first <= local);
        let (first, kind, start) = self.runs[after - 1];
        Local {
            kind,
            home: 0,
            end: start + (local - first + 1) * kind.slot_bytes(),
            alias: NO_ALIAS,
        }
    }

    /// Whether operands may be the value of this local without being copied.
    #[inline]
    pub(crate) fn may_alias(&self, local: u32) -> bool {
        (local as usize) < self.table.len()
    }

    /// Where the chain of operands that are the value of this local starts; only if [`Locals::may_alias`].
    #[inline]
    pub(crate) fn alias_mut(&mut self, local: u32) -> &mut u32 {
        &mut self.table[local as usize].alias
    }

    /// The local that lives in this register.
    pub(crate) fn at_home(&self, bit: RegSet) -> Local {
        self.table[self.by_home[bit.trailing_zeros() as usize] as usize]
    }

    /// Calls a function with all locals that a collector must know.
    pub(crate) fn each_ref(&self, mut each: impl FnMut(u32)) {
        let refs = self.table.iter().filter(|local| local.kind == Kind::Ref);
        refs.for_each(|local| each(local.end));
        let ends = self.runs[..].iter().skip(1).map(|&(.., start)| start);
        for (&(_, kind, start), end) in self.runs.iter().zip(ends.chain([self.bytes])) {
            if kind == Kind::Ref {
                for end in (start..end).step_by(8) {
                    each(end + 8);
                }
            }
        }
    }
}

/// Puts a local among the most used ones, which are sorted.
#[inline]
fn insert(most: &mut [(u32, u32)], uses: u32, number: u32) {
    let Some((last, _)) = most.last() else { return };
    if uses <= *last {
        return;
    }
    let at = most.partition_point(|&(other, _)| other >= uses);
    most[at..].rotate_right(1);
    most[at] = (uses, number);
}
