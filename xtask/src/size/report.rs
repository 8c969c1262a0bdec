//! The section of `BENCHMARKS.md`.

use super::firmware::Firmware;
use super::programs::{PROBES, PROGRAMS, TYPES, WAIT};
use std::fmt::Write;

pub(super) struct Report {
    pub(super) compiler: String,
    pub(super) firmware: [Firmware; 2],
}

/// How long interrupts are off.
pub(super) fn sections(table: &str) -> String {
    format!(
        "### Longest critical sections\n\n\
         In instructions, counted by the emulator (`embedded/sections`): the longest outermost section of \
         the operation. Three numbers are for *n* = 1, 8 and 64, one number is for all of them. What a \
         machine without a heap cannot do is left out there.\n\n{table}\n"
    )
}

/// What a browser has to fetch.
pub(super) fn page(size: &crate::web::Size) -> String {
    format!(
        "### The page of `examples/web`\n\n\
         {} bytes of WebAssembly, {} of them by gzip: operations, timers, links to `AbortSignal`, `fetch`, \
         and the page's own code.\n",
        size.wasm, size.gzip
    )
}

/// What must not grow above a limit.
struct Limited {
    what: String,
    reached: u64,
    limit: u64,
}

impl Report {
    pub(super) fn markdown(&self) -> Result<String, String> {
        let mut text = format!(
            "## Size on small machines\n\n\
             Made by `cargo xtask size --write`, with {compiler}; {machines}.\n\n\
             {METHOD}\n\n\
             ### Programs\n\n\
             {programs}\n\
             ### Types\n\n\
             {types}\n\
             ### Instructions\n\n\
             {instructions}\n",
            compiler = self.compiler,
            machines = self
                .firmware
                .each_ref()
                .map(|firmware| format!(
                    "`{}` is {}",
                    firmware.target.name, firmware.target.processor
                ))
                .join(", "),
            programs = self.programs()?,
            types = self.types()?,
            instructions = self.instructions()?,
        );
        for firmware in &self.firmware {
            let (processor, listing) = (firmware.target.processor, firmware.listing()?);
            let _ = write!(text, "{processor}:\n\n```text\n{listing}```\n\n");
        }
        Ok(text)
    }

    /// What exceeds its limit.
    pub(super) fn exceeded(&self) -> Result<Vec<String>, String> {
        let limited = self.limited()?;
        let exceeded = limited.iter().filter(|one| one.reached > one.limit);
        Ok(exceeded
            .map(|one| format!("{}: {} (limit {})", one.what, one.reached, one.limit))
            .collect())
    }

    fn limited(&self) -> Result<Vec<Limited>, String> {
        let mut limited = Vec::new();
        for firmware in &self.firmware {
            let on = firmware.target.name;
            limited.extend(TYPES.iter().filter_map(|of| {
                of.limit
                    .map(|limit| (of.about, firmware.size_of(of.symbol), limit, on))
            }));
            limited.extend(PROBES.iter().filter_map(|probe| {
                let reached = firmware.instructions(probe.symbol);
                probe.limit.map(|limit| (probe.about, reached, limit, on))
            }));
        }
        limited.push((
            WAIT.0,
            self.above(&self.firmware[0], WAIT.0),
            WAIT.1,
            self.firmware[0].target.name,
        ));
        limited
            .into_iter()
            .map(|(what, reached, limit, on)| {
                Ok(Limited {
                    what: format!("{what} on {on}"),
                    reached: reached?,
                    limit,
                })
            })
            .collect()
    }

    /// The flash of a program above its base.
    fn above(&self, firmware: &Firmware, name: &str) -> Result<u64, String> {
        let program = PROGRAMS.iter().find(|program| program.name == name);
        let base = program.ok_or_else(|| format!("no program {name}"))?.base;
        let (all, base) = (firmware.bytes(name)?.flash, firmware.bytes(base)?.flash);
        Ok(all.saturating_sub(base))
    }

    fn programs(&self) -> Result<String, String> {
        let mut text = self.heading("program", &["flash", "RAM"], "what it does");
        for program in PROGRAMS {
            let _ = write!(text, "| `{}` |", program.name);
            for firmware in &self.firmware {
                let (all, base) = (firmware.bytes(program.name)?, firmware.bytes(program.base)?);
                for (all, base) in [(all.flash, base.flash), (all.ram, base.ram)] {
                    let cell = match program.name == program.base {
                        true => all.to_string(),
                        false => format!("{all} ({})", above(all, base)),
                    };
                    let _ = write!(text, " {cell} |");
                }
            }
            let lacks = match program.lacks {
                "" => String::new(),
                lacks => format!(". *Lacks* {lacks}"),
            };
            let _ = writeln!(text, " {}{lacks} |", program.about);
        }
        Ok(text)
    }

    fn types(&self) -> Result<String, String> {
        let mut text = self.heading("bytes", &[""], "");
        for of in TYPES {
            let _ = write!(text, "| {} |", of.about);
            for firmware in &self.firmware {
                let _ = write!(text, " {} |", firmware.size_of(of.symbol)?);
            }
            text.push('\n');
        }
        Ok(text)
    }

    fn instructions(&self) -> Result<String, String> {
        let mut text = self.heading("through a reference, without frame and return", &[""], "");
        for probe in PROBES {
            let _ = write!(text, "| {} |", probe.about);
            for firmware in &self.firmware {
                let _ = write!(text, " {} |", firmware.instructions(probe.symbol)?);
            }
            text.push('\n');
        }
        Ok(text)
    }

    /// The first lines of a table: `columns` for each processor.
    fn heading(&self, first: &str, columns: &[&str], last: &str) -> String {
        let mut names = format!("| {first} |");
        let mut lines = "|---|".to_owned();
        for firmware in &self.firmware {
            for column in columns {
                let _ = write!(
                    names,
                    " {} |",
                    format!("{} {column}", firmware.target.processor).trim()
                );
                lines += "---:|";
            }
        }
        if !last.is_empty() {
            let _ = write!(names, " {last} |");
            lines += "---|";
        }
        format!("{names}\n{lines}\n")
    }
}

/// `+12`
fn above(all: u64, base: u64) -> String {
    let sign = if all < base { "−" } else { "+" };
    format!("{sign}{}", all.abs_diff(base))
}

const METHOD: &str = "\
Each program is a whole firmware (`embedded/size`): vector table, no heap, a panic handler that stops, no \
printing. It is built for size: `opt-level = \"z\"`, `lto`, one codegen unit, `panic = \"abort\"`, with \
Debian's compiler the core library as well. All have the same start, the same critical section (interrupts \
off), and where they have tasks and times, the same embassy-executor and time driver. An interrupt ends the \
waiting, a time limit the work; each program has come to that end in QEMU before it is weighed. *Flash* is \
all that is written into the machine (vector table, code, constants, initial values), *RAM* all static \
memory, with the tasks' futures and without the stack; in parentheses, the difference to the first program of \
its group, which does the same without cancelation. Sizes of types are those of symbols in a program for that \
processor; instructions are counted in it, less those of a function that does nothing.";
