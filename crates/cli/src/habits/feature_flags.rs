//! `--enable-simd`, `--disable-simd` and the like, which several tools have.
//!
//! Apart from the tools, because the list is the same in all of them. What is not disabled is allowed, also where those tools want it to
//! be enabled first: whoever calls them wants modules to pass.

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

/// What is to be disabled.
#[derive(Default)]
pub struct FeatureFlags {
    disabled: Vec<&'static str>,
}

/// Both flags of each feature, and what it is called here; nothing if it is no feature of modules, or always there.
const FLAGS: &[(&str, &str, &[&str])] = &[
    ("enable-all", "disable-all", &[]),
    ("enable-annotations", "disable-annotations", &[]),
    (
        "enable-bulk-memory",
        "disable-bulk-memory",
        &["bulk-memory"],
    ),
    ("enable-code-metadata", "disable-code-metadata", &[]),
    (
        "enable-compact-import",
        "disable-compact-import",
        &["compact-imports"],
    ),
    (
        "enable-compact-imports",
        "disable-compact-imports",
        &["compact-imports"],
    ),
    (
        "enable-custom-page-sizes",
        "disable-custom-page-sizes",
        &["custom-page-sizes"],
    ),
    (
        "enable-exceptions",
        "disable-exceptions",
        &["exceptions", "legacy-exceptions"],
    ),
    (
        "enable-extended-const",
        "disable-extended-const",
        &["extended-const"],
    ),
    (
        "enable-function-references",
        "disable-function-references",
        &["function-references"],
    ),
    ("enable-gc", "disable-gc", &["gc"]),
    ("enable-memory64", "disable-memory64", &["memory64"]),
    (
        "enable-multi-memory",
        "disable-multi-memory",
        &["multi-memory"],
    ),
    (
        "enable-multi-value",
        "disable-multi-value",
        &["multi-value"],
    ),
    (
        "enable-mutable-globals",
        "disable-mutable-globals",
        &["mutable-global"],
    ),
    (
        "enable-reference-types",
        "disable-reference-types",
        &["reference-types"],
    ),
    (
        "enable-relaxed-simd",
        "disable-relaxed-simd",
        &["relaxed-simd"],
    ),
    (
        "enable-saturating-float-to-int",
        "disable-saturating-float-to-int",
        &["saturating-float-to-int"],
    ),
    (
        "enable-sign-extension",
        "disable-sign-extension",
        &["sign-extension"],
    ),
    ("enable-simd", "disable-simd", &["simd", "relaxed-simd"]),
    ("enable-tail-call", "disable-tail-call", &["tail-call"]),
    ("enable-threads", "disable-threads", &["threads"]),
    (
        "enable-wide-arithmetic",
        "disable-wide-arithmetic",
        &["wide-arithmetic"],
    ),
];

impl FeatureFlags {
    /// All features that are not disabled.
    pub fn features(&self) -> wharf::Features {
        let all = wharf::Features::decodable();
        self.disabled.iter().fold(all, |features, name| {
            features.without(name).unwrap_or(features)
        })
    }
}

impl clap::Args for FeatureFlags {
    fn augment_args(command: Command) -> Command {
        let flag = |name: &'static str| {
            let flag = Arg::new(name).long(name);
            flag.action(ArgAction::Count).hide(true)
        };
        let flags = FLAGS.iter().flat_map(|(on, off, _)| [flag(on), flag(off)]);
        command.args(flags).after_help("Any --enable-FEATURE and --disable-FEATURE may be said; what is not disabled is enabled.")
    }

    fn augment_args_for_update(command: Command) -> Command {
        FeatureFlags::augment_args(command)
    }
}

impl FromArgMatches for FeatureFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<FeatureFlags, clap::Error> {
        let disabled = FLAGS
            .iter()
            .filter(|(_, off, _)| matches.get_count(off) > 0);
        let disabled = disabled.flat_map(|(_, _, names)| names.iter().copied());
        Ok(FeatureFlags {
            disabled: disabled.collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = FeatureFlags::from_arg_matches(matches)?;
        Ok(())
    }
}
