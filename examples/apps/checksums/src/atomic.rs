//! Files that are there as a whole, or as they were before.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where [`write()`] writes first. In the same folder: renaming does not move between disks.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.to_path_buf().into_os_string();
    name.push(".new");
    name.into()
}

pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let temporary = temporary(path);
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}
