//! What no lint looks for: the length of files, and files named in comments that are gone.

use crate::run::{Outcome, root, rust_files};
use std::path::{Path, PathBuf};

const LIMIT: usize = 600;

pub(super) fn run() -> Outcome {
    println!("\n── length of files, files named in comments");
    let files = rust_files();
    let mut broken = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        let name = file.strip_prefix(root()).unwrap_or(file).display();
        let lines = text.lines().count();
        if lines > LIMIT {
            broken.push(format!("{name}: {lines} lines, over {LIMIT}"));
        }
        for (line, gone) in gone(&text, &files) {
            broken.push(format!("{name}:{line}: there is no file `{gone}`"));
        }
    }
    match broken.is_empty() {
        true => Ok(()),
        false => Err(broken.join("\n")),
    }
}

/// Files that comments name and that do not exist, with their lines. A name is one of a file if it
/// ends a path of the project.
fn gone(text: &str, files: &[PathBuf]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if !code.starts_with("//") {
            continue;
        }
        let words = code.split(|c: char| !(c.is_ascii_alphanumeric() || "_-./".contains(c)));
        for word in words.map(|word| word.trim_matches('.')) {
            let is_file = word.ends_with(".rs") && word.len() > 3 && !word.starts_with("docs.rs");
            if is_file && !files.iter().any(|file| file.ends_with(Path::new(word))) {
                found.push((index + 1, word.to_owned()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::gone;
    use std::path::PathBuf;

    #[test]
    fn x44_files_that_are_gone_are_found_in_comments() {
        let files = [PathBuf::from("/project/core/src/tree/list.rs")];
        // (Not written as comments, or the rule would find its own test.)
        let text = "COMMENT E in list.rs, `D` in tree/list.rs; see https://docs.rs/x.\n\
                    COMMENT H in `hub.rs`, N in branch/list.rs.\n\
                    let code = \"other.rs\";"
            .replace("COMMENT", "//");
        let gone = gone(&text, &files);
        let expected = [(2, "hub.rs".to_owned()), (2, "branch/list.rs".to_owned())];
        assert_eq!(gone, expected);
    }
}
