//! Two futures wait for a watch of embassy-sync with room for two.
#![no_std]
#![no_main]

use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};
use embassy_futures::join::join;
use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, watch::Watch};

static STOP: Watch<CriticalSectionRawMutex, (), 2> = Watch::new();

#[exception]
fn SysTick() {
    STOP.sender().send(());
}

#[main]
async fn main(_spawner: Spawner) {
    firmware::start();
    if let (Some(mut a), Some(mut b)) = (STOP.receiver(), STOP.receiver()) {
        join(a.get(), b.get()).await;
        firmware::end(true)
    }
    firmware::end(false)
}
