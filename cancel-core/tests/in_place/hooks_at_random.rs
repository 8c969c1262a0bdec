//! Random callbacks and waits on a small tree, against what a list would do.

use crate::random::Random;
use crate::support::{Log, Wakes, waiting};
use cancel_core::{Child, OnCancel, Token};
use std::pin::{Pin, pin};
use std::sync::Arc;

/// Which token, which number, and what is to be dropped to take it back.
type Hooks<'t> = Vec<(usize, usize, Pin<Box<OnCancel<'t>>>)>;

fn round(seed: u64) {
    let mut random = Random::new(seed);
    let log = Log::leaked();
    let root = Token::new();
    let one = pin!(Child::new(&root));
    let one = one.enter();
    let two = pin!(Child::new(&root));
    let two = two.enter();
    let below = pin!(Child::new(one));
    let tokens = [&root, one, two, below.enter()];
    let (wakes, waker): (Arc<Wakes>, _) = Wakes::new();
    let (mut hooks, mut waits): (Hooks<'_>, Vec<_>) = (Vec::new(), Vec::new());
    for number in 0..random.below(120) {
        let at = random.below(tokens.len());
        match random.below(8) {
            0..3 => hooks.push((at, number, log.on_cancel(tokens[at], number))),
            3..6 => waits.push(waiting(tokens[at], &waker)),
            6 if !hooks.is_empty() => drop(hooks.remove(random.below(hooks.len()))),
            7 if !waits.is_empty() => drop(waits.remove(random.below(waits.len()))),
            _ => {}
        }
    }
    root.cancel();
    assert_eq!(wakes.count(), waits.len());
    let ran = log.read();
    assert_eq!(ran.len(), hooks.len());
    for at in 0..tokens.len() {
        let expected = hooks.iter().filter(|hook| hook.0 == at).map(|hook| hook.1);
        let expected: Vec<usize> = expected.collect();
        let ran = ran.iter().copied().filter(|n| expected.contains(n));
        assert_eq!(ran.collect::<Vec<_>>(), expected, "token {at}, seed {seed}");
    }
}

#[test]
fn in_the_order_of_registration_and_all_of_them() {
    (1..500).for_each(round);
}
