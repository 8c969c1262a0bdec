//! Requests and answers: the one file that knows of paths and status codes.

use crate::board::{Board, MAX_STEPS, Order, Refusal};
use crate::events::events;
use crate::report::report;
use crate::view;
use crate::work::Kind;
use cancel_smol::OperationId;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};
use smol::stream::Stream;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

const PAGE: &str = include_str!("page.html");

/// All of the page is in one file, and it talks to nobody but us.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The most that a request may send.
const MAX_BODY: usize = 16 * 1024;

type Answer = Response<Content>;

/// What is sent: all at once, or event by event.
pub(crate) enum Content {
    Whole(Option<Bytes>),
    Events(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match self.get_mut() {
            Content::Whole(bytes) => bytes.take(),
            Content::Events(events) => ready!(events.as_mut().poll_next(cx)),
        };
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            Content::Events(_) => SizeHint::new(),
        }
    }
}

pub(crate) async fn handle(board: Board, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let path: Vec<&str> = path.split('/').skip(1).collect();
    let done = match (&*method, &path[..]) {
        ("GET", [""]) => Ok(page()),
        ("GET", ["jobs"]) => Ok(answer(StatusCode::OK, &view::list(&board))),
        ("GET", ["events"]) => Ok(stream(&board, None)),
        ("GET", ["report"]) => slow(&board, request.uri().query()).await,
        ("POST", ["jobs"]) => start(&board, request).await,
        ("GET", ["jobs", id]) => one(&board, id),
        ("GET", ["jobs", id, "events"]) => known(&board, id).map(|id| stream(&board, Some(id))),
        ("POST", ["jobs", id, "cancel"]) => cancel(&board, id, request).await,
        (_, ["" | "events" | "report"] | ["jobs", _] | ["jobs", _, "events"]) => Ok(not("GET")),
        (_, ["jobs", _, "cancel"]) => Ok(not("POST")),
        (_, ["jobs"]) => Ok(not("GET, POST")),
        _ => Ok(failure(StatusCode::NOT_FOUND, "there is nothing here")),
    };
    Ok(done.unwrap_or_else(|refusal| refuse(&refusal)))
}

fn page() -> Answer {
    let mut response = whole("text/html; charset=utf-8", PAGE.into());
    let policy = HeaderValue::from_static(POLICY);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, policy);
    response
}

async fn start(board: &Board, request: Request<Incoming>) -> Result<Answer, Refusal> {
    let order = json_of(request).await?;
    let kind = order["kind"].as_str().and_then(Kind::parse);
    let order = Order {
        kind: kind.ok_or_else(|| invalid("there is no such kind of job"))?,
        name: text(&order, "name")?,
        steps: order["steps"]
            .as_u64()
            .ok_or_else(|| invalid("\"steps\" is a whole number"))?,
        deadline: match &order["deadline"] {
            Value::Null => None,
            Value::Number(seconds) => seconds.as_f64(),
            _ => return Err(invalid("\"deadline\" is a number of seconds")),
        },
    };
    let context = board.start(order)?;
    Ok(answer(StatusCode::CREATED, &view::job(&context)))
}

fn one(board: &Board, id: &str) -> Result<Answer, Refusal> {
    let context = board.registry().get(parse(id)?).ok_or(Refusal::Unknown)?;
    Ok(answer(StatusCode::OK, &view::job(&context)))
}

async fn cancel(board: &Board, id: &str, request: Request<Incoming>) -> Result<Answer, Refusal> {
    let id = known(board, id)?;
    let order = json_of(request).await?;
    let reason = match &*text(&order, "reason")? {
        "" => "manual".to_owned(),
        reason => reason.to_owned(),
    };
    let context = board.cancel(id, &reason, &text(&order, "message")?)?;
    Ok(answer(StatusCode::OK, &view::job(&context)))
}

/// Hyper drops this when it notices that the client is gone, which it looks for all the time.
async fn slow(board: &Board, query: Option<&str>) -> Result<Answer, Refusal> {
    let steps = match query {
        None => Ok(50),
        Some(query) => query.strip_prefix("steps=").unwrap_or("").parse(),
    };
    let steps = steps.ok().filter(|steps| (0..=MAX_STEPS).contains(steps));
    let steps = steps.ok_or_else(|| invalid("the query is steps=NUMBER"))?;
    Ok(match report(board, steps).await? {
        Ok(text) => whole("text/plain; charset=utf-8", text.into()),
        Err(cancelled) => failure(StatusCode::SERVICE_UNAVAILABLE, &cancelled.to_string()),
    })
}

fn stream(board: &Board, only: Option<OperationId>) -> Answer {
    let events = Content::Events(Box::pin(events(board, only)));
    respond(StatusCode::OK, "text/event-stream", events)
}

fn known(board: &Board, id: &str) -> Result<OperationId, Refusal> {
    let id = parse(id)?;
    let known = board.registry().get(id).is_some();
    known.then_some(id).ok_or(Refusal::Unknown)
}

fn parse(id: &str) -> Result<OperationId, Refusal> {
    serde_json::from_str(id).map_err(|_| Refusal::Unknown)
}

/// Browsers let foreign pages send forms here, but not this type.
async fn json_of(request: Request<Incoming>) -> Result<Value, Refusal> {
    let sent = request.headers().get(CONTENT_TYPE);
    let sent = sent.and_then(|value| value.to_str().ok()).unwrap_or("");
    if sent.split(';').next().map(str::trim) != Some("application/json") {
        return Err(invalid("the content type is application/json"));
    }
    let mut body = request.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| invalid(&error.to_string()))?;
        bytes.extend_from_slice(&frame.into_data().unwrap_or_default());
        if bytes.len() > MAX_BODY {
            return Err(invalid("that is too much"));
        }
    }
    serde_json::from_slice(&bytes).map_err(|error| invalid(&format!("no JSON: {error}")))
}

/// A field that may be left out.
fn text(order: &Value, field: &str) -> Result<String, Refusal> {
    match &order[field] {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(invalid(&format!("\"{field}\" is a text"))),
    }
}

fn invalid(why: &str) -> Refusal {
    Refusal::Invalid(why.to_owned())
}

fn refuse(refusal: &Refusal) -> Answer {
    let status = match refusal {
        Refusal::Invalid(_) => StatusCode::BAD_REQUEST,
        Refusal::Unknown => StatusCode::NOT_FOUND,
        Refusal::Over => StatusCode::CONFLICT,
        Refusal::Full => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    failure(status, &refusal.to_string())
}

fn not(allowed: &'static str) -> Answer {
    let mut response = failure(StatusCode::METHOD_NOT_ALLOWED, "not like that");
    let allowed = HeaderValue::from_static(allowed);
    response.headers_mut().insert(ALLOW, allowed);
    response
}

fn failure(status: StatusCode, why: &str) -> Answer {
    answer(status, &json!({ "error": why }))
}

fn answer(status: StatusCode, value: &Value) -> Answer {
    let content = Content::Whole(Some(value.to_string().into()));
    respond(status, "application/json", content)
}

fn whole(kind: &'static str, bytes: Bytes) -> Answer {
    respond(StatusCode::OK, kind, Content::Whole(Some(bytes)))
}

fn respond(status: StatusCode, kind: &'static str, content: Content) -> Answer {
    let mut response = Response::new(content);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
