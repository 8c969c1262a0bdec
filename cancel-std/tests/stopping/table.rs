//! Reads the table.

use std::collections::HashMap;

/// Way (or trigger) and shape, and everything that is said of them.
pub(crate) fn expected(table: &str) -> HashMap<(String, String), String> {
    let mut rows = HashMap::new();
    let lines = table.lines();
    let mut row = None;
    for line in lines.filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        if !line.starts_with(' ') {
            let (way, rest) = line.split_once(" | ").expect("a way");
            let (shape, rest) = rest.split_once(" | ").expect("a shape");
            let key = (way.trim().to_string(), shape.trim().to_string());
            let old = rows.insert(key.clone(), format!("{}\n", squeeze(rest)));
            assert!(old.is_none(), "twice in the table: {key:?}");
            row = Some(key);
        } else {
            let row = row.as_ref().expect("a row begins with way and shape");
            let text = rows.get_mut(row).expect("has been inserted");
            *text += &format!("{}\n", squeeze(line));
        }
    }
    rows
}

/// Columns may be as wide as they like.
fn squeeze(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.join(" ")
}
