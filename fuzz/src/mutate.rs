//! Modules from modules: a few bytes changed, so that most of what made them interesting stays.

use crate::Random;
use wharf::{Config, Engine, Features, Module, Tier};

/// Tries to find a valid module.
const TRIES: usize = 200;

/// A valid module that differs from a module in a few bytes; `None` if none was found.
pub fn mutate(module: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    thread_local! {
        static ENGINE: Engine = {
            let mut config = Config::new();
            config.tier(Tier::Interp).features(Features::runnable());
            Engine::new(&config).expect("the interpreter runs anywhere")
        };
    }
    if module.len() <= 8 {
        return None;
    }
    let is_valid = |bytes: &[u8]| ENGINE.with(|engine| Module::validate(engine, bytes).is_ok());
    let mut bytes = module.to_vec();
    let mut changes = 1 + random.below(6);
    for _ in 0..TRIES {
        let at = 8 + random.below(bytes.len() - 8);
        let was = bytes[at];
        bytes[at] = match random.below(4) {
            0 => was.wrapping_add(1),
            1 => was.wrapping_sub(1),
            2 => bytes[8 + random.below(bytes.len() - 8)],
            _ => random.number() as u8,
        };
        if bytes[at] != was && is_valid(&bytes) {
            changes -= 1;
            if changes == 0 {
                break;
            }
        } else {
            bytes[at] = was;
        }
    }
    (bytes != module).then_some(bytes)
}
