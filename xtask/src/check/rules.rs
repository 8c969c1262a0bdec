//! What no lint looks for.

use crate::run::{Outcome, root, rust_files};

const LIMIT: usize = 600;

pub(super) fn run() -> Outcome {
    println!("\n── length of files");
    let mut broken = Vec::new();
    for file in rust_files() {
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        let lines = text.lines().count();
        if lines > LIMIT {
            let name = file.strip_prefix(root()).unwrap_or(&file).display();
            broken.push(format!("{name}: {lines} lines, over {LIMIT}"));
        }
    }
    match broken.is_empty() {
        true => Ok(()),
        false => Err(broken.join("\n")),
    }
}
