//! What fuzzing checks, apart from how inputs are found: the same oracles serve coverage-guided targets and the seeded runner.

mod background;
mod catching;
mod damage;
mod differential;
mod generate;
mod host;
mod imports;
mod kept;
mod machine;
mod mutate;
mod objects;
mod run;
mod tally;
mod values;
mod way;

pub use damage::damage;
pub use differential::{
    differential, differential_module, optimized, optimized_module, optimized_objects,
};
pub use generate::Random;
pub use mutate::mutate;
pub use tally::Tally;

use wharf::{Config, Engine, Module, Tier};

/// Decodes bytes as a module, whole and in pieces: both must agree, and neither may panic.
pub fn decode(bytes: &[u8]) {
    thread_local! {
        static ENGINE: Engine = Engine::new(Config::new().tier(Tier::Interp)).expect("the interpreter runs anywhere");
    }
    ENGINE.with(|engine| {
        let whole = Module::from_binary(engine, bytes.to_vec());
        let mut stream = wharf::ModuleStream::new(engine);
        let pieces = bytes
            .chunks(7)
            .try_for_each(|piece| stream.push(piece))
            .and_then(|()| stream.finish());
        assert_eq!(
            whole.is_ok(),
            pieces.is_ok(),
            "whole: {:?}, in pieces: {:?}",
            whole.err(),
            pieces.err()
        );
    });
}
