//! Starting, running, and what can be read meanwhile.

use crate::support::{LONG, Log, SECOND, Virtual, poll};
use cancel_core::{CancelToken, Cancelled, Check, Reason, Timer};
use cancel_std::{Cancelable, Cx, Operation, OperationId, Status, Std, generic};
use std::cell::Cell;
use std::future::{pending, ready};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

#[test]
fn from_pending_to_completed() {
    let clock = Virtual::new();
    let op = clock
        .op()
        .name("job")
        .metadata("user", "ada")
        .metadata("user", "eve")
        .build();
    let context = op.context();
    assert_eq!(context.status(), Status::Pending);
    assert_eq!(
        (context.started(), context.ended(), context.duration()),
        (None, None, None)
    );
    let begin = clock.now();

    let mut run = pin!(op.run(async |cx| {
        cx.sleep(2 * SECOND).await;
        cx.id()
    }));
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND);
    let context = op.context();
    assert_eq!(context.status(), Status::Running);
    assert_eq!(context.duration(), Some(SECOND));
    assert_eq!(context.ended(), None);

    clock.advance(SECOND);
    assert_eq!(poll(run.as_mut()), Poll::Ready(Ok(op.id())));
    clock.advance(SECOND);
    let context = op.context();
    assert_eq!(context.id(), op.id());
    assert_eq!(context.name(), Some("job"));
    assert_eq!(context.status(), Status::Completed);
    assert_eq!(context.started(), Some(begin));
    assert_eq!(context.ended(), Some(begin + 2 * SECOND));
    assert_eq!(context.duration(), Some(2 * SECOND));
    assert_eq!(
        context.metadata().iter().collect::<Vec<_>>(),
        [("user", "eve")]
    );
    assert_eq!(
        (context.reason(), context.message(), context.error()),
        (None, None, None)
    );
    assert_eq!(context.parent_id(), None);
    assert_eq!(clock.armed(), 0);
}

#[test]
fn the_run_is_send_if_the_body_is() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let op = Cancelable::with_timeout(LONG).build();
    let task = smol::spawn(op.run(async |cx| {
        cx.report_progress("x");
        smol::Timer::after(Duration::from_millis(1)).await;
        5
    }));
    assert_eq!(smol::block_on(task), Ok(5));

    let text = String::from("moved in");
    let op = Cancelable::new().build();
    let task = smol::spawn(op.run(async move |cx| {
        cx.sleep(Duration::from_millis(1)).await;
        cx.check().unwrap();
        text.len()
    }));
    assert_eq!(smol::block_on(task), Ok(8));

    let op = Cancelable::new().build();
    let nested = is_send(op.try_run(async |cx| -> Result<u32, Cancelled> {
        let child = cx.child();
        let inner = child.run(async |cx| {
            cx.sleep(Duration::ZERO).await;
            7
        });
        inner.await
    }));
    assert_eq!(smol::block_on(smol::spawn(nested)), Ok(7));

    // A plain closure that makes a future is a body, too.
    let op = Cancelable::new().build();
    let task = smol::spawn(op.run(|cx: &Cx| {
        let cx = cx.clone();
        async move { cx.id() }
    }));
    assert_eq!(smol::block_on(task), Ok(op.id()));
}

#[test]
fn the_run_borrows_nothing_of_the_operation() {
    fn detached() -> impl Future<Output = Result<OperationId, Cancelled>> {
        Cancelable::new().run(async |cx| cx.id())
    }
    assert!(smol::block_on(detached()).is_ok());
}

#[test]
fn bodies_may_borrow_and_need_not_be_send() {
    let count = Rc::new(Cell::new(0));
    let text = String::from("borrowed");
    let borrowed = &text;
    let run = Cancelable::new().run(async |cx| {
        cx.sleep(Duration::from_millis(1)).await;
        count.set(count.get() + 1);
        borrowed.len()
    });
    assert_eq!(smol::block_on(run), Ok(8));
    assert_eq!(count.get(), 1);
}

#[test]
fn tokens_given_cancel_it_with_their_cause() {
    let tokens = [CancelToken::new(), CancelToken::new(), CancelToken::new()];
    for (index, cancelled) in tokens.iter().enumerate() {
        let fresh: Vec<_> = (0..3).map(|_| CancelToken::new()).collect();
        let mut sources = fresh.clone();
        sources[index] = cancelled.clone();
        let op = sources
            .iter()
            .fold(Cancelable::new(), Cancelable::token)
            .build();
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        cancelled.cancel_with((Reason::Custom(7), format!("number {index}")));
        let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
            panic!("still runs")
        };
        assert_eq!(why.reason(), Reason::Custom(7));
        assert_eq!(op.context().message(), Some(&*format!("number {index}")));
        assert!(fresh.iter().all(|token| !token.is_cancelled()));
    }
}

#[test]
fn a_token_followed_is_kept() {
    let root = CancelToken::new();
    let op = Cancelable::with_token(root.child()).build();
    root.cancel_with("all");
    let context = op.context();
    assert_eq!(context.reason(), Some(Reason::Parent));
    assert_eq!(context.message(), Some("all"));
}

#[test]
fn a_parent_is_kept_and_cancels_its_descendants_alone() {
    let root = Cancelable::new().build();
    let middle = root.child().build();
    let user = CancelToken::new();
    let leaf = Cancelable::with_token(&user).parent(&middle).build();
    let sibling = root.child().build();
    assert_eq!(leaf.context().parent_id(), Some(middle.id()));
    drop(middle);
    let mut run = pin!(leaf.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    root.cancel_with((Reason::Shutdown, "bye"));
    let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
        panic!("still runs")
    };
    assert_eq!(
        (why.reason(), why.root_reason()),
        (Reason::Parent, Reason::Shutdown)
    );
    assert_eq!(why.message(), Some("bye"));
    assert!(sibling.is_cancelled() && !user.is_cancelled());
}

#[test]
fn a_child_follows_tokens_as_well() {
    let (parent, one, two) = (
        Cancelable::new().build(),
        CancelToken::new(),
        CancelToken::new(),
    );
    let op = Cancelable::with_token(&one).parent(&parent).token(&two);
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    two.cancel_with("the second");
    let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
        panic!("still runs")
    };
    assert_eq!(why.reason(), Reason::Manual);
    assert_eq!(why.message(), Some("the second"));
    assert!(!parent.is_cancelled() && !one.is_cancelled());
}

#[test]
fn a_child_of_the_cancelled_is_never_polled() {
    let parent = Cancelable::new().build();
    parent.cancel_with("early");
    let child = parent.child().build();
    assert_eq!(child.context().reason(), Some(Reason::Parent));
    let result = smol::block_on(child.run(async |_| unreachable!("polled")));
    let result: Result<(), _> = result;
    assert_eq!(result.unwrap_err().message(), Some("early"));
    assert_eq!(child.status(), Status::Cancelled);
}

#[test]
fn a_million_generations() {
    let root = Cancelable::with_timeout(LONG).build();
    let mut op = root.child().build();
    for _ in 1..1_000_000 {
        op = op.child().build();
    }
    assert!(
        smol::block_on(root.run(async |_| {
            assert_eq!(op.deadline(), root.deadline());
            root.cancel()
        }))
        .unwrap()
    );
    assert!(op.is_cancelled());
    drop(op);
    drop(root);
}

#[test]
fn check_is_there_for_sync_code() {
    fn work(stop: &impl Check) -> bool {
        stop.may_be_cancelled() && stop.check().is_ok() && !stop.is_cancelled()
    }
    let op = Cancelable::new().build();
    assert!(work(&op));
    op.cancel();
    assert!(!work(&op));
}

#[test]
fn under_a_bare_block_on() {
    let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
    let result = smol::future::block_on(op.run(async |cx| cx.sleep(LONG).await));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert!(op.context().duration() >= Some(Duration::from_millis(5)));
}

#[test]
fn debug_takes_no_lock_and_shows_the_essentials() {
    let op = Cancelable::new().name("shown").build();
    op.cancel_with("why");
    let text = format!("{op:?}");
    assert!(text.contains(&op.id().to_string()) && text.contains("shown") && text.contains("why"));
}

#[test]
fn promises_about_types() {
    fn all<T: Send + Sync + Unpin + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    all::<Operation>();
    all::<cancel_std::Cx>();
    fn owned<T: Send + Unpin + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    owned::<Cancelable>();
    all::<generic::Operation<Std>>();
    all::<cancel_std::Progress>();
    fn shared<T: Send + Sync + Unpin>() {}
    shared::<cancel_std::Context>();
    fn debug<T: std::fmt::Debug>() {}
    debug::<Cancelable>();
    for (status, name) in [
        (Status::Pending, "pending"),
        (Status::Running, "running"),
        (Status::Completed, "completed"),
        (Status::Cancelled, "cancelled"),
        (Status::Failed, "failed"),
    ] {
        assert_eq!(status.to_string(), name);
        assert_eq!(status.is_final(), !matches!(name, "pending" | "running"));
    }
}

#[test]
fn a_body_that_is_ready_arms_no_timer() {
    let clock = Virtual::new();
    let log = Log::default();
    let op = clock.op().timeout(SECOND);
    let logged = log.clone();
    let run = op.run(async move |_| {
        logged.add("polled");
        ready(()).await
    });
    assert_eq!(smol::block_on(run), Ok(()));
    assert_eq!((log.take().len(), clock.armed()), (1, 0));
}
