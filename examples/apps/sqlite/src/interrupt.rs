//! Queries, and how they end.

use crate::during;
use cancel_smol::{CancelToken, Cancelled};
use rusqlite::{Connection, ErrorCode};
use std::error::Error;
use std::fmt;

/// Runs queries, and interrupts them when `token` is cancelled. The connection is usable afterwards.
///
/// A statement that is interrupted leaves no trace, and a transaction that `query` began is rolled back.
/// One that was open already is the caller's to roll back, unless SQLite has done so (it does if the
/// statement was writing). Statements that insist on being alone on their connection (`VACUUM`, `DETACH`)
/// fail in here.
///
/// # Errors
///
/// [`QueryError::Cancelled`], with the reason, if a query was interrupted because of the token, or the
/// token was cancelled beforehand; then `query` is not called. Otherwise what `query` says. If it was
/// quicker than the cancel, its result counts.
pub fn interruptible<T>(
    connection: &Connection,
    token: &CancelToken,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, QueryError> {
    token.check()?;

    // An interrupt while no statement runs is forgotten, and there is always a moment between the
    // callback's registration and the start of the query. So a statement stands half-way through its
    // rows from before until after: then an interrupt holds for all that starts beside it.
    let mut statement = connection.prepare_cached("VALUES (1), (2)")?;
    let mut rows = statement.query([])?;
    rows.next()?;

    let in_transaction = !connection.is_autocommit();
    let handle = connection.get_interrupt_handle();
    let result = during(token, move || handle.interrupt(), || query(connection));
    // Now no interrupt can come any more. With this statement goes the one that may have come.
    drop(rows);

    match (result, token.check()) {
        (Ok(value), _) => Ok(value),
        (Err(error), Err(cancelled)) if is_interrupt(&error) => {
            // The `ROLLBACK` of a dropped `Transaction` was interrupted as well.
            if !in_transaction && !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK")?;
            }
            Err(QueryError::Cancelled(cancelled))
        }
        (Err(error), _) => Err(QueryError::Sqlite(error)),
    }
}

fn is_interrupt(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// Why there is no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum QueryError {
    /// It was cancelled, and this is why.
    Cancelled(Cancelled),
    /// SQLite says so.
    Sqlite(rusqlite::Error),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueryError::Cancelled(cancelled) => cancelled.fmt(f),
            QueryError::Sqlite(error) => error.fmt(f),
        }
    }
}

/// Stands for what it holds, so the source is that one's.
impl Error for QueryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            QueryError::Cancelled(cancelled) => cancelled.source(),
            QueryError::Sqlite(error) => error.source(),
        }
    }
}

/// So that an operation can return it: `try_run`.
impl From<Cancelled> for QueryError {
    fn from(cancelled: Cancelled) -> Self {
        QueryError::Cancelled(cancelled)
    }
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        QueryError::Sqlite(error)
    }
}
