//! Where the figures come from: crate versions, compiler, machine.

use std::fs;
use std::thread;

/// The lock file that this program was built with.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// The version of one of our dependencies, as locked.
pub(crate) fn version(name: &str) -> Option<&'static str> {
    let packages = || LOCK.split("[[package]]");
    let ours = packages().find(|package| field(package, "name") == Some("cancel-bench"))?;
    // Where a crate is locked in several versions, the list of dependencies says "name version".
    let listed = ours.lines().find_map(|line| {
        let mut words = line.trim().trim_matches(&['"', ','][..]).split(' ');
        if words.next() == Some(name) {
            Some(words.next())
        } else {
            None
        }
    })?;
    listed.or_else(|| {
        let package = packages().find(|package| field(package, "name") == Some(name))?;
        field(package, "version")
    })
}

fn field(package: &'static str, key: &str) -> Option<&'static str> {
    package.lines().find_map(|line| {
        let value = line.strip_prefix(key)?.strip_prefix(" = ")?;
        Some(value.trim_matches('"'))
    })
}

/// The compiler that built this program, as the build script found it.
pub(crate) fn compiler() -> &'static str {
    env!("CANCEL_BENCH_RUSTC")
}

/// The processor's name for itself.
pub(crate) fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    let model = model
        .and_then(|line| line.split_once(": "))
        .map(|(_, model)| model.to_owned());
    model.unwrap_or_else(|| format!("unknown {} processor", std::env::consts::ARCH))
}

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How busy the machine was in the last minute, in processes that wanted to run.
pub(crate) fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next().map(str::to_owned)
}
