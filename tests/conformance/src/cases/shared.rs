//! Tokens on the heap: clones, children, and those that follow others.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::ms;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use cancel_core::{CancelFutureExt, CancelStreamExt, CancelToken, Cause, Reason, Timer};
use core::error::Error;
use core::fmt;
use core::future::{Future, pending, poll_fn};
use core::pin::pin;
use core::task::Poll;
use futures_util::future::join;
use futures_util::{StreamExt, stream};
use portable_atomic_util::Arc;

/// A clone is the same token; a handle that is dropped cancels nothing.
pub async fn clones_are_one_token<R: Timer>(_: &R) -> Outcome {
    let token = CancelToken::new();
    let clone = token.clone();
    ensure!(clone == token);
    ensure!(clone.id() == token.id());
    ensure!(CancelToken::new() != token);
    drop(token.clone());
    ensure!(!token.is_cancelled());
    ensure!(clone.cancel());
    ensure!(token.is_cancelled());
    Ok(())
}

/// A child is cancelled with its parent, not the other way round, and not with its siblings.
pub async fn a_child_is_cancelled_with_its_parent<R: Timer>(_: &R) -> Outcome {
    let parent = CancelToken::new();
    let (one, two) = (parent.child(), parent.child());
    one.cancel_with(Reason::Error);
    ensure!(!parent.is_cancelled());
    ensure!(!two.is_cancelled());
    parent.cancel_with("over");
    let cancelled = two.cancelled().await;
    ensure!(cancelled.reason() == Reason::Parent);
    ensure!(cancelled.root_reason() == Reason::Manual);
    ensure!(cancelled.message() == Some("over"));
    ensure!(one.cause().is_some_and(|why| why.reason() == Reason::Error));
    ensure!(parent.child().is_cancelled());
    Ok(())
}

/// When the tokens between are gone, the root still cancels what is below.
pub async fn the_root_adopts_grandchildren<R: Timer>(runtime: &R) -> Outcome {
    let root = CancelToken::new();
    let middle = root.child();
    let leaf = middle.child().child();
    drop(middle);
    ensure!(!leaf.is_cancelled());
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && root.cancel_with(Reason::Shutdown) };
    let (cancelled, won) = join(leaf.cancelled(), cancel).await;
    ensure!(won);
    ensure!(cancelled.root_reason() == Reason::Shutdown);
    Ok(())
}

/// A chain of a thousand generations, of which only the last is kept, still hears of the first.
pub async fn a_long_chain_hears_of_its_root<R: Timer>(_: &R) -> Outcome {
    let root = CancelToken::new();
    let mut last = root.child();
    for _ in 0..1000 {
        last = last.child();
    }
    ensure!(!last.is_cancelled());
    root.cancel_with(Reason::Condition);
    ensure!(last.cancelled().await.root_reason() == Reason::Condition);
    Ok(())
}

/// A token that follows several is cancelled with the first of them, whose cause it takes over.
pub async fn any_follows_the_first<R: Timer>(runtime: &R) -> Outcome {
    let (one, two, three) = (CancelToken::new(), CancelToken::new(), CancelToken::new());
    let any = CancelToken::any([&one, &two, &three]);
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && two.cancel_with("two") };
    let (cancelled, won) = join(any.cancelled(), cancel).await;
    ensure!(won);
    ensure!(cancelled.message() == Some("two"));
    ensure!(!cancelled.is_inherited());
    ensure!(!one.is_cancelled() && !three.is_cancelled());
    Ok(())
}

/// A token that follows all of several is cancelled with the last of them.
pub async fn all_follows_the_last<R: Timer>(_: &R) -> Outcome {
    let (one, two, three) = (CancelToken::new(), CancelToken::new(), CancelToken::new());
    let all = CancelToken::all([&one, &two, &three]);
    three.cancel_with("three");
    one.cancel_with("one");
    ensure!(!all.is_cancelled());
    two.cancel_with("two");
    ensure!(all.cancelled().await.message() == Some("two"));
    Ok(())
}

/// Of no tokens at all, both are live tokens of their own; of cancelled ones, they are cancelled.
pub async fn of_none_and_of_cancelled_ones<R: Timer>(_: &R) -> Outcome {
    for token in [
        CancelToken::any::<&CancelToken>([]),
        CancelToken::all::<&CancelToken>([]),
    ] {
        ensure!(!token.is_cancelled());
        ensure!(token.cancel());
    }
    let gone = CancelToken::new();
    gone.cancel_with(Reason::Error);
    ensure!(CancelToken::any([&CancelToken::new(), &gone]).is_cancelled());
    ensure!(CancelToken::all([&gone]).is_cancelled());
    ensure!(!CancelToken::all([&CancelToken::new(), &gone]).is_cancelled());
    Ok(())
}

/// They nest, and have children; what follows cancels none of its sources.
pub async fn followers_nest<R: Timer>(_: &R) -> Outcome {
    let (one, two, three) = (CancelToken::new(), CancelToken::new(), CancelToken::new());
    let both = CancelToken::all([&one, &two]);
    let either = CancelToken::any([&both, &three]);
    let child = either.child();
    one.cancel();
    ensure!(!child.is_cancelled());
    two.cancel_with(Reason::Custom(2));
    ensure!(child.cancelled().await.root_reason() == Reason::Custom(2));
    ensure!(!three.is_cancelled());
    let other = CancelToken::any([&three]);
    other.cancel();
    ensure!(!three.is_cancelled());
    Ok(())
}

/// Followers and sources may go in any order; those that are left work on.
pub async fn followers_and_sources_come_and_go<R: Timer>(_: &R) -> Outcome {
    let (one, two) = (CancelToken::new(), CancelToken::new());
    drop(CancelToken::any([&one, &two]));
    drop(CancelToken::all([&two, &one]));
    let kept = CancelToken::any([&one, &two]);
    drop(one);
    ensure!(!kept.is_cancelled());
    two.cancel_with(Reason::Shutdown);
    ensure!(kept.cancelled().await.reason() == Reason::Shutdown);
    Ok(())
}

/// A child that also follows others inherits from its parent, and takes over from the others.
pub async fn a_child_may_follow_others<R: Timer>(_: &R) -> Outcome {
    let (parent, other) = (CancelToken::new(), CancelToken::new());
    let child = parent.child_following([&other]);
    other.cancel_with(Reason::Condition);
    ensure!(child.cancelled().await.reason() == Reason::Condition);
    let child = parent.child_following([&CancelToken::new()]);
    ensure!(!child.is_cancelled());
    parent.cancel_with(Reason::Shutdown);
    ensure!(child.cancelled().await.reason() == Reason::Parent);
    ensure!(child.cancelled().await.root_reason() == Reason::Shutdown);
    Ok(())
}

/// What is below a token can be cancelled without it: children, theirs, and children that follow
/// others as well. What only follows the token is not below.
pub async fn what_is_below_is_cancelled_alone<R: Timer>(_: &R) -> Outcome {
    let (token, other) = (CancelToken::new(), CancelToken::new());
    let any = CancelToken::any([&token]);
    let all = CancelToken::all([&token, &other]);
    ensure!(!token.cancel_children());
    let (child, mixed) = (token.child(), token.child_following([&other]));
    let (below, follower) = (mixed.child(), CancelToken::any([&child]));
    let adopted = token.child().child();
    ensure!(token.cancel_children_with("again"));
    for cancelled in [&child, &mixed, &below, &follower, &adopted] {
        let cause = cancelled.cause();
        ensure!(cause.as_ref().map(|it| it.reason()) == Some(Reason::Parent));
        ensure!(cause.as_ref().and_then(|it| it.message()) == Some("again"));
    }
    ensure!(!token.is_cancelled());
    ensure!(!other.is_cancelled());
    ensure!(!any.is_cancelled());
    let started = token.child();
    ensure!(!started.is_cancelled());
    other.cancel();
    ensure!(!all.is_cancelled());
    token.cancel();
    ensure!(all.is_cancelled());
    ensure!(any.is_cancelled());
    ensure!(started.is_cancelled());
    Ok(())
}

/// Many waits on the heap, with and without a handle of their own, are all woken.
pub async fn many_waits_are_woken<R: Timer>(runtime: &R) -> Outcome {
    let token = CancelToken::new();
    let mut waits: Vec<_> = (0..40)
        .map(|_| Box::pin(token.child().cancelled_owned()))
        .collect();
    let all = poll_fn(|cx| {
        waits.retain_mut(|wait| wait.as_mut().poll(cx).is_pending());
        match waits.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    });
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && token.cancel() };
    let ((), won) = join(all, cancel).await;
    ensure!(won);
    Ok(())
}

/// A message may be made at run time, and an error be the cause; both reach the children.
pub async fn messages_and_errors_come_through<R: Timer>(_: &R) -> Outcome {
    let token = CancelToken::new();
    let child = token.child();
    let cause = Cause::new(Reason::Error).with_message(format!("job {}", 7));
    token.cancel_with(cause.with_error("connection reset"));
    let cancelled = child.cancelled().await;
    ensure!(cancelled.message() == Some("job 7"));
    let source = cancelled.source().map(|error| format!("{error}"));
    ensure!(source.as_deref() == Some("connection reset"));
    ensure!(format!("{cancelled}") == "cancelled by parent (error): job 7");
    Ok(())
}

/// What a cause holds is dropped with the last token that has it.
pub async fn a_cause_goes_with_its_tokens<R: Timer>(_: &R) -> Outcome {
    #[derive(Debug)]
    struct Failed(#[allow(dead_code)] Arc<()>);
    impl fmt::Display for Failed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("failed")
        }
    }
    impl Error for Failed {}
    let held = Arc::new(());
    let error: Box<dyn Error + Send + Sync> = Box::new(Failed(Arc::clone(&held)));
    let token = CancelToken::new();
    let child = token.child();
    token.cancel_with(Cause::new(Reason::Error).with_error(error));
    drop(token);
    ensure!(Arc::strong_count(&held) == 2);
    ensure!(child.cancelled().await.source().is_some());
    drop(child);
    ensure!(Arc::strong_count(&held) == 1);
    Ok(())
}

/// A future may own the token that ends it.
pub async fn a_future_may_own_its_token<R: Timer>(runtime: &R) -> Outcome {
    let token = CancelToken::new();
    let run = pending::<()>().until_cancelled_owned(token.child());
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && token.cancel_with("stop") };
    let (result, won) = join(run, cancel).await;
    ensure!(won);
    ensure!(result.is_err_and(|why| why.message() == Some("stop")));
    Ok(())
}

/// So may a stream.
pub async fn a_stream_may_own_its_token<R: Timer>(runtime: &R) -> Outcome {
    let token = CancelToken::new();
    let silent = stream::pending::<u32>().take_until_cancelled_owned(token.child());
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && token.cancel() };
    let (count, won) = join(silent.count(), cancel).await;
    ensure!(won);
    ensure!(count == 0);
    Ok(())
}

/// A guard may own its token; one that is disarmed gives it back.
pub async fn a_guard_may_own_its_token<R: Timer>(_: &R) -> Outcome {
    let token = CancelToken::new();
    ensure!(token.clone().drop_guard().disarm() == token);
    ensure!(!token.is_cancelled());
    drop(token.clone().drop_guard());
    ensure!(token.cancelled().await.reason() == Reason::Dropped);
    Ok(())
}

/// A view that owns its token sees it, and gives children that may be cancelled.
pub async fn a_view_may_own_its_token<R: Timer>(runtime: &R) -> Outcome {
    let token = CancelToken::new();
    let view = token.view_owned();
    let own = view.child();
    own.cancel();
    ensure!(!view.is_cancelled());
    let cancel = async { runtime.sleep(ms(1)).await.is_ok() && token.cancel_with(Reason::Timeout) };
    let (cancelled, won) = join(view.cancelled_owned(), cancel).await;
    ensure!(won);
    ensure!(cancelled.reason() == Reason::Timeout);
    Ok(())
}

/// A handle of the token that is never cancelled is one more that is not.
pub async fn never_is_never<R: Timer>(_: &R) -> Outcome {
    let never = CancelToken::never();
    let follows = CancelToken::any([&never]);
    never.cancel();
    ensure!(!never.is_cancelled());
    ensure!(!never.may_be_cancelled());
    ensure!(!follows.is_cancelled());
    let mut run = pin!(pending::<()>().until_cancelled_owned(never));
    ensure!(crate::tools::poll_once(run.as_mut()).await.is_pending());
    Ok(())
}
