//! The proposals and standard features that a module may use: one row each.
//!
//! The rows are apart because the command line, the embedding API and the README print them.

use crate::Error;
use std::fmt;
use wasmparser::WasmFeatures;

/// One feature: a row of the table.
#[derive(Debug)]
pub struct Feature {
    /// The name, as proposals spell it.
    pub name: &'static str,
    /// The phase of standardization; 5 is a part of the standard.
    pub phase: u8,
    /// Whether it is enabled unless the embedder says otherwise.
    pub default: bool,
    /// Whether every tier runs it; others cannot be enabled.
    pub runnable: bool,
    flags: WasmFeatures,
}

const fn on(name: &'static str, flags: WasmFeatures) -> Feature {
    Feature {
        name,
        phase: 5,
        default: true,
        runnable: true,
        flags,
    }
}

/// One that is not part of the standard yet, and that every tier runs.
const fn beyond(name: &'static str, phase: u8, flags: WasmFeatures) -> Feature {
    Feature {
        name,
        phase,
        default: phase >= 4,
        runnable: true,
        flags,
    }
}

/// One that not every tier runs.
const fn known(name: &'static str, phase: u8, flags: WasmFeatures) -> Feature {
    Feature {
        name,
        phase,
        default: false,
        runnable: false,
        flags,
    }
}

/// All features, in the order in which they entered the standard.
static FEATURES: &[Feature] = &[
    on("mutable-global", WasmFeatures::MUTABLE_GLOBAL),
    on("multi-value", WasmFeatures::MULTI_VALUE),
    on("sign-extension", WasmFeatures::SIGN_EXTENSION),
    on(
        "saturating-float-to-int",
        WasmFeatures::SATURATING_FLOAT_TO_INT,
    ),
    on("reference-types", WasmFeatures::REFERENCE_TYPES),
    on("bulk-memory", WasmFeatures::BULK_MEMORY),
    on("simd", WasmFeatures::SIMD),
    on("extended-const", WasmFeatures::EXTENDED_CONST),
    on("tail-call", WasmFeatures::TAIL_CALL),
    on("multi-memory", WasmFeatures::MULTI_MEMORY),
    on("memory64", WasmFeatures::MEMORY64),
    on("relaxed-simd", WasmFeatures::RELAXED_SIMD),
    on("function-references", WasmFeatures::FUNCTION_REFERENCES),
    on("gc", WasmFeatures::GC),
    on("exceptions", WasmFeatures::EXCEPTIONS),
    beyond("threads", 4, WasmFeatures::THREADS),
    beyond("custom-page-sizes", 3, WasmFeatures::CUSTOM_PAGE_SIZES),
    beyond("wide-arithmetic", 4, WasmFeatures::WIDE_ARITHMETIC),
    known("stack-switching", 3, WasmFeatures::STACK_SWITCHING),
    beyond("compact-imports", 3, WasmFeatures::COMPACT_IMPORTS),
    known("custom-descriptors", 3, WasmFeatures::CUSTOM_DESCRIPTORS),
    known(
        "shared-everything-threads",
        1,
        WasmFeatures::SHARED_EVERYTHING_THREADS,
    ),
    known(
        "acquire-release-atomics",
        1,
        WasmFeatures::ACQUIRE_RELEASE_ATOMICS,
    ),
    known("memory-control", 1, WasmFeatures::MEMORY_CONTROL),
    beyond("legacy-exceptions", 1, WasmFeatures::LEGACY_EXCEPTIONS),
];

/// A set of features.
///
/// The default is every feature that is enabled unless the embedder says otherwise: those of the standard, and proposals
/// of phase 4, as far as all tiers run them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Features(u64);

const _: () = assert!(FEATURES.len() <= 64);

impl Features {
    /// No feature: the first version of WebAssembly, without mutable globals in imports and exports.
    pub const NONE: Features = Features(0);

    /// Every feature, also those that no tier runs: what the parser can read.
    #[cfg(test)]
    pub(crate) const EVERYTHING: Features = Features((1 << FEATURES.len()) - 1);

    /// Every feature there is a row for, enabled or not.
    pub fn all() -> &'static [Feature] {
        FEATURES
    }

    /// Every feature that all tiers run.
    pub fn runnable() -> Features {
        Features::where_(|feature| feature.runnable)
    }

    /// Every feature that can be decoded, whether tiers run it or not: for tools and tests that run nothing.
    pub fn decodable() -> Features {
        Features::where_(|_| true)
    }

    /// The set with one more feature.
    ///
    /// # Errors
    /// If no feature has this name, or tiers do not run it yet.
    pub fn with(self, name: &str) -> Result<Features, Error> {
        let row = position(name)?;
        if !FEATURES[row].runnable {
            return Err(Error::feature_not_runnable(FEATURES[row].name));
        }
        Ok(Features(self.0 | 1 << row))
    }

    /// The set with one feature less.
    ///
    /// # Errors
    /// If no feature has this name.
    pub fn without(self, name: &str) -> Result<Features, Error> {
        Ok(Features(self.0 & !(1 << position(name)?)))
    }

    /// Whether the feature of this name is enabled. No feature of an unknown name is.
    pub fn has(self, name: &str) -> bool {
        position(name).is_ok_and(|row| self.0 & 1 << row != 0)
    }

    /// Every feature there is a row for, and whether it is enabled.
    pub fn iter(self) -> impl Iterator<Item = (&'static Feature, bool)> {
        FEATURES
            .iter()
            .enumerate()
            .map(move |(row, feature)| (feature, self.0 & 1 << row != 0))
    }

    fn where_(chosen: impl Fn(&Feature) -> bool) -> Features {
        let bits = FEATURES
            .iter()
            .enumerate()
            .map(|(row, feature)| u64::from(chosen(feature)) << row);
        Features(bits.fold(0, |set, bit| set | bit))
    }

    /// The same set in the parser's words.
    pub(crate) fn to_parser(self) -> WasmFeatures {
        // Floats are never refused, and without garbage-collected types there would be no externref.
        let always = WasmFeatures::FLOATS.union(WasmFeatures::GC_TYPES);
        self.iter()
            .filter(|(_, enabled)| *enabled)
            .fold(always, |flags, (feature, _)| flags.union(feature.flags))
    }
}

impl Features {
    /// The same set, and all there is of components, which have no rows: none of them runs.
    pub(crate) fn to_parser_of_components(self) -> WasmFeatures {
        let has_row = FEATURES
            .iter()
            .fold(WasmFeatures::empty(), |flags, feature| {
                flags.union(feature.flags)
            });
        self.to_parser()
            .union(WasmFeatures::all().difference(has_row))
    }
}

impl Default for Features {
    fn default() -> Features {
        Features::where_(|feature| feature.default)
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let enabled = self.iter().filter(|(_, enabled)| *enabled);
        f.debug_set()
            .entries(enabled.map(|(feature, _)| feature.name))
            .finish()
    }
}

fn position(name: &str) -> Result<usize, Error> {
    FEATURES
        .iter()
        .position(|feature| feature.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = FEATURES.iter().map(|feature| feature.name).collect();
            Error::unknown_feature(name, &names.join(", "))
        })
}

/// The name of the feature that would have to be enabled, as the parser reports it.
pub(crate) fn name_of(flags: WasmFeatures) -> &'static str {
    let found = FEATURES
        .iter()
        .find(|feature| feature.flags.intersects(flags));
    found.map_or("other", |feature| feature.name)
}

/// The name of the feature that the parser calls `proposal` in its list of operators.
pub(crate) fn name_of_proposal(proposal: &str) -> &'static str {
    let found = FEATURES.iter().find(|feature| {
        feature.name.len() == proposal.len()
            && feature
                .name
                .bytes()
                .zip(proposal.bytes())
                .all(|(a, b)| a == b || (a, b) == (b'-', b'_'))
    });
    found.map_or("other", |feature| feature.name)
}
