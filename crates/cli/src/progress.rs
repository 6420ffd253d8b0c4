//! Shows how far compiling is, once it has taken a second, if a person is watching.
//!
//! Apart from the commands that compile, so that none of them pays for it: nothing is drawn, and nothing is prepared, unless
//! standard error is a terminal and the second is over.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How long a person waits without being told.
const QUIET: Duration = Duration::from_secs(1);

/// A bar that appears when it is needed and goes away when it is dropped.
pub struct Progress {
    /// When to appear; never if nobody watches.
    appears: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar that is not there yet.
    pub fn new(quiet: bool) -> Progress {
        let is_watched = !quiet && std::io::stderr().is_terminal();
        Progress {
            appears: is_watched.then(|| Instant::now() + QUIET),
            bar: None,
        }
    }

    /// So much of so much is done.
    pub fn update(&mut self, n_done: usize, n: usize) {
        if self
            .appears
            .is_some_and(|appears| Instant::now() >= appears)
        {
            let bar = self.bar.get_or_insert_with(|| bar(n as u64));
            bar.set_position(n_done as u64);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(n: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("compiling {bar:40} {pos}/{len} functions, {eta} left");
    ProgressBar::new(n).with_style(style.expect("the template is sound"))
}
