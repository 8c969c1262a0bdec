//! Instructions of the commonest calls, counted by callgrind and compared with a committed file.
//!
//! Counts do not depend on the load of the machine, but on compiler and C library. With others than
//! those of the file they are printed and not judged.

use crate::apt;
use crate::run::{Outcome, cargo, command, exists, output, root, step};
use std::collections::BTreeMap;

/// What the file calls a probe, and the function of `xtask/instructions` that makes the call.
const CALLS: &[(&str, &str)] = &[
    ("CancelToken::new, drop", "probe_new_drop"),
    ("clone, drop", "probe_clone_drop"),
    ("child, drop", "probe_child_drop"),
    ("is_cancelled", "probe_is_cancelled"),
    ("check, live", "probe_check"),
    ("cancelled, one poll, drop", "probe_wait"),
    ("poll again with the same waker", "probe_poll_again"),
    ("until_cancelled, ready at once", "probe_until_cancelled"),
    ("on_cancel, drop", "probe_on_cancel"),
    ("cancel, nobody waits", "probe_cancel_alone"),
    ("cancel, one waiter", "probe_cancel_waiter"),
];

/// A loop without a call.
const EMPTY: &str = "probe_empty";

const FILE: &str = "xtask/instructions.txt";

/// A call may take this many percent more or less than the file says.
const TOLERANCE: f64 = 5.0;

/// Two runs, so that what happens once (the allocator's first page) is not counted.
const TIMES: [u64; 2] = [1000, 3000];

pub(crate) fn run(args: &[String]) -> Outcome {
    let write = match args {
        [] => false,
        [arg] if arg == "--write" => true,
        _ => return Err("takes nothing but --write".into()),
    };
    apt::need("valgrind", &["valgrind"])?;
    let found = Table {
        with: builder()?,
        counts: count()?,
    };
    let path = root().join(FILE);
    if write {
        print!("\n{found}");
        return std::fs::write(&path, found.to_string())
            .map_err(|error| format!("{FILE}: {error}"));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{FILE}: {error}"))?;
    compare(&found, &Table::parse(&text)?)
}

/// What the counts depend on.
fn builder() -> Result<String, String> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let rustc = output(command(rustc).arg("-V")).ok_or("rustc -V fails")?;
    let libc = match exists("getconf") {
        true => output(command("getconf").arg("GNU_LIBC_VERSION")),
        false => None,
    };
    let libc = libc.unwrap_or_else(|| "another C library".into());
    Ok(format!("{rustc}, {libc}, {}", std::env::consts::ARCH))
}

fn count() -> Result<Vec<(String, u64)>, String> {
    // One codegen unit: what is inlined does not depend on how the crate was cut up.
    step(
        "build",
        cargo()
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
            .args(["build", "--release", "--quiet", "-p", "cancel-instructions"])
            .args(["--target-dir", "target/instructions"]),
    )?;
    let program = root().join("target/instructions/release/cancel-instructions");
    let mut runs = Vec::new();
    for times in TIMES {
        let file = root().join(format!("target/instructions/callgrind.{times}"));
        step(
            &format!("count, each call {times} times"),
            command("valgrind")
                .args(["--quiet", "--tool=callgrind"])
                .arg(format!("--callgrind-out-file={}", file.display()))
                .arg(&program)
                .arg(times.to_string()),
        )?;
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        runs.push(inclusive(&text));
    }
    let per_call = |probe: &str| {
        let total = |run: &BTreeMap<String, u64>| {
            let mut matching = run.iter().filter(|(name, _)| is_named(name, probe));
            matching.next().map(|(_, cost)| *cost)
        };
        let (few, many) = (total(&runs[0])?, total(&runs[1])?);
        Some(many.saturating_sub(few) as f64 / (TIMES[1] - TIMES[0]) as f64)
    };
    let missing = |probe: &str| format!("callgrind has seen no call of {probe}");
    let empty = per_call(EMPTY).ok_or_else(|| missing(EMPTY))?;
    let mut counts = Vec::new();
    for (name, probe) in CALLS {
        let cost = per_call(probe).ok_or_else(|| missing(probe))?;
        counts.push((name.to_string(), (cost - empty).round().max(0.0) as u64));
    }
    Ok(counts)
}

/// Whether callgrind's name of a function, `crate::name` or `crate::name::<types>`, is of this one.
fn is_named(name: &str, probe: &str) -> bool {
    let mut words = name.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.any(|word| word == probe)
}

/// Cost of each called function with all that it calls, from callgrind's output: after `cfn=` and
/// `calls=` comes a line whose last number is that cost.
fn inclusive(text: &str) -> BTreeMap<String, u64> {
    let mut names = BTreeMap::<&str, &str>::new();
    let mut costs = BTreeMap::new();
    let mut called = None;
    let mut is_call = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn=").or(line.strip_prefix("cfn=")) {
            // `(id) name` at first, then `(id)`.
            let (id, name) = name.split_once(' ').unwrap_or((name, ""));
            if !name.is_empty() {
                names.insert(id, name);
            }
            if line.starts_with('c') {
                called = names.get(id).copied();
            }
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if is_call {
            is_call = false;
            let cost = line.split(' ').next_back();
            let cost = cost.and_then(|cost| cost.parse::<u64>().ok());
            if let (Some(name), Some(cost)) = (called, cost) {
                *costs.entry(name.to_owned()).or_default() += cost;
            }
        }
    }
    costs
}

/// What the file holds.
#[derive(Debug, PartialEq)]
struct Table {
    /// Compiler, C library, processor.
    with: String,
    counts: Vec<(String, u64)>,
}

impl Table {
    fn parse(text: &str) -> Result<Table, String> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let with = lines.next().and_then(|line| line.strip_prefix("with "));
        let with = with.ok_or_else(|| format!("{FILE} does not begin with its compiler"))?;
        let mut counts = Vec::new();
        for line in lines {
            let pair = line.rsplit_once(' ');
            let pair = pair.and_then(|(name, count)| Some((name.trim(), count.parse().ok()?)));
            let (name, count) = pair.ok_or_else(|| format!("{FILE}: `{line}`: no count"))?;
            counts.push((name.to_owned(), count));
        }
        let with = with.to_owned();
        Ok(Table { with, counts })
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "# Instructions per call: cargo xtask instructions --write"
        )?;
        writeln!(f, "with {}", self.with)?;
        for (name, count) in &self.counts {
            writeln!(f, "{name:<32} {count:>5}")?;
        }
        Ok(())
    }
}

fn compare(found: &Table, known: &Table) -> Outcome {
    println!("\n{:<32} {:>6} {:>6}", "instructions of", "file", "now");
    let (mut more, mut fewer) = (Vec::new(), Vec::new());
    for (name, now) in &found.counts {
        let before = known.counts.iter().find(|(known, _)| known == name);
        let Some((_, before)) = before else {
            println!("{name:<32} {:>6} {now:>6}", "-");
            more.push(format!("{name}: is not in the file"));
            continue;
        };
        println!("{name:<32} {before:>6} {now:>6}");
        let percent = (*now as f64 - *before as f64) / (*before).max(1) as f64 * 100.0;
        // A single instruction is no news, however short the call is.
        if now.abs_diff(*before) < 2 || percent.abs() <= TOLERANCE {
            continue;
        }
        let list = if percent > 0.0 { &mut more } else { &mut fewer };
        list.push(format!(
            "{name}: {now} instead of {before} ({percent:+.0} %)"
        ));
    }
    let write = "cargo xtask instructions --write";
    if found.with != known.with {
        println!(
            "\nnot judged: {FILE} was made with {}, this is {}",
            known.with, found.with
        );
        return Ok(());
    }
    if !fewer.is_empty() {
        println!(
            "\nfewer than in {FILE}; lower it by {write}:\n{}",
            fewer.join("\n")
        );
    }
    match more.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "more instructions than {FILE} allows (by {TOLERANCE} %; if they are worth it: {write}):\n{}",
            more.join("\n")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(with: &str, counts: &[(&str, u64)]) -> Table {
        Table {
            with: with.into(),
            counts: counts
                .iter()
                .map(|(name, count)| (name.to_string(), *count))
                .collect(),
        }
    }

    #[test]
    fn costs_of_what_a_call_calls_are_counted() {
        let text = "fn=(1) demo::main\n5 10\ncfn=(2) demo::probe_wait\ncalls=1 20\n5 400\n\
                    cfn=(3) demo::probe_poll_again<core::Future>\ncalls=1 30\n6 70\n7 3\n\n\
                    fn=(2)\n20 100\ncfn=(4) malloc\ncalls=10 0\n21 300\n\
                    fn=(5) demo::other\ncfn=(2)\ncalls=1 20\n9 50\n";
        let costs = inclusive(text);
        assert_eq!(costs["demo::probe_wait"], 450);
        assert_eq!(costs["malloc"], 300);
        let found = costs
            .iter()
            .find(|(name, _)| is_named(name, "probe_poll_again"));
        assert_eq!(found.map(|(_, cost)| *cost), Some(70));
        assert!(!is_named("demo::probe_wait_long", "probe_wait"));
    }

    #[test]
    fn more_fail_and_fewer_do_not() {
        let known = table("a", &[("x", 100), ("y", 3)]);
        assert!(compare(&table("a", &[("x", 105), ("y", 4)]), &known).is_ok());
        assert!(compare(&table("a", &[("x", 50), ("y", 3)]), &known).is_ok());
        let error = compare(&table("a", &[("x", 106), ("y", 5)]), &known).unwrap_err();
        assert!(error.contains("x: 106 instead of 100 (+6 %)"), "{error}");
        assert!(error.contains("y: 5 instead of 3"), "{error}");
        assert!(compare(&table("a", &[("z", 1)]), &known).is_err());
        // Another compiler.
        assert!(compare(&table("b", &[("x", 200), ("y", 3)]), &known).is_ok());
    }

    #[test]
    fn the_file_is_read_as_it_is_written() {
        let written = table(
            "rustc 1.95.0, glibc 2.36",
            &[("check, live", 3), ("clone", 1234)],
        );
        assert_eq!(Table::parse(&written.to_string()), Ok(written));
        assert!(Table::parse("with a\nx many\n").is_err());
        assert!(Table::parse("x 3\n").is_err());
    }
}
