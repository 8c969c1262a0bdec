//! `Board`: starting jobs, cancelling them, and the registry that knows them all.

use crate::reasons;
use crate::work::{self, Kind, Plan};
use cancel_smol::{
    CancelToken, Cancelable, Context, Operation, OperationId, ProgressWatch, Reason, Registry, Smol,
};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most that a job may be asked to do.
pub(crate) const MAX_STEPS: u64 = 10_000;

const MAX_DEADLINE: f64 = 86_400.0;
const MAX_TEXT: usize = 200;

/// How a server works.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long each step of a job rests.
    pub pace: Duration,
    /// How many jobs and slow requests may run at once.
    pub running: usize,
    /// How many ended ones are remembered.
    pub history: usize,
    /// How long a shutdown waits, for the jobs and then for the clients.
    pub patience: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            pace: Duration::from_millis(100),
            running: 16,
            history: 100,
            patience: Duration::from_secs(5),
        }
    }
}

/// What somebody wants to have done.
#[derive(Clone, Debug)]
pub struct Order {
    /// What to do.
    pub kind: Kind,
    /// What to call it. Empty: what it does.
    pub name: String,
    /// How much of it.
    pub steps: u64,
    /// After how many seconds it is cancelled.
    pub deadline: Option<f64>,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It makes no sense, for this reason.
    Invalid(String),
    /// There is no such job.
    Unknown,
    /// The job has ended, or is cancelled already.
    Over,
    /// Enough jobs and requests are running.
    Full,
    /// The server is shutting down.
    Stopping,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Invalid(why) => f.write_str(why),
            Refusal::Unknown => f.write_str("there is no such job"),
            Refusal::Over => f.write_str("it has ended or been cancelled already"),
            Refusal::Full => f.write_str("too many jobs are running, try again later"),
            Refusal::Stopping => f.write_str("the server is shutting down"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The jobs of a server. A handle: clones are the same board.
#[derive(Clone, Debug)]
pub struct Board {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    registry: Registry,
    /// The registry knows contexts; who watches the progress needs the operation.
    running: Mutex<HashMap<OperationId, Operation>>,
    /// No new jobs.
    stopping: CancelToken,
    /// All jobs have ended; nothing will happen any more.
    closed: CancelToken,
    folder: PathBuf,
}

impl Board {
    pub(crate) fn new(config: Config, folder: PathBuf) -> Self {
        Board {
            shared: Arc::new(Shared {
                registry: Registry::with_history(config.history),
                config,
                running: Mutex::default(),
                stopping: CancelToken::new(),
                closed: CancelToken::new(),
                folder,
            }),
        }
    }

    /// Who is there, and how those before them ended.
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// How the server works.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Where backups go. The folder is removed when the server has shut down.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// Cancelled when all jobs have ended for good.
    pub(crate) fn closed(&self) -> &CancelToken {
        &self.shared.closed
    }

    fn running(&self) -> MutexGuard<'_, HashMap<OperationId, Operation>> {
        // Nothing can panic half-way.
        let running = self.shared.running.lock();
        running.unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a job.
    ///
    /// # Errors
    ///
    /// If the order makes no sense, or no more jobs are taken.
    pub fn start(&self, order: Order) -> Result<Context, Refusal> {
        let order = check(order)?;
        let plan = Plan {
            steps: order.steps,
            pace: self.config().pace,
            folder: self.folder().to_owned(),
        };
        let kind = order.kind;
        let mut op = Cancelable::new()
            .name(order.name)
            .metadata("kind", kind.name());
        if let Some(deadline) = order.deadline {
            op = op
                .timeout(Duration::from_secs_f64(deadline))
                .metadata("deadline", deadline.to_string());
        }
        let op = work::set_up(kind, op, &plan);
        let (op, place) = self.enter(op)?;
        let run = op.try_run(async move |cx| work::work(kind, cx, &plan).await);
        let task = smol::spawn(async move {
            // How it ended is in the history.
            let _ = run.await;
            drop(place);
        });
        task.detach();
        Ok(op.context())
    }

    /// Puts an operation on the board, as long as its place is kept.
    pub(crate) fn enter(&self, op: Cancelable) -> Result<(Operation, Place), Refusal> {
        let op = op.build();
        let id = op.id();
        {
            let mut running = self.running();
            if self.shared.stopping.is_cancelled() {
                return Err(Refusal::Stopping);
            }
            if running.len() >= self.config().running {
                return Err(Refusal::Full);
            }
            running.insert(id, op.clone());
        }
        let board = self.clone();
        let place = Place { board, id };
        op.register(self.registry());
        // A shutdown that has begun meanwhile may not have found it in the registry.
        if self.shared.stopping.is_cancelled() {
            op.cancel_with(SHUTDOWN);
        }
        Ok((op, place))
    }

    /// Cancels a job, or a request, with one of the page's reasons and a message, which may be empty.
    ///
    /// # Errors
    ///
    /// If there is no such job, or it cannot be cancelled any more.
    pub fn cancel(&self, id: OperationId, reason: &str, message: &str) -> Result<Context, Refusal> {
        let Some(code) = reasons::parse(reason) else {
            let names = reasons::names();
            return Err(Refusal::Invalid(format!("the reason is one of {names}")));
        };
        let message = text("message", message)?;
        let known = self.registry().get(id).ok_or(Refusal::Unknown)?;
        let cancelled = match message.is_empty() {
            true => self.registry().cancel(id, code),
            false => self.registry().cancel(id, (code, message)),
        };
        match cancelled {
            true => Ok(self.registry().get(id).unwrap_or(known)),
            false => Err(Refusal::Over),
        }
    }

    /// The progress of a job that has not ended.
    pub(crate) fn watch(&self, id: OperationId) -> Option<ProgressWatch<Smol>> {
        self.running().get(&id).map(Operation::watch_progress)
    }

    /// Takes no more jobs, cancels those that there are, and returns when they have cleaned up.
    pub(crate) async fn shut_down(&self) {
        self.shared.stopping.cancel();
        let changes = self.registry().changes();
        self.registry().cancel_all(SHUTDOWN);
        until_empty(self.registry(), changes, self.config().patience).await;
        self.shared.closed.cancel();
    }
}

/// An operation's place on the board.
pub(crate) struct Place {
    board: Board,
    id: OperationId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let left = self.board.running().remove(&self.id);
        // (Not under the lock: it may be the last handle.)
        drop(left);
    }
}

const SHUTDOWN: (Reason, &str) = (Reason::Shutdown, "the server is shutting down");

/// Waits until nobody is in a registry, but not for ever. `changes` are those since before the
/// operations in it were told to end.
pub(crate) async fn until_empty(
    registry: &Registry,
    mut changes: cancel_smol::Changes,
    patience: Duration,
) {
    use smol::stream::StreamExt;
    let wait = Cancelable::with_timeout(patience).run(async |_| {
        while !registry.is_empty() {
            changes.next().await;
        }
    });
    // Who has not gone by now is left alone.
    let _ = wait.await;
}

fn check(mut order: Order) -> Result<Order, Refusal> {
    order.name = text("name", &order.name)?;
    if order.name.is_empty() {
        order.name = order.kind.title().to_owned();
    }
    if !(1..=MAX_STEPS).contains(&order.steps) {
        let message = format!("the number of steps is between 1 and {MAX_STEPS}");
        return Err(Refusal::Invalid(message));
    }
    match order.deadline {
        // (Also refuses what is no number.)
        Some(seconds) if !(seconds > 0.0 && seconds <= MAX_DEADLINE) => {
            let message = format!("the deadline is between 0 and {MAX_DEADLINE} seconds");
            Err(Refusal::Invalid(message))
        }
        _ => Ok(order),
    }
}

/// Trimmed, and not too long.
fn text(what: &str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    match text.chars().count() > MAX_TEXT {
        true => Err(Refusal::Invalid(format!(
            "the {what} is longer than {MAX_TEXT} characters"
        ))),
        false => Ok(text.to_owned()),
    }
}
