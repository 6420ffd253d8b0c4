//! Types, imports and limits of core modules.
//!
//! Apart from the sections because components have them, too.

use wasmparser::{RefType, StorageType, ValType};

use super::sections::{Items, space_of};
use super::walker::{Fault, Step, Walker};
use crate::index_names::Space;
use crate::type_words::{heap_type_words, type_words};

impl<'a> Walker<'a, '_> {
    /// What one entry of a type section defines: a type, or several that refer to each other.
    pub(super) fn rec_group(&mut self, items: &mut Items<'a>) -> Step {
        if self.peek() != Some(0x4e) {
            return self.sub_type(items);
        }
        self.group("recursive types", |w| {
            w.marker("recursive group")?;
            w.list("types", |w, _| w.sub_type(items))
        })
    }

    fn sub_type(&mut self, items: &mut Items<'a>) -> Step {
        let index = items.add(Space::Type);
        let (label, name) = items.label("type", Space::Type, index);
        self.group_noted(&label, &name, Walker::any_type)
    }

    /// A type without its place in the section.
    pub(super) fn any_type(&mut self) -> Step {
        if let Some(form @ (0x4f | 0x50)) = self.peek() {
            self.marker(["final subtype", "open subtype"][usize::from(form == 0x50)])?;
            self.list("supertypes", |w, _| w.u32("supertype").map(drop))?;
        }
        if self.peek() == Some(0x65) {
            self.marker("shared")?;
        }
        if self.peek() == Some(0x4c) {
            self.marker("describes")?;
            self.u32("described type")?;
        }
        if self.peek() == Some(0x4d) {
            self.marker("has a descriptor")?;
            self.u32("descriptor type")?;
        }
        match self.peek() {
            Some(0x60) => {
                self.marker("function type")?;
                self.list("parameters", |w, _| w.val_type("parameter"))?;
                self.list("results", |w, _| w.val_type("result"))
            }
            Some(0x5f) => {
                self.marker("struct type")?;
                self.list("fields", |w, _| w.field("field"))
            }
            Some(0x5e) => {
                self.marker("array type")?;
                self.field("elements")
            }
            Some(0x5d) => {
                self.marker("continuation type")?;
                self.heap_type("function type")
            }
            Some(byte) => Err(Fault::new(format!("{byte:#04x} is the form of no type"))),
            None => Err(Fault::new("expected a type")),
        }
    }

    fn field(&mut self, meaning: &str) -> Step {
        self.typed(meaning, |ty: &StorageType| type_words(ty))?;
        self.choice("mutability", &["constant", "mutable"])?;
        Ok(())
    }

    pub(super) fn val_type(&mut self, meaning: &str) -> Step {
        self.typed(meaning, |ty: &ValType| type_words(ty))?;
        Ok(())
    }

    pub(super) fn ref_type(&mut self, meaning: &str) -> Step {
        self.typed(meaning, |ty: &RefType| type_words(ty))?;
        Ok(())
    }

    pub(super) fn heap_type(&mut self, meaning: &str) -> Step {
        self.typed(meaning, heap_type_words)?;
        Ok(())
    }

    pub(super) fn external_kind(&mut self) -> Step<u8> {
        match self.peek() {
            Some(0x20) => self.byte("kind", |_| "function of this exact type".to_owned()),
            _ => self.choice("kind", &["function", "table", "memory", "global", "tag"]),
        }
    }

    pub(super) fn import(&mut self, items: &mut Items<'a>) -> Step {
        self.group("import", |w| {
            w.name("module")?;
            let name = w.name("name")?;
            match (name, w.peek()) {
                ("", Some(0x7f)) => {
                    w.marker("several imports of one module")?;
                    w.list("imports", |w, _| {
                        w.name("name")?;
                        w.entity(items)
                    })
                }
                ("", Some(0x7e)) => {
                    w.marker("several imports of one module and type")?;
                    let kind = w.peek().unwrap_or(0);
                    w.external_type()?;
                    w.list("imports", |w, _| {
                        if let Some(space) = space_of(kind) {
                            items.add(space);
                        }
                        w.name("name").map(drop)
                    })
                }
                _ => w.entity(items),
            }
        })
    }

    fn entity(&mut self, items: &mut Items<'a>) -> Step {
        if let Some(space) = self.peek().and_then(space_of) {
            items.add(space);
        }
        self.external_type()
    }

    /// A kind with the type that belongs to it.
    pub(super) fn external_type(&mut self) -> Step {
        match self.external_kind()? & 0x1f {
            0 => self.u32("type").map(drop),
            1 => {
                self.ref_type("elements")?;
                self.limits()
            }
            2 => self.limits(),
            3 => self.global_type(),
            _ => self.tag_type(),
        }
    }

    pub(super) fn table(&mut self, items: &mut Items<'a>) -> Step {
        let index = items.add(Space::Table);
        let (label, name) = items.label("table", Space::Table, index);
        self.group_noted(&label, &name, |w| {
            let has_value = w.peek() == Some(0x40);
            if has_value {
                w.marker("with an initial value")?;
                w.choice("reserved", &[""])?;
            }
            w.ref_type("elements")?;
            w.limits()?;
            if has_value {
                w.expression("initial value", items)?;
            }
            Ok(())
        })
    }

    /// The limits of a memory or table.
    pub(super) fn limits(&mut self) -> Step {
        const WORDS: [&str; 4] = ["with maximum", "shared", "64-bit", "page size given"];
        if let Some(flags) = self.peek().filter(|flags| *flags > 0xf) {
            return Err(Fault::new(format!("invalid limits flags {flags:#04x}")));
        }
        let flags = self.byte("limits", |flags| {
            let set = WORDS
                .iter()
                .enumerate()
                .filter(|(bit, _)| flags >> bit & 1 != 0);
            set.map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
        })?;
        self.u64("minimum")?;
        if flags & 1 != 0 {
            self.u64("maximum")?;
        }
        if flags & 8 != 0 {
            self.u32_noted("page size", |log2| {
                1_u64
                    .checked_shl(log2)
                    .map_or(String::new(), |bytes| format!("{bytes} bytes"))
            })?;
        }
        Ok(())
    }

    pub(super) fn global_type(&mut self) -> Step {
        self.val_type("type")?;
        self.choice(
            "mutability",
            &["constant", "mutable", "constant, shared", "mutable, shared"],
        )?;
        Ok(())
    }

    pub(super) fn tag_type(&mut self) -> Step {
        self.choice("attribute", &["exception"])?;
        self.u32("type").map(drop)
    }
}
