//! Walking the commands of a script.

use crate::expect::{self, Externs};
use crate::spectest;
use crate::{Failure, Report, ScriptError};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::thread::{Scope, ScopedJoinHandle};
use text::TextError;
use text::wast::lexer::Lexer;
use text::wast::parser::{self, ParseBuffer};
use text::wast::token::Id;
use text::wast::{
    QuoteWat, QuoteWatTest, Wast, WastDirective, WastExecute, WastInvoke, WastRet, WastThread,
};
use wharf::{
    Config, Engine, Error, ErrorKind, Instance, Linker, Module, SharedMemory, Store, Trap, Val,
};

/// Runs a script with an engine of these settings, in one store.
///
/// # Errors
/// If the script cannot be read, or a command does not do what it must. The commands after a failed one still run.
pub fn run(source: &str, path: Option<&Path>, config: &Config) -> Result<Report, ScriptError> {
    run_with(source, path, config, &Ok)
}

/// What becomes of the bytes of a module before it is compiled.
pub type Prepare<'p> = &'p (dyn Fn(Vec<u8>) -> Result<Vec<u8>, String> + Sync);

/// The same; each module that the script instantiates is what `prepare` makes of it. Those that must be refused stay as they are.
///
/// # Errors
/// As for [`run`], or if `prepare` fails.
pub fn run_with(
    source: &str,
    path: Option<&Path>,
    config: &Config,
    prepare: Prepare<'_>,
) -> Result<Report, ScriptError> {
    let source = &*text::unfold_legacy(source);
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
    let unusable = |error: Error| {
        failed(
            vec![Failure {
                line: 1,
                message: error.to_string(),
            }],
            0,
        )
    };
    let engine = Engine::new(config).map_err(unusable)?;
    let outcome = std::thread::scope(|scope| {
        let context = Context::new(&engine, source, prepare, scope).map_err(unusable)?;
        Ok(context.run(script.directives))
    })?;
    if outcome.failures.is_empty() {
        Ok(outcome.report)
    } else {
        Err(failed(outcome.failures, outcome.report.assertions))
    }
}

/// What came of the commands of a script, or of a thread in it.
#[derive(Default)]
struct Outcome {
    report: Report,
    failures: Vec<Failure>,
}

impl Outcome {
    fn add(&mut self, other: Outcome) {
        self.report.commands += other.report.commands;
        self.report.assertions += other.report.assertions;
        self.failures.extend(other.failures);
    }
}

/// Whether a command says what must come of it.
fn asserts(directive: &WastDirective<'_>) -> bool {
    !matches!(
        directive,
        WastDirective::Module(_)
            | WastDirective::ModuleDefinition(_)
            | WastDirective::ModuleInstance { .. }
            | WastDirective::Register { .. }
            | WastDirective::Invoke(_)
            | WastDirective::Thread(_)
            | WastDirective::Wait { .. }
    )
}

/// The memories that an instance exports, as threads of a script get them: they share nothing else.
#[derive(Clone)]
struct SharedExports {
    instance: String,
    memories: Vec<(String, SharedMemory)>,
}

/// What one script, or a thread in it, has made so far.
struct Context<'scope, 'env, 's> {
    source: &'s str,
    prepare: Prepare<'scope>,
    scope: &'scope Scope<'scope, 'env>,
    /// What the script that started this thread shares with it.
    shared: Option<SharedExports>,
    /// Threads that were started and not waited for.
    threads: HashMap<String, ScopedJoinHandle<'scope, Outcome>>,
    outcome: Outcome,
    engine: Engine,
    store: Store<()>,
    linker: Linker<()>,
    /// The last instance made, and those with names.
    current: Option<Instance>,
    instances: HashMap<String, Instance>,
    /// What `register` and the host gave names to import from.
    registered: HashSet<String>,
    /// Modules that are instantiated later.
    definition: Option<Module>,
    definitions: HashMap<String, Module>,
    externs: Externs,
}

impl<'scope, 's: 'scope> Context<'scope, '_, 's> {
    fn new<'env>(
        engine: &Engine,
        source: &'s str,
        prepare: Prepare<'scope>,
        scope: &'scope Scope<'scope, 'env>,
    ) -> Result<Context<'scope, 'env, 's>, Error> {
        let engine = engine.clone();
        let mut store = Store::new(&engine, ());
        store.set_fuel(u64::MAX);
        let mut linker = Linker::new(&engine);
        linker.allow_shadowing(true);
        spectest::define(&mut linker, &mut store)?;
        Ok(Context {
            source,
            prepare,
            scope,
            shared: None,
            threads: HashMap::new(),
            outcome: Outcome::default(),
            engine,
            store,
            linker,
            current: None,
            instances: HashMap::new(),
            registered: HashSet::from(["spectest".to_string()]),
            definition: None,
            definitions: HashMap::new(),
            externs: Externs::default(),
        })
    }

    /// Does all commands, and waits for threads that they left running.
    fn run(mut self, directives: Vec<WastDirective<'s>>) -> Outcome {
        for directive in directives {
            let (span, asserts) = (directive.span(), asserts(&directive));
            self.outcome.report.commands += 1;
            match self.command(directive) {
                Ok(()) => self.outcome.report.assertions += usize::from(asserts),
                Err(message) => self.outcome.failures.push(Failure {
                    line: span.linecol_in(self.source).0 + 1,
                    message,
                }),
            }
        }
        for (_, thread) in std::mem::take(&mut self.threads) {
            self.outcome.add(joined(thread));
        }
        self.outcome
    }

    fn command(&mut self, directive: WastDirective<'s>) -> Result<(), String> {
        match directive {
            WastDirective::Thread(thread) => self.start_thread(thread),
            WastDirective::Wait { thread, .. } => {
                let thread = self.threads.remove(thread.name()).ok_or("no such thread")?;
                self.outcome.add(joined(thread));
                Ok(())
            }
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
            WastDirective::Register {
                name,
                module: Some(id),
                ..
            } if self.is_shared(id) => {
                let shared = self.shared.iter().flat_map(|shared| &shared.memories);
                for (export, memory) in shared {
                    self.linker
                        .define_shared_memory(name, export, memory)
                        .map_err(|error| error.to_string())?;
                }
                Ok(())
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module)?;
                self.registered.insert(name.to_string());
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
            WastDirective::AssertException { exec, .. } => match self.execute(exec)? {
                Err(error) if error.exception().is_some() => Ok(()),
                Err(error) => Err(format!("expected an exception, found: {error}")),
                Ok(values) => Err(format!("expected an exception, found {values:?}")),
            },
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
                let bytes = QuoteWat::Wat(module).encode();
                let compiled = self.compile_bytes(bytes.map_err(|error| error.to_string())?)?;
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
            // Only those who read custom sections refuse them: here the reader of the text format, and what checks hints.
            WastDirective::AssertMalformedCustom {
                mut module,
                message,
                ..
            }
            | WastDirective::AssertInvalidCustom {
                mut module,
                message,
                ..
            } => match module.to_test() {
                Err(_) => Ok(()),
                Ok(QuoteWatTest::Binary(wasm)) => match Module::validate_hints(&wasm) {
                    Err(_) => Ok(()),
                    Ok(()) => Err(format!("expected \"{message}\"")),
                },
                Ok(QuoteWatTest::Text(bytes)) => {
                    match text::to_wasm(&bytes, None, text::Options::default()) {
                        Err(_) => Ok(()),
                        Ok(wasm) if Module::validate_hints(&wasm).is_err() => Ok(()),
                        Ok(_) => Err(format!("expected \"{message}\", but it is read")),
                    }
                }
            },
            other => Err(format!("unsupported command: {}", describe(&other))),
        }
    }

    /// Whether the name is that of the instance which the script that started this thread shares with it.
    fn is_shared(&self, id: Id<'_>) -> bool {
        let shared = self.shared.as_ref();
        !self.instances.contains_key(id.name())
            && shared.is_some_and(|shared| shared.instance == id.name())
    }

    /// Starts a thread with a store of its own.
    fn start_thread(&mut self, thread: WastThread<'s>) -> Result<(), String> {
        let shared = match thread.shared_module {
            None => None,
            Some(id) if self.is_shared(id) => self.shared.clone(),
            Some(id) => {
                let exports = self.instance(Some(id))?.exports(&self.store);
                let exports = exports.map_err(|error| error.to_string())?;
                let memories = exports.into_iter().filter_map(|(name, item)| {
                    let memory = item.into_memory()?.as_shared(&self.store).ok()??;
                    Some((name, memory))
                });
                Some(SharedExports {
                    instance: id.name().to_string(),
                    memories: memories.collect(),
                })
            }
        };
        let (engine, source, scope) = (self.engine.clone(), self.source, self.scope);
        let prepare = self.prepare;
        let directives = thread.directives;
        let started = scope.spawn(
            move || match Context::new(&engine, source, prepare, scope) {
                Ok(context) => Context { shared, ..context }.run(directives),
                Err(error) => Outcome {
                    report: Report::default(),
                    failures: vec![Failure {
                        line: 1,
                        message: error.to_string(),
                    }],
                },
            },
        );
        self.threads.insert(thread.name.name().to_string(), started);
        Ok(())
    }

    fn compile(&mut self, module: &mut QuoteWat<'_>) -> Result<Module, String> {
        let bytes = module.encode().map_err(|error| error.to_string())?;
        self.compile_bytes((self.prepare)(bytes)?)
    }

    fn compile_bytes(&self, bytes: Vec<u8>) -> Result<Module, String> {
        Module::from_binary(&self.engine, bytes)
            .map_err(|error| format!("the module is refused: {error}"))
    }

    fn instantiate(&mut self, module: &Module, name: Option<String>) -> Result<(), String> {
        let instance = self.linker.instantiate(&mut self.store, module);
        let instance =
            instance.map_err(|error| format!("the module cannot be instantiated: {error}"))?;
        self.current = Some(instance);
        if let Some(name) = name {
            // Scripts of other engines import from named modules without registering them first.
            if !self.registered.contains(&name) {
                self.linker
                    .instance(&self.store, &name, instance)
                    .map_err(|error| error.to_string())?;
            }
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

/// What came of a thread, or its panic.
fn joined(thread: ScopedJoinHandle<'_, Outcome>) -> Outcome {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
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
        WastDirective::AssertSuspension { .. } => "assert_suspension",
        WastDirective::AssertInvalidCustom { .. } => "assert_invalid_custom",
        WastDirective::AssertMalformedCustom { .. } => "assert_malformed_custom",
        _ => "a command of another proposal",
    }
}
