//! Loads and stores of one lane of a vector, chosen by an immediate.
//!
//! Apart from the plain accesses because of the immediate, and because such a load also takes the vector it changes.

use crate::V128;
use crate::bytes::Bytes;
use crate::v128::replace;

/// Reads the rows into [`LoadLane`] and [`StoreLane`]: both variants and names, the lane type, the lane count.
macro_rules! lane_access {
    ($(
        $load:ident $load_opcode:literal $load_text:literal, $store:ident $store_opcode:literal $store_text:literal: $lane_ty:ty, $lanes:literal;
    )*) => {
        operators! {
            /// An operator that loads one lane of a vector and keeps the others.
            LoadLane { $($load $load_opcode $load_text;)* }
        }

        operators! {
            /// An operator that stores one lane of a vector.
            StoreLane { $($store $store_opcode $store_text;)* }
        }

        impl LoadLane {
            /// How many bytes of memory are read.
            pub const fn bytes(self) -> usize {
                match self {
                    $(LoadLane::$load => <$lane_ty as Bytes>::SIZE,)*
                }
            }

            /// How many lanes the vector has; the immediate is less.
            pub const fn lanes(self) -> u8 {
                match self {
                    $(LoadLane::$load => $lanes,)*
                }
            }

            /// `vector` with lane `lane` replaced by what lies in memory as `bytes`.
            ///
            /// # Panics
            /// If these are not [`LoadLane::bytes`] bytes or `lane` is not below [`LoadLane::lanes`].
            pub fn eval(self, bytes: &[u8], lane: u8, vector: V128) -> V128 {
                match self {
                    $(LoadLane::$load => {
                        let lanes = <[$lane_ty; $lanes]>::decode(&vector.0);
                        V128(replace(lanes, lane.into(), <$lane_ty>::decode(bytes)).encode())
                    })*
                }
            }
        }

        impl StoreLane {
            /// How many bytes of memory are written.
            pub const fn bytes(self) -> usize {
                match self {
                    $(StoreLane::$store => <$lane_ty as Bytes>::SIZE,)*
                }
            }

            /// How many lanes the vector has; the immediate is less.
            pub const fn lanes(self) -> u8 {
                match self {
                    $(StoreLane::$store => $lanes,)*
                }
            }

            /// What to write for lane `lane` of `vector`: the first [`StoreLane::bytes`] bytes; the rest are zero.
            ///
            /// # Panics
            /// If `lane` is not below [`StoreLane::lanes`].
            pub fn eval(self, lane: u8, vector: V128) -> [u8; 16] {
                match self {
                    $(StoreLane::$store => {
                        let lanes = <[$lane_ty; $lanes]>::decode(&vector.0);
                        lanes[usize::from(lane)].encode()
                    })*
                }
            }
        }
    };
}

lane_access! {
    V128Load8Lane 0xfd_0054 "v128.load8_lane", V128Store8Lane 0xfd_0058 "v128.store8_lane": u8, 16;
    V128Load16Lane 0xfd_0055 "v128.load16_lane", V128Store16Lane 0xfd_0059 "v128.store16_lane": u16, 8;
    V128Load32Lane 0xfd_0056 "v128.load32_lane", V128Store32Lane 0xfd_005a "v128.store32_lane": u32, 4;
    V128Load64Lane 0xfd_0057 "v128.load64_lane", V128Store64Lane 0xfd_005b "v128.store64_lane": u64, 2;
}
