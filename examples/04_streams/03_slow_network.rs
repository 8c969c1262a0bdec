//! Lines from a slow server, over a real connection of this machine with itself: complete, too slow, and
//! cancelled by another task.
//!
//! Run it: `cargo run --example 03_slow_network` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{Cancelable, Cancelled, Cx, Kept, Operation};
use smol::io::{self, AsyncBufReadExt, AsyncWriteExt, BufReader};
use smol::net::{SocketAddr, TcpListener, TcpStream};
use smol::stream::StreamExt;
use std::error;

type Error = Box<dyn error::Error + Send + Sync>;

/// Sends three lines to each client, and closes the connection to the first; the others get nothing more,
/// and are kept waiting.
async fn serve(listener: TcpListener) -> io::Result<()> {
    let mut waiting = Vec::new();
    for number in 1.. {
        let (mut client, _) = listener.accept().await?;
        for reading in ["21.5 °C", "21.7 °C", "22.0 °C"] {
            smol::Timer::after(seconds(0.1)).await;
            client.write_all(format!("{reading}\n").as_bytes()).await?;
        }
        if number > 1 {
            waiting.push(client);
        }
    }
    Ok(())
}

async fn read(cx: &Cx, server: SocketAddr) -> Result<usize, Error> {
    let connection = TcpStream::connect(server).await?;
    let lines = BufReader::new(connection).lines();
    let lines = lines.map(|line| line.map_err(Error::from));
    let mut readings = cx.try_stream(lines).report_every(1).keep_last(10);
    let mut count = 0;
    while let Some(reading) = readings.try_next().await? {
        println!("  {reading}");
        count += 1;
    }
    Ok(count)
}

fn report(op: &Operation, result: Result<usize, Error>) {
    match result {
        Ok(count) => println!("  Complete: {count} readings"),
        Err(error) if error.is::<Cancelled>() => println!("  Stopped: {error}"),
        Err(error) => println!("  Failed: {error}"),
    }
    let context = op.context();
    if let Some(kept) = context.partial_result::<Kept<String>>() {
        println!("  Kept: {:?}", kept.to_vec());
    }
}

fn main() -> Result<(), Error> {
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let server = listener.local_addr()?;
        let serving = smol::spawn(serve(listener));

        println!("A server that closes the connection:");
        let op = Cancelable::with_timeout(seconds(30.0)).build();
        report(&op, op.try_run(async |cx| read(cx, server).await).await);

        println!("A server that falls silent, and a timeout:");
        let op = Cancelable::with_timeout(seconds(3.0)).build();
        report(&op, op.try_run(async |cx| read(cx, server).await).await);

        println!("A server that falls silent, and a user who does not wait:");
        let op = Cancelable::new().build();
        let handle = op.clone();
        let user = smol::spawn(async move {
            let mut watch = handle.watch_progress();
            while let Some(progress) = watch.next().await {
                if progress.current() == Some(3) {
                    handle.cancel_with("three are enough");
                }
            }
        });
        report(&op, op.try_run(async |cx| read(cx, server).await).await);
        user.await;

        drop(serving); // and with it the server
        Ok(())
    })
}
