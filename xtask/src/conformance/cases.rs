//! The cases there are, read out of the list and of the files that hold them.

use crate::run::root;
use std::fs::read_to_string;

/// What a case needs besides a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Core,
    Heap,
    Tasks,
    LocalTasks,
    Operations,
}

impl List {
    pub(crate) const ALL: [List; 5] = [
        List::Core,
        List::Heap,
        List::Tasks,
        List::LocalTasks,
        List::Operations,
    ];

    /// The macro that holds it.
    fn key(self) -> &'static str {
        match self {
            List::Core => "__core_list",
            List::Heap => "__heap_list",
            List::Tasks => "__spawn_list",
            List::LocalTasks => "__spawn_local_list",
            List::Operations => "__operation_list",
        }
    }

    /// What the table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            List::Core => "without a heap",
            List::Heap => "with a heap",
            List::Tasks => "with tasks",
            List::LocalTasks => "with tasks of one thread",
            List::Operations => "operations",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) list: List,
    /// `group::case`.
    pub(crate) name: String,
    /// What must hold.
    pub(crate) doc: String,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// The first line of its file's documentation.
    pub(crate) doc: String,
}

/// All cases and groups, in the order of the list.
pub(crate) fn read() -> Result<(Vec<Case>, Vec<Group>), String> {
    let folder = root().join("tests/conformance/src");
    let file = |name: &str| {
        let path = folder.join(name);
        read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let lists = file("list.rs")?;
    let (mut cases, mut groups) = (Vec::new(), Vec::new());
    for list in List::ALL {
        for (group, names) in entries(&lists, list)? {
            let text = file(&format!("cases/{group}.rs"))?;
            let mut written = functions(&text);
            for name in names {
                let at = written.iter().position(|(function, _)| *function == name);
                let at = at.ok_or(format!("{group}::{name} is listed, but not written"))?;
                let (_, doc) = written.remove(at);
                let name = format!("{group}::{name}");
                if doc.is_empty() {
                    return Err(format!("{name} does not say what must hold"));
                }
                cases.push(Case { list, name, doc });
            }
            if let Some((name, _)) = written.first() {
                return Err(format!("{group}::{name} is written, but not listed"));
            }
            let doc = text.lines().next().unwrap_or_default();
            groups.push(Group {
                doc: doc.trim_start_matches("//!").trim().to_owned(),
                name: group,
            });
        }
    }
    Ok((cases, groups))
}

/// The groups of a list and their cases.
fn entries(text: &str, list: List) -> Result<Vec<(String, Vec<String>)>, String> {
    let start = format!("macro_rules! {} {{", list.key());
    let missing = || format!("list.rs has no `{}`", list.key());
    let (_, rest) = text.split_once(&start).ok_or_else(missing)?;
    let (_, rest) = rest.split_once("$each\n").ok_or_else(missing)?;
    let (entries, _) = rest.split_once('}').ok_or_else(missing)?;
    let groups = entries.split(';').filter_map(|entry| {
        let (group, names) = entry.split_once(':')?;
        let names = names.split_whitespace().map(str::to_owned);
        Some((group.trim().to_owned(), names.collect()))
    });
    Ok(groups.collect())
}

/// The public async functions of a file, with their documentation in one line.
fn functions(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut doc = String::new();
    for line in text.lines() {
        if let Some(more) = line.strip_prefix("///") {
            if !doc.is_empty() {
                doc.push(' ');
            }
            doc.push_str(more.trim());
            continue;
        }
        if let Some(rest) = line.strip_prefix("pub async fn ") {
            let end = rest.find(['<', '(']).unwrap_or(rest.len());
            found.push((rest[..end].to_owned(), doc.clone()));
        }
        doc.clear();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_and_the_files_agree() {
        let (cases, groups) = read().unwrap();
        for list in List::ALL {
            assert!(cases.iter().any(|case| case.list == list), "{list:?}");
        }
        assert!(groups.iter().all(|group| !group.doc.is_empty()));
        let mut names: Vec<_> = cases.iter().map(|case| &case.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), cases.len());
    }

    #[test]
    fn functions_have_the_documentation_above_them() {
        let text =
            "/// Not this.\n\nfn other() {}\n/// One\n/// two.\npub async fn it<R>(_: &R) {}\n";
        assert_eq!(functions(text), [("it".into(), "One two.".into())]);
        assert_eq!(
            functions("pub async fn bare() {}"),
            [("bare".into(), "".into())]
        );
    }
}
