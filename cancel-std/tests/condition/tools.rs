//! Waiting for what other threads do, and predicates that do as they are told.

use crate::support::Wakes;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const MS: Duration = Duration::from_millis(1);

/// Far more than anything here takes.
const BOUND: Duration = Duration::from_secs(30);

/// Runs a future that ends soon.
#[track_caller]
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let future = async { Some(future.await) };
    let bound = async {
        smol::Timer::after(BOUND).await;
        None
    };
    match smol::block_on(smol::future::or(future, bound)) {
        Some(output) => output,
        None => panic!("not within {BOUND:?}"),
    }
}

/// Runs a test that may keep its thread for ever if it fails.
#[track_caller]
pub(crate) fn bounded<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = channel();
    thread::spawn(move || tell.send(test()));
    told.recv_timeout(BOUND).expect("it ends in time")
}

/// Waits until something is true that another thread makes true.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < BOUND, "{what}: not within {BOUND:?}");
        thread::sleep(MS / 10);
    }
}

/// Polls whenever it was woken, as an executor does, until something is true.
#[track_caller]
pub(crate) fn poll_until<F: Future>(
    wakes: &Arc<Wakes>,
    mut future: Pin<&mut F>,
    what: &str,
    mut is_so: impl FnMut() -> bool,
) {
    wait_until(what, || {
        if wakes.take() > 0 {
            assert!(wakes.poll(future.as_mut()).is_pending(), "ended early");
        }
        is_so()
    });
}

/// Polls whenever it was woken, until it is ready.
#[track_caller]
pub(crate) fn poll_to_end<F: Future>(wakes: &Arc<Wakes>, mut future: Pin<&mut F>) -> F::Output {
    let mut output = None;
    wait_until("the end", || {
        if wakes.take() > 0 {
            if let Poll::Ready(value) = wakes.poll(future.as_mut()) {
                output = Some(value);
            }
        }
        output.is_some()
    });
    output.unwrap()
}

/// What a gated predicate has done so far.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    begun: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    overlap: Arc<AtomicBool>,
}

impl Seen {
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    pub(crate) fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }

    pub(crate) fn overlapped(&self) -> bool {
        self.overlap.load(Ordering::SeqCst)
    }

    /// How many owners it has: this test, and the predicate as long as that lives.
    pub(crate) fn owners(&self) -> usize {
        Arc::strong_count(&self.begun)
    }

    pub(crate) fn begin(&self) {
        let begun = self.begun.fetch_add(1, Ordering::SeqCst);
        if begun != self.ended() {
            self.overlap.store(true, Ordering::SeqCst);
        }
    }

    pub(crate) fn end(&self) {
        self.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// A predicate that blocks until it is told what to answer.
pub(crate) fn gated() -> (
    impl FnMut() -> bool + Send + 'static,
    Sender<bool>,
    Arc<Seen>,
) {
    let (answer, answers): (_, Receiver<bool>) = channel();
    let seen = Arc::new(Seen::default());
    let mine = seen.clone();
    let predicate = move || {
        mine.begin();
        let answer = answers.recv_timeout(BOUND).expect("an answer");
        mine.end();
        answer
    };
    (predicate, answer, seen)
}

/// A predicate that counts its calls, and says yes at one of them.
pub(crate) fn at_call(number: usize) -> (impl FnMut() -> bool + Send + 'static, Seen) {
    let seen = Seen::default();
    let mine = seen.clone();
    let predicate = move || {
        mine.begin();
        mine.end();
        mine.ended() == number
    };
    (predicate, seen)
}

/// Keeps the messages of panics that are meant from the test's output.
pub(crate) fn quietly<T>(run: impl FnOnce() -> T) -> T {
    type Hook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Sync + Send>;
    static ONE: Mutex<()> = Mutex::new(());

    let _one = ONE.lock().unwrap_or_else(|poison| poison.into_inner());
    let old: Arc<Hook> = Arc::new(std::panic::take_hook());
    let others = old.clone();
    std::panic::set_hook(Box::new(move |info| {
        if !info.to_string().contains("(meant)") {
            others(info);
        }
    }));
    let output = run();
    let _ = std::panic::take_hook();
    if let Some(old) = Arc::into_inner(old) {
        std::panic::set_hook(old);
    }
    output
}
