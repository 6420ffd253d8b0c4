//! Operators without code here: whoever compiles with this compiler has another one that knows them.
//!
//! Apart because it shrinks to nothing.

use crate::emitter::Emitter;
use module::MemArg;

impl Emitter<'_> {
    fn unknown(&mut self) {
        self.limit = Some("the function has an operator that this compiler does not know");
        self.reachable = false;
    }

    pub(crate) fn vector_const(&mut self, _: u128) {
        self.unknown();
    }

    pub(crate) fn lane(&mut self, _: ops::Lane, _: u8) {
        self.unknown();
    }

    pub(crate) fn shuffle(&mut self, _: [u8; 16]) {
        self.unknown();
    }

    pub(crate) fn load_lane(&mut self, _: ops::LoadLane, _: MemArg, _: u8) {
        self.unknown();
    }

    pub(crate) fn store_lane(&mut self, _: ops::StoreLane, _: MemArg, _: u8) {
        self.unknown();
    }

    pub(crate) fn load_vector(&mut self, _: ops::Load, _: MemArg) {
        self.unknown();
    }

    pub(crate) fn atomic(&mut self, _: ops::Atomic, _: MemArg) {
        self.unknown();
    }
}
