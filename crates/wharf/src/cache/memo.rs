//! What is remembered of a file that holds a module: that what is kept of it is what it holds, without reading either.
//!
//! Apart from what is kept because the file is the user's: it may be replaced or written to at any time, and is known again by the
//! times that its file system gives it. These can tell every change that happens later than they can tell apart, so nothing is
//! remembered of a file that was changed just now. The same holds for our own files: a checksum is computed once, and again when the
//! file has other times, or the system was started anew, as a crash may lose parts of what was written before.
//!
//! ```text
//! magic (8)  checksum of all after it (32)  start of the system (32)  key (32)
//! u64 each, seven a file: the module's, its copy, its code
//! ```

use super::entry::{CHECKED_FROM, Key, is_whole};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MAGIC: &[u8; 8] = b"\x7fwharfF\x01";

/// File systems tell times apart to this at worst.
const TIMES_TELL: Duration = Duration::from_secs(2);

/// Numbers of a stamp.
const NUMBERS: usize = 7;

/// Size of a memo.
const BYTES: usize = CHECKED_FROM + 32 + 32 + 3 * 8 * NUMBERS;

/// What tells a file and its content from all others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Stamp {
    device: u64,
    number: u64,
    bytes: u64,
    /// Seconds and nanoseconds, each as two's complement.
    modified: [u64; 2],
    changed: [u64; 2],
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            device: metadata.dev(),
            number: metadata.ino(),
            bytes: metadata.size(),
            modified: [metadata.mtime() as u64, metadata.mtime_nsec() as u64],
            changed: [metadata.ctime() as u64, metadata.ctime_nsec() as u64],
        }
    }

    /// Size of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether a later change would show in the times. Not if they are those of a clock that was ahead.
    pub(super) fn is_settled(&self) -> bool {
        let time = |[seconds, nanoseconds]: [u64; 2]| {
            Some(Duration::new(seconds, u32::try_from(nanoseconds).ok()?))
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let is_past = |stamped| {
            let age = now?.checked_sub(time(stamped)?)?;
            Some(age >= TIMES_TELL)
        };
        is_past(self.modified) == Some(true) && is_past(self.changed) == Some(true)
    }

    /// What the memo of the file is called, whatever it holds.
    pub(super) fn name(&self, settings: &blake3::Hash) -> Key {
        let mut hasher = blake3::Hasher::new();
        hasher.update(settings.as_bytes());
        hasher.update(&self.device.to_le_bytes());
        hasher.update(&self.number.to_le_bytes());
        *hasher.finalize().as_bytes()
    }

    fn numbers(&self) -> [u64; NUMBERS] {
        let [modified, modified_ns] = self.modified;
        let [changed, changed_ns] = self.changed;
        [
            self.device,
            self.number,
            self.bytes,
            modified,
            modified_ns,
            changed,
            changed_ns,
        ]
    }
}

/// That a file holds the module of a key, and which of our files for it were found whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Memo {
    pub(super) key: Key,
    pub(super) file: Stamp,
    pub(super) copy: Stamp,
    /// No file's if that is not known.
    pub(super) code: Stamp,
}

impl Memo {
    /// What was remembered since this start of the system.
    pub(super) fn parse(bytes: &[u8], start: &[u8; 32]) -> Option<Memo> {
        if bytes.len() != BYTES || !bytes.starts_with(MAGIC) || !is_whole(bytes) {
            return None;
        }
        let (found, rest) = bytes[CHECKED_FROM..].split_first_chunk::<32>()?;
        let (key, rest) = rest.split_first_chunk::<32>()?;
        let mut numbers = rest.chunks_exact(8);
        let mut next = || Some(u64::from_le_bytes(numbers.next()?.try_into().ok()?));
        let mut stamp = || {
            Some(Stamp {
                device: next()?,
                number: next()?,
                bytes: next()?,
                modified: [next()?, next()?],
                changed: [next()?, next()?],
            })
        };
        let memo = Memo {
            key: *key,
            file: stamp()?,
            copy: stamp()?,
            code: stamp()?,
        };
        (found == start).then_some(memo)
    }

    pub(super) fn bytes(&self, start: &[u8; 32]) -> Vec<u8> {
        let mut out = Vec::with_capacity(BYTES);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[0; blake3::OUT_LEN]);
        out.extend_from_slice(start);
        out.extend_from_slice(&self.key);
        for stamp in [&self.file, &self.copy, &self.code] {
            for number in stamp.numbers() {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        let checksum = blake3::hash(&out[CHECKED_FROM..]);
        out[8..CHECKED_FROM].copy_from_slice(checksum.as_bytes());
        out
    }
}

/// What tells this start of the system from others; `None` if it does not say.
pub(super) fn start_of_system() -> Option<[u8; 32]> {
    let id = std::fs::read("/proc/sys/kernel/random/boot_id").ok()?;
    Some(*blake3::hash(&id).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(seconds: u64) -> Stamp {
        Stamp {
            device: 1,
            number: 2,
            bytes: 3,
            modified: [seconds, 999_999_999],
            changed: [seconds, 5],
        }
    }

    #[test]
    fn files_that_were_changed_just_now_or_later_are_not_settled() {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        for (seconds, settled) in [(now - 5, true), (now, false), (now + 100, false)] {
            assert_eq!(stamp(seconds).is_settled(), settled, "{seconds} at {now}");
        }
        // Before 1970.
        assert!(!stamp(u64::MAX - 10).is_settled());
        let mut odd = stamp(7);
        odd.changed[1] = u64::MAX;
        assert!(!odd.is_settled());
    }

    #[test]
    fn memos_are_read_as_written_and_only_since_the_same_start() {
        let memo = Memo {
            key: [7; 32],
            file: stamp(10),
            copy: stamp(11),
            code: Stamp::default(),
        };
        let bytes = memo.bytes(&[1; 32]);
        assert_eq!(Memo::parse(&bytes, &[1; 32]), Some(memo));
        assert_eq!(Memo::parse(&bytes, &[2; 32]), None);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(Memo::parse(&other, &[1; 32]), None, "{at}");
            assert_eq!(Memo::parse(&bytes[..at], &[1; 32]), None, "{at}");
        }
    }
}
