//! Modules: compiled once, instantiated many times.

use crate::artifact;
use crate::cache::{FileIdentity, Found, Kept};
use crate::compile::{Compilation, Progress};
use crate::{Engine, Error, ModuleStream, Profile, Result};
use module::{Bytes, ExternType, Header};
use runtime::{CodeSource, LoadedModule};
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// A compiled module. Cheap to clone; `Send` and `Sync`.
///
/// ```
/// use wharf::{Engine, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "one") (result i32) i32.const 1))"#)?;
/// let threads: Vec<_> = (0..2).map(|_| {
///     let module = module.clone();
///     std::thread::spawn(move || {
///         let mut store = Store::new(module.engine(), ());
///         let instance = Instance::new(&mut store, &module, &[])?;
///         instance.get_typed_func::<(), i32>(&mut store, "one")?.call(&mut store, ())
///     })
/// }).collect();
/// for thread in threads {
///     assert_eq!(thread.join().unwrap()?, 1);
/// }
/// # Ok::<(), wharf::Error>(())
/// ```
#[derive(Clone)]
pub struct Module {
    engine: Engine,
    loaded: Arc<LoadedModule>,
    /// What code of the module is kept as.
    kept: Option<Arc<Kept>>,
}

/// An import of a module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportType {
    /// Module part of the name.
    pub module: String,
    /// Field part of the name.
    pub name: String,
    /// What must be given.
    pub ty: ExternType,
}

/// An export of a module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExportType {
    /// The name.
    pub name: String,
    /// What is given.
    pub ty: ExternType,
}

/// Size of the pieces that [`Module::from_reader`] reads, in bytes.
const PIECE_BYTES: usize = 64 << 10;

impl Module {
    /// Compiles a module from its bytes, or from text.
    ///
    /// # Errors
    /// If the module is invalid, or the machine has no room for its code.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        let bytes = bytes.as_ref();
        if text::is_text(bytes) {
            return Module::from_text(engine, bytes, None);
        }
        Module::from_binary(engine, bytes.to_vec())
    }

    /// Compiles a module from its bytes, which are kept and not copied.
    ///
    /// # Errors
    /// If the module is invalid, or the machine has no room for its code.
    pub fn from_binary(engine: &Engine, bytes: impl Into<Bytes>) -> Result<Module> {
        Module::from_binary_with_progress(engine, bytes, &mut |_, _| {})
    }

    /// As [`Module::from_binary`], and tells how many functions of how many are done from time to time.
    ///
    /// # Errors
    /// If the module is invalid, or the machine has no room for its code.
    pub fn from_binary_with_progress(
        engine: &Engine,
        bytes: impl Into<Bytes>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Module> {
        let bytes = bytes.into();
        let mut kept = None;
        if let Some(cache) = engine.cache() {
            let (name, found) = cache.find(engine, &bytes);
            if let Some(found) = found {
                return Module::found(engine, name, found);
            }
            kept = Some(Arc::new(name));
        }
        let profile = engine.config().profile.as_ref();
        let profile = profile.filter(|profile| *profile.module() == hash(&bytes));
        let mut compilation = Compilation::new(engine).with_profile(profile.cloned());
        let module = module::decode(bytes, &engine.features(), &mut |header, body| {
            compilation.push(header, body)
        })
        .map_err(Error::module)?;
        let module =
            Module::from_parts_kept(engine, module, compilation, progress, kept.is_some())?;
        Ok(Module { kept, ..module })
    }

    /// The module of a large file, if it was run before, its code was kept, and the file has not been changed since: the file is not
    /// read then. `None` too if the engine keeps no code; see [`Module::set_file`].
    ///
    /// # Errors
    /// If the machine has no room for the code.
    pub fn from_kept_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Option<Module>> {
        let cache = engine.cache();
        match cache.and_then(|cache| cache.find_file(engine, path.as_ref())) {
            Some((kept, found)) => Module::found(engine, kept, found).map(Some),
            None => Ok(None),
        }
    }

    /// Says which file the module's bytes were read from, for [`Module::keep_code`] to remember it.
    pub fn set_file(&self, file: &FileIdentity) {
        if let Some(kept) = &self.kept {
            kept.set_file(file);
        }
    }

    fn found(engine: &Engine, kept: Kept, found: Found) -> Result<Module> {
        let code = CodeSource::Tiered {
            counter: engine.config().tier_up_after,
            kept: Some(found.code),
            content: found.content,
            keeps: true,
        };
        let module = Module::load(engine, found.module, code)?;
        Ok(Module {
            kept: Some(Arc::new(kept)),
            ..module
        })
    }

    /// Keeps the code that functions of the module have got so far for later runs, where [`Config::cache`](crate::Config::cache)
    /// says. Gives whether something was written: nothing is if there is little new, or the directory cannot be used.
    pub fn keep_code(&self) -> bool {
        let cache = self.engine.cache().zip(self.kept.as_ref());
        cache.is_some_and(|(cache, kept)| cache.keep(&self.engine, &self.loaded, kept))
    }

    fn from_text(engine: &Engine, bytes: &[u8], path: Option<&Path>) -> Result<Module> {
        // With lines, so that a backtrace names those of the text.
        let options = text::Options { line_info: true };
        let bytes = text::to_wasm(bytes, path, options).map_err(Error::text)?;
        Module::from_binary(engine, bytes.into_owned())
    }

    /// Compiles a module from a file of bytes or text, or maps an artifact that [`Module::serialize`] made.
    ///
    /// An artifact holds machine code that is run as it is: use only those that you or someone you trust made. Damage by
    /// accident is detected.
    ///
    /// # Errors
    /// If the file cannot be read, the module is invalid, or the artifact was made for another version, CPU or settings.
    pub fn from_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Module> {
        let path = path.as_ref();
        if artifact::is_artifact_file(path)? {
            return Module::from_artifact_file(engine, path);
        }
        if let Some(module) = Module::from_kept_file(engine, path)? {
            return Ok(module);
        }
        let mut file = std::fs::File::open(path)?;
        let identity = FileIdentity::of(&file.metadata()?);
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if text::is_text(&bytes) {
            return Module::from_text(engine, &bytes, Some(path));
        }
        let module = Module::from_binary(engine, bytes)?;
        module.set_file(&identity);
        Ok(module)
    }

    /// Compiles a module while its bytes are read; see [`ModuleStream`].
    ///
    /// # Errors
    /// If reading fails, the module is invalid, or the machine has no room for its code.
    pub fn from_reader(engine: &Engine, mut reader: impl Read) -> Result<Module> {
        let mut stream = ModuleStream::new(engine);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match reader.read(&mut piece) {
                Ok(0) => return stream.finish(),
                Ok(bytes) => stream.push(&piece[..bytes])?,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(crate) fn from_parts(
        engine: &Engine,
        module: module::Module,
        compilation: Compilation,
        progress: Progress<'_>,
    ) -> Result<Module> {
        Module::from_parts_kept(engine, module, compilation, progress, false)
    }

    fn from_parts_kept(
        engine: &Engine,
        module: module::Module,
        compilation: Compilation,
        progress: Progress<'_>,
        keeps: bool,
    ) -> Result<Module> {
        let code = match compilation.finish(module.header(), progress)? {
            Some(image) => CodeSource::Image(image),
            None if engine.tiers().is_some() => CodeSource::Tiered {
                counter: engine.config().tier_up_after,
                kept: None,
                content: None,
                keeps,
            },
            None => CodeSource::None,
        };
        Module::load(engine, module, code)
    }

    fn load(engine: &Engine, module: module::Module, code: CodeSource) -> Result<Module> {
        let loaded = LoadedModule::new(engine.core(), module, code)?;
        Ok(Module {
            engine: engine.clone(),
            loaded,
            kept: None,
        })
    }

    /// Whether bytes or text are a valid module for the engine's features.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn validate(engine: &Engine, bytes: &[u8]) -> Result<()> {
        let config = engine.config().clone().tier(crate::Tier::Interp).clone();
        // An engine that interprets only validates.
        Module::new(&Engine::new(&config)?, bytes).map(drop)
    }

    /// Checks that a module or a component is valid, given features that need not run: for tools that run nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn validate_binary(bytes: &[u8], features: crate::Features) -> Result<()> {
        module::validate(bytes, features).map_err(Error::from)
    }

    /// Whether custom sections that are advice make sense: each branch hint must be at a branch.
    ///
    /// Modules are valid, and run, all the same if they make none.
    ///
    /// # Errors
    /// What makes no sense.
    pub fn validate_hints(wasm: &[u8]) -> Result<()> {
        module::check_branch_hints(wasm).map_err(Error::from)
    }

    /// The module as an artifact: machine code and all that is needed to run it again without compiling.
    ///
    /// # Errors
    /// If the engine's tier makes no machine code.
    pub fn serialize(&self) -> Result<Vec<u8>> {
        let profile = self.profile().map(Arc::new);
        artifact::write(&self.engine, &self.loaded, profile)
    }

    /// What the module's guests have done so far, in all their stores: where they spent their time, and what they called. Code that
    /// is compiled with it ([`Config::profile`](crate::Config::profile)) fits them better. `None` if the engine's tier does not look.
    pub fn profile(&self) -> Option<Profile> {
        self.loaded.profile(self.hash())
    }

    /// The hash of the module's bytes, by which profiles know it.
    pub fn hash(&self) -> [u8; 32] {
        hash(self.loaded.module().bytes())
    }

    /// Maps an artifact that [`Module::serialize`] made; see [`Module::from_file`].
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or was made for another version, CPU or settings.
    pub fn from_artifact_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Module> {
        let (module, code) = artifact::open(engine, path.as_ref())?;
        Module::load(engine, module, code)
    }

    /// The engine that the module was compiled by.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The module's name, from its name section.
    pub fn name(&self) -> Option<&str> {
        self.loaded.module().names().module()
    }

    /// The imports, in order. Indices in their types are the engine's numbers, as everywhere in this crate.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType> {
        let header = self.header();
        header
            .imports()
            .iter()
            .enumerate()
            .map(|(index, import)| ImportType {
                module: import.module.to_string(),
                name: import.name.to_string(),
                ty: self.loaded.canonical_extern(header.import_type(index)),
            })
    }

    /// The exports, in order. Indices in their types are the engine's numbers.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType> {
        let header = self.header();
        header.exports().iter().map(|export| ExportType {
            name: export.name.to_string(),
            ty: self
                .loaded
                .canonical_extern(header.extern_type(export.item)),
        })
    }

    /// The type of the export of this name.
    pub fn export(&self, name: &str) -> Option<ExternType> {
        let ty = self.header().extern_type(self.header().export(name)?);
        Some(self.loaded.canonical_extern(ty))
    }

    pub(crate) fn header(&self) -> &Header {
        self.loaded.module().header()
    }

    pub(crate) fn loaded(&self) -> &Arc<LoadedModule> {
        &self.loaded
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}
