//! Loops that only copy bytes, or only fill them, and the one operator that does all their rounds.
//!
//! Apart because what stands in front of such a loop is no loop: `memory.copy` or `memory.fill`, which for few bytes are a few
//! instructions, and for many as fast as the machine can do it.

use crate::dense::Ready;
use crate::emit::Emit;
use crate::streams::{Access, Streams};
use ir::{Func, Inst, Type, Value};
use ops::Compute;

/// What all rounds of a loop do together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bulk {
    /// The first byte that is stored in the first round.
    pub to: Access,
    pub from: Source,
}

/// What is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// What is loaded, from here on.
    Memory(Access),
    /// The low byte of this value.
    Byte(Value),
    /// This byte.
    Constant(u8),
}

impl Bulk {
    /// Fewer bytes than this are stored as fast by the loop.
    pub(crate) const BYTES_MIN: u64 = 16;

    /// Appends the operator, for so many bytes.
    pub(crate) fn emit(
        self,
        emit: &mut Emit<'_>,
        streams: &Streams,
        bytes: Value,
        ready: &Ready<'_>,
    ) {
        let offset = emit.func.offset(self.to.id);
        let memory = |access: Access| streams.groups[access.group].memory;
        let dst = start(emit, self.to, ready);
        let bytes = emit.compute(Compute::I32WrapI64, &[bytes]);
        let inst = match self.from {
            Source::Memory(access) => {
                let src = start(emit, access, ready);
                Inst::MemoryCopy {
                    dst: memory(self.to),
                    src: memory(access),
                    args: [dst, src, bytes],
                }
            }
            Source::Byte(value) => {
                let value = ready.now(value);
                let value = match emit.func.ty(value) {
                    Type::I64 => emit.compute(Compute::I32WrapI64, &[value]),
                    _ => value,
                };
                Inst::MemoryFill {
                    memory: memory(self.to),
                    args: [dst, value, bytes],
                }
            }
            Source::Constant(byte) => Inst::MemoryFill {
                memory: memory(self.to),
                args: [dst, emit.i32(byte.into()), bytes],
            },
        };
        emit.offset = offset;
        emit.in_bounds(inst, None);
    }
}

/// The address of an access in the first round, as an i32.
fn start(emit: &mut Emit<'_>, access: Access, ready: &Ready<'_>) -> Value {
    let more = emit.i64(access.at);
    let start = match access.at {
        0 => ready.starts[access.group],
        _ => emit.compute(Compute::I64Add, &[ready.starts[access.group], more]),
    };
    emit.compute(Compute::I32WrapI64, &[start])
}

/// The byte that all bytes of a constant are, if it is stored as so many bytes.
pub(crate) fn repeated_byte(func: &Func, value: Value, bytes: u64) -> Option<u8> {
    let bits = func.const_bits(value)?.to_le_bytes();
    let stored = &bits[..bytes as usize];
    let first = *stored.first()?;
    stored.iter().all(|&byte| byte == first).then_some(first)
}
