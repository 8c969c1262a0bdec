//! Every kind of source on one operation. The first that fires cancels it, and says so.
//!
//! Run it: `cargo run --example 02_all_sources` (with `-- --fast`: a tenth of the time). It goes through
//! all of them; an argument takes one, and `signal` then waits for your Ctrl-C.

use cancel_examples::seconds;
use cancel_smol::{
    BuildError, CancelToken, Cancelable, Condition, Flag, Reason, Signal, Smol, Source, Timer,
};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What makes the sources fire, from outside.
#[derive(Default)]
struct Levers {
    token: CancelToken,
    flag: Flag,
    disk_full: Arc<AtomicBool>,
    sensor: Option<&'static str>,
    upload_fails: bool,
}

fn robust_operation(levers: &Levers) -> Result<Cancelable, BuildError> {
    let disk_full = levers.disk_full.clone();
    let sensor = levers.sensor;
    let upload_fails = levers.upload_fails;
    Ok(Cancelable::any([
        Source::timeout(seconds(2.0)),
        Source::signals([Signal::SIGTERM, Signal::SIGINT])?,
        Source::token(&levers.token),
        Condition::new(move || disk_full.load(Relaxed), seconds(0.2))?
            .description("disk full")
            .into(),
        Source::from(&levers.flag),
        // A source of one's own is a future that says why.
        Source::future(async move {
            let _ = Smol.sleep(seconds(0.3)).await;
            match sensor {
                Some(alarm) => (Reason::Custom(7), alarm),
                None => std::future::pending().await,
            }
        }),
        // The failure of other work.
        Source::failure(async move {
            let _ = Smol.sleep(seconds(0.3)).await;
            match upload_fails {
                true => Err(io::Error::other("connection reset")),
                false => Ok(()),
            }
        }),
    ])
    .name("robust_operation"))
}

fn pull(which: &str, levers: &mut Levers) -> Result<(), BuildError> {
    match which {
        "sensor" => levers.sensor = Some("temperature over 90 °C"),
        "failure" => levers.upload_fails = true,
        _ => {}
    }
    let op = robust_operation(levers)?;
    let run = op.run(async |cx| {
        cx.sleep(seconds(0.3)).await;
        match which {
            "token" => levers.token.cancel_with("user pressed stop"),
            "flag" => levers.flag.set_with("maintenance begins"),
            "condition" => !levers.disk_full.swap(true, Relaxed),
            _ => false, // fires by itself
        };
        cx.sleep(seconds(60.0)).await;
    });
    let cancelled = smol::block_on(run).expect_err("one of the sources fires");
    println!("{which}: {cancelled}");
    if let Some(error) = std::error::Error::source(&cancelled) {
        println!("  because of: {error}");
    }
    Ok(())
}

fn main() -> Result<(), BuildError> {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let all = ["timeout", "token", "condition", "flag", "sensor", "failure"];
    if chosen.is_empty() {
        for which in all {
            pull(which, &mut Levers::default())?;
        }
    }
    for which in chosen {
        pull(&which, &mut Levers::default())?;
    }
    Ok(())
}
