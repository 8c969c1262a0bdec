//! The page of the jobs example, clicked through in a headless Chromium.
//!
//! Nothing is skipped: what is missing is installed, or the task fails and says what to install.

use crate::apt;
use crate::run::{Outcome, cargo, command, exists, output, root, step};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What playwright-core asks for.
const NODE: u32 = 20;

const CHROMIUMS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

pub(crate) fn run(_: &[String]) -> Outcome {
    node()?;
    let chromium = chromium()?;
    let script = clicker("examples/apps/jobs", &root().join("target/page-test"))?;
    step(
        "the server",
        cargo().args([
            "build",
            "--package",
            "cancel-app-jobs",
            "--target-dir",
            "target",
        ]),
    )?;
    let target = root().join("target");
    let server = format!("debug/jobs{}", std::env::consts::EXE_SUFFIX);
    step(
        "the page, clicked through",
        command("node")
            .arg(script)
            .arg(target.join(server))
            .arg(chromium)
            .arg(&target),
    )?;
    println!("a look at it: target/jobs.png, jobs-dark.png, jobs-narrow.png, jobs-dialog.png");
    Ok(())
}

/// Makes an example's `page-test` ready to run with node, in `folder`: the source tree stays as it is.
///
/// # Returns
///
/// The script.
pub(crate) fn clicker(example: &str, folder: &Path) -> Result<PathBuf, String> {
    let source = root().join(example).join("page-test");
    let copied = ["package.json", "package-lock.json", "page.mjs"]
        .into_iter()
        .try_for_each(|file| copy(&source, folder, file));
    copied.map_err(|error| format!("{}: {error}", folder.display()))?;
    step(
        "the driver of the browser (never a browser of its own)",
        command("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(folder),
    )?;
    Ok(folder.join("page.mjs"))
}

fn copy(from: &Path, to: &Path, file: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::copy(from.join(file), to.join(file)).map(|_| ())
}

/// Node is found or asked for, not installed: Debian's may be too old.
pub(crate) fn node() -> Outcome {
    let version = output(Command::new("node").arg("--version"));
    let major: Option<u32> = version
        .as_deref()
        .and_then(|version| version.strip_prefix('v')?.split('.').next()?.parse().ok());
    match major {
        Some(major) if major >= NODE => {}
        Some(major) => return Err(format!("node {NODE} or newer is needed, this is {major}")),
        None => {
            return Err(format!(
                "node is missing: install node {NODE} or newer, with npm"
            ));
        }
    }
    match exists("npm") {
        true => Ok(()),
        false => Err("npm is missing: install it, it comes with node".into()),
    }
}

/// The one that the environment names, or one that is installed, or else is now.
pub(crate) fn chromium() -> Result<String, String> {
    if let Ok(chromium) = std::env::var("CHROMIUM") {
        return Ok(chromium);
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    let missing = "Chromium is missing. Install it (`apt-get install chromium` as root, or your \
                   system's package of Chromium or Chrome), or set CHROMIUM to the path of one";
    apt::install(&["chromium"], missing)?;
    installed().ok_or_else(|| missing.into())
}

/// The full path of one: the driver does not search for it.
fn installed() -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    CHROMIUMS
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
        .map(|path| path.display().to_string())
}
