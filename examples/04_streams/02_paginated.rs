//! A source that gives its items page by page, stored in batches: nothing that was fetched is lost when
//! the time is over.
//!
//! Run it: `cargo run --example 02_paginated` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{Cancelable, Smol, Timer};
use smol::stream::{self, Stream, StreamExt};
use std::time::Duration;

const PAGE: u32 = 4;

/// What a server answers: some records, and where the next page begins.
struct Page {
    records: Vec<u32>,
    next: Option<u32>,
}

/// A server with so many records. It answers quickly until it is asked for the record `stuck_at`.
struct Server {
    records: u32,
    stuck_at: u32,
}

impl Server {
    async fn fetch(&self, from: u32) -> Page {
        if from >= self.stuck_at {
            let _ = Smol.sleep(Duration::MAX).await;
        }
        let _ = Smol.sleep(seconds(0.05)).await;
        let end = (from + PAGE).min(self.records);
        println!("  fetched {from}..{end}");
        Page {
            records: (from..end).collect(),
            next: (end < self.records).then_some(end),
        }
    }

    /// All pages, one after the other, record by record. The next one is fetched when it is needed.
    fn records(&self) -> impl Stream<Item = u32> + Unpin + '_ {
        let pages = stream::unfold(Some(0), move |from| async move {
            let page = self.fetch(from?).await;
            Some((stream::iter(page.records), page.next))
        });
        Box::pin(pages.flatten())
    }
}

fn copy(what: &str, server: &Server) {
    println!("{what}:");
    let op = Cancelable::with_timeout(seconds(2.0)).name("copy").build();
    let result = smol::block_on(op.run(async |cx| {
        let mut stored = 0;
        let mut batches = cx.stream(server.records()).report_every(5).chunks(5);
        while let Some(batch) = batches.next().await {
            println!("  storing {batch:?}");
            stored += batch.len();
        }
        stored
    }));
    match result {
        Ok(stored) => println!("  Stored all {stored}"),
        Err(cancelled) => println!("  Stopped: {cancelled}"),
    }
    let context = op.context();
    if let Some(progress) = context.progress() {
        println!("  Progress: {progress} records");
    }
    let rest: Vec<&u32> = context.undelivered().collect();
    println!("  Fetched and not stored: {rest:?}");
}

fn main() {
    let fine = Server {
        records: 13,
        stuck_at: 100,
    };
    copy("A server that answers", &fine);
    let stuck = Server {
        records: 100,
        stuck_at: 8,
    };
    copy("A server that gets stuck", &stuck);
}
