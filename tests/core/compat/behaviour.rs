// What theirs promises, in tests of our own.

mod behaviour {
    use super::token::CancellationToken;
    use cancel_tests::{Counter, watched};
    use futures_util::FutureExt;
    use std::future::{Future, pending, poll_fn, ready};
    use std::pin::{Pin, pin};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
    use std::sync::{Arc, Barrier};
    use std::task::{Context, Poll, Waker};
    use std::thread;

    fn poll<F: Future + ?Sized>(future: Pin<&mut F>, counter: &Arc<Counter>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&counter.waker()))
    }

    fn both_waits(token: &CancellationToken) -> [Pin<Box<dyn Future<Output = ()> + Send + '_>>; 2] {
        [
            Box::pin(token.cancelled()),
            Box::pin(token.clone().cancelled_owned()),
        ]
    }

    #[test]
    fn a_cancelled_token_answers_at_once() {
        let token = CancellationToken::new();
        token.cancel();
        token.cancel(); // again does nothing
        for wait in both_waits(&token) {
            assert_eq!(wait.now_or_never(), Some(()));
        }
        assert!(token.clone().is_cancelled() && token.child_token().is_cancelled());
    }

    #[test]
    fn all_that_wait_are_woken_once() {
        let token = CancellationToken::new();
        for wakers in [1, 2, 40] {
            let token = token.child_token();
            let counters: Vec<_> = (0..wakers).map(|_| Counter::new()).collect();
            let mut waits: Vec<_> = counters.iter().flat_map(|_| both_waits(&token)).collect();
            for (at, wait) in waits.iter_mut().enumerate() {
                assert!(poll(wait.as_mut(), &counters[at / 2]).is_pending());
            }
            token.cancel();
            assert!(counters.iter().all(|counter| counter.wakes() == 2));
            token.cancel();
            for (at, wait) in waits.iter_mut().enumerate() {
                assert!(poll(wait.as_mut(), &counters[at / 2]).is_ready());
            }
            assert!(counters.iter().all(|counter| counter.wakes() == 2));
        }
        assert!(!token.is_cancelled());
    }

    #[test]
    fn the_waker_of_the_last_poll_counts() {
        let token = CancellationToken::new();
        for mut wait in both_waits(&token.child_token()) {
            let (first, second) = (Counter::new(), Counter::new());
            assert!(poll(wait.as_mut(), &first).is_pending());
            assert!(poll(wait.as_mut(), &second).is_pending());
            assert_eq!(Arc::strong_count(&first), 1, "the old waker is let go of");
        }
        let (first, second) = (Counter::new(), Counter::new());
        let mut wait = pin!(token.cancelled());
        assert!(poll(wait.as_mut(), &first).is_pending());
        assert!(poll(wait.as_mut(), &second).is_pending());
        token.cancel();
        assert_eq!((first.wakes(), second.wakes()), (0, 1));
    }

    #[test]
    fn what_is_dropped_is_not_woken() {
        let (token, counter) = (CancellationToken::new(), Counter::new());
        for mut wait in both_waits(&token) {
            assert!(poll(wait.as_mut(), &counter).is_pending());
        }
        token.cancel();
        assert_eq!((counter.wakes(), Arc::strong_count(&counter)), (0, 1));
    }

    #[test]
    fn down_the_tree_and_never_up() {
        let root = CancellationToken::new();
        let (left, right) = (root.child_token(), root.child_token());
        let leaves = [left.child_token(), left.child_token(), right.child_token()];
        left.cancel();
        let seen = leaves.each_ref().map(CancellationToken::is_cancelled);
        assert_eq!(seen, [true, true, false]);
        assert!(!root.is_cancelled() && !right.is_cancelled());
        root.cancel();
        assert!(right.is_cancelled() && leaves[2].is_cancelled());
        assert!(root.child_token().child_token().is_cancelled());
    }

    #[test]
    fn what_waits_below_is_woken_from_above() {
        let (root, counter) = (CancellationToken::new(), Counter::new());
        let tokens: Vec<_> = (0..5).map(|_| root.child_token().child_token()).collect();
        let mut waits: Vec<_> = tokens.iter().map(|token| Box::pin(token.cancelled())).collect();
        for wait in &mut waits {
            assert!(poll(wait.as_mut(), &counter).is_pending());
        }
        root.cancel();
        assert_eq!(counter.wakes(), 5);
    }

    /// Handles go in every order; descendants stay below the root when what is between has gone.
    #[test]
    fn tokens_dropped_in_every_order() {
        for order in cancel_tests::rng::permutations(4) {
            for cancel_at in 0..4 {
                let root = CancellationToken::new();
                let mut tokens = vec![Some(root.clone())];
                for at in 0..3 {
                    let above: &CancellationToken = tokens[at].as_ref().unwrap();
                    tokens.push(Some(above.child_token()));
                }
                let leaf = tokens[3].clone().unwrap();
                for (step, &gone) in order.iter().enumerate() {
                    if step == cancel_at {
                        root.cancel();
                    }
                    assert_eq!(leaf.is_cancelled(), step >= cancel_at);
                    tokens[gone] = None;
                }
                assert!(leaf.is_cancelled());
            }
        }
    }

    #[test]
    fn guards() {
        for by_reference in [false, true] {
            for disarm in [false, true] {
                let token = CancellationToken::new();
                let child = token.child_token();
                match (by_reference, disarm) {
                    (false, false) => drop(token.clone().drop_guard()),
                    (true, false) => drop(token.drop_guard_ref()),
                    (false, true) => assert_eq!(token.clone().drop_guard().disarm(), token),
                    (true, true) => assert_eq!(token.drop_guard_ref().disarm(), &token),
                }
                assert_eq!((token.is_cancelled(), child.is_cancelled()), (!disarm, !disarm));
            }
        }
        // One that is disarmed says nothing about the others.
        let token = CancellationToken::new();
        let (one, two) = (token.clone().drop_guard(), token.drop_guard_ref());
        let _ = one.disarm();
        assert!(!token.is_cancelled());
        drop(two);
        assert!(token.is_cancelled());
    }

    #[test]
    fn a_guard_of_the_last_handle_cancels_what_is_below() {
        let guard = CancellationToken::new().drop_guard();
        let child = guard.token().child_token();
        drop(guard);
        assert!(child.is_cancelled());
    }

    #[test]
    fn a_guard_dropped_by_a_panic() {
        let token = CancellationToken::new();
        let panicked = std::panic::catch_unwind(|| {
            let _guard = token.clone().drop_guard();
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(panicked.is_err() && token.is_cancelled());
    }

    /// Both forms, as boxed futures.
    fn both_runs<'a, O, F>(
        token: &'a CancellationToken,
        body: impl Fn() -> F + 'a,
    ) -> [Pin<Box<dyn Future<Output = Option<O>> + 'a>>; 2]
    where
        F: Future<Output = O> + 'a,
    {
        [
            Box::pin(token.run_until_cancelled(body())),
            Box::pin(token.clone().run_until_cancelled_owned(body())),
        ]
    }

    #[test]
    fn a_run_under_a_cancelled_token_does_not_begin() {
        let (token, polled) = (CancellationToken::new(), AtomicBool::new(false));
        let runs = both_runs(&token, || async { polled.store(true, SeqCst) });
        token.cancel(); // after it was made, before the first poll
        for run in runs {
            assert_eq!(run.now_or_never(), Some(None));
        }
        assert!(!polled.load(SeqCst));
    }

    #[test]
    fn a_run_that_is_ready() {
        let token = CancellationToken::new();
        for run in both_runs(&token, || ready(5)) {
            assert_eq!(run.now_or_never(), Some(Some(5)));
        }
    }

    /// "Biased towards the future completion" in all polls but the first.
    #[test]
    fn in_a_tie_the_future_wins() {
        let (token, done) = (CancellationToken::new(), AtomicBool::new(false));
        let body = || {
            poll_fn(|_| match done.load(SeqCst) {
                true => Poll::Ready(5),
                false => Poll::Pending,
            })
        };
        let mut runs = both_runs(&token, body);
        let counter = Counter::new();
        for run in &mut runs {
            assert!(poll(run.as_mut(), &counter).is_pending());
        }
        done.store(true, SeqCst);
        token.cancel();
        for run in &mut runs {
            assert_eq!(poll(run.as_mut(), &counter), Poll::Ready(Some(5)));
        }
    }

    #[test]
    fn a_cancelled_run_drops_its_future() {
        let token = CancellationToken::new();
        let (held, counter) = (Arc::new(()), Counter::new());
        let mut runs = both_runs(&token, || {
            let held = held.clone();
            async move {
                let _held = held;
                pending::<()>().await;
            }
        });
        for run in &mut runs {
            assert!(poll(run.as_mut(), &counter).is_pending());
        }
        assert_eq!(Arc::strong_count(&held), 3);
        token.cancel();
        assert_eq!(counter.wakes(), 2);
        for run in &mut runs {
            assert_eq!(poll(run.as_mut(), &counter), Poll::Ready(None));
        }
        assert_eq!(Arc::strong_count(&held), 1, "while the runs are in scope");
    }

    /// The future cancels its own token: ready in that poll it wins, else it is over at once.
    #[test]
    fn cancelled_from_inside() {
        let token = CancellationToken::new();
        let run = token.run_until_cancelled(async { token.cancel() });
        assert_eq!(run.now_or_never(), Some(Some(())));
        let token = CancellationToken::new();
        let run = token.run_until_cancelled(async {
            token.cancel();
            pending::<()>().await;
        });
        assert_eq!(run.now_or_never(), Some(None));
    }

    /// "Once the call to `cancel` returns, all child nodes have been fully cancelled."
    #[test]
    fn when_cancel_returns_all_below_is_cancelled() {
        let root = CancellationToken::new();
        let leaves: Vec<_> = (0..50)
            .map(|_| root.child_token().child_token().child_token())
            .collect();
        root.cancel();
        assert!(leaves.iter().all(CancellationToken::is_cancelled));
    }

    #[test]
    fn a_waker_may_use_the_token() {
        let token = CancellationToken::new();
        let (handle, seen) = (token.clone(), Arc::new(AtomicUsize::new(0)));
        let count = seen.clone();
        let hooks = cancel_tests::Hooks::new().on_wake(move || {
            handle.cancel();
            let child = handle.child_token();
            count.fetch_add(usize::from(child.is_cancelled()), SeqCst);
        });
        let (waker, _hooks) = hooks.waker();
        let child = token.child_token();
        let mut wait = pin!(child.cancelled());
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        watched("a waker inside a cancel", move || token.cancel());
        assert_eq!(seen.load(SeqCst), 1);
    }

    #[test]
    fn many_threads() {
        const THREADS: usize = 8;
        watched("threads that wait and threads that cancel", || {
            for round in 0..50 {
                let root = CancellationToken::new();
                let begin = Arc::new(Barrier::new(THREADS));
                let threads: Vec<_> = (0..THREADS)
                    .map(|n| {
                        let (token, begin) = (root.child_token(), begin.clone());
                        let root = root.clone();
                        thread::spawn(move || {
                            begin.wait();
                            if n == round % THREADS {
                                root.cancel();
                                return true;
                            }
                            for _ in 0..n {
                                drop(token.child_token());
                                let _ = poll(pin!(token.cancelled()), &Counter::new());
                            }
                            smol::block_on(token.child_token().cancelled_owned());
                            token.is_cancelled()
                        })
                    })
                    .collect();
                assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
            }
        });
    }

    #[test]
    fn tasks_of_another_executor() {
        let token = CancellationToken::new();
        let tasks: Vec<_> = (0..4)
            .map(|_| smol::spawn(token.child_token().run_until_cancelled_owned(pending::<()>())))
            .collect();
        token.cancel();
        for task in tasks {
            assert_eq!(smol::block_on(task), None);
        }
        assert!(pin!(token.cancelled()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }
}
