//! Places: the numbers by which instructions say which operator they stand for, also those of functions that were inlined.
//!
//! Apart from the function because passes only carry these numbers along. A place is an offset in the module's bytes, if the
//! operator is the function's own; each call that was replaced by the body of its callee has a range of numbers behind these.

use crate::{Func, NO_OFFSET};
use module::FuncIdx;

/// A call that was replaced by the body of its callee.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inlined {
    /// The first of its places; they end where those of the next one start.
    pub first: u32,
    /// Which offset in the module's bytes that place stands for.
    pub start: u32,
    /// The callee.
    pub func: FuncIdx,
    /// The place of the call; [`NO_OFFSET`] if it was a tail call of the outermost function, whose frame is gone.
    pub call: u32,
}

/// The places of a function.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Places {
    /// The first offset of its own body.
    pub(crate) start: u32,
    /// The first number that is no place yet.
    pub(crate) end: u32,
    /// Sorted by first place.
    pub(crate) inlined: Vec<Inlined>,
}

impl Places {
    pub(crate) fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
        self.inlined.clear();
    }

    /// Whether there are numbers for the places of a body.
    pub(crate) fn have_room_for(&self, body: &Places) -> bool {
        let end = self.end.checked_add(body.end - body.start);
        end.is_some_and(|end| end < NO_OFFSET)
    }

    /// Adds the places of the body of `func`, called from `call`, and gives what must be added to each to get its new number,
    /// with wrapping.
    pub(crate) fn add(&mut self, body: &Places, func: FuncIdx, call: u32) -> u32 {
        let delta = self.end.wrapping_sub(body.start);
        self.inlined.push(Inlined {
            first: self.end,
            start: body.start,
            func,
            call,
        });
        let inner = body.inlined.iter().map(|inner| Inlined {
            first: inner.first.wrapping_add(delta),
            call: match inner.call {
                NO_OFFSET => call,
                place => place.wrapping_add(delta),
            },
            ..*inner
        });
        self.inlined.extend(inner);
        self.end += body.end - body.start;
        delta
    }
}

impl Func {
    /// The calls that were replaced by the bodies of their callees, sorted by first place.
    pub fn inlined(&self) -> &[Inlined] {
        &self.places.inlined
    }

    /// The offset in the module's bytes of the operator at a place, whichever function it is in.
    pub fn operator_at(&self, place: u32) -> u32 {
        let inlined = &self.places.inlined;
        let after = inlined.partition_point(|call| call.first <= place);
        match after.checked_sub(1) {
            Some(at) if place != NO_OFFSET => inlined[at].start + (place - inlined[at].first),
            _ => place,
        }
    }
}
