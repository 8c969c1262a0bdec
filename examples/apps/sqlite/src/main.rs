//! A SQLite query that would never end is stopped by a timeout, on a thread of the pool and on this
//! one, and by Ctrl-C.
//!
//! Run it: `cargo run -p cancel-app-sqlite` and press Ctrl-C when it says so

use cancel_app_sqlite::{QueryError, interruptible};
use cancel_smol::{Cancelable, Cx, Operation, Signal, Signals};
use rusqlite::Connection;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// As threads share it: one query at a time.
type Database = Arc<Mutex<Connection>>;

const FOR_EVER: &str = "
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)
    SELECT count(*) FROM numbers";

/// One number from the database, read on a thread of the pool.
async fn ask(cx: &Cx, database: &Database, sql: &'static str) -> Result<i64, QueryError> {
    let database = database.clone();
    let answer = cx.run_in_thread(move |cx| {
        let database = database.lock().unwrap_or_else(PoisonError::into_inner);
        interruptible(&database, cx.token(), |database| {
            database.query_row(sql, [], |row| row.get(0))
        })
    });
    // The callback stops the query with or without the shield. With it the body stays until it has
    // stopped, so the connection is free again when the operation is over.
    cx.shield_future(answer).await?
}

/// The query is over; what about the connection?
fn use_it(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("INSERT INTO visits DEFAULT VALUES", [])?;
    let visits: i64 = connection.query_row("SELECT count(*) FROM visits", [], |row| row.get(0))?;
    println!("  The connection works: visit {visits}");
    Ok(())
}

async fn run_and_report(op: Operation, database: &Database) -> rusqlite::Result<()> {
    let result = op
        .try_run(async |cx| ask(cx, database, FOR_EVER).await)
        .await;
    match result {
        Err(QueryError::Cancelled(why)) => {
            println!("  Reason: {}", why.reason());
            println!("  Message: {}", why.message().unwrap_or("none"));
        }
        other => println!("  Unexpected: {other:?}"),
    }
    let context = op.context();
    println!("  Final status: {}", context.status());
    println!("  Took: {:.1?}", context.duration().unwrap_or_default());
    let database = database.lock().unwrap_or_else(PoisonError::into_inner);
    use_it(&database)
}

fn main() -> Result<(), Box<dyn Error>> {
    let connection = Connection::open_in_memory()?;
    connection.execute("CREATE TABLE visits (number INTEGER PRIMARY KEY)", [])?;
    let database = Arc::new(Mutex::new(connection));

    println!("Stopped by a timeout:");
    let hasty = Cancelable::with_timeout(Duration::from_millis(300))
        .name("hasty")
        .build();
    smol::block_on(run_and_report(hasty, &database))?;

    println!("Stopped by Ctrl-C:");
    let patient = Cancelable::new()
        .name("patient")
        .source(Signals::new([Signal::SIGINT])?)
        .on_start(|_| println!("  Counting for ever... (Ctrl+C to stop)"))
        .build();
    smol::block_on(run_and_report(patient, &database))?;

    println!("Stopped by a timeout, without async code:");
    let database = database.lock().unwrap_or_else(PoisonError::into_inner);
    let plain = Cancelable::with_timeout(Duration::from_millis(300));
    let result = plain.try_run_blocking(|cx| -> Result<i64, QueryError> {
        interruptible(&database, cx.token(), |database| {
            database.query_row(FOR_EVER, [], |row| row.get(0))
        })
    });
    match result {
        Err(error) => println!("  Error: {error}"),
        Ok(count) => println!("  Unexpected: {count}"),
    }
    use_it(&database)?;
    Ok(())
}
