//! Bare metal: builds for machines without an operating system, and programs run on four of them,
//! emulated by QEMU.

mod build;
mod elf;
mod machine;
mod results;

use crate::apt;
use crate::run::{Outcome, cargo, root, step};
use crate::targets::{Library, compiler};
use build::{Builds, PACKAGES};
use machine::{MACHINES, Machine, Program};
use results::{Run, Table};

const HELP: &str = "cargo xtask embedded [--list | TEXT…]

Without TEXT: everything. With: only the programs of which TARGET/PROGRAM contains one of them.";

pub(crate) fn run(args: &[String]) -> Outcome {
    if let Some(option) = args.iter().find(|arg| arg.starts_with('-')) {
        if option == "--list" {
            for (machine, program) in programs(&[]) {
                println!("{}/{}", machine.name, program.name);
            }
            return Ok(());
        }
        return Err(format!("no option `{option}`\n\n{HELP}"));
    }
    let chosen = programs(args);
    if chosen.is_empty() {
        return Err(format!("no program of that name\n\n{HELP}"));
    }
    apt::need("qemu-system-arm", &["qemu-system-arm"])?;
    apt::need("qemu-system-riscv32", &["qemu-system-misc"])?;
    let builds = Builds::new(compiler(&build::TARGETS, Library::Core)?);
    println!("compiler: {}", builds.version());
    if args.is_empty() {
        step(
            "format",
            cargo()
                .current_dir(root().join("embedded"))
                .args(["fmt", "--all", "--check"]),
        )?;
        builds.libraries()?;
        builds.refused()?;
        builds.lints()?;
    }

    let mut table = Table::new();
    let mut failed = Vec::new();
    for package in PACKAGES {
        let of_it = |(_, program): &&(_, &Program)| program.package == package.name;
        let these: Vec<_> = chosen.iter().filter(of_it).collect();
        let mut machines: Vec<_> = these.iter().map(|(machine, _)| *machine).collect();
        machines.dedup();
        builds.programs(package, &machines)?;
        for (machine, program) in these {
            let name = format!("{}/{}", machine.name, program.name);
            let outcome = Run::new(&name, machine, program).and_then(|run| {
                if program.name == "no_heap" {
                    elf::has_no_heap(&machine.file(program))?;
                }
                if program.name == "conformance_heap" {
                    elf::has_heap(&machine.file(program))?;
                }
                table.add(machine, &run);
                run.save_conformance(machine, program)?;
                run.check()
            });
            if let Err(error) = outcome {
                eprintln!("{name}: {error}");
                failed.push(name);
            }
        }
    }
    table.write()?;
    match failed.is_empty() {
        true => Ok(()),
        false => Err(failed.join(", ")),
    }
}

/// Measures the longest critical sections: a table of them.
pub(crate) fn sections() -> Result<String, String> {
    run(&["sections".into()])?;
    let file = results::sections_file();
    std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
}

/// The programs whose name contains one of `texts`, in the order of packages.
fn programs(texts: &[String]) -> Vec<(&'static Machine, &'static Program)> {
    let mut all = Vec::new();
    for machine in MACHINES {
        for program in machine::PROGRAMS {
            let name = format!("{}/{}", machine.name, program.name);
            let wanted = texts.is_empty() || texts.iter().any(|text| name.contains(text.as_str()));
            if wanted && (machine.heap || !program.heap) {
                all.push((machine, program));
            }
        }
    }
    all
}
