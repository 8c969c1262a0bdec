//! The layer that makes an operation of each request.

use crate::app::{App, why};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cancel_tokio::{Cancelled, Reason};

/// Runs a handler as an operation, which the handler gets as an
/// [`Extension<Cx>`](axum::Extension).
///
/// If the client leaves, hyper drops this future (as soon as it reads on: so not for a client that has sent
/// its next request already, and left then, which is what the deadline is for), and with it the run: the operation
/// is cancelled, with reason *dropped*. What then still happens: the body is dropped, its callbacks are called
/// (here: the line in the log), and its token tells whatever follows it.
pub(crate) async fn as_operation(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let name = format!("{} {}", request.method(), request.uri().path());
    let op = app.enter(app.operation(name));
    let answered = op.run(async move |cx| {
        request.extensions_mut().insert(cx.clone());
        next.run(request).await
    });
    answered.await.unwrap_or_else(refused)
}

/// The answer to a client that has waited in vain.
fn refused(cancelled: Cancelled) -> Response {
    let status = match cancelled.root_reason() {
        Reason::Timeout => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, format!("{}\n", why(&cancelled))).into_response()
}
