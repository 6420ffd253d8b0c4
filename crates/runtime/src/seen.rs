//! What guests of a module have been seen to do: how much each function did in its first code, and what call sites called.
//!
//! Apart from putting code in place because here is only read what code counted, while it goes on counting: all of it is advice.

use crate::{CodeLevel, LoadedModule};
use abi::{CallSiteLayout, CallTarget, Profile, Times};
use module::FuncIdx;
use std::mem::offset_of;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// The record of a call site.
#[repr(C)]
pub(crate) struct CallSite {
    pub(crate) target: AtomicU64,
    pub(crate) hits: AtomicI32,
    pub(crate) misses: AtomicI32,
}

const _: () = {
    assert!(offset_of!(CallSite, target) == CallSiteLayout::TARGET as usize);
    assert!(offset_of!(CallSite, hits) == CallSiteLayout::HITS as usize);
    assert!(offset_of!(CallSite, misses) == CallSiteLayout::MISSES as usize);
    assert!(size_of::<CallSite>() == CallSiteLayout::SIZE as usize);
};

impl LoadedModule {
    /// How much a function has done in first code, in what its counter counts.
    pub fn heat(&self, func: u32) -> u64 {
        let Some(tiered) = self.tiered() else {
            return 0;
        };
        let slot = &tiered.slots[func as usize];
        let times = u64::from(slot.used_up.load(Ordering::Relaxed));
        let left = slot
            .counter
            .load(Ordering::Relaxed)
            .clamp(0, tiered.counter);
        times * tiered.counter.max(1) as u64 + (tiered.counter - left) as u64
    }

    /// How often a function was entered or went round in loops: final code does not count.
    pub fn times(&self, func: u32) -> Times {
        Times {
            counted: self.heat(func),
            goes_on: self.code_level(func) == CodeLevel::Best,
        }
    }

    /// What a call site, given by the offset of its operator in the module's bytes, has called mostly.
    pub fn call_target(&self, site: u32) -> Option<CallTarget> {
        let tiered = self.tiered()?;
        let bodies = self.module().body_ranges();
        let func = bodies.partition_point(|body| body.start <= site);
        let func = func.checked_sub(1)? as u32;
        let placed = tiered.placed();
        let (first, offsets) = placed.sites.get(&func)?;
        let number = offsets.binary_search(&site).ok()?;
        let record = *first as usize + number;
        // The last record is that of many.
        if record + 1 >= tiered.sites.len() {
            return None;
        }
        let record = &tiered.sites[record];
        let hits = record.hits.load(Ordering::Relaxed);
        let misses = record.misses.load(Ordering::Relaxed);
        let target = record.target.load(Ordering::Relaxed);
        if hits <= 0 || misses < 0 {
            return None;
        }
        let func = self.layout().func_of_ref(target)?;
        let (hits, misses) = (f64::from(hits), f64::from(misses));
        // Each miss took a hit away.
        let share = (hits + misses) / (hits + 2.0 * misses);
        Some(CallTarget {
            func,
            share: share as f32,
        })
    }

    /// What has been seen of the module's guests so far, if functions get their code one by one: how much each function did, and
    /// what call sites have called mostly. The module's bytes have this hash.
    pub fn profile(&self, hash: [u8; 32]) -> Option<Profile> {
        let tiered = self.tiered()?;
        let placed = tiered.placed();
        let sites = placed.sites.values();
        let sites: Vec<u32> = sites
            .flat_map(|(_, offsets)| offsets.iter().copied())
            .collect();
        drop(placed);
        let first = self.module().header().n_imported_funcs() as u32;
        let funcs = 0..tiered.slots.len() as u32;
        let funcs = funcs.map(|func| (FuncIdx(first + func), self.times(func)));
        let calls = sites.into_iter();
        let calls = calls.filter_map(|site| Some((site, self.call_target(site)?)));
        Some(Profile::new(hash, funcs, calls))
    }
}
