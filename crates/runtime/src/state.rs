//! What an instance's own parts hold at a moment, as plain data: what a module that starts there must be made of.
//!
//! Apart because it looks across all parts of an instance, exported or not, and changes nothing.

use crate::func::FuncKind;
use crate::handle::{InstanceHandle, InstanceId};
use crate::{Error, StoreCore};
use module::{
    ElemItems, ElemMode, FuncIdx, GlobalIdx, Header, MemoryIdx, Module, TableIdx, ValType,
};

/// What the parts that an instance defines hold; each list begins with the first that is not imported.
pub struct InstanceState<'a> {
    /// The instance's module.
    pub module: &'a Module,
    /// The bytes of each memory; `None` of one that threads share.
    pub memories: Vec<Option<&'a [u8]>>,
    /// Each global.
    pub globals: Vec<ValueState>,
    /// The elements of each table.
    pub tables: Vec<Vec<ValueState>>,
    /// Whether each data segment is dropped, as active ones are.
    pub datas_dropped: Vec<bool>,
    /// What is left of each element segment.
    pub elems: Vec<ElemState>,
}

/// A value, as far as a module can spell it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueState {
    /// The bits of a number or vector, in the low ones.
    Bits(u128),
    /// Null.
    Null,
    /// A reference to a function of the instance's module, imported ones included.
    Func(FuncIdx),
    /// A reference that no module can spell: to an object, to something of the host, or to a function of another instance.
    Other,
}

/// What is left of an element segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElemState {
    /// As the module has it.
    Whole,
    /// It is dropped, as active ones are, and has no elements.
    Dropped,
    /// It holds references that no module can spell.
    Other,
}

impl StoreCore {
    /// What an instance's own parts hold now.
    ///
    /// # Errors
    /// If the handle is another store's.
    pub fn instance_state(&self, handle: InstanceHandle) -> Result<InstanceState<'_>, Error> {
        let module = self.module_of(handle)?.module();
        let (id, header) = (InstanceId(handle.index), module.header());
        let instance = self.instance(id);
        let memories = (header.n_imported_memories()..header.memories().len()).map(|index| {
            let shared = header.memories()[index].shared;
            let number = instance.memory(MemoryIdx(index as u32));
            (!shared).then(|| self.memory_slice(number))
        });
        let globals = (header.n_imported_globals()..header.globals().len()).map(|index| {
            let raw = self.global_raw(instance.global(GlobalIdx(index as u32)));
            match header.globals()[index].content {
                ValType::Ref(ty) => self.ref_state(id, raw.u64(), ty.is_func()),
                _ => ValueState::Bits(raw.u128()),
            }
        });
        let tables = (header.n_imported_tables()..header.tables().len()).map(|index| {
            let is_func = header.tables()[index].element.is_func();
            let table = &self.tables[instance.table(TableIdx(index as u32)) as usize];
            let elements = table.elements().iter();
            elements
                .map(|bits| self.ref_state(id, *bits, is_func))
                .collect()
        });
        Ok(InstanceState {
            module,
            memories: memories.collect(),
            globals: globals.collect(),
            tables: tables.collect(),
            datas_dropped: instance.dropped_datas.to_vec(),
            elems: self.elem_states(id, header),
        })
    }

    fn elem_states(&self, id: InstanceId, header: &Header) -> Vec<ElemState> {
        let left = self.instance(id).elems.iter();
        let states = header.elems().iter().zip(left).map(|(segment, left)| {
            let plain = match &segment.items {
                ElemItems::Funcs(_) => true,
                ElemItems::Exprs(_) => segment.ty.is_func() || left.iter().all(|bits| *bits == 0),
            };
            match segment.mode {
                ElemMode::Passive if left.is_empty() && !segment.items.is_empty() => {
                    ElemState::Dropped
                }
                ElemMode::Passive if !plain => ElemState::Other,
                ElemMode::Passive | ElemMode::Declared => ElemState::Whole,
                ElemMode::Active { .. } => ElemState::Dropped,
            }
        });
        states.collect()
    }

    fn ref_state(&self, id: InstanceId, bits: u64, is_func: bool) -> ValueState {
        if bits == 0 {
            return ValueState::Null;
        }
        if !is_func {
            return ValueState::Other;
        }
        // SAFETY: the bits come from a global or table of this store that holds references to functions.
        let Some(func) = (unsafe { self.func_from_bits(bits) }) else {
            return ValueState::Null;
        };
        match &self.funcs[func.index as usize].kind {
            FuncKind::Wasm { instance, func } if *instance == id => ValueState::Func(*func),
            _ => {
                let imported = &self.instance(id).funcs;
                let at = imported.iter().position(|number| *number == func.index);
                at.map_or(ValueState::Other, |at| ValueState::Func(FuncIdx(at as u32)))
            }
        }
    }
}
