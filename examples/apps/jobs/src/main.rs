//! `jobs [--port PORT]`: see the library's documentation.

use cancel_smol::{BuildError, Cancelable, Signal, Signals};
use jobs::{Config, Server};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

const USAGE: &str = "usage: jobs [--port PORT]    (8080; 0: any that is free)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(8080),
        ["--port", port] => port.parse::<u16>(),
        _ => "".parse(),
    };
    let Ok(port) = port else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match smol::block_on(run(port)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jobs: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(port: u16) -> Result<(), Box<dyn std::error::Error>> {
    // This machine only: there is no login.
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let server = Server::bind(address, Config::default()).await?;
    println!("Open http://{} (Ctrl-C to stop)", server.address());

    let op = Cancelable::new().name("server").source(signals()?).build();
    let cancelled = server.run(&op).await;
    // Whoever read this may be gone by now.
    let _ = writeln!(std::io::stdout(), "Stopped: {cancelled}");
    Ok(())
}

/// The second Ctrl-C waits for nobody.
fn signals() -> Result<Signals, BuildError> {
    let signals: &[Signal] = match cfg!(unix) {
        true => &[Signal::SIGINT, Signal::SIGTERM],
        false => &[Signal::SIGINT],
    };
    Ok(Signals::new(signals.iter().copied())?.exit_on_second())
}
