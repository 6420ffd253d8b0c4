//! Which loop of a running function is entered anew: the outermost of those that it goes through often.
//!
//! Apart from the queue because it looks at functions, and never waits. Code that is entered in an inner loop has no good form of the
//! loops around it: what they compute once comes from two places then.

use module::{FuncInput, Op, ReadScratch};
use std::collections::HashMap;

/// So many times it is seen where a function is before one of its loops is chosen.
const SEEN: u32 = 16;

/// How far apart these times are, in entries and rounds of loops.
const STEP: i32 = 100;

/// Where the functions of a module were seen.
#[derive(Default)]
pub(super) struct Loops {
    funcs: HashMap<u32, Seen>,
}

#[derive(Default)]
struct Seen {
    /// Loops, by the offsets of their operators in the module's bytes, and how often each was seen since the last choice.
    loops: Vec<(u32, u32)>,
    times: u32,
    chosen: Option<u32>,
}

impl Loops {
    /// Notes that a function is in the loop at this offset; gives the loop to enter, if one is chosen, and how often the function
    /// was seen. Some loops may not be chosen.
    ///
    /// The choice may change: the loop was left for good, or it is around others and never comes to its next round.
    pub(super) fn see(
        &mut self,
        func: u32,
        at: u32,
        may_be: impl Fn(u32) -> bool,
        body: impl FnOnce() -> FuncInput,
    ) -> (Option<u32>, u32) {
        let seen = self.funcs.entry(func).or_default();
        match seen.loops.iter_mut().find(|(known, _)| *known == at) {
            Some((_, times)) => *times += 1,
            None => seen.loops.push((at, 1)),
        }
        seen.times = seen.times.wrapping_add(1);
        if seen.times.is_multiple_of(SEEN) {
            let most = seen.loops.iter().max_by_key(|(_, times)| *times);
            let most = most.map_or(at, |(most, _)| *most);
            seen.loops.retain(|(at, _)| may_be(*at));
            seen.chosen = Some(outermost(&seen.loops, most, body));
            seen.loops.clear();
        }
        (seen.chosen, seen.times)
    }
}

/// What a function may do until it is looked at again, while it is being found out where it is. The steps differ, or they would end at
/// the same place of a round again and again.
pub(super) fn step(nth: u32) -> i32 {
    STEP + (nth.wrapping_mul(13) % 64) as i32
}

/// The same for when there is time.
pub(super) fn long_step(most: i32, nth: u32) -> i32 {
    most.saturating_sub(step(nth) - STEP)
}

/// The outermost of the loops seen that are around one, or else that.
fn outermost(seen: &[(u32, u32)], most: u32, body: impl FnOnce() -> FuncInput) -> u32 {
    if seen.iter().all(|(at, _)| *at == most) {
        return most;
    }
    let around = around(body(), most);
    let is_seen = |at: &u32| seen.iter().any(|(known, _)| known == at);
    around.into_iter().find(is_seen).unwrap_or(most)
}

/// The loops around the loop at this offset, the outermost first, and itself.
fn around(body: FuncInput, at: u32) -> Vec<u32> {
    let mut scratch = ReadScratch::default();
    let mut open = Vec::new();
    let Ok(mut reader) = body.read(&mut scratch) else {
        return Vec::new();
    };
    while let Ok(Some((offset, op))) = reader.next() {
        match op {
            Op::Loop(_) => open.push(Some(offset)),
            Op::Block(_) | Op::If(_) | Op::TryTable { .. } => open.push(None),
            Op::End => drop(open.pop()),
            _ => {}
        }
        if offset >= at {
            break;
        }
    }
    open.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use module::Features;

    /// Chooses among loops, given by their order in the text, of which each was seen so many times, and one may not be chosen.
    fn choice(text: &str, times: &[u32], refused: usize) -> usize {
        let wasm = text::wat_to_wasm(text, None).unwrap();
        let mut bodies = Vec::new();
        module::decode(wasm, &Features::default(), &mut |_, body| bodies.push(body)).unwrap();
        let body = || bodies[0].clone();
        let mut scratch = ReadScratch::default();
        let mut reader = body().read(&mut scratch).unwrap();
        let mut loops = Vec::new();
        while let Some((offset, op)) = reader.next().unwrap() {
            if matches!(op, Op::Loop(_)) {
                loops.push(offset);
            }
        }
        let mut seen = Loops::default();
        let mut chosen = None;
        for (at, times) in loops.iter().zip(times) {
            for _ in 0..*times {
                assert_eq!(chosen, None);
                let may_be = |at| loops.get(refused) != Some(&at);
                (chosen, _) = seen.see(0, *at, may_be, body);
            }
        }
        let chosen = chosen.expect("it was seen often enough");
        loops.iter().position(|at| *at == chosen).unwrap()
    }

    #[test]
    fn the_outermost_loop_that_is_seen_is_chosen() {
        let text = "(module (func
            (loop (loop nop))
            (block (loop (if (i32.const 1) (then (loop (loop nop))))))))";
        for (times, refused, chosen) in [
            ([0, 0, 0, 0, 16], 9, 4),
            ([0, 0, 0, 2, 14], 9, 3),
            ([0, 0, 1, 0, 15], 9, 2),
            ([2, 1, 1, 4, 8], 9, 2),
            ([2, 1, 1, 4, 8], 2, 3),
            ([1, 9, 1, 0, 5], 9, 0),
            ([1, 9, 1, 0, 5], 0, 1),
        ] {
            assert_eq!(choice(text, &times, refused), chosen, "{times:?}");
        }
    }
}
