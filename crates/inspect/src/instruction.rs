//! Instructions as text: the operator's name, and its immediates with the names of what they mean.
//!
//! Apart from the operators because how immediates are written is a matter of those who show them; function bodies and constant
//! expressions are shown the same way.

use std::fmt::Write;
use std::ops::Range;

use wasmparser::{
    BlockType, BrTable, Catch, Handle, HeapType, Ieee32, Ieee64, MemArg, MemArgTarget, Operator,
    OperatorsReader, RefType, ResumeTable, TryTable, V128, ValType,
};

use crate::frames::reader;
use crate::index_names::IndexNames;
use crate::operator::{self, each_immediate_value};
use crate::type_words::{heap_type_words, type_words};

/// An instruction of a function body or constant expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// Its bytes in the file.
    pub range: Range<usize>,
    /// The name of the operator in the text format.
    pub name: &'static str,
    /// The immediates: numbers, and in angle brackets the names of the items that they are indices of.
    pub operands: String,
    /// How many blocks are around it; `else`, `catch` and `end` stand where their block does.
    pub nesting: u32,
}

/// Instructions that follow each other.
pub struct Instructions<'a> {
    ops: OperatorsReader<'a>,
    nesting: u32,
    func: Option<u32>,
    failed: bool,
}

impl<'a> Instructions<'a> {
    /// Those that fill a range of a file; of a function, if its locals are to be named.
    pub fn new(file: &'a [u8], range: Range<usize>, func: Option<u32>) -> Instructions<'a> {
        Instructions {
            ops: OperatorsReader::new(reader(file, range)),
            nesting: 0,
            func,
            failed: false,
        }
    }

    /// The next one; none behind the last.
    ///
    /// # Errors
    ///
    /// What stands there is no instruction, or blocks are left open. Nothing follows.
    pub fn next(&mut self, names: &IndexNames<'_>) -> Result<Option<Instruction>, crate::Fault> {
        if self.failed {
            return Ok(None);
        }
        if self.ops.eof() {
            self.failed = true;
            return match self.ops.finish() {
                Ok(()) => Ok(None),
                Err(error) => Err(error.into()),
            };
        }
        let start = self.ops.original_position() as usize;
        let op = match self.ops.read() {
            Ok(op) => op,
            Err(error) => {
                self.failed = true;
                return Err(error.into());
            }
        };
        let range = start..self.ops.original_position() as usize;
        let nesting = self.nest(&op);
        Ok(Some(Instruction {
            range,
            name: &operator::row(&op).name,
            operands: operands(&op, names, self.func),
            nesting,
        }))
    }

    /// Where the reader stands.
    pub fn offset(&self) -> usize {
        self.ops.original_position() as usize
    }

    fn nest(&mut self, op: &Operator<'_>) -> u32 {
        let outside = self.nesting.saturating_sub(1);
        match op {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. } => {
                self.nesting += 1;
                self.nesting - 1
            }
            Operator::Else | Operator::Catch { .. } | Operator::CatchAll => outside,
            Operator::End | Operator::Delegate { .. } => {
                self.nesting = outside;
                outside
            }
            _ => self.nesting,
        }
    }
}

/// The immediates as text.
pub(crate) fn operands(op: &Operator<'_>, names: &IndexNames<'_>, func: Option<u32>) -> String {
    let mut shown = Shown {
        text: String::new(),
        names,
        func,
    };
    let name_of = |immediate, index: u32| {
        let mut shown = Shown {
            text: String::new(),
            names,
            func,
        };
        index.show(immediate, &mut shown);
        shown.text
    };
    // Forms that scripts expect: the type of an indirect call behind its table, and names behind all numbers.
    match *op {
        Operator::CallIndirect {
            type_index,
            table_index,
        }
        | Operator::ReturnCallIndirect {
            type_index,
            table_index,
        } => {
            let table = name_of("table_index", table_index);
            return format!("{table} (type {})", name_of("type_index", type_index));
        }
        Operator::MemoryInit { data_index, mem } => {
            let data = name_of("data_index", data_index);
            let name = data.trim_start_matches(|c: char| c.is_ascii_digit());
            return format!("{data_index} {mem}{name}");
        }
        Operator::CallRef { type_index } | Operator::ReturnCallRef { type_index } => {
            return format!("(ref null {})", name_of("type_index", type_index));
        }
        _ => {}
    }
    each_immediate_value(op, &mut shown);
    shown.text
}

/// Immediates as they are written, one behind the other.
pub(crate) struct Shown<'s> {
    text: String,
    names: &'s IndexNames<'s>,
    func: Option<u32>,
}

impl Shown<'_> {
    fn word(&mut self, word: impl std::fmt::Display) {
        let space = if self.text.is_empty() { "" } else { " " };
        // Writing to a string does not fail.
        let _ = write!(self.text, "{space}{word}");
    }
}

/// How each kind of immediate is shown.
pub(crate) trait Show {
    /// Adds it to what is there already.
    fn show(&self, immediate: &'static str, shown: &mut Shown<'_>);
}

impl Show for u32 {
    fn show(&self, immediate: &'static str, shown: &mut Shown<'_>) {
        shown.word(self);
        let names = shown.names;
        let name = match (immediate, shown.func) {
            ("local_index", Some(func)) => names.local(func, *self).map(Into::into),
            // Memories are numbers to those who read disassembly, and the name would stand behind each access.
            ("mem" | "dst_mem" | "src_mem", _) => None,
            _ => operator::space_of(immediate).and_then(|space| names.get(space, *self)),
        };
        if let Some(name) = name {
            shown.word(format_args!("<{name}>"));
        }
    }
}

macro_rules! show_as_is {
    ($($ty:ty),*) => {
        $(impl Show for $ty {
            fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
                shown.word(self);
            }
        })*
    };
}
show_as_is!(u8);

impl Show for ValType {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        shown.word(type_words(self));
    }
}

impl Show for RefType {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        shown.word(type_words(self));
    }
}

impl Show for i32 {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        shown.word(self.cast_unsigned());
    }
}

impl Show for i64 {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        shown.word(self.cast_unsigned());
    }
}

impl Show for Ieee32 {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        shown.word(hex_float(u64::from(self.bits()), 8, 23));
    }
}

impl Show for Ieee64 {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        shown.word(hex_float(self.bits(), 11, 52));
    }
}

impl Show for V128 {
    fn show(&self, immediate: &'static str, shown: &mut Shown<'_>) {
        self.bytes().show(immediate, shown);
    }
}

impl Show for [u8; 16] {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        for lane in self.chunks_exact(4) {
            let number = lane
                .iter()
                .rev()
                .fold(0, |n, byte| n << 8 | u32::from(*byte));
            shown.word(format_args!("{number:#010x}"));
        }
    }
}

impl Show for MemArg {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        shown.word(self.align);
        match self.target {
            MemArgTarget::Memory(0) => {}
            MemArgTarget::Memory(memory) => shown.word(memory),
            MemArgTarget::Array(ty) => shown.word(format_args!("(type {ty})")),
        }
        shown.word(self.offset);
    }
}

impl Show for BlockType {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        match self {
            BlockType::Empty => {}
            BlockType::Type(ty) => shown.word(type_words(ty)),
            BlockType::FuncType(index) => shown.word(format_args!("type[{index}]")),
        }
    }
}

impl Show for BrTable<'_> {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        for target in self.targets().map_while(Result::ok) {
            shown.word(target);
        }
        shown.word(self.default());
    }
}

impl Show for TryTable {
    fn show(&self, immediate: &'static str, shown: &mut Shown<'_>) {
        self.ty.show(immediate, shown);
        for catch in &self.catches {
            let (word, tag, label) = match *catch {
                Catch::One { tag, label } => ("catch", Some(tag), label),
                Catch::OneRef { tag, label } => ("catch_ref", Some(tag), label),
                Catch::All { label } => ("catch_all", None, label),
                Catch::AllRef { label } => ("catch_all_ref", None, label),
            };
            shown.word(word);
            if let Some(tag) = tag {
                tag.show("tag_index", shown);
            }
            shown.word(label);
        }
    }
}

impl Show for ResumeTable {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        for handle in &self.handlers {
            match *handle {
                Handle::OnLabel { tag, label } => shown.word(format_args!("(on {tag} {label})")),
                Handle::OnSwitch { tag } => shown.word(format_args!("(on {tag} switch)")),
            }
        }
    }
}

impl Show for HeapType {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        shown.word(heap_type_words(self));
    }
}

impl Show for Vec<ValType> {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        self.iter().for_each(|ty| shown.word(type_words(ty)));
    }
}

impl Show for wasmparser::Ordering {
    fn show(&self, _: &'static str, shown: &mut Shown<'_>) {
        shown.word(match self {
            wasmparser::Ordering::SeqCst => 0,
            wasmparser::Ordering::AcqRel => 1,
        });
    }
}

/// A floating-point number as the text format writes it exactly: hexadecimal, `inf`, `nan` and `nan:0x...`.
fn hex_float(bits: u64, exponent_bits: u32, mantissa_bits: u32) -> String {
    let sign = if bits >> (exponent_bits + mantissa_bits) & 1 != 0 {
        "-"
    } else {
        ""
    };
    let max = (1_u64 << exponent_bits) - 1;
    let exponent = bits >> mantissa_bits & max;
    let mantissa = bits & ((1 << mantissa_bits) - 1);
    if exponent == max {
        let quiet = 1 << (mantissa_bits - 1);
        return match mantissa {
            0 => format!("{sign}inf"),
            _ if mantissa == quiet => format!("{sign}nan"),
            _ => format!("{sign}nan:{mantissa:#x}"),
        };
    }
    if exponent == 0 && mantissa == 0 {
        return format!("{sign}0x0p+0");
    }
    let bias = (max >> 1) as i64;
    // Subnormal numbers are shown as normal ones with a smaller exponent.
    let (exponent, mantissa) = if exponent == 0 {
        let shift = mantissa.leading_zeros() - (63 - mantissa_bits);
        let normal = mantissa << shift & ((1 << mantissa_bits) - 1);
        (1 - bias - i64::from(shift), normal)
    } else {
        (exponent as i64 - bias, mantissa)
    };
    // Digits of four bits, without the zeros at the end.
    let digits = mantissa_bits.div_ceil(4);
    let text = format!(
        "{:0width$x}",
        mantissa << (digits * 4 - mantissa_bits),
        width = digits as usize
    );
    let text = text.trim_end_matches('0');
    let dot = if text.is_empty() { "" } else { "." };
    format!("{sign}0x1{dot}{text}p{exponent:+}")
}

#[cfg(test)]
mod tests {
    use super::hex_float;

    #[test]
    fn floats_are_hexadecimal() {
        let check = |number: f64, text| assert_eq!(hex_float(number.to_bits(), 11, 52), text);
        check(0.0, "0x0p+0");
        check(-0.0, "-0x0p+0");
        check(-0.5, "-0x1p-1");
        check(std::f64::consts::TAU, "0x1.921fb54442d18p+2");
        check(f64::INFINITY, "inf");
        check(f64::from_bits(1), "0x1p-1074");
        check(f64::from_bits(3), "0x1.8p-1073");
        let check =
            |number: f32, text| assert_eq!(hex_float(u64::from(number.to_bits()), 8, 23), text);
        check(3.0, "0x1.8p+1");
        check(f32::MAX, "0x1.fffffep+127");
        check(f32::from_bits(0x7f80_0abc), "nan:0xabc");
        check(f32::from_bits(0xffc0_0000), "-nan");
    }
}
