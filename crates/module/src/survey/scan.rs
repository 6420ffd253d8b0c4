//! Where operators end, as quickly as that can be found.
//!
//! Apart from the parser because nothing is checked here, and most immediates are passed over: a whole parse takes several times as
//! long. A test compares where the parser says that operators end.

/// Goes over the bytes of operators.
///
/// Nothing says that they are valid. Whatever has no meaning, or one that no tier knows, gives `None`.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The bytes that operators start with, as far as a survey names them.
pub(super) mod opcode {
    pub(in crate::survey) const BLOCK: u8 = 0x02;
    pub(in crate::survey) const LOOP: u8 = 0x03;
    pub(in crate::survey) const IF: u8 = 0x04;
    pub(in crate::survey) const LEGACY_TRY: u8 = 0x06;
    pub(in crate::survey) const END: u8 = 0x0b;
    pub(in crate::survey) const CALL: u8 = 0x10;
    pub(in crate::survey) const CALL_INDIRECT: u8 = 0x11;
    pub(in crate::survey) const CALL_REF: u8 = 0x14;
    pub(in crate::survey) const LEGACY_DELEGATE: u8 = 0x18;
    pub(in crate::survey) const TRY_TABLE: u8 = 0x1f;
    pub(in crate::survey) const LOCAL_GET: u8 = 0x20;
    pub(in crate::survey) const LOCAL_TEE: u8 = 0x22;
    pub(in crate::survey) const LOAD_FIRST: u8 = 0x28;
    pub(in crate::survey) const STORE_LAST: u8 = 0x3e;
    pub(in crate::survey) const MEMORY_GROW: u8 = 0x40;
    /// Of operators whose number follows: that of bulk operations, that of vectors.
    pub(in crate::survey) const BULK: u8 = 0xfc;
    pub(in crate::survey) const VECTOR: u8 = 0xfd;
    pub(in crate::survey) const ATOMIC: u8 = 0xfe;

    pub(in crate::survey) const BULK_MEMORY_COPY: u32 = 10;
    pub(in crate::survey) const BULK_MEMORY_FILL: u32 = 11;
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Scanner<'a> {
        Scanner { bytes, at: 0 }
    }

    /// Whether no byte is left.
    #[inline]
    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Where the next byte is.
    #[cfg(test)]
    pub(super) fn position(&self) -> usize {
        self.at
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    #[inline]
    fn pass(&mut self, n: usize) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        self.at += n;
        (n <= rest.len()).then_some(())
    }

    /// A number without sign, of at most 32 bits.
    #[inline]
    pub(super) fn number(&mut self) -> Option<u32> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(first.into());
        }
        let mut number = u32::from(first & 0x7f);
        for shift in [7, 14, 21, 28] {
            let byte = self.byte()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// Passes over a number of any size.
    #[inline]
    fn pass_number(&mut self) -> Option<()> {
        while self.byte()? >= 0x80 {}
        Some(())
    }

    fn pass_numbers(&mut self, n: u32) -> Option<()> {
        for _ in 0..n {
            self.pass_number()?;
        }
        Some(())
    }

    /// Passes over the type of a value, of a block, or of references.
    #[inline]
    fn pass_type(&mut self) -> Option<()> {
        match self.byte()? {
            // References to a type that follows.
            0x63 | 0x64 => self.pass_type(),
            // Types of proposals that no tier runs.
            0x62 | 0x65 => None,
            0..0x80 => Some(()),
            _ => self.pass_number(),
        }
    }

    /// The memory of an access.
    #[inline]
    pub(super) fn access(&mut self) -> Option<u32> {
        const HAS_MEMORY: u32 = 1 << 6;
        let flags = self.number()?;
        let memory = if flags & HAS_MEMORY == 0 {
            0
        } else {
            self.number()?
        };
        self.pass_number()?;
        Some(memory)
    }

    /// Passes over the declarations of locals, which come before the operators.
    pub(super) fn pass_locals(&mut self) -> Option<()> {
        for _ in 0..self.number()? {
            self.pass_number()?;
            self.pass_type()?;
        }
        Some(())
    }

    /// Passes over what follows the first byte of an operator, which is no access of memory.
    pub(super) fn pass_immediates(&mut self, opcode: u8) -> Option<()> {
        match opcode {
            0x00 | 0x01 | 0x05 | 0x0a | 0x0b | 0x0f | 0x19..=0x1b => Some(()),
            0x45..=0xc4 | 0xd1 | 0xd3 | 0xd4 => Some(()),
            0x02..=0x04 | 0x06 | 0xd0 => self.pass_type(),
            0x07..=0x09 | 0x0c | 0x0d | 0x10 | 0x12 | 0x14 | 0x15 | 0x18 => self.pass_number(),
            0x20..=0x26 | 0x3f..=0x42 | 0xd2 | 0xd5 | 0xd6 => self.pass_number(),
            0x11 | 0x13 => self.pass_numbers(2),
            0x0e => {
                let n = self.number()?;
                self.pass_numbers(n)?;
                self.pass_number()
            }
            0x1c => {
                for _ in 0..self.number()? {
                    self.pass_type()?;
                }
                Some(())
            }
            0x1f => {
                self.pass_type()?;
                for _ in 0..self.number()? {
                    self.pass_catch()?;
                }
                Some(())
            }
            0x43 => self.pass(4),
            0x44 => self.pass(8),
            0xfb => self.pass_object(),
            _ => None,
        }
    }

    /// Passes over one catch of a block that catches.
    fn pass_catch(&mut self) -> Option<()> {
        match self.byte()? {
            0 | 1 => self.pass_numbers(2),
            2 | 3 => self.pass_number(),
            _ => None,
        }
    }

    /// Passes over an operator on objects.
    fn pass_object(&mut self) -> Option<()> {
        match self.number()? {
            15 | 26..=30 => Some(()),
            0 | 1 | 6 | 7 | 11..=14 | 16 => self.pass_number(),
            2..=5 | 8..=10 | 17..=19 => self.pass_numbers(2),
            20..=23 => self.pass_type(),
            24 | 25 => {
                self.byte()?;
                self.pass_number()?;
                self.pass_type()?;
                self.pass_type()
            }
            _ => None,
        }
    }

    /// Passes over what follows the number of a bulk operation.
    pub(super) fn pass_bulk(&mut self, number: u32) -> Option<()> {
        match number {
            // Conversions, and wide arithmetic.
            0..=7 | 19..=22 => Some(()),
            9 | 11 | 13 | 15..=17 => self.pass_number(),
            8 | 10 | 12 | 14 => self.pass_numbers(2),
            _ => None,
        }
    }

    /// Passes over what follows the number of an operator on vectors; gives the memory that it accesses, if it does.
    pub(super) fn pass_vector(&mut self, number: u32) -> Option<Option<u32>> {
        match number {
            0..=11 | 92 | 93 => return self.access().map(Some),
            84..=91 => {
                let memory = self.access()?;
                self.byte()?;
                return Some(Some(memory));
            }
            12 | 13 => self.pass(16)?,
            21..=34 => self.pass(1)?,
            14..=20 | 35..=83 | 94..=0x113 => {}
            _ => return None,
        }
        Some(None)
    }

    /// Passes over what follows the number of an atomic operator; gives the memory that it accesses, if it does.
    pub(super) fn pass_atomic(&mut self, number: u32) -> Option<Option<u32>> {
        match number {
            0..=2 | 0x10..=0x4e => self.access().map(Some),
            3 => self.pass(1).map(|()| None),
            _ => None,
        }
    }
}
