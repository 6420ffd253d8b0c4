//! Labels, jumps, calls, returns.
//!
//! Apart because jumps forward are emitted before their target is known. A label that is not bound yet heads a chain of the
//! displacements that wait for it, kept in the very bytes that they will replace: no list, and bound in one walk.

use super::Assembler;
use super::encode::{GprMem, Imm, Opcode, Operation, Scheme};
use super::operand::{Cond, Gpr};
use crate::Buffer;

/// A place in the function, known or not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(u32);

/// A jump of two bytes over a few instructions, until [`Assembler::land`] says where it goes.
#[must_use = "a jump without a target jumps nowhere"]
#[derive(Debug)]
pub struct ShortJump {
    /// The offset of the displacement.
    at: usize,
}

/// What is known of a label.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Its offset.
    Bound(u32),
    /// The displacement of the last jump to it, which holds the place of the one before; [`END`] ends the chain.
    Awaited(u32),
}

/// The end of a chain.
const END: u32 = u32::MAX;

/// The labels of a function.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    places: Vec<Place>,
    /// Entries of jump tables: where, to which label, counted from which offset.
    entries: Vec<(u32, Label, u32)>,
}

impl Labels {
    pub(crate) fn clear(&mut self) {
        self.places.clear();
        self.entries.clear();
    }

    pub(crate) fn finish(&mut self, code: &mut Buffer) {
        for &(at, label, base) in &self.entries {
            let Place::Bound(target) = self.places[label.0 as usize] else {
                panic!("a jump table has a label that was never bound");
            };
            code.write32(at as usize, target.wrapping_sub(base));
        }
        self.entries.clear();
        for place in &self.places {
            assert!(
                matches!(place, Place::Bound(_) | Place::Awaited(END)),
                "a jump has a label that was never bound"
            );
        }
    }
}

impl Assembler {
    /// A label without a place.
    #[inline]
    pub fn label(&mut self) -> Label {
        let label = Label(self.labels.places.len() as u32);
        self.labels.places.push(Place::Awaited(END));
        label
    }

    /// A label at the next instruction.
    #[inline]
    pub fn label_here(&mut self) -> Label {
        let label = Label(self.labels.places.len() as u32);
        let here = Place::Bound(self.offset());
        self.labels.places.push(here);
        label
    }

    /// Puts the label at the next instruction.
    ///
    /// # Panics
    /// If the label has a place already.
    pub fn bind(&mut self, label: Label) {
        let here = self.offset();
        let place = &mut self.labels.places[label.0 as usize];
        let Place::Awaited(mut at) = *place else {
            panic!("a label is bound twice");
        };
        *place = Place::Bound(here);
        while at != END {
            let before = self.code.read32(at as usize);
            self.code.write32(at as usize, here.wrapping_sub(at + 4));
            at = before;
        }
    }

    /// Whether some instruction needs this label; only such a label must be bound.
    pub fn is_awaited(&self, label: Label) -> bool {
        matches!(self.labels.places[label.0 as usize], Place::Awaited(at) if at != END)
    }

    /// The label's offset, if it is bound.
    pub fn label_offset(&self, label: Label) -> Option<u32> {
        match self.labels.places[label.0 as usize] {
            Place::Bound(offset) => Some(offset),
            Place::Awaited(_) => None,
        }
    }

    /// `jmp label`: two bytes backwards and near, five otherwise.
    #[inline]
    pub fn jmp(&mut self, label: Label) {
        if !self.jump_short(0xEB, label) {
            self.code.put(0xE9, 1);
            self.displace(label);
        }
    }

    /// `jcc label`: two bytes backwards and near, six otherwise.
    #[inline]
    pub fn jcc(&mut self, cond: Cond, label: Label) {
        if !self.jump_short(0x70 | cond as u8, label) {
            self.code.put(0x800F | (cond as u64) << 8, 2);
            self.displace(label);
        }
    }

    /// `call label`, within the function.
    pub fn call_label(&mut self, label: Label) {
        self.code.put(0xE8, 1);
        self.displace(label);
    }

    /// `lea dst, [rip + label]`.
    pub fn lea_label(&mut self, dst: Gpr, label: Label) {
        let number = u64::from(dst.number());
        let rex = 0x48 | (number & 8) >> 1;
        self.code
            .put(rex | 0x8D << 8 | ((number & 7) << 3 | 5) << 16, 3);
        self.displace(label);
    }

    /// `jcc` forward over at most 127 bytes.
    pub fn jcc_short(&mut self, cond: Cond) -> ShortJump {
        self.code.put(0x70 | cond as u64, 2);
        ShortJump {
            at: self.code.len() - 1,
        }
    }

    /// `jmp` forward over at most 127 bytes.
    pub fn jmp_short(&mut self) -> ShortJump {
        self.code.put(0xEB, 2);
        ShortJump {
            at: self.code.len() - 1,
        }
    }

    /// Lets a short jump go to the next instruction.
    ///
    /// # Panics
    /// If that is more than 127 bytes away.
    pub fn land(&mut self, jump: ShortJump) {
        let distance = self.code.len() - (jump.at + 1);
        assert!(distance < 128, "a short jump over {distance} bytes");
        self.code.write8(jump.at, distance as u8);
    }

    /// The entry of a jump table: the distance from `base` to `label`, in four bytes.
    pub fn table_entry32(&mut self, label: Label, base: u32) {
        let at = self.offset();
        self.labels.entries.push((at, label, base));
        self.code.put(0, 4);
    }

    /// `call rel32` to elsewhere: returns the offset of the displacement, which a linker is to fill in.
    pub fn call_far(&mut self) -> u32 {
        self.code.put(0xE8, 5);
        self.offset() - 4
    }

    /// `jmp rel32` to elsewhere: returns the offset of the displacement, which a linker is to fill in.
    pub fn jmp_far(&mut self) -> u32 {
        self.code.put(0xE9, 5);
        self.offset() - 4
    }

    /// `call target`, where the target's address is in a register or in memory.
    pub fn call(&mut self, target: impl GprMem) {
        target.emit(self, group5(2));
    }

    /// `jmp target`, where the target's address is in a register or in memory.
    pub fn jmp_to(&mut self, target: impl GprMem) {
        target.emit(self, group5(4));
    }

    /// `ret`.
    pub fn ret(&mut self) {
        self.code.put(0xC3, 1);
    }

    /// `ret bytes`: returns and frees so many bytes of arguments.
    pub fn ret_pop(&mut self, bytes: u16) {
        self.code.put(0xC2 | u64::from(bytes) << 8, 3);
    }

    /// `ud2`: an illegal instruction.
    pub fn ud2(&mut self) {
        self.code.put(0x0B0F, 2);
    }

    /// `int3`: a break point.
    pub fn int3(&mut self) {
        self.code.put(0xCC, 1);
    }

    /// `bytes` of code that does nothing, in as few instructions as possible.
    pub fn nop(&mut self, mut bytes: u32) {
        // The forms that Intel's manual recommends, one for each length.
        const NOPS: [u64; 9] = [
            0,
            0x90,
            0x9066,
            0x00_1F0F,
            0x0040_1F0F,
            0x00_0044_1F0F,
            0x0000_441F_0F66,
            0x0000_0000_0080_1F0F,
            0x0000_0000_0084_1F0F,
        ];
        while bytes > 0 {
            let now = bytes.min(8);
            self.code.put(NOPS[now as usize], now as usize);
            bytes -= now;
        }
    }

    /// Fills up with instructions that do nothing to a multiple of `bytes`, a power of two.
    pub fn align(&mut self, bytes: u32) {
        let over = self.offset() & (bytes - 1);
        if over != 0 {
            self.nop(bytes - over);
        }
    }

    /// Replaces the four bytes at an offset.
    pub fn patch32(&mut self, at: u32, value: u32) {
        self.code.write32(at as usize, value);
    }

    /// Takes back all code from an offset on, in which there are no jumps to labels and no constants.
    pub fn truncate(&mut self, offset: u32) {
        self.code.truncate(offset as usize);
    }

    /// Emits a jump of two bytes if the label is bound and near.
    #[inline]
    fn jump_short(&mut self, opcode: u8, label: Label) -> bool {
        let Place::Bound(target) = self.labels.places[label.0 as usize] else {
            return false;
        };
        let distance = i64::from(target) - (i64::from(self.offset()) + 2);
        let Ok(near) = i8::try_from(distance) else {
            return false;
        };
        let near = u64::from(near.cast_unsigned());
        self.code.put(u64::from(opcode) | near << 8, 2);
        true
    }

    /// Emits a displacement of four bytes to a label.
    #[inline]
    fn displace(&mut self, label: Label) {
        let at = self.offset();
        let place = &mut self.labels.places[label.0 as usize];
        let bytes = match place {
            Place::Bound(target) => target.wrapping_sub(at + 4),
            Place::Awaited(last) => std::mem::replace(last, at),
        };
        self.code.put(bytes.into(), 4);
    }
}

/// The instructions behind `FF`, by their number in ModRM.
const fn group5(number: u8) -> Operation {
    Operation {
        opcode: Opcode::one(0xFF),
        scheme: Scheme::Legacy,
        reg: number,
        imm: Imm::NONE,
    }
}
