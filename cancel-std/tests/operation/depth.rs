//! What operations in operations take: of the stack, and of the futures around their outputs.

use cancel_std::{Cancelable, TaskGroup};
use smol::block_on;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

/// Operations with a timeout, each in the body of the one before, and the innermost has to wait.
fn levels(left: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move {
        if left == 0 {
            smol::future::yield_now().await;
            return 0;
        }
        let op = Cancelable::with_timeout(LONG).name("level");
        op.run(async move |_| levels(left - 1).await + 1)
            .await
            .unwrap()
    })
}

#[test]
fn x27_two_hundred_levels_fit_on_a_test_threads_stack() {
    const STACK: usize = 2 << 20; // what a test's thread has, unoptimized code or not
    let thread = std::thread::Builder::new().stack_size(STACK);
    let depth = thread.spawn(|| block_on(levels(200))).unwrap().join();
    assert_eq!(depth.unwrap(), 200);
}

fn of_run<const N: usize>() -> usize {
    size_of_val(&Cancelable::new().run(async |_| [0u8; N]))
}

fn of_group<const N: usize>() -> usize {
    let run = Cancelable::new().run_group(async |group: TaskGroup<_>| {
        drop(group);
        [0u8; N]
    });
    size_of_val(&run)
}

#[test]
fn x27_the_output_of_a_body_lies_in_the_future_once() {
    assert_eq!(of_run::<9000>() - of_run::<8000>(), 1000);
    assert_eq!(of_group::<9000>() - of_group::<8000>(), 1000);
}
