//! Operations inside operations: cancelation and time limits go down, never up or sideways.
//!
//! Run it: `cargo run --example 14_hierarchy` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{Cancelable, Cancelled, Cx, Operation};
use smol::future;

fn show(op: &Operation) {
    let context = op.context();
    let name = context.name().unwrap_or("?");
    match context.cause() {
        Some(cause) => println!("  {name}: {cause}"),
        None => println!("  {name}: {}", context.status()),
    }
}

/// A parent, and its children, one after the other.
async fn basic() {
    println!("Basic hierarchy:");
    let parent = Cancelable::new().name("parent").build();
    let run = parent.try_run(async |cx| -> Result<(), Cancelled> {
        println!("  Parent started");
        for name in ["child_1", "child_2"] {
            let child = cx.child().name(name);
            let run = child.run(async |cx| {
                println!("  {name} working");
                cx.sleep(seconds(1.0)).await;
            });
            run.await?;
        }
        println!("  Parent complete");
        Ok(())
    });
    let _ = run.await;
    show(&parent);
}

async fn work(cx: &Cx) {
    cx.sleep(seconds(60.0)).await;
}

/// If the parent is cancelled, all below it are, in this task and in others. A child takes nobody along.
async fn propagation() {
    println!("A child is cancelled, then the parent:");
    let parent = Cancelable::new().name("parent").build();
    let [child_1, child_2] = ["child_1", "child_2"].map(|name| parent.child().name(name).build());
    let grandchild = child_2.child().name("grandchild").build();
    // In a task of its own, which the parent does not wait for.
    let elsewhere = Cancelable::new().name("elsewhere").parent(&parent).build();
    let all = [&parent, &child_1, &child_2, &grandchild, &elsewhere].map(Clone::clone);

    let task = smol::spawn(elsewhere.run(async |cx| work(cx).await));
    let run = parent.run(async |_| {
        let lower = child_2.run(async |_| grandchild.run(async |cx| work(cx).await).await);
        let upper = child_1.run(async |cx| work(cx).await);
        future::zip(upper, lower).await
    });
    let cancel = async {
        smol::Timer::after(seconds(0.5)).await;
        child_1.cancel_with("not needed");
        println!("  The parent goes on: {}", !parent.is_cancelled());
        println!("  The sibling goes on: {}", !child_2.is_cancelled());
        smol::Timer::after(seconds(0.5)).await;
        parent.cancel_with("enough");
    };
    let _ = future::zip(run, cancel).await;
    let _ = task.await;
    all.iter().for_each(show);
}

/// The parent's time is the time that its children have. They may have less, but not more.
async fn timeouts() {
    println!("Timeout propagation:");
    let parent = Cancelable::with_timeout(seconds(4.0))
        .name("parent")
        .build();
    let run = parent.run(async |cx| {
        let quick = cx.child().name("quick_task").build();
        let _ = quick.run(async |cx| cx.sleep(seconds(0.3)).await).await;
        show(&quick);

        let hasty = cx.child().name("hasty_task").timeout(seconds(0.3)).build();
        let _ = hasty.run(async |cx| work(cx).await).await;
        show(&hasty); // its own limit: the parent goes on

        let slow = cx
            .child()
            .name("slow_task")
            .timeout(seconds(3600.0))
            .on_cancel(|context| println!("  slow_task: {}", context.reason().unwrap_or_default()));
        let run = slow.run(async |cx| {
            println!(
                "  An hour would be nice, there is less: {}",
                cx.remaining() < Some(seconds(4.0))
            );
            work(cx).await;
        });
        let _ = run.await;
        println!("  (This is never reached: the parent is over as well)");
    });
    let _ = run.await;
    show(&parent);
}

fn main() {
    smol::block_on(async {
        basic().await;
        propagation().await;
        timeouts().await;
    });
}
