//! Bytes to a module, whole or in pieces.
//!
//! Apart from what it builds. Sections are read, then validated, one after the other; each function body is handed out as soon as
//! its last byte is there, to be validated by whoever consumes it.

mod plain_data;

use crate::body::BodyResources;
use crate::convert::Kinds;
use crate::header::{HeaderBuilder, for_each_item};
use crate::hints;
use crate::module::{CustomRange, DataMode, DataSegment, FileRange};
use crate::{Bytes, ConstExpr, Error, Features, FuncInput, Header, MemoryIdx, Module};
use std::mem;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use wasmparser::{Chunk, DataKind, Encoding, Parser, Payload, Validator};

/// Receives each function body with the header of its module.
pub type OnBody<'f> = &'f mut dyn FnMut(&Arc<Header>, FuncInput);

/// Decodes a module of which bytes arrive in pieces of any size.
pub struct Decoder {
    /// All bytes that have arrived.
    bytes: Vec<u8>,
    sections: Sections,
    failed: Option<Error>,
}

impl Decoder {
    /// A decoder that has seen no byte.
    pub fn new(features: Features) -> Decoder {
        Decoder {
            bytes: Vec::new(),
            sections: Sections::new(features, false),
            failed: None,
        }
    }

    /// Takes the next bytes, and hands out the function bodies that they complete.
    ///
    /// # Errors
    /// If what has arrived cannot be the start of a valid module. Every later call gives the same error.
    pub fn push(&mut self, bytes: &[u8], on_body: OnBody<'_>) -> Result<(), Error> {
        self.take(bytes, false, on_body)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// If the module is incomplete or invalid, or an earlier call failed.
    pub fn finish(mut self, on_body: OnBody<'_>) -> Result<Module, Error> {
        self.take(&[], true, on_body)?;
        Ok(self.sections.finish(self.bytes.into()))
    }

    /// All that precedes the code, once it is complete.
    pub fn header(&self) -> Option<&Arc<Header>> {
        self.sections.header.as_ref()
    }

    fn take(&mut self, bytes: &[u8], eof: bool, on_body: OnBody<'_>) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = match u32::try_from(self.bytes.len() + bytes.len()) {
            Err(_) => Err(Error::too_large()),
            Ok(_) => {
                self.bytes.extend_from_slice(bytes);
                // The vector will move as it grows, so each body is copied.
                let copy = |range: Range<usize>| self.bytes[range].to_vec().into();
                self.sections.read(&self.bytes, eof, &copy, Some(on_body))
            }
        };
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }
}

/// Decodes a module that is in memory as a whole, without copying it.
///
/// The module's sections are validated; each function body goes to `on_body` and is valid only if reading it says so.
///
/// # Errors
/// If the module is malformed or invalid, exceeds a limit, or uses a feature that is not enabled.
pub fn decode(
    bytes: impl Into<Bytes>,
    features: &Features,
    on_body: OnBody<'_>,
) -> Result<Module, Error> {
    decode_bytes(bytes.into(), *features, Some(on_body))
}

/// Decodes a module whose function bodies were validated before, such as one from an artifact of our own.
///
/// # Errors
/// If the module's sections are malformed or invalid. Bodies are not looked at.
pub fn decode_trusted(bytes: Bytes) -> Result<Module, Error> {
    decode_bytes(bytes, Features::runnable(), None)
}

fn decode_bytes(
    bytes: Bytes,
    features: Features,
    on_body: Option<OnBody<'_>>,
) -> Result<Module, Error> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(Error::too_large());
    }
    let mut sections = Sections::new(features, on_body.is_none());
    sections.read(&bytes, true, &|range| bytes.slice(range), on_body)?;
    Ok(sections.finish(bytes))
}

/// What has been read so far.
struct Sections {
    features: Features,
    /// Whether the module was validated before, so that what takes long need not be validated again.
    trusted: bool,
    parser: Parser,
    validator: Validator,
    /// How many bytes have been read.
    read: usize,
    ended: bool,
    building: HeaderBuilder,
    /// Complete when the first body arrives.
    header: Option<Arc<Header>>,
    /// Where the contents of the code section start.
    code_start: Option<u32>,
    bodies: Vec<FileRange>,
    /// What bodies are validated with.
    resources: Option<BodyResources>,
    datas: Vec<DataSegment>,
    customs: Vec<CustomRange>,
}

impl Sections {
    fn new(features: Features, trusted: bool) -> Sections {
        let flags = features.to_parser();
        let mut parser = Parser::new(0);
        parser.set_features(flags);
        Sections {
            features,
            trusted,
            parser,
            validator: Validator::new_with_features(flags),
            read: 0,
            ended: false,
            building: HeaderBuilder::default(),
            header: None,
            code_start: None,
            bodies: Vec::new(),
            resources: None,
            datas: Vec::new(),
            customs: Vec::new(),
        }
    }

    /// Reads as far as `bytes`, all bytes of the file so far, allow.
    fn read(
        &mut self,
        bytes: &[u8],
        eof: bool,
        body_bytes: &dyn Fn(Range<usize>) -> Bytes,
        mut on_body: Option<OnBody<'_>>,
    ) -> Result<(), Error> {
        let magic = bytes.get(..4).unwrap_or(b"\0asm");
        if magic != b"\0asm" {
            return Err(Error::magic(magic));
        }
        while !self.ended {
            let chunk = self
                .parser
                .parse(&bytes[self.read..], eof)
                .map_err(Error::malformed)?;
            let Chunk::Parsed { consumed, payload } = chunk else {
                break;
            };
            self.read += consumed;
            if let Payload::CodeSectionEntry(body) = payload {
                let func = self
                    .validator
                    .code_section_entry(&body)
                    .map_err(Error::invalid)?;
                let range = file_range(body.range());
                self.bodies.push(range);
                self.resources
                    .get_or_insert_with(|| BodyResources::of(&func));
                if let (Some(on_body), Some(header)) = (on_body.as_mut(), &self.header) {
                    let bytes = body_bytes(range.as_range());
                    let input = FuncInput::new(header.clone(), bytes, range.start as usize, func);
                    on_body(header, input);
                }
            } else {
                self.section(payload, bytes)?;
            }
        }
        Ok(())
    }

    fn section(&mut self, payload: Payload<'_>, bytes: &[u8]) -> Result<(), Error> {
        let mut is_known = false;
        let building = &mut self.building;
        match &payload {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => return Err(Error::component()),
            Payload::Version { .. } => {}
            Payload::TypeSection(section) => building.types(section)?,
            Payload::ImportSection(section) => building.imports(section)?,
            Payload::FunctionSection(section) => building.funcs(section)?,
            Payload::TableSection(section) => building.tables(section)?,
            Payload::MemorySection(section) => building.memories(section)?,
            Payload::TagSection(section) => building.tags(section)?,
            Payload::GlobalSection(section) => building.globals(section)?,
            Payload::ExportSection(section) => building.exports(section)?,
            Payload::StartSection { func, .. } => building.start(*func),
            Payload::ElementSection(section) => building.elems(section)?,
            Payload::DataCountSection { count, .. } => building.n_datas(*count),
            Payload::DataSection(section) => {
                let kinds = match &self.header {
                    Some(header) => header.kinds(),
                    None => building.kinds(),
                };
                let range = section.range();
                let (start, end) = (range.start as usize, range.end as usize);
                match plain_data::read_plain(bytes, start, end) {
                    Some(datas) => {
                        let has_memory = self.header.as_ref().is_some_and(|header| {
                            // A segment's place is of the type of the memory's addresses.
                            header.memories().first().is_some_and(|ty| !ty.memory64)
                        });
                        is_known = self.trusted && has_memory;
                        self.datas = datas;
                    }
                    None => read_datas(section, kinds, &mut self.datas)?,
                }
            }
            Payload::CustomSection(section) => {
                if section.name() == hints::SECTION {
                    building.branch_hints(section.data());
                }
                self.customs.push(CustomRange {
                    name: section.name().into(),
                    contents: file_range(section.data_range()),
                });
            }
            // Nothing to keep; the validator has the say. Sections of components cannot come here.
            _ => {}
        }
        if matches!(payload, Payload::End(_)) && !self.datas.is_empty() && self.trusted {
            // The validator would miss segments that it was not shown, but is the one to say if bodies are missing.
            let header = self.header.as_ref();
            is_known = header.is_some_and(|header| header.n_defined_funcs() == self.bodies.len());
        }
        if !is_known {
            self.validator.payload(&payload).map_err(Error::invalid)?;
        }
        let freeze = match payload {
            Payload::End(_) => {
                self.ended = true;
                true
            }
            Payload::CodeSectionStart {
                unchecked_range, ..
            } => {
                self.code_start = Some(unchecked_range.start as u32);
                true
            }
            _ => false,
        };
        if freeze && self.header.is_none() {
            self.header = Some(Arc::new(
                mem::take(&mut self.building).freeze(self.features),
            ));
        }
        Ok(())
    }

    /// The module. The end of the file must have been read.
    fn finish(self, bytes: Bytes) -> Module {
        Module {
            bytes,
            header: self.header.expect("frozen at the end of the file"),
            code_start: self.code_start,
            bodies: self.bodies.into(),
            resources: self.resources,
            datas: self.datas.into(),
            customs: self.customs.into(),
            names: OnceLock::new(),
        }
    }
}

fn read_datas(
    section: &wasmparser::DataSectionReader<'_>,
    kinds: &Kinds,
    datas: &mut Vec<DataSegment>,
) -> Result<(), Error> {
    for_each_item(section, |data| {
        let mode = match data.kind {
            DataKind::Passive => DataMode::Passive,
            DataKind::Active {
                memory_index: memory,
                offset_expr,
            } => DataMode::Active {
                memory: MemoryIdx(memory),
                offset: ConstExpr::read(&offset_expr, kinds)?,
            },
        };
        let end = data.range.end;
        let range = file_range(end - data.data.len() as u64..end);
        datas.push(DataSegment { mode, range });
        Ok(())
    })
}

/// Offsets are below 4 GiB because the file is.
fn file_range(range: Range<u64>) -> FileRange {
    FileRange {
        start: range.start as u32,
        end: range.end as u32,
    }
}
