//! The frame of a file: what it is, its sections, and what is in those of core modules.
//!
//! Apart from the values themselves because the next section begins where this one says, whatever is wrong inside.

use std::ops::Range;

use super::walker::{Fault, Step, Walker};
use crate::frames::{DEPTH_MAX, FrameKind, component_section, kind_of, module_section};
use crate::index_names::{IndexNames, Space};

/// Longer names are cut off where they only help to know what an index means.
const NAME_MAX: usize = 200;

/// What is known of a core module while its sections are read.
pub(super) struct Items<'a> {
    names: IndexNames<'a>,
    /// The next index of each kind, by [`Space`].
    next: [u32; 8],
    /// The next function that has a body.
    pub(super) next_body: u32,
}

impl<'a> Items<'a> {
    fn new(names: IndexNames<'a>) -> Items<'a> {
        Items {
            next_body: names.imported_funcs(),
            names,
            next: [0; 8],
        }
    }

    /// Gives the next item its index.
    pub(super) fn add(&mut self, space: Space) -> u32 {
        let next = &mut self.next[space as usize];
        let index = *next;
        *next = next.saturating_add(1);
        index
    }

    /// The name of an item, short enough to stand beside its index.
    pub(super) fn name(&self, space: Space, index: u32) -> String {
        self.names
            .get(space, index)
            .map_or(String::new(), |name| shortened(&name))
    }

    pub(super) fn local(&self, func: u32, local: u32) -> String {
        self.names
            .local(func, local)
            .map_or(String::new(), shortened)
    }

    /// `function 3`, with its name.
    pub(super) fn label(&self, what: &str, space: Space, index: u32) -> (String, String) {
        (format!("{what} {index}"), self.name(space, index))
    }
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(NAME_MAX) {
        Some((end, _)) => format!("<{}...>", &name[..end]),
        None => format!("<{name}>"),
    }
}

impl<'a> Walker<'a, '_> {
    /// The whole file.
    pub(super) fn file(&mut self) {
        let kind = kind_of(self.file);
        let all = self.left();
        self.within(all, |w| match kind {
            Some(FrameKind::Module) => w.module(),
            Some(FrameKind::Component) => w.component(0),
            None => Err(Fault::new(
                "expected the beginning of a module or component: 00 61 73 6d and a version",
            )),
        });
    }

    fn preamble(&mut self, layer: &str) -> Step {
        self.fixed_noted("magic number", 4, "\\0asm")?;
        self.fixed("version", 2)?;
        self.fixed_noted("layer", 2, layer)
    }

    fn fixed_noted(&mut self, meaning: &str, len: usize, note: &str) -> Step {
        let start = self.at();
        self.take(|reader| reader.read_bytes(len))?;
        self.told(start, meaning, note);
        Ok(())
    }

    pub(super) fn module(&mut self) -> Step {
        let range: Range<usize> = self.at()..self.at() + self.left();
        self.group("module", |w| {
            w.preamble("core module")?;
            let mut items = Items::new(IndexNames::read(w.file, range));
            while !w.eof() {
                w.section(&module_section, |w, id| w.module_section(id, &mut items))?;
            }
            Ok(())
        })
    }

    pub(super) fn component(&mut self, depth: usize) -> Step {
        if depth > DEPTH_MAX {
            return Err(Fault::new("components are nested too deep"));
        }
        self.group("component", |w| {
            w.preamble("component")?;
            while !w.eof() {
                w.section(&component_section, |w, id| w.component_section(id, depth))?;
            }
            Ok(())
        })
    }

    fn section(
        &mut self,
        name: &dyn Fn(u8) -> &'static str,
        contents: impl FnOnce(&mut Self, u8) -> Step,
    ) -> Step {
        let id = self.peek().unwrap_or(0);
        self.group(&format!("{} section", name(id)), |w| {
            w.byte("section", |id| name(id).to_owned())?;
            let size = w.u32("size")?;
            w.within(size as usize, |w| contents(w, id));
            Ok(())
        })
    }

    fn module_section(&mut self, id: u8, items: &mut Items<'a>) -> Step {
        match id {
            0 => self.custom(items),
            1 => self.list("types", |w, _| w.rec_group(items)),
            2 => self.list("imports", |w, _| w.import(items)),
            3 => self.list("functions", |w, _| {
                let index = items.add(Space::Func);
                let meaning = format!("type of function {index}");
                w.u32_noted(&meaning, |_| items.name(Space::Func, index))?;
                Ok(())
            }),
            4 => self.list("tables", |w, _| w.table(items)),
            5 => self.list("memories", |w, _| {
                let index = items.add(Space::Memory);
                let (label, name) = items.label("memory", Space::Memory, index);
                w.group_noted(&label, &name, Walker::limits)
            }),
            6 => self.list("globals", |w, _| {
                let index = items.add(Space::Global);
                let (label, name) = items.label("global", Space::Global, index);
                w.group_noted(&label, &name, |w| {
                    w.global_type()?;
                    w.expression("initial value", items)
                })
            }),
            7 => self.list("exports", |w, i| w.export(i, items)),
            8 => {
                self.u32_noted("function to call", |func| items.name(Space::Func, func))?;
                Ok(())
            }
            9 => self.list("segments", |w, _| w.element_segment(items)),
            10 => self.list("bodies", |w, _| w.body(items)),
            11 => self.list("segments", |w, _| w.data_segment(items)),
            12 => self.u32("data segments").map(drop),
            13 => self.list("tags", |w, _| {
                let index = items.add(Space::Tag);
                let (label, name) = items.label("tag", Space::Tag, index);
                w.group_noted(&label, &name, Walker::tag_type)
            }),
            _ => Err(Fault::new(format!("section {id} has no meaning"))),
        }
    }

    fn export(&mut self, i: u32, items: &Items<'_>) -> Step {
        self.group(&format!("export {i}"), |w| {
            w.name("name")?;
            let kind = w.external_kind()?;
            w.u32_noted("index", |index| {
                space_of(kind).map_or(String::new(), |space| items.name(space, index))
            })?;
            Ok(())
        })
    }

    fn data_segment(&mut self, items: &mut Items<'a>) -> Step {
        let index = items.add(Space::Data);
        let (label, name) = items.label("data segment", Space::Data, index);
        self.group_noted(&label, &name, |w| {
            let mode = w.u32_noted("mode", |mode| {
                match mode {
                    0 => "active, memory 0",
                    1 => "passive",
                    2 => "active, memory by index",
                    _ => "",
                }
                .to_owned()
            })?;
            if mode > 2 {
                return Err(Fault::new("invalid flags of a data segment"));
            }
            if mode == 2 {
                w.u32_noted("memory", |memory| items.name(Space::Memory, memory))?;
            }
            if mode != 1 {
                w.expression("offset", items)?;
            }
            let len = w.u32("bytes")? as usize;
            if len > w.left() {
                return Err(Fault::new("the bytes go on behind the end of the section"));
            }
            w.raw("contents", len)?;
            Ok(())
        })
    }

    fn element_segment(&mut self, items: &mut Items<'a>) -> Step {
        let index = items.add(Space::Elem);
        let (label, name) = items.label("element segment", Space::Elem, index);
        self.group_noted(&label, &name, |w| {
            let flags = w.u32_noted("flags", |flags| {
                let mode = match flags & 3 {
                    0 => "active, table 0",
                    1 => "passive",
                    2 => "active, table by index",
                    _ => "declarative",
                };
                let items = ["functions", "expressions"][usize::from(flags & 4 != 0)];
                format!("{mode}, {items}")
            })?;
            if flags > 7 {
                return Err(Fault::new("invalid flags of an element segment"));
            }
            if flags & 3 == 2 {
                w.u32_noted("table", |table| items.name(Space::Table, table))?;
            }
            if flags & 1 == 0 {
                w.expression("offset", items)?;
            }
            let are_expressions = flags & 4 != 0;
            if flags & 3 != 0 && are_expressions {
                w.ref_type("type")?;
            } else if flags & 3 != 0 {
                w.choice("kind", &["function"])?;
            }
            w.list("elements", |w, i| {
                if are_expressions {
                    return w.expression(&format!("element {i}"), items);
                }
                w.u32_noted("function", |func| items.name(Space::Func, func))?;
                Ok(())
            })
        })
    }
}

/// The indices that an external kind's byte stands for.
pub(super) fn space_of(kind: u8) -> Option<Space> {
    Some(match kind & 0x1f {
        0 => Space::Func,
        1 => Space::Table,
        2 => Space::Memory,
        3 => Space::Global,
        4 => Space::Tag,
        _ => return None,
    })
}
