//! Every way in which an operation may stop, in every shape that it may have.
//!
//! `stopping/table.txt` says what comes of each: read it first. (One test, alone in its process: it
//! counts memory and threads.)

#[path = "../../tests/support/alloc.rs"]
#[allow(dead_code, unreachable_pub)] // shared with a crate that needs all of it
mod alloc;
#[path = "stopping/cast.rs"]
mod cast;
#[path = "stopping/left.rs"]
mod left;
#[path = "stopping/stage.rs"]
mod stage;
#[path = "stopping/table.rs"]
mod table;
#[path = "stopping/task.rs"]
mod task;
#[path = "stopping/ways.rs"]
mod ways;

use std::collections::HashSet;
use ways::{Shape, Way};

#[global_allocator]
static ALLOC: alloc::Counting = alloc::Counting;

#[test]
fn every_way_in_every_shape() {
    let expected = table::expected(include_str!("stopping/table.txt"));
    let mut seen = HashSet::new();
    let mut wrong = String::new();
    for shape in Shape::ALL {
        for way in Way::ALL {
            let key = (way.to_string(), shape.to_string());
            let actual = left::behind_nothing(&format!("{way}, {shape}"), true, |set| {
                stage::play(set, way, shape)
            });
            match expected.get(&key) {
                Some(row) if *row == actual => {}
                Some(row) => {
                    wrong += &format!("\n{way}, {shape}: expected\n{row}but got\n{actual}")
                }
                None => wrong += &format!("\n{way}, {shape}: not in the table:\n{actual}"),
            }
            assert!(seen.insert(key), "{way}, {shape}: twice");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // Nothing was left out, on either side.
    assert_eq!(seen.len(), 72);
    assert_eq!(seen, expected.into_keys().collect());
}
