//! SSA form back to WebAssembly: the inverse of building, for optimizing modules.
//!
//! Apart from the builder because nothing of the original body is used: what matters is that few bytes come out.
//!
//! ```text
//! Func ──> trees: which values stay on the operand stack, and in which order things happen
//!            └──> ranges: from where to where other values live ──> locals: which of them share a local
//!                     └──> shape: blocks, loops and branches ──> skips, loops, regions: what opens and closes where ──> write: bytes
//! ```
//! What the binary format cannot say directly (see [`EmitError`]) is refused; then the original body is still there.

#[cfg(debug_assertions)]
mod check;
mod early;
mod headers;
mod insts;
mod locals;
mod loops;
mod ranges;
mod regions;
mod settle;
mod shape;
mod skips;
mod trees;
mod tries;
mod types;
mod write;

pub use types::{is_sub, join_heaps};

use crate::{Cfg, Func};
use module::{FuncType, Header};
use std::fmt;

/// After how many rounds everything is passed before calls that handlers get from them, if each time something else had to be copied.
const THROWN_ROUNDS_MAX: usize = 3;

/// How many bytes longer a body may be if its loops need no code on the way back.
const LONGER_MAX: usize = 2;

/// Why a function could not be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EmitError {
    /// It has something for which there is no code yet: its name.
    Unsupported(&'static str),
    /// Its values live over so many blocks that choosing locals would take too long.
    TooComplex,
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EmitError::Unsupported(what) => write!(f, "there is no way yet to write {what}"),
            EmitError::TooComplex => f.write_str("the function has too many values at once"),
        }
    }
}

impl std::error::Error for EmitError {}

/// Appends the body of a function to `out`: declarations of locals, operators, the final `end`; not its size.
///
/// `header` is its module's, `ty` the function's type. The operators say what the function says, in the order of its effects; what has no effect and no
/// use is left out.
///
/// # Errors
/// If the function has something that cannot be written: then `out` is as it was.
///
/// ```
/// use wharf_ir as ir;
///
/// let func = ir::parse("\
/// func (i32) -> (i32) {
/// b0(v0: i32):
///     v1: i32 = i32.mul v0, v0
///     return v1
/// }
/// ").unwrap();
/// let ty = module::FuncType::new([module::ValType::I32], [module::ValType::I32]);
/// let mut out = Vec::new();
/// ir::emit(&func, &module::Header::default(), &ty, &mut out).unwrap();
/// // No locals; local.get 0, local.get 0, i32.mul, end.
/// assert_eq!(out, [0, 0x20, 0, 0x20, 0, 0x6c, 0x0b]);
/// ```
pub fn emit(
    func: &Func,
    header: &Header,
    ty: &FuncType,
    out: &mut Vec<u8>,
) -> Result<(), EmitError> {
    emit_with_places(func, header, ty, out, |_, _| {})
}

/// As [`emit`], and calls `at` with where in `out` operators start and which places they stand for (see [`Func::offset`]), in order:
/// what debugging information needs that is to go with the code. Operators that stand for nothing of the original are not among them.
///
/// # Errors
/// As [`emit`]; then nothing was called.
pub fn emit_with_places(
    func: &Func,
    header: &Header,
    ty: &FuncType,
    out: &mut Vec<u8>,
    mut at: impl FnMut(usize, u32),
) -> Result<(), EmitError> {
    let mut written = Written::new(func, header, ty, true)?;
    if let Some(parted) = written.parted.take()
        && let Ok(other) = Written::new(&parted, header, ty, false)
        && other.bytes.len() <= written.bytes.len() + LONGER_MAX
    {
        written = other;
    }
    let start = out.len();
    out.append(&mut written.bytes);
    for (offset, place) in written.places {
        at(start + offset, place);
    }
    Ok(())
}

/// A body, and what may make it better.
struct Written {
    bytes: Vec<u8>,
    /// Where operators start in the bytes, and which places they stand for.
    places: Vec<(usize, u32)>,
    /// The function with copies where loops start, if that was asked for and spares branches back.
    parted: Option<Func>,
}

impl Written {
    fn new(func: &Func, header: &Header, ty: &FuncType, parts: bool) -> Result<Written, EmitError> {
        let normalized = tries::normalized(func)?;
        let func = normalized.as_ref().unwrap_or(func);
        let cfg = Cfg::new(func);
        let tries = tries::Tries::new(func, &cfg, header)?;
        let mut types = types::Types::new(func, &cfg, &tries, header, ty)?;
        let arrange = |types: &types::Types<'_>, early| {
            let code = trees::Code::new(func, &cfg, types, &tries, early)?;
            let ranges = ranges::Ranges::new(func, &cfg, &code)?;
            let locals = locals::Locals::new(func, &cfg, &code, types, ranges, ty);
            Ok((code, locals))
        };
        let (mut code, mut locals) = arrange(&types, early::Early::default())?;
        if let Some(early) = early::Early::choose(func, &cfg, &code, &locals) {
            (code, locals) = arrange(&types, early)?;
        }
        // Nothing can be passed on the way of an exception.
        for round in 0.. {
            if !locals.has_late_copies(func, &cfg, &code) {
                break;
            }
            let all = round == THROWN_ROUNDS_MAX;
            let early = code.early().with_thrown(func, &cfg, &code, &locals, all);
            (code, locals) = arrange(&types, early)?;
        }
        let mut shape = shape::shape(func, &cfg, &code, &locals, &types)?;
        if types.has_refs()
            && let Some(settled) = settle::settled(func, &types, &code, &locals, &shape)
        {
            types.settle(settled);
            let (next_code, next_locals) = arrange(&types, code.early().clone())?;
            let next_shape = shape::shape(func, &cfg, &next_code, &next_locals, &types)?;
            let n_params = ty.params().len();
            if !next_locals.has_late_copies(func, &cfg, &next_code)
                && settle::is_valid(func, &next_code, &next_locals, &next_shape, n_params)
            {
                (code, locals, shape) = (next_code, next_locals, next_shape);
            } else {
                types.settle(Vec::new());
            }
        }
        #[cfg(debug_assertions)]
        check::check(func, &code, &locals, ty.params().len());
        let (mut bytes, mut places) = (Vec::new(), Vec::new());
        write::write(
            func,
            &types,
            &code,
            &locals,
            &shape,
            &mut bytes,
            |at, place| places.push((at, place)),
        );
        Ok(Written {
            bytes,
            places,
            parted: parts
                .then(|| headers::parted(func, &cfg, &code, &locals))
                .flatten(),
        })
    }
}
