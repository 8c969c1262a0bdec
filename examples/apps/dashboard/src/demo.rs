//! `Demo`: something to look at. A backup, builds, downloads, each with parts, some of which fail.

use crate::pulse::Pulse;
use cancel_smol::{Cancelable, Cancelled, Cx, Operation, Reason, Registry};
use smol::Task;
use smol::future;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

type AnyError = Box<dyn Error + Send + Sync>;

/// Operations that go on until they are cancelled.
#[derive(Debug)]
pub struct Demo {
    registry: Registry,
    tasks: Vec<Task<()>>,
}

/// What a job needs to know.
#[derive(Clone)]
struct Setting {
    registry: Registry,
    pulse: Arc<Pulse>,
    /// What stands for a second.
    second: Duration,
}

impl Setting {
    fn root(&self, name: &'static str) -> Cancelable {
        Cancelable::new().name(name).observe(self.pulse.clone())
    }
}

impl Demo {
    /// Starts them. `second` is how long they take for what should take a second.
    pub fn start(registry: &Registry, pulse: &Arc<Pulse>, second: Duration) -> Self {
        let setting = Setting {
            registry: registry.clone(),
            pulse: pulse.clone(),
            second,
        };
        let tasks = vec![backup(&setting), builds(&setting), downloads(&setting)];
        Demo {
            registry: registry.clone(),
            tasks,
        }
    }

    /// Cancels all that is left, and waits for its cleanup.
    pub async fn stop(self) {
        self.registry
            .cancel_all((Reason::Shutdown, "the dashboard is closed"));
        for task in self.tasks {
            task.await;
        }
    }
}

/// So many seconds of work in a hundred steps.
async fn work(cx: &Cx, time: Duration) {
    for step in 0..=100 {
        cx.progress(step, 100);
        cx.sleep(time / 100).await;
    }
}

/// Takes an hour, does not stop at once, and has a detached part: only `t` and `a` cancel that.
fn backup(setting: &Setting) -> Task<()> {
    let Setting {
        registry, second, ..
    } = setting.clone();
    let op = setting
        .root("backup")
        .timeout(second * 3600)
        .finally(move |cx| async move { cx.sleep(second * 2).await }) // unmounts the disk
        .register(&registry);
    let run = op.run(async move |cx| {
        let audit = cx.detached().name("audit").register(&registry);
        let entries = audit.run(async move |cx| {
            for entry in 1.. {
                cx.report_progress(format!("{entry} entries"));
                cx.sleep(second).await;
            }
        });
        smol::spawn(entries).detach();
        let [home, mail] = ["home", "mail"].map(|disk| {
            let part = cx.child().name(disk).register(&registry);
            part.run(async move |cx| work(cx, second * 1800).await)
        });
        future::zip(home, mail).await
    });
    smol::spawn(async move {
        let _ = run.await; // the registry knows
    })
}

/// One after the other. Every third one fails in its tests.
fn builds(setting: &Setting) -> Task<()> {
    let setting = setting.clone();
    smol::spawn(async move {
        for number in 1.. {
            let Setting {
                registry, second, ..
            } = setting.clone();
            let op = setting
                .root("build")
                .metadata("number", format!("{number}"))
                .timeout(second * 30)
                .register(&registry)
                .build();
            let run = op.try_run(async move |cx| -> Result<(), AnyError> {
                let compile = cx.child().name("compile").register(&registry);
                let crates = registry.clone();
                let run = compile.try_run(async move |cx| -> Result<(), Cancelled> {
                    let [core, std] = [("core", 4), ("std", 6)].map(|(name, takes)| {
                        let part = cx.child().name(name).register(&crates);
                        part.run(async move |cx| work(cx, second * takes).await)
                    });
                    future::try_zip(core, std).await?;
                    Ok(())
                });
                run.await?;
                let test = cx.child().name("test").register(&registry);
                let run = test.try_run(async move |cx| -> Result<(), AnyError> {
                    work(cx, second * 3).await;
                    match number % 3 {
                        0 => Err("1 of 100 tests failed".into()),
                        _ => Ok(()),
                    }
                });
                run.await
            });
            let _ = run.await;
            if stopped(&op) {
                return;
            }
        }
    })
}

/// Files of a mirror. Each has three seconds, which is not enough for all of them.
fn downloads(setting: &Setting) -> Task<()> {
    let Setting {
        registry, second, ..
    } = setting.clone();
    let op = setting.root("mirror").register(&registry);
    let run = op.run(async move |cx| {
        for number in 1u32.. {
            let file = cx
                .child()
                .name(format!("file {number}"))
                .timeout(second * 3)
                .register(&registry);
            let takes = second * (1 + number % 4);
            // A file that is late, or that somebody cancels, is left out.
            let _ = file.run(async move |cx| work(cx, takes).await).await;
        }
    });
    smol::spawn(async move {
        let _ = run.await;
    })
}

/// Whether somebody wants no more of it: a failure or a timeout is no reason not to begin again.
fn stopped(op: &Operation) -> bool {
    let context = op.context();
    context
        .reason()
        .is_some_and(|reason| reason != Reason::Timeout && reason != Reason::Error)
}
