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

samples! {
    u8 = 0;
    u32 = 0;
    i32 = 0;
    i64 = 0;
    [u8; 16] = [0; 16];
    Ieee32 = Ieee32::from(0.0);
    Ieee64 = Ieee64::from(0.0);
    V128 = V128::from(0u128);
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

impl<'a> Sample for BrTable<'a> {
    fn sample() -> BrTable<'a> {
        let op = BinaryReader::new(&[0x0e, 0, 0], 0);
        match wasmparser::OperatorsReader::new(op).read() {
            Ok(wasmparser::Operator::BrTable { targets }) => targets,
            other => panic!("{other:?}"),
        }
    }
}

/// One line for each operator that gives an error: the proposal and the name.
#[test]
fn operators_without_a_tier() {
    visit_every_operator();
}

/// The list of operators names the lifetime `'a`.
#[expect(clippy::extra_unused_lifetimes, reason = "it is used by the list")]
fn visit_every_operator<'a>() {
    let mut labels = Vec::new();
    let mut op = crate::Op::Nop;
    let mut legacy = None;
    let mut fold = Fold {
        op: &mut op,
        legacy: &mut legacy,
        labels: &mut labels,
        kinds: &[crate::TypeKind::Func],
        frame: wasmparser::FrameKind::Block,
    };
    let mut lines = String::new();
    let mut folded = 0;
    macro_rules! visit_all {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident $ann:tt)*) => {$(
            let result: Result<_, Error> = fold.$visit($($(<$argty>::sample()),*)?);
            match result {
                Ok(_) => folded += 1,
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{error}");
                    lines += concat!(stringify!($proposal), " ", stringify!($op), "\n");
                }
            }
        )*};
    }
    wasmparser::for_each_operator!(visit_all);
    expect_test::expect_file!["not_folded.txt"].assert_eq(&lines);
    assert_eq!(folded, 575);
}
