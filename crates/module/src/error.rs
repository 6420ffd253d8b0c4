//! What can be wrong with a module, and where.
//!
//! Apart, so that the wording of errors is in one place and the decoders read as sentences.

use crate::{FuncIdx, features};
use std::fmt;

/// What kind of fault an error is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The bytes do not follow the grammar of the binary format.
    Malformed,
    /// The bytes are read, but break a rule of validation.
    Invalid,
    /// The module uses a feature that is not enabled, or that is not supported yet.
    Unsupported {
        /// The name of the feature, as in [`crate::Features`].
        feature: &'static str,
    },
    /// The module exceeds a limit of the implementation.
    Limit,
}

/// A module that cannot be used. One pointer in size.
#[derive(Clone)]
pub struct Error(Box<Inner>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    offset: Option<usize>,
    func: Option<FuncIdx>,
}

impl Error {
    /// What kind of fault it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it is wrong, in bytes from the start of the file.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// The function whose body is wrong.
    pub fn func(&self) -> Option<FuncIdx> {
        self.0.func
    }

    /// The same error, known to be in the body of `func`.
    pub(crate) fn in_func(mut self, func: FuncIdx) -> Error {
        self.0.func = Some(func);
        self
    }

    /// The same error, at `offset` unless a place is known already.
    pub(crate) fn at(mut self, offset: usize) -> Error {
        self.0.offset.get_or_insert(offset);
        self
    }

    #[cold]
    fn new(kind: ErrorKind, message: String, offset: Option<usize>) -> Error {
        Error(Box::new(Inner {
            kind,
            message,
            offset,
            func: None,
        }))
    }

    /// Reading the bytes failed.
    #[cold]
    pub(crate) fn malformed(error: wasmparser::Error) -> Error {
        Error::from_parser(ErrorKind::Malformed, error)
    }

    /// The validator refused what was read.
    #[cold]
    pub(crate) fn invalid(error: wasmparser::Error) -> Error {
        Error::from_parser(ErrorKind::Invalid, error)
    }

    fn from_parser(kind: ErrorKind, error: wasmparser::Error) -> Error {
        let offset = usize::try_from(error.offset()).ok();
        let message = error.message();
        let feature = match error.missing_wasm_feature() {
            Some(flags) => Some(features::name_of(flags)),
            None => disabled_by_words(message),
        };
        if let Some(feature) = feature {
            return Error::disabled(feature, what_needs_it(message), offset);
        }
        // The parser has no kind for its limits, only these words.
        let limits = [
            "exceeds limit of",
            "exceed maximum",
            "size is out of bounds",
        ];
        let is_limit = limits.iter().any(|words| message.contains(words));
        let kind = if is_limit { ErrorKind::Limit } else { kind };
        Error::new(kind, message.to_string(), offset)
    }

    /// A feature is used that is not enabled; `what` uses it, if that is known.
    #[cold]
    fn disabled(feature: &'static str, what: Option<&str>, offset: Option<usize>) -> Error {
        let message = match what {
            Some(what) => format!("feature `{feature}` is not enabled: it is needed for {what}"),
            None => format!("feature `{feature}` is not enabled"),
        };
        Error::new(ErrorKind::Unsupported { feature }, message, offset)
    }

    /// A body that was said to be valid is not.
    #[cold]
    pub(crate) fn unvalidated(message: &str) -> Error {
        Error::new(ErrorKind::Invalid, message.to_string(), None)
    }

    /// The operator is known, but no tier runs it.
    #[cold]
    pub(crate) fn operator(proposal: &'static str, operator: &'static str) -> Error {
        let feature = features::name_of_proposal(proposal);
        let message = format!("operator {operator} of feature `{feature}` is not supported yet");
        Error::new(ErrorKind::Unsupported { feature }, message, None)
    }

    /// The first bytes of the file are not those of any WebAssembly.
    #[cold]
    pub(crate) fn magic(found: &[u8]) -> Error {
        let found: Vec<String> = found.iter().map(|byte| format!("{byte:02x}")).collect();
        let found = found.join(" ");
        let message = format!("magic header not detected: expected 00 61 73 6d, found {found}");
        Error::new(ErrorKind::Malformed, message, Some(0))
    }

    /// Something other than an operator that no tier supports.
    #[cold]
    pub(crate) fn unsupported(feature: &'static str, what: impl fmt::Display) -> Error {
        let message = format!("{what} of feature `{feature}` are not supported yet");
        Error::new(ErrorKind::Unsupported { feature }, message, None)
    }

    /// The file is a component.
    #[cold]
    pub(crate) fn component() -> Error {
        let message = "expected a core module, found a component (only core modules run yet)";
        let kind = ErrorKind::Unsupported {
            feature: "component-model",
        };
        Error::new(kind, message.to_string(), Some(4))
    }

    /// A branch hint is at an offset where no branch starts.
    #[cold]
    pub(crate) fn misplaced_hint(offset: usize) -> Error {
        let message =
            "@metadata.code.branch_hint annotation: invalid target: no branch starts here";
        Error::new(ErrorKind::Invalid, message.to_string(), Some(offset))
    }

    /// A branch hint is for a function without a body.
    #[cold]
    pub(crate) fn hints_without_body() -> Error {
        let message =
            "@metadata.code.branch_hint annotation: invalid target: a function that has no body";
        Error::new(ErrorKind::Invalid, message.to_string(), None)
    }

    /// The section of branch hints is malformed, or out of order.
    #[cold]
    pub(crate) fn unreadable_hints(offset: usize) -> Error {
        let message = "the section metadata.code.branch_hint cannot be read";
        Error::new(ErrorKind::Malformed, message.to_string(), Some(offset))
    }

    /// The feature is known, but no tier runs it.
    #[cold]
    pub(crate) fn feature_not_runnable(feature: &'static str) -> Error {
        let message = format!("feature `{feature}` is known, but not supported yet");
        Error::new(ErrorKind::Unsupported { feature }, message, None)
    }

    /// No feature has this name.
    #[cold]
    pub(crate) fn unknown_feature(name: &str, known: &str) -> Error {
        let message = format!("expected the name of a feature ({known}), found `{name}`");
        Error::new(ErrorKind::Unsupported { feature: "unknown" }, message, None)
    }

    /// Blocks of legacy exceptions are nested, or have more parts, than anything can need.
    #[cold]
    pub(crate) fn legacy_limit() -> Error {
        let message = "the function exceeds the limits of feature `legacy-exceptions`".to_string();
        Error::new(ErrorKind::Limit, message, None)
    }

    /// Both encodings of exceptions are in one function, where they cannot be told apart.
    #[cold]
    pub(crate) fn legacy_mixed() -> Error {
        let feature = "legacy-exceptions";
        let message = format!(
            "the function has both try_table and delegate, which feature `{feature}` does not support together"
        );
        Error::new(ErrorKind::Unsupported { feature }, message, None)
    }

    /// The file is larger than offsets can count.
    #[cold]
    pub(crate) fn too_large() -> Error {
        let message = "the module exceeds the limit of 4 GiB".to_string();
        Error::new(ErrorKind::Limit, message, None)
    }
}

/// The feature that is missing where the parser says so in words only.
fn disabled_by_words(message: &str) -> Option<&'static str> {
    let words = [
        ("multiple memories", "multi-memory"),
        ("gc proposal must be enabled", "gc"),
        ("because the GC proposal is disabled", "gc"),
    ];
    let found = words.iter().find(|(words, _)| message.contains(words));
    found.map(|(_, feature)| *feature)
}

/// What needs the feature that the parser misses, where its words tell more than the feature's name does.
fn what_needs_it(message: &str) -> Option<&'static str> {
    let things = [
        ("multiple memories", "more than one memory"),
        ("64-bit memories", "64-bit memories"),
        ("64-bit tables", "64-bit tables"),
        ("shared memories", "shared memories"),
        ("shared tables", "shared tables"),
        ("shared globals", "shared globals"),
        ("shared reference types", "shared reference types"),
        ("shared composite types", "shared types"),
        ("page size", "memories with a page size"),
        (
            "data count section",
            "the section that counts data segments",
        ),
        ("passive data segments", "passive data segments"),
        ("bulk memory must be enabled", "passive element segments"),
        ("struct indexed types", "types of structures"),
        ("array indexed types", "types of arrays"),
        ("rec group", "recursion groups"),
        ("subtypes", "subtypes"),
        ("returns multiple values", "functions with several results"),
        (
            "may only produce a resulttype",
            "blocks with parameters or several results",
        ),
        ("mutable global", "mutable globals in imports and exports"),
        ("expression initializers", "tables with an initial element"),
        ("index reference types", "references to a type by its index"),
        ("exceptions proposal", "tags"),
        ("compact imports", "imports in groups"),
    ];
    let found = things.iter().find(|(words, _)| message.contains(words));
    found.map(|(_, thing)| *thing)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())?;
        match (self.offset(), self.func()) {
            (Some(at), Some(func)) => write!(f, " (at byte {at:#x} in func {})", func.0),
            (Some(at), None) => write!(f, " (at byte {at:#x})"),
            (None, Some(func)) => write!(f, " (in func {})", func.0),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind())
    }
}

impl std::error::Error for Error {}
