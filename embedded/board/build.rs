//! Gives the linker the machine's memory.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let target = env::var("TARGET")?;
    let memory = match target.split('-').next() {
        Some("thumbv6m") => "memory/microbit.x",
        Some("thumbv7m") => "memory/lm3s6965.x",
        Some(cpu) if cpu.starts_with("riscv32") => "memory/virt.x",
        _ => return Err(format!("no machine for the target {target}").into()),
    };
    fs::copy(memory, out.join("memory.x"))?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=memory");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
