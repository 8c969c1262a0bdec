//! Random operations against a `VecDeque`.

use super::*;
use std::boxed::Box;
use std::collections::VecDeque;
use std::vec::Vec;

fn contents(list: &List) -> Vec<*const Entry> {
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    // SAFETY: one thread, all entries alive.
    unsafe {
        let first = list.first.get();
        let mut entry = first;
        while !entry.is_null() {
            forward.push(entry);
            entry = (*entry).next.get();
        }
        if !first.is_null() {
            entry = (*first).prev.get();
            backward.push(entry);
            while entry != first {
                entry = (*entry).prev.get();
                backward.push(entry);
            }
        }
    }
    backward.reverse();
    assert_eq!(forward, backward);
    forward
}

#[test]
fn same_as_a_deque() {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    let mut list = List::new();
    let mut model: VecDeque<Box<Entry>> = VecDeque::new();
    for _ in 0..20_000 {
        // SAFETY: one thread; entries in the list are owned by `model`.
        unsafe {
            match random(8) {
                0 | 1 => {
                    model.push_back(Box::new(Entry::new(Kind::Waiter)));
                    list.push_back(&**model.back().unwrap());
                }
                2 | 3 => {
                    model.push_front(Box::new(Entry::new(Kind::Child)));
                    list.push_front(&**model.front().unwrap());
                }
                4 | 5 if !model.is_empty() => {
                    let at = random(model.len());
                    list.unlink(&*model[at]);
                    model.remove(at);
                }
                7 if !model.is_empty() => {
                    let at = random(model.len());
                    let place: *const Entry = &*model[at];
                    model.insert(at, Box::new(Entry::new(Kind::Child)));
                    list.insert_before(place, &*model[at]);
                }
                6 if random(40) == 0 => {
                    let keep = random(model.len() + 1);
                    let cut = model.len() - keep;
                    let walk = list.walk();
                    // the entries cut off may be gone already
                    let rest = model
                        .get(cut)
                        .map_or(null(), |entry| &**entry as *const Entry);
                    drop(model.drain(..cut));
                    list.cut_before(rest, walk);
                }
                _ => {
                    // moving the list disturbs nobody (E2)
                    let moved = Box::new(list);
                    list = *moved;
                }
            }
            assert_eq!(list.is_empty(), model.is_empty());
        }
        let expected: Vec<_> = model.iter().map(|entry| &**entry as *const Entry).collect();
        assert_eq!(contents(&list), expected);
    }
}
