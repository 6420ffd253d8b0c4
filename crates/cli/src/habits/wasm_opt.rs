//! `wasm-opt`: a module, levels and passes of that tool, in order.
//!
//! Apart, as each tool is. Its flags follow no rule that a parser of arguments knows (`-ol 2`, `-all`, `--pass-arg k@v`), so they are read one by
//! one. A pass of another name here is what comes closest; what writing functions anew does anyway is nothing of its own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use opt::{Level, Step};

use crate::failure::{Failure, Outcome};
use crate::opt::Request;
use crate::output::Output;

const HELP: &str = "\
usage: wasm-opt IN [-o OUT] [-O|-O0..-O4|-Os|-Oz] [--PASS...] [OPTIONS]

  -o, --output FILE        where the result goes; without it nothing is written
  -S, --emit-text          write text
  -g, --debuginfo          keep names
  -q, --quiet              say nothing but errors
  -cw, --closed-world      no other module knows of types that the border does not name
      --strip-debug, --strip-dwarf, --strip-producers, --strip-target-features
  -ol, --optimize-level N, -s, --shrink-level N

Passes have the names that they have there, or those of `wharf opt --list-passes`.
Flags for features are accepted and mean nothing: all features are known.";

/// What passes of that tool are here. None is what writing a function does.
const PASSES: &[(&str, &[&str])] = &[
    ("alignment-lowering", &[]),
    ("cfp", &["refine"]),
    ("coalesce-locals", &["dce"]),
    ("coalesce-locals-learning", &["dce"]),
    ("code-folding", &["dce"]),
    ("code-pushing", &["dce"]),
    ("const-hoisting", &["short"]),
    ("dae", &["signature"]),
    ("dae-optimizing", &["signature"]),
    ("directize", &[]),
    ("duplicate-function-elimination", &["same"]),
    ("duplicate-import-elimination", &[]),
    ("flatten", &[]),
    ("generate-global-effects", &[]),
    ("global-refining", &["refine"]),
    ("gto", &["refine"]),
    ("gufa", &["refs"]),
    ("gufa-optimizing", &["refs"]),
    ("heap-store-optimization", &["loads"]),
    ("inlining", &["inline"]),
    ("inlining-optimizing", &["inline"]),
    ("licm", &[]),
    ("local-cse", &["gvn"]),
    ("local-subtyping", &[]),
    ("memory-packing", &["data"]),
    ("merge-blocks", &["dce"]),
    ("merge-locals", &["dce"]),
    ("merge-similar-functions", &["same"]),
    ("minimize-rec-groups", &["types"]),
    ("optimize-added-constants", &["algebra"]),
    ("optimize-added-constants-propagate", &["algebra"]),
    ("optimize-casts", &["refs"]),
    ("optimize-instructions", &["algebra"]),
    ("once-reduction", &[]),
    ("pick-load-signs", &["algebra"]),
    ("precompute", &["fold"]),
    ("precompute-propagate", &["fold"]),
    ("remove-unused-brs", &["dce"]),
    ("remove-unused-module-elements", &["reach"]),
    ("remove-unused-names", &["dce"]),
    ("remove-unused-nonfunction-module-elements", &["reach"]),
    ("remove-unused-types", &["reach", "types"]),
    ("reorder-functions", &["order"]),
    ("reorder-globals", &["order"]),
    ("reorder-locals", &["dce"]),
    ("reorder-types", &["types", "order"]),
    ("rereloop", &["dce"]),
    ("rse", &["loads"]),
    ("signature-pruning", &["signature"]),
    ("signature-refining", &["refine"]),
    ("simplify-globals", &["globals"]),
    ("simplify-globals-optimizing", &["globals"]),
    ("simplify-locals", &["dce"]),
    ("simplify-locals-nonesting", &["dce"]),
    ("simplify-locals-nostructure", &["dce"]),
    ("simplify-locals-notee", &["dce"]),
    ("simplify-locals-notee-nostructure", &["dce"]),
    ("ssa", &[]),
    ("ssa-nomerge", &[]),
    ("tuple-optimization", &["dce"]),
    ("type-refining", &["refine"]),
    ("untee", &["dce"]),
    ("vacuum", &["dce"]),
];

/// Flags that change nothing here, and whether a value follows.
const IGNORED: &[(&str, bool)] = &[
    ("-n", false),
    ("--no-validation", false),
    ("-d", false),
    ("--debug", false),
    ("-c", false),
    ("--converge", false),
    ("-tnh", false),
    ("--traps-never-happen", false),
    ("-iit", false),
    ("--ignore-implicit-traps", false),
    ("-ffm", false),
    ("--fast-math", false),
    ("-lmu", false),
    ("--low-memory-unused", false),
    ("--zero-filled-memory", false),
    ("-uim", false),
    ("-all", false),
    ("--all-features", false),
    ("-mvp", false),
    ("--mvp-features", false),
    ("--detect-features", false),
    ("-ifwl", false),
    ("--inline-functions-with-loops", false),
    ("-aimfs", true),
    ("--always-inline-max-function-size", true),
    ("-fimfs", true),
    ("--flexible-inline-max-function-size", true),
    ("-ocimfs", true),
    ("--one-caller-inline-max-function-size", true),
    ("-pii", true),
    ("--partial-inlining-ifs", true),
    ("-pa", true),
    ("--pass-arg", true),
    ("--no-stack-ir", false),
    ("--generate-stack-ir", false),
    ("--optimize-stack-ir", false),
];

/// The tool: takes all arguments, the name first.
pub fn main(args: Vec<OsString>) -> ExitCode {
    run(args).unwrap_or_else(|failure| failure.show())
}

/// What the flags say.
#[derive(Default)]
struct Flags {
    input: Option<PathBuf>,
    output: Option<PathBuf>,
    request: Request,
    keeps_names: bool,
    /// Levels for speed and for size, if they were said apart.
    optimize: Option<u8>,
    shrink: Option<u8>,
}

fn run(args: Vec<OsString>) -> Outcome {
    let mut flags = Flags::default();
    let mut args = args.into_iter().skip(1);
    while let Some(arg) = args.next() {
        let text = arg.to_str().unwrap_or_default();
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(OsString::from(value))),
            _ => (text, None),
        };
        let mut value = || {
            let value = attached.clone().or_else(|| args.next());
            value.ok_or_else(|| Failure::usage(format!("{name} needs a value")))
        };
        match name {
            "-h" | "--help" => {
                println!("{HELP}");
                return Ok(ExitCode::SUCCESS);
            }
            "--version" => {
                println!("wasm-opt (wharf {})", env!("CARGO_PKG_VERSION"));
                return Ok(ExitCode::SUCCESS);
            }
            "-o" | "--output" => flags.output = Some(value()?.into()),
            "-ol" | "--optimize-level" => flags.optimize = Some(number(name, &value()?)?),
            "-s" | "--shrink-level" => flags.shrink = Some(number(name, &value()?)?),
            "-S" | "--emit-text" => flags.request.text = true,
            "-g" | "--debuginfo" => flags.keeps_names = true,
            "-cw" | "--closed-world" => flags.request.closed_world = true,
            "-q" | "--quiet" => flags.request.is_quiet = true,
            "--strip-debug" | "--strip" => flags.request.drops_names = true,
            // It goes in any case.
            "--strip-dwarf" => {}
            "--strip-producers" => flags.request.drops_producers = true,
            "--strip-target-features" => flags.request.drops_target_features = true,
            _ if !text.starts_with('-') || text == "-" => {
                if flags.input.replace(arg.clone().into()).is_some() {
                    return Err(Failure::usage(format!("{text}: there is an input already")));
                }
            }
            _ => {
                if let Some((_, takes)) = IGNORED.iter().find(|(ignored, _)| *ignored == name) {
                    if *takes {
                        value()?;
                    }
                } else if !name.starts_with("--enable-") && !name.starts_with("--disable-") {
                    flags.request.steps.extend(steps(name)?);
                }
            }
        }
    }
    flags.serve()
}

fn number(name: &str, value: &OsString) -> Result<u8, Failure> {
    let parsed = value.to_str().and_then(|value| value.parse().ok());
    parsed.ok_or_else(|| Failure::usage(format!("{name} takes a small number")))
}

/// The steps of a level or a pass.
fn steps(flag: &str) -> Result<Vec<Step>, Failure> {
    if let Some(letter) = flag.strip_prefix("-O") {
        let letter = if letter.is_empty() { "s" } else { letter };
        let level = Level::ALL.iter().find(|(name, _)| *name == letter);
        let level = level.ok_or_else(|| unknown(flag))?;
        return Ok(vec![Step::Level(level.1)]);
    }
    let name = flag.strip_prefix("--").ok_or_else(|| unknown(flag))?;
    let ours = PASSES.iter().find(|(pass, _)| *pass == name);
    let own = [name];
    let names = ours.map_or(&own[..], |(_, ours)| ours);
    let all = opt::steps();
    let find = |name: &&str| {
        let named = all.iter().find(|named| named.name == *name);
        named.map(|named| named.step).ok_or_else(|| unknown(flag))
    };
    names.iter().map(find).collect()
}

fn unknown(flag: &str) -> Failure {
    Failure::usage(format!("unknown option '{flag}'"))
}

impl Flags {
    fn serve(mut self) -> Outcome {
        let Some(input) = &self.input else {
            return Err(Failure::usage("there is no input file").help("wasm-opt --help"));
        };
        let said_apart = match (self.optimize, self.shrink) {
            (None, None) => None,
            (_, Some(2..)) => Some(Level::Oz),
            (_, Some(1)) => Some(Level::Os),
            (Some(0), _) => Some(Level::O0),
            (Some(1), _) => Some(Level::O1),
            (Some(3), _) => Some(Level::O3),
            (Some(4..), _) => Some(Level::O4),
            _ => Some(Level::O2),
        };
        self.request.steps.extend(said_apart.map(Step::Level));
        let level = crate::opt::last_level(&self.request.steps);
        self.request.only_shorter = level.is_some_and(Level::is_for_size);
        self.request.drops_names |= !self.keeps_names;
        // Build scripts take what comes.
        self.request.is_quiet = true;
        if self.output.is_none() && !self.request.text {
            eprintln!("warning: no output file specified, not emitting output");
            self.request.only_looks = true;
        }
        self.request.output = Output::to(self.output.take());
        self.request.serve(input)
    }
}

#[cfg(test)]
mod tests {
    use super::steps;
    use opt::{Level, Step};

    #[test]
    fn flags_are_steps() {
        let is_level = |flag, expected| matches!(steps(flag).unwrap()[..], [Step::Level(level)] if level == expected);
        assert!(is_level("-O", Level::Os));
        assert!(is_level("-Oz", Level::Oz));
        assert!(is_level("-O4", Level::O4));
        assert!(matches!(
            steps("--vacuum").unwrap()[..],
            [Step::Pass("dce")]
        ));
        assert!(steps("--ssa").unwrap().is_empty());
        assert!(steps("--no-such-pass").is_err());
        assert!(steps("-O7").is_err());
    }

    #[test]
    fn passes_have_steps() {
        for (name, _) in super::PASSES {
            assert!(steps(&format!("--{name}")).is_ok(), "{name}");
        }
    }
}
