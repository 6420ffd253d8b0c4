//! The sections of components: instances, aliases, functions in both directions, imports and exports.
//!
//! Apart from core modules because they share no numbers with them; their types are a file of their own.

use super::walker::{Fault, Step, Walker};

/// What a sort's byte behind the one for `core` means.
fn core_sort(byte: u8) -> Option<&'static str> {
    Some(match byte {
        0x00 => "core function",
        0x01 => "core table",
        0x02 => "core memory",
        0x03 => "core global",
        0x04 => "core tag",
        0x10 => "core type",
        0x11 => "core module",
        0x12 => "core instance",
        _ => return None,
    })
}

impl Walker<'_, '_> {
    pub(super) fn component_section(&mut self, id: u8, depth: usize) -> Step {
        match id {
            0 => self.custom_of_component(),
            1 => self.module(),
            2 => self.list("core instances", |w, i| {
                w.group(
                    &format!("core instance {i} of this section"),
                    Walker::core_instance,
                )
            }),
            3 => self.list("core types", |w, i| {
                w.group(&format!("core type {i} of this section"), |w| {
                    w.core_type(0)
                })
            }),
            4 => self.component(depth + 1),
            5 => self.list("instances", |w, i| {
                w.group(&format!("instance {i} of this section"), Walker::instance)
            }),
            6 => self.list("aliases", |w, _| w.group("alias", Walker::alias)),
            7 => self.list("types", |w, i| {
                w.group(&format!("type {i} of this section"), |w| {
                    w.component_type(0)
                })
            }),
            8 => self.list("functions", |w, _| {
                w.group("canonical function", Walker::canonical)
            }),
            9 => {
                self.u32("function")?;
                self.list("arguments", |w, _| w.u32("value").map(drop))?;
                self.u32("results").map(drop)
            }
            10 => self.list("imports", |w, _| {
                w.group("import", |w| {
                    w.extern_name()?;
                    w.extern_type()
                })
            }),
            11 => self.list("exports", |w, _| {
                w.group("export", Walker::component_export)
            }),
            _ => Err(Fault::new(format!(
                "section {id} of a component has no meaning"
            ))),
        }
    }

    fn core_instance(&mut self) -> Step {
        if self.choice("made of", &["a module", "exports"])? == 0 {
            self.u32("core module")?;
            return self.list("arguments", |w, _| {
                w.name("name")?;
                w.core_sort()?;
                w.u32("index").map(drop)
            });
        }
        self.list("exports", |w, _| {
            w.name("name")?;
            w.core_sort()?;
            w.u32("index").map(drop)
        })
    }

    fn core_sort(&mut self) -> Step {
        match self.peek().and_then(core_sort) {
            Some(word) => self.byte("sort", |_| word.to_owned()).map(drop),
            None => Err(Fault::new("invalid core sort")),
        }
    }

    fn instance(&mut self) -> Step {
        if self.choice("made of", &["a component", "exports"])? == 0 {
            self.u32("component")?;
            return self.list("arguments", |w, _| {
                w.name("name")?;
                w.sort()?;
                w.u32("index").map(drop)
            });
        }
        self.list("exports", |w, _| {
            w.extern_name()?;
            w.sort()?;
            w.u32("index").map(drop)
        })
    }

    /// A sort of a component, which may be one of core modules; gives whether that is so.
    pub(super) fn sort(&mut self) -> Step<bool> {
        const WORDS: [&str; 6] = ["core", "function", "value", "type", "component", "instance"];
        let is_core = self.choice("sort", &WORDS)? == 0;
        if is_core {
            self.core_sort()?;
        }
        Ok(is_core)
    }

    pub(super) fn alias(&mut self) -> Step {
        self.sort()?;
        let targets = ["instance export", "core instance export", "outer"];
        if self.choice("target", &targets)? == 2 {
            self.u32("levels outward")?;
            return self.u32("index").map(drop);
        }
        self.u32("instance")?;
        self.name("name").map(drop)
    }

    pub(super) fn extern_name(&mut self) -> Step {
        let form = self.choice("form of the name", &["plain", "interface", "with options"])?;
        self.name("name")?;
        if form < 2 {
            return Ok(());
        }
        self.list("options", |w, _| {
            w.choice("option", &["implements", "version suffix", "external id"])?;
            w.name("text").map(drop)
        })
    }

    fn component_export(&mut self) -> Step {
        self.extern_name()?;
        self.sort()?;
        self.u32("index")?;
        match self.choice("type", &["not given", "given"])? {
            0 => Ok(()),
            _ => self.extern_type(),
        }
    }

    fn canonical(&mut self) -> Step {
        let Some(form) = self.peek() else {
            return Err(Fault::new("expected a canonical function"));
        };
        let Some((name, operands)) = canonical(form) else {
            return Err(Fault::new(format!("{form:#04x} is no canonical function")));
        };
        self.marker(name)?;
        operands.iter().try_for_each(|operand| match operand {
            Operand::Zero => self.choice("reserved", &[""]).map(drop),
            Operand::Index(what) => self.u32(what).map(drop),
            Operand::Flag => self.choice("mode", &["waits", "async"]).map(drop),
            Operand::CoreType => self.val_type("type"),
            Operand::Results => self.results(),
            Operand::Options => self.list("options", |w, _| {
                const WORDS: [&str; 10] = [
                    "utf8",
                    "utf16",
                    "latin1+utf16",
                    "memory",
                    "realloc",
                    "post-return",
                    "async",
                    "callback",
                    "core type",
                    "gc",
                ];
                let option = w.choice("option", &WORDS)?;
                if matches!(option, 3 | 4 | 5 | 7 | 8) {
                    w.u32(WORDS[usize::from(option)])?;
                }
                Ok(())
            }),
        })
    }
}

/// What stands behind the byte of a canonical function.
enum Operand {
    Zero,
    Index(&'static str),
    Flag,
    CoreType,
    Results,
    Options,
}

fn canonical(form: u8) -> Option<(&'static str, &'static [Operand])> {
    use Operand::{CoreType, Flag, Index, Options, Results, Zero};
    const TYPE: Operand = Index("type");
    Some(match form {
        0x00 => ("lift", &[Zero, Index("core function"), Options, TYPE]),
        0x01 => ("lower", &[Zero, Index("function"), Options]),
        0x02 => ("resource.new", &[TYPE]),
        0x03 => ("resource.drop", &[TYPE]),
        0x04 => ("resource.rep", &[TYPE]),
        0x05 => ("task.cancel", &[]),
        0x06 => ("subtask.cancel", &[Flag]),
        0x09 => ("task.return", &[Results, Options]),
        0x0a => ("context.get", &[CoreType, Index("slot")]),
        0x0b => ("context.set", &[CoreType, Index("slot")]),
        0x0c => ("thread.yield", &[Zero]),
        0x0d => ("subtask.drop", &[]),
        0x0e => ("stream.new", &[TYPE]),
        0x0f => ("stream.read", &[TYPE, Options]),
        0x10 => ("stream.write", &[TYPE, Options]),
        0x11 => ("stream.cancel-read", &[TYPE, Flag]),
        0x12 => ("stream.cancel-write", &[TYPE, Flag]),
        0x13 => ("stream.drop-readable", &[TYPE]),
        0x14 => ("stream.drop-writable", &[TYPE]),
        0x15 => ("future.new", &[TYPE]),
        0x16 => ("future.read", &[TYPE, Options]),
        0x17 => ("future.write", &[TYPE, Options]),
        0x18 => ("future.cancel-read", &[TYPE, Flag]),
        0x19 => ("future.cancel-write", &[TYPE, Flag]),
        0x1a => ("future.drop-readable", &[TYPE]),
        0x1b => ("future.drop-writable", &[TYPE]),
        0x1c => ("error-context.new", &[Options]),
        0x1d => ("error-context.debug-message", &[Options]),
        0x1e => ("error-context.drop", &[]),
        0x1f => ("waitable-set.new", &[]),
        0x20 => ("waitable-set.wait", &[Zero, Index("memory")]),
        0x21 => ("waitable-set.poll", &[Zero, Index("memory")]),
        0x22 => ("waitable-set.drop", &[]),
        0x23 => ("waitable.join", &[]),
        0x24 => ("backpressure.inc", &[]),
        0x25 => ("backpressure.dec", &[]),
        0x26 => ("thread.index", &[]),
        0x27 => ("thread.new-indirect", &[TYPE, Index("core table")]),
        0x28 => ("thread.resume-later", &[]),
        0x29 => ("thread.suspend", &[Zero]),
        0x2a => ("thread.suspend-then-resume", &[Zero]),
        0x2b => ("thread.yield-then-resume", &[Zero]),
        0x2c => ("thread.suspend-then-promote", &[Zero]),
        0x2d => ("thread.yield-then-promote", &[Zero]),
        0x2e => ("stream.forward", &[TYPE]),
        0x2f => ("future.forward", &[TYPE]),
        0x40 => ("thread.spawn-ref", &[TYPE]),
        0x41 => ("thread.spawn-indirect", &[TYPE, Index("core table")]),
        0x42 => ("thread.available-parallelism", &[]),
        _ => return None,
    })
}
