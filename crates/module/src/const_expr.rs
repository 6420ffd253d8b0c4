//! Constant expressions: what globals, element and data segments are initialized with.
//!
//! Apart from function bodies because they are kept whole, and nearly all are a single operator.

use crate::convert::Kinds;
use crate::fold::Fold;
use crate::{Error, Op};
use std::slice;
use wasmparser::FrameKind;

/// A constant expression: operators in order, without the final `end`.
#[derive(Clone, PartialEq, Debug)]
pub struct ConstExpr(Ops);

/// One operator needs no allocation.
#[derive(Clone, PartialEq, Debug)]
enum Ops {
    One(Op),
    Many(Box<[Op]>),
}

impl ConstExpr {
    /// The expression of these operators.
    pub fn new(ops: impl IntoIterator<Item = Op>) -> ConstExpr {
        let mut ops = ops.into_iter();
        match (ops.next(), ops.next()) {
            (Some(only), None) => ConstExpr(Ops::One(only)),
            (first, second) => ConstExpr(Ops::Many(
                first.into_iter().chain(second).chain(ops).collect(),
            )),
        }
    }

    /// The operators in order.
    ///
    /// After validation they are constants, `ref.null`, `ref.func`, `global.get`, and integer additions, subtractions and
    /// multiplications, and they leave one value.
    pub fn ops(&self) -> &[Op] {
        match &self.0 {
            Ops::One(op) => slice::from_ref(op),
            Ops::Many(ops) => ops,
        }
    }

    /// Reads an expression; whether it is constant is the validator's to say.
    pub(crate) fn read(
        expr: &wasmparser::ConstExpr<'_>,
        kinds: &Kinds,
    ) -> Result<ConstExpr, Error> {
        let mut reader = expr.get_operators_reader();
        let mut labels = Vec::new();
        let mut next = || -> Result<Option<Op>, Error> {
            let at = reader.original_position() as usize;
            let (mut op, mut legacy) = (Op::End, None);
            let mut fold = Fold {
                op: &mut op,
                legacy: &mut legacy,
                labels: &mut labels,
                kinds,
                frame: FrameKind::Block,
            };
            let folded = reader.visit_operator(&mut fold).map_err(Error::malformed)?;
            folded.map_err(|error| error.at(at))?;
            Ok(if reader.eof() { None } else { Some(op) })
        };
        let Some(first) = next()? else {
            return Ok(ConstExpr(Ops::Many([].into())));
        };
        let Some(second) = next()? else {
            return Ok(ConstExpr(Ops::One(first)));
        };
        let mut ops = vec![first, second];
        while let Some(op) = next()? {
            ops.push(op);
        }
        Ok(ConstExpr(Ops::Many(ops.into())))
    }
}
