// Every item of the interface, used as its documentation shows, with all types written out.

#[allow(clippy::mutable_key_type, clippy::type_complexity)]
mod interface {
    use super::token::{
        CancellationToken, DropGuard, DropGuardRef, WaitForCancellationFuture,
        WaitForCancellationFutureOwned,
    };
    use std::collections::HashSet;
    use std::fmt::Debug;
    use std::future::Future;
    use std::hash::Hash;
    use std::panic::{RefUnwindSafe, UnwindSafe};

    fn token<T>()
    where
        T: Clone + Debug + Default + PartialEq + Eq + Hash,
        T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static,
    {
    }

    fn guard<T: Debug + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}

    fn wait<F: Future<Output = ()> + Debug + Send + Sync>(_: &F) {}

    fn run<F: Future<Output = Option<O>> + Send, O>(_: &F) {}

    fn is_static<T: 'static>(_: &T) {}

    #[test]
    fn x65_types_and_bounds() {
        token::<CancellationToken>();
        guard::<DropGuard>();
        guard::<DropGuardRef<'static>>();
        let made: CancellationToken = CancellationToken::new();
        let other: CancellationToken = CancellationToken::default();
        let child: CancellationToken = made.child_token();
        let asked: bool = child.is_cancelled();
        assert!(!asked && made != other && made == made.clone());
        let shared = made.clone();
        let waiting: WaitForCancellationFuture<'_> = shared.cancelled();
        wait(&waiting);
        let owned: WaitForCancellationFutureOwned = other.clone().cancelled_owned();
        wait(&owned);
        is_static(&owned);
        let running = shared.run_until_cancelled(async { 5 });
        run::<_, i32>(&running);
        let running = other.clone().run_until_cancelled_owned(async { 5 });
        run::<_, i32>(&running);
        is_static(&running);
        let guard: DropGuard = other.clone().drop_guard();
        let inside: &CancellationToken = guard.token();
        assert_eq!(*inside, other);
        let back: CancellationToken = guard.disarm();
        let guard: DropGuardRef<'_> = back.drop_guard_ref();
        let inside: &CancellationToken = guard.token();
        assert_eq!(*inside, other);
        let back: &CancellationToken = guard.disarm();
        assert!(!back.is_cancelled());
        let (): () = back.cancel();
        let all: HashSet<CancellationToken> = [made, other, child].into_iter().collect();
        assert_eq!(all.len(), 3);
    }

    /// What outlives a guard made by reference is the token's borrow, not the guard's.
    fn disarmed<'a>(guard: DropGuardRef<'a>) -> &'a CancellationToken {
        guard.disarm()
    }

    #[test]
    fn x65_function_pointers() {
        let new: fn() -> CancellationToken = CancellationToken::new;
        let cancel: fn(&CancellationToken) = CancellationToken::cancel;
        let asked: fn(&CancellationToken) -> bool = CancellationToken::is_cancelled;
        let child: fn(&CancellationToken) -> CancellationToken = CancellationToken::child_token;
        let owned: fn(CancellationToken) -> WaitForCancellationFutureOwned =
            CancellationToken::cancelled_owned;
        let wait: for<'a> fn(&'a CancellationToken) -> WaitForCancellationFuture<'a> =
            CancellationToken::cancelled;
        let token = new();
        cancel(&token);
        assert!(asked(&token) && asked(&child(&token)));
        drop((wait(&token), owned(token.clone())));
        let (a, b): (fn(CancellationToken) -> DropGuard, fn(DropGuard) -> CancellationToken) =
            (CancellationToken::drop_guard, DropGuard::disarm);
        assert!(asked(&b(a(token.clone()))) && asked(disarmed(token.drop_guard_ref())));
    }

    #[test]
    fn x65_debug_output() {
        let token = CancellationToken::new();
        assert_eq!(
            format!("{token:?}"),
            "CancellationToken { is_cancelled: false }"
        );
        token.cancel();
        assert_eq!(
            format!("{:?} {:?}", token.clone().drop_guard(), token.drop_guard_ref()),
            "DropGuard { inner: Some(CancellationToken { is_cancelled: true }) } \
             DropGuardRef { inner: Some(CancellationToken { is_cancelled: true }) }"
        );
        assert_eq!(
            format!("{:?} {:?}", token.cancelled(), token.clone().cancelled_owned()),
            "WaitForCancellationFuture WaitForCancellationFutureOwned"
        );
    }
}
