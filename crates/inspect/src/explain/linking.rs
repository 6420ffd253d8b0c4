//! The sections of linkers: symbols, relocations, and what dynamic libraries need.
//!
//! Apart from other custom sections because only object files and dynamic libraries have them (tool-conventions, Linking.md and
//! DynamicLinking.md).

use wasmparser::{RelocAddendKind, RelocationType};

use super::custom::symbol_space;
use super::sections::Items;
use super::walker::{Fault, Step, Walker};

/// The flags of symbols, by their bits.
const SYMBOL_FLAGS: [(u32, &str); 9] = [
    (0x1, "weak"),
    (0x2, "local"),
    (0x4, "hidden"),
    (0x10, "undefined"),
    (0x20, "exported"),
    (0x40, "explicit name"),
    (0x80, "no strip"),
    (0x100, "thread-local"),
    (0x200, "absolute"),
];

impl Walker<'_, '_> {
    pub(super) fn linking(&mut self, items: &Items<'_>) -> Step {
        self.u32("version")?;
        self.subsections(&linking_subsection, |w, id| match id {
            5 => w.list("segments", |w, _| {
                w.name("name")?;
                w.u32("alignment")?;
                w.flags(&[(1, "strings"), (2, "thread-local"), (4, "retain")])
                    .map(drop)
            }),
            6 => w.list("functions", |w, _| {
                w.u32("priority")?;
                w.u32("symbol").map(drop)
            }),
            7 => w.list("groups", |w, _| {
                w.name("name")?;
                w.u32("flags")?;
                w.list("members", |w, _| {
                    let kinds = ["data", "function", "global", "event", "table", "section"];
                    w.choice("kind", &kinds)?;
                    w.u32("index").map(drop)
                })
            }),
            8 => w.list("symbols", |w, i| {
                w.group(&format!("symbol {i}"), |w| w.symbol(items))
            }),
            9 => w.name("architecture").map(drop),
            _ => w.rest("contents"),
        })
    }

    fn flags(&mut self, words: &[(u32, &str)]) -> Step<u32> {
        self.u32_noted("flags", |flags| {
            let set = words.iter().filter(|(bit, _)| flags & bit != 0);
            set.map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
        })
    }

    fn symbol(&mut self, items: &Items<'_>) -> Step {
        const KINDS: [&str; 6] = ["function", "data", "global", "section", "tag", "table"];
        let kind = self.choice("kind", &KINDS)?;
        let flags = self.flags(&SYMBOL_FLAGS)?;
        let is_defined = flags & 0x10 == 0;
        match kind {
            1 => {
                self.name("name")?;
                if is_defined {
                    self.u32("segment")?;
                    self.u32("offset")?;
                    self.u32("size")?;
                }
                Ok(())
            }
            3 => self.u32("section").map(drop),
            _ => {
                self.u32_noted("index", |index| {
                    symbol_space(kind).map_or(String::new(), |space| items.name(space, index))
                })?;
                if is_defined || flags & 0x40 != 0 {
                    self.name("name")?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn relocations(&mut self) -> Step {
        self.u32("section")?;
        self.list("relocations", |w, _| {
            w.group("relocation", |w| {
                let ty = match w.peek().map(RelocationType::try_from) {
                    Some(Ok(ty)) => ty,
                    _ => return Err(Fault::new("unknown kind of relocation")),
                };
                w.byte("kind", |_| format!("{ty:?}"))?;
                w.u32("offset")?;
                w.u32(match ty {
                    RelocationType::TypeIndexLeb => "type",
                    _ => "symbol",
                })?;
                match ty.addend_kind() {
                    RelocAddendKind::None => Ok(()),
                    RelocAddendKind::Addend32 => w.s32("addend"),
                    RelocAddendKind::Addend64 => w.s64("addend"),
                }
            })
        })
    }

    pub(super) fn dylink(&mut self) -> Step {
        self.subsections(&dylink_subsection, |w, id| match id {
            1 => {
                w.u32("bytes of memory")?;
                w.u32("alignment of memory")?;
                w.u32("elements of the table")?;
                w.u32("alignment of the table").map(drop)
            }
            2 | 5 => w.list("names", |w, _| w.name("name").map(drop)),
            3 => w.list("exports", |w, _| {
                w.name("name")?;
                w.flags(&SYMBOL_FLAGS).map(drop)
            }),
            4 => w.list("imports", |w, _| {
                w.name("module")?;
                w.name("name")?;
                w.flags(&SYMBOL_FLAGS).map(drop)
            }),
            _ => w.rest("contents"),
        })
    }
}

fn linking_subsection(id: u8) -> &'static str {
    match id {
        5 => "segments",
        6 => "functions that initialize",
        7 => "groups of which one is kept",
        8 => "symbols",
        9 => "architecture",
        _ => "unknown subsection",
    }
}

fn dylink_subsection(id: u8) -> &'static str {
    match id {
        1 => "memory and table",
        2 => "needed libraries",
        3 => "exports",
        4 => "imports",
        5 => "where libraries are looked for",
        _ => "unknown subsection",
    }
}
