//! One call: connect, send, read. Whoever drops it closes the connection, wherever it stalls.

use cancel_smol::{Cancelled, Cx, Operation, Reason};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST};
use hyper::{Request, StatusCode, Uri};
use smol::net::TcpStream;
use smol_hyper::rt::FuturesIo;
use std::fmt;
use std::io;

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Page {
    /// A good one.
    pub status: StatusCode,
    /// All of it.
    pub body: Vec<u8>,
}

/// Why there is no page.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// That is no address this client can ask.
    Url(String),
    /// There is no connection.
    Connect(io::Error),
    /// The connection broke, or what came over it is not HTTP.
    Http(hyper::Error),
    /// The server says no.
    Status(StatusCode),
    /// Time is up, or somebody said stop; and in which step that was.
    Cancelled(Cancelled, Option<String>),
}

impl FetchError {
    /// Whether the next call may go better.
    pub fn is_temporary(&self) -> bool {
        match self {
            FetchError::Url(_) => false,
            FetchError::Connect(_) | FetchError::Http(_) => true,
            FetchError::Status(status) => status.is_server_error(),
            FetchError::Cancelled(why, _) => why.reason() == Reason::Timeout,
        }
    }
}

impl From<Cancelled> for FetchError {
    fn from(why: Cancelled) -> Self {
        FetchError::Cancelled(why, None)
    }
}

impl From<hyper::Error> for FetchError {
    fn from(error: hyper::Error) -> Self {
        FetchError::Http(error)
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::Url(why) => write!(f, "bad URL: {why}"),
            FetchError::Connect(error) => write!(f, "cannot connect: {error}"),
            FetchError::Http(error) => write!(f, "bad answer: {error}"),
            FetchError::Status(status) => write!(f, "the server answered {status}"),
            FetchError::Cancelled(why, Some(step)) => write!(f, "{why}, while {step}"),
            FetchError::Cancelled(why, None) => why.fmt(f),
        }
    }
}

impl std::error::Error for FetchError {}

/// `text` as the address of a page, for plain HTTP.
///
/// # Errors
///
/// [`FetchError::Url`], which says what is wrong with it.
pub fn parse(text: &str) -> Result<Uri, FetchError> {
    let url: Uri = match text.parse() {
        Ok(url) => url,
        Err(error) => return Err(FetchError::Url(format!("{text}: {error}"))),
    };
    match (url.scheme_str(), url.host()) {
        (Some("http"), Some(_)) => Ok(url),
        (Some(scheme), _) => Err(FetchError::Url(format!(
            "{text}: only http is spoken here, not {scheme}"
        ))),
        (None, _) => Err(FetchError::Url(format!("{text}: http:// is missing"))),
    }
}

/// Gets a page. `op` says how much time there is, and who may stop it; it has not run yet.
///
/// # Errors
///
/// Everything but a status of 200 to 299 is one.
pub async fn get(op: &Operation, url: &Uri) -> Result<Page, FetchError> {
    let result = op.try_run(async |cx| request(cx, url).await).await;
    result.map_err(|error| match error {
        // The last report says where it stopped.
        FetchError::Cancelled(why, None) => {
            let context = op.context();
            let step = context.progress().map(|step| step.message().to_string());
            FetchError::Cancelled(why, step)
        }
        error => error,
    })
}

async fn request(cx: &Cx, url: &Uri) -> Result<Page, FetchError> {
    let host = url.host().unwrap_or_default();
    let port = url.port_u16().unwrap_or(80);
    cx.report_progress("connecting");
    // (An IPv6 address stands in brackets, which the resolver does not want.)
    let address = (host.trim_matches(['[', ']']), port);
    let stream = TcpStream::connect(address)
        .await
        .map_err(FetchError::Connect)?;
    let (mut sender, connection) = http1::handshake(FuturesIo::new(stream)).await?;

    // hyper wants its connection polled beside the call. In the same future, and not in a task: so it
    // is closed when this is dropped, and not some time later.
    let connection = async {
        let _ = connection.await; // its errors come out of the call, too
        std::future::pending().await
    };
    let call = async {
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::get(path)
            // (Without the name and the password that an address may have.)
            .header(
                HOST,
                match url.port_u16() {
                    Some(port) => format!("{host}:{port}"),
                    None => host.into(),
                },
            )
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|error| FetchError::Url(error.to_string()))?;
        cx.report_progress("waiting for the headers");
        let response = sender.send_request(request).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(FetchError::Status(status));
        }
        let mut incoming = response.into_body();
        let mut body = Vec::new();
        cx.report_progress("waiting for the body");
        while let Some(frame) = incoming.frame().await {
            if let Ok(data) = frame?.into_data() {
                body.extend_from_slice(&data);
                cx.report_progress(format!("waiting for more than {} bytes", body.len()));
            }
        }
        Ok(Page { status, body })
    };
    smol::future::or(call, connection).await
}
