//! A folder for one test: a tree of files, and beside it output and state.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) struct Place {
    folder: PathBuf,
}

impl Place {
    pub(crate) fn new(test: &str) -> Place {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("tree")).unwrap();
        Place { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Into the tree.
    pub(crate) fn add(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path("tree").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `checksums tree --output OUTPUT --state state`
    pub(crate) fn arguments(&self, output: &str) -> Vec<PathBuf> {
        vec![
            self.path("tree"),
            "--output".into(),
            self.path(output),
            "--state".into(),
            self.path("state"),
        ]
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
