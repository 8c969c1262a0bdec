//! Children that are pinned where they are: trees without a heap.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{ms, poll_once};
use cancel_core::{Child, Reason, Timer, Token};
use core::pin::pin;
use futures_util::future::join;

/// A child is cancelled with its parent: its reason is *parent*, and the parent's stays readable.
pub async fn a_child_is_cancelled_with_its_parent<R: Timer>(_: &R) -> Outcome {
    let parent = Token::new();
    let child = pin!(Child::new(&parent));
    let child = child.enter();
    ensure!(!child.is_cancelled());
    parent.cancel_with(Reason::Shutdown);
    ensure!(child.is_cancelled());
    let cancelled = child.cancelled().await;
    ensure!(cancelled.reason() == Reason::Parent);
    ensure!(cancelled.root_reason() == Reason::Shutdown);
    ensure!(cancelled.is_inherited());
    ensure!(Some(cancelled.root_cause()) == parent.cause());
    Ok(())
}

/// A child that is cancelled leaves parent and siblings as they are, and keeps its own reason.
pub async fn a_child_cancels_nobody_else<R: Timer>(_: &R) -> Outcome {
    let parent = Token::new();
    let (one, two) = (pin!(Child::new(&parent)), pin!(Child::new(&parent)));
    let (one, two) = (one.enter(), two.enter());
    ensure!(one.cancel_with(Reason::Error));
    ensure!(!parent.is_cancelled());
    ensure!(!two.is_cancelled());
    parent.cancel_with(Reason::Shutdown);
    ensure!(one.cancelled().await.reason() == Reason::Error);
    ensure!(two.cancelled().await.root_reason() == Reason::Shutdown);
    Ok(())
}

/// A child of a cancelled parent is cancelled from the start.
pub async fn a_child_of_a_cancelled_parent_is_cancelled<R: Timer>(_: &R) -> Outcome {
    let parent = Token::new();
    parent.cancel_with(Reason::Timeout);
    let child = pin!(Child::new(&parent));
    let child = child.enter();
    ensure!(child.is_cancelled());
    ensure!(child.cancelled().await.root_reason() == Reason::Timeout);
    Ok(())
}

/// When a cancel returns, the whole tree below is cancelled, at any depth, with the first reason.
pub async fn the_whole_tree_is_cancelled<R: Timer>(_: &R) -> Outcome {
    let root = Token::new();
    let child = pin!(Child::new(&root));
    let child = child.enter();
    let left = pin!(Child::new(child));
    let left = left.enter();
    let right = pin!(Child::new(child));
    let right = right.enter();
    let leaf = pin!(Child::new(left));
    let leaf = leaf.enter();
    root.cancel_with(Reason::Custom(9));
    for token in [child, left, right, leaf] {
        ensure!(token.is_cancelled());
        ensure!(token.cancelled().await.reason() == Reason::Parent);
        ensure!(token.cancelled().await.root_reason() == Reason::Custom(9));
    }
    Ok(())
}

/// A wait for a grandchild is woken when the root is cancelled.
pub async fn the_root_wakes_those_who_wait_below<R: Timer>(runtime: &R) -> Outcome {
    let root = Token::new();
    let child = pin!(Child::new(&root));
    let child = child.enter();
    let grandchild = pin!(Child::new(child));
    let grandchild = grandchild.enter();
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && root.cancel() };
    let (cancelled, won) = join(grandchild.cancelled(), cancel).await;
    ensure!(won);
    ensure!(cancelled.reason() == Reason::Parent);
    Ok(())
}

/// Children may go in any order; those that are left are still cancelled.
pub async fn children_go_in_any_order<R: Timer>(_: &R) -> Outcome {
    let parent = Token::new();
    let mut first = pin!(Some(Child::new(&parent)));
    let mut second = pin!(Some(Child::new(&parent)));
    let mut third = pin!(Some(Child::new(&parent)));
    let last = pin!(Child::new(&parent));
    for child in [&mut first, &mut second, &mut third] {
        if let Some(child) = child.as_mut().as_pin_mut() {
            ensure!(!child.enter().is_cancelled());
        }
    }
    let last = last.enter();
    second.set(None);
    first.set(None);
    ensure!(parent.cancel());
    ensure!(last.is_cancelled());
    let third = third.as_mut().as_pin_mut();
    ensure!(third.is_some_and(|child| child.enter().is_cancelled()));
    Ok(())
}

/// Children that come and go leave their parent as it was.
pub async fn children_that_are_gone_leave_nothing<R: Timer>(_: &R) -> Outcome {
    let parent = Token::new();
    let mut wait = pin!(parent.cancelled());
    ensure!(poll_once(wait.as_mut()).await.is_pending());
    for turn in 0..32 {
        let child = pin!(Child::new(&parent));
        let child = child.enter();
        ensure!(!child.is_cancelled());
        ensure!(turn % 2 == 0 || child.cancel());
    }
    ensure!(!parent.is_cancelled());
    ensure!(parent.cancel());
    ensure!(poll_once(wait.as_mut()).await.is_ready());
    Ok(())
}

/// What is below a token can be cancelled without the token: again and again, and what waits for
/// the token itself goes on waiting.
pub async fn what_is_below_stops_and_starts_again<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let mut own = pin!(token.cancelled());
    ensure!(poll_once(own.as_mut()).await.is_pending());
    ensure!(!token.cancel_children());
    for _ in 0..3 {
        let child = pin!(Child::new(&token));
        let child = child.enter();
        let below = pin!(Child::new(child));
        let below = below.enter();
        let stop = async {
            let slept = runtime.sleep(ms(10)).await;
            slept.is_ok() && token.cancel_children_with(Reason::Shutdown)
        };
        let (cancelled, stopped) = join(below.cancelled(), stop).await;
        ensure!(stopped);
        ensure!(cancelled.reason() == Reason::Parent);
        ensure!(cancelled.root_reason() == Reason::Shutdown);
        ensure!(child.is_cancelled());
        ensure!(!token.is_cancelled());
        ensure!(!token.cancel_children());
    }
    ensure!(poll_once(own.as_mut()).await.is_pending());
    ensure!(token.cancel());
    ensure!(poll_once(own.as_mut()).await.is_ready());
    ensure!(!token.cancel_children());
    Ok(())
}
