//! Cancelling many.

use cancel_std::{Cancelable, Cancelled, Filter, Operation, Reason, Registry};
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_tree_with_what_is_detached_in_it() {
    let registry = Registry::new();
    let above = Cancelable::new().register(&registry).build();
    let root = above.child().register(&registry).build();
    let unseen = root.child().build();
    let leaf = unseen.child().register(&registry).build();
    let detached = leaf.detached().register(&registry).build();
    let other = above.child().register(&registry).build();

    assert_eq!(
        registry.cancel_tree(root.id(), (Reason::Custom(7), "the tree")),
        3
    );
    let reason = |op: &Operation| op.context().reason();
    assert_eq!(reason(&root), Some(Reason::Custom(7)));
    assert_eq!(reason(&unseen), Some(Reason::Parent));
    assert_eq!(reason(&leaf), Some(Reason::Parent));
    assert_eq!(reason(&detached), Some(Reason::Custom(7)));
    assert_eq!(detached.context().message(), Some("the tree"));
    assert!(!above.is_cancelled() && !other.is_cancelled());
    assert_eq!(registry.cancel_tree(root.id(), "again"), 0);
}

#[test]
fn a_tree_whose_root_is_not_in_it() {
    let registry = Registry::new();
    let root = Cancelable::new().build();
    let children = [
        root.child().register(&registry).build(),
        root.child().register(&registry).build(),
    ];
    assert_eq!(registry.cancel_tree(root.id(), "all below"), 2);
    assert!(children.iter().all(Operation::is_cancelled));
    assert!(!root.is_cancelled()); // it is not the registry's
}

#[test]
fn the_cause_is_that_of_all() {
    let registry = Registry::new();
    let ops = [0, 1, 2].map(|_| Cancelable::new().register(&registry).build());
    let cause = Cancelled::from(
        cancel_std::Cause::new(Reason::Error)
            .with_message("the disk is gone")
            .with_error(std::io::Error::other("EIO")),
    );
    ops[0].cancel();
    assert_eq!(registry.cancel_where(&Filter::new(), cause), 2);
    for op in &ops[1..] {
        let context = op.context();
        assert_eq!(context.reason(), Some(Reason::Error));
        assert_eq!(context.message(), Some("the disk is gone"));
        assert_eq!(
            context.cause().unwrap().source().unwrap().to_string(),
            "EIO"
        );
    }
    assert_eq!(ops[0].context().reason(), Some(Reason::Manual));
}

#[test]
fn one_is_cancelled_by_one() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    assert!(registry.cancel(op.id(), "first"));
    assert!(!registry.cancel(op.id(), "second"));
    assert_eq!(op.context().message(), Some("first"));
    let id = op.id();
    drop(op);
    assert!(!registry.cancel(id, "nobody"));
    assert!(registry.token(id).is_none() && registry.get(id).is_none());
}

#[test]
fn a_panicking_callback_keeps_no_other_from_being_cancelled() {
    let registry = Registry::new();
    let ops = [0, 1, 2, 3].map(|_| Cancelable::new().register(&registry).build());
    let first = ops[1].token().on_cancel(|_| panic!("first"));
    let second = ops[2].token().on_cancel(|_| panic!("second"));
    let cancel = AssertUnwindSafe(|| registry.cancel_all("all"));
    let payload = catch_unwind(cancel).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"first"));
    assert!(ops.iter().all(Operation::is_cancelled));
    drop((first, second));
}

#[test]
fn callbacks_may_use_the_registry() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    let other = Cancelable::new().register(&registry).build();
    let registration = op.token().on_cancel({
        let registry = registry.clone();
        move |_| {
            assert_eq!(registry.len(), 2);
            registry.cancel_all("from a callback");
        }
    });
    assert!(registry.cancel(op.id(), "the first"));
    assert_eq!(other.context().message(), Some("from a callback"));
    drop(registration);
}
