//! The page of `examples/web`: built, measured, served, clicked through.

use super::tool::Tools;
use super::{folder, of_target};
use crate::limit::limited;
use crate::page;
use crate::run::{Outcome, command, exists, output, root, step};
use crate::targets::Compiler;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SOURCE: &str = "examples/web";
const WASM: &str = "cancel_app_web";

fn site() -> PathBuf {
    folder().join("site")
}

fn server() -> PathBuf {
    root().join(SOURCE).join("server/server.mjs")
}

/// Into `target/web/site`.
pub(super) fn build(compiler: &Compiler, tools: &Tools) -> Result<Size, String> {
    step(
        "the demo",
        compiler
            .cargo()
            .args(of_target("build"))
            .args(["-p", "cancel-app-web", "--release"])
            // As small as it gets without waiting for long.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
            .env("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    )?;
    let site = site();
    copy(&root().join(SOURCE).join("www"), &site)
        .map_err(|error| format!("{}: {error}", site.display()))?;
    let package = site.join("pkg");
    step(
        "the demo for browsers",
        command(&tools.bindgen)
            .args(["--target", "web", "--no-typescript"])
            .args(["--remove-name-section", "--remove-producers-section"])
            .arg("--out-dir")
            .arg(&package)
            .arg(folder().join(format!("wasm32-unknown-unknown/release/{WASM}.wasm"))),
    )?;
    let wasm = package.join(format!("{WASM}_bg.wasm"));
    if exists("wasm-opt") {
        let smaller = package.join("smaller.wasm");
        let mut optimize = command("wasm-opt");
        optimize
            .args(["-Os", "--all-features", "-o"])
            .arg(&smaller)
            .arg(&wasm);
        // An old one may not know what a new compiler writes: it works without, too.
        match step("the demo, smaller", &mut optimize) {
            Ok(()) => fs::rename(&smaller, &wasm).map_err(|error| error.to_string())?,
            Err(error) => println!("left as it is: {error}"),
        }
    }
    size(&wasm)
}

/// Empties `to` first.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.is_dir() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// What a visitor has to fetch, in bytes.
pub(crate) struct Size {
    pub(crate) wasm: u64,
    pub(crate) gzip: u64,
}

impl Size {
    pub(super) fn print(&self) {
        let Size { wasm, gzip } = self;
        println!("\nthe demo: {wasm} bytes of WebAssembly, {gzip} compressed by gzip");
    }
}

fn size(wasm: &Path) -> Result<Size, String> {
    let script =
        "const { readFileSync: read } = require('fs'), { gzipSync: gzip } = require('zlib');
                  const wasm = read(process.argv[1]);
                  console.log(`${wasm.length} ${gzip(wasm, { level: 9 }).length}`)";
    let sizes = output(command("node").args(["-e", script]).arg(wasm));
    let numbers = || {
        let (wasm, gzip) = sizes.as_deref()?.trim().split_once(' ')?;
        Some(Size {
            wasm: wasm.parse().ok()?,
            gzip: gzip.parse().ok()?,
        })
    };
    numbers().ok_or_else(|| "the demo's size could not be found out".into())
}

/// Until somebody ends it.
pub(super) fn serve(port: &str) -> Outcome {
    step(
        "the demo, served",
        command("node").arg(server()).arg(site()).arg(port),
    )
}

pub(super) fn click(chromium: &str) -> Outcome {
    let script = page::clicker(SOURCE, &folder().join("page-test"))?;
    let (_, outcome) = limited(
        "the demo, clicked through",
        command("node")
            .arg(script)
            .arg(site())
            .arg(server())
            .arg(chromium)
            .arg(folder()),
        Duration::from_secs(360),
    )?;
    outcome?;
    println!("a look at it: target/web/web.png, web-dark.png, web-narrow.png");
    Ok(())
}
