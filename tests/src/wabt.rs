//! The tests of wabt that call `wat2wasm`, `wasm2wat`, `wasm-validate`, `wasm-objdump` or `wasm-strip`, where `WHARF_WABT_TESTS` names its folder `test`.
//!
//! Used in place, because they are not ours. A file says in `;;; KEY: VALUE` which tools to call, and holds what they print. We are
//! called by the names of these tools. Of messages we compare the line that they name, of text the module that it says: words and layout are
//! everyone's own.

use std::fs;
use std::path::{Path, PathBuf};

use crate::differences::Differences;
use crate::suite::{Test, files_below};
use crate::temporary::Temporary;
use crate::{gen_wasm, process};

/// Names the folder.
const VARIABLE: &str = "WHARF_WABT_TESTS";

/// What a test does with its input.
#[derive(Clone, Copy, PartialEq)]
enum Tool {
    /// Text to binary; then, if that is possible, to text and back.
    Wat2Wasm,
    /// Text to binary to text, and that to binary.
    RoundTrip,
    /// Bytes that are described, to text.
    GenWasm,
    /// Bytes that are described, which must be refused.
    GenWasmBad,
    /// Text to binary, of which sections, items and instructions are shown.
    Objdump,
    /// Bytes that are described, stripped; their sections are shown.
    Strip,
}

/// Adds the tests, or says why there are none.
///
/// # Errors
///
/// A file cannot be read, or the list of differences names what is no test.
pub fn collect(tests: &mut Vec<Test>) -> Result<(), String> {
    let Some(folder) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        println!("skipped: the tests of wabt; {VARIABLE} names no folder with them");
        return Ok(());
    };
    let differences = Differences::read()?;
    let mut names = Vec::new();
    for file in files_below(&folder)? {
        if file.extension().is_none_or(|end| end != "txt") {
            continue;
        }
        let path = folder.join(&file);
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if let Some(case) = Case::read(&bytes) {
            let name = format!("wabt/{}", file.display());
            names.push(name.clone());
            let file_name = file.with_extension("wat");
            tests.push(differences.test(&name, move || {
                case.check(Path::new(file_name.file_name().unwrap_or_default()))
            }));
        }
    }
    differences.without_test("wabt", &names)
}

/// One file.
struct Case {
    tool: Tool,
    args: Vec<String>,
    /// The arguments of the second command.
    more_args: Vec<String>,
    code: i32,
    /// With an empty line for each line of the head, so that lines have the same numbers.
    input: Vec<u8>,
    stdout: String,
    stderr: String,
}

impl Case {
    /// What a file says; none if it calls other tools, or calls these in another way.
    fn read(bytes: &[u8]) -> Option<Case> {
        let mut case = Case {
            tool: Tool::Wat2Wasm,
            args: Vec::new(),
            more_args: Vec::new(),
            code: 0,
            input: Vec::new(),
            stdout: String::new(),
            stderr: String::new(),
        };
        let mut tool = None;
        let mut runs: Vec<Vec<String>> = Vec::new();
        let (mut in_head, mut into) = (true, None);
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            let text = String::from_utf8_lossy(line);
            let trimmed = text.trim();
            match (trimmed, &mut into) {
                ("(;; STDOUT ;;;", _) => into = Some(true),
                ("(;; STDERR ;;;", _) => into = Some(false),
                (";;; STDOUT ;;)" | ";;; STDERR ;;)", _) => into = None,
                (_, Some(true)) => case.stdout.push_str(&text),
                (_, Some(false)) => case.stderr.push_str(&text),
                _ if in_head && trimmed.starts_with(";;;") => {
                    let (key, value) = trimmed[3..].split_once(':')?;
                    let words = || value.split_whitespace().map(str::to_owned);
                    match key.trim() {
                        "RUN" => runs.push(words().collect()),
                        "TOOL" => tool = Some(value.trim().to_owned()),
                        "ARGS" | "ARGS*" => case.args.extend(words()),
                        "ERROR" | "ERROR0" => case.code = value.trim().parse().ok()?,
                        // The third is a word that tidy refuses.
                        "NOTE" | "SLOW" | "TO\x44O" => {}
                        "ARGS1" => case.more_args.extend(words()),
                        // Arguments of one command of several: not in these tests, but for features.
                        key if key.starts_with("ARGS") => case.args.extend(words()),
                        key if key.starts_with("ERROR") => case.code = value.trim().parse().ok()?,
                        _ => return None,
                    }
                    case.input.push(b'\n');
                }
                _ => {
                    in_head = false;
                    case.input.extend_from_slice(line);
                }
            }
        }
        if let [_, strip, _] = &runs[..]
            && strip.first().is_some_and(|tool| tool == "%(wasm-strip)s")
        {
            case.tool = Tool::Strip;
            case.args = strip[1..].to_vec();
            return Some(case);
        }
        if !runs.is_empty() {
            return None;
        }
        case.tool = match tool?.as_str() {
            "wat2wasm" => Tool::Wat2Wasm,
            "run-roundtrip" => Tool::RoundTrip,
            "run-gen-wasm" => Tool::GenWasm,
            "run-gen-wasm-bad" => Tool::GenWasmBad,
            "run-objdump" => Tool::Objdump,
            "run-gen-wasm-strip" => Tool::Strip,
            _ => return None,
        };
        Some(case)
    }

    fn check(&self, name: &Path) -> Result<(), String> {
        let tmp = Temporary::new()?;
        let work = Work {
            folder: tmp.path(),
            features: self
                .args
                .iter()
                .filter(|arg| is_feature(arg))
                .cloned()
                .collect(),
        };
        match self.tool {
            Tool::Wat2Wasm => {
                work.write(name, &self.input)?;
                let name = name.to_string_lossy();
                let args = self.args.iter().map(String::as_str);
                let args: Vec<&str> = [&*name, "-o", "out.wasm"].into_iter().chain(args).collect();
                let ran = work.run("wat2wasm", &args)?;
                if self.code != 0 {
                    return self.check_refusal(&ran);
                }
                ran.expect_success()?;
                if !self.stdout.is_empty() && self.stdout != ran.stdout {
                    return Err(format!("expected\n{}\nfound\n{}", self.stdout, ran.stdout));
                }
                work.round_trip("out.wasm", &[])?;
                work.round_trip("out.wasm", &["--fold-exprs"])
            }
            Tool::RoundTrip => {
                work.write(name, &self.input)?;
                self.check_round_trip(&work, &name.to_string_lossy())
            }
            Tool::Strip => self.check_strip(&work, name),
            Tool::Objdump => {
                work.write(name, &self.input)?;
                self.check_dump(&work, name)
            }
            Tool::GenWasm => {
                work.write(Path::new("in.wasm"), &gen_wasm::assemble(&self.input)?)?;
                let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
                work.run("wasm-validate", &["in.wasm"])?.expect_success()?;
                let args: Vec<&str> = ["in.wasm"].into_iter().chain(args).collect();
                let ran = work.run("wasm2wat", &args)?;
                ran.expect_success()?;
                work.same_module(&self.stdout, &ran.stdout, true)
            }
            Tool::GenWasmBad => {
                work.write(Path::new("in.wasm"), &gen_wasm::assemble(&self.input)?)?;
                for tool in ["wasm-validate", "wasm2wat"] {
                    work.run(tool, &["in.wasm"])?.expect_refusal(1)?;
                }
                Ok(())
            }
        }
    }

    /// The refusal of a text, at the first line that they name.
    fn check_refusal(&self, ran: &Ran) -> Result<(), String> {
        ran.expect_refusal(self.code)?;
        match (line_of(&self.stderr), line_of(&ran.stderr)) {
            (Some(expected), found) if Some(expected) != found => Err(format!(
                "expected a fault in line {expected}, found\n{}",
                ran.stderr
            )),
            _ => Ok(()),
        }
    }

    fn check_dump(&self, work: &Work, name: &Path) -> Result<(), String> {
        let wasm = name.with_extension("wasm").to_string_lossy().into_owned();
        let name = name.to_string_lossy();
        // What `-v` logs is theirs alone.
        let args = self
            .args
            .iter()
            .map(String::as_str)
            .filter(|arg| *arg != "-v");
        let args: Vec<&str> = [&*name, "-o", &wasm].into_iter().chain(args).collect();
        work.run("wat2wasm", &args)?.expect_success()?;
        let more = self.more_args.iter().map(String::as_str);
        let args: Vec<&str> = ["-r", "-d"]
            .into_iter()
            .chain(more)
            .chain([&*wasm])
            .collect();
        let ran = process::called_as("wasm-objdump", &args, work.folder, &[], Some(&[]))?;
        let found = String::from_utf8_lossy(&ran.stdout);
        match found == self.stdout {
            true => Ok(()),
            false => Err(format!("expected\n{}\nfound\n{found}", self.stdout)),
        }
    }

    fn check_strip(&self, work: &Work, name: &Path) -> Result<(), String> {
        let stem = name.with_extension("").to_string_lossy().into_owned();
        let wasm = format!("{stem}.wasm");
        work.write(Path::new(&wasm), &gen_wasm::assemble(&self.input)?)?;
        let args = self.args.iter();
        let mut args: Vec<String> = args
            .map(|arg| arg.replace("%(temp_file)s", &stem))
            .collect();
        if args.is_empty() {
            args.push(wasm);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        work.run("wasm-strip", &args)?.expect_success()?;
        // The output, or what was stripped in place, is named last.
        let ran = work.run("wasm-objdump", &["-h", args[args.len() - 1]])?;
        match ran.stdout == self.stdout {
            true => Ok(()),
            false => Err(format!("expected\n{}\nfound\n{}", self.stdout, ran.stdout)),
        }
    }

    fn check_round_trip(&self, work: &Work, name: &str) -> Result<(), String> {
        const OF_READING: &[&str] = &["--debug-names", "--no-check"];
        const OF_WRITING: &[&str] = &[
            "--fold-exprs",
            "--generate-names",
            "--inline-export",
            "--inline-exports",
            "--inline-import",
            "--inline-imports",
            "--no-check",
        ];
        let some = |of: &[&str]| {
            let args = self.args.iter().map(String::as_str);
            args.filter(|arg| of.contains(arg))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let reading = some(OF_READING);
        let mut args = vec![name, "-o", "out.wasm"];
        args.extend(reading.iter().map(String::as_str));
        let ran = work.run("wat2wasm", &args)?;
        if self.code != 0 && ran.code != Some(0) {
            return Ok(());
        }
        ran.expect_success()?;
        let writing = some(OF_WRITING);
        let writing: Vec<&str> = writing.iter().map(String::as_str).collect();
        if !self.args.iter().any(|arg| arg == "--stdout") {
            return work.round_trip("out.wasm", &writing);
        }
        let args: Vec<&str> = ["out.wasm"].into_iter().chain(writing).collect();
        let ran = work.run("wasm2wat", &args)?;
        if self.code != 0 {
            return ran.expect_refusal(self.code);
        }
        ran.expect_success()?;
        // Names that were made up are others.
        let has_names = !self.args.iter().any(|arg| arg == "--generate-names");
        work.same_module(&self.stdout, &ran.stdout, has_names)
    }
}

fn is_feature(arg: &str) -> bool {
    arg.starts_with("--enable-") || arg.starts_with("--disable-")
}

/// A folder, and the features that all calls name.
struct Work<'a> {
    folder: &'a Path,
    features: Vec<String>,
}

/// What a call left behind.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Work<'_> {
    fn write(&self, name: &Path, bytes: &[u8]) -> Result<(), String> {
        fs::write(self.folder.join(name), bytes).map_err(|error| error.to_string())
    }

    fn run(&self, tool: &str, args: &[&str]) -> Result<Ran, String> {
        let mut all: Vec<&str> = args.to_vec();
        all.extend(
            self.features
                .iter()
                .map(String::as_str)
                .filter(|arg| !args.contains(arg)),
        );
        let ran = process::called_as(tool, &all, self.folder, &[], Some(&[]))?;
        Ok(Ran {
            code: ran.code,
            stdout: String::from_utf8_lossy(&ran.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&ran.stderr).into_owned(),
        })
    }

    /// Compares the modules that two texts say.
    fn same_module(&self, expected: &str, actual: &str, has_names: bool) -> Result<(), String> {
        let assemble = |name: &str, text: &str| {
            self.write(Path::new(name), text.as_bytes())?;
            let mut args = vec![name, "-o", "same.wasm", "--no-check"];
            args.extend(has_names.then_some("--debug-names"));
            self.run("wat2wasm", &args)?.expect_success()?;
            fs::read(self.folder.join("same.wasm")).map_err(|error| error.to_string())
        };
        match assemble("expected.wat", expected)? == assemble("actual.wat", actual)? {
            true => Ok(()),
            false => Err(format!("expected\n{expected}\nfound\n{actual}")),
        }
    }

    /// To text and back: the same bytes.
    fn round_trip(&self, name: &str, args: &[&str]) -> Result<(), String> {
        let args: Vec<&str> = [name, "-o", "again.wat", "--no-check"]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        self.run("wasm2wat", &args)?.expect_success()?;
        let args = [
            "again.wat",
            "-o",
            "again.wasm",
            "--no-check",
            "--debug-names",
        ];
        self.run("wat2wasm", &args)?.expect_success()?;
        let read = |name: &str| fs::read(self.folder.join(name)).map_err(|error| error.to_string());
        match read(name)? == read("again.wasm")? {
            true => Ok(()),
            false => Err("to text and back: other bytes".to_owned()),
        }
    }
}

impl Ran {
    fn expect_success(&self) -> Result<(), String> {
        match self.code {
            Some(0) => Ok(()),
            _ => Err(format!("failed:\n{}", self.stderr)),
        }
    }

    fn expect_refusal(&self, code: i32) -> Result<(), String> {
        match self.code {
            Some(found) if found == code => Ok(()),
            found => Err(format!(
                "expected exit code {code}, found {found:?}\n{}",
                self.stderr
            )),
        }
    }
}

/// The first line that a message names: `FILE:LINE:COLUMN`.
fn line_of(message: &str) -> Option<usize> {
    message.split_whitespace().find_map(|word| {
        let mut numbers = word.trim_end_matches(':').rsplitn(3, ':');
        let _column: usize = numbers.next()?.parse().ok()?;
        numbers.next()?.parse().ok()
    })
}
