//! The table of README.md, and the page with every case.

use super::cases::{Case, Group, List};
use super::results::Results;
use super::runtimes::Runtime;
use std::fmt::Write as _;

const BEGIN: &str = "<!-- conformance: made by `cargo xtask conformance` -->";
const END: &str = "<!-- /conformance -->";

/// What ran where.
pub(crate) struct Run<'a> {
    pub(crate) cases: &'a [Case],
    pub(crate) groups: &'a [Group],
    pub(crate) runtimes: Vec<(&'a Runtime, Results)>,
}

impl Run<'_> {
    /// One row for each runtime.
    pub(crate) fn table(&self) -> String {
        let mut table = String::from("| runtime | needs |");
        let mut rule = String::from("|---|---|");
        for list in List::ALL {
            let _ = write!(table, " {} |", list.title());
            rule.push_str("---|");
        }
        let _ = writeln!(table, "\n{rule}");
        for (runtime, results) in &self.runtimes {
            let _ = write!(table, "| {} | {} |", runtime.name, runtime.needs);
            for list in List::ALL {
                let _ = write!(table, " {} |", self.cell(runtime, results, list));
            }
            table.push('\n');
        }
        table
    }

    fn cell(&self, runtime: &Runtime, results: &Results, list: List) -> String {
        if let Some(why) = runtime.lacks(list) {
            return format!("n/a ({why})");
        }
        let cases = || self.cases.iter().filter(|case| case.list == list);
        let passed = cases().filter(|case| results.get(&case.name) == Some(&None));
        let failed = cases().filter(|case| matches!(results.get(&case.name), Some(Some(_))));
        let passed = format!("{} of {}", passed.count(), cases().count());
        let passed = match failed.count() {
            0 => passed,
            failed => format!("{passed}, {failed} FAILED"),
        };
        let cannot: Vec<&str> = cases()
            .filter_map(|case| runtime.cannot(&case.name))
            .collect();
        match cannot.is_empty() {
            true => passed,
            false => format!("{passed} ({})", cannot.join("; ")),
        }
    }

    /// Every case with what must hold, and a mark for each runtime.
    pub(crate) fn page(&self) -> String {
        let mut page = String::from(
            "# Conformance\n\n\
             Made by `cargo xtask conformance --write`: every case, what must hold, and where it does.\n\
             ✓ it holds, ✗ it FAILED, – the runtime cannot have it (README.md says why).\n",
        );
        for group in self.groups {
            let prefix = format!("{}::", group.name);
            let doc = group.doc.replace("[`", "`").replace("`]", "`");
            let _ = write!(
                page,
                "\n## {}\n\n{doc}\n\n| case | what must hold |",
                group.name
            );
            let mut rule = String::from("\n|---|---|");
            for (runtime, _) in &self.runtimes {
                let _ = write!(page, " {} |", runtime.key);
                rule.push_str(":-:|");
            }
            page.push_str(&rule);
            page.push('\n');
            for case in self
                .cases
                .iter()
                .filter(|case| case.name.starts_with(&prefix))
            {
                let doc = case.doc.replace('|', "\\|");
                let name = &case.name[prefix.len()..];
                let _ = write!(page, "| `{name}` | {doc} |");
                for (runtime, results) in &self.runtimes {
                    let mark = match (runtime.lacks(case.list), results.get(&case.name)) {
                        (_, Some(None)) => "✓",
                        (_, Some(Some(_))) => "✗",
                        (Some(_), None) => "–",
                        (None, None) if runtime.cannot(&case.name).is_some() => "–",
                        (None, None) => "did not run",
                    };
                    let _ = write!(page, " {mark} |");
                }
                page.push('\n');
            }
        }
        page
    }
}

/// A text with another table between the marks.
pub(crate) fn between_marks(text: &str, table: &str) -> Result<String, String> {
    let missing = || format!("README.md has no `{BEGIN}` with `{END}` after it");
    let (before, rest) = text.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::results::parse;
    use crate::conformance::runtimes::Runs;

    #[test]
    fn a_failure_is_seen() {
        let runtime = Runtime {
            key: "tiny",
            name: "A tiny one",
            needs: "nothing",
            runs: Runs::Here,
            lacks: &[
                (List::Tasks, "none"),
                (List::LocalTasks, "none"),
                (List::Operations, "none"),
            ],
            cannot: &[],
        };
        let case = |list, name: &str| Case {
            list,
            name: name.into(),
            doc: "It holds.".into(),
        };
        let group = |name: &str| Group {
            name: name.into(),
            doc: "What it is about.".into(),
        };
        let run = Run {
            cases: &[
                case(List::Core, "a::one_thing"),
                case(List::Core, "a::two"),
                case(List::Heap, "b::one"),
                case(List::Tasks, "c::one"),
            ],
            groups: &[group("a"), group("b"), group("c")],
            runtimes: vec![(
                &runtime,
                parse("a::one_thing ok\na::two FAILED why\nb::one ok").unwrap(),
            )],
        };
        let table = run.table();
        assert_eq!(
            table.lines().nth(2),
            Some(
                "| A tiny one | nothing | 1 of 2, 1 FAILED | 1 of 1 | n/a (none) | n/a (none) | n/a (none) |"
            )
        );
        let page = run.page();
        for line in [
            "## a",
            "| case | what must hold | tiny |",
            "| `one_thing` | It holds. | ✓ |",
            "| `two` | It holds. | ✗ |",
            "| `one` | It holds. | – |",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
        let text = format!("x\n{BEGIN}\nold\n{END}\ny\n");
        let new = between_marks(&text, &table).unwrap();
        assert_eq!(new, format!("x\n{BEGIN}\n{table}{END}\ny\n"));
        assert_eq!(between_marks(&new, &table), Ok(new));
        assert!(between_marks("x", &table).is_err());
    }
}
