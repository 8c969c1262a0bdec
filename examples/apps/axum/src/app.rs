//! `App`: what all requests share, and the operations that they are.

use cancel_tokio::{CancelToken, Cancelable, Cancelled, Context, Reason, Registry};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How a server works.
#[derive(Clone, Debug)]
pub struct Config {
    /// After what time a request is cancelled.
    pub deadline: Duration,
    /// How long requests may go on after the server was told to stop.
    pub grace: Duration,
    /// How long the server waits for those that it has cancelled then.
    pub patience: Duration,
    /// How long each step of the work rests.
    pub pace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            deadline: Duration::from_secs(10),
            grace: Duration::from_secs(5),
            patience: Duration::from_secs(5),
            pace: Duration::from_millis(250),
        }
    }
}

/// Where lines of the log go.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(String) + Send + Sync>);

impl Log {
    /// A log that calls `f` for each line.
    pub fn new(f: impl Fn(String) + Send + Sync + 'static) -> Log {
        Log(Arc::new(f))
    }

    pub(crate) fn line(&self, line: String) {
        (self.0)(line);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

/// What all requests of a server share. A handle: clones are the same.
#[derive(Clone, Debug)]
pub struct App {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    log: Log,
    registry: Registry,
    /// All requests follow it.
    over: CancelToken,
}

impl App {
    pub(crate) fn new(config: Config, log: Log) -> App {
        App {
            shared: Arc::new(Shared {
                config,
                log,
                registry: Registry::new(),
                over: CancelToken::new(),
            }),
        }
    }

    /// What is running for requests.
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    pub(crate) fn log(&self) -> &Log {
        &self.shared.log
    }

    /// An operation for a request, or for what goes on behind one: with a deadline, cancelled with the
    /// server, and with lines in the log. To be set up further, and then [entered](App::enter).
    pub(crate) fn operation(&self, name: String) -> Cancelable {
        let line = |write: fn(&Context) -> String| {
            let log = self.log().clone();
            move |context: &Context| log.line(write(context))
        };
        Cancelable::with_timeout(self.config().deadline)
            .token(&self.shared.over)
            .name(name)
            .on_start(line(|context| told(context, "started")))
            .on_complete(line(|context| told(context, "completed")))
            .on_cancel(line(|context| {
                told(context, &context.cause().map_or(String::new(), why))
            }))
            .on_error(line(|context| told(context, "failed")))
    }

    pub(crate) fn enter(&self, op: Cancelable) -> Cancelable {
        op.register(self.registry())
    }

    /// Cancels all that there is for requests, and will be.
    pub(crate) fn cancel_all(&self) {
        let why = (Reason::Shutdown, "the server is shutting down");
        self.shared.over.cancel_with(why);
    }
}

fn told(context: &Context, what: &str) -> String {
    format!("{} {what}", context.name().unwrap_or("request"))
}

/// Why, in the words of this program.
pub(crate) fn why(cancelled: &Cancelled) -> String {
    match cancelled.root_reason() {
        Reason::Dropped => String::from("cancelled: the client went away"),
        Reason::Timeout => String::from("cancelled: it took too long"),
        _ => cancelled.to_string(),
    }
}
