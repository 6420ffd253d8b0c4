//! What a body does how often, as far as one look at its bytes tells: for a compiler that goes over the operators only once.
//!
//! Apart from reading because nothing is validated here: it is a guess about speed, made before the body is known to be valid, and
//! whatever the bytes are, it is only a guess that comes out.

use crate::{Features, FuncInput};
use wasmparser::{BinaryReader, FrameKind, FrameStack, VisitOperator, VisitSimdOperator};

/// How often a body uses what, each use counted eight times more for each loop around it.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Uses of each local, parameters included, up to the last one that is used or [`Survey::LOCALS_MAX`].
    pub locals: Vec<u32>,
    /// Calls, and other operators that a compiler may make calls of.
    pub calls: u32,
    /// Accesses of memory 0.
    pub memory: u32,
    /// Whether there is a block that catches exceptions.
    pub catches: bool,
    /// Whether there may be a `try` of the legacy encoding of exceptions.
    pub(crate) has_legacy: bool,
    /// The weight of a use here.
    weight: u32,
    /// The operators that an `end` will close, with the weight of a use behind it.
    blocks: Vec<(FrameKind, u32)>,
}

impl Survey {
    /// Uses of locals beyond this many are not counted.
    pub const LOCALS_MAX: usize = 4096;
    /// The weight of a use where no deeper loop counts any more.
    const WEIGHT_MAX: u32 = 1 << 15;

    /// Looks at a body. The memory of the survey before is used again.
    pub fn look_at(&mut self, body: &FuncInput) {
        self.look_at_bytes(body.bytes(), body.header().features());
    }

    fn look_at_bytes(&mut self, bytes: &[u8], features: Features) {
        self.locals.clear();
        self.blocks.clear();
        self.blocks.push((FrameKind::Block, 1));
        (self.calls, self.memory, self.weight) = (0, 0, 1);
        (self.catches, self.has_legacy) = (false, false);
        if self.read(bytes, features).is_err() {
            // What cannot be read is found again, and reported, by whoever validates.
            self.has_legacy = true;
        }
    }

    fn read(&mut self, bytes: &[u8], features: Features) -> wasmparser::Result<()> {
        let mut reader = BinaryReader::new_features(bytes, 0, features.to_parser());
        for _ in 0..reader.read_var_u32()? {
            reader.read_var_u32()?;
            reader.read::<wasmparser::ValType>()?;
        }
        while !reader.eof() {
            reader.visit_operator(self)?;
        }
        Ok(())
    }

    fn local(&mut self, local: u32) {
        let local = local as usize;
        if local >= self.locals.len() {
            if local >= Survey::LOCALS_MAX {
                return;
            }
            self.locals.resize(local + 1, 0);
        }
        let uses = &mut self.locals[local];
        *uses = uses.saturating_add(self.weight);
    }

    fn call(&mut self) {
        self.calls = self.calls.saturating_add(self.weight);
    }

    fn access(&mut self, arg: &wasmparser::MemArg) {
        if arg.target == wasmparser::MemArgTarget::Memory(0) {
            self.memory = self.memory.saturating_add(self.weight);
        }
    }

    fn begin(&mut self, kind: FrameKind) {
        self.blocks.push((kind, self.weight));
        if kind == FrameKind::Loop {
            self.weight = (self.weight << 3).min(Survey::WEIGHT_MAX);
        }
    }
}

/// What an operator tells.
#[rustfmt::skip]
macro_rules! tell {
    ($v:ident LocalGet [$local:ident] $a:tt) => { $v.local($local) };
    ($v:ident LocalSet [$local:ident] $a:tt) => { $v.local($local) };
    ($v:ident LocalTee [$local:ident] $a:tt) => { $v.local($local) };
    ($v:ident Block [$ty:ident] $a:tt) => {{ let _ = $ty; $v.begin(FrameKind::Block) }};
    ($v:ident Loop [$ty:ident] $a:tt) => {{ let _ = $ty; $v.begin(FrameKind::Loop) }};
    ($v:ident If [$ty:ident] $a:tt) => {{ let _ = $ty; $v.begin(FrameKind::If) }};
    ($v:ident Else [] $a:tt) => {
        if let Some((kind, _)) = $v.blocks.last_mut() {
            *kind = FrameKind::Else;
        }
    };
    ($v:ident TryTable [$table:ident] $a:tt) => {{
        let _ = $table;
        $v.catches = true;
        $v.begin(FrameKind::TryTable)
    }};
    ($v:ident Try [$ty:ident] $a:tt) => {{
        let _ = $ty;
        ($v.catches, $v.has_legacy) = (true, true);
        $v.begin(FrameKind::LegacyTry)
    }};
    ($v:ident End [] $a:tt) => {
        if let Some((_, weight)) = $v.blocks.pop() {
            $v.weight = weight;
        }
    };
    ($v:ident Call [$func:ident] $a:tt) => {{ let _ = $func; $v.call() }};
    ($v:ident CallIndirect [$ty:ident $table:ident] $a:tt) => {{ let _ = ($ty, $table); $v.call() }};
    ($v:ident CallRef [$ty:ident] $a:tt) => {{ let _ = $ty; $v.call() }};
    ($v:ident MemoryGrow [$memory:ident] $a:tt) => {{ let _ = $memory; $v.call() }};
    ($v:ident MemoryFill [$memory:ident] $a:tt) => {{ let _ = $memory; $v.call() }};
    ($v:ident MemoryCopy [$dst:ident $src:ident] $a:tt) => {{ let _ = ($dst, $src); $v.call() }};
    ($v:ident $op:ident [$arg:ident] (arity memarg $($arity:tt)*)) => { $v.access(&$arg) };
    ($v:ident $op:ident [$arg:ident $lane:ident] (arity memarg $($arity:tt)*)) => {{ let _ = $lane; $v.access(&$arg) }};
    ($v:ident $op:ident [$($arg:ident)*] $a:tt) => { { $(let _ = $arg;)* } };
}

macro_rules! survey_methods {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident $ann:tt)*) => {$(
        #[inline]
        fn $visit(&mut self $($(, $arg: $argty)*)?) {
            tell!(self $op [$($($arg)*)?] $ann);
        }
    )*};
}

impl FrameStack for Survey {
    fn current_frame(&self) -> Option<FrameKind> {
        self.blocks.last().map(|&(kind, _)| kind)
    }
}

impl<'a> VisitOperator<'a> for Survey {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(survey_methods);
}

impl<'a> VisitSimdOperator<'a> for Survey {
    wasmparser::for_each_visit_simd_operator!(survey_methods);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_in_loops_count_more() {
        // (func (param i32) (local i32) loop local.get 0 drop loop local.get 1 drop end end local.get 0 drop)
        let body = b"\x01\x01\x7f\x03\x40\x20\x00\x1a\x03\x40\x20\x01\x1a\x0b\x0b\x20\x00\x1a\x0b";
        let mut survey = Survey::default();
        survey.look_at_bytes(body, crate::Features::default());
        assert_eq!(survey.locals, [9, 64]);
        assert_eq!((survey.calls, survey.memory), (0, 0));
    }

    #[test]
    fn nonsense_is_not_read_to_its_end() {
        let mut survey = Survey::default();
        for bytes in [
            &b""[..],
            b"\xff\xff\xff\xff\x0f",
            b"\0\x0b\x0b\x20\x01",
            b"\0\x05",
            b"\0\x20\xff\xff\xff\xff\x0f",
        ] {
            survey.look_at_bytes(bytes, crate::Features::default());
            assert_eq!(survey.locals, []);
        }
    }
}
