//! Compiling a module while its bytes arrive.

use crate::compile::Compilation;
use crate::{Engine, Error, Module, Result};
use module::Decoder;

/// A module whose bytes arrive in pieces; functions are validated and compiled while later bytes are still missing.
///
/// ```
/// use wharf::{Engine, ModuleStream};
///
/// let engine = Engine::default();
/// let mut stream = ModuleStream::new(&engine);
/// for piece in [&b"\0as"[..], b"m\x01\0", b"\0\0"] {
///     stream.push(piece)?;
/// }
/// let module = stream.finish()?;
/// assert_eq!(module.exports().count(), 0);
/// # Ok::<(), wharf::Error>(())
/// ```
pub struct ModuleStream {
    engine: Engine,
    decoder: Decoder,
    compilation: Compilation,
}

impl ModuleStream {
    /// A stream that has seen no byte.
    pub fn new(engine: &Engine) -> ModuleStream {
        ModuleStream {
            engine: engine.clone(),
            decoder: Decoder::new(engine.features()),
            compilation: Compilation::streaming(engine),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// If what has arrived cannot be the start of a valid module.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let compilation = &mut self.compilation;
        self.decoder
            .push(bytes, &mut |header, body| compilation.push(header, body))
            .map_err(Error::module)
    }

    /// Ends the bytes, and waits for the functions that are still being compiled.
    ///
    /// # Errors
    /// If the module is incomplete or invalid, or the machine has no room for its code.
    pub fn finish(self) -> Result<Module> {
        let ModuleStream {
            engine,
            decoder,
            mut compilation,
        } = self;
        let module = decoder
            .finish(&mut |header, body| compilation.push(header, body))
            .map_err(Error::module)?;
        Module::from_parts(&engine, module, compilation, &mut |_, _| {})
    }
}
