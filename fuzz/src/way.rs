//! How a module is made and run, chosen from the input: no single set of settings reaches everything.

use crate::Random;
use crate::machine::Machine;
use wharf::{Config, Engine, Features};

/// How a module is run, by all machines alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Way {
    /// With shared memories and atomic accesses, but without the deterministic profile, which allows neither.
    pub threads: bool,
    /// With a collection at every allocation.
    pub gc_stress: bool,
    /// With memories that move at every growth.
    pub memories_move: bool,
    /// With few exports, so that much cannot be seen from outside.
    pub closed: bool,
}

impl Way {
    /// A way, with each kind often enough.
    pub fn choose(random: &mut Random) -> Way {
        Way {
            threads: random.below(4) == 0,
            gc_stress: random.below(4) == 0,
            memories_move: random.below(4) == 0,
            closed: false,
        }
    }

    /// Everything that all tiers run. The generator ends each list by the toss of a coin: without a least size most modules
    /// would have two functions and none of the rest.
    pub fn generator(self, random: &mut Random) -> wasm_smith::Config {
        let mut up_to = |bound: usize| random.below(bound + 1);
        wasm_smith::Config {
            acquire_release_atomics_enabled: false,
            // Few modules with start functions live through them.
            allow_start_export: up_to(7) == 0,
            // The deterministic profile makes NaNs canonical itself.
            canonicalize_nans: self.threads,
            compact_imports_enabled: true,
            custom_descriptors_enabled: false,
            custom_page_sizes_enabled: true,
            // Most functions trap soon if they can, so that little of them runs.
            disallow_traps: up_to(2) != 0,
            exceptions_enabled: true,
            export_everything: !self.closed,
            min_exports: if self.closed { 2 + up_to(6) } else { 0 },
            gc_enabled: true,
            // An array that is too large ends an instantiation.
            limit_arrays_in_const_exprs: up_to(7) != 0,
            max_imports: 12,
            max_instructions: 20 << up_to(5),
            max_memories: 3,
            max_memory32_bytes: 1 << 20,
            max_memory64_bytes: 1 << 20,
            max_table_elements: 2000,
            max_tables: 4,
            max_types: 40,
            memory64_enabled: true,
            min_data_segments: up_to(2),
            min_element_segments: up_to(3),
            min_funcs: 1 + up_to(12),
            min_globals: up_to(6),
            min_imports: up_to(4),
            min_memories: up_to(1) as u32,
            min_tables: up_to(2) as u32,
            min_tags: up_to(3),
            min_types: 4 + up_to(16),
            multibyte_array_access_enabled: false,
            relaxed_simd_enabled: !self.threads,
            shared_everything_threads_enabled: false,
            tail_call_enabled: true,
            threads_enabled: self.threads,
            wide_arithmetic_enabled: true,
            ..wasm_smith::Config::default()
        }
    }

    /// The engine of a machine.
    pub fn engine(self, machine: Machine) -> Engine {
        let mut features = Features::runnable();
        if self.threads {
            features = features.without("relaxed-simd").expect("a feature");
        }
        let mut config = Config::new();
        machine.configure(&mut config);
        config
            .features(features)
            .consume_fuel(true)
            .parallel_compilation(false)
            .deterministic(!self.threads)
            .gc_stress(self.gc_stress)
            .move_memories(self.memories_move)
            .verify_compilers(true);
        Engine::new(&config).expect("all tiers run here")
    }
}
