//! Walking the commands of a script.

use crate::expect::{self, Externs};
use crate::spectest;
use crate::{Failure, Report, ScriptError};
use std::collections::HashMap;
use std::path::Path;
use text::TextError;
use text::wast::lexer::Lexer;
use text::wast::parser::{self, ParseBuffer};
use text::wast::token::Id;
use text::wast::{QuoteWat, QuoteWatTest, Wast, WastDirective, WastExecute, WastInvoke, WastRet};
use wharf::{Config, Engine, Error, ErrorKind, Instance, Linker, Module, Store, Trap, Val};

/// Runs a script with an engine of these settings, in one store.
///
/// # Errors
/// If the script cannot be read, or a command does not do what it must. The commands after a failed one still run.
pub fn run(source: &str, path: Option<&Path>, config: &Config) -> Result<Report, ScriptError> {
    let failed = |failures, assertions| ScriptError {
        path: path.map(Path::to_owned),
        failures,
        assertions,
    };
    let unreadable = |error: text::wast::Error| {
        let error = TextError::new(&error, source, path);
        failed(
            vec![Failure {
                line: error.line(),
                message: error.message().to_string(),
            }],
            0,
        )
    };
    let mut lexer = Lexer::new(source);
    // Scripts hold such characters on purpose.
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(unreadable)?;
    let script = parser::parse::<Wast<'_>>(&buffer).map_err(unreadable)?;
    let mut context = Context::new(config).map_err(|error| {
        failed(
            vec![Failure {
                line: 1,
                message: error.to_string(),
            }],
            0,
        )
    })?;
    let (mut report, mut failures) = (Report::default(), Vec::new());
    for directive in script.directives {
        let span = directive.span();
        report.commands += 1;
        let asserts = !matches!(
            directive,
            WastDirective::Module(_)
                | WastDirective::ModuleDefinition(_)
                | WastDirective::ModuleInstance { .. }
                | WastDirective::Register { .. }
                | WastDirective::Invoke(_)
        );
        match context.command(directive) {
            Ok(()) => report.assertions += usize::from(asserts),
            Err(message) => failures.push(Failure {
                line: span.linecol_in(source).0 + 1,
                message,
            }),
        }
    }
    if failures.is_empty() {
        Ok(report)
    } else {
        Err(failed(failures, report.assertions))
    }
}

/// What one script has made so far.
struct Context {
    engine: Engine,
    store: Store<()>,
    linker: Linker<()>,
    /// The last instance made, and those with names.
    current: Option<Instance>,
    instances: HashMap<String, Instance>,
    /// Modules that are instantiated later.
    definition: Option<Module>,
    definitions: HashMap<String, Module>,
    externs: Externs,
}

impl Context {
    fn new(config: &Config) -> Result<Context, Error> {
        let engine = Engine::new(config)?;
        let mut store = Store::new(&engine, ());
        store.set_fuel(u64::MAX);
        let mut linker = Linker::new(&engine);
        linker.allow_shadowing(true);
        spectest::define(&mut linker, &mut store)?;
        Ok(Context {
            engine,
            store,
            linker,
            current: None,
            instances: HashMap::new(),
            definition: None,
            definitions: HashMap::new(),
            externs: Externs::default(),
        })
    }

    fn command(&mut self, directive: WastDirective<'_>) -> Result<(), String> {
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name().map(|id| id.name().to_string());
                let compiled = self.compile(&mut module)?;
                self.instantiate(&compiled, name)
            }
            WastDirective::ModuleDefinition(mut module) => {
                let compiled = self.compile(&mut module)?;
                if let Some(id) = module.name() {
                    self.definitions
                        .insert(id.name().to_string(), compiled.clone());
                }
                self.definition = Some(compiled);
                Ok(())
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                let module = match module {
                    Some(id) => self.definitions.get(id.name()),
                    None => self.definition.as_ref(),
                };
                let module = module.ok_or("no such module definition")?.clone();
                self.instantiate(&module, instance.map(|id| id.name().to_string()))
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module)?;
                self.linker
                    .instance(&self.store, name, instance)
                    .map_err(|error| error.to_string())?;
                Ok(())
            }
            WastDirective::Invoke(invoke) => self
                .invoke(&invoke)?
                .map(drop)
                .map_err(|error| format!("the call failed: {error}")),
            WastDirective::AssertReturn { exec, results, .. } => {
                let found = self
                    .execute(exec)?
                    .map_err(|error| format!("expected results, found: {error}"))?;
                self.check_results(&found, &results)
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                let outcome = self.execute(exec)?;
                expect_trap(outcome, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(&call)?;
                expect_trap(outcome, message)
            }
            WastDirective::AssertInvalid {
                mut module,
                message,
                ..
            } => {
                let bytes = module
                    .encode()
                    .map_err(|error| format!("the text is malformed, not invalid: {error}"))?;
                self.expect_refusal(&bytes, message)
            }
            WastDirective::AssertMalformed {
                mut module,
                message,
                ..
            } => match module.to_test() {
                Err(_) => Ok(()),
                Ok(QuoteWatTest::Binary(bytes)) => self.expect_refusal(&bytes, message),
                Ok(QuoteWatTest::Text(bytes)) => {
                    match text::to_wasm(&bytes, None, text::Options::default()) {
                        Err(_) => Ok(()),
                        Ok(bytes) => self.expect_refusal(&bytes, message),
                    }
                }
            },
            WastDirective::AssertUnlinkable {
                module, message, ..
            } => {
                let compiled = self.compile(&mut QuoteWat::Wat(module))?;
                match self.linker.instantiate(&mut self.store, &compiled) {
                    Err(error)
                        if matches!(error.kind(), ErrorKind::Link(_))
                            && error.to_string().starts_with(message) =>
                    {
                        Ok(())
                    }
                    Err(error) => Err(format!("expected link error \"{message}\", found: {error}")),
                    Ok(_) => Err(format!("expected link error \"{message}\", but it links")),
                }
            }
            other => Err(format!("unsupported command: {}", describe(&other))),
        }
    }

    fn compile(&mut self, module: &mut QuoteWat<'_>) -> Result<Module, String> {
        let bytes = module.encode().map_err(|error| error.to_string())?;
        Module::from_binary(&self.engine, bytes)
            .map_err(|error| format!("the module is refused: {error}"))
    }

    fn instantiate(&mut self, module: &Module, name: Option<String>) -> Result<(), String> {
        let instance = self.linker.instantiate(&mut self.store, module);
        let instance =
            instance.map_err(|error| format!("the module cannot be instantiated: {error}"))?;
        self.current = Some(instance);
        if let Some(name) = name {
            self.instances.insert(name, instance);
        }
        Ok(())
    }

    fn instance(&self, name: Option<Id<'_>>) -> Result<Instance, String> {
        match name {
            Some(id) => self
                .instances
                .get(id.name())
                .copied()
                .ok_or_else(|| format!("no instance ${}", id.name())),
            None => self.current.ok_or_else(|| "no instance yet".to_string()),
        }
    }

    /// The outer error is the script's, the inner one what came of the call.
    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Result<Vec<Val>, Error>, String> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => {
                let compiled = self.compile(&mut QuoteWat::Wat(module))?;
                Ok(self
                    .linker
                    .instantiate(&mut self.store, &compiled)
                    .map(|_| Vec::new()))
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module)?;
                let found = instance.get_global(&self.store, global);
                let found = found.ok_or_else(|| format!("no exported global \"{global}\""))?;
                Ok(found.get(&self.store).map(|value| vec![value]))
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Vec<Val>, Error>, String> {
        let instance = self.instance(invoke.module)?;
        let func = instance.get_func(&self.store, invoke.name);
        let func = func.ok_or_else(|| format!("no exported function \"{}\"", invoke.name))?;
        let mut params = Vec::with_capacity(invoke.args.len());
        for arg in &invoke.args {
            params.push(expect::argument(&mut self.store, &mut self.externs, arg)?);
        }
        Ok(func.call(&mut self.store, &params))
    }

    fn check_results(&self, found: &[Val], expected: &[WastRet<'_>]) -> Result<(), String> {
        let fits = found.len() == expected.len()
            && found
                .iter()
                .zip(expected)
                .all(|(found, expected)| expect::matches(&self.store, found, expected));
        if fits {
            Ok(())
        } else {
            Err(format!("expected {expected:?}, found {found:?}"))
        }
    }

    fn expect_refusal(&self, bytes: &[u8], message: &str) -> Result<(), String> {
        match Module::from_binary(&self.engine, bytes.to_vec()) {
            Err(_) => Ok(()),
            Ok(_) => Err(format!(
                "expected the module to be refused with \"{message}\", but it is accepted"
            )),
        }
    }
}

fn expect_trap(outcome: Result<Vec<Val>, Error>, message: &str) -> Result<(), String> {
    match outcome {
        Ok(values) => Err(format!("expected trap \"{message}\", found {values:?}")),
        Err(error) => match error.trap() {
            Some(trap) if says(trap, message) => Ok(()),
            _ => Err(format!("expected trap \"{message}\", found: {error}")),
        },
    }
}

/// Whether a trap is the one that a script names; scripts may say more, such as the index of an element.
fn says(trap: Trap, message: &str) -> bool {
    message.starts_with(trap.message()) || trap.message().starts_with(message)
}

fn describe(directive: &WastDirective<'_>) -> &'static str {
    match directive {
        WastDirective::AssertException { .. } => "assert_exception",
        WastDirective::AssertSuspension { .. } => "assert_suspension",
        WastDirective::Thread(_) => "thread",
        WastDirective::Wait { .. } => "wait",
        WastDirective::AssertInvalidCustom { .. } => "assert_invalid_custom",
        WastDirective::AssertMalformedCustom { .. } => "assert_malformed_custom",
        _ => "a command of another proposal",
    }
}
