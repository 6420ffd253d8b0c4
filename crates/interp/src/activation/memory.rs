//! Operators on linear memories.
//!
//! Apart because every one of them must find its bytes first: here is the only place where an address is checked.

use super::Activation;
use module::{DataIdx, MemArg, MemoryIdx};
use ops::{Atomic, Load, LoadLane, Store, StoreLane, Trap, V128};
use std::ops::Range;

impl Activation<'_> {
    /// The number of a memory in the store.
    #[inline]
    fn memory(&self, memory: MemoryIdx) -> u32 {
        match self.first_memory {
            Some(number) if memory.0 == 0 => number,
            _ => self.store.instance_memory(self.instance, memory),
        }
    }

    #[inline]
    fn is_memory64(&self, memory: MemoryIdx) -> bool {
        self.header.memories()[memory.index()].memory64
    }

    /// Takes an address off the stack and gives what it is with the immediate's offset: still to be checked.
    #[inline]
    fn pop_address(&mut self, arg: MemArg) -> Result<u64, Trap> {
        let address = self.pop_index(self.is_memory64(arg.memory));
        address
            .checked_add(arg.offset)
            .ok_or(Trap::MemoryOutOfBounds)
    }

    /// The `n_bytes` bytes of a memory at an address.
    #[inline]
    fn bytes(&self, memory: MemoryIdx, address: u64, n_bytes: usize) -> Result<&[u8], Trap> {
        let bytes = self.store.memory_bytes(self.memory(memory));
        let range = range(address, n_bytes).and_then(|range| bytes.get(range));
        range.ok_or(Trap::MemoryOutOfBounds)
    }

    /// A copy of bytes of a memory of which no slice can be had: they are out of bounds, or it is shared.
    #[cold]
    fn read_shared(
        &self,
        memory: MemoryIdx,
        address: u64,
        n_bytes: usize,
    ) -> Result<[u8; 16], Trap> {
        let mut bytes = [0; 16];
        self.store
            .read_memory(self.memory(memory), address, &mut bytes[..n_bytes])?;
        Ok(bytes)
    }

    /// Writes bytes to a memory of which no slice can be had.
    #[cold]
    fn write_shared(&mut self, memory: MemoryIdx, address: u64, bytes: &[u8]) -> Result<(), Trap> {
        self.store.write_memory(self.memory(memory), address, bytes)
    }

    /// The `n_bytes` bytes of a memory at an address, to be written.
    #[inline]
    fn bytes_mut(
        &mut self,
        memory: MemoryIdx,
        address: u64,
        n_bytes: usize,
    ) -> Result<&mut [u8], Trap> {
        let bytes = self.store.memory_bytes_mut(self.memory(memory));
        let range = range(address, n_bytes).and_then(|range| bytes.get_mut(range));
        range.ok_or(Trap::MemoryOutOfBounds)
    }

    #[inline]
    pub(super) fn load(&mut self, load: Load, arg: MemArg) -> Result<(), Trap> {
        let address = self.pop_address(arg)?;
        let value = match self.bytes(arg.memory, address, load.bytes()) {
            Ok(bytes) => load.eval_bits(bytes),
            Err(_) => {
                let bytes = self.read_shared(arg.memory, address, load.bytes())?;
                load.eval_bits(&bytes[..load.bytes()])
            }
        };
        self.push(value);
        Ok(())
    }

    #[inline]
    pub(super) fn store(&mut self, store: Store, arg: MemArg) -> Result<(), Trap> {
        let value = self.pop();
        let address = self.pop_address(arg)?;
        if let Ok(bytes) = self.bytes_mut(arg.memory, address, store.bytes()) {
            store.write_bits(value, bytes);
            return Ok(());
        }
        let mut bytes = [0; 16];
        store.write_bits(value, &mut bytes[..store.bytes()]);
        self.write_shared(arg.memory, address, &bytes[..store.bytes()])
    }

    pub(super) fn load_lane(&mut self, load: LoadLane, arg: MemArg, lane: u8) -> Result<(), Trap> {
        let vector = V128::from_u128(self.pop());
        let address = self.pop_address(arg)?;
        let vector = match self.bytes(arg.memory, address, load.bytes()) {
            Ok(bytes) => load.eval(bytes, lane, vector),
            Err(_) => {
                let bytes = self.read_shared(arg.memory, address, load.bytes())?;
                load.eval(&bytes[..load.bytes()], lane, vector)
            }
        };
        self.push(vector.to_u128());
        Ok(())
    }

    pub(super) fn store_lane(
        &mut self,
        store: StoreLane,
        arg: MemArg,
        lane: u8,
    ) -> Result<(), Trap> {
        let vector = V128::from_u128(self.pop());
        let address = self.pop_address(arg)?;
        let value = store.eval(lane, vector);
        let value = &value[..store.bytes()];
        match self.bytes_mut(arg.memory, address, store.bytes()) {
            Ok(bytes) => bytes.copy_from_slice(value),
            Err(_) => self.write_shared(arg.memory, address, value)?,
        }
        Ok(())
    }

    pub(super) fn atomic(&mut self, op: Atomic, arg: MemArg) -> Result<(), Trap> {
        let mut operands = [0; 2];
        for (operand, ty) in operands.iter_mut().zip(op.operands()).rev() {
            *operand = self.pop_index(*ty == ops::Type::I64);
        }
        let address = self.pop_index(self.is_memory64(arg.memory));
        // Alignment comes first, also where the sum has no 64 bits.
        let reached = address.wrapping_add(arg.offset);
        if !reached.is_multiple_of(op.bytes() as u64) {
            return Err(Trap::UnalignedAtomic);
        }
        if reached < address {
            return Err(Trap::MemoryOutOfBounds);
        }
        let address = reached;
        let memory = self.memory(arg.memory);
        let result = self.store.exec_atomic(op, memory, address, operands)?;
        if op.result().is_some() {
            self.push(result.into());
        }
        Ok(())
    }

    pub(super) fn memory_size(&mut self, memory: MemoryIdx) {
        let pages = self.store.exec_memory_size(self.memory(memory));
        self.push_size(Some(pages), self.is_memory64(memory));
    }

    pub(super) fn memory_grow(&mut self, memory: MemoryIdx) {
        let wide = self.is_memory64(memory);
        let delta = self.pop_index(wide);
        let pages = self.store.exec_memory_grow(self.memory(memory), delta);
        self.push_size(pages, wide);
    }

    pub(super) fn memory_fill(&mut self, memory: MemoryIdx) -> Result<(), Trap> {
        let wide = self.is_memory64(memory);
        let n_bytes = self.pop_index(wide);
        let value = self.pop() as u8;
        let dst = self.pop_index(wide);
        self.store
            .exec_memory_fill(self.memory(memory), dst, value, n_bytes)
    }

    pub(super) fn memory_copy(&mut self, dst: MemoryIdx, src: MemoryIdx) -> Result<(), Trap> {
        let (dst_wide, src_wide) = (self.is_memory64(dst), self.is_memory64(src));
        let n_bytes = self.pop_index(dst_wide && src_wide);
        let from = self.pop_index(src_wide);
        let to = self.pop_index(dst_wide);
        self.store
            .exec_memory_copy((self.memory(dst), to), (self.memory(src), from), n_bytes)
    }

    pub(super) fn memory_init(&mut self, data: DataIdx, memory: MemoryIdx) -> Result<(), Trap> {
        let n_bytes = self.pop_index(false);
        let src = self.pop_index(false);
        let dst = self.pop_index(self.is_memory64(memory));
        self.store
            .exec_memory_init(self.instance, memory, data, dst, src, n_bytes)
    }
}

/// `address..address + n_bytes`, if the host can count so far.
#[inline]
fn range(address: u64, n_bytes: usize) -> Option<Range<usize>> {
    let start = usize::try_from(address).ok()?;
    Some(start..start.checked_add(n_bytes)?)
}
