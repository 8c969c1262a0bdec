//! Makes each of the commonest calls a number of times, for callgrind to count: `cargo xtask instructions`.
//!
//! Each function of the table below is one call in a loop. The name of the function is what the
//! counting side looks for, so none is inlined.

use cancel_core::{CancelFutureExt, CancelToken};
use std::future::{Future, ready};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

fn main() {
    let times = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let Some(times) = times else {
        eprintln!("how many times each call is to be made");
        std::process::exit(2);
    };
    let token = CancelToken::new();
    let mut cx = Context::from_waker(Waker::noop());

    probe_empty(times);
    probe_new_drop(times);
    probe_clone_drop(&token, times);
    probe_child_drop(&token, times);
    probe_is_cancelled(&token, times);
    probe_check(&token, times);
    probe_wait(&token, &mut cx, times);
    let mut waiting = pin!(token.cancelled());
    assert!(waiting.as_mut().poll(&mut cx).is_pending());
    probe_poll_again(waiting.as_mut(), &mut cx, times);
    probe_until_cancelled(&token, &mut cx, times);
    probe_on_cancel(&token, times);

    let tokens: Vec<CancelToken> = (0..times).map(|_| CancelToken::new()).collect();
    probe_cancel_alone(&tokens);
    let tokens: Vec<CancelToken> = (0..times).map(|_| CancelToken::new()).collect();
    let mut waiting: Vec<_> = tokens
        .iter()
        .map(|token| Box::pin(token.cancelled()))
        .collect();
    for wait in &mut waiting {
        assert!(wait.as_mut().poll(&mut cx).is_pending());
    }
    probe_cancel_waiter(&tokens);
    assert!(
        waiting
            .iter_mut()
            .all(|wait| wait.as_mut().poll(&mut cx).is_ready())
    );
}

#[inline(never)]
fn probe_empty(times: usize) {
    for n in 0..times {
        black_box(n);
    }
}

#[inline(never)]
fn probe_new_drop(times: usize) {
    for _ in 0..times {
        drop(black_box(CancelToken::new()));
    }
}

#[inline(never)]
fn probe_clone_drop(token: &CancelToken, times: usize) {
    for _ in 0..times {
        drop(black_box(black_box(token).clone()));
    }
}

#[inline(never)]
fn probe_child_drop(token: &CancelToken, times: usize) {
    for _ in 0..times {
        drop(black_box(black_box(token).child()));
    }
}

#[inline(never)]
fn probe_is_cancelled(token: &CancelToken, times: usize) {
    for _ in 0..times {
        black_box(black_box(token).is_cancelled());
    }
}

#[inline(never)]
fn probe_check(token: &CancelToken, times: usize) {
    for _ in 0..times {
        black_box(black_box(token).check().is_ok());
    }
}

#[inline(never)]
fn probe_wait(token: &CancelToken, cx: &mut Context<'_>, times: usize) {
    for _ in 0..times {
        let wait = pin!(black_box(token).cancelled());
        black_box(wait.poll(cx).is_pending());
    }
}

#[inline(never)]
fn probe_poll_again<F: Future>(mut future: Pin<&mut F>, cx: &mut Context<'_>, times: usize) {
    for _ in 0..times {
        black_box(black_box(future.as_mut()).poll(cx).is_pending());
    }
}

#[inline(never)]
fn probe_until_cancelled(token: &CancelToken, cx: &mut Context<'_>, times: usize) {
    for n in 0..times {
        let future = pin!(ready(black_box(n)).until_cancelled(black_box(token)));
        black_box(future.poll(cx).is_ready());
    }
}

#[inline(never)]
fn probe_on_cancel(token: &CancelToken, times: usize) {
    for n in 0..times {
        drop(black_box(token.on_cancel(move |_| {
            black_box(n);
        })));
    }
}

#[inline(never)]
fn probe_cancel_alone(tokens: &[CancelToken]) {
    for token in tokens {
        black_box(token.cancel());
    }
}

#[inline(never)]
fn probe_cancel_waiter(tokens: &[CancelToken]) {
    // Not the same as the function above, or the compiler makes them one.
    black_box("one waiter");
    for token in tokens {
        black_box(token.cancel());
    }
}
