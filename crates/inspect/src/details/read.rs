//! Reads the items of each section.
//!
//! Apart from what items are because only this names the parser.

use wasmparser::{
    CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, FieldType,
    FromReader, RecGroup, SectionLimited, StorageType, TypeRef,
};

use super::{Detail, Entity, Field, Limits, TypeForm};
use crate::Fault;
use crate::frames::{Frame, FrameKind, reader};
use crate::index_names::{IndexNames, Space};
use crate::instruction::{Instruction, Instructions};
use crate::type_words::type_words;

/// The next index of each kind, as sections are read one after the other.
#[derive(Clone, Default, Debug)]
pub struct Items {
    next: [u32; 8],
    next_body: u32,
}

impl Items {
    /// Gives the next item its index.
    fn add(&mut self, space: Space) -> u32 {
        let next = &mut self.next[space as usize];
        let index = *next;
        *next = next.saturating_add(1);
        index
    }
}

/// Reads a section of a core module; `items` counts on from the sections before it.
///
/// # Errors
///
/// Something in it cannot be read: what came before it was handed over.
pub fn details<'a>(
    file: &'a [u8],
    frame: &Frame,
    names: &IndexNames<'_>,
    items: &mut Items,
    each: &mut dyn FnMut(Detail<'a>),
) -> Result<(), Fault> {
    if frame.of != FrameKind::Module {
        return Ok(());
    }
    let mut read = Read {
        file,
        names,
        items,
        each,
    };
    let inside = reader(file, frame.contents.clone());
    match frame.id {
        0 => super::custom::read(file, frame, &mut |detail| each(Detail::Custom(detail))),
        1 => read.all(inside, |read, group: RecGroup| read.types(group)),
        2 => {
            for import in SectionLimited::<wasmparser::Imports<'a>>::new(inside)?.into_imports() {
                let import = import?;
                let entity = entity(import.ty);
                let index = read.items.add(entity.space());
                if let Entity::Func(_) = entity {
                    read.items.next_body = index.saturating_add(1);
                }
                read.tell(Detail::Import {
                    module: import.module,
                    name: import.name,
                    index,
                    entity,
                });
            }
            Ok(())
        }
        3 => read.all(inside, |read, ty: u32| read.item(Entity::Func(ty), None)),
        4 => read.all(inside, |read, table: wasmparser::Table<'a>| {
            let init = match &table.init {
                wasmparser::TableInit::RefNull => None,
                wasmparser::TableInit::Expr(init) => Some(init),
            };
            read.item(entity(TypeRef::Table(table.ty)), init)
        }),
        5 => read.all(inside, |read, ty| {
            read.item(entity(TypeRef::Memory(ty)), None)
        }),
        6 => read.all(inside, |read, global: wasmparser::Global<'a>| {
            read.item(entity(TypeRef::Global(global.ty)), Some(&global.init_expr))
        }),
        7 => read.all(inside, |read, export: wasmparser::Export<'a>| {
            let space = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => Space::Func,
                ExternalKind::Table => Space::Table,
                ExternalKind::Memory => Space::Memory,
                ExternalKind::Global => Space::Global,
                ExternalKind::Tag => Space::Tag,
            };
            read.tell(Detail::Export {
                space,
                index: export.index,
                name: export.name,
            });
            Ok(())
        }),
        8 | 12 => {
            let number = inside.clone().read_var_u32()?;
            read.tell(match frame.id {
                8 => Detail::Start(number),
                _ => Detail::DataCount(number),
            });
            Ok(())
        }
        9 => read.all(inside, |read, segment| read.element_segment(segment)),
        10 => read.bodies(inside),
        11 => read.all(inside, |read, data| read.data_segment(data)),
        13 => read.all(inside, |read, ty| read.item(entity(TypeRef::Tag(ty)), None)),
        id => Err(Fault::new(
            format!("section {id} has no meaning"),
            frame.header.start as u64,
        )),
    }
}

struct Read<'r, 'a, 'n> {
    file: &'a [u8],
    names: &'r IndexNames<'n>,
    items: &'r mut Items,
    each: &'r mut dyn FnMut(Detail<'a>),
}

impl<'a> Read<'_, 'a, '_> {
    fn tell(&mut self, detail: Detail<'a>) {
        (self.each)(detail);
    }

    fn all<T: FromReader<'a>>(
        &mut self,
        inside: wasmparser::BinaryReader<'a>,
        mut each: impl FnMut(&mut Self, T) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for item in SectionLimited::new(inside)? {
            each(self, item?)?;
        }
        Ok(())
    }

    fn item(&mut self, entity: Entity, init: Option<&ConstExpr<'a>>) -> Result<(), Fault> {
        let index = self.items.add(entity.space());
        let init = match init {
            Some(init) => self.expression(init)?,
            None => Vec::new(),
        };
        self.tell(Detail::Item {
            index,
            entity,
            init,
        });
        Ok(())
    }

    /// The instructions of a constant expression, without its `end`.
    fn expression(&self, expr: &ConstExpr<'_>) -> Result<Vec<Instruction>, Fault> {
        let range = expr.get_binary_reader().range();
        let range = range.start as usize..range.end as usize;
        let mut read = Instructions::new(self.file, range, None);
        let mut instructions = Vec::new();
        while let Some(instruction) = read.next(self.names)? {
            instructions.push(instruction);
        }
        if instructions.last().is_some_and(|last| last.name == "end") {
            instructions.pop();
        }
        Ok(instructions)
    }

    fn types(&mut self, group: RecGroup) -> Result<(), Fault> {
        for ty in group.into_types() {
            let form = match &ty.composite_type.inner {
                CompositeInnerType::Func(func) => TypeForm::Func {
                    params: func.params().iter().map(type_words).collect(),
                    results: func.results().iter().map(type_words).collect(),
                },
                CompositeInnerType::Struct(ty) => {
                    TypeForm::Struct(ty.fields.iter().map(field).collect())
                }
                CompositeInnerType::Array(ty) => TypeForm::Array(field(&ty.0)),
                CompositeInnerType::Cont(ty) => {
                    TypeForm::Cont(ty.0.as_module_index().unwrap_or(u32::MAX))
                }
            };
            let index = self.items.add(Space::Type);
            self.tell(Detail::Type {
                index,
                form,
                supertype: ty
                    .supertype_idxs
                    .first()
                    .and_then(wasmparser::PackedIndex::as_module_index),
                is_final: ty.is_final,
            });
        }
        Ok(())
    }

    fn element_segment(&mut self, segment: wasmparser::Element<'a>) -> Result<(), Fault> {
        // The flags are the segment's first number.
        let range = segment.range.start as usize..segment.range.end as usize;
        let flags = reader(self.file, range).read_var_u32()?;
        let index = self.items.add(Space::Elem);
        let (table, offset) = match &segment.kind {
            ElementKind::Active {
                table_index,
                offset_expr,
            } => (table_index.unwrap_or(0), self.expression(offset_expr)?),
            _ => (0, Vec::new()),
        };
        let count = match &segment.items {
            ElementItems::Functions(funcs) => funcs.count(),
            ElementItems::Expressions(_, exprs) => exprs.count(),
        };
        self.tell(Detail::Elem {
            index,
            flags,
            table,
            offset,
            count,
        });
        let mut number = 0;
        let mut element = |read: &mut Self, value| {
            read.tell(Detail::Element { number, value });
            number += 1;
        };
        match segment.items {
            ElementItems::Functions(funcs) => {
                for func in funcs.into_iter_with_offsets() {
                    let (at, func) = func?;
                    let name = self.names.get(Space::Func, func);
                    let name = name.map_or(String::new(), |name| format!(" <{name}>"));
                    let value = Instruction {
                        range: at as usize..at as usize,
                        name: "ref.func",
                        operands: format!("{func}{name}"),
                        nesting: 0,
                    };
                    element(self, vec![value]);
                }
            }
            ElementItems::Expressions(_, exprs) => {
                for expr in exprs {
                    let value = self.expression(&expr?)?;
                    element(self, value);
                }
            }
        }
        Ok(())
    }

    fn bodies(&mut self, mut inside: wasmparser::BinaryReader<'a>) -> Result<(), Fault> {
        let count = inside.read_var_u32()?;
        for _ in 0..count {
            let size = inside.read_var_u32()? as usize;
            let start = inside.original_position() as usize;
            inside.read_bytes(size)?;
            let func = self.items.next_body;
            self.items.next_body = func.saturating_add(1);
            self.tell(Detail::Body {
                func,
                range: start..start + size,
            });
        }
        Ok(())
    }

    fn data_segment(&mut self, data: wasmparser::Data<'a>) -> Result<(), Fault> {
        let index = self.items.add(Space::Data);
        let (memory, offset) = match &data.kind {
            DataKind::Passive => (None, Vec::new()),
            DataKind::Active {
                memory_index,
                offset_expr,
            } => (Some(*memory_index), self.expression(offset_expr)?),
        };
        let end = data.range.end as usize;
        self.tell(Detail::Data {
            index,
            memory,
            offset,
            range: end - data.data.len()..end,
        });
        Ok(())
    }
}

fn field(ty: &FieldType) -> Field {
    Field {
        ty: match ty.element_type {
            StorageType::Val(ty) => type_words(&ty),
            StorageType::I8 => "i8".to_owned(),
            StorageType::I16 => "i16".to_owned(),
        },
        mutable: ty.mutable,
    }
}

fn entity(ty: TypeRef) -> Entity {
    match ty {
        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => Entity::Func(ty),
        TypeRef::Table(ty) => Entity::Table {
            ty: type_words(&ty.element_type),
            limits: Limits {
                initial: ty.initial,
                max: ty.maximum,
                is_64: ty.table64,
                shared: ty.shared,
            },
        },
        TypeRef::Memory(ty) => Entity::Memory {
            limits: Limits {
                initial: ty.initial,
                max: ty.maximum,
                is_64: ty.memory64,
                shared: ty.shared,
            },
            page_bytes: 1_u64.checked_shl(ty.page_size_log2()).unwrap_or(0),
        },
        TypeRef::Global(ty) => Entity::Global {
            ty: type_words(&ty.content_type),
            mutable: ty.mutable,
        },
        TypeRef::Tag(ty) => Entity::Tag(ty.func_type_idx),
    }
}
