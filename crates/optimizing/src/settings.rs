//! What can be chosen about the compiler, and the code generator made from the choice.
//!
//! Apart because every choice that changes code must also change the compiler's fingerprint, and both are made here.

use crate::host::host_features;
use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use std::fmt;

/// What can be chosen about the compiler.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Settings {
    /// Whether every function is checked between the steps of compilation, for tests of the engine itself: a broken rule
    /// is a panic.
    pub verify: bool,
    /// Whether operators that only compute are calls of the runtime instead of code: slow, for tests of that way, which
    /// operators take that have no code of their own.
    pub rows_by_call: bool,
    /// Which calls are replaced by the bodies of their callees.
    pub inlining: Inlining,
    /// Whether code assumes nothing of the machine but what every x86-64 with SSE4.2 has, so that artifacts can move.
    pub portable: bool,
    /// Whether results are the same bits on every machine, where the specification leaves a choice: NaNs are canonical, and
    /// relaxed operators mean what the rows say.
    pub deterministic: bool,
}

/// Which calls are replaced by the bodies of their callees.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Inlining {
    /// None.
    #[default]
    None,
    /// Those for which it pays.
    Usual,
    /// All for which it is possible, also where it does not pay: for tests of the engine.
    All,
}

/// Why there is no compiler with some settings: this machine is not one that we generate code for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettingsError(pub(crate) String);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

/// Cranelift's settings that are not its defaults.
const CRANELIFT: &[(&str, &str)] = &[
    ("opt_level", "speed"),
    ("regalloc_algorithm", "backtracking"),
    // The runtime walks frames by their pointers, and unwinds by none.
    ("preserve_frame_pointers", "true"),
    ("unwind_info", "false"),
    // Frames that reach beyond the guard of a stack touch every 64 KiB of it on the way.
    ("enable_probestack", "true"),
    ("probestack_strategy", "inline"),
    ("probestack_size_log2", "16"),
    // Memories have guard pages that also stop what is only speculated; tables have none.
    ("enable_heap_access_spectre_mitigation", "false"),
    ("enable_table_access_spectre_mitigation", "true"),
    ("machine_code_cfg_info", "false"),
    // More results than registers: through memory, as both sides are made by the same Cranelift.
    ("enable_multi_ret_implicit_sret", "true"),
];

impl Settings {
    /// The code generator for this machine.
    pub(crate) fn isa(&self) -> Result<OwnedTargetIsa, SettingsError> {
        let fail = |error: &dyn fmt::Display| SettingsError(format!("no code generator: {error}"));
        if !cfg!(all(target_arch = "x86_64", unix)) {
            return Err(SettingsError(
                "code is generated for x86-64 Linux only so far".to_string(),
            ));
        }
        let mut flags = settings::builder();
        for (name, value) in CRANELIFT {
            flags.set(name, value).map_err(|e| fail(&e))?;
        }
        let verify = if self.verify { "true" } else { "false" };
        flags.set("enable_verifier", verify).map_err(|e| fail(&e))?;
        let deterministic = if self.deterministic { "true" } else { "false" };
        flags
            .set("enable_nan_canonicalization", deterministic)
            .map_err(|e| fail(&e))?;
        let mut isa = isa::lookup_by_name("x86_64-unknown-linux-gnu").map_err(|e| fail(&e))?;
        let features = host_features();
        for &(name, is_common) in &features {
            if is_common || !self.portable {
                isa.enable(name).map_err(|e| fail(&e))?;
            }
        }
        if let Some(missing) = crate::host::missing_common(&features) {
            return Err(SettingsError(format!(
                "this machine's processor lacks {missing}"
            )));
        }
        isa.finish(settings::Flags::new(flags))
            .map_err(|e| fail(&e))
    }

    /// Names everything that changes code on this machine, without making the code generator, which takes longer than a short
    /// program runs.
    pub fn code_key(&self) -> String {
        let Settings {
            verify: _,
            rows_by_call,
            inlining,
            portable,
            deterministic,
        } = self;
        let (version, cranelift) = (env!("CARGO_PKG_VERSION"), cranelift_codegen::VERSION);
        let features = host_features();
        format!(
            "optimizing {version} {cranelift} {rows_by_call} {inlining:?} {portable} {deterministic} {features:?}"
        )
    }

    /// Names everything that changes code.
    pub(crate) fn fingerprint(&self, isa: &OwnedTargetIsa) -> String {
        let mut text = format!(
            "optimizing {} cranelift {} {}",
            env!("CARGO_PKG_VERSION"),
            cranelift_codegen::VERSION,
            isa.triple(),
        );
        for flag in isa
            .flags()
            .iter()
            .filter(|flag| flag.name != "enable_verifier")
        {
            text.push_str(&format!(" {}={}", flag.name, flag.value_string()));
        }
        for flag in isa.isa_flags() {
            text.push_str(&format!(" {}={}", flag.name, flag.value_string()));
        }
        if self.deterministic {
            text.push_str(" deterministic");
        }
        match self.inlining {
            Inlining::None => {}
            Inlining::Usual => text.push_str(" inlining"),
            Inlining::All => text.push_str(" inlining=all"),
        }
        if self.rows_by_call {
            text.push_str(" rows_by_call");
        }
        text
    }
}
