//! Conditions that end work: one that is asked every few seconds, one that awaits, and two that need not
//! be asked because they speak up.
//!
//! Run it: `cargo run --example 07_condition_cancelation` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{BuildError, Cancelable, Condition, Cx, Flag, Operation, Watched};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, process, thread};

/// What the file processor may use.
const QUOTA: u64 = 64 * 1024;

fn report(op: &Operation) {
    let context = op.context();
    let duration = context.duration().unwrap_or_default();
    println!("  Final status: {}", context.status());
    println!("  Cancel reason: {}", context.reason().unwrap_or_default());
    println!("  Message: {}", context.message().unwrap_or("no message"));
    println!("  After {:.2}s", duration.as_secs_f64());
}

/// Asks the file system, which may take its time: so it runs on a thread for such things, and whatever
/// else the executor has to do goes on.
fn almost_full(folder: &PathBuf) -> bool {
    let sizes = fs::read_dir(folder).into_iter().flatten();
    let used: u64 = sizes
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .map(|file| file.len())
        .sum();
    used > QUOTA * 95 / 100
}

async fn disk_space_monitor() -> Result<(), Box<dyn std::error::Error>> {
    println!("A file processor, until its disk is almost full:");
    let folder = std::env::temp_dir().join(format!("condition-example-{}", process::id()));
    fs::create_dir_all(&folder)?;

    let watched = folder.clone();
    let disk_full = Condition::new(move || almost_full(&watched), seconds(0.5))?;
    let op = Cancelable::new()
        .name("file_processor")
        .source(disk_full.description("disk space monitor"))
        .build();

    let result = op.try_run(async |cx| -> Result<(), Box<dyn std::error::Error>> {
        for number in 1.. {
            let file = folder.join(format!("{number}.data"));
            smol::unblock(move || fs::write(file, [0; 8 * 1024])).await?;
            cx.report_progress(format!("{number} files"));
            cx.sleep(seconds(0.3)).await;
        }
        Ok(())
    });
    if result.await.is_err() {
        report(&op);
    }
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Somebody else's code, which only has a flag to look at.
#[derive(Default)]
struct JobController {
    should_stop: AtomicBool,
}

impl JobController {
    fn check_stop_flag(&self) -> bool {
        self.should_stop.load(Ordering::Relaxed)
    }
}

/// "POST /jobs/stop", a while from now, on another thread.
fn stop_later(stop: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        thread::sleep(seconds(1.2));
        println!("  Stopping the job...");
        stop();
    })
}

async fn job(cx: &Cx) {
    loop {
        cx.sleep(seconds(0.1)).await;
    }
}

async fn polled_job() -> Result<(), BuildError> {
    println!("A job that looks at a flag every second:");
    let controller = Arc::new(JobController::default());
    let watched = controller.clone();
    let op = Cancelable::with_condition(move || watched.check_stop_flag(), seconds(1.0))?
        .name("background_job")
        .build();

    let endpoint = stop_later(move || controller.should_stop.store(true, Ordering::Relaxed));
    if op.run(job).await.is_err() {
        report(&op); // after two seconds: at the third look
    }
    endpoint.join().expect("the endpoint does not panic");
    Ok(())
}

async fn event_driven_job() {
    println!("A job that the flag itself wakes:");
    let should_stop = Flag::new();
    let op = Cancelable::new()
        .name("background_job")
        .source(&should_stop)
        .build();

    let endpoint = stop_later(move || {
        should_stop.set_with("stopped by the operator");
    });
    if op.run(job).await.is_err() {
        report(&op); // after 1.2 seconds: at once
    }
    endpoint.join().expect("the endpoint does not panic");
}

async fn watched_value() {
    println!("A reader that gives up when its queue is too long:");
    let queue = Watched::new(0);
    let too_long = Condition::when(&queue, |length| *length > 3).description("queue over 3");
    let op = Cancelable::new().name("reader").source(too_long).build();

    let result = op.run(async |cx| {
        loop {
            queue.update(|length| length + 1);
            println!("  Queue: {}", queue.get());
            cx.sleep(seconds(0.1)).await;
        }
    });
    if result.await.is_err() {
        report(&op);
    }
}

async fn awaiting_condition() -> Result<(), BuildError> {
    println!("Work that lasts as long as a licence server says yes:");
    let mut answers = [true, true, false].into_iter();
    let revoked = move || {
        let valid = answers.next().unwrap_or(false);
        async move {
            smol::Timer::after(seconds(0.1)).await; // the way to the server and back
            !valid
        }
    };
    let condition = Condition::new_async(revoked, seconds(0.3))?.description("licence revoked");
    let op = Cancelable::new().name("licensed").source(condition).build();
    if op.run(job).await.is_err() {
        report(&op);
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    smol::block_on(async {
        disk_space_monitor().await?;
        polled_job().await?;
        event_driven_job().await;
        watched_value().await;
        awaiting_condition().await?;

        // What cannot be meant is an error when it is built, not when it runs.
        if let Err(error) = Cancelable::with_condition(|| true, seconds(0.0)) {
            println!("Not built: {error}");
        }
        Ok(())
    })
}
