//! The size table: bytes of a handle, of a live token, of a child, of a pending wait.
//!
//! Sizes of types are `size_of_val`; heap bytes are counted by the global allocator (as requested,
//! without its headers) over many live objects, so that the growth of a parent's list is in them.

use std::pin::pin;
use std::time::Duration;

use almost_enough::ChildStopper;
use cancel_core::{CancelToken, Timer};
use cancel_std::Std;
use futures_util::future::AbortHandle;
use stop_token::StopSource;
use tokio_util::sync::CancellationToken;

use crate::Env;
use crate::alloc::counted;
use crate::cancel::Place;
use crate::peers::{
    FUTURES_ABORT, Flagged, OURS, Reset, STOP_TOKEN, Stop, TOKIO, Token, Tree, Wait,
};
use crate::trees::{CHILDREN, wide};
use crate::wait::poll;

/// A line of the size table.
pub(crate) struct Size {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<(&'static str, f64)>,
}

/// Live objects that an average is taken over.
const TOKENS: u64 = 10_000;
const WAITERS: usize = 1000;

pub(crate) fn size(name: &'static str, bytes: Vec<(&'static str, f64)>) -> Size {
    Size { name, bytes }
}

pub(crate) fn measure(env: &Env) -> Vec<Size> {
    vec![
        size("token: the handle", handles()),
        size("token: heap", token_heap()),
        size("child: heap, of 100,000 of one parent", child_heap()),
        size("pending wait: the future", wait_sizes()),
        size("pending wait: heap, of 1000 on one token", wait_heap()),
        size("armed deadline: the future", deadline_sizes(env)),
    ]
}

fn handles() -> Vec<(&'static str, f64)> {
    fn handle<T: Token>() -> (&'static str, f64) {
        (T::NAME, size_of::<T>() as f64)
    }
    vec![
        handle::<CancelToken>(),
        handle::<CancellationToken>(),
        (STOP_TOKEN, size_of::<stop_token::StopToken>() as f64),
        handle::<Flagged>(),
        handle::<Reset>(),
        handle::<ChildStopper>(),
        (FUTURES_ABORT, size_of::<AbortHandle>() as f64),
    ]
}

fn token_heap() -> Vec<(&'static str, f64)> {
    fn heap<O>(name: &'static str, new: fn() -> O) -> (&'static str, f64) {
        let mut live = Vec::with_capacity(TOKENS as usize);
        let ((), bytes) = counted(|| (0..TOKENS).for_each(|_| live.push(new())));
        (name, bytes as f64 / TOKENS as f64)
    }
    fn token<T: Token>() -> (&'static str, f64) {
        heap(T::NAME, T::new)
    }
    vec![
        token::<CancelToken>(),
        token::<CancellationToken>(),
        heap(STOP_TOKEN, StopSource::new),
        token::<Flagged>(),
        token::<Reset>(),
        token::<ChildStopper>(),
        heap(FUTURES_ABORT, AbortHandle::new_pair),
    ]
}

fn child_heap() -> Vec<(&'static str, f64)> {
    fn heap<T: Tree>() -> (&'static str, f64) {
        let (nodes, bytes) = counted(|| wide::<T>(CHILDREN));
        // Without the list of handles, which is the benchmark's own.
        let list = (nodes.capacity() * size_of::<T>()) as i64;
        (T::NAME, (bytes - list) as f64 / CHILDREN as f64)
    }
    vec![
        heap::<CancelToken>(),
        heap::<CancellationToken>(),
        heap::<ChildStopper>(),
    ]
}

fn wait_sizes() -> Vec<(&'static str, f64)> {
    fn future<T: Wait>() -> (&'static str, f64) {
        (T::NAME, size_of_val(&T::new().wait()) as f64)
    }
    vec![
        future::<CancelToken>(),
        future::<CancellationToken>(),
        future::<Stop>(),
        future::<Flagged>(),
        future::<Reset>(),
    ]
}

fn wait_heap() -> Vec<(&'static str, f64)> {
    fn heap<T: Wait>() -> (&'static str, f64) {
        let token = T::new();
        let mut places: Vec<Place<T::Waiting<'_>>> = (0..WAITERS).map(|_| Box::pin(None)).collect();
        let ((), bytes) = counted(|| {
            for place in &mut places {
                place.as_mut().set(Some(token.wait()));
                let waiting = place.as_mut().as_pin_mut().expect("just filled");
                assert!(poll(waiting).is_pending());
            }
        });
        (T::NAME, bytes as f64 / WAITERS as f64)
    }
    vec![
        heap::<CancelToken>(),
        heap::<CancellationToken>(),
        heap::<Stop>(),
        heap::<Flagged>(),
        heap::<Reset>(),
    ]
}

fn deadline_sizes(env: &Env) -> Vec<(&'static str, f64)> {
    let runtime = env.runtime();
    let _entered = runtime.enter();
    let ours = pin!(Std.sleep(Duration::from_secs(30)));
    let tokio = pin!(tokio::time::sleep(Duration::from_secs(30)));
    vec![
        (OURS, size_of_val(&*ours) as f64),
        (TOKIO, size_of_val(&*tokio) as f64),
    ]
}
