//! Calls that are made again when they fail, with pauses that grow.

use crate::client::{FetchError, Page, get};
use cancel_smol::Cx;
use hyper::Uri;
use std::time::Duration;

/// How often, and how patiently.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Calls in all. Zero counts as one.
    pub attempts: u32,
    /// The time for each of them.
    pub timeout: Duration,
    /// The first pause. Each further one is twice as long.
    pub pause: Duration,
    /// No pause is longer.
    pub longest: Duration,
}

impl Retry {
    /// Gets a page, in as many calls as it takes. For the body of `cx`, which limits the whole; its
    /// progress callbacks hear of the failures.
    ///
    /// A pause is an ordinary await. So it ends, and everything with it, as soon as `cx` is cancelled.
    ///
    /// # Errors
    ///
    /// That of the last call, or the first one that is final.
    pub async fn get(&self, cx: &Cx, url: &Uri) -> Result<Page, FetchError> {
        let mut pause = self.pause.min(self.longest);
        let mut attempt = 1;
        loop {
            // Has its own time, but no more than there is left.
            let call = cx.child().timeout(self.timeout).name("call").build();
            let error = match get(&call, url).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            // If it was not the call's time that was up, but that of the whole, it ends here.
            cx.check()?;
            if attempt >= self.attempts || !error.is_temporary() {
                return Err(error);
            }
            let seconds = pause.as_secs_f64();
            cx.report_progress(format!(
                "attempt {attempt}: {error}; the next in {seconds:.2} s"
            ));
            cx.sleep(pause).await;
            pause = pause.saturating_mul(2).min(self.longest);
            attempt += 1;
        }
    }
}
