//! `wharf opt`: modules made smaller and faster.
//!
//! Apart, as each command is. Steps are flags, one for each that the optimizer has, and happen in the order in which they are given.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use opt::{Level, Named, Options, Report, Step};

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use crate::output::Output;
use crate::wasm2wat;

/// Make a module smaller and faster
#[derive(Args)]
#[command(after_help = "\
Steps happen in the order in which they are given; without any, those of -Os. Names stay, except after -Oz, where -g keeps them.
Debug information is about code that is no more, and goes. Exports stay as they are.")]
pub struct Arguments {
    /// The module: binary, text, or `-` for standard input
    #[arg(required_unless_present = "list_passes")]
    file: Option<PathBuf>,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    steps: Steps,

    /// List all steps, and do nothing
    #[arg(long)]
    list_passes: bool,

    /// Take it that no other module knows of types of objects that imports and exports do not name
    #[arg(long)]
    closed_world: bool,

    /// Keep names
    #[arg(short = 'g', long)]
    names: bool,

    /// Drop names and debug information
    #[arg(long)]
    strip_debug: bool,

    /// Drop what says which tools made the module
    #[arg(long)]
    strip_producers: bool,

    /// Drop what says which features the module needs
    #[arg(long)]
    strip_target_features: bool,

    /// Write text
    #[arg(short = 'S', long)]
    text: bool,

    /// Print functions in SSA form after a pass, or after `all`
    #[arg(long, value_name = "PASS")]
    print_after: Option<String>,

    /// Print only this function: its number, or its name
    #[arg(long, value_name = "FUNCTION", requires = "print_after")]
    func: Option<String>,

    /// Threads; by default as many as there are processors
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    /// Say nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

/// Steps as flags.
#[derive(Default)]
pub struct Steps(Vec<Step>);

impl Args for Steps {
    fn augment_args(command: Command) -> Command {
        let levels = Level::ALL.iter().map(|(letter, _)| *letter);
        let command = command
            .arg(
                Arg::new("level")
                    .short('O')
                    .value_name("LEVEL")
                    .action(ArgAction::Append)
                    .value_parser(levels.collect::<Vec<_>>())
                    .help("All of a level: 0 to 4 for speed, s and z for size"),
            )
            .arg(
                Arg::new("passes")
                    .long("passes")
                    .value_name("STEP,...")
                    .action(ArgAction::Append)
                    .value_delimiter(',')
                    .help("These steps"),
            );
        opt::steps().iter().fold(command, |command, named| {
            let flag = Arg::new(named.name)
                .long(named.name)
                .action(ArgAction::Append)
                .num_args(0)
                .default_missing_value(named.name)
                .help(named.about)
                .help_heading("Steps");
            command.arg(flag)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Steps {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Steps, clap::Error> {
        let all = opt::steps();
        let mut found: Vec<(usize, Step)> = Vec::new();
        let given = |id| {
            let values = matches.get_many::<String>(id).into_iter().flatten();
            matches.indices_of(id).into_iter().flatten().zip(values)
        };
        for (at, letter) in given("level") {
            let level = Level::ALL.iter().find(|(name, _)| name == letter);
            found.extend(level.map(|(_, level)| (at, Step::Level(*level))));
        }
        let names = all.iter().flat_map(|named| given(named.name));
        for (at, name) in given("passes").chain(names) {
            let step = find(&all, name).map_err(|message| {
                clap::Error::raw(ErrorKind::InvalidValue, format!("{message}\n"))
            })?;
            found.push((at, step));
        }
        found.sort_by_key(|(at, _)| *at);
        Ok(Steps(found.into_iter().map(|(_, step)| step).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Steps::from_arg_matches(matches)?;
        Ok(())
    }
}

fn find(all: &[Named], name: &str) -> Result<Step, String> {
    let found = all.iter().find(|named| named.name == name);
    found
        .map(|named| named.step)
        .ok_or_else(|| format!("there is no step `{name}`; --list-passes lists all"))
}

/// Optimizes.
pub fn run(arguments: Arguments) -> Outcome {
    let Some(file) = arguments.file.filter(|_| !arguments.list_passes) else {
        arguments.output.write_text(&list())?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut steps = arguments.steps.0;
    if steps.is_empty() {
        steps.push(Step::Level(Level::Os));
    }
    let level = last_level(&steps);
    let request = Request {
        only_shorter: level.is_some_and(Level::is_for_size),
        closed_world: arguments.closed_world,
        drops_names: arguments.strip_debug || level == Some(Level::Oz) && !arguments.names,
        drops_producers: arguments.strip_producers,
        drops_target_features: arguments.strip_target_features,
        steps,
        n_threads: arguments.threads.map(usize::from),
        print_after: arguments.print_after,
        func: arguments.func,
        is_quiet: arguments.quiet,
        only_looks: false,
        text: arguments.text,
        output: arguments.output,
    };
    request.serve(&file)
}

/// The level that was asked for last.
pub fn last_level(steps: &[Step]) -> Option<Level> {
    steps.iter().rev().find_map(|step| match step {
        Step::Level(level) => Some(*level),
        _ => None,
    })
}

/// All steps, a line each.
fn list() -> String {
    let steps = opt::steps();
    let width = steps.iter().map(|named| named.name.len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for Named { name, about, .. } in steps {
        writeln!(text, "{name:width$}  {about}").expect("strings take all");
    }
    text
}

/// What is to be done, by whatever flags it was asked for.
#[derive(Default)]
pub struct Request {
    /// In order.
    pub steps: Vec<Step>,
    /// Whether functions change only if they become shorter.
    pub only_shorter: bool,
    /// Whether no other module knows of types of objects that the border does not name.
    pub closed_world: bool,
    /// Whether the section of names goes.
    pub drops_names: bool,
    /// Whether the section that says what made the module goes.
    pub drops_producers: bool,
    /// Whether the section that says what the module needs goes.
    pub drops_target_features: bool,
    /// Threads, if it matters.
    pub n_threads: Option<usize>,
    /// The pass after which functions are printed.
    pub print_after: Option<String>,
    /// The only function that is printed: its number or its name.
    pub func: Option<String>,
    /// Whether nothing is said of what came of it.
    pub is_quiet: bool,
    /// Whether nothing is written.
    pub only_looks: bool,
    /// Whether the result is written as text.
    pub text: bool,
    /// Where the result goes.
    pub output: Output,
}

impl Request {
    /// Reads, optimizes, writes.
    ///
    /// # Errors
    ///
    /// The file is no module or cannot be optimized, or the result cannot be written.
    pub fn serve(&self, file: &Path) -> Outcome {
        let mut input = Input::read(file)?;
        let bytes = input.take_wasm_without_lines()?;
        if is_component(&bytes) {
            let message = format!("{} is a component", input.name());
            return Err(Failure::new(message).help("optimize the modules that it is made of"));
        }
        let n_before = bytes.len();
        let (report, printed) = self.optimize(&input, bytes)?;
        if !self.is_quiet {
            self.tell(&input, &report, n_before);
        }
        if self.print_after.is_some() {
            Output::default().write_text(&printed)?;
        }
        let is_answered = self.print_after.is_some() && !self.output.is_named();
        if is_answered || self.only_looks {
            return Ok(ExitCode::SUCCESS);
        }
        match self.text {
            true => wasm2wat::write(
                &input,
                report.bytes,
                &wasm2wat::How::default(),
                &self.output,
            )?,
            false => self.output.write_binary(&report.bytes)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The result, and what was printed meanwhile.
    fn optimize(&self, input: &Input, bytes: Vec<u8>) -> Result<(Report, String), Failure> {
        let wanted = self.print_after.as_deref();
        if let Some(wanted) = wanted.filter(|wanted| *wanted != "all") {
            find(&opt::steps(), wanted).map_err(Failure::usage)?;
        }
        let printed = Mutex::new(String::new());
        let on_pass = |pass: &str, func: u32, name: Option<&str>, now: &dyn fmt::Display| {
            let wants_func = |wanted: &str| name == Some(wanted) || wanted.parse() == Ok(func);
            if wanted.is_none_or(|wanted| wanted == pass || wanted == "all")
                && self.func.as_deref().is_none_or(wants_func)
            {
                let mut printed = printed.lock().expect("no thread panics with it");
                let name = name.map(|name| format!(" {name}")).unwrap_or_default();
                writeln!(printed, ";; function {func}{name} after {pass}\n{now}")
                    .expect("strings take all");
            }
        };
        let keeps_custom = |name: &str| match name {
            "name" => !self.drops_names,
            "producers" => !self.drops_producers,
            "target_features" => !self.drops_target_features,
            _ => true,
        };
        let usual = Options::default();
        let options = Options {
            only_shorter: self.only_shorter,
            closed_world: self.closed_world,
            keeps_custom: &keeps_custom,
            on_pass: wanted.is_some().then_some(&on_pass),
            // What is printed comes in order.
            n_threads: match wanted {
                Some(_) => 1,
                None => self.n_threads.unwrap_or(usual.n_threads),
            },
        };
        let report = opt::optimize(bytes, &self.steps, &options);
        let report =
            report.map_err(|error| Failure::new(format!("{error}\n  --> {}", input.name())))?;
        Ok((
            report,
            printed.into_inner().expect("no thread panics with it"),
        ))
    }

    /// Says what whoever asked should know.
    fn tell(&self, input: &Input, report: &Report, n_before: usize) {
        let name = input.name();
        if !report.dropped.is_empty() {
            let list = report.dropped.join(", ");
            eprintln!(
                "warning: {name}: dropped {list}, which spoke of places in code that changed"
            );
        }
        if report.bytes.len() >= n_before && !self.steps.is_empty() {
            let n_after = report.bytes.len();
            eprintln!(
                "note: {name}: {n_before} bytes before, {n_after} after: nothing could be made smaller"
            );
        }
    }
}

/// Whether bytes are those of a component, by their first eight.
fn is_component(bytes: &[u8]) -> bool {
    bytes.get(4..8).is_some_and(|version| version[2] != 0)
}
