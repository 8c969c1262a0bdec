//! The tables: Markdown for people, JSON for programs.

use std::fmt::Write;

use crate::facts;
use crate::harness::{Effort, Figure, Measured};
use crate::peers::{
    ALMOST_ENOUGH, EVENT_LISTENER, FUTURES_ABORT, FUTURES_INTRUSIVE, OURS, STOP_TOKEN, TOKIO,
    TOKIO_UTIL,
};
use crate::sizes::Size;

/// Everything there is to report.
pub(crate) struct Report {
    pub(crate) command: String,
    pub(crate) effort: Effort,
    pub(crate) pinned: bool,
    pub(crate) load: [Option<String>; 2],
    pub(crate) retakes: u64,
    pub(crate) given_up: u64,
    pub(crate) rows: Vec<Measured>,
    pub(crate) sizes: Vec<Size>,
}

/// The columns after ours; tokio stands in for tokio-util in the rows of deadlines and operations.
const PEERS: [(&str, &str); 6] = [
    (TOKIO_UTIL, TOKIO),
    (STOP_TOKEN, ""),
    (EVENT_LISTENER, ""),
    (FUTURES_INTRUSIVE, ""),
    (ALMOST_ENOUGH, ""),
    (FUTURES_ABORT, ""),
];
const NONE: &str = "–";

fn crate_of(contestant: &str) -> &str {
    if contestant == FUTURES_ABORT {
        "futures-util"
    } else {
        contestant
    }
}

fn titled(contestant: &str) -> String {
    let version = facts::version(crate_of(contestant)).unwrap_or("?");
    let suffix = if contestant == FUTURES_ABORT {
        " AbortHandle"
    } else {
        ""
    };
    format!("{}{suffix} {version}", crate_of(contestant))
}

fn peer_headers() -> impl Iterator<Item = String> {
    PEERS.iter().map(|&(name, stand_in)| {
        let mut header = titled(name);
        if !stand_in.is_empty() {
            let _ = write!(header, " (deadlines, operations: {})", titled(stand_in));
        }
        header
    })
}

/// Three significant digits or so.
fn number(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else if value >= 0.1 || value == 0.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

fn cell(figure: &Figure) -> String {
    number(figure.ratio)
}

/// A Markdown table with aligned columns, legible as plain text too.
fn table(lines: &[Vec<String>]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (i, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(text, "| {cell:<width$} |"),
                _ => write!(text, " {cell:>width$} |"),
            };
        }
        text.push('\n');
        if i == 0 {
            for (column, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width + 1);
                text.push_str(&if column == 0 {
                    format!("|{dashes}-|")
                } else {
                    format!("{dashes}:|")
                });
            }
            text.push('\n');
        }
    }
    text
}

impl Report {
    /// The table of speeds.
    pub(crate) fn speed(&self) -> String {
        let mut lines = vec![["row", "ours"].map(str::to_owned).to_vec()];
        lines[0].extend(peer_headers());
        lines[0].push("limits".to_owned());
        for row in &self.rows {
            let ours = row.figure(OURS);
            let mut name = format!("`{}`", row.name);
            if ![TOKIO_UTIL, TOKIO].contains(&row.reference) {
                let _ = write!(name, ", ratio to *{}*", row.reference);
            }
            let mut line = vec![name, ours.map_or(NONE.to_owned(), cell)];
            line.extend(PEERS.iter().map(|(name, stand_in)| {
                let figure = row.figure(name).or_else(|| row.figure(stand_in));
                figure.map_or(NONE.to_owned(), cell)
            }));
            let limits = row.figures.iter().filter_map(|figure| {
                let limit = figure.name.strip_prefix("limit: ")?;
                Some(format!("{limit} {}", cell(figure)))
            });
            let limits: Vec<String> = limits.collect();
            line.push(if limits.is_empty() {
                NONE.to_owned()
            } else {
                limits.join(", ")
            });
            lines.push(line);
        }
        table(&lines)
    }

    /// The table of sizes; empty if they were not measured.
    pub(crate) fn sizes(&self) -> String {
        if self.sizes.is_empty() {
            return String::new();
        }
        let mut lines = vec![["bytes", "ours"].map(str::to_owned).to_vec()];
        lines[0].extend(peer_headers());
        let bytes = |value: f64| format!("{value:.0}");
        for size in &self.sizes {
            let of = |name: &str| size.bytes.iter().find(|(n, _)| *n == name).map(|(_, b)| *b);
            let mut line = vec![
                size.name.to_owned(),
                of(OURS).map_or(NONE.to_owned(), bytes),
            ];
            line.extend(PEERS.iter().map(|(name, stand_in)| {
                of(name)
                    .or_else(|| of(stand_in))
                    .map_or(NONE.to_owned(), bytes)
            }));
            lines.push(line);
        }
        table(&lines)
    }

    /// Rows whose ratio moved by more than a tenth between the quartiles of the rounds.
    fn unsteady(&self) -> Vec<String> {
        let rows = self.rows.iter().filter_map(|row| {
            let ours = row.figure(OURS)?;
            let (low, high) = ours.quartiles;
            let unsteady = high - low > 0.1 * ours.ratio;
            unsteady.then(|| format!("`{}` {}–{}", row.name, number(low), number(high)))
        });
        rows.collect()
    }

    /// What to know beside the tables, one line each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let list = |items: Vec<String>| {
            if items.is_empty() {
                "none".to_owned()
            } else {
                items.join("; ")
            }
        };
        vec![
            format!(
                "Rows in which our ratio varied by more than a tenth between the quartiles of the \
                 rounds (a busy machine; read these with care): {}.",
                list(self.unsteady())
            ),
            format!(
                "Samples of two threads taken again because one was preempted: {}; accepted without \
                 sufficient overlap after all attempts: {}. Threads {}pinned to a core each.",
                self.retakes,
                self.given_up,
                if self.pinned { "" } else { "not " }
            ),
        ]
    }

    /// `{"row": {"contestant": {"ns": 12.3, "ratio": 0.31}}}`
    pub(crate) fn json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let figures = row.figures.iter().map(|figure| {
                let Figure {
                    name, ns, ratio, ..
                } = figure;
                format!("    \"{name}\": {{\"ns\": {ns:.4}, \"ratio\": {ratio:.5}}}")
            });
            let figures: Vec<String> = figures.collect();
            format!("  \"{}\": {{\n{}\n  }}", row.name, figures.join(",\n"))
        });
        let rows: Vec<String> = rows.collect();
        format!("{{\n{}\n}}\n", rows.join(",\n"))
    }

    /// The section of another profile than `release`.
    pub(crate) fn section(&self, profile: &str) -> String {
        let Effort { rounds, sample } = self.effort;
        let [before, after] = self
            .load
            .each_ref()
            .map(|load| load.as_deref().unwrap_or("unknown"));
        let notes: String = self
            .notes()
            .iter()
            .map(|note| format!("- {note}\n"))
            .collect();
        format!(
            "## Speed with the profile `{profile}`\n\n\
             Made by `{command}`: the rows of tokens, measured and shown as above, in {rounds} rounds of \
             samples of at least {sample} ms; load average {before} before, {after} after the run.\n\n\
             {speed}\n\
             {notes}",
            command = self.command,
            sample = sample.as_millis(),
            speed = self.speed(),
        )
    }

    /// The whole of `BENCHMARKS.md`.
    pub(crate) fn markdown(&self) -> String {
        let Effort { rounds, sample } = self.effort;
        let load = self
            .load
            .each_ref()
            .map(|load| load.as_deref().unwrap_or("unknown"));
        let versions: Vec<String> = [
            OURS,
            "cancel-std",
            TOKIO_UTIL,
            TOKIO,
            STOP_TOKEN,
            EVENT_LISTENER,
            FUTURES_INTRUSIVE,
        ]
        .into_iter()
        .chain([ALMOST_ENOUGH, FUTURES_ABORT])
        .map(titled)
        .collect();
        let notes: String = self
            .notes()
            .iter()
            .map(String::as_str)
            .chain(STANDING_NOTES.iter().copied())
            .fold(String::new(), |text, note| text + "- " + note + "\n");
        format!(
            "# Benchmarks\n\n\
             Made by `{command}`. Figures are of this machine and this day; ratios travel better.\n\n\
             - Machine: {processor}, {cores} cores; load average {before} before, {after} after the run\n\
             - Compiler: {compiler}, release profile\n\
             - Crates: {versions}\n\n\
             ## Method\n\n\
             {METHOD} This run: {rounds} rounds, samples of at least {sample} ms.\n\n\
             ## Speed\n\n\
             Time per operation, as a ratio to that of tokio-util (in the rows of \
             deadlines and operations to tokio, elsewhere to the reference that the row names); lower is better. \
             {NONE} means that there is no fair equivalent.\n\n\
             {speed}\n\
             ## Sizes\n\n\
             {sizes}\n\
             ## Notes\n\n\
             {notes}",
            command = self.command,
            processor = facts::processor(),
            cores = facts::cores(),
            before = load[0],
            after = load[1],
            compiler = facts::compiler(),
            versions = versions.join(", "),
            sample = sample.as_millis(),
            speed = self.speed(),
            sizes = self.sizes(),
        )
    }
}

const METHOD: &str = "All contestants of a row run in one process in alternation: a round takes one \
sample of each, in an order shuffled anew for every round. A sample repeats the operation until a \
minimum time is reached (calibrated beforehand, which also warms up). A figure \
is the median of the rounds' ratios, so that both sides of a ratio were measured \
within milliseconds of each other. What a row does not name is not timed: trees and waiters are built \
before the clock starts and taken down after it stops; before they are built, the allocator is made to \
merge its free blocks, so that all find the heap in the same order. In rows of two threads both wait at a spin \
gate, start together, and do the same number of operations; the time is from the first start to the \
last end, per operation of one thread; samples in which they ran side by side for less than 80 % of it \
are taken again.";

const STANDING_NOTES: [&str; 10] = [
    "Waits are polled with `Waker::noop()`, so that the token's own work is measured and no executor's.",
    "`is_cancelled` branches on each answer, 64 questions between two ends of the loop, through a handle; \
     against the bare `AtomicBool` through `&Token`, as `&AtomicBool` is a reference too. While another \
     thread creates and drops children, the reader checks sixteen times per sample that the other \
     has come forward, and the sample is taken again if it has not.",
    "Trees are lists of all handles in the order of creation; they are dropped in that order (the root \
     while its children live), uncancelled. The 10-ary tree is created depth first, as nested operations \
     come about, and in rows of its own level by level: the order decides which nodes are neighbours in \
     memory, and with that the cost of a walk through more nodes than the cache holds. The row of children with a waiter each drops first the waits, then the tokens, not the boxes around \
     the waits.",
    "Operations stand beside `timeout(30 s, token.run_until_cancelled(body))` inside an entered current-thread \
     runtime, polled by hand; from nothing to a result, and everything dropped again. tokio's form is the lean \
     one: it borrows its token, has no context, and reads the clock once, ours twice. A boxed `dyn Fn` call is \
     that alone; the limit beside it also keeps a copy of the report for who looks later, as ours does. \
     Operations with a timeout each are children of one parent; *until all are gone* means that each \
     future was polled to its end and dropped. Their bytes are all that 100,000 of them have on the heap \
     (operation, token, entry of the timer, with the growth of its slab, which was empty before), with and \
     without the future of the run, whose body is `pending()`. What short operations leave is what is on the \
     heap after 10,000 of them, while the parent, the tokens or the link live.",
    "Cancelling with a message is compared with tokio-util's plain cancel: it has no messages.",
    "stop-token cancels by dropping its source, so that this drop is in its rows of cancel. \
     event-listener is a flag beside an `Event`, and like futures-intrusive's event in an `Arc`.",
    "almost-enough has nothing to await, and its children ask their ancestors instead of being told: \
     it has no part in the rows of waiting and of cancelling trees. It drops chains by recursion, \
     which overflows the stack at the depth of these rows.",
    "`AbortHandle` belongs to one future: its rows of `until_cancelled` contain the creation of the pair.",
    "Limits: an Acquire load of an `AtomicBool`; clone and drop of an `Arc`; allocation and release of \
     56 bytes, the size of a token; the same and two or three uncontended locks of a word, each taken by \
     a compare-and-swap and let go by a store (a child needs its parent's when it comes, its own and \
     its parent's when it goes); lock and unlock of an uncontended `std::sync::Mutex`.",
    "Heap bytes are as requested, without the allocator's headers; a parent's list of children is in \
     the figure of the child. The counting allocator costs each allocation one relaxed load while \
     nothing is counted, the same for all.",
];
