//! Functions with `io::Result`.

use super::support::LONG;
use cancel_std::{CancelToken, Cancelled, Cx, Reason, cancelable};
use std::io::{self, ErrorKind};
use std::time::Duration;

#[cancelable(timeout = "5ms")]
async fn waits(cx: &Cx) -> io::Result<()> {
    cx.sleep(LONG).await;
    Ok(())
}

#[cancelable(token = stop)]
async fn follows(cx: &Cx, stop: CancelToken) -> io::Result<u32> {
    cx.check()?;
    Ok(5)
}

#[cancelable(token = stop)]
fn blocks(cx: &Cx, stop: &CancelToken) -> io::Result<u32> {
    stop.cancel_with("stop");
    cx.sleep_blocking(Duration::from_secs(1))?;
    Ok(5)
}

#[cancelable]
async fn fails() -> std::io::Result<()> {
    Err(ErrorKind::NotFound.into())
}

fn cancelled(error: &io::Error) -> &Cancelled {
    Cancelled::from_io(error).expect("it was cancelled")
}

#[test]
fn x31_functions_with_an_io_result() {
    let late = smol::block_on(waits()).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    assert_eq!(cancelled(&late).reason(), Reason::Timeout);

    let stop = CancelToken::new();
    assert_eq!(smol::block_on(follows(stop.clone())).unwrap(), 5);
    let stopped = blocks(&stop).unwrap_err();
    assert_eq!(stopped.kind(), ErrorKind::Other);
    assert_eq!(cancelled(&stopped).message(), Some("stop"));
    let refused = smol::block_on(follows(stop)).unwrap_err();
    assert_eq!(cancelled(&refused).message(), Some("stop"));

    let failed = smol::block_on(fails()).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::NotFound);
    assert!(Cancelled::from_io(&failed).is_none());
}
