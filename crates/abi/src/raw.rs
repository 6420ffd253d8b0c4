//! One untyped value slot, as trampolines and host calls pass it.

/// Sixteen bytes that hold any WebAssembly value; the low bytes are significant, the rest are ignored.
///
/// Function references are the address of a function entry or 0; other references are a 32-bit handle or 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C, align(16))]
pub struct Raw([u8; 16]);

const _: () = assert!(size_of::<Raw>() == 16 && align_of::<Raw>() == 16);

macro_rules! raw_accessors {
    ($($make:ident $get:ident $ty:ty;)*) => {$(
        /// The slot that holds this value.
        #[inline]
        pub const fn $make(value: $ty) -> Raw {
            let mut slot = [0; 16];
            let bytes = value.to_le_bytes();
            let mut i = 0;
            while i < bytes.len() {
                slot[i] = bytes[i];
                i += 1;
            }
            Raw(slot)
        }

        /// The value in the slot, read as this type.
        #[inline]
        pub const fn $get(self) -> $ty {
            let mut bytes = [0; size_of::<$ty>()];
            let mut i = 0;
            while i < bytes.len() {
                bytes[i] = self.0[i];
                i += 1;
            }
            <$ty>::from_le_bytes(bytes)
        }
    )*};
}

impl Raw {
    raw_accessors! {
        from_i32 i32 i32;
        from_u32 u32 u32;
        from_i64 i64 i64;
        from_u64 u64 u64;
        from_f32 f32 f32;
        from_f64 f64 f64;
        from_u128 u128 u128;
    }
}
