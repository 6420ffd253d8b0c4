//! Loads, stores, and everything else about memories.
//!
//! Apart because of bounds. A 32-bit memory lies in an address space of 4 GiB and a guard, so that a wild access faults by
//! itself, as long as its static offset does not jump over the guard:
//!
//! ```text
//! base                    size                       4 GiB                     + MEMORY_GUARD_BYTES
//!   | the memory's bytes    | inaccessible: a fault     | inaccessible, reached by offset + bytes |
//! ```
//! Other accesses are checked against the memory's size at that moment. A memory with pages of 64 KiB has the guard behind its
//! last page, so that only its address needs the check, not all bytes from there on.

use super::{KnownAddress, Lower};
use crate::code::trap_code;
use crate::signature::{POINTER, VECTOR};
use abi::{Builtin, MEMORY_GUARD_BYTES, MemoryDefLayout};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlags, Opcode, Type, Value, types};
use ir::{Inst, InstId};
use module::MemoryIdx;
use ops::{Load, LoadLane, Store, StoreLane, Trap};

/// Where an access goes: `[base + offset]`.
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub(super) base: Value,
    pub(super) offset: i32,
    pub(super) flags: MemFlags,
}

impl Lower<'_> {
    pub(super) fn memory(&mut self, id: InstId, inst: &Inst) {
        match *inst {
            Inst::Load {
                op,
                memory,
                offset,
                addr,
            } => {
                let at = self.address_of(id, memory, (offset, op.bytes()), addr);
                let value = self.load(op, at);
                self.set(id, value);
            }
            Inst::Store {
                op,
                memory,
                offset,
                addr,
                value,
            } => {
                let at = self.address_of(id, memory, (offset, op.bytes()), addr);
                self.store(op, at, value);
            }
            Inst::LoadLane {
                op,
                lane,
                memory,
                offset,
                addr,
                vector,
            } => {
                let at = self.address(memory, offset, op.bytes(), addr);
                let lanes = match op {
                    LoadLane::V128Load8Lane => types::I8X16,
                    LoadLane::V128Load16Lane => types::I16X8,
                    LoadLane::V128Load32Lane => types::I32X4,
                    LoadLane::V128Load64Lane => types::I64X2,
                };
                let value = self.load_op(Opcode::Load, lanes.lane_type(), at);
                let vector = self.lanes(vector, lanes);
                let value = self.pos.ins().insertlane(vector, value, lane);
                self.set(id, value);
            }
            Inst::StoreLane {
                op,
                lane,
                memory,
                offset,
                addr,
                vector,
            } => {
                let at = self.address(memory, offset, op.bytes(), addr);
                let lanes = match op {
                    StoreLane::V128Store8Lane => types::I8X16,
                    StoreLane::V128Store16Lane => types::I16X8,
                    StoreLane::V128Store32Lane => types::I32X4,
                    StoreLane::V128Store64Lane => types::I64X2,
                };
                let vector = self.lanes(vector, lanes);
                let value = self.pos.ins().extractlane(vector, lane);
                self.store_op(Opcode::Store, at, value);
            }
            Inst::MemorySize { memory } => self.memory_size(id, memory),
            Inst::MemoryGrow { memory, delta } => {
                let number = self.iconst(types::I32, memory.0.into());
                let delta = self.extended(delta);
                let pages = self.builtin(Builtin::memory_grow, &[number, delta]);
                self.set_index(id, pages);
            }
            Inst::MemoryFill { memory, args } => self.memory_fill(id, memory, args),
            Inst::MemoryCopy { dst, src, args } => self.memory_copy(id, (dst, src), args),
            Inst::MemoryInit {
                data,
                memory,
                args: [dst, src, bytes],
            } => {
                let number = self.iconst(types::I32, memory.0.into());
                let data = self.iconst(types::I32, data.0.into());
                let (dst, src, bytes) = (self.extended(dst), self.value(src), self.value(bytes));
                self.builtin(Builtin::memory_init, &[number, data, dst, src, bytes]);
            }
            Inst::DataDrop { data } => {
                let data = self.iconst(types::I32, data.0.into());
                self.builtin(Builtin::data_drop, &[data]);
            }
            _ => unreachable!("{inst:?} belongs to another group"),
        }
    }

    /// A 64-bit number of pages or elements, or -1, as the index type of the memory or table.
    pub(super) fn set_index(&mut self, id: InstId, value: Value) {
        let value = match self.func.ty(self.func.result(id)) {
            ir::Type::I32 => self.pos.ins().ireduce(types::I32, value),
            _ => value,
        };
        self.set(id, value);
    }

    fn memory_size(&mut self, id: InstId, memory: MemoryIdx) {
        let bytes = self.memory_bytes(memory);
        let log2 = self.env.header.memories()[memory.index()].page_size_log2;
        let pages = self.pos.ins().ushr_imm_u(bytes, i64::from(log2));
        self.set_index(id, pages);
    }

    pub(super) fn memory_bytes(&mut self, memory: MemoryIdx) -> Value {
        let definition = self.vmctx_const(POINTER, self.env.layout.memory_def(memory));
        let flags = self.flags.definition(self.pos.func);
        self.load_raw(types::I64, flags, definition, MemoryDefLayout::BYTES)
    }

    /// Whether the memory lies in a fixed place with a guard behind all that a 32-bit index reaches.
    pub(super) fn is_guarded(&self, memory: MemoryIdx) -> bool {
        abi::is_static(&self.env.header.memories()[memory.index()])
    }

    pub(super) fn memory_base(&mut self, memory: MemoryIdx) -> Value {
        if self.is_guarded(memory) {
            return self.vmctx_const(POINTER, self.env.layout.memory_base(memory));
        }
        let definition = self.vmctx_const(POINTER, self.env.layout.memory_def(memory));
        let flags = self.flags.definition(self.pos.func);
        self.load_raw(POINTER, flags, definition, MemoryDefLayout::BASE)
    }

    pub(super) fn memory_flags(&mut self, memory: MemoryIdx) -> MemFlags {
        let defined = memory
            .index()
            .checked_sub(self.env.header.n_imported_memories());
        self.flags.memory(self.pos.func, defined.map(|_| memory.0))
    }

    /// Where the access of an instruction goes, whose address may be wider than its memory's.
    fn address_of(
        &mut self,
        id: InstId,
        memory: MemoryIdx,
        (offset, bytes): (u64, usize),
        addr: ir::Value,
    ) -> Address {
        let is_wide = self.func.ty(addr) == ir::Type::I64
            && !self.env.header.memories()[memory.index()].memory64;
        if !is_wide {
            return self.address(memory, offset, bytes, addr);
        }
        let flags = self.memory_flags(memory);
        match i32::try_from(offset) {
            Ok(offset) if self.func.is_in_bounds(id) => {
                let base = self.inside(memory, addr);
                Address {
                    base,
                    offset,
                    flags,
                }
            }
            _ => self.checked_address(memory, offset, bytes, addr, flags),
        }
    }

    /// Where a 64-bit address leads that is known to be inside a memory. What it is a sum of is added to the base one after the other:
    /// base and first part stay the same in loops, and so become one.
    fn inside(&mut self, memory: MemoryIdx, addr: ir::Value) -> Value {
        let known = self.scratch.addresses[addr.index()];
        if known.run == self.run && known.memory == memory.0 {
            return known.value;
        }
        let base = self.memory_base(memory);
        let sum = match self.func.def_inst(addr) {
            Some(&Inst::Compute {
                op: ops::Compute::I64Add,
                args: [a, b, _],
            }) => {
                let (a, b) = (self.value(a), self.value(b));
                let base = self.pos.ins().iadd(base, a);
                self.pos.ins().iadd(base, b)
            }
            _ => {
                let addr = self.value(addr);
                self.pos.ins().iadd(base, addr)
            }
        };
        self.scratch.addresses[addr.index()] = KnownAddress {
            run: self.run,
            memory: memory.0,
            value: sum,
        };
        sum
    }

    /// Where an access of so many bytes at `addr + offset` goes; what is out of bounds traps here or when it is accessed.
    pub(super) fn address(
        &mut self,
        memory: MemoryIdx,
        offset: u64,
        bytes: usize,
        addr: ir::Value,
    ) -> Address {
        let flags = self.memory_flags(memory);
        if !self.is_guarded(memory) || offset + bytes as u64 > MEMORY_GUARD_BYTES {
            return self.checked_address(memory, offset, bytes, addr, flags);
        }
        let constant = self.func.const_bits(addr).map(|bits| bits as u64 + offset);
        if let Some(Ok(offset)) = constant.map(i32::try_from) {
            let base = self.memory_base(memory);
            return Address {
                base,
                offset,
                flags,
            };
        }
        let offset = offset as i32;
        let known = self.scratch.addresses[addr.index()];
        if known.run == self.run && known.memory == memory.0 {
            return Address {
                base: known.value,
                offset,
                flags,
            };
        }
        let base = self.memory_base(memory);
        let index = self.extended(addr);
        let base = self.pos.ins().iadd(base, index);
        let (run, memory) = (self.run, memory.0);
        self.scratch.addresses[addr.index()] = KnownAddress {
            run,
            memory,
            value: base,
        };
        Address {
            base,
            offset,
            flags,
        }
    }

    fn checked_address(
        &mut self,
        memory: MemoryIdx,
        offset: u64,
        bytes: usize,
        addr: ir::Value,
        flags: MemFlags,
    ) -> Address {
        let page_size_log2 = self.env.header.memories()[memory.index()].page_size_log2;
        let reach = offset.checked_add(bytes as u64);
        let index = self.extended(addr);
        let size = self.memory_bytes(memory);
        let is_near = reach.is_some_and(|reach| reach <= MEMORY_GUARD_BYTES);
        let is_outside = if is_near && page_size_log2 == 16 {
            self.pos.ins().icmp(IntCC::UnsignedGreaterThan, index, size)
        } else if let Some(reach) = reach {
            let reach = self.iconst(types::I64, reach as i64);
            let end = self.pos.ins().iadd(index, reach);
            let is_outside = self.pos.ins().icmp(IntCC::UnsignedGreaterThan, end, size);
            // A 32-bit index and offset cannot overflow; saying so would only cost the check.
            if self.func.ty(addr) == ir::Type::I32 && offset <= u64::from(u32::MAX) {
                is_outside
            } else {
                let overflows = self.pos.ins().icmp(IntCC::UnsignedLessThan, end, reach);
                self.pos.ins().bor(overflows, is_outside)
            }
        } else {
            // No address is that far out.
            self.iconst(types::I8, 1)
        };
        let trap = trap_code(Trap::MemoryOutOfBounds);
        self.pos.ins().trapnz(is_outside, trap);
        let base = self.memory_base(memory);
        let at = self.pos.ins().iadd(base, index);
        let (at, offset) = if is_near {
            (at, offset as i32)
        } else {
            (self.pos.ins().iadd_imm_s(at, offset as i64), 0)
        };
        // When the processor speculates beyond the check, it sees the memory's start.
        let base = self.pos.ins().select_spectre_guard(is_outside, base, at);
        Address {
            base,
            offset,
            flags,
        }
    }

    fn load(&mut self, op: Load, at: Address) -> Value {
        use Load::*;
        match op {
            I32Load => self.load_op(Opcode::Load, types::I32, at),
            I64Load => self.load_op(Opcode::Load, types::I64, at),
            F32Load => self.load_op(Opcode::Load, types::F32, at),
            F64Load => self.load_op(Opcode::Load, types::F64, at),
            I32Load8S => self.load_op(Opcode::Sload8, types::I32, at),
            I32Load8U => self.load_op(Opcode::Uload8, types::I32, at),
            I32Load16S => self.load_op(Opcode::Sload16, types::I32, at),
            I32Load16U => self.load_op(Opcode::Uload16, types::I32, at),
            I64Load8S => self.load_op(Opcode::Sload8, types::I64, at),
            I64Load8U => self.load_op(Opcode::Uload8, types::I64, at),
            I64Load16S => self.load_op(Opcode::Sload16, types::I64, at),
            I64Load16U => self.load_op(Opcode::Uload16, types::I64, at),
            I64Load32S => self.load_op(Opcode::Sload32, types::I64, at),
            I64Load32U => self.load_op(Opcode::Uload32, types::I64, at),
            V128Load => self.load_op(Opcode::Load, VECTOR, at),
            V128Load8x8S => self.load_op(Opcode::Sload8x8, types::I16X8, at),
            V128Load8x8U => self.load_op(Opcode::Uload8x8, types::I16X8, at),
            V128Load16x4S => self.load_op(Opcode::Sload16x4, types::I32X4, at),
            V128Load16x4U => self.load_op(Opcode::Uload16x4, types::I32X4, at),
            V128Load32x2S => self.load_op(Opcode::Sload32x2, types::I64X2, at),
            V128Load32x2U => self.load_op(Opcode::Uload32x2, types::I64X2, at),
            V128Load8Splat => self.load_splat(types::I8X16, at),
            V128Load16Splat => self.load_splat(types::I16X8, at),
            V128Load32Splat => self.load_splat(types::I32X4, at),
            V128Load64Splat => self.load_splat(types::I64X2, at),
            V128Load32Zero => self.load_zero(types::I32X4, at),
            V128Load64Zero => self.load_zero(types::I64X2, at),
        }
    }

    fn load_splat(&mut self, lanes: Type, at: Address) -> Value {
        let value = self.load_op(Opcode::Load, lanes.lane_type(), at);
        self.pos.ins().splat(lanes, value)
    }

    fn load_zero(&mut self, lanes: Type, at: Address) -> Value {
        let value = self.load_op(Opcode::Load, lanes.lane_type(), at);
        self.pos.ins().scalar_to_vector(lanes, value)
    }

    fn store(&mut self, op: Store, at: Address, value: ir::Value) {
        let opcode = match op {
            Store::I32Store8 | Store::I64Store8 => Opcode::Istore8,
            Store::I32Store16 | Store::I64Store16 => Opcode::Istore16,
            Store::I64Store32 => Opcode::Istore32,
            Store::I32Store
            | Store::I64Store
            | Store::F32Store
            | Store::F64Store
            | Store::V128Store => Opcode::Store,
        };
        // Memory does not care how the bytes of a vector are seen.
        let value = self.scratch.values[value.index()];
        self.store_op(opcode, at, value);
    }

    pub(super) fn load_op(&mut self, opcode: Opcode, ty: Type, at: Address) -> Value {
        // Cranelift types the widening loads of vectors by themselves.
        let control = match opcode {
            Opcode::Sload8x8
            | Opcode::Uload8x8
            | Opcode::Sload16x4
            | Opcode::Uload16x4
            | Opcode::Sload32x2
            | Opcode::Uload32x2 => POINTER,
            _ => ty,
        };
        let ins = self.pos.ins();
        let (inst, dfg) = ins.Load(opcode, control, at.flags, at.offset.into(), at.base);
        dfg.first_result(inst)
    }

    pub(super) fn store_op(&mut self, opcode: Opcode, at: Address, value: Value) {
        let ty = self.pos.func.dfg.value_type(value);
        self.pos
            .ins()
            .Store(opcode, ty, at.flags, at.offset.into(), value, at.base);
    }

    /// A load from a structure of the runtime.
    pub(super) fn load_raw(
        &mut self,
        ty: Type,
        flags: MemFlags,
        base: Value,
        offset: u32,
    ) -> Value {
        self.load_op(
            Opcode::Load,
            ty,
            Address {
                base,
                offset: field(offset),
                flags,
            },
        )
    }

    /// A store to a structure of the runtime.
    pub(super) fn store_raw(&mut self, flags: MemFlags, value: Value, base: Value, offset: u32) {
        self.store_op(
            Opcode::Store,
            Address {
                base,
                offset: field(offset),
                flags,
            },
            value,
        );
    }
}

/// Structures of the runtime are smaller than 2 GiB: validation limits how many things a module has.
fn field(offset: u32) -> i32 {
    i32::try_from(offset).expect("a field is near")
}
