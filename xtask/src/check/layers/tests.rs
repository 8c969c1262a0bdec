//! Each rule on small crates, which are held in memory.

use super::*;

const LIB: &str = "demo/src/lib.rs";

fn check(name: &str, files: &[(&str, &str)]) -> Faults {
    let read = |path: &Path| {
        let file = files
            .iter()
            .find(|(name, _)| Path::new("demo/src").join(name) == path);
        file.map(|(_, text)| text.to_string())
    };
    faults(name, Path::new(LIB), &read).unwrap()
}

fn upward(files: &[(&str, &str)]) -> Vec<String> {
    check("demo", files).remove("upward").unwrap()
}

fn doubled(files: &[(&str, &str)]) -> Vec<String> {
    check("demo", files).remove("doubled").unwrap()
}

fn conditions(files: &[(&str, &str)]) -> Vec<String> {
    check("cancel-core", files).remove("cfg").unwrap()
}

#[test]
fn a_good_tree_passes() {
    let files = [
        (
            "lib.rs",
            "#![cfg_attr(not(any(feature = \"std\", loom)), no_std)]
             #[cfg(feature = \"std\")] #[allow(unused)] extern crate std;
             mod sync; mod low; mod high;
             #[cfg(test)] mod tests;
             pub use low::{Low, Maker};
             pub use high::High;
             pub type Short = High;",
        ),
        (
            "sync.rs",
            "#[cfg(loom)] pub(crate) use loom::Word; #[cfg(not(loom))] pub(crate) use core::Word;
             macro_rules! fixed { ($($t:tt)*) => { #[cfg(feature = \"std\")] $($t)* } }
             pub(crate) use fixed;
             #[cfg_attr(loom, path = \"sync/lock_loom.rs\")]
             #[cfg_attr(not(loom), path = \"sync/lock_bit.rs\")]
             mod lock;
             pub(crate) use lock::Lock;",
        ),
        ("sync/lock_loom.rs", "pub(crate) struct Lock;"),
        ("sync/lock_bit.rs", "pub(crate) struct Lock;"),
        // Only a table of contents; `part` may name its sibling through the parent.
        (
            "low.rs",
            "mod base; mod part; pub use base::Low; pub use part::Maker; pub(crate) use base::aid;",
        ),
        (
            "low/base.rs",
            "use crate::sync::{Lock, Word, fixed}; pub struct Low; pub(crate) fn aid(_: Lock, _: Word) {}
             fixed! { pub fn f() { crate::sync::Lock; } }",
        ),
        (
            "low/part.rs",
            "use super::{Low, base::aid}; pub struct Maker; impl Maker { fn f() -> Low { super::aid() } }
             #[cfg(test)] mod tests { use crate::high::High; use super::*; struct Twice; }",
        ),
        (
            "high.rs",
            "use crate::{Low, Maker}; /// As [`Short`](crate::Short).
             pub struct High(Low, Maker); mod inner { pub(in crate::high) use super::High; }
             #[cfg(all(test, not(loom)))] fn only() { crate::Short; }",
        ),
        ("tests.rs", "struct Twice;"),
    ];
    let faults = check("cancel-core", &files);
    assert_eq!(faults.len(), 3);
    for (rule, found) in faults {
        assert_eq!(found, [""; 0], "{rule}");
    }
}

#[test]
fn an_upward_use_is_found_however_it_is_written() {
    let lib = ("lib.rs", "mod low; mod high; pub use high::High;");
    let high = (
        "high.rs",
        "mod part; pub use part::High; pub(crate) struct Own;
         macro_rules! high { () => {} } pub(crate) use high;",
    );
    let part = ("high/part.rs", "pub struct High;");
    for low in [
        "use crate::high::High;",
        "use crate::High;",
        "use super::High as Other;",
        "use crate::{high::{Own}};",
        "use crate::high::*;",
        "use crate::high;",
        "use crate::high::high;",
        "fn f() { crate::high::Own; }",
        "fn f() -> Vec<super::High> { todo() }",
        "fn f() { use crate::high::Own; }",
        "use crate::High; fn f() { High::new(High::CONSTANT) }",
        "fn f() { println!(\"{}\", crate::high::Own) }",
        "macro_rules! low { () => { $crate::High } }",
        "pin_project! { struct A { #[pin] b: crate::High } }",
        "impl crate::high::part::High {}",
        "mod inner { use super::super::High; }",
        // Not only in tests.
        "#[cfg(not(test))] use crate::high::High;",
    ] {
        let low = ("low.rs", low);
        let found = upward(&[lib, low, high, part]);
        assert_eq!(found.len(), 1, "{}: {found:?}", low.1);
        assert!(found[0].starts_with("demo/src/low.rs:1: "), "{found:?}");
    }
}

#[test]
fn siblings_in_a_folder_have_an_order_too() {
    let lib = ("lib.rs", "mod wing;");
    let wing = (
        "wing.rs",
        "mod low; mod high; pub(crate) use {low::Low, high::High};",
    );
    let high = (
        "wing/high.rs",
        "use super::Low; pub(crate) struct High(Low);",
    );
    let low = (
        "wing/low.rs",
        "\n\nuse super::High; pub(crate) struct Low(High);",
    );
    let found = upward(&[lib, wing, high, low]);
    assert_eq!(
        found,
        ["demo/src/wing/low.rs:3: super::High of wing/high.rs"]
    );
}

#[test]
fn a_circle_of_a_file_and_its_folder_is_found() {
    let lib = ("lib.rs", "mod foo;");
    let foo = (
        "foo.rs",
        "mod part; use part::Part; pub(crate) struct Foo(Part);",
    );
    for part in [
        "use super::Foo;",
        "use super::*;",
        "fn f() { crate::foo::Foo; }",
    ] {
        let found = upward(&[lib, foo, ("foo/part.rs", part)]);
        assert_eq!(found.len(), 1, "{part}: {found:?}");
        assert!(found[0].ends_with("of foo.rs"), "{found:?}");
    }
    // The root's own items as well.
    let lib = ("lib.rs", "mod foo; pub type Alias = u8;");
    let found = upward(&[lib, ("foo.rs", "use crate::Alias;")]);
    assert_eq!(found, ["demo/src/foo.rs:1: crate::Alias of lib.rs"]);
}

#[test]
fn a_condition_outside_of_sync_is_found() {
    let lib = ("lib.rs", "mod sync; mod low;");
    let sync = ("sync.rs", "#[cfg(loom)] mod cell;");
    let cell = ("sync/cell.rs", "#[cfg(feature = \"std\")] fn f() {}");
    for low in [
        "#[cfg(loom)] fn f() {}",
        "#[cfg(not(loom))] mod inner {}",
        "fn f() { #[cfg(all(loom, feature = \"loom\"))] g(); }",
        "#[cfg_attr(feature = \"std\", inline)] fn f() {}",
        "const A: bool = cfg!(feature = \"critical-section\");",
        "macro_rules! a { () => { #[cfg(any(feature = \"alloc\", loom))] f(); } }",
        "#[cfg(not(any(test, feature = \"std\")))] fn f() {}",
    ] {
        let found = conditions(&[lib, sync, cell, ("low.rs", low)]);
        assert_eq!(found.len(), 1, "{low}: {found:?}");
        assert!(found[0].starts_with("demo/src/low.rs:1: "), "{found:?}");
    }
    let fine =
        "#[cfg(feature = \"alloc\")] #[cfg_attr(docsrs, doc(cfg(feature = \"std\")))] fn f() {}
                #[cfg(all(test, not(loom)))] mod tests {}";
    assert_eq!(conditions(&[lib, sync, cell, ("low.rs", fine)]), [""; 0]);
    // In lib.rs nothing but `no_std` and `extern crate`.
    let lib = ("lib.rs", "mod sync; #[cfg(loom)] pub use sync::LIVE;");
    assert_eq!(conditions(&[lib, sync, cell]), ["demo/src/lib.rs:1: loom"]);
}

#[test]
fn a_private_name_defined_twice_is_found() {
    let lib = ("lib.rs", "mod a; mod b; pub mod open; pub use a::Shown;");
    let a = (
        "a.rs",
        "pub struct Shown; struct State; mod inner { trait Way {} }",
    );
    let b = (
        "b.rs",
        "pub(crate) struct Shown; pub enum State {} type Way = u8;
         #[cfg(unix)] struct Once; #[cfg(not(unix))] type Once = u8;",
    );
    let open = ("open.rs", "pub struct State; pub struct Once;");
    let found = doubled(&[lib, a, b, open]);
    assert_eq!(
        found,
        [
            "State: demo/src/a.rs:1, demo/src/b.rs:1",
            "Way: demo/src/a.rs:1, demo/src/b.rs:1"
        ]
    );
}

#[test]
fn more_faults_than_are_known_fail_and_fewer_are_noted() {
    let faults = ["x:1".to_owned(), "y:2".to_owned()];
    assert!(
        judge("demo", "upward", &faults, 1)
            .unwrap_err()
            .contains("2, at most 1")
    );
    assert_eq!(judge("demo", "upward", &faults, 2), Ok(None));
    let note = judge("demo", "upward", &faults, 3).unwrap().unwrap();
    assert!(note.contains("2 are left of 3"));
}

#[test]
fn the_file_of_known_faults() {
    let known = parse("# about\ndemo upward 3\n").unwrap();
    assert_eq!(known.get(&("demo".into(), "upward".into())), Some(&3));
    assert!(parse("demo upward\n").is_err());
    assert!(parse("demo upward many\n").is_err());
}
