//! Flash and RAM of small firmware, with and without cancelation, beside the peer; how long
//! interrupts are off; what the page of `examples/web` takes to fetch.
//!
//! ```text
//! cargo xtask size [--write | --check]
//! ```
//!
//! With `--check` the firmware alone is built, and what exceeds its limit (`programs.rs`) is an error.

mod elf;
mod firmware;
mod programs;
mod report;

use crate::run::{Outcome, root};
use crate::targets::{Library, compiler};
use crate::{embedded, web};
use firmware::Firmware;
use programs::TARGETS;
use report::Report;

pub(crate) fn run(args: &[String]) -> Outcome {
    if let Some(unknown) = args
        .iter()
        .find(|arg| *arg != "--write" && *arg != "--check")
    {
        return Err(format!(
            "unknown argument {unknown} (there are --write and --check)"
        ));
    }
    let chosen = |name: &str| args.iter().any(|arg| arg == name);
    let compiler = compiler(&TARGETS.map(|target| target.name), Library::Core)?;
    let built = TARGETS.map(|target| Firmware::build(&compiler, target));
    let [first, second] = built;
    let firmware = [first?, second?];
    for firmware in &firmware {
        firmware.emulate()?;
    }
    let report = Report {
        compiler: compiler.version(),
        firmware,
    };
    let mut text = report.markdown()?;
    if chosen("--check") {
        println!("\n{text}");
        let exceeded = report.exceeded()?;
        return match exceeded.is_empty() {
            true => Ok(()),
            false => Err(format!("limits exceeded: {}", exceeded.join("; "))),
        };
    }
    text.push_str(&report::sections(&embedded::sections()?));
    text.push_str(&report::page(&web::size()?));
    println!("\n{text}");
    match chosen("--write") {
        true => write(&text),
        false => Ok(()),
    }
}

/// Where the section begins and ends. `cargo xtask bench` keeps what comes from such a mark on.
const BEGIN: &str = "<!-- cargo xtask size: begin -->";
const END: &str = "<!-- cargo xtask size: end -->";

/// Puts the section where it was, or at the end.
fn write(section: &str) -> Outcome {
    let path = root().join("BENCHMARKS.md");
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let old = std::fs::read_to_string(&path).map_err(told)?;
    std::fs::write(&path, replaced(&old, section)).map_err(told)
}

fn replaced(old: &str, section: &str) -> String {
    let place = old.find(BEGIN).zip(old.find(END).map(|at| at + END.len()));
    let (before, after) = match place {
        Some((begin, end)) if begin < end => (&old[..begin], old[end..].trim_start()),
        _ => (old, ""),
    };
    let mut text = format!("{}\n\n{BEGIN}\n\n{section}\n{END}\n", before.trim_end());
    if !after.is_empty() {
        text.push('\n');
        text.push_str(after);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn a_section_takes_the_place_of_the_one_before() {
        let first = replaced("# Benchmarks\n", "## Size\n");
        assert!(first.starts_with("# Benchmarks\n\n<!--"));
        assert_eq!(replaced(&first, "## Size\n"), first);

        let longer = first.clone() + "\n## More\n";
        let second = replaced(&longer, "## Other size\n");
        assert!(!second.contains("## Size"));
        assert!(second.contains("## Other size"));
        assert!(second.starts_with("# Benchmarks\n") && second.ends_with("\n\n## More\n"));
    }
}
