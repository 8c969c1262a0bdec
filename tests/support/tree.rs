//! A directory to sum up.
#![allow(dead_code)] // each test file uses some of it

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) const FILES: usize = 150;

/// Removed with it: `files/` to sum up, and room for a state beside.
pub(crate) struct Tree(PathBuf);

impl Tree {
    pub(crate) fn new(test: &str) -> Tree {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&path); // of a run that was killed
        for number in 0..FILES {
            let directory = path.join("files").join(format!("{}/sub", number % 7));
            fs::create_dir_all(&directory).unwrap();
            let text = format!("file {number}\n").repeat(number * 10);
            fs::write(directory.join(format!("{number} ö")), text).unwrap();
        }
        Tree(path)
    }

    pub(crate) fn files(&self) -> PathBuf {
        self.0.join("files")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    /// One of the files.
    pub(crate) fn file(&self, number: usize) -> PathBuf {
        self.files().join(format!("{}/sub/{number} ö", number % 7))
    }

    pub(crate) fn arguments(&self) -> Vec<PathBuf> {
        let state = self.state();
        vec![self.files(), "--threads".into(), "2".into(), "--state".into(), state]
    }

    /// A run without a terminal.
    pub(crate) fn run(&self) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_checksums"));
        program.args(self.arguments()).output().unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
