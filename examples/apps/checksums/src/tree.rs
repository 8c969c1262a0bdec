//! The files below a folder.

use crate::error::Error;
use crate::state::Stamp;
use cancel_smol::Cx;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// From the folder, with `/` on every system.
    pub(crate) name: String,
    pub(crate) stamp: Stamp,
}

#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Sorted by name.
    pub(crate) files: Vec<Found>,
    /// What could not be read, and why.
    pub(crate) problems: Vec<String>,
}

impl Tree {
    /// Regular files only; links are not followed, so there are no circles.
    pub(crate) fn walk(cx: &Cx, root: &Path, except: &[PathBuf]) -> Result<Tree, Error> {
        let mut tree = Tree::default();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    tree.problem(&folder, error);
                    continue;
                }
            };
            for entry in entries {
                cx.check()?;
                match entry.and_then(|entry| Ok((entry.path(), entry.metadata()?))) {
                    Ok((path, metadata)) if metadata.is_dir() => folders.push(path),
                    Ok((path, metadata)) if metadata.is_file() && !except.contains(&path) => {
                        match Stamp::of(&metadata) {
                            Ok(stamp) => tree.add(root, path, stamp),
                            Err(error) => tree.problem(&path, error),
                        }
                    }
                    Ok(_) => {}
                    Err(error) => tree.problem(&folder, error),
                }
            }
        }
        tree.files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tree)
    }

    fn add(&mut self, root: &Path, path: PathBuf, stamp: Stamp) {
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
        match parts {
            Some(parts) => self.files.push(Found {
                name: parts.join("/"),
                path,
                stamp,
            }),
            None => self.problem(&path, "its name is not UTF-8"),
        }
    }

    fn problem(&mut self, path: &Path, what: impl std::fmt::Display) {
        self.problems.push(format!("{}: {what}", path.display()));
    }
}
