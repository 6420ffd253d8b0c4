//! Artifacts: compiled modules in files, to be mapped and run by the same version on the same kind of CPU.
//!
//! ```text
//! magic (8)  checksum of all after it (32)  fingerprint: u32 length, bytes
//! u64 each: bytes of the tables, bytes of the module, bytes of the text
//! tables | module | zeros up to a multiple of TEXT_ALIGN | text
//! ```
//! Numbers are little-endian. The tables are counted lists of u32. The text is mapped as it lies in the file.

use crate::compile::Compilation;
use crate::{Engine, Error, Profile, Result};
use abi::inlined::Inlined;
use abi::{CodeImage, FuncLocation, Handler, PcEntry, StackMap, TrapEntry};
use module::{FuncIdx, Module, TypeIdx};
use runtime::{CodeSource, LoadedModule};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"\x7fwharf\x04\n";

/// The text starts at a multiple of this: of the page size on every supported host.
const TEXT_ALIGN: u64 = 64 << 10;

/// No fingerprint is longer.
const FINGERPRINT_BYTES_MAX: usize = 4096;

/// What code depends on: both sides must agree exactly.
fn fingerprint(engine: &Engine) -> Result<String> {
    let compiler = engine.best_compiler().ok_or_else(|| {
        Error::artifact("the interpreter makes no machine code to be kept in an artifact")
    })?;
    let fuel = if engine.config().fuel { " fuel" } else { "" };
    Ok(format!(
        "wharf {}; {}{fuel}",
        env!("CARGO_PKG_VERSION"),
        compiler.fingerprint()
    ))
}

/// Whether a file starts as artifacts do.
pub(crate) fn is_artifact_file(path: &Path) -> Result<bool> {
    let mut start = [0; MAGIC.len()];
    let mut file = File::open(path)?;
    let mut filled = 0;
    while filled < start.len() {
        match file.read(&mut start[filled..])? {
            0 => return Ok(false),
            bytes => filled += bytes,
        }
    }
    Ok(&start == MAGIC)
}

/// The artifact of a module, compiled as a whole now if it is not yet, for what its guests have been seen to do.
pub(crate) fn write(
    engine: &Engine,
    loaded: &LoadedModule,
    profile: Option<Arc<Profile>>,
) -> Result<Vec<u8>> {
    let fingerprint = fingerprint(engine)?;
    let compiled;
    let (image, text) = match (loaded.code_image(), loaded.code_bytes()) {
        (Some(image), Some(text)) => (image, text),
        _ => {
            compiled = compile(engine, loaded.module(), profile)?;
            (&compiled, &*compiled.text)
        }
    };
    let tables = write_tables(image);
    let module = loaded.module().bytes();
    let mut out =
        Vec::with_capacity(tables.len() + module.len() + text.len() + TEXT_ALIGN as usize);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[0; blake3::OUT_LEN]);
    out.extend_from_slice(&(fingerprint.len() as u32).to_le_bytes());
    out.extend_from_slice(fingerprint.as_bytes());
    for bytes in [tables.len(), module.len(), text.len()] {
        out.extend_from_slice(&(bytes as u64).to_le_bytes());
    }
    out.extend_from_slice(&tables);
    out.extend_from_slice(module);
    out.resize(out.len().next_multiple_of(TEXT_ALIGN as usize), 0);
    out.extend_from_slice(text);
    let after = MAGIC.len() + blake3::OUT_LEN;
    let checksum = blake3::hash(&out[after..]);
    out[MAGIC.len()..after].copy_from_slice(checksum.as_bytes());
    Ok(out)
}

/// Makes final code of all of a module.
fn compile(engine: &Engine, module: &Module, profile: Option<Arc<Profile>>) -> Result<CodeImage> {
    let compiler = engine.best_compiler();
    let mut compilation = Compilation::with_compiler(engine, compiler).with_profile(profile);
    let header = module.header();
    for index in header.n_imported_funcs()..header.funcs().len() {
        let body = module.body(FuncIdx(index as u32));
        // Modules are loaded when all their functions have been validated.
        let body = body.expect("defined functions have bodies").trusted();
        compilation.push(header, body);
    }
    let image = compilation.finish(header, &mut |_, _| {})?;
    image.ok_or_else(|| Error::artifact("the module has no machine code"))
}

/// Opens an artifact: the module it holds, and its code to be mapped.
pub(crate) fn open(engine: &Engine, path: &Path) -> Result<(Module, CodeSource)> {
    let damaged = || Error::artifact("the artifact is damaged; compile the module again");
    let file = File::open(path)?;
    let file_bytes = file.metadata()?.len();
    let mut reader = Checked {
        file: BufReader::new(&file),
        hasher: blake3::Hasher::new(),
        at: 0,
    };
    let magic: [u8; 8] = reader.array().map_err(|_| damaged())?;
    if &magic != MAGIC {
        return Err(Error::artifact(
            "the file is not an artifact of this version's format; compile the module again",
        ));
    }
    let checksum: [u8; blake3::OUT_LEN] = reader.array().map_err(|_| damaged())?;
    reader.hasher.reset();
    let length = u32::from_le_bytes(reader.array().map_err(|_| damaged())?) as usize;
    if length > FINGERPRINT_BYTES_MAX {
        return Err(damaged());
    }
    let found = reader
        .bytes(length as u64, file_bytes)
        .map_err(|_| damaged())?;
    let expected = fingerprint(engine)?;
    if found != expected.as_bytes() {
        let found = String::from_utf8_lossy(&found);
        return Err(Error::artifact(format!(
            "the artifact was made for another version, CPU or settings; compile the module again (expected {expected}, found {found})"
        )));
    }
    let mut sizes = [0; 3];
    for size in &mut sizes {
        *size = u64::from_le_bytes(reader.array().map_err(|_| damaged())?);
    }
    let [tables, module, text] = sizes;
    let tables = reader.bytes(tables, file_bytes).map_err(|_| damaged())?;
    let module = reader.bytes(module, file_bytes).map_err(|_| damaged())?;
    let offset = reader.at.next_multiple_of(TEXT_ALIGN);
    if offset.checked_add(text) != Some(file_bytes) {
        return Err(damaged());
    }
    if reader.rest().map_err(|_| damaged())?.as_bytes() != &checksum {
        return Err(damaged());
    }
    let bytes = usize::try_from(text).map_err(|_| damaged())?;
    let image = read_tables(&tables)
        .filter(|image| lies_within(image, text))
        .ok_or_else(damaged)?;
    let module = module::decode_trusted(module.into()).map_err(Error::module)?;
    let trampolines = image.entries.iter().chain(&image.hosts);
    let types = module.header().types().len();
    let known = trampolines.into_iter().all(|(ty, _)| ty.index() < types);
    let n_funcs = module.header().funcs().len();
    let known = known && image.inlined.iter().all(|call| call.func.index() < n_funcs);
    if !known || image.funcs.len() != module.header().n_defined_funcs() {
        return Err(damaged());
    }
    Ok((
        module,
        CodeSource::File {
            image,
            file,
            offset,
            bytes,
        },
    ))
}

/// Reads a file and hashes what it reads.
struct Checked<'f> {
    file: BufReader<&'f File>,
    hasher: blake3::Hasher,
    at: u64,
}

impl Checked<'_> {
    fn array<const N: usize>(&mut self) -> std::io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        self.hasher.update(&bytes);
        self.at += N as u64;
        Ok(bytes)
    }

    fn bytes(&mut self, count: u64, file_bytes: u64) -> std::io::Result<Vec<u8>> {
        if count > file_bytes {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; count as usize];
        self.file.read_exact(&mut bytes)?;
        self.hasher.update(&bytes);
        self.at += count;
        Ok(bytes)
    }

    fn rest(mut self) -> std::io::Result<blake3::Hash> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.file.read(&mut buffer)? {
                0 => return Ok(self.hasher.finalize()),
                bytes => self.hasher.update(&buffer[..bytes]),
            };
        }
    }
}

fn write_tables(image: &CodeImage) -> Vec<u8> {
    let mut out = Vec::new();
    let mut list = |count: usize, numbers: &mut dyn Iterator<Item = u32>| {
        out.extend_from_slice(&(count as u32).to_le_bytes());
        numbers.for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    };
    list(
        image.funcs.len(),
        &mut image.funcs.iter().flat_map(|f| [f.offset, f.len]),
    );
    for trampolines in [&image.entries, &image.hosts] {
        list(
            trampolines.len(),
            &mut trampolines
                .iter()
                .flat_map(|(ty, f)| [ty.0, f.offset, f.len]),
        );
    }
    list(
        image.traps.len(),
        &mut image
            .traps
            .iter()
            .flat_map(|t| [t.offset, u32::from(t.code)]),
    );
    list(
        image.pcs.len(),
        &mut image.pcs.iter().flat_map(|p| [p.offset, p.wasm]),
    );
    let maps = &image.stack_maps;
    list(
        maps.calls.len(),
        &mut maps.calls.iter().flat_map(|c| [c.return_offset, c.first]),
    );
    list(maps.places.len(), &mut maps.places.iter().copied());
    list(
        image.handlers.len(),
        &mut image
            .handlers
            .iter()
            .flat_map(|h| [h.return_offset, h.landing_offset, h.frame_bytes]),
    );
    let inlined = image.inlined.iter();
    list(
        image.inlined.len(),
        &mut inlined.flat_map(|i| [i.first, i.start, i.func.0, i.call]),
    );
    list(
        image.inlined_of.len(),
        &mut image
            .inlined_of
            .iter()
            .flat_map(|&(func, first)| [func, first]),
    );
    out
}

fn read_tables(bytes: &[u8]) -> Option<CodeImage> {
    let mut numbers = bytes
        .chunks_exact(4)
        .map(|n| u32::from_le_bytes([n[0], n[1], n[2], n[3]]));
    let mut image = CodeImage::default();
    for _ in 0..numbers.next()? {
        image.funcs.push(FuncLocation {
            offset: numbers.next()?,
            len: numbers.next()?,
        });
    }
    for trampolines in [&mut image.entries, &mut image.hosts] {
        for _ in 0..numbers.next()? {
            let ty = TypeIdx(numbers.next()?);
            trampolines.push((
                ty,
                FuncLocation {
                    offset: numbers.next()?,
                    len: numbers.next()?,
                },
            ));
        }
    }
    for _ in 0..numbers.next()? {
        image.traps.push(TrapEntry {
            offset: numbers.next()?,
            code: u8::try_from(numbers.next()?).ok()?,
        });
    }
    for _ in 0..numbers.next()? {
        image.pcs.push(PcEntry {
            offset: numbers.next()?,
            wasm: numbers.next()?,
        });
    }
    for _ in 0..numbers.next()? {
        image.stack_maps.calls.push(StackMap {
            return_offset: numbers.next()?,
            first: numbers.next()?,
        });
    }
    for _ in 0..numbers.next()? {
        image.stack_maps.places.push(numbers.next()?);
    }
    for _ in 0..numbers.next()? {
        image.handlers.push(Handler {
            return_offset: numbers.next()?,
            landing_offset: numbers.next()?,
            frame_bytes: numbers.next()?,
        });
    }
    for _ in 0..numbers.next()? {
        image.inlined.push(Inlined {
            first: numbers.next()?,
            start: numbers.next()?,
            func: FuncIdx(numbers.next()?),
            call: numbers.next()?,
        });
    }
    for _ in 0..numbers.next()? {
        image.inlined_of.push((numbers.next()?, numbers.next()?));
    }
    let handlers = &image.handlers;
    let in_order = handlers.is_sorted_by(|a, b| a.return_offset < b.return_offset);
    (in_order && image.stack_maps.is_consistent() && image.has_consistent_inlined())
        .then_some(image)
}

/// Whether all functions, trampolines and landing pads lie in a text of this size.
fn lies_within(image: &CodeImage, text: u64) -> bool {
    let trampolines = image
        .entries
        .iter()
        .chain(&image.hosts)
        .map(|(_, location)| location);
    let mut landings = image.handlers.iter().map(|handler| handler.landing_offset);
    let mut funcs = image.funcs.iter().chain(trampolines);
    landings.all(|landing| u64::from(landing) < text)
        && funcs.all(|location| u64::from(location.offset) + u64::from(location.len) <= text)
}
