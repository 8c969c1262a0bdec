//! An error of a task, until the group returns it.

use super::output::AnyError;
use cancel_core::{Cancelled, Cause, Reason};
use std::any::{Any, TypeId};
use std::error::Error;

/// The error of the task that failed first.
pub(super) struct Failure {
    error: Box<dyn Any + Send>,
    boxed: fn(Box<dyn Any + Send>) -> AnyError,
    /// With the name of its task.
    text: String,
}

impl Failure {
    pub(super) fn new<X: Into<AnyError> + Send + 'static>(error: X, text: String) -> Self {
        Failure {
            error: Box::new(error),
            boxed: |error| match error.downcast::<X>() {
                Ok(error) => (*error).into(),
                Err(_) => "an error of another type".into(), // (not reached)
            },
            text,
        }
    }

    /// For who knows its type.
    pub(super) fn error(&self) -> &dyn Any {
        &*self.error
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The error as the group returns it: itself, if that is of this type, or boxed, or as the source of a
    /// [`Cancelled`].
    pub(super) fn into_error<E: From<Cancelled> + 'static>(self) -> E {
        let error = match self.error.downcast::<E>() {
            Ok(error) => return *error,
            Err(error) => (self.boxed)(error),
        };
        let error = match cast::<AnyError, E>(error) {
            Ok(error) => return error,
            Err(error) => error,
        };
        if TypeId::of::<E>() == TypeId::of::<Box<dyn Error>>() {
            let error: Box<dyn Error> = error;
            if let Ok(error) = cast::<Box<dyn Error>, E>(error) {
                return error;
            }
            unreachable!("the types are the same");
        }
        match error.downcast::<Cancelled>() {
            Ok(cancelled) => E::from(*cancelled),
            Err(error) => {
                let cause = Cause::new(Reason::Error).with_message(self.text);
                E::from(Cancelled::from(cause.with_error(error)))
            }
        }
    }
}

/// `error` as a `B`, if it is one.
fn cast<A: 'static, B: 'static>(error: A) -> Result<B, A> {
    let mut error = Some(error);
    let any: &mut dyn Any = &mut error;
    let same = any.downcast_mut::<Option<B>>().and_then(Option::take);
    match (same, error) {
        (Some(same), _) => Ok(same),
        (None, Some(error)) => Err(error),
        (None, None) => unreachable!("taken only if the types are the same"),
    }
}

/// Whether the error of a task that is cancelled only says so.
pub(super) fn is_cancelation<X: 'static>(error: &X, text: &str, why: &Cancelled) -> bool {
    let error: &dyn Any = error;
    let boxed = error.downcast_ref::<AnyError>();
    let io = error.downcast_ref::<std::io::Error>();
    error.is::<Cancelled>()
        || boxed.is_some_and(|error| error.is::<Cancelled>())
        || io
            .and_then(std::io::Error::get_ref)
            .is_some_and(|error| error.is::<Cancelled>())
        // An error type of the user's, which shows the cancelation as it is.
        || why.to_string() == text
}
