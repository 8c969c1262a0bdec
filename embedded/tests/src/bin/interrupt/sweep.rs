//! One interrupt for each instant of an operation.

use board::{Alarm, Line, Report};
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use core::task::{Context, Poll};

/// Whatever waits in a test rings one of these.
pub(crate) static ALARMS: [Alarm; 8] = [const { Alarm::new() }; 8];

/// Runs rounds of a test, each with the interrupt a little later, until it comes after the operation.
/// A round makes the things of its own, calls [`interrupted`], and says what that said.
pub(crate) fn sweep(report: &mut Report, name: &str, mut round: impl FnMut(u32) -> bool) {
    let (mut during, mut after) = (0, 0);
    report.run(name, || {
        for counts in 1.. {
            ALARMS.iter().for_each(|alarm| _ = alarm.take());
            match round(counts) {
                true => during += 1,
                false => after += 1,
            }
            if after == 10 {
                break;
            }
        }
        assert!(during > 50, "interrupted {during} times");
    });
    board::println!("     interrupted at {during} instants");
}

/// Runs `operation`, and `handler` in an interrupt that comes after about `counts`: whether that was
/// before the operation's end.
pub(crate) fn interrupted(
    counts: u32,
    handler: &(dyn Fn() + Sync),
    operation: impl FnOnce(),
) -> bool {
    let came = AtomicBool::new(false);
    let handle = || {
        if !came.load(SeqCst) {
            handler();
            came.store(true, SeqCst);
        }
    };
    Line::High.handle_during(&handle, || {
        Line::pend_high_in(counts);
        operation();
        let early = came.load(SeqCst);
        while !came.load(SeqCst) {
            core::hint::spin_loop();
        }
        early
    })
}

/// Polls with the waker of an alarm.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>, alarm: usize) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&ALARMS[alarm].waker()))
}

pub(crate) fn rings(alarm: usize) -> u32 {
    ALARMS[alarm].rings()
}
