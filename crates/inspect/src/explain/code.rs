//! Function bodies and constant expressions, instruction by instruction.
//!
//! Apart from the sections because the parser decides what an instruction is and where it ends; here its bytes are told apart.

use wasmparser::OperatorsReader;

use super::sections::Items;
use super::walker::{Fault, Step, Walker};
use crate::index_names::Space;
use crate::operator::{self, ImmediateKind, space_of};
use crate::type_words::heap_type_words;

impl<'a> Walker<'a, '_> {
    /// A function body.
    pub(super) fn body(&mut self, items: &mut Items<'a>) -> Step {
        let func = items.next_body;
        items.next_body = func.saturating_add(1);
        let (label, name) = items.label("function", Space::Func, func);
        self.group_noted(&label, &name, |w| {
            let size = w.u32("size")? as usize;
            if size > w.left() {
                return Err(Fault::new("the body goes on behind the end of the section"));
            }
            w.within(size, |w| {
                w.list("groups of locals", |w, _| {
                    w.u32("locals")?;
                    w.val_type("type")
                })?;
                let items = Code {
                    items,
                    func: Some(func),
                };
                w.instructions(&items, |w, _| w.eof())
            });
            Ok(())
        })
    }

    /// A constant expression, its `end` included.
    pub(super) fn expression(&mut self, meaning: &str, items: &Items<'_>) -> Step {
        let items = Code { items, func: None };
        self.group(meaning, |w| w.instructions(&items, |_, is_end| is_end))
    }

    /// Instructions up to the one behind which `is_last` says so.
    fn instructions(
        &mut self,
        items: &Code<'_, '_>,
        is_last: impl Fn(&Self, bool) -> bool,
    ) -> Step {
        let mut ops = OperatorsReader::new(self.reader.clone());
        loop {
            let op = ops.read()?;
            let end = ops.original_position() as usize;
            self.instruction(&op, end, items)?;
            let is_end = matches!(op, wasmparser::Operator::End);
            if is_last(self, is_end) {
                // The parser knows whether all blocks are closed.
                return if ops.eof() { Ok(ops.finish()?) } else { Ok(()) };
            }
        }
    }

    fn instruction(
        &mut self,
        op: &wasmparser::Operator<'_>,
        end: usize,
        items: &Code<'_, '_>,
    ) -> Step {
        let start = self.at();
        self.take(|reader| match reader.read_u8()? {
            0xfb.. => reader.read_var_u32().map(drop),
            _ => Ok(()),
        })?;
        let name = &operator::row(op).name;
        self.told(start, name, "");
        if self.at() < end {
            let len = end - self.at();
            self.deeper(|w| w.within(len, |w| w.immediates(op, items)));
        }
        Ok(())
    }

    fn immediates(&mut self, op: &wasmparser::Operator<'_>, items: &Code<'_, '_>) -> Step {
        use wasmparser::Operator as O;
        if let O::BrOnCast { .. }
        | O::BrOnCastFail { .. }
        | O::BrOnCastDescEq { .. }
        | O::BrOnCastDescEqFail { .. } = op
        {
            self.byte("flags", |flags| {
                let word = |bit| ["not null", "nullable"][usize::from(flags & bit != 0)];
                format!("from {}, to {}", word(1), word(2))
            })?;
            self.u32("label")?;
            self.heap_type("from")?;
            return self.heap_type("to");
        }
        let mut list: [Option<(&str, ImmediateKind)>; 6] = [None; 6];
        let mut n = 0;
        operator::each_immediate(op, |name, kind| {
            if let Some(slot) = list.get_mut(n) {
                *slot = Some((name, kind));
            }
            n += 1;
        });
        list.into_iter()
            .flatten()
            .try_for_each(|(name, kind)| self.immediate(name, kind, items))
    }

    fn immediate(&mut self, name: &str, kind: ImmediateKind, items: &Code<'_, '_>) -> Step {
        match kind {
            ImmediateKind::Index => {
                let meaning = meaning_of(name);
                self.u32_noted(meaning, |index| items.note(name, index))
                    .map(drop)
            }
            ImmediateKind::Lane => self.byte("lane", |_| String::new()).map(drop),
            ImmediateKind::I32 => self.s32("value"),
            ImmediateKind::I64 => self.s64("value"),
            ImmediateKind::F32 => self.f32("value"),
            ImmediateKind::F64 => self.f64("value"),
            ImmediateKind::V128 => self.raw("value", 16).map(drop),
            ImmediateKind::MemArg => self.memory_argument(items),
            ImmediateKind::BlockType => self.block_type(),
            ImmediateKind::BrTable => {
                self.list("labels", |w, _| w.u32("label").map(drop))?;
                self.u32("default label").map(drop)
            }
            ImmediateKind::TryTable => {
                self.block_type()?;
                self.list("catches", |w, _| w.catch(items))
            }
            ImmediateKind::ResumeTable => self.list("handlers", |w, _| {
                let kind = w.choice("handler", &["on a tag", "on a switch"])?;
                w.u32_noted("tag", |tag| items.note("tag_index", tag))?;
                if kind == 0 {
                    w.u32("label")?;
                }
                Ok(())
            }),
            ImmediateKind::HeapType => {
                self.typed("heap type", heap_type_words)?;
                Ok(())
            }
            ImmediateKind::RefType => self.ref_type("type"),
            ImmediateKind::ValType | ImmediateKind::ValTypes => {
                self.list("types", |w, _| w.val_type("type"))
            }
            ImmediateKind::Lanes => {
                (0..16).try_for_each(|_| self.byte("lane", |_| String::new()).map(drop))
            }
            ImmediateKind::Ordering => self
                .choice(
                    "ordering",
                    &["sequentially consistent", "acquire and release"],
                )
                .map(drop),
        }
    }

    fn memory_argument(&mut self, items: &Code<'_, '_>) -> Step {
        let flags = self.u32_noted("alignment", |flags| {
            let bytes = 1_u64.checked_shl(flags & 0xf).unwrap_or(0);
            let memory = ["", ", memory by index"][usize::from(flags & 0x40 != 0)];
            format!("{bytes} bytes{memory}")
        })?;
        if flags & 0x40 != 0 {
            self.u32_noted("memory", |memory| items.note("mem", memory))?;
        } else if flags & 0x20 != 0 {
            self.u32_noted("array type", |ty| items.note("type_index", ty))?;
        }
        if flags & 0x10 != 0 {
            self.byte("ordering", |_| String::new())?;
        }
        self.u64("offset").map(drop)
    }

    fn block_type(&mut self) -> Step {
        // No parser type reads a block type alone; its three forms are told apart by their first byte.
        match self.peek() {
            Some(0x40) => self.marker("no parameters, no results").map(drop),
            Some(byte) if byte & 0xc0 == 0x40 => self.val_type("result"),
            _ => {
                let start = self.at();
                let index = self.take(wasmparser::BinaryReader::read_var_s33)?;
                self.told(start, "block type", &format!("type {index}"));
                Ok(())
            }
        }
    }

    fn catch(&mut self, items: &Code<'_, '_>) -> Step {
        let kinds = ["catch", "catch_ref", "catch_all", "catch_all_ref"];
        if self.choice("catch", &kinds)? < 2 {
            self.u32_noted("tag", |tag| items.note("tag_index", tag))?;
        }
        self.u32("label").map(drop)
    }
}

/// Where instructions stand, for the names of what they use.
struct Code<'i, 'a> {
    items: &'i Items<'a>,
    func: Option<u32>,
}

impl Code<'_, '_> {
    fn note(&self, immediate: &str, index: u32) -> String {
        match (immediate, self.func) {
            ("local_index", Some(func)) => self.items.local(func, index),
            _ => space_of(immediate).map_or(String::new(), |space| self.items.name(space, index)),
        }
    }
}

/// The word for an immediate.
fn meaning_of(immediate: &str) -> &str {
    match immediate {
        "function_index" => "function",
        "global_index" => "global",
        "local_index" => "local",
        "tag_index" => "tag",
        "table_index" => "table",
        "mem" => "memory",
        "dst_mem" => "destination memory",
        "src_mem" => "source memory",
        "dst_table" => "destination table",
        "src_table" => "source table",
        "elem_index" | "array_elem_index" => "element segment",
        "data_index" | "array_data_index" => "data segment",
        "field_index" => "field",
        "relative_depth" => "label",
        "array_size" => "elements",
        "array_type_index_dst" => "destination type",
        "array_type_index_src" => "source type",
        _ if space_of(immediate) == Some(Space::Type) => "type",
        _ => immediate,
    }
}
