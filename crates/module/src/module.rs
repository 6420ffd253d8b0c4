//! A whole module: the header, and where code, data and custom sections are in its bytes.
//!
//! Apart from the header because it exists only when the last byte has arrived.

use crate::body::BodyResources;
use crate::{Bytes, ConstExpr, FuncIdx, FuncInput, Header, MemoryIdx, Names};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A module whose sections are valid. Function bodies are valid if each was read or validated when decoding handed it out.
#[derive(Debug)]
pub struct Module {
    pub(crate) bytes: Bytes,
    pub(crate) header: Arc<Header>,
    pub(crate) code_start: Option<u32>,
    pub(crate) bodies: Box<[FileRange]>,
    /// There if there are bodies.
    pub(crate) resources: Option<BodyResources>,
    pub(crate) datas: Box<[DataSegment]>,
    pub(crate) customs: Box<[CustomRange]>,
    pub(crate) names: OnceLock<Names>,
}

/// A part of the file, in bytes from its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileRange {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl FileRange {
    /// The size in bytes.
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it holds no byte.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The same range as the standard library's, to index slices with.
    pub const fn as_range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A data segment: bytes to be copied into memories.
#[derive(Clone, Debug)]
pub struct DataSegment {
    /// When they are copied.
    pub mode: DataMode,
    /// Where the bytes are in the file.
    pub range: FileRange,
}

/// When the bytes of a data segment are copied.
#[derive(Clone, Debug)]
pub enum DataMode {
    /// At instantiation, into a memory.
    Active {
        /// The memory.
        memory: MemoryIdx,
        /// The address to copy to.
        offset: ConstExpr,
    },
    /// When `memory.init` asks for it.
    Passive,
}

/// A custom section.
#[derive(Clone, Copy, Debug)]
pub struct CustomSection<'a> {
    /// The name.
    pub name: &'a str,
    /// The contents, without the name.
    pub bytes: &'a [u8],
    /// Where the contents start in the file, in bytes.
    pub offset: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct CustomRange {
    pub(crate) name: Box<str>,
    pub(crate) contents: FileRange,
}

impl Module {
    /// All that precedes the code.
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Where the contents of the code section start in the file: what DWARF counts addresses from.
    pub fn code_start(&self) -> Option<u32> {
        self.code_start
    }

    /// Where the bodies of the defined functions are: declarations of locals, then operators.
    pub fn body_ranges(&self) -> &[FileRange] {
        &self.bodies
    }

    /// The body of a defined function, to be read once more; `None` if the function is imported or does not exist.
    pub fn body(&self, func: FuncIdx) -> Option<FuncInput> {
        let range = self.bodies.get(self.header.defined_func(func)?)?;
        let func = self.resources.as_ref()?.func(&self.header, func);
        let bytes = self.bytes.slice(range.as_range());
        Some(FuncInput::new(
            self.header.clone(),
            bytes,
            range.start as usize,
            func,
        ))
    }

    /// The data segments.
    pub fn datas(&self) -> &[DataSegment] {
        &self.datas
    }

    /// The bytes of the data segment at this position.
    ///
    /// # Panics
    /// If there is no such segment.
    pub fn data_bytes(&self, data: usize) -> &[u8] {
        &self.bytes[self.datas[data].range.as_range()]
    }

    /// The custom sections, in order.
    pub fn custom_sections(&self) -> impl Iterator<Item = CustomSection<'_>> {
        self.customs.iter().map(|custom| CustomSection {
            name: &custom.name,
            bytes: &self.bytes[custom.contents.as_range()],
            offset: custom.contents.start as usize,
        })
    }

    /// The names that the module gives its parts, read at the first call. What cannot be read is left out.
    pub fn names(&self) -> &Names {
        self.names.get_or_init(|| {
            let section = self.customs.iter().find(|custom| &*custom.name == "name");
            section.map_or_else(Names::default, |custom| {
                Names::read(&self.bytes, custom.contents)
            })
        })
    }

    /// The name of a function, from the name section.
    pub fn func_name(&self, func: FuncIdx) -> Option<&str> {
        self.names().func(func)
    }
}
