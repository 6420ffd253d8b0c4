//! Gives items the names that name sections have for them.
//!
//! Apart from the cut, because what is wrong in a name section is no fault of the module.

use wasmparser::{BinaryReader, ExternalKind, Name, NameMap, NameSectionReader};

use super::{Anatomy, Item, ModuleParts};

/// Names the items of all core modules, as far as their name sections can be read.
pub fn give(anatomy: &mut Anatomy<'_>) {
    let Anatomy {
        items,
        modules,
        exported,
        ..
    } = anatomy;
    for module in modules {
        for export in &module.exports {
            if export.kind == ExternalKind::Func
                && let Some(item) = module.spaces.funcs.get(export.index as usize)
            {
                exported.entry(*item).or_insert(export.name);
            }
        }
        if let Some(custom) = module.custom("name").copied()
            && !module.is_component
        {
            let reader = BinaryReader::new(custom.data, custom.offset);
            // What is malformed ends the section: nothing behind it can be trusted.
            for names in NameSectionReader::new(reader).map_while(Result::ok) {
                give_one_kind(items, module, names);
            }
        }
    }
}

fn give_one_kind<'a>(items: &mut [Item<'a>], module: &mut ModuleParts<'a>, names: Name<'a>) {
    let spaces = &module.spaces;
    match names {
        Name::Module { name, .. } => module.name = Some(name),
        Name::Function(names) => give_all(items, &spaces.funcs, names),
        Name::Table(names) => give_all(items, &spaces.tables, names),
        Name::Memory(names) => give_all(items, &spaces.memories, names),
        Name::Global(names) => give_all(items, &spaces.globals, names),
        Name::Tag(names) => give_all(items, &spaces.tags, names),
        Name::Element(names) => give_all(items, &spaces.elems, names),
        Name::Data(names) => give_all(items, &spaces.data, names),
        Name::Type(names) => {
            for naming in names.map_while(Result::ok) {
                let Some((_, item)) = module.types.get(naming.index as usize) else {
                    continue;
                };
                let item = &mut items[*item as usize];
                // A group of types has one item, named by its first type.
                if item.index == naming.index {
                    item.name = Some(naming.name);
                }
            }
        }
        Name::Local(_)
        | Name::Label(_)
        | Name::Field(_)
        | Name::Parameter(_)
        | Name::TagParameter(_)
        | Name::Unknown { .. } => {}
    }
}

fn give_all<'a>(items: &mut [Item<'a>], space: &[u32], names: NameMap<'a>) {
    for naming in names.map_while(Result::ok) {
        if let Some(item) = space.get(naming.index as usize) {
            items[*item as usize].name = Some(naming.name);
        }
    }
}
