//! A folder for one test alone.
//!
//! Apart, because tests of several kinds write files, and all run at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An empty folder that goes away with its value.
pub struct Temporary {
    path: PathBuf,
}

impl Temporary {
    /// Makes the folder.
    ///
    /// # Errors
    ///
    /// The system's folder for temporary files is not writable.
    pub fn new() -> Result<Temporary, String> {
        static N_MADE: AtomicUsize = AtomicUsize::new(0);
        let n = N_MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wharf-suite-{}-{n}", std::process::id()));
        fs::create_dir_all(&path)
            .map_err(|error| format!("cannot make {}: {error}", path.display()))?;
        Ok(Temporary { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed lies in the system's own temporary folder.
        let _ = fs::remove_dir_all(&self.path);
    }
}
