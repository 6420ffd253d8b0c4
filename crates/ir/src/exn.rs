//! Operators of exceptions: making one, asking for its tag, reading its payload, and having one.
//!
//! Apart from calls because these throw nothing: [`Term::Throw`](crate::Term::Throw) does, and what a call throws arrives over the
//! edge of [`Term::Try`](crate::Term::Try). An exception that is thrown where the same function may catch it is never thrown at
//! all: the block that asks for its tag is entered directly.

use crate::Type;
use crate::inst::{Effects, State};
use module::{FuncType, Header, TagIdx};
use std::fmt;

/// An operator of exceptions, without its operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExnOp {
    /// The exception that the call before it threw, if it did: only the edge over which it goes on then may use it. It is the
    /// last instruction of a block that ends with [`Term::Try`](crate::Term::Try).
    Caught,
    /// A new exception of a tag: one operand a value of the payload.
    New(TagIdx),
    /// Whether an exception has a tag, an i32.
    Is(TagIdx),
    /// A value of the payload of an exception that has the tag.
    Field {
        /// The tag.
        tag: TagIdx,
        /// Which value of the payload.
        field: u32,
    },
}

/// The type of a tag: its parameters are the payload.
fn payload(header: &Header, tag: TagIdx) -> &FuncType {
    header.type_at(header.tags()[tag.index()])
}

impl ExnOp {
    /// The types of the operands.
    pub fn params(self, header: &Header) -> Vec<Type> {
        match self {
            ExnOp::Caught => Vec::new(),
            ExnOp::New(tag) => {
                let params = payload(header, tag).params().iter();
                params.map(|ty| Type::from(*ty)).collect()
            }
            ExnOp::Is(_) | ExnOp::Field { .. } => vec![Type::Ref],
        }
    }

    /// The type of the result.
    ///
    /// # Panics
    /// If the tag does not have the field.
    pub fn result(self, header: &Header) -> Type {
        match self {
            ExnOp::Caught | ExnOp::New(_) => Type::Ref,
            ExnOp::Is(_) => Type::I32,
            ExnOp::Field { tag, field } => payload(header, tag).params()[field as usize].into(),
        }
    }

    /// The type of the result where the operator alone decides it.
    pub(crate) fn own_result(self) -> Option<Type> {
        match self {
            ExnOp::Caught | ExnOp::New(_) => Some(Type::Ref),
            ExnOp::Is(_) => Some(Type::I32),
            ExnOp::Field { .. } => None,
        }
    }

    /// What the operator does beside computing its result. Neither the tag nor the payload of an exception ever changes.
    pub fn effects(self) -> Effects {
        match self {
            // Whatever the call could read may decide what it throws; the operator stays behind it.
            ExnOp::Caught => Effects {
                reads: State::ALL,
                is_fresh: true,
                ..Effects::NONE
            },
            ExnOp::New(_) => Effects {
                is_fresh: true,
                ..Effects::NONE
            },
            ExnOp::Is(_) | ExnOp::Field { .. } => Effects::NONE,
        }
    }

    /// Whether a collector may run during the operator: it makes an object.
    pub fn allocates(self) -> bool {
        matches!(self, ExnOp::New(_))
    }

    /// Reads an operator as it is printed: `next` gives the words after the name. `None` if there is no such operator.
    pub(crate) fn parse<'a>(
        name: &str,
        next: &mut dyn FnMut() -> Result<&'a str, String>,
    ) -> Result<Option<ExnOp>, String> {
        let mut number = || -> Result<u32, String> {
            let word = next()?;
            word.parse()
                .map_err(|_| format!("expected a number, found `{word}`"))
        };
        Ok(Some(match name {
            "exn.caught" => ExnOp::Caught,
            "exn.new" => ExnOp::New(TagIdx(number()?)),
            "exn.is" => ExnOp::Is(TagIdx(number()?)),
            "exn.field" => ExnOp::Field {
                tag: TagIdx(number()?),
                field: number()?,
            },
            _ => return Ok(None),
        }))
    }
}

/// Name and immediates.
impl fmt::Display for ExnOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ExnOp::Caught => f.write_str("exn.caught"),
            ExnOp::New(tag) => write!(f, "exn.new {}", tag.0),
            ExnOp::Is(tag) => write!(f, "exn.is {}", tag.0),
            ExnOp::Field { tag, field } => write!(f, "exn.field {} {field}", tag.0),
        }
    }
}
