//! Every trigger, in every shape of an operation: reason, message and root cause come through.
//!
//! `triggers/table.txt` says what comes of each. (One test, alone in its process: it counts threads and
//! the signals that are handled.)

#[path = "../../tests/support/alloc.rs"]
#[allow(dead_code, unreachable_pub)] // shared with a crate that needs all of it
mod alloc;
#[path = "stopping/cast.rs"]
#[allow(dead_code)] // shared with `stopping.rs`
mod cast;
#[path = "stopping/left.rs"]
mod left;
#[path = "triggers/stage.rs"]
mod stage;
#[path = "stopping/table.rs"]
mod table;
#[path = "stopping/ways.rs"]
#[allow(dead_code)] // shared with `stopping.rs`
mod ways;

use stage::Trigger;
use std::collections::HashSet;
use ways::Shape;

#[global_allocator]
static ALLOC: alloc::Counting = alloc::Counting;

#[test]
fn every_trigger_in_every_shape() {
    let expected = table::expected(include_str!("triggers/table.txt"));
    let mut seen = HashSet::new();
    let mut wrong = String::new();
    for shape in [Shape::Plain, Shape::Child, Shape::Nested, Shape::Combined] {
        for trigger in Trigger::all() {
            if !trigger.can_be_in(shape) {
                continue;
            }
            let (name, key) = (
                format!("{trigger}, {shape}"),
                (trigger.to_string(), shape.to_string()),
            );
            let alone = trigger != Trigger::Signal; // those have a thread
            let actual = left::behind_nothing(&name, alone, |set| stage::play(set, trigger, shape));
            match expected.get(&key) {
                Some(row) if *row == actual => {}
                Some(row) => wrong += &format!("\n{name}: expected\n{row}but got\n{actual}"),
                None => wrong += &format!("\n{name}: not in the table:\n{actual}"),
            }
            assert!(seen.insert(key), "{name}: twice");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // Nothing was left out, on either side.
    let rows = expected.into_keys();
    let rows = rows.filter(|(trigger, _)| cfg!(unix) || trigger != "signal");
    assert_eq!(seen, rows.collect());
}
