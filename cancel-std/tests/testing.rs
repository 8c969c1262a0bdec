//! The testing kit.

#[path = "testing/recorder.rs"]
mod recorder;
#[path = "testing/script.rs"]
mod script;
#[path = "testing/time.rs"]
mod time;
#[path = "testing/wakers.rs"]
mod wakers;
#[path = "testing/work.rs"]
mod work;
