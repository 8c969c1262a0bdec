//! A source that is told what to give, and remembers what it gave.

use cancel_std::Cancelled;
use smol::stream::Stream;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn poll_next<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// Gives what is put in, is pending when there is nothing, and ends when told to.
pub(crate) struct Pipe<T>(Rc<RefCell<State<T>>>);

struct State<T> {
    items: VecDeque<T>,
    closed: bool,
    given: usize,
    waker: Option<Waker>,
}

impl<T> Pipe<T> {
    pub(crate) fn new(items: impl IntoIterator<Item = T>) -> Self {
        Pipe(Rc::new(RefCell::new(State {
            items: items.into_iter().collect(),
            closed: false,
            given: 0,
            waker: None,
        })))
    }

    pub(crate) fn put(&self, item: T) {
        let mut state = self.0.borrow_mut();
        state.items.push_back(item);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    pub(crate) fn close(&self) {
        self.0.borrow_mut().closed = true;
    }

    /// How many items it has given away.
    pub(crate) fn given(&self) -> usize {
        self.0.borrow().given
    }

    pub(crate) fn left(&self) -> usize {
        self.0.borrow().items.len()
    }
}

impl<T> Clone for Pipe<T> {
    fn clone(&self) -> Self {
        Pipe(self.0.clone())
    }
}

impl<T> Stream for Pipe<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.borrow_mut();
        match state.items.pop_front() {
            Some(item) => {
                state.given += 1;
                Poll::Ready(Some(item))
            }
            None if state.closed => Poll::Ready(None),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// An error as a program has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    Source(&'static str),
    Cancelled(Cancelled),
}

impl From<Cancelled> for Fault {
    fn from(cancelled: Cancelled) -> Self {
        Fault::Cancelled(cancelled)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Source(text) => f.write_str(text),
            Fault::Cancelled(cancelled) => cancelled.fmt(f),
        }
    }
}
