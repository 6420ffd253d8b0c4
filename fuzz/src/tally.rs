//! What a run of the oracles covered: a count of agreements says little unless it is known what agreed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use wharf::{Config, Engine, Error, Features, Module, Store, Tier};

/// What an error says, up to where it begins to speak of one module.
fn kind(error: &Error) -> String {
    let text = error.to_string();
    let end = text.find(|c: char| c == '"' || c == '(' || c.is_ascii_digit());
    text[..end.unwrap_or(text.len())].trim_end().to_owned()
}

/// Counts of what was judged.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Modules tried.
    pub modules: u64,
    /// Modules that were instantiated.
    pub instances: u64,
    /// Instantiations and calls by how they ended, as the interpreter has it.
    pub ends: BTreeMap<String, u64>,
    /// Modules that had code of an earlier run.
    pub cached: u64,
    /// Modules that started where another stood.
    pub snapshots: u64,
    /// Calls of host functions by guests.
    pub host_calls: u64,
    /// Collections of objects.
    pub collections: u64,
    /// Modules that were asked for the features they need.
    pub asked: u64,
    /// How many of those need each feature.
    pub features: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Counts how an instantiation or call ended: `what` of it, and why.
    pub fn end(&mut self, what: &str, error: Option<&Error>) {
        let how = match error {
            None => "ended well".to_owned(),
            Some(error) if error.exception().is_some() => "exception".to_owned(),
            Some(error) if error.trap().is_some() => error.to_string(),
            Some(error) => kind(error),
        };
        *self.ends.entry(format!("{what}: {how}")).or_default() += 1;
    }

    /// Counts what a store went through.
    pub fn collections<T: 'static>(&mut self, store: &Store<T>) {
        let stats = store.gc_stats();
        self.collections += stats.minor_collections + stats.full_collections;
    }

    /// Counts the features without which a valid module is none.
    pub fn features(&mut self, bytes: &[u8]) {
        thread_local! {
            static ENGINES: RefCell<Vec<(&'static str, Engine)>> = RefCell::default();
        }
        self.asked += 1;
        ENGINES.with_borrow_mut(|engines| {
            if engines.is_empty() {
                engines.extend(Features::all().iter().filter_map(|feature| {
                    let without = Features::runnable().without(feature.name).ok()?;
                    let engine = Engine::new(Config::new().tier(Tier::Interp).features(without));
                    Some((feature.name, engine.ok()?))
                }));
            }
            for (name, engine) in engines {
                if Module::validate(engine, bytes).is_err() {
                    *self.features.entry(*name).or_default() += 1;
                }
            }
        });
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: Tally) {
        self.modules += other.modules;
        self.instances += other.instances;
        self.cached += other.cached;
        self.snapshots += other.snapshots;
        self.host_calls += other.host_calls;
        self.collections += other.collections;
        self.asked += other.asked;
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        for (feature, count) in other.features {
            *self.features.entry(feature).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            modules,
            instances,
            cached,
            snapshots,
            host_calls,
            collections,
            asked,
            ..
        } = self;
        writeln!(
            f,
            "{modules} modules, {instances} instances ({} %), {cached} from the cache, {snapshots} snapshots, {host_calls} calls of the host, {collections} collections",
            100 * instances / modules.max(&1)
        )?;
        let mut ends: Vec<_> = self.ends.iter().collect();
        ends.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (end, count) in ends.iter().take(40) {
            writeln!(f, "{count:10} {end}")?;
        }
        write!(f, "of {asked} modules:")?;
        for (feature, count) in &self.features {
            write!(f, " {feature} {count}")?;
        }
        Ok(())
    }
}
