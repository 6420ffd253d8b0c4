//! The binary format, as far as a snapshot touches it: sections, integers, and how far an entry of a validated section reaches.
//!
//! Apart because all else here speaks of what is written, not how. Integers are written by [`module::encode`]. Reading is for modules that were validated; on other bytes it
//! gives `None` or wrong lengths, and never panics. Spec: binary format of the core specification.

use module::MemoryType;
pub use module::encode::{END, bytes as write_bytes, signed as write_i64, unsigned as write_u64};

/// Numbers of sections.
pub const TABLE: u8 = 4;
/// Memories.
pub const MEMORY: u8 = 5;
/// Globals.
pub const GLOBAL: u8 = 6;
/// Exports.
pub const EXPORT: u8 = 7;
/// The start function.
pub const START: u8 = 8;
/// Element segments.
pub const ELEM: u8 = 9;
/// Code.
pub const CODE: u8 = 10;
/// Data segments.
pub const DATA: u8 = 11;
/// How many data segments there are.
pub const DATA_COUNT: u8 = 12;
/// Custom sections.
pub const CUSTOM: u8 = 0;

/// The operator that makes a reference to a function.
pub const REF_FUNC: u8 = 0xd2;

/// Sections with their numbers, in order; `None` if these are not the bytes of a module.
pub fn sections(bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut reader = Reader(bytes.get(8..)?);
    let mut sections = Vec::new();
    while !reader.0.is_empty() {
        let id = reader.byte()?;
        let size = reader.u64()?;
        sections.push((id, reader.take(usize::try_from(size).ok()?)?));
    }
    Some(sections)
}

/// Bytes to be read from the front.
#[derive(Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, n_bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n_bytes)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    /// An unsigned integer of any size.
    pub fn u64(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
    }

    /// Passes over an integer of any size and sign.
    fn integer(&mut self) -> Option<()> {
        while self.byte()? & 0x80 != 0 {}
        Some(())
    }

    /// Passes over a value type.
    pub fn val_type(&mut self) -> Option<()> {
        // `ref` and `ref null` are followed by a heap type.
        match self.byte()? {
            0x63 | 0x64 => self.integer(),
            _ => Some(()),
        }
    }

    /// Passes over limits.
    pub fn limits(&mut self) -> Option<()> {
        let flags = self.byte()?;
        self.integer()?;
        match flags & 1 {
            0 => Some(()),
            _ => self.integer(),
        }
    }

    /// Passes over a constant expression, its end included.
    pub fn expr(&mut self) -> Option<()> {
        loop {
            match self.byte()? {
                END => return Some(()),
                // global.get, i32.const, i64.const, ref.null, ref.func
                0x23 | 0x41 | 0x42 | 0xd0 | REF_FUNC => self.integer()?,
                0x43 => _ = self.take(4)?,
                0x44 => _ = self.take(8)?,
                0xfd => {
                    self.integer()?;
                    self.take(16)?;
                }
                0xfb => match self.u64()? {
                    // struct.new, struct.new_default, array.new, array.new_default
                    0 | 1 | 6 | 7 => self.integer()?,
                    // array.new_fixed
                    8 => {
                        self.integer()?;
                        self.integer()?;
                    }
                    // Conversions have no immediates.
                    _ => {}
                },
                // Nor have additions, subtractions and multiplications.
                _ => {}
            }
        }
    }

    /// What was passed over since `start`, a copy from then.
    pub fn since(&self, start: Reader<'a>) -> &'a [u8] {
        &start.0[..start.0.len() - self.0.len()]
    }
}

/// Appends the expression of a place in a memory or table with 64-bit indices or others.
pub fn write_place(out: &mut Vec<u8>, place: u64, wide: bool) {
    if wide {
        out.push(0x42);
        write_i64(out, place as i64);
    } else {
        out.push(0x41);
        write_i64(out, i64::from(place as u32 as i32));
    }
    out.push(END);
}

/// Appends the type of a memory.
pub fn write_memory_type(out: &mut Vec<u8>, ty: &MemoryType) {
    let custom_pages = ty.page_size_log2 != 16;
    let flag = |on: bool, bit: u32| u8::from(on) << bit;
    out.push(
        flag(ty.maximum.is_some(), 0)
            | flag(ty.shared, 1)
            | flag(ty.memory64, 2)
            | flag(custom_pages, 3),
    );
    write_u64(out, ty.minimum);
    if let Some(maximum) = ty.maximum {
        write_u64(out, maximum);
    }
    if custom_pages {
        write_u64(out, u64::from(ty.page_size_log2));
    }
}

/// A section's contents: how many entries, and these.
pub fn vector(n_entries: usize, entries: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() + 5);
    write_u64(&mut out, n_entries as u64);
    out.extend_from_slice(entries);
    out
}
