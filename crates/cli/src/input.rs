//! Reads what a command is given: a file or standard input, binary, text or compiled.
//!
//! Apart from the commands, because all of them accept the same, and show its faults the same way.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use wharf::{ErrorKind, ModuleErrorKind};

use crate::failure::Failure;

/// What artifacts begin with, of any version.
const ARTIFACT: &[u8] = b"\x7fwharf";

/// A file as it was read.
pub struct Input {
    /// The path; none for standard input.
    path: Option<PathBuf>,
    /// The contents; of an artifact only the beginning, since it is mapped and not read.
    bytes: Vec<u8>,
    /// What the file was when it was read.
    identity: Option<wharf::FileIdentity>,
}

impl Input {
    /// Reads a file, or standard input for `-`.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn read(path: &Path) -> Result<Input, Failure> {
        if path == Path::new("-") {
            return match read_module(&mut io::stdin().lock(), 0) {
                Ok(bytes) => Ok(Input {
                    path: None,
                    bytes,
                    identity: None,
                }),
                Err(error) => Err(Failure::new(format!("cannot read standard input: {error}"))),
            };
        }
        let read = || {
            let mut file = File::open(path)?;
            let metadata = file.metadata()?;
            let size = usize::try_from(metadata.len()).unwrap_or(0);
            let bytes = read_module(&mut file, size)?;
            Ok((bytes, wharf::FileIdentity::of(&metadata)))
        };
        match read() {
            Ok((bytes, identity)) => Ok(Input {
                path: Some(path.to_owned()),
                bytes,
                identity: Some(identity),
            }),
            Err(error) => Err(cannot_read(path, &error)),
        }
    }

    /// What messages call it.
    pub fn name(&self) -> Cow<'_, str> {
        self.path
            .as_ref()
            .map_or("<stdin>".into(), |path| path.to_string_lossy())
    }

    /// The file, if it was compiled by `wharf compile`.
    pub fn artifact(&self) -> Option<&Path> {
        self.path
            .as_deref()
            .filter(|_| self.bytes.starts_with(ARTIFACT))
    }

    /// The file as it was when it was read, if it holds the binary module itself.
    pub fn identity(&self) -> Option<&wharf::FileIdentity> {
        let is_binary = self.bytes.starts_with(b"\0asm");
        self.identity.as_ref().filter(|_| is_binary)
    }

    /// The contents as text; none if they are not UTF-8.
    pub fn as_text(&self) -> Option<&str> {
        str::from_utf8(&self.bytes).ok()
    }

    /// The binary module: the bytes themselves, which are no longer here then, or what the text becomes.
    ///
    /// # Errors
    ///
    /// The text is malformed.
    pub fn take_wasm(&mut self) -> Result<Vec<u8>, Failure> {
        if self.bytes.starts_with(b"\0asm") {
            return Ok(std::mem::take(&mut self.bytes));
        }
        self.translate(true).map_err(|error| self.malformed(&error))
    }

    /// As [`Input::take_wasm`], of text without tables of lines: what it says and no more.
    ///
    /// # Errors
    ///
    /// The text is malformed.
    pub fn take_wasm_without_lines(&mut self) -> Result<Vec<u8>, Failure> {
        if self.bytes.starts_with(b"\0asm") {
            return Ok(std::mem::take(&mut self.bytes));
        }
        self.translate(false)
            .map_err(|error| self.malformed(&error))
    }

    fn malformed(&self, error: &text::TextError) -> Failure {
        match self.what_it_is() {
            Some(help) => Failure::new(format!("{} is not a module", self.name())).help(help),
            None => Failure::new(error).maybe_help(error.help()),
        }
    }

    /// The text in binary form, with lines for backtraces and for [`Input::failure`] or without.
    fn translate(&self, line_info: bool) -> Result<Vec<u8>, text::TextError> {
        let options = text::Options { line_info };
        let wasm = text::to_wasm(&self.bytes, Some(Path::new(&*self.name())), options);
        wasm.map(Cow::into_owned)
    }

    /// A module that cannot be used: what is wrong, and where in this file.
    pub fn failure(&self, error: &wharf::Error) -> Failure {
        let name = self.name();
        let ErrorKind::Module(fault) = error.kind() else {
            return Failure::new(format!("{error}\n  --> {name}"));
        };
        let message = fault.message();
        let help = match fault.kind() {
            ModuleErrorKind::Unsupported { feature }
                if wharf::Features::runnable().has(feature) =>
            {
                Some(format!("--features +{feature} allows it"))
            }
            _ => None,
        };
        if let Ok(source) = str::from_utf8(&self.bytes)
            && let Ok(wasm) = self.translate(true)
            && let Some(offset) = fault.offset()
            && let Some(error) =
                text::error_at(message, source, Some(Path::new(&*name)), &wasm, offset)
        {
            return Failure::new(error).maybe_help(help);
        }
        // Bytes of a module that came from text are in no file.
        let offset = fault.offset().filter(|_| self.bytes.is_empty());
        let place = match (offset, fault.func()) {
            (Some(at), Some(func)) => format!(": byte {at:#x}, in function {}", func.0),
            (Some(at), None) => format!(": byte {at:#x}"),
            (None, Some(func)) => format!(": in function {}", func.0),
            (None, None) => String::new(),
        };
        Failure::new(format!("{message}\n  --> {name}{place}")).maybe_help(help)
    }

    /// A file that cannot be taken apart: what is wrong, and where in it.
    pub fn fault(&self, fault: &inspect::Fault) -> Failure {
        let (name, message) = (self.name(), fault.message());
        match self.bytes.is_empty() {
            true => Failure::new(format!(
                "{message}\n  --> {name}: byte {:#x}",
                fault.offset()
            )),
            false => Failure::new(format!("{message}\n  --> {name}")),
        }
    }

    /// A hint for files that are something else.
    fn what_it_is(&self) -> Option<&'static str> {
        match &self.bytes[..] {
            [] => Some("the file is empty"),
            [0x7f, b'E', b'L', b'F', ..] => Some(
                "it is a program for this machine; build it for a wasm target, such as wasm32-wasip1",
            ),
            [b'#', b'!', ..] => Some("it is a script; name the .wasm or .wat file itself"),
            [0x1f, 0x8b, ..] => Some("it is compressed; unpack it first, with gunzip"),
            bytes if bytes.starts_with(ARTIFACT) => {
                Some("it was compiled already; `wharf run` starts it from a file")
            }
            bytes if str::from_utf8(bytes).is_ok() => None,
            _ => Some("it is neither binary (.wasm) nor text (.wat)"),
        }
    }
}

/// Reads everything, or only the beginning of an artifact.
fn read_module(from: &mut impl Read, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    from.by_ref()
        .take(ARTIFACT.len() as u64)
        .read_to_end(&mut bytes)?;
    if bytes != ARTIFACT || size == 0 {
        from.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// A file that cannot be opened or read.
pub fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    use io::ErrorKind;
    let shown = path.display();
    let (what, help) = match error.kind() {
        ErrorKind::NotFound => ("there is no such file", None),
        ErrorKind::IsADirectory => ("it is a directory", Some("name a .wasm or .wat file in it")),
        ErrorKind::PermissionDenied => ("its permissions forbid it", None),
        _ => return Failure::new(format!("cannot read {shown}: {error}")),
    };
    Failure::new(format!("cannot read {shown}: {what}")).maybe_help(help)
}
