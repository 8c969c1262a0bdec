//! No firmware: functions and arrays to be found by their names, for the instructions of the one and
//! the sizes of the others.
#![no_std]
#![no_main]

use cancel_core::{Bare, Child, DeadlineSource, OnCancel, Scope, Token};
use cancel_core::{WaitForCancel, WithShields, WithSource};
use cancel_embassy::Sleep;
use core::future::{Future, Pending, pending};
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering};
use cortex_m_rt::entry;
use embassy_futures::select::select;
use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, signal::Signal, watch::Watch};
use embassy_time::{Duration, with_timeout};

type Signalled = Signal<CriticalSectionRawMutex, ()>;
type Watched = Watch<CriticalSectionRawMutex, (), 2>;
type Run = Scope<
    &'static Token,
    Pending<()>,
    WithShields<'static, WithSource<Bare, DeadlineSource<Sleep>>>,
>;

/// The size of the future that a function makes.
const fn made<A, F: Future>(_: fn(A) -> F) -> usize {
    size_of::<F>()
}

async fn wait(signal: &'static Signalled) {
    signal.wait().await
}

fn limited(signal: &'static Signalled) -> impl Future {
    with_timeout(
        Duration::from_millis(50),
        select(pending::<()>(), signal.wait()),
    )
}

macro_rules! sizes {
    ($($name:ident = $size:expr;)*) => {
        $(
            // SAFETY: no library has symbols of such names.
            #[unsafe(no_mangle)]
            #[allow(non_upper_case_globals)]
            static $name: [u8; $size] = [0; $size];
        )*
        static SIZES: &[&[u8]] = &[$(&$name),*];
    };
}

sizes! {
    size_token = size_of::<Token>();
    size_child = size_of::<Child<'static>>();
    size_wait = size_of::<WaitForCancel<&Token>>();
    size_hook = size_of::<OnCancel<'static>>();
    size_run = size_of::<Run>();
    size_signal = size_of::<Signalled>();
    size_signal_wait = made(wait);
    size_signal_run = made(limited);
    size_watch = size_of::<Watched>();
}

/// What every probe has to do: come and go.
// SAFETY: no library has a symbol of this name.
#[unsafe(no_mangle)]
extern "C" fn probe_nothing(_: &Token) {}

/// The probe in question.
// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn probe_token(token: &Token) -> bool {
    token.is_cancelled()
}

/// What it stands beside.
// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn probe_flag(flag: &AtomicBool) -> bool {
    flag.load(Ordering::Acquire)
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn probe_signal(signal: &Signalled) -> bool {
    signal.signaled()
}

/// Everything has to be reachable from here, or the linker leaves it out.
#[entry]
fn main() -> ! {
    black_box(SIZES);
    black_box(probe_nothing as extern "C" fn(&Token));
    black_box(probe_token as extern "C" fn(&Token) -> bool);
    black_box(probe_flag as extern "C" fn(&AtomicBool) -> bool);
    black_box(probe_signal as extern "C" fn(&Signalled) -> bool);
    firmware::end(true)
}
