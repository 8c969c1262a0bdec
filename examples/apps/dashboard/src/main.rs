//! `dashboard [--fast]`: the dashboard, and operations to be seen on it.

use cancel_smol::{Cancelable, Registry, Signal};
use dashboard::{Config, Demo, Pulse, Screen, show};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: dashboard [--fast]    (a tenth of the time)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let second = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Duration::from_secs(1),
        ["--fast"] => Duration::from_millis(100),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(second) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dashboard: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(second: Duration) -> Result<(), Box<dyn Error>> {
    let signals: &[Signal] = match cfg!(unix) {
        true => &[Signal::SIGINT, Signal::SIGTERM],
        false => &[Signal::SIGINT],
    };
    // (The dashboard's own operation is not in the registry: nobody is to cancel it by accident.)
    let op = Cancelable::with_signals(signals.iter().copied())?.name("dashboard");
    let (registry, pulse) = (Registry::new(), Pulse::new());

    let mut screen = Screen::open()?;
    smol::block_on(async {
        let demo = Demo::start(&registry, &pulse, second);
        let shown = op
            .run(async |cx| show(cx, &registry, &pulse, &mut screen, Config::default()).await)
            .await;
        drop(screen);
        demo.stop().await;

        let statistics = registry.statistics();
        println!(
            "{} operations, {} of them cancelled",
            statistics.registered(),
            statistics.cancelled()
        );
        match shown {
            Ok(shown) => shown?,
            Err(cancelled) => println!("Closed: {cancelled}"),
        }
        Ok(())
    })
}
