//! `requests [--port PORT]`: see the library's documentation.

use cancel_tokio::{Cancelable, Signal, Source};
use requests::{Config, Log, Server};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use tokio::runtime::Runtime;

const USAGE: &str = "usage: requests [--port PORT]    (8080; 0: any that is free)";

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
    let run = |runtime: Runtime| runtime.block_on(run(port));
    match Runtime::new().map_err(Into::into).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("requests: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(port: u16) -> Result<(), Box<dyn std::error::Error>> {
    // This machine only: there is no login.
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let config = Config::default();
    let (deadline, grace) = (config.deadline, config.grace);
    let server = Server::bind(address, config, Log::new(print)).await?;
    let url = format!("http://{}", server.address());
    print(format!(
        "Serving {url}. Try, and stop some of them half-way:"
    ));
    print(format!(
        "  curl    {url}/report               2 s of waiting"
    ));
    print(format!(
        "  curl   '{url}/report?steps=100'   over the deadline of {deadline:?}: 504"
    ));
    print(format!(
        "  curl    {url}/primes               computes, on a thread"
    ));
    print(format!(
        "  curl -N {url}/progress             streams how far it is"
    ));
    print(format!(
        "Ctrl-C stops: requests have {grace:?} to end, or until the second Ctrl-C."
    ));

    let signals: &[Signal] = match cfg!(unix) {
        true => &[Signal::SIGINT, Signal::SIGTERM],
        false => &[Signal::SIGINT],
    };
    let signals = Source::signals(signals.iter().copied())?;
    let op = Cancelable::new()
        .name("server")
        .source(signals)
        .grace(grace)
        .build();
    let told = op
        .token()
        .on_cancel(|why| print(format!("stopping: {why}")));
    server.run(&op).await?;
    drop(told);
    print(String::from("stopped"));
    Ok(())
}

/// Whoever reads this may be gone.
fn print(line: String) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
