//! Wakers that use the timer while it wakes or drops them. A timer that holds a lock then would stop.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::wakes::{settles, waker};
use crate::tools::{HOUR, ms, poll_unheard};
use alloc::boxed::Box;
use cancel_core::{Spawn, Timer};
use core::future::Future;
use core::task::Context;
use portable_atomic::{AtomicU32, Ordering::SeqCst};
use portable_atomic_util::{Arc, task::Wake};

/// A waker that reads the clock and begins and drops sleeps, when it is woken and when it goes.
struct Busy<R: Timer> {
    runtime: R,
    woken: AtomicU32,
    dropped: Arc<AtomicU32>,
}

impl<R: Timer> Busy<R> {
    fn use_the_timer(&self) {
        let deadline = self.runtime.now() + HOUR;
        for deadline in [deadline, self.runtime.now()] {
            let mut sleep = Box::pin(self.runtime.sleep_until(deadline));
            let _ = poll_unheard(sleep.as_mut());
        }
    }
}

impl<R: Timer + Send + Sync> Wake for Busy<R> {
    fn wake(this: Arc<Self>) {
        this.use_the_timer();
        this.woken.fetch_add(1, SeqCst);
    }
}

impl<R: Timer> Drop for Busy<R> {
    fn drop(&mut self) {
        self.use_the_timer();
        self.dropped.fetch_add(1, SeqCst);
    }
}

fn busy<R: Timer + Clone>(runtime: &R) -> (Arc<Busy<R>>, Arc<AtomicU32>) {
    let dropped = Arc::new(AtomicU32::new(0));
    let busy = Busy {
        runtime: runtime.clone(),
        woken: AtomicU32::new(0),
        dropped: Arc::clone(&dropped),
    };
    (Arc::new(busy), dropped)
}

/// A waker may begin and drop sleeps while the timer wakes it.
pub async fn a_waker_may_use_the_timer<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let (busy, _) = busy(runtime);
    let waker = waker(&busy);
    let mut sleep = Box::pin(runtime.sleep(ms(2)));
    let first = sleep.as_mut().poll(&mut Context::from_waker(&waker));
    ensure!(first.is_ready() || settles(runtime, || busy.woken.load(SeqCst) > 0).await);
    Ok(())
}

/// So may one that goes with the sleep that held it last.
pub async fn a_waker_may_use_the_timer_as_it_goes<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let (busy, dropped) = busy(runtime);
    let waker = waker(&busy);
    drop(busy);
    let mut sleep = Box::pin(runtime.sleep(HOUR));
    let first = sleep.as_mut().poll(&mut Context::from_waker(&waker));
    ensure!(first.is_pending());
    drop(waker);
    drop(sleep);
    ensure!(settles(runtime, || dropped.load(SeqCst) == 1).await);
    Ok(())
}

/// So may one that another takes the place of.
pub async fn a_waker_may_use_the_timer_when_replaced<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let (busy, dropped) = busy(runtime);
    let waker = waker(&busy);
    drop(busy);
    let mut sleep = Box::pin(runtime.sleep(HOUR));
    let first = sleep.as_mut().poll(&mut Context::from_waker(&waker));
    ensure!(first.is_pending());
    drop(waker);
    ensure!(poll_unheard(sleep.as_mut()).is_pending());
    drop(sleep);
    ensure!(settles(runtime, || dropped.load(SeqCst) == 1).await);
    Ok(())
}
