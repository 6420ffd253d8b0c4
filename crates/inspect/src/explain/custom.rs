//! Custom sections whose form is agreed upon: names, producers, features, branch hints, and where debug information is.
//!
//! Apart from the others because nothing depends on them: what is not known is shown as it is. Those of linkers are a file of their own.

use super::sections::{Items, space_of};
use super::walker::{Step, Walker};
use crate::index_names::Space;

impl<'a> Walker<'a, '_> {
    /// A custom section of a core module.
    pub(super) fn custom(&mut self, items: &Items<'a>) -> Step {
        let name = self.name("name")?;
        match name {
            "name" => self.subsections(&name_subsection, |w, id| w.names(id, items)),
            "metadata.code.branch_hint" => self.list("functions", |w, _| {
                w.u32_noted("function", |func| items.name(Space::Func, func))?;
                w.list("hints", |w, _| {
                    w.u32("offset in the body")?;
                    w.u32("bytes")?;
                    w.choice("branch", &["unlikely", "likely"]).map(drop)
                })
            }),
            "linking" => self.linking(items),
            "dylink.0" => self.dylink(),
            _ if name.starts_with("reloc.") => self.relocations(),
            _ => self.any_custom(name),
        }
    }

    /// A custom section of a component.
    pub(super) fn custom_of_component(&mut self) -> Step {
        let name = self.name("name")?;
        match name {
            "component-name" => self.subsections(&component_name_subsection, |w, id| match id {
                0 => w.name("name").map(drop),
                1 => {
                    w.sort()?;
                    w.name_map("item", |_| String::new())
                }
                _ => w.rest("contents"),
            }),
            _ => self.any_custom(name),
        }
    }

    /// One that core modules and components have.
    fn any_custom(&mut self, name: &str) -> Step {
        match name {
            "producers" => self.list("fields", |w, _| {
                w.group("field", |w| {
                    w.name("name")?;
                    w.list("values", |w, _| {
                        w.name("name")?;
                        w.name("version").map(drop)
                    })
                })
            }),
            "target_features" => self.list("features", |w, _| {
                w.byte("prefix", |prefix| {
                    match prefix {
                        b'+' => "used",
                        b'-' => "not allowed",
                        b'=' => "required",
                        _ => "",
                    }
                    .to_owned()
                })?;
                w.name("feature").map(drop)
            }),
            "sourceMappingURL" | "external_debug_info" => self.name("address").map(drop),
            "build_id" => {
                let len = self.u32("length")? as usize;
                self.raw("build id", len).map(drop)
            }
            _ => self.rest("contents"),
        }
    }

    /// Parts of a section that each have a number and a size.
    pub(super) fn subsections(
        &mut self,
        name: &dyn Fn(u8) -> &'static str,
        mut contents: impl FnMut(&mut Self, u8) -> Step,
    ) -> Step {
        while !self.eof() {
            let id = self.peek().unwrap_or(0);
            self.group(name(id), |w| {
                w.byte("subsection", |id| name(id).to_owned())?;
                let size = w.u32("size")?;
                w.within(size as usize, |w| contents(w, id));
                Ok(())
            })?;
        }
        Ok(())
    }

    fn names(&mut self, id: u8, items: &Items<'_>) -> Step {
        const SPACES: [Option<Space>; 12] = [
            None,
            Some(Space::Func),
            None,
            None,
            Some(Space::Type),
            Some(Space::Table),
            Some(Space::Memory),
            Some(Space::Global),
            Some(Space::Elem),
            Some(Space::Data),
            None,
            Some(Space::Tag),
        ];
        match id {
            0 => self.name("name").map(drop),
            1 | 4..=9 | 11 => {
                let word = SPACES[usize::from(id)].map_or("item", word);
                self.name_map(word, |_| String::new())
            }
            2 | 3 | 10 => {
                let (outer, inner) = [
                    ("function", "local"),
                    ("function", "label"),
                    ("type", "field"),
                ][usize::from(id == 3) + 2 * usize::from(id == 10)];
                let space = if id == 10 { Space::Type } else { Space::Func };
                self.list("groups", |w, _| {
                    w.u32_noted(outer, |index| items.name(space, index))?;
                    w.name_map(inner, |_| String::new())
                })
            }
            _ => self.rest("contents"),
        }
    }

    fn name_map(&mut self, what: &str, note: impl Fn(u32) -> String) -> Step {
        self.list("names", |w, _| {
            w.u32_noted(what, &note)?;
            w.name("name").map(drop)
        })
    }
}

/// The word for an item.
pub(super) fn word(space: Space) -> &'static str {
    match space {
        Space::Func => "function",
        Space::Type => "type",
        Space::Table => "table",
        Space::Memory => "memory",
        Space::Global => "global",
        Space::Elem => "element segment",
        Space::Data => "data segment",
        Space::Tag => "tag",
    }
}

fn name_subsection(id: u8) -> &'static str {
    const NAMES: [&str; 12] = [
        "name of the module",
        "names of functions",
        "names of locals",
        "names of labels",
        "names of types",
        "names of tables",
        "names of memories",
        "names of globals",
        "names of element segments",
        "names of data segments",
        "names of fields",
        "names of tags",
    ];
    NAMES
        .get(usize::from(id))
        .copied()
        .unwrap_or("unknown subsection")
}

fn component_name_subsection(id: u8) -> &'static str {
    match id {
        0 => "name of the component",
        1 => "names of items",
        _ => "unknown subsection",
    }
}

/// The name of what an index of a symbol belongs to.
pub(super) fn symbol_space(kind: u8) -> Option<Space> {
    match kind {
        0 => space_of(0),
        2 => space_of(3),
        4 => space_of(4),
        5 => space_of(1),
        _ => None,
    }
}
