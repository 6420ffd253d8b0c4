//! The vector and floating-point instructions, one row each.
//!
//! Apart because it is a table: name, prefix, map, opcode, as Intel's manual writes them. What can be done with a row stands
//! in `vector`. A row is one instruction with both its encodings, legacy SSE and AVX of 128 bits; rows that say `avx` have
//! only the latter.

use super::encode::Opcode;

/// A vector or floating-point instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VecOp {
    pub(crate) opcode: Opcode,
    /// Whether its two sources may change places.
    pub(crate) commutes: bool,
    /// Whether there is no legacy form.
    pub(crate) avx_only: bool,
}

/// How `roundps` and its like round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Round {
    /// To the nearest, ties to even.
    Nearest = 8,
    /// Down.
    Floor = 9,
    /// Up.
    Ceil = 10,
    /// Towards zero.
    Trunc = 11,
}

/// A shift of all lanes by a constant: the number of its group, and its place in the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VecShift {
    pub(crate) byte: u8,
    pub(crate) number: u8,
}

#[expect(missing_docs, reason = "names of instructions")]
impl VecShift {
    pub const PSRLW: VecShift = VecShift::new(0x71, 2);
    pub const PSRAW: VecShift = VecShift::new(0x71, 4);
    pub const PSLLW: VecShift = VecShift::new(0x71, 6);
    pub const PSRLD: VecShift = VecShift::new(0x72, 2);
    pub const PSRAD: VecShift = VecShift::new(0x72, 4);
    pub const PSLLD: VecShift = VecShift::new(0x72, 6);
    pub const PSRLQ: VecShift = VecShift::new(0x73, 2);
    pub const PSRLDQ: VecShift = VecShift::new(0x73, 3);
    pub const PSLLQ: VecShift = VecShift::new(0x73, 6);
    pub const PSLLDQ: VecShift = VecShift::new(0x73, 7);

    const fn new(byte: u8, number: u8) -> VecShift {
        VecShift { byte, number }
    }
}

/// `NAME prefix map opcode [commutes] [avx] [wide];`, with `-` for no prefix.
macro_rules! rows {
    ($($name:ident $prefix:tt $map:tt $byte:literal $($flag:ident)*;)*) => {
        #[expect(missing_docs, reason = "names of instructions")]
        impl VecOp {
            $(pub const $name: VecOp = VecOp::row(prefix!($prefix), map!($map), $byte)$(.$flag())*;)*

            /// Every row, with its name.
            #[cfg(test)]
            pub(crate) const ALL: &[(&str, VecOp)] = &[$((stringify!($name), VecOp::$name)),*];
        }
    };
}

macro_rules! prefix {
    (-) => {
        0
    };
    ($prefix:literal) => {
        $prefix
    };
}

macro_rules! map {
    (0x0F) => {
        1
    };
    (0x0F38) => {
        2
    };
    (0x0F3A) => {
        3
    };
}

impl VecOp {
    const fn row(prefix: u8, map: u8, byte: u8) -> VecOp {
        VecOp {
            opcode: Opcode::new(prefix, map, byte),
            commutes: false,
            avx_only: false,
        }
    }

    const fn commutes(self) -> VecOp {
        VecOp {
            commutes: true,
            ..self
        }
    }

    const fn avx(self) -> VecOp {
        VecOp {
            avx_only: true,
            ..self
        }
    }

    const fn wide(self) -> VecOp {
        VecOp {
            opcode: self.opcode.wide(true),
            ..self
        }
    }

    /// Whether `op dst, x, y` and `op dst, y, x` are the same.
    pub const fn is_commutative(self) -> bool {
        self.commutes
    }
}

rows! {
    // Floats: a result for each lane, or for the lowest (SS, SD). Minimum and maximum are not those of WebAssembly, and what
    // becomes of a NaN depends on the order of the sources, so that nothing commutes but the bitwise ones.
    ADDPS       -    0x0F   0x58;
    ADDPD       0x66 0x0F   0x58;
    ADDSS       0xF3 0x0F   0x58;
    ADDSD       0xF2 0x0F   0x58;
    MULPS       -    0x0F   0x59;
    MULPD       0x66 0x0F   0x59;
    MULSS       0xF3 0x0F   0x59;
    MULSD       0xF2 0x0F   0x59;
    SUBPS       -    0x0F   0x5C;
    SUBPD       0x66 0x0F   0x5C;
    SUBSS       0xF3 0x0F   0x5C;
    SUBSD       0xF2 0x0F   0x5C;
    MINPS       -    0x0F   0x5D;
    MINPD       0x66 0x0F   0x5D;
    MINSS       0xF3 0x0F   0x5D;
    MINSD       0xF2 0x0F   0x5D;
    DIVPS       -    0x0F   0x5E;
    DIVPD       0x66 0x0F   0x5E;
    DIVSS       0xF3 0x0F   0x5E;
    DIVSD       0xF2 0x0F   0x5E;
    MAXPS       -    0x0F   0x5F;
    MAXPD       0x66 0x0F   0x5F;
    MAXSS       0xF3 0x0F   0x5F;
    MAXSD       0xF2 0x0F   0x5F;
    SQRTPS      -    0x0F   0x51;
    SQRTPD      0x66 0x0F   0x51;
    SQRTSS      0xF3 0x0F   0x51;
    SQRTSD      0xF2 0x0F   0x51;
    ANDPS       -    0x0F   0x54 commutes;
    ANDPD       0x66 0x0F   0x54 commutes;
    ANDNPS      -    0x0F   0x55;
    ANDNPD      0x66 0x0F   0x55;
    ORPS        -    0x0F   0x56 commutes;
    ORPD        0x66 0x0F   0x56 commutes;
    XORPS       -    0x0F   0x57 commutes;
    XORPD       0x66 0x0F   0x57 commutes;
    UCOMISS     -    0x0F   0x2E;
    UCOMISD     0x66 0x0F   0x2E;
    CMPPS       -    0x0F   0xC2;
    CMPPD       0x66 0x0F   0xC2;
    CMPSS       0xF3 0x0F   0xC2;
    CMPSD       0xF2 0x0F   0xC2;
    ROUNDPS     0x66 0x0F3A 0x08;
    ROUNDPD     0x66 0x0F3A 0x09;
    ROUNDSS     0x66 0x0F3A 0x0A;
    ROUNDSD     0x66 0x0F3A 0x0B;
    VFMADD213PS 0x66 0x0F38 0xA8 avx;
    VFMADD213PD 0x66 0x0F38 0xA8 avx wide;
    VFMADD213SS 0x66 0x0F38 0xA9 avx;
    VFMADD213SD 0x66 0x0F38 0xA9 avx wide;
    VFNMADD213PS 0x66 0x0F38 0xAC avx;
    VFNMADD213PD 0x66 0x0F38 0xAC avx wide;

    // Conversions. Those between a general register and a vector register are emitted by methods of their own.
    CVTSS2SD    0xF3 0x0F   0x5A;
    CVTSD2SS    0xF2 0x0F   0x5A;
    CVTPS2PD    -    0x0F   0x5A;
    CVTPD2PS    0x66 0x0F   0x5A;
    CVTDQ2PS    -    0x0F   0x5B;
    CVTTPS2DQ   0xF3 0x0F   0x5B;
    CVTDQ2PD    0xF3 0x0F   0xE6;
    CVTTPD2DQ   0x66 0x0F   0xE6;
    CVTSI2SS    0xF3 0x0F   0x2A;
    CVTSI2SD    0xF2 0x0F   0x2A;
    CVTTSS2SI   0xF3 0x0F   0x2C;
    CVTTSD2SI   0xF2 0x0F   0x2C;

    // Moves. Scalar loads clear what is above; moves of MOVSS and MOVSD between registers keep it.
    MOVAPS      -    0x0F   0x28;
    MOVUPS      -    0x0F   0x10;
    MOVSS       0xF3 0x0F   0x10;
    MOVSD       0xF2 0x0F   0x10;
    MOVLPS      -    0x0F   0x12;
    MOVHPS      -    0x0F   0x16;
    MOVHLPS     -    0x0F   0x12;
    MOVLHPS     -    0x0F   0x16;
    MOVDDUP     0xF2 0x0F   0x12;
    MOVQ        0xF3 0x0F   0x7E;
    VBROADCASTSS 0x66 0x0F38 0x18 avx;
    VPBROADCASTB 0x66 0x0F38 0x78 avx;
    VPBROADCASTW 0x66 0x0F38 0x79 avx;

    // Rearranging lanes.
    SHUFPS      -    0x0F   0xC6;
    SHUFPD      0x66 0x0F   0xC6;
    UNPCKLPS    -    0x0F   0x14;
    UNPCKHPS    -    0x0F   0x15;
    UNPCKLPD    0x66 0x0F   0x14;
    UNPCKHPD    0x66 0x0F   0x15;
    PSHUFB      0x66 0x0F38 0x00;
    PSHUFD      0x66 0x0F   0x70;
    PSHUFLW     0xF2 0x0F   0x70;
    PSHUFHW     0xF3 0x0F   0x70;
    PALIGNR     0x66 0x0F3A 0x0F;
    PBLENDW     0x66 0x0F3A 0x0E;
    BLENDPS     0x66 0x0F3A 0x0C;
    BLENDPD     0x66 0x0F3A 0x0D;
    INSERTPS    0x66 0x0F3A 0x21;
    PUNPCKLBW   0x66 0x0F   0x60;
    PUNPCKLWD   0x66 0x0F   0x61;
    PUNPCKLDQ   0x66 0x0F   0x62;
    PUNPCKLQDQ  0x66 0x0F   0x6C;
    PUNPCKHBW   0x66 0x0F   0x68;
    PUNPCKHWD   0x66 0x0F   0x69;
    PUNPCKHDQ   0x66 0x0F   0x6A;
    PUNPCKHQDQ  0x66 0x0F   0x6D;
    PACKSSWB    0x66 0x0F   0x63;
    PACKUSWB    0x66 0x0F   0x67;
    PACKSSDW    0x66 0x0F   0x6B;
    PACKUSDW    0x66 0x0F38 0x2B;
    PMOVSXBW    0x66 0x0F38 0x20;
    PMOVSXWD    0x66 0x0F38 0x23;
    PMOVSXDQ    0x66 0x0F38 0x25;
    PMOVZXBW    0x66 0x0F38 0x30;
    PMOVZXWD    0x66 0x0F38 0x33;
    PMOVZXDQ    0x66 0x0F38 0x35;

    // Integers.
    PADDB       0x66 0x0F   0xFC commutes;
    PADDW       0x66 0x0F   0xFD commutes;
    PADDD       0x66 0x0F   0xFE commutes;
    PADDQ       0x66 0x0F   0xD4 commutes;
    PADDSB      0x66 0x0F   0xEC commutes;
    PADDSW      0x66 0x0F   0xED commutes;
    PADDUSB     0x66 0x0F   0xDC commutes;
    PADDUSW     0x66 0x0F   0xDD commutes;
    PSUBB       0x66 0x0F   0xF8;
    PSUBW       0x66 0x0F   0xF9;
    PSUBD       0x66 0x0F   0xFA;
    PSUBQ       0x66 0x0F   0xFB;
    PSUBSB      0x66 0x0F   0xE8;
    PSUBSW      0x66 0x0F   0xE9;
    PSUBUSB     0x66 0x0F   0xD8;
    PSUBUSW     0x66 0x0F   0xD9;
    PMULLW      0x66 0x0F   0xD5 commutes;
    PMULLD      0x66 0x0F38 0x40 commutes;
    PMULHW      0x66 0x0F   0xE5 commutes;
    PMULHUW     0x66 0x0F   0xE4 commutes;
    PMULHRSW    0x66 0x0F38 0x0B commutes;
    PMULUDQ     0x66 0x0F   0xF4 commutes;
    PMULDQ      0x66 0x0F38 0x28 commutes;
    PMADDWD     0x66 0x0F   0xF5 commutes;
    PMADDUBSW   0x66 0x0F38 0x04;
    PAVGB       0x66 0x0F   0xE0 commutes;
    PAVGW       0x66 0x0F   0xE3 commutes;
    PABSB       0x66 0x0F38 0x1C;
    PABSW       0x66 0x0F38 0x1D;
    PABSD       0x66 0x0F38 0x1E;
    PMINUB      0x66 0x0F   0xDA commutes;
    PMINSB      0x66 0x0F38 0x38 commutes;
    PMINUW      0x66 0x0F38 0x3A commutes;
    PMINSW      0x66 0x0F   0xEA commutes;
    PMINUD      0x66 0x0F38 0x3B commutes;
    PMINSD      0x66 0x0F38 0x39 commutes;
    PMAXUB      0x66 0x0F   0xDE commutes;
    PMAXSB      0x66 0x0F38 0x3C commutes;
    PMAXUW      0x66 0x0F38 0x3E commutes;
    PMAXSW      0x66 0x0F   0xEE commutes;
    PMAXUD      0x66 0x0F38 0x3F commutes;
    PMAXSD      0x66 0x0F38 0x3D commutes;
    PCMPEQB     0x66 0x0F   0x74 commutes;
    PCMPEQW     0x66 0x0F   0x75 commutes;
    PCMPEQD     0x66 0x0F   0x76 commutes;
    PCMPEQQ     0x66 0x0F38 0x29 commutes;
    PCMPGTB     0x66 0x0F   0x64;
    PCMPGTW     0x66 0x0F   0x65;
    PCMPGTD     0x66 0x0F   0x66;
    PCMPGTQ     0x66 0x0F38 0x37;
    PAND        0x66 0x0F   0xDB commutes;
    PANDN       0x66 0x0F   0xDF;
    POR         0x66 0x0F   0xEB commutes;
    PXOR        0x66 0x0F   0xEF commutes;
    PTEST       0x66 0x0F38 0x17;

    // Shifts of all lanes by the low 64 bits of a register.
    PSLLW       0x66 0x0F   0xF1;
    PSLLD       0x66 0x0F   0xF2;
    PSLLQ       0x66 0x0F   0xF3;
    PSRLW       0x66 0x0F   0xD1;
    PSRLD       0x66 0x0F   0xD2;
    PSRLQ       0x66 0x0F   0xD3;
    PSRAW       0x66 0x0F   0xE1;
    PSRAD       0x66 0x0F   0xE2;
}
