//! The types of components, and the types of core modules that components import.
//!
//! Apart from the sections because types contain types; how deep is limited.

use wasmparser::ComponentValType;

use super::walker::{Fault, Step, Walker};

/// Types that are nested deeper are not read, as validation does not.
const DEPTH_MAX: u32 = 100;

impl Walker<'_, '_> {
    /// What follows a name: the sort of an item, and its type.
    pub(super) fn extern_type(&mut self) -> Step {
        let sort = self.peek();
        self.sort()?;
        match sort {
            Some(2) => self.component_val_type("type"),
            Some(3) => match self.choice("bound", &["equal to", "any resource"])? {
                0 => self.u32("type").map(drop),
                _ => Ok(()),
            },
            _ => self.u32("type").map(drop),
        }
    }

    fn component_val_type(&mut self, meaning: &str) -> Step {
        self.typed(meaning, |ty: &ComponentValType| match ty {
            ComponentValType::Primitive(ty) => ty.to_string(),
            ComponentValType::Type(index) => format!("type {index}"),
        })?;
        Ok(())
    }

    fn optional_val_type(&mut self, meaning: &str) -> Step {
        match self.choice(meaning, &["none", "given"])? {
            0 => Ok(()),
            _ => self.component_val_type("type"),
        }
    }

    /// The results of a function.
    pub(super) fn results(&mut self) -> Step {
        match self.choice("results", &["one", "none"])? {
            0 => self.component_val_type("result"),
            _ => self.choice("reserved", &[""]).map(drop),
        }
    }

    pub(super) fn component_type(&mut self, depth: u32) -> Step {
        if depth > DEPTH_MAX {
            return Err(Fault::new("types are nested too deep"));
        }
        match self.peek() {
            Some(0x3f) => {
                self.marker("resource type")?;
                self.val_type("representation")?;
                match self.choice("destructor", &["none", "given"])? {
                    0 => Ok(()),
                    _ => self.u32("core function").map(drop),
                }
            }
            Some(form @ (0x40 | 0x43)) => {
                self.marker(["function type", "async function type"][usize::from(form == 0x43)])?;
                self.list("parameters", |w, _| {
                    w.name("name")?;
                    w.component_val_type("type")
                })?;
                self.results()
            }
            Some(0x41) => {
                self.marker("component type")?;
                self.declarations(depth)
            }
            Some(0x42) => {
                self.marker("instance type")?;
                self.declarations(depth)
            }
            Some(form) => self.defined_type(form),
            None => Err(Fault::new("expected a type")),
        }
    }

    fn declarations(&mut self, depth: u32) -> Step {
        const WORDS: [&str; 5] = ["core type", "type", "alias", "import", "export"];
        self.list("declarations", |w, _| {
            w.group("declaration", |w| {
                match w.choice("declaration", &WORDS)? {
                    0 => w.core_type(depth + 1),
                    1 => w.component_type(depth + 1),
                    2 => w.alias(),
                    _ => {
                        w.extern_name()?;
                        w.extern_type()
                    }
                }
            })
        })
    }

    fn defined_type(&mut self, form: u8) -> Step {
        let fields = |w: &mut Self, _| {
            w.name("name")?;
            w.component_val_type("type")
        };
        let names = |w: &mut Self, _| w.name("name").map(drop);
        match form {
            0x72 => {
                self.marker("record")?;
                self.list("fields", fields)
            }
            0x71 => {
                self.marker("variant")?;
                self.list("cases", |w, _| {
                    w.name("name")?;
                    w.optional_val_type("contents")?;
                    w.choice("reserved", &[""]).map(drop)
                })
            }
            0x6f => {
                self.marker("tuple")?;
                self.list("members", |w, _| w.component_val_type("type"))
            }
            0x6e => {
                self.marker("flags")?;
                self.list("flags", names)
            }
            0x6d => {
                self.marker("enum")?;
                self.list("cases", names)
            }
            0x70 => {
                self.marker("list")?;
                self.component_val_type("elements")
            }
            0x67 => {
                self.marker("list of a fixed length")?;
                self.component_val_type("elements")?;
                self.u32("length").map(drop)
            }
            0x63 => {
                self.marker("map")?;
                self.component_val_type("keys")?;
                self.component_val_type("values")
            }
            0x6b => {
                self.marker("option")?;
                self.component_val_type("contents")
            }
            0x6a => {
                self.marker("result")?;
                self.optional_val_type("ok")?;
                self.optional_val_type("error")
            }
            0x69 | 0x68 => {
                self.marker(["borrow", "own"][usize::from(form == 0x69)])?;
                self.u32("resource").map(drop)
            }
            0x66 | 0x65 => {
                self.marker(["future", "stream"][usize::from(form == 0x66)])?;
                self.optional_val_type("contents")
            }
            _ => self.component_val_type("primitive type"),
        }
    }

    /// A core type as components declare it: the type of a module, or one of the core's own.
    pub(super) fn core_type(&mut self, depth: u32) -> Step {
        if depth > DEPTH_MAX {
            return Err(Fault::new("types are nested too deep"));
        }
        match self.peek() {
            Some(0x50) => {
                self.marker("module type")?;
                self.list("declarations", |w, _| {
                    w.group("declaration", Walker::module_declaration)
                })
            }
            // An open subtype has a byte before it, because its own is taken by module types.
            Some(0x00) => {
                self.marker("core type")?;
                self.any_type()
            }
            _ => self.types_of_group(),
        }
    }

    fn types_of_group(&mut self) -> Step {
        if self.peek() != Some(0x4e) {
            return self.any_type();
        }
        self.marker("recursive group")?;
        self.list("types", |w, _| w.any_type())
    }

    fn module_declaration(&mut self) -> Step {
        match self.choice("declaration", &["import", "type", "alias", "export"])? {
            0 => {
                self.name("module")?;
                self.name("name")?;
                self.external_type()
            }
            1 => self.types_of_group(),
            2 => {
                match self.peek() {
                    Some(0x10) => self.byte("sort", |_| "core type".to_owned())?,
                    _ => return Err(Fault::new("invalid sort of an outer alias")),
                };
                match self.peek() {
                    Some(0x01) => self.byte("target", |_| "outer".to_owned())?,
                    _ => return Err(Fault::new("invalid target of an outer alias")),
                };
                self.u32("levels outward")?;
                self.u32("index").map(drop)
            }
            _ => {
                self.name("name")?;
                self.external_type()
            }
        }
    }
}
