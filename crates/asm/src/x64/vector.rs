//! Emitting rows of vector and floating-point instructions.
//!
//! Apart because what differs between legacy SSE and AVX is decided here, for all of them: with AVX the destination is one
//! more operand, and without it the first source is copied there before.

use super::Assembler;
use super::encode::{GprMem, Imm, Opcode, Operation, Scheme, XmmMem};
use super::operand::{Gpr, Mem, Size, Xmm};
use super::rows::{Round, VecOp, VecShift};

impl Assembler {
    /// `op dst, x, y`: an instruction with two sources.
    ///
    /// Without AVX, `y` in memory must be aligned to 16 bytes unless the instruction reads less, and `dst` must not be `y`
    /// unless it is `x` as well or the sources may change places.
    ///
    /// # Panics
    /// If `dst` is `y` where it must not be.
    #[inline]
    pub fn vec(&mut self, op: VecOp, dst: Xmm, x: Xmm, y: impl XmmMem) {
        self.three(op, dst, x, y, Imm::NONE);
    }

    /// `op dst, x, y, imm`: the same with an immediate.
    #[inline]
    pub fn vec_imm(&mut self, op: VecOp, dst: Xmm, x: Xmm, y: impl XmmMem, imm: u8) {
        self.three(op, dst, x, y, Imm::new8(imm));
    }

    /// `op dst, src`: an instruction with one source, such as `pabsb`, `sqrtps`, `movups`, `ucomisd`.
    #[inline]
    pub fn vec_unary(&mut self, op: VecOp, dst: Xmm, src: impl XmmMem) {
        let scheme = self.row_scheme(op, 0);
        src.emit(self, operation(op.opcode, scheme, dst.number(), Imm::NONE));
    }

    /// `op dst, src, imm`: the same with an immediate, such as `pshufd`.
    #[inline]
    pub fn vec_unary_imm(&mut self, op: VecOp, dst: Xmm, src: impl XmmMem, imm: u8) {
        let scheme = self.row_scheme(op, 0);
        let imm = Imm::new8(imm);
        src.emit(self, operation(op.opcode, scheme, dst.number(), imm));
    }

    /// A scalar instruction with one source (`sqrtss`, `cvtss2sd`), which keeps the upper part of `dst`.
    #[inline]
    pub fn scalar_unary(&mut self, op: VecOp, dst: Xmm, src: impl XmmMem) {
        let scheme = self.row_scheme(op, dst.number());
        src.emit(self, operation(op.opcode, scheme, dst.number(), Imm::NONE));
    }

    /// `roundss`, `roundsd`, keeping the upper part of `dst`.
    #[inline]
    pub fn scalar_round(&mut self, op: VecOp, dst: Xmm, src: impl XmmMem, round: Round) {
        let scheme = self.row_scheme(op, dst.number());
        let imm = Imm::new8(round as u8);
        src.emit(self, operation(op.opcode, scheme, dst.number(), imm));
    }

    /// `movaps dst, src`; nothing if they are the same.
    #[inline]
    pub fn vec_mov(&mut self, dst: Xmm, src: Xmm) {
        if dst != src {
            self.vec_unary(VecOp::MOVAPS, dst, src);
        }
    }

    /// `xorps dst, dst`: zero.
    #[inline]
    pub fn vec_zero(&mut self, dst: Xmm) {
        self.vec(VecOp::XORPS, dst, dst, dst);
    }

    /// `pcmpeqd dst, dst`: all bits set.
    #[inline]
    pub fn vec_ones(&mut self, dst: Xmm) {
        self.vec(VecOp::PCMPEQD, dst, dst, dst);
    }

    /// Stores 4, 8 (`movss`, `movsd`) or 16 bytes (`movups`, `movaps`, each its own row), or half a register (`movlps`,
    /// `movhps`).
    #[inline]
    pub fn vec_store(&mut self, op: VecOp, dst: Mem, src: Xmm) {
        // The store of each of these moves is its load with the lowest bit of the opcode set.
        let opcode = op.opcode.with_byte(op.opcode.byte() | 1);
        let scheme = self.row_scheme(op, 0);
        self.emit_mem(operation(opcode, scheme, src.number(), Imm::NONE), dst);
    }

    /// Loads half a register and keeps the other: `movlps`, `movhps dst, [src]`.
    #[inline]
    pub fn vec_load_half(&mut self, op: VecOp, dst: Xmm, src: Mem) {
        let scheme = self.row_scheme(op, dst.number());
        self.emit_mem(operation(op.opcode, scheme, dst.number(), Imm::NONE), src);
    }

    /// Shifts all lanes of `x`, or all its bytes, by a constant.
    #[inline]
    pub fn vec_shift(&mut self, shift: VecShift, dst: Xmm, x: Xmm, by: u8) {
        let opcode = Opcode::new(0x66, 1, shift.byte);
        let scheme = if self.features().avx {
            Scheme::Vex(dst.number())
        } else {
            self.vec_mov(dst, x);
            Scheme::Legacy
        };
        let rm = if self.features().avx { x } else { dst };
        self.emit_reg(
            operation(opcode, scheme, shift.number, Imm::new8(by)),
            rm.number(),
        );
    }

    /// A blend by the highest bits of a mask: lanes of `y` where they are set. Without AVX the mask must be in `xmm0`, which
    /// is then neither `dst` nor `y`.
    ///
    /// # Panics
    /// If without AVX the mask is elsewhere.
    pub fn vec_blend(&mut self, lanes: Size, dst: Xmm, x: Xmm, y: Xmm, mask: Xmm) {
        if self.features().avx {
            let byte = match lanes {
                Size::S32 => 0x4A,
                Size::S64 => 0x4B,
                Size::S8 | Size::S16 => 0x4C,
            };
            let opcode = Opcode::new(0x66, 3, byte);
            let scheme = Scheme::Vex(x.number());
            let imm = Imm::new8(mask.number() << 4);
            return self.emit_reg(operation(opcode, scheme, dst.number(), imm), y.number());
        }
        assert!(mask == Xmm::new(0), "the mask of a blend is elsewhere");
        assert!(dst != y || x == y, "a blend would overwrite its source");
        self.vec_mov(dst, x);
        let byte = match lanes {
            Size::S32 => 0x14,
            Size::S64 => 0x15,
            Size::S8 | Size::S16 => 0x10,
        };
        let opcode = Opcode::new(0x66, 2, byte);
        self.emit_reg(
            operation(opcode, Scheme::Legacy, dst.number(), Imm::NONE),
            y.number(),
        );
    }

    /// `cvtsi2ss`, `cvtsi2sd`: a signed integer of this size to a float, keeping the upper part of `dst`. Clear `dst` first
    /// where its old content may be late.
    #[inline]
    pub fn float_from_int(&mut self, op: VecOp, size: Size, dst: Xmm, src: impl GprMem) {
        let scheme = self.row_scheme(op, dst.number());
        let opcode = op.opcode.wide(size == Size::S64);
        src.emit(self, operation(opcode, scheme, dst.number(), Imm::NONE));
    }

    /// `cvttss2si`, `cvttsd2si`: a float to a signed integer of this size, towards zero. What does not fit becomes the
    /// smallest integer.
    #[inline]
    pub fn int_from_float(&mut self, op: VecOp, size: Size, dst: Gpr, src: impl XmmMem) {
        let scheme = self.row_scheme(op, 0);
        let opcode = op.opcode.wide(size == Size::S64);
        src.emit(self, operation(opcode, scheme, dst.number(), Imm::NONE));
    }

    /// `pinsrb`, `pinsrw`, `pinsrd`, `pinsrq`: `x` with one lane replaced.
    #[inline]
    pub fn vec_insert(&mut self, lanes: Size, dst: Xmm, x: Xmm, src: impl GprMem, lane: u8) {
        let opcode = match lanes {
            Size::S8 => Opcode::new(0x66, 3, 0x20),
            Size::S16 => Opcode::new(0x66, 1, 0xC4),
            Size::S32 => Opcode::new(0x66, 3, 0x22),
            Size::S64 => Opcode::new(0x66, 3, 0x22).wide(true),
        };
        if !self.features().avx {
            self.vec_mov(dst, x);
        }
        let scheme = self.vector_scheme(x.number());
        src.emit(
            self,
            operation(opcode, scheme, dst.number(), Imm::new8(lane)),
        );
    }

    /// `pextrb`, `pextrw`, `pextrd`, `pextrq`: one lane, zero-extended in a register.
    #[inline]
    pub fn vec_extract(&mut self, lanes: Size, dst: impl GprMem, src: Xmm, lane: u8) {
        let opcode = match lanes {
            Size::S8 => Opcode::new(0x66, 3, 0x14),
            Size::S16 => Opcode::new(0x66, 3, 0x15),
            Size::S32 => Opcode::new(0x66, 3, 0x16),
            Size::S64 => Opcode::new(0x66, 3, 0x16).wide(true),
        };
        let scheme = self.vector_scheme(0);
        dst.emit(
            self,
            operation(opcode, scheme, src.number(), Imm::new8(lane)),
        );
    }

    /// `movmskps`, `movmskpd`, `pmovmskb`: the highest bits of lanes of 32, 64 or 8 bits.
    ///
    /// # Panics
    /// For lanes of 16 bits, for which there is none.
    pub fn vec_signs(&mut self, lanes: Size, dst: Gpr, src: Xmm) {
        let opcode = match lanes {
            Size::S8 => Opcode::new(0x66, 1, 0xD7),
            Size::S16 => panic!("no mask of lanes of 16 bits"),
            Size::S32 => Opcode::new(0, 1, 0x50),
            Size::S64 => Opcode::new(0x66, 1, 0x50),
        };
        let scheme = self.vector_scheme(0);
        self.emit_reg(
            operation(opcode, scheme, dst.number(), Imm::NONE),
            src.number(),
        );
    }

    /// `movd`, `movq`: bits of a vector register to a general one, 32 (zero-extended) or 64.
    #[inline]
    pub fn gpr_from_xmm(&mut self, size: Size, dst: Gpr, src: Xmm) {
        let opcode = Opcode::new(0x66, 1, 0x7E).wide(size == Size::S64);
        self.vector_form(opcode, src.number(), dst);
    }

    /// `movd`, `movq`: bits of a general register to the low end of a vector one, zeros above.
    #[inline]
    pub fn xmm_from_gpr(&mut self, size: Size, dst: Xmm, src: Gpr) {
        let opcode = Opcode::new(0x66, 1, 0x6E).wide(size == Size::S64);
        self.vector_form(opcode, dst.number(), src);
    }

    /// An instruction between a vector register and a general one or memory, as AVX where there is some.
    #[inline]
    fn vector_form(&mut self, opcode: Opcode, reg: u8, rm: impl GprMem) {
        let scheme = self.vector_scheme(0);
        rm.emit(
            self,
            Operation {
                opcode,
                scheme,
                reg,
                imm: Imm::NONE,
            },
        );
    }

    #[inline]
    fn three(&mut self, op: VecOp, dst: Xmm, x: Xmm, y: impl XmmMem, imm: Imm) {
        if self.features().avx {
            let scheme = Scheme::Vex(x.number());
            return y.emit(self, operation(op.opcode, scheme, dst.number(), imm));
        }
        assert!(!op.avx_only, "an instruction of AVX without AVX");
        let operation = operation(op.opcode, Scheme::Legacy, dst.number(), imm);
        if dst == x {
            y.emit(self, operation);
        } else if y.is(dst) {
            assert!(op.commutes, "an instruction would overwrite its source");
            self.emit_reg(operation, x.number());
        } else {
            self.vec_mov(dst, x);
            y.emit(self, operation);
        }
    }

    /// The scheme for a row with this further operand.
    #[inline]
    fn row_scheme(&self, op: VecOp, further: u8) -> Scheme {
        assert!(
            !op.avx_only || self.features().avx,
            "an instruction of AVX without AVX"
        );
        self.vector_scheme(further)
    }

    #[inline]
    pub(crate) fn vector_scheme(&self, further: u8) -> Scheme {
        if self.features().avx {
            Scheme::Vex(further)
        } else {
            Scheme::Legacy
        }
    }
}

#[inline]
const fn operation(opcode: Opcode, scheme: Scheme, reg: u8, imm: Imm) -> Operation {
    Operation {
        opcode,
        scheme,
        reg,
        imm,
    }
}
