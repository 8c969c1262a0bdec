//! What happens if no page is given: all ways to stall, and what becomes of them.

use cancel_smol::{CancelToken, Cancelable, Cx, Signal};
use fetch::client::{FetchError, get, parse};
use fetch::retry::Retry;
use fetch::server::{Clogged, Server};
use std::process::ExitCode;
use std::time::{Duration, Instant};

pub(crate) async fn demo(fast: bool) -> Result<ExitCode, FetchError> {
    let op = match Cancelable::with_signal(Signal::SIGINT) {
        Ok(op) => op.name("demo"),
        Err(_) => Cancelable::new(), // no such signal here
    };
    let show = op.try_run(async |cx| -> Result<(), FetchError> {
        let server = Server::start().await.map_err(FetchError::Connect)?;
        let demo = Demo {
            cx,
            server: &server,
            unit: Duration::from_millis(if fast { 250 } else { 1000 }),
        };
        demo.stalls().await?;
        demo.retries().await?;
        demo.stopped().await?;
        server.stop().await;
        Ok(())
    });
    show.await.map(|()| ExitCode::SUCCESS)
}

struct Demo<'a> {
    cx: &'a Cx,
    server: &'a Server,
    /// What a second is.
    unit: Duration,
}

impl Demo<'_> {
    fn say(&self, begun: Instant, result: &Result<fetch::client::Page, FetchError>) {
        let seconds = begun.elapsed().as_secs_f64();
        match result {
            Ok(page) => println!(
                "  {seconds:.2} s  {}, {} bytes",
                page.status,
                page.body.len()
            ),
            Err(error) => println!("  {seconds:.2} s  {error}"),
        }
    }

    async fn stalls(&self) -> Result<(), FetchError> {
        let limit = self.unit / 2;
        println!("Calls, those that stall with {limit:?} of time each:");
        let clogged = Clogged::start().await.map_err(FetchError::Connect)?;
        let full = clogged.url("/").map_err(FetchError::Connect)?;
        for (what, url) in [
            ("good", self.server.url("/")),
            ("stalls in connect", full),
            ("stalls before the headers", self.server.url("/headers")),
            ("stalls in the body", self.server.url("/body")),
        ] {
            println!(" {what}:");
            let url = parse(&url)?;
            let begun = Instant::now();
            // (The good one may take as long as it does, so that it is good on a busy machine, too.)
            let limit = if what == "good" {
                self.unit * 240
            } else {
                limit
            };
            let call = self.cx.child().timeout(limit).name("call").build();
            let result = get(&call, &url).await;
            self.cx.check()?;
            self.say(begun, &result);
            if let "/headers" | "/body" = url.path() {
                let wait = self.cx.child().timeout(self.unit * 240);
                match wait.run(async |_| self.server.hang_up().await).await {
                    Ok(Some(path)) => {
                        println!("          the server saw the client of {path} hang up");
                    }
                    _ => println!("          the server saw nothing of that"),
                }
            }
        }
        Ok(())
    }

    fn retry(&self, pause: Duration) -> Retry {
        Retry {
            attempts: 5,
            timeout: self.unit * 120,
            pause,
            longest: pause * 10,
        }
    }

    /// For the pauses to be seen.
    fn telling(&self) -> Cancelable {
        self.cx.child().on_progress(|progress| {
            if progress.message().starts_with("attempt") {
                println!("          {}", progress.message());
            }
        })
    }

    async fn retries(&self) -> Result<(), FetchError> {
        println!("A server that comes up, with retries:");
        let url = parse(&self.server.url("/flaky"))?;
        let retry = self.retry(self.unit / 5);
        let begun = Instant::now();
        let op = self.telling().timeout(self.unit * 240);
        let result = op.try_run(async |cx| retry.get(cx, &url).await).await;
        self.cx.check()?;
        self.say(begun, &result);
        Ok(())
    }

    async fn stopped(&self) -> Result<(), FetchError> {
        println!("A server that does not, and somebody who says stop in a pause of a minute:");
        let url = parse(&self.server.url("/down"))?;
        let retry = self.retry(self.unit * 60);
        let stop = CancelToken::new();
        let after = self.unit / 2;
        let begun = Instant::now();
        // Stop is pressed a while after the first attempt has failed, which is told by its progress.
        let (failed, has_failed) = smol::channel::unbounded();
        let button = stop.clone();
        let pressed = smol::spawn(async move {
            let _ = has_failed.recv().await;
            smol::Timer::after(after).await;
            button.cancel_with("user pressed stop");
        });
        let op = self.telling().token(&stop).on_progress(move |progress| {
            if progress.message().starts_with("attempt") {
                let _ = failed.try_send(());
            }
        });
        let result = op.try_run(async |cx| retry.get(cx, &url).await).await;
        self.cx.check()?;
        self.say(begun, &result);
        pressed.await;
        Ok(())
    }
}
