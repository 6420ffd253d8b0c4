//! The compiler as the engine sees it: functions one at a time, on any thread.
//!
//! Apart from the emitter because it is about memory that is used again, and what can be chosen.

use crate::emitter::{Buffers, Emitter, Next};
use crate::frame::Frame;
use crate::locals::Locals;
use crate::regs::Regs;
use abi::{CompileEnv, CompileError, CompiledFunc, Compiler};
use asm::x64::{Assembler, Features};
use module::{FuncInput, ReadScratch, Survey};
use std::any::Any;

/// What can be chosen about the compiler.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Settings {
    /// Whether code counts how often functions and loops are entered, records what is called through tables and references, and
    /// asks for better code. It runs only in modules whose functions are published one by one.
    pub tier_up: bool,
    /// Whether code assumes nothing of the machine but what every x86-64 with SSE4.2 has.
    pub portable: bool,
    /// Whether results are the same bits on every machine, where the specification leaves a choice.
    pub deterministic: bool,
}

/// The compiler in one pass.
///
/// ```
/// use abi::Compiler;
/// use wharf_baseline::{Baseline, Settings};
///
/// let compiler = Baseline::new(Settings::default());
/// assert!(compiler.fingerprint().starts_with("baseline"));
/// ```
pub struct Baseline {
    pub(crate) settings: Settings,
    features: Features,
}

/// A worker's memory.
struct Scratch {
    read: ReadScratch,
    survey: Survey,
    buffers: Buffers,
}

impl Baseline {
    /// A compiler with these settings, for this machine.
    pub fn new(settings: Settings) -> Baseline {
        let features = if settings.portable {
            Features::default()
        } else {
            Features::host()
        };
        Baseline { settings, features }
    }
}

impl Compiler for Baseline {
    fn scratch(&self) -> Box<dyn Any + Send> {
        let buffers = Buffers {
            asm: Assembler::new(self.features),
            ..Buffers::default()
        };
        Box::new(Scratch {
            read: ReadScratch::default(),
            survey: Survey::default(),
            buffers,
        })
    }

    fn compile(
        &self,
        env: CompileEnv<'_>,
        body: FuncInput,
        scratch: &mut (dyn Any + Send),
    ) -> Result<CompiledFunc, CompileError> {
        let scratch: &mut Scratch = scratch.downcast_mut().expect("a scratch of this compiler");
        let Scratch {
            read,
            survey,
            buffers,
        } = scratch;
        survey.look_at(&body);
        let (func, body_bytes) = (body.func(), body.bytes_len());
        let mut reader = body.read_surveyed(survey, read)?;
        let ty = env.header.func_type(func);
        let memories = env.header.memories();
        let has_memory = survey.memory > 0 && memories.first().is_some_and(abi::is_static);
        let Buffers {
            asm,
            locals,
            stack,
            refs,
            blocks,
            cold,
            pads,
            landings,
            ref_locals,
        } = buffers;
        asm.clear();
        locals.set(ty.params(), reader.locals(), survey, has_memory);
        stack.clear();
        refs.clear();
        blocks.clear();
        cold.clear();
        pads.clear();
        landings.clear();
        ref_locals.clear();
        note_ref_locals(locals, ref_locals);
        let exit = asm.label();
        let mut emitter = Emitter {
            env,
            settings: &self.settings,
            func,
            regs: Regs::new(locals.homes),
            frame: Frame::new(ty.params(), ty.results(), survey.catches, exit),
            deepest: locals.bytes,
            asm,
            locals,
            stack,
            refs,
            blocks,
            cold,
            pads,
            landings,
            ref_locals,
            flushed: 0,
            clean: 0,
            stale: 0,
            reachable: true,
            has_memory,
            uses_area: false,
            pad: None,
            offset: u32::MAX,
            next: Next::Other,
            next_is_done: false,
            fuel_pending: 0,
            last_trap: None,
            out: CompiledFunc::default(),
            n_slow_places: 0,
            n_caught: 0,
            n_looked_at: 0,
            code_max: 0,
            limit: None,
        };
        emitter.run(&mut reader, body_bytes)?;
        emitter
            .finish()
            .map_err(|message| CompileError::Limit(message.to_string()))
    }

    fn fingerprint(&self) -> String {
        let (version, features) = (env!("CARGO_PKG_VERSION"), self.features);
        let Settings {
            tier_up,
            portable: _,
            deterministic,
        } = self.settings;
        format!("baseline {version} {features:?} tier_up={tier_up} deterministic={deterministic}")
    }
}

/// The ends of all locals that a collector must know.
fn note_ref_locals(locals: &Locals, ends: &mut Vec<u32>) {
    locals.each_ref(|end| ends.push(end));
}
