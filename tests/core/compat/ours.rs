//! Against `cancel_core::compat`.

mod token {
    pub(super) use cancel_core::compat::tokio_util::*;
}

include!("interface.rs");
include!("behaviour.rs");

mod conversions {
    use super::token::CancellationToken;
    use cancel_core::{CancelToken, Reason};

    #[test]
    fn x65_both_are_the_same_token() {
        let new = CancelToken::new();
        let old = CancellationToken::from(new.clone());
        assert!(AsRef::<CancelToken>::as_ref(&old) == &new);
        let child: CancelToken = old.child_token().into();
        new.cancel_with((Reason::Shutdown, "over"));
        assert!(old.is_cancelled());
        let seen = child.cause().unwrap();
        assert_eq!(
            (seen.root_reason(), seen.message()),
            (Reason::Shutdown, Some("over"))
        );
    }

    #[test]
    fn x65_a_guard_says_that_it_was_dropped() {
        let old = CancellationToken::new();
        let new = CancelToken::from(old.clone());
        drop(old.drop_guard());
        assert_eq!(new.cause().unwrap().reason(), Reason::Dropped);
    }
}
