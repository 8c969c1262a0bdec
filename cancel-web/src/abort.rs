//! Tokens linked to `AbortSignal`s, one way each. Both ways together do not go in circles: the second
//! abort or cancel finds it done, and does nothing.

use crate::local::Local;
use crate::reason::{cause_of, js_error};
use cancel_core::{CancelToken, Cancelled, Cause, DropGuard, Reason, Registration};
use cancel_std::Source;
use std::fmt;
use std::sync::Arc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, AbortSignal};

/// Token to signal: aborts when the token is cancelled.
///
/// The signal is for `fetch`, event listeners, streams: whatever takes one in JavaScript. It is aborted
/// before [`cancel`](cancel_core::Token::cancel) returns, at once if the token is cancelled already,
/// with what [`js_error`] makes of the cancelation.
///
/// Dropping this ends the link: the signal is not aborted any more. So it is to be held for as long as
/// the work goes on, also while the body of a response is read. [`abortable`](crate::abortable) does.
///
/// # Threads
///
/// Where the program has several (wasm with atomics), a token may be cancelled on another one. A signal
/// can only be aborted on its own, so that is then done by a task of its event loop, soon after
/// `cancel` has returned.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), cancel_web::WebError> {
/// use cancel_web::{AbortOnCancel, CancelToken, fetch};
/// use wasm_bindgen_futures::JsFuture;
///
/// let stop = CancelToken::new();
/// let link = AbortOnCancel::new(&stop);
/// let response = fetch("/report", Default::default(), link.signal()).await?;
/// stop.cancel_with("not needed any more"); // closes the connection
/// assert!(JsFuture::from(response.text()?).await.is_err());
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it ends the link"]
pub struct AbortOnCancel {
    controller: AbortController,
    signal: AbortSignal,
    // First out of the token, then out of the table (the callback has a handle of its own).
    _registration: Registration<CancelToken>,
    _elsewhere: Option<DropGuard<CancelToken>>,
    _local: Arc<Local<AbortController>>,
}

impl AbortOnCancel {
    /// A link to a signal of its own.
    ///
    /// # Panics
    ///
    /// If the environment has no `AbortController`. (Browsers have it since 2019, Node since 15.)
    /// [`link`](AbortOnCancel::link) is given one, and does not panic.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use cancel_web::{AbortOnCancel, CancelToken};
    ///
    /// let stop = CancelToken::new();
    /// let link = AbortOnCancel::new(&stop);
    /// stop.cancel();
    /// assert!(link.signal().aborted());
    /// ```
    pub fn new(token: &CancelToken) -> Self {
        let controller = AbortController::new().expect_throw("there is no AbortController here");
        Self::link(token, controller)
    }

    /// A link to a controller that others may use, too.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn example() -> Result<(), wasm_bindgen::JsValue> {
    /// use cancel_web::{AbortOnCancel, CancelToken};
    /// use web_sys::AbortController;
    ///
    /// let (stop, controller) = (CancelToken::new(), AbortController::new()?);
    /// let link = AbortOnCancel::link(&stop, controller.clone());
    /// stop.cancel();
    /// assert!(controller.signal().aborted());
    /// # Ok(())
    /// # }
    /// ```
    pub fn link(token: &CancelToken, controller: AbortController) -> Self {
        let local = Arc::new(Local::new(controller.clone()));
        let here = local.clone();
        AbortOnCancel {
            signal: controller.signal(),
            _registration: token.on_cancel(move |cancelled| abort(&here, cancelled)),
            _elsewhere: cfg!(target_feature = "atomics").then(|| follow(token, &local)),
            _local: local,
            controller,
        }
    }

    /// The signal, to be given away.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use cancel_web::{AbortOnCancel, CancelToken};
    ///
    /// let stop = CancelToken::new();
    /// let link = AbortOnCancel::new(&stop);
    /// assert!(!link.signal().aborted());
    /// ```
    pub fn signal(&self) -> &AbortSignal {
        &self.signal
    }

    /// Aborts the signal, and leaves the token alone.
    pub(crate) fn abort_with(&self, cause: impl Into<Cause>) {
        abort_now(&self.controller, &Cancelled::from(cause.into()));
    }
}

/// Does nothing on other threads.
fn abort(controller: &Local<AbortController>, cancelled: &Cancelled) {
    if let Some(controller) = controller.get() {
        abort_now(&controller, cancelled);
    }
}

/// Listeners run inside. What they throw goes to the environment, not to us.
fn abort_now(controller: &AbortController, cancelled: &Cancelled) {
    if !controller.signal().aborted() {
        controller.abort_with_reason(&js_error(cancelled));
    }
}

/// The same by a task of this thread, for tokens that are cancelled on another. Ends with the guard.
fn follow(token: &CancelToken, controller: &Arc<Local<AbortController>>) -> DropGuard<CancelToken> {
    let over = CancelToken::new();
    let (stop, token, controller) = (over.clone(), token.cancelled_owned(), controller.clone());
    spawn_local(async move {
        if let Ok(cancelled) = stop.run_until_cancelled(token).await {
            abort(&controller, &cancelled);
        }
    });
    over.drop_guard()
}

impl fmt::Debug for AbortOnCancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortOnCancel")
            .field("aborted", &self.signal.aborted())
            .finish_non_exhaustive()
    }
}

/// Signal to token: cancels when the signal is aborted.
///
/// The token is cancelled before `abort` returns, at once if the signal is aborted already, with what
/// [`cause_of`] makes of the signal's reason. So `AbortSignal.timeout()` gives [`Reason::Timeout`].
///
/// Dropping this ends the link: it takes the listener from the signal.
///
/// Node does not stay for the timer of `AbortSignal.timeout()` alone: if nothing else is to come, it ends.
///
/// # Examples
///
/// A function that JavaScript calls with a signal, in the way of its own:
///
/// ```no_run
/// use cancel_web::{CancelOnAbort, Cancelable, WebError};
/// use std::time::Duration;
/// use wasm_bindgen::prelude::*;
/// use web_sys::AbortSignal;
///
/// #[wasm_bindgen]
/// pub async fn work(signal: AbortSignal) -> Result<u32, WebError> {
///     let link = CancelOnAbort::new(&signal);
///     let op = Cancelable::with_token(link.token()).name("work");
///     let work = op.run(async |cx| {
///         cx.sleep(Duration::from_millis(200)).await;
///         5
///     });
///     Ok(work.await?)
/// }
/// ```
#[must_use = "dropping it ends the link"]
pub struct CancelOnAbort {
    token: CancelToken,
    /// `None`: it was aborted before.
    _listener: Option<Listener>,
}

impl CancelOnAbort {
    /// A link to a token of its own.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use cancel_web::{CancelOnAbort, Reason};
    /// use web_sys::AbortSignal;
    ///
    /// let link = CancelOnAbort::new(&AbortSignal::abort());
    /// assert!(link.token().is_cancelled());
    /// ```
    pub fn new(signal: &AbortSignal) -> Self {
        Self::link(signal, &CancelToken::new())
    }

    /// A link to a token that others may cancel, too.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn example() -> Result<(), wasm_bindgen::JsValue> {
    /// use cancel_web::{CancelOnAbort, CancelToken};
    /// use web_sys::AbortController;
    ///
    /// let (stop, controller) = (CancelToken::new(), AbortController::new()?);
    /// let link = CancelOnAbort::link(&controller.signal(), &stop);
    /// controller.abort();
    /// assert!(stop.is_cancelled());
    /// # Ok(())
    /// # }
    /// ```
    pub fn link(signal: &AbortSignal, token: &CancelToken) -> Self {
        let listener = if signal.aborted() {
            cancel(signal, token);
            None
        } else {
            Some(Listener::new(signal, token))
        };
        CancelOnAbort {
            token: token.clone(),
            _listener: listener,
        }
    }

    /// The token, to be followed, cloned, given to operations.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn example(signal: web_sys::AbortSignal) {
    /// use cancel_web::{CancelOnAbort, Cancelable};
    ///
    /// let link = CancelOnAbort::new(&signal);
    /// let op = Cancelable::with_token(link.token());
    /// # }
    /// ```
    pub fn token(&self) -> &CancelToken {
        &self.token
    }
}

fn cancel(signal: &AbortSignal, token: &CancelToken) {
    token.cancel_with(cause_of(&signal.reason()));
}

impl fmt::Debug for CancelOnAbort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelOnAbort")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// A listener, until it is dropped.
struct Listener {
    signal: AbortSignal,
    listen: Closure<dyn Fn()>,
}

impl Listener {
    fn new(signal: &AbortSignal, token: &CancelToken) -> Self {
        let (aborted, token) = (signal.clone(), token.clone());
        let listen = Closure::<dyn Fn()>::new(move || cancel(&aborted, &token));
        // It throws for arguments of wrong types only.
        let added =
            signal.add_event_listener_with_callback("abort", listen.as_ref().unchecked_ref());
        debug_assert_eq!(added, Ok(()));
        Listener {
            signal: signal.clone(),
            listen,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let listen = self.listen.as_ref().unchecked_ref();
        let removed = self
            .signal
            .remove_event_listener_with_callback("abort", listen);
        debug_assert_eq!(removed, Ok(()));
    }
}

/// An aborted signal as a source of operations, as by [`CancelOnAbort`].
///
/// It listens while the operation runs, and is seen in its next turn. (The token of a [`CancelOnAbort`] is
/// cancelled before `abort` returns.) If it is given to an operation that runs on another thread, where the
/// signal is out of reach, that is cancelled at once, with [`Reason::Error`].
///
/// # Examples
///
/// ```no_run
/// # async fn example() {
/// use cancel_web::{Cancelable, Reason, abort_source};
/// use web_sys::AbortSignal;
///
/// let op = Cancelable::new().source(abort_source(&AbortSignal::timeout_with_u32(5)));
/// let result = op.run(async |_| std::future::pending::<()>().await).await;
/// assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
/// # }
/// ```
pub fn abort_source<R: cancel_std::Runtime>(signal: &AbortSignal) -> Source<R> {
    let signal = Local::new(signal.clone());
    Source::future_with(move |_| {
        let link = signal.get().map(|signal| CancelOnAbort::new(&signal));
        let token = link.as_ref().map(|link| link.token.clone());
        let _link = link.map(Local::new);
        async move {
            let _link = _link;
            match token {
                Some(token) => Cause::from(token.cancelled_owned().await),
                None => (Reason::Error, "an abort signal of another thread").into(),
            }
        }
    })
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use super::follow;
    use crate::local::Local;
    use crate::runtime::Web;
    use cancel_core::{CancelToken, Timer};
    use std::sync::Arc;
    use std::time::Duration;
    use wasm_bindgen_test::wasm_bindgen_test;
    use web_sys::AbortController;

    async fn turn() {
        Web.sleep(Duration::from_millis(1)).await.unwrap();
    }

    /// Where there are threads, this is how a cancel of another one arrives.
    #[wasm_bindgen_test]
    async fn a_task_aborts_for_other_threads() {
        let (token, controller) = (CancelToken::new(), AbortController::new().unwrap());
        let local = Arc::new(Local::new(controller.clone()));
        let guard = follow(&token, &local);
        turn().await;
        token.cancel_with("elsewhere");
        turn().await;
        assert!(controller.signal().aborted());
        assert_eq!(Arc::strong_count(&local), 1); // the task is over
        drop(guard);
    }

    #[wasm_bindgen_test]
    async fn and_ends_with_its_link() {
        let (token, controller) = (CancelToken::new(), AbortController::new().unwrap());
        let local = Arc::new(Local::new(controller.clone()));
        drop(follow(&token, &local));
        turn().await;
        assert_eq!(Arc::strong_count(&local), 1);
        token.cancel();
        turn().await;
        assert!(!controller.signal().aborted());
    }
}
