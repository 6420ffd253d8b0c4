//! What a body does how often, as far as one look at its bytes tells: for a compiler that goes over the operators only once.
//!
//! Apart from reading because nothing is validated here: it is a guess about speed, made before the body is known to be valid, and
//! whatever the bytes are, it is only a guess that comes out.

mod scan;

#[cfg(test)]
mod tests;

use crate::FuncInput;
use scan::{Scanner, opcode};

/// How often a body uses what, each use counted eight times more for each loop around it.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Uses of each local, parameters included, up to the last one that is used or [`Survey::LOCALS_MAX`].
    pub locals: Vec<u32>,
    /// Calls, and other operators that a compiler may make calls of.
    pub calls: u32,
    /// Accesses of memory 0.
    pub memory: u32,
    /// Whether there is a block that catches exceptions.
    pub catches: bool,
    /// Whether there may be a `try` of the legacy encoding of exceptions.
    pub(crate) has_legacy: bool,
    /// The weight of a use here.
    weight: u32,
    /// The weights of uses behind the blocks that are open.
    blocks: Vec<u32>,
}

impl Survey {
    /// Uses of locals beyond this many are not counted.
    pub const LOCALS_MAX: usize = 4096;
    /// The weight of a use where no deeper loop counts any more.
    const WEIGHT_MAX: u32 = 1 << 15;

    /// Whether there may be a `try` of the legacy encoding of exceptions. The operators say what it does in the other one.
    pub fn has_legacy(&self) -> bool {
        self.has_legacy
    }

    /// Looks at a body. The memory of the survey before is used again.
    pub fn look_at(&mut self, body: &FuncInput) {
        self.look_at_bytes(body.bytes());
    }

    fn look_at_bytes(&mut self, bytes: &[u8]) {
        self.locals.clear();
        self.blocks.clear();
        self.blocks.push(1);
        (self.calls, self.memory, self.weight) = (0, 0, 1);
        (self.catches, self.has_legacy) = (false, false);
        if self.read(Scanner::new(bytes)).is_none() {
            // What cannot be read is found again, and reported, by whoever validates.
            self.has_legacy = true;
        }
    }

    fn read(&mut self, mut scanner: Scanner<'_>) -> Option<()> {
        scanner.pass_locals()?;
        while !scanner.is_at_end() {
            self.operator(&mut scanner)?;
        }
        Some(())
    }

    #[inline]
    fn operator(&mut self, scanner: &mut Scanner<'_>) -> Option<()> {
        match scanner.byte()? {
            opcode::LOCAL_GET..=opcode::LOCAL_TEE => {
                let local = scanner.number()?;
                self.local(local);
                Some(())
            }
            opcode::LOAD_FIRST..=opcode::STORE_LAST => {
                let memory = scanner.access()?;
                self.access(memory);
                Some(())
            }
            opcode::VECTOR => {
                let number = scanner.number()?;
                let memory = scanner.pass_vector(number)?;
                memory.into_iter().for_each(|memory| self.access(memory));
                Some(())
            }
            opcode::ATOMIC => {
                let number = scanner.number()?;
                let memory = scanner.pass_atomic(number)?;
                memory.into_iter().for_each(|memory| self.access(memory));
                Some(())
            }
            opcode::BULK => {
                let number = scanner.number()?;
                if let opcode::BULK_MEMORY_COPY | opcode::BULK_MEMORY_FILL = number {
                    self.call();
                }
                scanner.pass_bulk(number)
            }
            other => {
                self.other(other);
                scanner.pass_immediates(other)
            }
        }
    }

    /// Notes an operator that neither names locals nor accesses memory.
    #[inline]
    fn other(&mut self, opcode: u8) {
        match opcode {
            opcode::CALL | opcode::CALL_INDIRECT | opcode::CALL_REF | opcode::MEMORY_GROW => {
                self.call();
            }
            opcode::BLOCK | opcode::IF => self.blocks.push(self.weight),
            opcode::LOOP => {
                self.blocks.push(self.weight);
                self.weight = (self.weight << 3).min(Survey::WEIGHT_MAX);
            }
            opcode::TRY_TABLE => {
                self.catches = true;
                self.blocks.push(self.weight);
            }
            opcode::LEGACY_TRY => {
                (self.catches, self.has_legacy) = (true, true);
                self.blocks.push(self.weight);
            }
            opcode::END | opcode::LEGACY_DELEGATE => {
                if let Some(weight) = self.blocks.pop() {
                    self.weight = weight;
                }
            }
            _ => {}
        }
    }

    #[inline]
    fn local(&mut self, local: u32) {
        let local = local as usize;
        if local >= self.locals.len() {
            if local >= Survey::LOCALS_MAX {
                return;
            }
            self.locals.resize(local + 1, 0);
        }
        let uses = &mut self.locals[local];
        *uses = uses.saturating_add(self.weight);
    }

    fn call(&mut self) {
        self.calls = self.calls.saturating_add(self.weight);
    }

    #[inline]
    fn access(&mut self, memory: u32) {
        if memory == 0 {
            self.memory = self.memory.saturating_add(self.weight);
        }
    }
}
