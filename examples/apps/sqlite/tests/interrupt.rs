//! Interrupts at every moment, and what they leave behind.

use cancel_app_sqlite::{QueryError, during, interruptible};
use cancel_smol::{CancelToken, Cancelable, Cancelled, Reason, Status};
use rusqlite::{Connection, ErrorCode};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const UP_TO: &str = "
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT ?)
    SELECT count(*) FROM numbers";

/// Takes many seconds, if nobody stops it: a generous bound.
const LONG: u32 = 30_000_000;

fn database() -> Connection {
    let database = Connection::open_in_memory().unwrap();
    let table = "CREATE TABLE rounds (round INTEGER PRIMARY KEY)";
    database.execute(table, []).unwrap();
    database
}

fn count_for_long(database: &Connection) -> rusqlite::Result<i64> {
    database.query_row(UP_TO, [LONG], |row| row.get(0))
}

/// Writes and reads: it must not be interrupted.
#[track_caller]
fn assert_usable(database: &Connection, rounds: i64) {
    let insert = "INSERT INTO rounds DEFAULT VALUES";
    database.execute(insert, []).unwrap();
    let sql = "SELECT count(*) FROM rounds";
    let count: i64 = database.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(count, rounds);
    assert!(database.is_autocommit());
}

#[track_caller]
fn cancelled<T: std::fmt::Debug>(result: Result<T, QueryError>) -> Cancelled {
    match result {
        Err(QueryError::Cancelled(cancelled)) => cancelled,
        other => panic!("not cancelled: {other:?}"),
    }
}

#[test]
fn a_hundred_cancels_in_a_row() {
    let database = Arc::new(Mutex::new(database()));
    // What each callback keeps: those of the operations, and those of a token that outlives them all.
    let held = Arc::new(());
    let lasting = CancelToken::new();
    for round in 1..=100 {
        let op = Cancelable::new().build();
        let (started, start) = channel();
        let canceller = thread::spawn({
            let op = op.clone();
            move || {
                start.recv().unwrap();
                op.cancel_with((Reason::Custom(round), format!("round {round}")))
            }
        });
        let (database, lasting, held) = (&database, &lasting, &held);
        let run = op.try_run(async move |cx| -> Result<i64, QueryError> {
            let (database, lasting, held) = (database.clone(), lasting.clone(), held.clone());
            let count = cx.run_in_thread(move |cx| {
                let database = database.lock().unwrap();
                let held = move || drop(held);
                let outer = held.clone();
                during(&lasting, outer, || {
                    during(cx.token(), held, || {
                        started.send(()).unwrap();
                        interruptible(&database, cx.token(), count_for_long)
                    })
                })
            });
            cx.shield_future(count).await?
        });
        let cancelled = cancelled(smol::block_on(run));
        assert!(canceller.join().unwrap());
        assert_eq!(cancelled.reason(), Reason::Custom(round));
        assert_eq!(cancelled.message(), Some(&*format!("round {round}")));
        assert_eq!(op.status(), Status::Cancelled);
        assert_usable(&database.lock().unwrap(), round.into());
    }
    assert_eq!(Arc::strong_count(&held), 1, "a registration was left");
    assert!(!lasting.is_cancelled());
}

/// On the thread of the caller, who lends its connection.
#[test]
fn bodies_that_block() {
    let database = database();
    for round in 1..=20 {
        let op = Cancelable::new().build();
        let result = thread::scope(|scope| {
            let (started, start) = channel();
            let canceller = op.clone();
            scope.spawn(move || {
                start.recv().unwrap();
                canceller.cancel_with("enough")
            });
            op.try_run_blocking(|cx| {
                started.send(()).unwrap();
                interruptible(&database, cx.token(), count_for_long)
            })
        });
        assert_eq!(cancelled(result).message(), Some("enough"));
        assert_eq!(op.status(), Status::Cancelled);
        assert_usable(&database, round);
    }
}

/// SQLite forgets an interrupt that comes while nothing runs.
#[test]
fn a_cancel_just_before_the_query_is_not_lost() {
    let database = database();
    let token = CancelToken::new();
    let result = interruptible(&database, &token, |database| {
        token.cancel_with(Reason::Shutdown);
        count_for_long(database)
    });
    assert_eq!(cancelled(result).reason(), Reason::Shutdown);
    assert_usable(&database, 1);
}

#[test]
fn a_cancel_beforehand_calls_nothing() {
    let database = database();
    let token = CancelToken::new();
    token.cancel_with("not today");
    let result = interruptible(&database, &token, |_| -> rusqlite::Result<()> {
        panic!("called")
    });
    assert_eq!(cancelled(result).message(), Some("not today"));
    assert_usable(&database, 1);
}

/// Query and cancel end at about the same time: the next query must not be hit.
#[test]
fn a_late_cancel_does_not_hit_the_next_query() {
    let database = database();
    let (mut done, mut stopped) = (0, 0);
    for round in 1..=300 {
        let token = CancelToken::new();
        let (started, start) = channel();
        let result = thread::scope(|scope| {
            let canceller = token.clone();
            scope.spawn(move || {
                start.recv().unwrap();
                canceller.cancel()
            });
            let result = interruptible(&database, &token, |database| {
                started.send(()).unwrap();
                database.query_row(UP_TO, [round * 20], |row| row.get::<_, i64>(0))
            });
            assert_usable(&database, round); // maybe before the cancel is over
            result
        });
        match result {
            Ok(count) => {
                assert_eq!(count, round * 20);
                done += 1;
            }
            Err(QueryError::Cancelled(_)) => stopped += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(done + stopped, 300);
}

#[test]
fn a_transaction_is_rolled_back() {
    let database = database();
    let token = CancelToken::new();
    let result = interruptible(&database, &token, |database| {
        let transaction = database.unchecked_transaction()?;
        transaction.execute("INSERT INTO rounds VALUES (7)", [])?;
        token.cancel();
        count_for_long(&transaction)?;
        transaction.commit()
    });
    assert_eq!(cancelled(result).reason(), Reason::Manual);
    assert_usable(&database, 1);
}

#[test]
fn a_transaction_around_it_is_left_to_its_owner() {
    let database = database();
    let token = CancelToken::new();
    let transaction = database.unchecked_transaction().unwrap();
    let insert = "INSERT INTO rounds DEFAULT VALUES";
    transaction.execute(insert, []).unwrap();
    let result = interruptible(&database, &token, |database| {
        token.cancel();
        count_for_long(database)
    });
    assert_eq!(cancelled(result).reason(), Reason::Manual);
    transaction.execute(insert, []).unwrap();
    transaction.commit().unwrap();
    assert_usable(&database, 3);
}

#[test]
fn other_errors_stay_what_they_are() {
    let database = database();
    let token = CancelToken::new();
    let result = interruptible(&database, &token, |database| {
        database.execute("INSERT INTO nowhere VALUES (1)", [])
    });
    let error = result.unwrap_err();
    assert!(error.to_string().contains("no such table"), "{error}");

    // Somebody else's interrupt is no cancelation.
    let handle = database.get_interrupt_handle();
    let result = interruptible(&database, &token, |database| {
        handle.interrupt();
        count_for_long(database)
    });
    match result {
        Err(QueryError::Sqlite(error)) => {
            let code = error.sqlite_error_code();
            assert_eq!(code, Some(ErrorCode::OperationInterrupted));
        }
        other => panic!("{other:?}"),
    }
    assert_usable(&database, 1);
}

#[test]
fn nothing_is_called_after_the_work() {
    let calls = Arc::new(AtomicU32::new(0));
    let count = || {
        let calls = calls.clone();
        move || assert!(calls.fetch_add(1, Relaxed) < 2)
    };
    let token = CancelToken::new();
    assert_eq!(during(&token, count(), || 5), 5);
    let panic = AssertUnwindSafe(|| during(&token, count(), || panic!("in the middle of it")));
    assert!(catch_unwind(panic).is_err());
    assert_eq!(Arc::strong_count(&calls), 1, "a registration was left");

    token.cancel();
    assert_eq!(calls.load(Relaxed), 0);
    during(&token, count(), || assert_eq!(calls.load(Relaxed), 1));
    assert_eq!(Arc::strong_count(&calls), 1);
}

#[test]
fn the_end_of_the_work_waits_for_a_call_that_has_begun() {
    let stopped = Arc::new(AtomicU32::new(0));
    let token = CancelToken::new();
    let (begun, has_begun) = channel();
    let stop = {
        let stopped = stopped.clone();
        move || {
            begun.send(()).unwrap();
            thread::sleep(Duration::from_millis(20));
            stopped.store(1, Relaxed);
        }
    };
    thread::scope(|scope| {
        during(&token, stop, || {
            scope.spawn(|| token.cancel());
            has_begun.recv().unwrap();
        });
        assert_eq!(stopped.load(Relaxed), 1);
    });
}
