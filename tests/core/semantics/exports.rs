//! Each adapter re-exports every public item of `cancel-core`, so that an application needs one crate.

use std::collections::BTreeSet;

/// The names in the `pub use` items of a `lib.rs`.
fn exported(lib: &'static str) -> BTreeSet<&'static str> {
    let code = lib.split("pub mod layer").next().unwrap();
    let items = code.split("pub use ").skip(1);
    let mut names = BTreeSet::new();
    for item in items {
        let item = &item[..item.find(';').unwrap()];
        for (end, _) in item.char_indices().chain([(item.len(), ' ')]) {
            let (before, after) = item.split_at(end);
            let ends = !after.starts_with(is_name) && before.ends_with(is_name);
            // (A name with `::` after it is that of a module.)
            if ends && !after.starts_with("::") {
                names.insert(before.rsplit(|c| !is_name(c)).next().unwrap());
            }
        }
    }
    names
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn x35_adapters_re_export_everything() {
    let core = exported(include_str!("../../../cancel-core/src/lib.rs"));
    for name in [
        "Token",
        "CancelToken",
        "PanicGuard",
        "block_on",
        "IntoToken",
    ] {
        assert!(core.contains(name), "{name} is public: {core:?}");
    }
    assert!(
        !core.contains("token") && !core.contains("Panics"),
        "{core:?}"
    );

    // With the exceptions: a page cannot block, and on bare metal there is
    // nothing to unwind, and no general `spawn`.
    let adapters: [(&str, &str, &[&str]); 5] = [
        ("std", include_str!("../../../cancel-std/src/lib.rs"), &[]),
        ("smol", include_str!("../../../cancel-smol/src/lib.rs"), &[]),
        (
            "tokio",
            include_str!("../../../cancel-tokio/src/lib.rs"),
            &[],
        ),
        (
            "web",
            include_str!("../../../cancel-web/src/lib.rs"),
            &["block_on"],
        ),
        (
            "embassy",
            include_str!("../../../cancel-embassy/src/lib.rs"),
            &[
                "PanicGuard",
                "Spawn",
                "SpawnError",
                "SpawnLocal",
                "block_on",
            ],
        ),
    ];
    for (name, lib, except) in adapters {
        let adapter = exported(lib);
        let missing: Vec<_> = core.difference(&adapter).copied().collect();
        assert_eq!(missing, except, "cancel-{name} does not re-export these");
    }
}
