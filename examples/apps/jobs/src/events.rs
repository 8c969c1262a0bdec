//! Server-sent events: what happens on the board, and how far the jobs are.
//!
//! A slow reader holds up nobody: of the progress it gets the latest state, and if it has missed
//! changes, the whole list.

use crate::board::Board;
use crate::view;
use cancel_smol::{
    CancelToken, Change, Changes, Filter, OperationId, ProgressWatch, Smol, Status, WaitForCancel,
};
use hyper::body::Bytes;
use serde_json::{Value, json};
use smol::Timer;
use smol::stream::{self, Stream};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// How often a quiet stream says that it is still there, which also finds out about clients that are
/// not.
const BEAT: Duration = Duration::from_secs(15);

struct Feed {
    board: Board,
    /// `None`: of all jobs.
    only: Option<OperationId>,
    changes: Changes,
    watches: Vec<(OperationId, ProgressWatch<Smol>)>,
    closed: Pin<Box<WaitForCancel<CancelToken>>>,
    beat: Timer,
    begun: bool,
    over: bool,
}

enum News {
    Change(Change),
    Progress(OperationId),
    Beat,
    Closed,
}

/// Events of all jobs, or of one: first how things are, then each change, until the job ends or
/// the server does.
pub(crate) fn events(
    board: &Board,
    only: Option<OperationId>,
) -> impl Stream<Item = Bytes> + Send + use<> {
    let feed = Feed {
        // (Before anything is looked at, so that nothing is lost in between.)
        changes: board.registry().changes(),
        closed: Box::pin(board.closed().clone().cancelled_owned()),
        board: board.clone(),
        only,
        watches: Vec::new(),
        beat: Timer::interval(BEAT),
        begun: false,
        over: false,
    };
    stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((event, feed))
    })
}

impl Feed {
    async fn next(&mut self) -> Option<Bytes> {
        if !self.begun {
            self.begun = true;
            return Some(self.begin());
        }
        while !self.over {
            let news = poll_fn(|cx| self.poll_news(cx)).await;
            let event = match news {
                News::Change(Change::Missed(_)) => Some(self.begin()),
                News::Change(change) => self.changed(change),
                News::Progress(id) => self.job(id),
                News::Beat => Some(Bytes::from_static(b": still here\n\n")),
                News::Closed => {
                    self.over = true;
                    // So that the page does not take it for a failure.
                    Some(event("goodbye", &json!({})))
                }
            };
            if event.is_some() {
                return event;
            }
        }
        None
    }

    /// Changes first: when the board is closed, all of them have happened.
    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        if let Poll::Ready(Some(change)) = Pin::new(&mut self.changes).poll_next(cx) {
            return Poll::Ready(News::Change(change));
        }
        let mut index = 0;
        while let Some((id, watch)) = self.watches.get_mut(index) {
            match Pin::new(watch).poll_next(cx) {
                Poll::Ready(Some(_)) => {
                    let id = *id;
                    // The others have their turn before this one again.
                    self.watches[index..].rotate_left(1);
                    return Poll::Ready(News::Progress(id));
                }
                Poll::Ready(None) => drop(self.watches.swap_remove(index)),
                Poll::Pending => index += 1,
            }
        }
        if self.closed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(News::Closed);
        }
        match Pin::new(&mut self.beat).poll_next(cx) {
            Poll::Ready(_) => Poll::Ready(News::Beat),
            Poll::Pending => Poll::Pending,
        }
    }

    /// How things are now.
    fn begin(&mut self) -> Bytes {
        if let Some(id) = self.only {
            self.watch(id);
            let ended = |status: Status| status.is_final();
            let known = self.board.registry().get(id);
            self.over = known.is_none_or(|context| ended(context.status()));
            return self.job(id).unwrap_or_default();
        }
        for id in self.board.registry().ids(&Filter::new()) {
            self.watch(id);
        }
        event("list", &view::list(&self.board))
    }

    fn changed(&mut self, change: Change) -> Option<Bytes> {
        let id = change.id()?;
        if self.only.is_some_and(|only| only != id) {
            return None;
        }
        match change {
            Change::Registered(_) | Change::Started(_) => self.watch(id),
            Change::Ended(..) | Change::Left(_) => self.over = self.only.is_some(),
            _ => (),
        }
        self.job(id)
    }

    fn watch(&mut self, id: OperationId) {
        if self.watches.iter().any(|(known, _)| *known == id) {
            return;
        }
        if let Some(watch) = self.board.watch(id) {
            self.watches.push((id, watch));
        }
    }

    fn job(&self, id: OperationId) -> Option<Bytes> {
        let context = self.board.registry().get(id)?;
        let job = view::job(&context);
        let data = json!({ "job": job, "totals": view::totals(&self.board) });
        Some(event("job", &data))
    }
}

/// (JSON has no line breaks in it, unless asked for.)
fn event(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}
