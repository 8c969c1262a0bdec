//! What has been hashed so far, and the file that keeps it until the next start.
//!
//! ```text
//! checksums 1  /the/folder
//! HASH  SIZE  MODIFIED  NAME
//! ```
//!
//! Sizes are in bytes, times in nanoseconds since 1970.

use crate::atomic;
use crate::names::{escape, unescape};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// By which one sees whether a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    pub(crate) modified: i128,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> io::Result<Stamp> {
        let modified = metadata.modified()?;
        let modified = match modified.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        };
        Ok(Stamp {
            size: metadata.len(),
            modified,
        })
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Hashed {
    pub(crate) hash: String,
    pub(crate) stamp: Stamp,
}

#[derive(Debug)]
pub(crate) struct State {
    folder: String,
    pub(crate) files: BTreeMap<String, Hashed>,
}

impl State {
    /// Of this folder; empty if there is no such file.
    pub(crate) fn load(path: &Path, folder: &Path) -> Result<State, String> {
        let mut state = State {
            folder: escape(&folder.to_string_lossy()),
            files: BTreeMap::new(),
        };
        let shown = path.display();
        let text = match fs::read(path) {
            Ok(bytes) => String::from_utf8(bytes)
                .map_err(|_| format!("`{shown}` is not a state file: it is not text. {ADVICE}"))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(state),
            Err(error) => return Err(format!("cannot read the state file `{shown}`: {error}")),
        };
        let mut lines = text.lines();
        match lines.next().and_then(|line| line.strip_prefix(HEADER)) {
            Some(folder) if folder == state.folder => {}
            Some(other) => {
                return Err(format!(
                    "the state file `{shown}` is that of another folder, `{other}`. {ADVICE}"
                ));
            }
            None => return Err(format!("`{shown}` is not a state file. {ADVICE}")),
        }
        for (number, line) in (2..).zip(lines) {
            let Some((name, hashed)) = parse(line) else {
                return Err(format!(
                    "the state file `{shown}` is broken: line {number} is not \
                     `HASH  SIZE  MODIFIED  NAME`. {ADVICE}"
                ));
            };
            state.files.insert(name, hashed);
        }
        Ok(state)
    }

    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let mut text = format!("{HEADER}{}\n", self.folder);
        for (name, Hashed { hash, stamp }) in &self.files {
            let (size, modified, name) = (stamp.size, stamp.modified, escape(name));
            // (Writing to a string cannot fail.)
            let _ = writeln!(text, "{hash}  {size}  {modified}  {name}");
        }
        atomic::write(path, &text)
    }

    /// As other programs read it, sorted by name.
    pub(crate) fn checksums(&self) -> String {
        let lines = self.files.iter();
        lines
            .map(|(name, file)| match escape(name) {
                // As `b3sum` and `sha256sum` mark names that are not as they look.
                escaped if escaped != *name => format!("\\{}  {escaped}\n", file.hash),
                name => format!("{}  {name}\n", file.hash),
            })
            .collect()
    }
}

const HEADER: &str = "checksums 1  ";
const ADVICE: &str = "Delete it to begin again, or name another one with `--state`.";

fn parse(line: &str) -> Option<(String, Hashed)> {
    let mut parts = line.splitn(4, "  ");
    let hash = parts.next()?;
    let stamp = Stamp {
        size: parts.next()?.parse().ok()?,
        modified: parts.next()?.parse().ok()?,
    };
    let name = unescape(parts.next()?)?;
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let hash = hash.to_string();
    Some((name, Hashed { hash, stamp }))
}
