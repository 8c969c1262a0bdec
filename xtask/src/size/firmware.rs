//! The programs of one target: built, run, read.

use super::elf::{Bytes, Elf};
use super::programs::{NOTHING, PROBES, PROGRAMS, Target};
use crate::apt;
use crate::qemu::emulate;
use crate::run::{Outcome, root, step};
use crate::targets::Compiler;
use std::path::PathBuf;

pub(super) struct Firmware {
    pub(super) target: Target,
    programs: Vec<(&'static str, Elf)>,
    probes: Elf,
    /// What the compiler says that it made of the probes.
    assembly: String,
}

const PACKAGE: [&str; 4] = ["-p", "cancel-embedded-size", "--profile", "size"];

impl Firmware {
    pub(super) fn build(compiler: &Compiler, target: Target) -> Result<Firmware, String> {
        let folder = root().join("target/embedded");
        let assembly = folder.join(format!("probes-{}.s", target.name));
        let cargo = |what: &str| {
            let mut cargo = compiler.cargo();
            cargo.current_dir(root().join("embedded"));
            cargo
                .arg(what)
                .args(PACKAGE)
                .args(["--target", target.name]);
            cargo.arg("--target-dir").arg(&folder);
            cargo
        };
        let mut build = cargo("build");
        for program in PROGRAMS {
            build.args(["--bin", program.name]);
        }
        step(&format!("small firmware, {}", target.name), &mut build)?;
        let mut build = cargo("rustc");
        build.args(["--bin", "probes", "--", "--emit"]);
        build.arg(format!("asm={}", assembly.display()));
        step(&format!("probes, {}", target.name), &mut build)?;

        let path = |name: &str| -> PathBuf { folder.join(target.name).join("size").join(name) };
        let programs = PROGRAMS
            .iter()
            .map(|program| Ok((program.name, Elf::read(path(program.name))?)))
            .collect::<Result<_, String>>()?;
        Ok(Firmware {
            target,
            programs,
            probes: Elf::read(path("probes"))?,
            assembly: std::fs::read_to_string(&assembly)
                .map_err(|error| format!("{}: {error}", assembly.display()))?,
        })
    }

    /// Runs every program: what is weighed does its work.
    pub(super) fn emulate(&self) -> Outcome {
        apt::need("qemu-system-arm", &["qemu-system-arm"])?;
        for (name, program) in &self.programs {
            let machine = ["qemu-system-arm", "-machine", self.target.machine];
            let title = format!("{name} on {}", self.target.machine);
            emulate(&title, &machine, 6, program.path())?.1?;
        }
        Ok(())
    }

    pub(super) fn bytes(&self, name: &str) -> Result<Bytes, String> {
        let program = self.programs.iter().find(|(of, _)| *of == name);
        program
            .ok_or_else(|| format!("no program {name}"))?
            .1
            .bytes()
    }

    pub(super) fn size_of(&self, symbol: &str) -> Result<u64, String> {
        self.probes.size_of(symbol)
    }

    /// Instructions of a probe, without those for coming and going.
    pub(super) fn instructions(&self, probe: &str) -> Result<u64, String> {
        let nothing = self.probes.instructions(NOTHING)?;
        let all = self.probes.instructions(probe)?;
        all.checked_sub(nothing)
            .ok_or_else(|| format!("{probe} has fewer instructions than {NOTHING}"))
    }

    /// The probes as the compiler writes them.
    pub(super) fn listing(&self) -> Result<String, String> {
        let names = [NOTHING]
            .into_iter()
            .chain(PROBES.iter().map(|probe| probe.symbol));
        let mut text = String::new();
        for name in names {
            let lines = function(&self.assembly, name);
            let (written, built) = (lines.len() as u64, self.probes.instructions(name)?);
            if written != built {
                return Err(format!(
                    "{name}: {written} instructions in the assembly, {built} in the program"
                ));
            }
            text += &format!("{name}:\n    {}\n", lines.join("\n    "));
        }
        Ok(text)
    }
}

/// The instructions of a function.
fn function(assembly: &str, name: &str) -> Vec<String> {
    let label = format!("{name}:");
    assembly
        .lines()
        .skip_while(|line| *line != label)
        .skip(1)
        .take_while(|line| !line.starts_with(".Lfunc_end") && line.trim() != ".fnend")
        .map(|line| line.split('@').next().unwrap_or_default().trim_end())
        .filter(|line| line.starts_with('\t') && !line.trim_start().starts_with('.'))
        .map(|line| line.trim().replace('\t', " "))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::function;

    #[test]
    fn a_function_is_found_in_the_assembly() {
        let assembly = "
other:
\t.fnstart
\tbx\tlr
.Lfunc_end0:
probe:
.Lfunc_begin1:
\t.fnstart
\tpush\t{r7, lr}
\tldr\tr0, [r0]  @ the word
.LBB1_1:
\tpop\t{r7, pc}
.Lfunc_end1:
\tnop
";
        let expected = ["push {r7, lr}", "ldr r0, [r0]", "pop {r7, pc}"];
        assert_eq!(function(assembly, "probe"), expected);
        assert_eq!(function(assembly, "other"), ["bx lr"]);
    }
}
