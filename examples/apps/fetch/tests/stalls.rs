//! The client against servers that stall: what it says, what it closes, and when it stops.

use cancel_smol::{CancelToken, Cancelable, Operation, Reason};
use fetch::client::{FetchError, Page, get, parse};
use fetch::retry::Retry;
use fetch::server::{Clogged, Server};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Generous: reached only by a failure.
const BOUND: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(50);

fn within_bound<T>(test: impl AsyncFnOnce() -> T) -> T {
    let op = Cancelable::with_timeout(BOUND);
    smol::block_on(op.run(async |_| test().await)).expect("it ends in time")
}

async fn call(url: &str, timeout: Duration) -> Result<Page, FetchError> {
    let op = Cancelable::with_timeout(timeout).build();
    get(&op, &parse(url).unwrap()).await
}

#[track_caller]
fn assert_timed_out(result: Result<Page, FetchError>, step: &str) {
    let error = result.unwrap_err();
    match &error {
        FetchError::Cancelled(why, Some(found)) => {
            assert_eq!(why.reason(), Reason::Timeout);
            assert_eq!(found, step);
        }
        other => panic!("{other:?}"),
    }
    assert!(error.is_temporary());
}

#[test]
fn a_page_comes_whole() {
    within_bound(async || {
        let server = Server::start().await.unwrap();
        let page = call(&server.url("/"), BOUND).await.unwrap();
        assert_eq!(page.status, 200);
        assert!(page.body.starts_with(b"Hello from a server"));
        assert!(page.body.ends_with(b".\n"));
        server.stop().await;
    });
}

/// (Windows refuses who does not fit into the queue.)
#[cfg(unix)]
#[test]
fn a_stall_in_connect_is_cut_off() {
    within_bound(async || {
        let clogged = Clogged::start().await.unwrap();
        let result = call(&clogged.url("/").unwrap(), SHORT).await;
        assert_timed_out(result, "connecting");
    });
}

#[test]
fn a_stall_before_the_headers_is_cut_off_and_the_connection_closed() {
    within_bound(async || {
        let server = Server::start().await.unwrap();
        let result = call(&server.url("/headers"), SHORT).await;
        assert_timed_out(result, "waiting for the headers");
        assert_eq!(server.hang_up().await.as_deref(), Some("/headers"));
        server.stop().await;
    });
}

/// A call of `/body` that has got what there is of it.
async fn stalled(server: &Server) -> (Operation, smol::Task<Result<Page, FetchError>>) {
    let url = server.url("/body");
    let (begun, begins) = smol::channel::unbounded();
    let op = Cancelable::new()
        .on_progress(move |progress| {
            if progress.message().ends_with("1024 bytes") {
                let _ = begun.try_send(());
            }
        })
        .build();
    let handle = op.clone();
    let call = smol::spawn(async move { get(&op, &parse(&url).unwrap()).await });
    begins.recv().await.unwrap();
    (handle, call)
}

#[test]
fn a_stall_in_the_body_is_cut_off_and_the_connection_closed() {
    within_bound(async || {
        let server = Server::start().await.unwrap();
        let (op, call) = stalled(&server).await;
        assert!(op.set_timeout(Duration::ZERO));
        assert_timed_out(call.await, "waiting for more than 1024 bytes");
        assert_eq!(server.hang_up().await.as_deref(), Some("/body"));
        server.stop().await;
    });
}

#[test]
fn stopping_the_server_ends_the_stalled_calls() {
    within_bound(async || {
        let server = Server::start().await.unwrap();
        let (_, call) = stalled(&server).await;
        server.stop().await;
        let error = call.await.unwrap_err();
        assert!(matches!(error, FetchError::Http(_)), "{error:?}");
    });
}

const IMPATIENT: Retry = Retry {
    attempts: 3,
    timeout: BOUND,
    pause: Duration::from_millis(1),
    longest: Duration::from_millis(2),
};

/// What there is, and the reports of the failures before.
async fn retried(
    retry: Retry,
    op: Cancelable,
    url: &str,
) -> (Result<Page, FetchError>, Vec<String>) {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let heard = reports.clone();
    let op = op.on_progress(move |progress| {
        if progress.message().starts_with("attempt") {
            heard.lock().unwrap().push(progress.message().to_string());
        }
    });
    let url = parse(url).unwrap();
    let result = op.try_run(async |cx| retry.get(cx, &url).await).await;
    let reports = reports.lock().unwrap().clone();
    (result, reports)
}

#[test]
fn the_third_call_succeeds_and_two_are_not_enough() {
    within_bound(async || {
        let server = Server::start().await.unwrap();
        let url = server.url("/flaky");
        let (result, reports) = retried(IMPATIENT, Cancelable::new(), &url).await;
        assert_eq!(result.unwrap().status, 200);
        assert_eq!(reports.len(), 2, "{reports:?}");
        assert!(reports[1].starts_with("attempt 2: the server answered 503"));

        let two = Retry {
            attempts: 2,
            ..IMPATIENT
        };
        let (result, reports) = retried(two, Cancelable::new(), &url).await;
        let error = result.unwrap_err();
        assert!(matches!(error, FetchError::Status(status) if status == 503));
        assert_eq!(reports.len(), 1, "{reports:?}");
        server.stop().await;
    });
}

#[test]
fn what_is_final_is_not_tried_again() {
    within_bound(async || {
        let server = Server::start().await.unwrap();
        let url = server.url("/nowhere");
        let (result, reports) = retried(IMPATIENT, Cancelable::new(), &url).await;
        let error = result.unwrap_err();
        assert!(matches!(error, FetchError::Status(status) if status == 404));
        assert_eq!(reports, [""; 0]);
        server.stop().await;
    });
}

#[test]
fn each_call_has_its_own_time_and_no_more_than_the_whole() {
    within_bound(async || {
        let server = Server::start().await.unwrap();
        let url = server.url("/headers");
        let short = Retry {
            timeout: SHORT / 2,
            ..IMPATIENT
        };
        let (result, reports) = retried(short, Cancelable::new(), &url).await;
        assert_timed_out(result, "waiting for the headers");
        assert_eq!(reports.len(), 2, "{reports:?}");

        let (result, reports) = retried(IMPATIENT, Cancelable::with_timeout(SHORT), &url).await;
        let error = result.unwrap_err();
        assert!(
            matches!(&error, FetchError::Cancelled(why, _) if why.reason() == Reason::Timeout),
            "{error:?}"
        );
        assert_eq!(reports, [""; 0]);
        server.stop().await;
    });
}

#[test]
fn a_pause_ends_at_once_when_it_is_cancelled() {
    within_bound(async || {
        let server = Server::start().await.unwrap();
        let stop = CancelToken::new();
        let button = stop.clone();
        // Pressed in the pause: the report comes right before it.
        let op = Cancelable::with_token(&stop).on_progress(move |progress| {
            if progress.message().starts_with("attempt 1") {
                let button = button.clone();
                std::thread::spawn(move || button.cancel_with("user pressed stop"));
            }
        });
        let hour = Duration::from_secs(3600);
        let patient = Retry {
            pause: hour,
            longest: hour,
            ..IMPATIENT
        };
        let begun = Instant::now();
        let (result, reports) = retried(patient, op, &server.url("/down")).await;
        assert!(begun.elapsed() < BOUND);
        match result.unwrap_err() {
            FetchError::Cancelled(why, _) => assert_eq!(why.message(), Some("user pressed stop")),
            other => panic!("{other:?}"),
        }
        assert_eq!(reports.len(), 1, "{reports:?}");
        server.stop().await;
    });
}

#[test]
fn bad_addresses_are_refused_with_a_reason() {
    for (url, why) in [
        ("https://example.org/", "only http"),
        ("example.org", "http:// is missing"),
        ("http://a b/", "bad URL"),
        ("", "bad URL"),
    ] {
        let error = parse(url).unwrap_err();
        assert!(error.to_string().contains(why), "{url}: {error}");
        assert!(!error.is_temporary());
    }
}
