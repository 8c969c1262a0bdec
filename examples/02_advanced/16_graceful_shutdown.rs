//! A server that shuts down gracefully, on smol: on Ctrl-C or `kill` it stops accepting, gives its connections two
//! seconds, and saves its state. A second Ctrl-C ends the two seconds, and the state is saved all the same.
//!
//! Run it: `cargo run --example 16_graceful_shutdown` (with `-- --fast`: a tenth of the time; with
//! `-- --state FILE` it writes how many requests it has served into that file; with `-- --grace SECONDS` they
//! are so many)
//!
//! Talk to it: `nc 127.0.0.1 PORT`. A request is some lines and an empty one; the answer is how many words it
//! had. So a request takes as long as its client does.
//!
//! The same on tokio is in `17_graceful_shutdown_tokio`.

use cancel_examples::seconds;
use cancel_smol::{CancelFutureExt, Cancelable, Cx, Signal};
use smol::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use smol::net::{TcpListener, TcpStream};
use smol::stream::StreamExt;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// One connection: requests, one after the other.
async fn serve(cx: Cx, mut stream: TcpStream, served: Arc<AtomicU32>) -> io::Result<()> {
    let name = cx.name().unwrap_or_default();
    let mut lines = BufReader::new(stream.clone()).lines();
    // Between two requests a connection ends at once when the server stops.
    while let Ok(Some(line)) = lines.next().until_cancelled(&cx).await {
        println!("{name}: a request");
        let (mut line, mut words) = (line?, 0);
        // A request that has begun is answered, if there is time. (Nothing here looks at `cx`.)
        while !line.is_empty() {
            words += line.split_whitespace().count();
            line = lines.next().await.ok_or(io::ErrorKind::UnexpectedEof)??;
        }
        stream
            .write_all(format!("{words} words\n").as_bytes())
            .await?;
        served.fetch_add(1, Ordering::Relaxed); // (only a number)
    }
    stream.write_all(b"bye\n").await
}

/// The argument after this one.
fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

/// A cleanup is ordinary work: it has threads, and would have time limits.
async fn save(cx: Cx, served: u32) -> Result<(), Box<dyn Error + Send + Sync>> {
    if let Some(file) = option("--state") {
        cx.run_in_thread(move |_| std::fs::write(file, served.to_string()))
            .await??;
    }
    println!("State saved: {served} requests served");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
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
        .finally(|cx| async move {
            if let Err(error) = save(cx, at_the_end.load(Ordering::Relaxed)).await {
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
    let result = smol::block_on(run);

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
