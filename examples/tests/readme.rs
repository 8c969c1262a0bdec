//! Compares `examples/README.md` with what there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const README: &str = include_str!("../README.md");
const MANIFEST: &str = include_str!("../Cargo.toml");

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The values of the lines `key = "value"`.
fn values<'a>(manifest: &'a str, key: &str) -> Vec<&'a str> {
    let beginning = format!("{key} = \"");
    manifest
        .lines()
        .filter_map(|line| line.strip_prefix(&beginning)?.strip_suffix('"'))
        .collect()
}

/// The words after each `beginning`.
fn words_after<'a>(beginning: &str) -> BTreeSet<&'a str> {
    let end = |c: char| !(c.is_alphanumeric() || c == '_' || c == '-');
    README
        .split(beginning)
        .skip(1)
        .filter_map(|rest| rest.split(end).next())
        .collect()
}

/// All but the package's own name.
fn examples() -> BTreeSet<&'static str> {
    let names = values(MANIFEST, "name");
    names
        .into_iter()
        .filter(|name| *name != "cancel-examples")
        .collect()
}

#[test]
fn every_program_is_listed() {
    for name in examples() {
        assert!(README.contains(&format!("| `{name}` |")), "{name}");
    }
    // And no file is without a program.
    let paths: BTreeSet<_> = values(MANIFEST, "path").into_iter().collect();
    for folder in [
        "01_basics",
        "02_advanced",
        "04_streams",
        "05_monitoring",
        "06_threading",
    ] {
        for file in fs::read_dir(self::folder().join(folder)).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let path = format!("{folder}/{file}");
            assert!(paths.contains(path.as_str()), "{path}");
        }
    }
}

#[test]
fn every_command_can_be_run() {
    let commands = words_after("cargo run --example ");
    assert!(commands.len() > 12, "{commands:?}");
    let unknown: Vec<_> = commands.difference(&examples()).copied().collect();
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn every_package_is_listed() {
    let listed = words_after("cargo run -p ");
    let mut packages = 0;
    for app in fs::read_dir(folder().join("apps")).unwrap() {
        let Ok(manifest) = fs::read_to_string(app.unwrap().path().join("Cargo.toml")) else {
            continue;
        };
        let name = values(&manifest, "name")[0];
        assert!(listed.contains(name), "{name} is not in {listed:?}");
        packages += 1;
    }
    assert_ne!(packages, 0);
    assert!(README.contains("| [web](web) | `cargo xtask web --serve`"));
}

#[test]
fn every_test_exists() {
    // [basics](tests/basics.rs) `timeout_cancelation`
    let mut tests = 0;
    for rest in README.split("](tests/").skip(1) {
        let (file, rest) = rest.split_once(')').unwrap();
        let text = fs::read_to_string(folder().join("tests").join(file)).unwrap();
        if let Some((name, _)) = rest
            .strip_prefix(" `")
            .and_then(|rest| rest.split_once('`'))
        {
            assert!(text.contains(&format!("fn {name}()")), "{name} in {file}");
            tests += 1;
        }
    }
    assert!(tests > 10, "{tests}");
}

#[test]
fn every_link_leads_somewhere() {
    let links: BTreeSet<_> = README
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        assert!(folder().join(link).exists(), "{link}");
    }
}
