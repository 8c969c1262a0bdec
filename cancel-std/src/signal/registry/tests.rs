//! The protocol, with a platform that only takes notes.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// A registry with its notes, as statics, since hooks are plain functions.
macro_rules! registry {
    ($name:ident, $notes:ident) => {
        static $notes: Mutex<Vec<String>> = Mutex::new(Vec::new());
        static $name: Registry = Registry {
            state: Mutex::new(ListenerTable {
                listeners: BTreeMap::new(),
                counts: BTreeMap::new(),
                next: 0,
            }),
            hooks: PlatformHooks {
                watch: |signal| {
                    $notes.lock().unwrap().push(format!("watch {signal}"));
                    match signal {
                        99 => Err(io::ErrorKind::InvalidInput.into()),
                        _ => Ok(()),
                    }
                },
                arrived: |signal| {
                    // (S5: asked under the lock.)
                    assert!($name.state.try_lock().is_err());
                    let arrived = format!("arrived {signal}");
                    let mut notes = $notes.lock().unwrap();
                    let before = notes.len();
                    notes.retain(|note| *note != arrived);
                    notes.len() < before
                },
                rest: |signal| $notes.lock().unwrap().push(format!("rest {signal}")),
                pass_on: |signal| $notes.lock().unwrap().push(format!("pass on {signal}")),
                end: |signal| $notes.lock().unwrap().push(format!("end {signal}")),
                deliver: |signal| $name.deliver(signal),
            },
        };
    };
}

fn take(notes: &Mutex<Vec<String>>) -> Vec<String> {
    std::mem::take(&mut notes.lock().unwrap())
}

fn next(listener: &Listener) -> Option<i32> {
    match listener.poll_next(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(signal) => Some(signal),
        Poll::Pending => None,
    }
}

#[test]
fn a_signal_is_watched_while_it_has_listeners() {
    registry!(REGISTRY, NOTES);
    let one = REGISTRY.listen(&[1, 2], false).unwrap();
    let two = REGISTRY.listen(&[2], false).unwrap();
    assert_eq!(take(&NOTES), ["watch 1", "watch 2"]);
    drop(one);
    assert_eq!(take(&NOTES), ["rest 1"]);
    drop(two);
    assert_eq!(take(&NOTES), ["rest 2"]);
    assert!(REGISTRY.lock().listeners.is_empty() && REGISTRY.lock().counts.is_empty());
}

#[test]
fn one_that_cannot_be_watched_leaves_nothing_behind() {
    registry!(REGISTRY, NOTES);
    let _other = REGISTRY.listen(&[1], false).unwrap();
    assert!(REGISTRY.listen(&[1, 2, 99], false).is_err());
    assert_eq!(take(&NOTES), ["watch 1", "watch 2", "watch 99", "rest 2"]);
    assert_eq!(REGISTRY.lock().listeners.len(), 1);
    assert_eq!(REGISTRY.lock().counts.get(&1), Some(&1));
}

#[test]
fn everybody_hears_it_once() {
    registry!(REGISTRY, NOTES);
    let listeners = [(); 3].map(|()| REGISTRY.listen(&[1], false).unwrap());
    let other = REGISTRY.listen(&[2], false).unwrap();
    REGISTRY.deliver(1);
    for listener in &listeners {
        assert_eq!(next(listener), Some(1));
        assert_eq!(next(listener), None);
    }
    assert_eq!(next(&other), None);
    take(&NOTES);
    drop((listeners, other));
    assert_eq!(take(&NOTES), ["rest 1", "rest 2"]);
}

#[test]
fn nobody_listens() {
    registry!(REGISTRY, NOTES);
    REGISTRY.deliver(1);
    drop(REGISTRY.listen(&[1], false).unwrap());
    REGISTRY.deliver(1);
    assert_eq!(
        take(&NOTES),
        ["pass on 1", "watch 1", "rest 1", "pass on 1"]
    );
}

#[test]
fn too_late_for_all_is_passed_on_once() {
    registry!(REGISTRY, NOTES);
    let one = REGISTRY.listen(&[1], false).unwrap();
    let two = REGISTRY.listen(&[1], false).unwrap();
    REGISTRY.deliver(1);
    take(&NOTES);
    drop(one);
    assert_eq!(take(&NOTES), [""; 0]);
    drop(two);
    assert_eq!(take(&NOTES), ["rest 1", "pass on 1"]);
}

#[test]
fn too_late_for_one_but_not_for_the_other() {
    registry!(REGISTRY, NOTES);
    let one = REGISTRY.listen(&[1], false).unwrap();
    let two = REGISTRY.listen(&[1], false).unwrap();
    REGISTRY.deliver(1);
    assert_eq!(next(&one), Some(1));
    take(&NOTES);
    drop((one, two));
    assert_eq!(take(&NOTES), ["rest 1"]);
}

#[test]
fn too_late_is_heard_by_those_who_came_meanwhile() {
    registry!(REGISTRY, NOTES);
    let one = REGISTRY.listen(&[1], false).unwrap();
    REGISTRY.deliver(1);
    let two = REGISTRY.listen(&[1], false).unwrap();
    assert_eq!(next(&two), None);
    drop(one);
    assert_eq!(next(&two), Some(1));
    take(&NOTES);
    drop(two);
    assert_eq!(take(&NOTES), ["rest 1"]);
}

#[test]
fn repeats_and_what_comes_after_a_cancel_are_not_passed_on() {
    registry!(REGISTRY, NOTES);
    let one = REGISTRY.listen(&[1], false).unwrap();
    REGISTRY.deliver(1);
    assert_eq!(next(&one), Some(1));
    (0..5).for_each(|_| REGISTRY.deliver(1));
    drop(one);
    let two = REGISTRY.listen(&[1], false).unwrap();
    REGISTRY.deliver(1);
    two.leave(true); // cancelled by something else
    assert_eq!(take(&NOTES), ["watch 1", "rest 1", "watch 1", "rest 1"]);
}

#[test]
fn the_queue_is_bounded() {
    registry!(REGISTRY, NOTES);
    let one = REGISTRY.listen(&[1, 2], false).unwrap();
    (0..1000).for_each(|_| REGISTRY.deliver(1));
    assert_eq!(one.ear.lock().queue.len(), ENOUGH);
    take(&NOTES);
    drop(one);
    assert_eq!(take(&NOTES), ["rest 1", "rest 2", "pass on 1", "pass on 1"]);
}

#[test]
fn the_second_one_of_a_run_ends_the_process() {
    registry!(REGISTRY, NOTES);
    let calm = REGISTRY.listen(&[1, 2], false).unwrap();
    REGISTRY.deliver(1);
    let hasty = REGISTRY.listen(&[1, 2], true).unwrap();
    REGISTRY.deliver(1);
    assert_eq!(take(&NOTES), ["watch 1", "watch 2"]);
    REGISTRY.deliver(2); // the second one for `hasty`
    assert_eq!(take(&NOTES), ["end 2"]);
    assert!(next(&calm).is_some() && next(&hasty).is_some());
}

/// The platform's note leads to one delivery, also if a listener asks for it before the thread does.
#[test]
fn what_has_arrived_is_delivered_once_to_those_who_listen_then() {
    registry!(REGISTRY, NOTES);
    let one = REGISTRY.listen(&[1], false).unwrap();
    NOTES.lock().unwrap().push("arrived 1".into());
    assert_eq!((next(&one), next(&one)), (Some(1), None));
    REGISTRY.deliver_arrived(1); // the thread comes too late
    let two = REGISTRY.listen(&[1], true).unwrap();
    assert_eq!(next(&two), None);
    NOTES.lock().unwrap().push("arrived 1".into());
    REGISTRY.deliver_arrived(1);
    assert_eq!((next(&one), next(&two)), (Some(1), Some(1)));
    assert_eq!(take(&NOTES), ["watch 1"]);
}

#[test]
fn a_panicking_waker_silences_nobody() {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("in the waker"));
        }
    }
    struct Flag(AtomicBool);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    registry!(REGISTRY, NOTES);
    let one = REGISTRY.listen(&[1], false).unwrap();
    let two = REGISTRY.listen(&[1], false).unwrap();
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let bomb = Waker::from(Arc::new(Bomb));
    let _ = one.poll_next(&mut Context::from_waker(&bomb));
    let _ = two.poll_next(&mut Context::from_waker(&Waker::from(flag.clone())));
    REGISTRY.deliver(1);
    assert!(flag.0.load(Ordering::SeqCst));
    assert_eq!((next(&one), next(&two)), (Some(1), Some(1)));
    take(&NOTES);
}

/// S3, with listeners that come and go on several threads, and never take any: each signal is passed
/// on, once, and nothing stays behind.
#[test]
fn none_is_lost_when_listeners_come_and_go() {
    registry!(REGISTRY, NOTES);
    let done = AtomicBool::new(false);
    let signals: Vec<i32> = (100..150).collect();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let listener = REGISTRY.listen(&signals, false).unwrap();
                    thread::yield_now();
                    drop(listener);
                    thread::yield_now();
                }
            });
        }
        for &signal in &signals {
            // Every other one finds a listener for certain, the rest as it happens.
            let listener = (signal % 2 == 0).then(|| REGISTRY.listen(&signals, false).unwrap());
            REGISTRY.deliver(signal);
            if let Some(listener) = listener {
                assert_eq!(listener.ear.lock().queue.len(), 1);
            }
            let bound = Instant::now() + Duration::from_secs(20);
            let passed = format!("pass on {signal}");
            while !NOTES.lock().unwrap().contains(&passed) {
                assert!(Instant::now() < bound, "{signal} got lost");
                thread::yield_now();
            }
            NOTES
                .lock()
                .unwrap()
                .retain(|note| note.starts_with("pass"));
        }
        done.store(true, Ordering::SeqCst);
    });
    assert!(REGISTRY.lock().listeners.is_empty() && REGISTRY.lock().counts.is_empty());
    let passed: Vec<String> = signals.iter().map(|n| format!("pass on {n}")).collect();
    let notes = take(&NOTES);
    let notes: Vec<&String> = notes.iter().filter(|note| note.starts_with("p")).collect();
    assert_eq!(notes, passed.iter().collect::<Vec<_>>());
}
