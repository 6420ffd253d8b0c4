//! A module ready to be instantiated: what all its instances share, on all threads.

use crate::code::{CodePiece, Tables};
use crate::engine::TrampolineKind;
use crate::kept::{Adopted, KeptCode, KeptContent};
use crate::tiered::TieredCode;
use crate::vm::FuncRef;
use crate::{EngineCore, Error};
use abi::gc::ObjectLayout;
use abi::{CodeImage, TrapEntry, VmctxLayout};
use module::{
    ConstExpr, DataMode, ExportItem, ExternType, FuncIdx, FuncType, GlobalType, MemoryIdx, Module,
    Op, RefType, TableType, TypeIdx, ValType,
};
use std::any::Any;
use std::fs::File;
use std::sync::{Arc, OnceLock, Weak};
use sys::{CodeBlock, Image};

/// Initial contents of at least this size are mapped copy-on-write; smaller ones are copied, which costs less.
const IMAGE_BYTES_MIN: usize = 64 << 10;

/// An image may be this many times as large as the segments in it: what lies between them is zero.
const IMAGE_SPARSENESS_MAX: usize = 4;

/// The name under which tools export a module's memory, so that nearly every host function looks for it.
pub const MAIN_MEMORY: &str = "memory";

/// Where a module's machine code comes from.
pub enum CodeSource {
    /// Nowhere: an interpreter runs the module.
    None,
    /// Just compiled.
    Image(CodeImage),
    /// Compiled function by function, when they are called first.
    Tiered {
        /// How much a function may do in its first code before the engine's tiers are told.
        counter: i32,
        /// Code that functions got in an earlier run.
        kept: Option<KeptCode>,
        /// What its first memory starts with, if that was found out in an earlier run.
        content: Option<KeptContent>,
        /// Whether code is to be kept for later runs.
        keeps: bool,
    },
    /// An artifact: the image's text is empty and lies in a file instead.
    File {
        /// Everything but the text.
        image: CodeImage,
        /// The artifact.
        file: File,
        /// Where the text starts in it: a multiple of the page size.
        offset: u64,
        /// Size of the text, in bytes.
        bytes: usize,
    },
}

/// A module ready to be instantiated.
pub struct LoadedModule {
    engine: Arc<EngineCore>,
    module: Module,
    layout: VmctxLayout,
    type_ids: Box<[u32]>,
    code: LoadedCode,
    pub(crate) init_image: Option<InitImage>,
    /// The memory that is exported as [`MAIN_MEMORY`].
    pub(crate) main_memory: Option<MemoryIdx>,
    /// What whoever runs the module's functions remembers of it.
    executor_data: OnceLock<Box<dyn Any + Send + Sync>>,
}

enum LoadedCode {
    /// An interpreter runs the module.
    None,
    /// All of it at once.
    Whole {
        piece: Arc<CodePiece>,
        block: Arc<CodeBlock>,
    },
    /// Function by function.
    Tiered(Box<TieredCode>),
}

/// The initial content of the first defined memory.
pub(crate) struct InitImage {
    pub(crate) memory: MemoryIdx,
    /// Where the image starts in the memory: a multiple of the host's page size.
    pub(crate) offset: usize,
    pub(crate) image: Image,
}

impl LoadedModule {
    /// Places the code of a module and prepares its instances.
    ///
    /// # Errors
    /// If the machine has no room for the code.
    pub fn new(
        engine: &Arc<EngineCore>,
        module: Module,
        code: CodeSource,
    ) -> Result<Arc<LoadedModule>, Error> {
        let header = module.header();
        let layout = VmctxLayout::new(header);
        let type_ids = engine.types().register(header)?;
        let place = |error| Error::os("place the machine code of a module", error);
        let (mut tiered, mut kept, mut kept_content) = (None, None, None);
        let whole = match code {
            CodeSource::None => None,
            CodeSource::Image(mut image) => {
                let text = std::mem::take(&mut image.text);
                Some((image, engine.code()?.publish(&text).map_err(place)?))
            }
            CodeSource::Tiered {
                counter,
                kept: found,
                content,
                keeps,
            } => {
                kept_content = content;
                let code = TieredCode::new(engine, &module, counter, keeps)?;
                kept = found.and_then(|found| code.adopt(engine, found));
                tiered = Some(code);
                None
            }
            CodeSource::File {
                image,
                file,
                offset,
                bytes,
            } => {
                let block = engine.code()?.publish_file(&file, offset, bytes);
                Some((image, block.map_err(place)?))
            }
        };
        let code = |this: &Weak<LoadedModule>| match (whole, tiered) {
            (Some((image, block)), _) => {
                let (addresses, block) = (block.range(), Arc::new(block));
                let tables = Tables::Here(image);
                let piece = CodePiece::new(addresses, tables, 0, this.clone(), block.clone());
                let piece = Arc::new(piece);
                LoadedCode::Whole { piece, block }
            }
            (None, Some(mut tiered)) => {
                if let Some(Adopted { hold, pieces }) = kept {
                    let piece = |(addresses, tables, first)| {
                        let hold = hold.clone();
                        let piece = CodePiece::new(addresses, tables, first, this.clone(), hold);
                        Arc::new(piece)
                    };
                    tiered.kept = pieces.into_iter().map(piece).collect();
                }
                LoadedCode::Tiered(Box::new(tiered))
            }
            (None, None) => LoadedCode::None,
        };
        let init_image = kept_content
            .and_then(|content| kept_image(&module, content))
            .or_else(|| init_image(&module));
        let main_memory = match header.export(MAIN_MEMORY) {
            Some(ExportItem::Memory(memory)) => Some(memory),
            _ => None,
        };
        let executor_data = OnceLock::new();
        let engine = engine.clone();
        let loaded = Arc::new_cyclic(|this| LoadedModule {
            engine,
            module,
            layout,
            type_ids,
            code: code(this),
            init_image,
            main_memory,
            executor_data,
        });
        loaded.make_known()?;
        Ok(loaded)
    }

    /// How a structure of the module lies in the heap.
    ///
    /// # Panics
    /// If there is no such type.
    pub(crate) fn struct_layout(&self, ty: TypeIdx) -> &ObjectLayout {
        self.layout.structs.get(self.module.header(), ty)
    }

    fn make_known(self: &Arc<LoadedModule>) -> Result<(), Error> {
        let (piece, block) = match &self.code {
            LoadedCode::None => return Ok(()),
            LoadedCode::Whole { piece, block } => (piece, block),
            LoadedCode::Tiered(tiered) => {
                for piece in &tiered.kept {
                    self.engine.code_map().add_piece(piece.clone());
                }
                return Ok(());
            }
        };
        self.engine.code_map().add_piece(piece.clone());
        let (text, image) = (block.as_bytes(), piece.image());
        for (kind, list) in [
            (TrampolineKind::Entry, &image.entries),
            (TrampolineKind::Host, &image.hosts),
        ] {
            for (ty, location) in list {
                let (start, end) = (location.offset, location.offset + location.len);
                let first = image.traps.partition_point(|trap| trap.offset < start);
                let traps = image.traps[first..].iter();
                let traps = traps.take_while(|trap| trap.offset < end);
                let traps = traps.map(|trap| TrapEntry {
                    offset: trap.offset - start,
                    code: trap.code,
                });
                let bytes = &text[start as usize..end as usize];
                let number = self.type_ids[ty.index()];
                self.engine.offer_trampoline(number, kind, bytes, traps)?;
            }
        }
        Ok(())
    }

    /// The engine that the module was made for.
    pub fn engine(&self) -> &Arc<EngineCore> {
        &self.engine
    }

    /// What the module's bytes say.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The tables of the module's machine code, without the text; `None` if it is not all there.
    pub fn code_image(&self) -> Option<&CodeImage> {
        match &self.code {
            LoadedCode::Whole { piece, .. } => Some(piece.image()),
            LoadedCode::None | LoadedCode::Tiered(_) => None,
        }
    }

    /// The module's machine code as it lies in memory; `None` if it is not all there.
    pub fn code_bytes(&self) -> Option<&[u8]> {
        match &self.code {
            LoadedCode::Whole { block, .. } => Some(block.as_bytes()),
            LoadedCode::None | LoadedCode::Tiered(_) => None,
        }
    }

    /// What the module's first defined memory starts with, and where, if that is large and of constant place.
    pub fn initial_content(&self) -> Option<(usize, &[u8])> {
        let image = self.init_image.as_ref()?;
        Some((image.offset, image.image.bytes()?))
    }

    /// The code of a module that gets it function by function.
    pub(crate) fn tiered(&self) -> Option<&TieredCode> {
        match &self.code {
            LoadedCode::Tiered(tiered) => Some(tiered),
            LoadedCode::None | LoadedCode::Whole { .. } => None,
        }
    }

    /// What the executor, or the engine's tiers, remember of the module, made at first use.
    pub fn executor_data<D: Any + Send + Sync>(&self, make: impl FnOnce() -> D) -> Option<&D> {
        self.executor_data
            .get_or_init(|| Box::new(make()))
            .downcast_ref()
    }

    /// Where compiled code finds things of the module's instances.
    pub fn layout(&self) -> &VmctxLayout {
        &self.layout
    }

    pub(crate) fn type_ids(&self) -> &[u32] {
        &self.type_ids
    }

    pub(crate) fn type_id(&self, ty: TypeIdx) -> u32 {
        self.type_ids[ty.index()]
    }

    /// A type of the module with canonical numbers for indices.
    pub(crate) fn canonical(&self, ty: ValType) -> ValType {
        ty.map_indices(&mut |index| TypeIdx(self.type_id(index)))
    }

    /// A reference type of the module with canonical numbers for indices.
    pub(crate) fn canonical_ref(&self, ty: RefType) -> RefType {
        ty.map_indices(&mut |index| TypeIdx(self.type_id(index)))
    }

    /// The type of a table of the module with canonical numbers for indices.
    pub(crate) fn canonical_table(&self, ty: TableType) -> TableType {
        TableType {
            element: self.canonical_ref(ty.element),
            ..ty
        }
    }

    /// The type of a global of the module with canonical numbers for indices.
    pub(crate) fn canonical_global(&self, ty: GlobalType) -> GlobalType {
        GlobalType {
            content: self.canonical(ty.content),
            ..ty
        }
    }

    /// The type of an import or export of the module with canonical numbers for indices, as the host knows types.
    pub fn canonical_extern(&self, ty: ExternType) -> ExternType {
        let func = |ty: &FuncType| {
            let canonical = |types: &[ValType]| -> Vec<ValType> {
                types.iter().map(|ty| self.canonical(*ty)).collect()
            };
            FuncType::new(canonical(ty.params()), canonical(ty.results()))
        };
        match ty {
            ExternType::Func(ty) => ExternType::Func(func(&ty)),
            ExternType::Tag(ty) => ExternType::Tag(func(&ty)),
            ExternType::Table(ty) => ExternType::Table(self.canonical_table(ty)),
            ExternType::Global(ty) => ExternType::Global(self.canonical_global(ty)),
            ty @ ExternType::Memory(_) => ty,
        }
    }

    /// The address of a defined function's code, or of its stub; null under an interpreter.
    pub(crate) fn func_code(&self, func: FuncIdx) -> *const u8 {
        let defined = func.index() - self.module.header().n_imported_funcs();
        match &self.code {
            LoadedCode::None => std::ptr::null(),
            LoadedCode::Whole { piece, block } => {
                let location = piece.image().funcs[defined];
                // SAFETY: locations of an image lie in its text, which the block holds.
                unsafe { block.as_ptr().add(location.offset as usize) }
            }
            LoadedCode::Tiered(tiered) => tiered.entry(defined as u32) as *const u8,
        }
    }

    /// A function entry of this module; the store fills in its number, and its trampoline when the host first calls it.
    pub(crate) fn func_ref(&self, func: FuncIdx, vmctx: *mut u8) -> FuncRef {
        let ty = self.type_id(self.module.header().funcs()[func.index()]);
        FuncRef {
            code: self.func_code(func),
            vmctx,
            ty,
            func: 0,
            entry: std::ptr::null(),
        }
    }
}

impl Drop for LoadedModule {
    fn drop(&mut self) {
        match &self.code {
            LoadedCode::None => {}
            LoadedCode::Whole { piece, .. } => self.engine.code_map().forget(piece.addresses()),
            LoadedCode::Tiered(tiered) => self.forget_tiered(tiered),
        }
    }
}

/// The initial content of the first defined memory as an image, if that is possible and pays.
///
/// Possible means that every segment of the memory has a constant place within its initial size, so that no order of
/// initialization can be observed.
fn init_image(module: &Module) -> Option<InitImage> {
    let parts = initial_parts(module)?;
    let page = sys::page_bytes();
    let first = parts.iter().map(|part| part.0).min()? / page * page;
    let end = parts
        .iter()
        .map(|part| part.0 + part.1.len())
        .max()?
        .next_multiple_of(page);
    let total: usize = parts.iter().map(|part| part.1.len()).sum();
    if total < IMAGE_BYTES_MIN || end - first > total.saturating_mul(IMAGE_SPARSENESS_MAX) {
        return None;
    }
    let placed = parts.iter().map(|part| (part.0 - first, part.1));
    let image = Image::from_parts(end - first, placed).ok()?;
    Some(InitImage {
        memory: MemoryIdx(module.header().n_imported_memories() as u32),
        offset: first,
        image,
    })
}

/// The image that was made of a module's segments in an earlier run, if it fits the memory.
fn kept_image(module: &Module, content: KeptContent) -> Option<InitImage> {
    let KeptContent { offset, image } = content;
    let header = module.header();
    let memory = MemoryIdx(header.n_imported_memories() as u32);
    let ty = header.memories().get(memory.index())?;
    let page = sys::page_bytes() as u64;
    let size = ty.minimum.checked_mul(ty.page_bytes())?;
    let end = (offset as u64).checked_add(image.len() as u64)?;
    let fits =
        (offset as u64).is_multiple_of(page) && end <= size.checked_next_multiple_of(page)?;
    (fits && !ty.shared).then_some(InitImage {
        memory,
        offset,
        image,
    })
}

/// The active segments of a module that have bytes, with their places, if all are for its first defined memory, which is not
/// shared, and their places are constant and in it: later ones go over earlier ones.
pub(crate) fn initial_parts(module: &Module) -> Option<Vec<(usize, &[u8])>> {
    let header = module.header();
    let memory = MemoryIdx(header.n_imported_memories() as u32);
    let ty = header.memories().get(memory.index())?;
    // Others may see a shared memory before it is initialized.
    if ty.shared {
        return None;
    }
    let size = ty.minimum.checked_mul(ty.page_bytes())?;
    let mut parts = Vec::new();
    for (index, segment) in module.datas().iter().enumerate() {
        let DataMode::Active {
            memory: target,
            offset,
        } = &segment.mode
        else {
            continue;
        };
        if *target != memory {
            return None;
        }
        let start = constant_offset(offset)?;
        let bytes = module.data_bytes(index);
        if start.checked_add(bytes.len() as u64)? > size {
            return None;
        }
        if !bytes.is_empty() {
            parts.push((start as usize, bytes));
        }
    }
    Some(parts)
}

fn constant_offset(expr: &ConstExpr) -> Option<u64> {
    match expr.ops() {
        [Op::I32Const(value)] => Some(u64::from(*value as u32)),
        [Op::I64Const(value)] => Some(*value as u64),
        _ => None,
    }
}
