//! A server that shuts down gracefully, on tokio: on Ctrl-C or `kill` it stops accepting, gives its connections two
//! seconds, and saves its state. A second Ctrl-C ends the two seconds, and the state is saved all the same.
//!
//! Run it: `cargo run --example 17_graceful_shutdown_tokio` (with `-- --fast`: a tenth of the time; with
//! `-- --state FILE` it writes how many requests it has served into that file; with `-- --grace SECONDS` they
//! are so many)
//!
//! Talk to it: `nc 127.0.0.1 PORT`. A request is some lines and an empty one; the answer is how many words it
//! had. So a request takes as long as its client does.
//!
//! The same on smol is in `16_graceful_shutdown`.

use cancel_examples::seconds;
use cancel_tokio::{CancelFutureExt, Cancelable, Cx, Signal};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One connection: requests, one after the other.
async fn serve(cx: Cx, mut stream: TcpStream, served: Arc<AtomicU32>) -> io::Result<()> {
    let name = cx.name().unwrap_or_default();
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    // Between two requests a connection ends at once when the server stops.
    while let Ok(line) = lines.next_line().until_cancelled(&cx).await {
        let Some(mut line) = line? else {
            break;
        };
        println!("{name}: a request");
        let mut words = 0;
        // A request that has begun is answered, if there is time. (Nothing here looks at `cx`.)
        while !line.is_empty() {
            words += line.split_whitespace().count();
            line = lines
                .next_line()
                .await?
                .ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        write
            .write_all(format!("{words} words\n").as_bytes())
            .await?;
        served.fetch_add(1, Ordering::Relaxed); // (only a number)
    }
    write.write_all(b"bye\n").await
}

/// The argument after this one.
fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

async fn save(served: u32) -> io::Result<()> {
    if let Some(file) = option("--state") {
        tokio::fs::write(file, served.to_string()).await?;
    }
    println!("State saved: {served} requests served");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let signals: &[Signal] = match cfg!(unix) {
        true => &[Signal::SIGINT, Signal::SIGTERM],
        false => &[Signal::SIGINT],
    };
    let grace = option("--grace").map_or(Ok(2.0), |seconds| seconds.parse())?;
    let served = Arc::new(AtomicU32::new(0));
    let at_the_end = served.clone();
    let server = Cancelable::with_signals(signals.iter().copied())?
        .name("server")
        .each_for_itself() // what one client does is nothing that the others should suffer for
        .grace(seconds(grace))
        .finally(|_| async move {
            if let Err(error) = save(at_the_end.load(Ordering::Relaxed)).await {
                eprintln!("The state is not saved: {error}");
            }
        })
        .build();
    let _told = server.token().on_cancel(|why| println!("Stopping: {why}"));

    let run = server.try_run_group(async |group| -> Result<(), Box<dyn Error + Send + Sync>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("Listening on {}", listener.local_addr()?);
        for number in 1.. {
            // This is where the body is dropped, and the listener with it.
            let (stream, _) = listener.accept().await?;
            let (name, served) = (format!("connection {number}"), served.clone());
            group.spawn_as(group.child().name(name), |cx| serve(cx, stream, served));
        }
        Ok(())
    });
    let result = run.await;

    let context = server.context();
    println!(
        "{}: {} connections cut off",
        context.status(),
        context.cut_off()
    );
    for error in context.task_errors() {
        println!("  {error}");
    }
    match server.is_cancelled() {
        true => Ok(()), // as it was asked to
        false => result,
    }
}
