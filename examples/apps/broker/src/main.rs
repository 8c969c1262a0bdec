//! Work in one process, and its cancelation by another.
//!
//! Run it: `redis-server &`, then `cargo run -p cancel-app-broker -- work import-7` in one terminal and
//! `cargo run -p cancel-app-broker -- cancel import-7 --reason shutdown --message "new release"` in another

mod arguments;

use arguments::{Arguments, Task};
use cancel_app_broker::{Event, Listener, cancel, requests};
use cancel_smol::{BuildError, Cancelable, Cause, Signal, Signals, Smol, TimeoutExt};
use redis::Client;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

/// For Redis to answer.
const LIMIT: Duration = Duration::from_secs(5);

type Failure = Box<dyn Error>;

/// Whether the work was completed.
async fn work(
    client: &Client,
    name: String,
    steps: u64,
    patience: Duration,
) -> Result<bool, Failure> {
    let listener = Listener::new(client, &name).timeout(&Smol, LIMIT).await??;
    println!("{name}: listening");

    let lost = {
        let name = name.clone();
        move |event| match event {
            Event::Lost => println!("{name}: Redis is gone"),
            Event::Back => println!("{name}: Redis is back"),
            other => println!("{name}: {other:?}"),
        }
    };
    let op = Cancelable::new()
        .name(name.clone())
        .source(requests(listener, patience, lost))
        .source(ctrl_c()?)
        .on_progress({
            let name = name.clone();
            move |progress| println!("{name}: step {progress}")
        })
        .build();
    let result = op.run(async |cx| {
        for step in 1..=steps {
            cx.progress(step, steps);
            cx.sleep(Duration::from_millis(100)).await;
        }
    });
    if let Err(cancelled) = result.await {
        println!("{name}: reason: {}", cancelled.reason());
        println!("{name}: message: {}", cancelled.message().unwrap_or("none"));
        if let Some(error) = cancelled.source() {
            println!("{name}: because: {error}");
        }
    }
    let status = op.status();
    println!("{name}: {status}");
    Ok(status == cancel_smol::Status::Completed)
}

fn ctrl_c() -> Result<Signals, BuildError> {
    Signals::new([Signal::SIGINT])
}

/// Whether anybody heard it.
async fn publish(client: &Client, name: &str, cause: Cause) -> Result<bool, Failure> {
    let told = cancel(client, name, cause).timeout(&Smol, LIMIT).await??;
    match told {
        0 => eprintln!("nobody listens to {name}"),
        _ => println!("{told} told"),
    }
    Ok(told > 0)
}

fn run(arguments: Arguments) -> Result<bool, Failure> {
    let client = Client::open(arguments.redis)?;
    let name = arguments.name;
    smol::block_on(async {
        match arguments.task {
            Task::Work { steps, patience } => work(&client, name, steps, patience).await,
            Task::Cancel(cause) => publish(&client, &name, cause).await,
        }
    })
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
