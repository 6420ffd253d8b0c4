//! Code of functions within others: how a place in it is told as the frames that there would be without inlining.
//!
//! Apart from the tables of code because compilers number places so, and whoever shows frames reads them so. A place is a
//! number: offsets in the module's bytes for the operators of the function itself, and beyond these, for each call that was
//! replaced by the body of its callee, as many numbers as that body has bytes.
//!
//! ```text
//! function 3: bytes 40..50          places 40..50     its own operators
//!   at 44: call 7, bytes 90..98     places 50..58     Inlined { first: 50, start: 90, func: 7, call: 44 }
//!     at 93: call 7 again           places 58..66     Inlined { first: 58, start: 90, func: 7, call: 53 }
//! ```

use module::FuncIdx;

/// No place: the function that would be called from there is not called from anywhere in this one.
pub const NO_PLACE: u32 = u32::MAX;

/// A call that was replaced by the body of its callee.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inlined {
    /// The first of its places; they end where those of the next one start.
    pub first: u32,
    /// Which offset in the module's bytes that place stands for.
    pub start: u32,
    /// The callee.
    pub func: FuncIdx,
    /// The place of the call, below `first`; [`NO_PLACE`] if it was a tail call of the outermost function, whose frame is gone.
    pub call: u32,
}

/// The frames that a place in the code of `outer` stands for, innermost first: functions, and the offsets in the module's
/// bytes of the operators that they are at, if known.
///
/// `inlined` are the replaced calls of the function, sorted by `first`.
pub fn frames(
    inlined: &[Inlined],
    outer: FuncIdx,
    place: Option<u32>,
) -> impl Iterator<Item = (FuncIdx, Option<u32>)> {
    let mut next = Some(place);
    std::iter::from_fn(move || {
        let place = next.take()?;
        let Some(place) = place else {
            return Some((outer, None));
        };
        let after = inlined.partition_point(|call| call.first <= place);
        let Some(call) = after.checked_sub(1).map(|at| inlined[at]) else {
            return Some((outer, Some(place)));
        };
        // Tables come from files too: each step must go down, or it would not end.
        if call.call < call.first {
            next = Some(Some(call.call));
        }
        let offset = call.start.wrapping_add(place - call.first);
        Some((call.func, Some(offset)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_as_the_frames_without_inlining() {
        let call = |first, start, func, call| Inlined {
            first,
            start,
            func: FuncIdx(func),
            call,
        };
        let inlined = [
            call(50, 90, 7, 44),
            call(58, 90, 7, 53),
            call(66, 10, 1, NO_PLACE),
        ];
        let told = |place| -> Vec<_> {
            frames(&inlined, FuncIdx(3), place)
                .map(|(func, offset)| (func.0, offset))
                .collect()
        };
        assert_eq!(told(None), [(3, None)]);
        assert_eq!(told(Some(42)), [(3, Some(42))]);
        assert_eq!(told(Some(51)), [(7, Some(91)), (3, Some(44))]);
        assert_eq!(
            told(Some(60)),
            [(7, Some(92)), (7, Some(93)), (3, Some(44))]
        );
        assert_eq!(told(Some(67)), [(1, Some(11))]);
    }
}
