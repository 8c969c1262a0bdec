//! Speed and size of the tokens beside their peers and the physical limits: `cargo xtask bench`.
//!
//! ```text
//! cancel-bench [--profile NAME] [--quick] [--json FILE] [--markdown FILE] [--filter SUBSTR]
//! ```
//!
//! The tables go to standard output, progress to standard error. All of the report is made with the
//! profile `release`. Another one adds a section of its own with the rows of tokens.

mod alloc;
mod awaited;
mod cancel;
mod compat;
mod create;
mod deadline;
mod depth;
mod duo;
mod facts;
mod harness;
mod operations;
mod peers;
mod query;
mod registry;
mod report;
mod sizes;
mod trees;
mod wait;

use std::cell::OnceCell;
use std::env;
use std::fs;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::duo::Duo;
use crate::harness::{Effort, Row};
use crate::peers::OURS;
use crate::report::Report;

const USAGE: &str =
    "usage: cancel-bench [--profile NAME] [--quick] [--json FILE] [--markdown FILE] [--filter SUBSTR]

  --profile NAME    what this was built with, if not release: for the report
  --quick           fewer and shorter samples: under two minutes in all
  --json FILE       write {\"row\": {\"contestant\": {\"ns\": 1.0, \"ratio\": 1.0}}}
  --markdown FILE   write the whole report
  --filter SUBSTR   only rows with SUBSTR in their name (\"bytes\" is the table of sizes)";

const RELEASE: &str = "release";

const THOROUGH: Effort = Effort {
    rounds: 31,
    sample: Duration::from_millis(10),
};
const QUICK: Effort = Effort {
    rounds: 21,
    sample: Duration::from_millis(3),
};

/// What rows share.
pub(crate) struct Env {
    pub(crate) duo: Rc<Duo>,
    runtime: OnceCell<tokio::runtime::Runtime>,
}

impl Env {
    /// tokio with two workers, started at the first use.
    pub(crate) fn runtime(&self) -> tokio::runtime::Handle {
        let start = || {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder
                .worker_threads(2)
                .enable_time()
                .build()
                .expect("threads can be started")
        };
        self.runtime.get_or_init(start).handle().clone()
    }
}

#[derive(Default)]
struct Arguments {
    profile: Option<String>,
    quick: bool,
    json: Option<String>,
    markdown: Option<String>,
    filter: String,
}

fn arguments() -> Result<Option<Arguments>, String> {
    let mut parsed = Arguments::default();
    let mut given = env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || {
            given
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--profile" => parsed.profile = Some(value()?).filter(|name| name != RELEASE),
            "--quick" => parsed.quick = true,
            "--json" => parsed.json = Some(value()?),
            "--markdown" => parsed.markdown = Some(value()?),
            "--filter" => parsed.filter = value()?,
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    Ok(Some(parsed))
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("{message}\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let report = run(&arguments);

    println!(
        "Profile {}\n",
        arguments.profile.as_deref().unwrap_or(RELEASE)
    );
    println!("{}", report.speed());
    println!("{}", report.sizes());
    for note in report.notes() {
        println!("{note}");
    }
    let markdown = |file: &String| {
        let old = fs::read_to_string(file).unwrap_or_default();
        match &arguments.profile {
            Some(profile) => with_section(&old, profile, &report.section(profile)),
            None => match others(&old) {
                Some(others) => format!("{}\n{others}", report.markdown()),
                None => report.markdown(),
            },
        }
    };
    let outputs = [
        (
            &arguments.json,
            arguments.json.as_ref().map(|_| report.json()),
        ),
        (
            &arguments.markdown,
            arguments.markdown.as_ref().map(markdown),
        ),
    ];
    for (file, text) in outputs {
        let Some((file, text)) = file.as_ref().zip(text) else {
            continue;
        };
        if let Err(error) = fs::write(file, text) {
            eprintln!("cannot write {file}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// What other tasks have put into the report: everything from their first mark on. It stays.
fn others(text: &str) -> Option<&str> {
    text.find("<!-- cargo xtask ").map(|begin| &text[begin..])
}

/// The report with the section of another profile where it was, or in front of what others have put
/// there.
fn with_section(old: &str, profile: &str, section: &str) -> String {
    let begin = format!("<!-- cargo xtask bench --profile {profile}: begin -->");
    let end = format!("<!-- cargo xtask bench --profile {profile}: end -->");
    let place = old
        .find(&begin)
        .zip(old.find(&end).map(|at| at + end.len()));
    let others = old.len() - others(old).map_or(0, str::len);
    let (from, to) = place.unwrap_or((others, others));
    let (before, after) = (old[..from].trim_end(), old[to..].trim_start());
    format!("{before}\n\n{begin}\n\n{section}\n{end}\n\n{after}")
        .trim()
        .to_owned()
        + "\n"
}

/// Every row of tokens, in the order of the table.
fn rows_of_tokens() -> impl Iterator<Item = &'static Row> {
    [
        create::ROWS,
        query::ROWS,
        wait::ROWS,
        awaited::ROWS,
        compat::ROWS,
        cancel::ROWS,
        trees::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// Every row, in the order of the table.
fn rows() -> impl Iterator<Item = &'static Row> {
    [
        create::ROWS,
        query::ROWS,
        wait::ROWS,
        awaited::ROWS,
        compat::ROWS,
        deadline::ROWS,
        cancel::ROWS,
        trees::ROWS,
        operations::ROWS,
        registry::ROWS,
    ]
    .into_iter()
    .flatten()
}

fn run(arguments: &Arguments) -> Report {
    if cfg!(debug_assertions) {
        eprintln!("built without optimisation: these figures mean nothing (use --release)");
    }
    let begin = Instant::now();
    let effort = if arguments.quick { QUICK } else { THOROUGH };
    let load = facts::load();
    let _reserve = alloc::reserve();
    let env = Env {
        duo: Rc::new(Duo::new()),
        runtime: OnceCell::new(),
    };

    // First of all: what they need of the timer has to be new.
    let with_sizes = "bytes".contains(&arguments.filter) && arguments.profile.is_none();
    let of_operations = with_sizes.then(operations::sizes);

    let rows: Vec<&Row> = match arguments.profile.is_some() && arguments.filter.is_empty() {
        true => rows_of_tokens().collect(),
        false => rows().collect(),
    };
    let wanted: Vec<&Row> = rows
        .into_iter()
        .filter(|row| row.name.contains(&arguments.filter))
        .collect();
    let mut measured = Vec::new();
    for (i, row) in wanted.iter().enumerate() {
        let figures = harness::measure(row, &env, effort);
        let ratio = figures.figure(OURS).map_or(f64::NAN, |ours| ours.ratio);
        eprintln!(
            "[{:>2}/{}] {:>5.1} s  {}: {ratio:.3}",
            i + 1,
            wanted.len(),
            begin.elapsed().as_secs_f64(),
            row.name
        );
        measured.push(figures);
    }
    let mut sizes = Vec::new();
    if let Some(of_operations) = of_operations {
        sizes = sizes::measure(&env);
        sizes.extend(of_operations);
        sizes.extend(depth::sizes(&env));
    }

    let (retakes, given_up) = env.duo.troubles();
    let profile = match &arguments.profile {
        Some(profile) => format!(" --profile {profile}"),
        None => String::new(),
    };
    let quick = if arguments.quick { " --quick" } else { "" };
    let filter = if arguments.filter.is_empty() {
        String::new()
    } else {
        format!(" --filter '{}'", arguments.filter)
    };
    let file = arguments.markdown.as_deref().unwrap_or("BENCHMARKS.md");
    Report {
        command: format!("cargo xtask bench{profile}{quick}{filter} --markdown {file}"),
        effort,
        pinned: env.duo.pinned(),
        load: [load, facts::load()],
        retakes,
        given_up,
        rows: measured,
        sizes,
    }
}

#[cfg(test)]
mod tests {
    use super::{others, with_section};

    #[test]
    fn sections_of_profiles_stand_before_what_others_have_put_there_and_are_replaced() {
        let old = "# Benchmarks\n\n<!-- cargo xtask size: begin -->\n\n## Size\n";
        let first = with_section(old, "lto", "## One\n");
        let at = |text: &str| first.find(text).expect(text);
        assert!(at("# Benchmarks") < at("## One") && at("## One") < at("## Size"));
        assert_eq!(with_section(&first, "lto", "## One\n"), first);

        let second = with_section(&first, "lto", "## Two\n");
        assert!(!second.contains("## One") && second.ends_with("## Size\n"));
        assert!(others(&second).is_some_and(|kept| kept.contains("## Two")));
        assert!(with_section("# Benchmarks\n", "lto", "## One\n").ends_with("end -->\n"));
    }
}
