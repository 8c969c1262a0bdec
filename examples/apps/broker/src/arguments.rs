//! The command line.

use cancel_app_broker::message;
use cancel_smol::{Cause, Reason};
use std::time::Duration;

pub(crate) const USAGE: &str = "\
broker work NAME [--steps N] [--patience SECONDS]
    works for N steps (600) of 0.1 s, as the operation NAME; gives up if Redis is lost for
    longer than SECONDS (10)
broker cancel NAME [--reason REASON] [--message TEXT]
    cancels it; REASON: manual, timeout, shutdown, condition, error, dropped, custom:N, signal:N

both: --redis URL (redis://127.0.0.1/)
exit code: 0 done, 1 cancelled, or nobody to cancel, 2 an error";

pub(crate) struct Arguments {
    pub(crate) task: Task,
    pub(crate) name: String,
    pub(crate) redis: String,
}

pub(crate) enum Task {
    Work { steps: u64, patience: Duration },
    Cancel(Cause),
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let task = words.next().ok_or("what shall I do?")?;
        let name = words.next().ok_or("which operation?")?;
        let mut redis = String::from("redis://127.0.0.1/");
        let (mut steps, mut patience) = (600, Duration::from_secs(10));
        let (mut reason, mut message) = (Reason::Manual, None);
        while let Some(option) = words.next() {
            let value = words.next().ok_or(format!("{option} needs a value"))?;
            match (task.as_str(), option.as_str()) {
                (_, "--redis") => redis = value,
                ("work", "--steps") => {
                    steps = value.parse().map_err(|error| format!("--steps: {error}"))?;
                }
                ("work", "--patience") => {
                    let seconds: f64 = value
                        .parse()
                        .map_err(|error| format!("--patience: {error}"))?;
                    patience = Duration::try_from_secs_f64(seconds)
                        .map_err(|error| format!("--patience: {error}"))?;
                }
                ("cancel", "--reason") => reason = message::reason(&value)?,
                ("cancel", "--message") => message = Some(value),
                _ => return Err(format!("no option {option} here")),
            }
        }
        let task = match task.as_str() {
            "work" => Task::Work { steps, patience },
            "cancel" => {
                let cause = Cause::new(reason);
                Task::Cancel(match message {
                    Some(message) => cause.with_message(message),
                    None => cause,
                })
            }
            _ => return Err(format!("no task {task}")),
        };
        Ok(Arguments { task, name, redis })
    }
}
