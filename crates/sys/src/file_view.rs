//! Files that are read where the system keeps them, instead of being copied. Apart from images because nothing is ever written here.

use crate::os;
use crate::reservation::Reservation;
use std::fs::File;
use std::io;

/// The bytes of a file, mapped to be read.
///
/// The file should not change: the bytes are those that it has when they are read, and reading one that the file has lost meanwhile
/// ends the process. So this is for files that are replaced and never written to again, as programs are.
#[derive(Debug)]
pub struct FileView {
    pages: Reservation,
    bytes: usize,
}

impl FileView {
    /// Maps all of a file, as large as it is now.
    ///
    /// # Errors
    /// If the file cannot be mapped, or there is no room for it.
    pub fn new(file: &File) -> io::Result<FileView> {
        let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
        let bytes = usize::try_from(file.metadata()?.len()).map_err(too_large)?;
        let pages = Reservation::new(bytes)?;
        if bytes > 0 {
            // SAFETY: the reservation is new: nobody uses it.
            unsafe { os::map_to_read(pages.as_ptr(), pages.len(), file)? };
        }
        Ok(FileView { pages, bytes })
    }
}

impl AsRef<[u8]> for FileView {
    fn as_ref(&self) -> &[u8] {
        if self.bytes == 0 {
            return &[];
        }
        // SAFETY: the bytes are mapped to be read for as long as `self` lives, and not written to in this process; that the file
        // is left alone is said above.
        unsafe { std::slice::from_raw_parts(self.pages.as_ptr(), self.bytes) }
    }
}

/// Whether a file is on a disk, or in the memory, of this machine: one that another machine serves can be lost while it is mapped.
pub fn is_on_this_machine(file: &File) -> bool {
    os::is_on_this_machine(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn files_are_seen_as_they_are() {
        let path = std::env::temp_dir().join(format!("wharf-view-{}", std::process::id()));
        let mut file = File::create_new(&path).unwrap();
        let seen = |path| FileView::new(&File::open(path).unwrap()).unwrap();
        assert_eq!(seen(&path).as_ref(), b"");
        let bytes: Vec<u8> = (0..10_000u32).map(|n| n as u8).collect();
        file.write_all(&bytes).unwrap();
        let view = seen(&path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(view.as_ref(), bytes);
    }
}
