//! Where a guest's random bytes come from.
//!
//! Apart because a run that must be repeatable takes them from a seed, which no program can tell from the real ones.

use std::sync::{Arc, Mutex, PoisonError};

use crate::errno::Errno;

/// A source of random bytes.
#[derive(Debug, Clone)]
pub(crate) enum Randomness {
    /// The host's, fit for keys.
    Host,
    /// A sequence that the seed determines. Not fit for keys: whoever knows the seed knows it.
    Seeded(Arc<Mutex<Generator>>),
    /// None: asking fails.
    Absent,
}

impl Randomness {
    /// The sequence of a seed, which threads of a guest share.
    pub(crate) fn seeded(seed: u64) -> Randomness {
        Randomness::Seeded(Arc::new(Mutex::new(Generator::new(seed))))
    }

    /// Fills `buffer`.
    pub(crate) fn fill(&self, buffer: &mut [u8]) -> Result<(), Errno> {
        match self {
            Randomness::Host => getrandom::fill(buffer).map_err(|_| Errno::Io),
            Randomness::Seeded(generator) => {
                let mut generator = generator.lock().unwrap_or_else(PoisonError::into_inner);
                buffer.fill_with(|| generator.byte());
                Ok(())
            }
            Randomness::Absent => Err(Errno::Notsup),
        }
    }
}

/// SplitMix64, byte by byte: how a guest divides its requests does not change what it gets.
#[derive(Debug)]
pub(crate) struct Generator {
    state: u64,
    word: [u8; 8],
    used: usize,
}

impl Generator {
    fn new(seed: u64) -> Generator {
        Generator {
            state: seed,
            word: [0; 8],
            used: 8,
        }
    }

    fn byte(&mut self) -> u8 {
        if self.used == self.word.len() {
            self.word = self.next().to_le_bytes();
            self.used = 0;
        }
        self.used += 1;
        self.word[self.used - 1]
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::Randomness;

    fn bytes(seed: u64, parts: &[usize]) -> Vec<u8> {
        let source = Randomness::seeded(seed);
        let mut all = Vec::new();
        for &part in parts {
            let mut buffer = vec![0; part];
            source.fill(&mut buffer).unwrap();
            all.extend(buffer);
        }
        all
    }

    #[test]
    fn a_seed_determines_all_bytes() {
        assert_eq!(bytes(7, &[100]), bytes(7, &[1, 3, 8, 0, 88]));
        assert_ne!(bytes(7, &[100]), bytes(8, &[100]));
        // The first number that the published generator gives for seed 0.
        assert_eq!(bytes(0, &[8]), 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
    }

    #[test]
    fn bytes_are_spread() {
        let mut counts = [0u32; 256];
        bytes(1, &[256 * 200])
            .iter()
            .for_each(|&byte| counts[usize::from(byte)] += 1);
        assert!(
            counts.iter().all(|&count| (120..280).contains(&count)),
            "{counts:?}"
        );
    }
}
