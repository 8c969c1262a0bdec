//! An error is lost only where somebody wrote so.

use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelled, GroupTask, Reason, Status, TaskGroup};
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::pending;
use std::io;
use std::num::ParseIntError;

type AnyError = Box<dyn Error + Send + Sync>;
type Group = TaskGroup<VirtualTime>;

/// A part of the work, of which the second one fails.
async fn part(n: u32) -> Result<u32, ParseIntError> {
    if n == 2 { "two".parse() } else { Ok(n) }
}

#[test]
fn x46_the_error_of_a_spawned_function_fails_the_group() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run_group(async |group| {
        for n in 1..=3 {
            group.spawn(move |_| part(n));
        }
    });
    let why = time.block_on(run).unwrap_err();
    assert_eq!(why.reason(), Reason::Error);
    assert_eq!(why.message(), Some("invalid digit found in string"));
    assert!(why.source().unwrap().is::<ParseIntError>());
    assert_eq!(op.status(), Status::Failed);
    assert_eq!(op.context().error(), why.message());
}

#[test]
fn x46_the_first_failure_cancels_the_others() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run_group(async |group| {
        let other = group.spawn(|_| pending::<()>());
        group.spawn(|_| part(2));
        let other = other.operation().clone();
        group
            .cx()
            .shield_future(async { drop(other.cancelled().await) })
            .await;
        pending::<()>().await;
    });
    assert!(time.block_on(run).is_err());
    assert_eq!((op.context().cut_off(), time.pending_tasks()), (1, 0));
}

/// Runs a group with one task, and gives what the group fails with.
fn failed<T>(spawn: impl FnOnce(&Group) -> GroupTask<T, VirtualTime>) -> Cancelled {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let why = time.block_on(op.run_group(async |group| {
        let _task = spawn(&group);
    }));
    assert_eq!(op.status(), Status::Failed);
    assert_eq!(op.context().task_error_count(), 1);
    why.unwrap_err()
}

#[test]
fn x46_errors_of_every_kind() {
    let texts = [
        failed(|group| group.spawn(|_| async { Err::<(), _>("text") })),
        failed(|group| group.spawn(|_| async { Err::<u8, _>(String::from("text")) })),
        failed(|group| group.spawn(async |_| Err::<Vec<u8>, _>(io::Error::other("text")))),
        failed(|group| group.spawn(|_| async { Err::<(), AnyError>("text".into()) })),
        failed(|group| group.try_spawn(|_| async { Err::<(), _>("text".into()) })),
        failed(|group| {
            let named = group.child();
            group.spawn_as(named, |_| async { Err::<(), _>("text") })
        }),
    ];
    for why in texts {
        assert_eq!((why.reason(), why.message()), (Reason::Error, Some("text")));
        assert_eq!(why.source().unwrap().to_string(), "text");
    }
    // A cancelation of something else is an error like any other, and stays what it is.
    let other = cancel_std::CancelToken::new();
    other.cancel_with((Reason::Custom(7), "elsewhere"));
    let seen = other.clone();
    let why = failed(|group| group.spawn(|_| async move { seen.check() }));
    assert!(why.is_from(&other));
    let why = failed(|group| {
        group.spawn_as(group.child().name("third"), |_| async {
            Err::<(), _>("text")
        })
    });
    assert_eq!(why.message(), Some("third: text"));
}

#[derive(Debug, PartialEq)]
enum Own {
    Disk(u32),
    Cancelled(Cancelled),
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Own::Disk(n) => write!(f, "disk {n} is full"),
            Own::Cancelled(why) => why.fmt(f),
        }
    }
}

impl Error for Own {}

impl From<Cancelled> for Own {
    fn from(why: Cancelled) -> Self {
        Own::Cancelled(why)
    }
}

/// What a group with this error type fails with, whose task fails with that one.
fn as_error<E, X>(error: X) -> E
where
    E: From<Cancelled> + fmt::Display + 'static,
    X: Into<AnyError> + fmt::Display + Send + 'static,
{
    let time = VirtualTime::new();
    let run = time
        .operation()
        .try_run_group(async |group| -> Result<(), E> {
            group.spawn_as(group.child().name("part"), |_| async {
                Err::<(), _>(error)
            });
            pending().await
        });
    match time.block_on(run) {
        Ok(()) => panic!("the error is lost"),
        Err(error) => error,
    }
}

#[test]
fn x46_the_error_that_the_group_returns() {
    // The same type: the error itself.
    assert_eq!(as_error::<Own, _>(Own::Disk(3)), Own::Disk(3));
    assert_eq!(
        as_error::<io::Error, _>(io::Error::from(io::ErrorKind::NotFound)).kind(),
        io::ErrorKind::NotFound
    );
    // A box: what is in it.
    assert!(as_error::<AnyError, _>(Own::Disk(3)).is::<Own>());
    assert!(as_error::<Box<dyn Error>, _>(Own::Disk(3)).is::<Own>());
    assert!(as_error::<AnyError, AnyError>(Own::Disk(3).into()).is::<Own>());
    assert_eq!(as_error::<AnyError, _>("text").to_string(), "text");
    // Another type: the source of a cancelation, with the name of the task.
    let Own::Cancelled(why) = as_error(io::Error::other("torn")) else {
        panic!("not of this type")
    };
    assert_eq!(
        (why.reason(), why.message()),
        (Reason::Error, Some("part: torn"))
    );
    assert!(why.source().unwrap().is::<io::Error>());
    let other = as_error::<io::Error, _>(Own::Disk(3)).to_string();
    assert!(other.contains("disk 3"), "{other}");
}

#[test]
fn x46_values_are_no_errors() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run_group(async |group| {
        let values = (
            group.spawn(|_| async {}).await?,
            group.spawn(|_| async { 5 }).await?,
            group.spawn(|_| async { Some((1.5, "text")) }).await?,
            group
                .spawn(|_| async { vec![String::from("text")] })
                .await?,
            group
                .spawn(|_| async { Ok::<_, Infallible>([1, 2]) })
                .await?,
        );
        assert_eq!(
            values,
            ((), 5, Some((1.5, "text")), vec!["text".to_string()], [1, 2])
        );
        // Numbers of no particular type add up.
        let mut sum = 0;
        for n in [1, 2] {
            sum += group.spawn(move |_| async move { n * n }).await?;
        }
        assert_eq!(sum, 5);
        // A task without an end.
        let endless = group.spawn(|_| async {
            loop {
                pending::<()>().await;
            }
        });
        endless.operation().cancel();
        // Somebody wrote that it is one.
        let lost = group.spawn_value(|_| part(2)).await?;
        assert!(lost.is_err());
        group.spawn_value(|_| part(2));
        Ok::<_, Cancelled>(())
    });
    assert_eq!(time.block_on(run), Ok(Ok(())));
    assert_eq!(op.context().task_error_count(), 0);
}

/// Moves no future: only says that it is `Send`.
fn sent<F: Future + Send>(future: F) -> F {
    future
}

#[test]
fn x32_groups_in_spawned_tasks_with_boxed_errors() {
    let time = VirtualTime::new();
    let built = time.operation().build();
    let run = sent(async {
        built
            .try_run_group(async |_| -> Result<(), Box<dyn Error + Send + Sync>> { Ok(()) })
            .await
    });
    time.block_on(run).unwrap();
    let text = String::from("5");
    let run = sent(async {
        let op = time.operation();
        op.try_run_group(async |group| -> Result<u32, Box<dyn Error + Send + Sync>> {
            let inner = group.clone();
            let five = group.try_spawn(|_| async move {
                inner.spawn(part_of_a_task);
                Ok("5".parse::<u32>()?)
            });
            assert_eq!(text, "5"); // borrowed from around
            Ok(five.await?)
        })
        .await
    });
    assert_eq!(time.block_on(run).unwrap(), 5);
    let run = sent(async {
        let op = time.operation().build();
        op.run_group(async |group| {
            let five = group.spawn(|_| async { Ok::<_, AnyError>(5) });
            five.await
        })
        .await
    });
    assert_eq!(time.block_on(run).unwrap(), Ok(5));
    let run = sent(async {
        let op = time.operation();
        op.run_group(async |group| -> Result<(), Box<dyn Error + Send + Sync>> {
            group.spawn(|_| async {}).await?;
            Ok(())
        })
        .await
    });
    time.block_on(run).unwrap().unwrap();
    // In a task of the executor, and in one of a group.
    let task = smol::spawn(async {
        let op = cancel_std::Cancelable::new();
        op.try_run_group(async |group| -> Result<(), Box<dyn Error + Send + Sync>> {
            group.spawn(|cx| async move {
                let inner = cx.child();
                inner
                    .try_run_group(async |_| -> Result<(), Box<dyn Error + Send + Sync>> { Ok(()) })
                    .await
            });
            Ok(())
        })
        .await
    });
    smol::block_on(task).unwrap();
}

async fn part_of_a_task<R>(_: cancel_std::generic::Cx<R>) -> Result<(), AnyError> {
    Ok(())
}

#[test]
fn x33_tasks_spawn_siblings() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run_group(async |group| {
        let siblings = group.clone();
        group.spawn(move |cx| async move {
            cx.sleep(std::time::Duration::from_secs(1)).await;
            for _ in 0..3 {
                let further = siblings.clone();
                siblings.spawn(move |cx| async move {
                    assert_eq!(
                        cx.operation().context().parent_id(),
                        Some(further.operation().id())
                    );
                    further.spawn(|_| pending::<()>());
                });
            }
            siblings.spawn(|_| part(2));
        });
    });
    // The failure of a sibling ends all of them.
    assert!(time.block_on(run).is_err());
    assert_eq!((op.context().cut_off(), time.pending_tasks()), (3, 0));
}
