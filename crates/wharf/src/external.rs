//! What can be imported and exported, and globals.

use crate::{AsContext, AsContextMut, Func, Memory, Result, Table, Tag, Val};
use module::{ExternType, GlobalType};
use runtime::{ExternItem, GlobalHandle};

/// Anything that can be imported or exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A global.
    Global(Global),
    /// A tag.
    Tag(Tag),
}

/// A global of a store.
///
/// ```
/// use wharf::{Engine, Global, GlobalType, Store, Val, ValType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = GlobalType { content: ValType::I64, mutable: true };
/// let counter = Global::new(&mut store, ty, Val::I64(1))?;
/// counter.set(&mut store, Val::I64(2))?;
/// assert_eq!(counter.get(&store)?, Val::I64(2));
/// assert!(counter.set(&mut store, Val::I32(3)).is_err());
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Global(pub(crate) GlobalHandle);

impl Global {
    /// A global that belongs to no instance.
    ///
    /// # Errors
    /// If the value is of another type or store.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, value: Val) -> Result<Global> {
        Ok(Global(
            store
                .as_context_mut()
                .0
                .new_global(ty, value.to_runtime())?,
        ))
    }

    /// The type of the global.
    ///
    /// # Errors
    /// If the global is another store's.
    pub fn ty(&self, store: impl AsContext) -> Result<GlobalType> {
        Ok(store.as_context().0.global_type(self.0)?)
    }

    /// The value.
    ///
    /// # Errors
    /// If the global is another store's.
    pub fn get(&self, store: impl AsContext) -> Result<Val> {
        Ok(Val::from_runtime(store.as_context().0.global_get(self.0)?))
    }

    /// Sets the value.
    ///
    /// # Errors
    /// If the global is constant, the value is of another type, or a handle is another store's.
    pub fn set(&self, mut store: impl AsContextMut, value: Val) -> Result<()> {
        Ok(store
            .as_context_mut()
            .0
            .global_set(self.0, value.to_runtime())?)
    }
}

impl Extern {
    /// The type.
    ///
    /// # Errors
    /// If it is another store's.
    pub fn ty(&self, store: impl AsContext) -> Result<ExternType> {
        Ok(store.as_context().0.extern_type(self.to_runtime())?)
    }

    /// The function, if it is one.
    pub fn into_func(self) -> Option<Func> {
        if let Extern::Func(func) = self {
            Some(func)
        } else {
            None
        }
    }

    /// The table, if it is one.
    pub fn into_table(self) -> Option<Table> {
        if let Extern::Table(table) = self {
            Some(table)
        } else {
            None
        }
    }

    /// The memory, if it is one.
    pub fn into_memory(self) -> Option<Memory> {
        if let Extern::Memory(memory) = self {
            Some(memory)
        } else {
            None
        }
    }

    /// The global, if it is one.
    pub fn into_global(self) -> Option<Global> {
        if let Extern::Global(global) = self {
            Some(global)
        } else {
            None
        }
    }

    /// The tag, if it is one.
    pub fn into_tag(self) -> Option<Tag> {
        if let Extern::Tag(tag) = self {
            Some(tag)
        } else {
            None
        }
    }

    pub(crate) fn to_runtime(self) -> ExternItem {
        match self {
            Extern::Func(func) => ExternItem::Func(func.0),
            Extern::Table(table) => ExternItem::Table(table.0),
            Extern::Memory(memory) => ExternItem::Memory(memory.0),
            Extern::Global(global) => ExternItem::Global(global.0),
            Extern::Tag(tag) => ExternItem::Tag(tag.0),
        }
    }

    pub(crate) fn from_runtime(item: ExternItem) -> Extern {
        match item {
            ExternItem::Func(func) => Extern::Func(Func(func)),
            ExternItem::Table(table) => Extern::Table(Table(table)),
            ExternItem::Memory(memory) => Extern::Memory(Memory(memory)),
            ExternItem::Global(global) => Extern::Global(Global(global)),
            ExternItem::Tag(tag) => Extern::Tag(Tag(tag)),
        }
    }
}

impl From<Func> for Extern {
    fn from(func: Func) -> Extern {
        Extern::Func(func)
    }
}

impl From<Table> for Extern {
    fn from(table: Table) -> Extern {
        Extern::Table(table)
    }
}

impl From<Memory> for Extern {
    fn from(memory: Memory) -> Extern {
        Extern::Memory(memory)
    }
}

impl From<Global> for Extern {
    fn from(global: Global) -> Extern {
        Extern::Global(global)
    }
}

impl From<Tag> for Extern {
    fn from(tag: Tag) -> Extern {
        Extern::Tag(tag)
    }
}
