//! What the expansion of `#[cancelable]` calls. Not for anybody else: it changes without notice.
//!
//! An adapter hands it on under this name, together with `Cancelable` and `Cancelled`.

pub use crate::operation::Cancelable;
pub use crate::registry::Registry;
pub use crate::source::condition::Condition;

use crate::basics::build_error::BuildError;
use crate::operation::{AsOperation, Cx, Operation, Runtime, Source};
use crate::signal::Signal;
use cancel_core::{CancelToken, Cause, Reason};

/// The operation to be set up, for a function that gets this context.
pub type CancelableOf<C> = Cancelable<<C as AsOperation>::Runtime>;

/// What can be given as `parent` or `child_of`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an operation",
    label = "expected an `Operation` or a `Cx`, a reference to one, or an `Option` of these",
    note = "a token goes to `token = ...`"
)]
pub trait Parent {
    /// That of the operation.
    type Runtime: Runtime;

    /// A new operation with this parent.
    fn linked(&self) -> Cancelable<Self::Runtime>;

    /// A new operation to run inside the body of this one.
    fn nested(&self) -> Cancelable<Self::Runtime>;
}

impl<R: Runtime> Parent for Operation<R> {
    type Runtime = R;

    fn linked(&self) -> Cancelable<R> {
        Cancelable::on(self.runtime().clone()).parent(self)
    }

    fn nested(&self) -> Cancelable<R> {
        self.child()
    }
}

impl<R: Runtime> Parent for Cx<R> {
    type Runtime = R;

    fn linked(&self) -> Cancelable<R> {
        self.as_operation().linked()
    }

    fn nested(&self) -> Cancelable<R> {
        self.child()
    }
}

impl<P: Parent> Parent for &P {
    type Runtime = P::Runtime;

    fn linked(&self) -> Cancelable<P::Runtime> {
        P::linked(self)
    }

    fn nested(&self) -> Cancelable<P::Runtime> {
        P::nested(self)
    }
}

/// Without one, an operation that stands alone.
impl<P: Parent<Runtime: Default>> Parent for Option<P> {
    type Runtime = P::Runtime;

    fn linked(&self) -> Cancelable<P::Runtime> {
        self.as_ref().map_or_else(Cancelable::new, P::linked)
    }

    fn nested(&self) -> Cancelable<P::Runtime> {
        self.as_ref().map_or_else(Cancelable::new, P::nested)
    }
}

/// What can be given as `source`.
pub trait AddTo<R> {
    /// Adds it. What could not be built ends the operation before it begins.
    fn add_to(self, op: Cancelable<R>) -> Cancelable<R>;
}

impl<R: Runtime, S: Into<Source<R>>> AddTo<R> for S {
    fn add_to(self, op: Cancelable<R>) -> Cancelable<R> {
        op.source(self)
    }
}

impl<R: Runtime, S: Into<Source<R>>> AddTo<R> for Result<S, BuildError> {
    fn add_to(self, op: Cancelable<R>) -> Cancelable<R> {
        match self {
            Ok(source) => op.source(source),
            Err(error) => refuse(op, error),
        }
    }
}

/// What can be given as `condition`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a condition",
    label = "expected `(predicate, interval)`, `(predicate, interval, description)` or a `Condition`"
)]
pub trait IntoCondition {
    /// As the constructors of `Condition` return it.
    fn into_condition(self) -> Result<Condition, BuildError>;
}

impl IntoCondition for Condition {
    fn into_condition(self) -> Result<Condition, BuildError> {
        Ok(self)
    }
}

impl IntoCondition for Result<Condition, BuildError> {
    fn into_condition(self) -> Result<Condition, BuildError> {
        self
    }
}

/// Adds a condition.
pub fn condition<R: Runtime>(op: Cancelable<R>, condition: impl IntoCondition) -> Cancelable<R> {
    condition.into_condition().add_to(op)
}

/// Adds signals.
pub fn signals<R, S>(op: Cancelable<R>, signals: S) -> Cancelable<R>
where
    R: Runtime,
    S: IntoIterator<Item: Into<Signal>>,
{
    Source::signals(signals).add_to(op)
}

/// Calls the closure given as `setup`, whose parameter needs no type by that.
pub fn set_up<R>(
    op: Cancelable<R>,
    setup: impl FnOnce(Cancelable<R>) -> Cancelable<R>,
) -> Cancelable<R> {
    setup(op)
}

/// Has it cancelled from the start, by a token: the body is not called, whoever observes the
/// operation hears of it, and the caller gets the error as the source of a `Cancelled`.
fn refuse<R: Runtime>(op: Cancelable<R>, error: BuildError) -> Cancelable<R> {
    let token = CancelToken::new();
    let cause = Cause::new(Reason::Error).with_message(error.to_string());
    token.cancel_with(cause.with_error(error));
    op.token(token)
}
