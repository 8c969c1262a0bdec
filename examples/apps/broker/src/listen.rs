//! The side that is cancelled.

use crate::message::{channel, read};
use cancel_smol::{Cause, Reason, Smol, Source, TimeoutExt, Timer};
use futures_util::stream::{Peekable, unfold};
use futures_util::{FutureExt, StreamExt};
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, RedisError, RedisResult, Value};
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(100);

/// How long there may be nothing before it is asked whether Redis is there; as long for the answer. In
/// between it is the patience.
const SHORTEST_REST: Duration = Duration::from_millis(10);
const LONGEST_REST: Duration = Duration::from_secs(1);

/// A subscription to the channel of one operation. It listens already.
pub struct Listener {
    client: Client,
    channel: String,
    connection: Connection,
}

type Connection = (PubSubSink, Peekable<PubSubStream>);

impl Listener {
    /// Subscribes to the channel of `name`. From here on requests are heard, also before the operation
    /// starts.
    ///
    /// # Errors
    ///
    /// If Redis cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. It waits for an answer of Redis for as long as that takes, so give it a limit.
    pub async fn new(client: &Client, name: &str) -> RedisResult<Self> {
        let channel = channel(name);
        Ok(Listener {
            connection: subscribe(client, &channel).await?,
            client: client.clone(),
            channel,
        })
    }

    /// The next request, or that Redis is gone for good: then there is no listener any more.
    async fn next(
        mut self,
        patience: Duration,
        tell: &mut impl FnMut(Event),
    ) -> (Cause, Option<Self>) {
        let rest = patience.clamp(SHORTEST_REST, LONGEST_REST);
        loop {
            let (sink, messages) = &mut self.connection;
            match messages.next().timeout(&Smol, rest).await {
                Ok(Some(message)) => match read(message.get_payload_bytes()) {
                    Ok(cause) => return (cause, Some(self)),
                    Err(error) => tell(Event::NotARequest(error)),
                },
                // Nothing for a while: is anybody there?
                Err(_) if answers(sink, rest).await => {}
                // Busy, but not dead: a request has come meanwhile, which must not get lost.
                Err(_) if Pin::new(messages).peek().now_or_never().is_some() => {}
                Ok(None) | Err(_) => {
                    tell(Event::Lost);
                    match self.reconnect(patience).await {
                        Ok(connection) => self.connection = connection,
                        Err(cause) => return (cause, None),
                    }
                    tell(Event::Back);
                }
            }
        }
    }

    async fn reconnect(&self, patience: Duration) -> Result<Connection, Cause> {
        let deadline = Smol.now() + patience;
        let mut last: Option<RedisError> = None;
        loop {
            let left = deadline - Smol.now();
            let attempt = subscribe(&self.client, &self.channel);
            match attempt.timeout(&Smol, left).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => last = Some(error),
                Err(_timeout) => {}
            }
            let left = deadline - Smol.now();
            if left.is_zero() {
                let cause = Cause::new(Reason::Error)
                    .with_message(format!("Redis was lost and not back within {patience:?}"));
                return Err(match last {
                    Some(error) => cause.with_error(error),
                    None => cause,
                });
            }
            smol::Timer::after(PAUSE.min(left)).await;
        }
    }
}

async fn subscribe(client: &Client, channel: &str) -> RedisResult<Connection> {
    let mut connection = client.get_async_pubsub().await?;
    connection.subscribe(channel).await?;
    let (sink, messages) = connection.split();
    Ok((sink, messages.peekable()))
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// What [`requests`] does besides.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The connection is lost, and so are the requests that are made until it is back.
    Lost,
    /// It is back.
    Back,
    /// Somebody said something else on the channel. It has no effect.
    NotARequest(serde_json::Error),
}

/// A Redis that hangs does not close its connections.
async fn answers(sink: &mut PubSubSink, limit: Duration) -> bool {
    let answer = sink.ping::<Value>().timeout(&Smol, limit);
    matches!(answer.await, Ok(Ok(_)))
}

/// The requests that come in, as a source. The first one cancels the operation with the reason and the
/// message that it brings; the next one ends a grace period.
///
/// When the connection is lost, it reconnects. If that takes longer than `patience`, the operation is
/// cancelled: [`Reason::Error`], with the last error as the cause's source. That Redis hangs is noticed
/// after two times the patience, two seconds at most. `tell` hears of all that.
pub fn requests(
    listener: Listener,
    patience: Duration,
    tell: impl FnMut(Event) + Send + 'static,
) -> Source<Smol> {
    let start = (Some(listener), tell);
    Source::stream(unfold(start, move |(listener, mut tell)| async move {
        let (cause, listener) = listener?.next(patience, &mut tell).await;
        Some((cause, (listener, tell)))
    }))
}
