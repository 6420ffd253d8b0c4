//! Which operators of the parser are not folded, so that a new version of it shows what it adds.

use super::Fold;
use crate::{Error, ErrorKind};
use wasmparser::{
    BinaryReader, BlockType, BrTable, HeapType, Ieee32, Ieee64, MemArg, MemArgTarget, Ordering,
    RefType, ResumeTable, TryTable, V128, ValType, VisitOperator, VisitSimdOperator,
};

/// Some value of each type that operators have as an immediate.
trait Sample {
    fn sample() -> Self;
}

macro_rules! samples {
    ($($ty:ty = $value:expr;)*) => {$(
        impl Sample for $ty {
            fn sample() -> $ty {
                $value
            }
        }
    )*};
}

fn read<T: for<'a> wasmparser::FromReader<'a>>(bytes: &[u8]) -> T {
    BinaryReader::new(bytes, 0).read().expect("well-formed")
}

samples! {
    u8 = 0;
    u32 = 0;
    i32 = 0;
    i64 = 0;
    [u8; 16] = [0; 16];
    Ieee32 = Ieee32::from(0.0);
    Ieee64 = Ieee64::from(0.0);
    V128 = V128::from(0);
    BlockType = BlockType::Empty;
    ValType = ValType::I32;
    Vec<ValType> = Vec::new();
    HeapType = HeapType::FUNC;
    RefType = RefType::FUNCREF;
    Ordering = Ordering::SeqCst;
    TryTable = TryTable { ty: BlockType::Empty, catches: Vec::new() };
    ResumeTable = ResumeTable { handlers: Vec::new() };
    MemArg = MemArg { align: 0, max_align: 0, offset: 0, target: MemArgTarget::Memory(0), ordering: None };
}

impl Sample for BrTable<'static> {
    fn sample() -> BrTable<'static> {
        let op = BinaryReader::new(&[0x0e, 0, 0], 0);
        match wasmparser::OperatorsReader::new(op).read() {
            Ok(wasmparser::Operator::BrTable { targets }) => targets,
            other => panic!("{other:?}"),
        }
    }
}
