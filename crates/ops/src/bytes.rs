//! Numbers and lanes as little-endian bytes.
//!
//! Apart because vectors and memory accesses need the same thing: WebAssembly is little-endian on every machine.

/// A type with a fixed-size little-endian form of at most sixteen bytes.
pub(crate) trait Bytes: Copy {
    /// The size of the form, in bytes.
    const SIZE: usize;

    /// Reads the form from exactly [`Self::SIZE`] bytes; panics on another length.
    fn decode(bytes: &[u8]) -> Self;

    /// Writes the form into the first [`Self::SIZE`] bytes; the rest are zero.
    fn encode(self) -> [u8; 16];
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Bytes for $number {
            const SIZE: usize = size_of::<$number>();

            fn decode(bytes: &[u8]) -> Self {
                match bytes.try_into() {
                    Ok(bytes) => <$number>::from_le_bytes(bytes),
                    Err(_) => panic!("expected {} bytes, found {}", Self::SIZE, bytes.len()),
                }
            }

            fn encode(self) -> [u8; 16] {
                let mut bytes = [0; 16];
                bytes[..Self::SIZE].copy_from_slice(&self.to_le_bytes());
                bytes
            }
        }
    )*};
}

numbers! { i8 u8 i16 u16 i32 u32 i64 u64 u128 f32 f64 }

impl<T: Bytes, const N: usize> Bytes for [T; N] {
    const SIZE: usize = N * T::SIZE;

    fn decode(bytes: &[u8]) -> Self {
        assert_eq!(bytes.len(), Self::SIZE, "bytes of {N} lanes");
        std::array::from_fn(|i| T::decode(&bytes[i * T::SIZE..][..T::SIZE]))
    }

    fn encode(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (lane, place) in self.into_iter().zip(bytes.chunks_exact_mut(T::SIZE)) {
            place.copy_from_slice(&lane.encode()[..T::SIZE]);
        }
        bytes
    }
}
