//! What the jobs do. None of it knows of HTTP, of the page, or of who cancels.

use cancel_smol::{Cancelable, Cx};
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

type AnyError = Box<dyn Error + Send + Sync>;

/// How many numbers a step of [`Kind::Primes`] looks at.
const RANGE: u64 = 2_000;

/// How many bytes a step of [`Kind::Backup`] writes.
const BLOCK: usize = 64 * 1024;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Counts primes, on smol's thread pool. Cancelled, it leaves the count so far.
    Primes,
    /// Writes a file. Cancelled, it leaves none.
    Backup,
    /// Reads rows of text, and fails at one that is wrong.
    Import,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Primes, Kind::Backup, Kind::Import];

    pub(crate) fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Primes => "primes",
            Kind::Backup => "backup",
            Kind::Import => "import",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Kind::Primes => "Count primes",
            Kind::Backup => "Write a backup",
            Kind::Import => "Import rows",
        }
    }
}

/// How much there is to do, how slowly, and where.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) steps: u64,
    pub(crate) pace: Duration,
    pub(crate) folder: PathBuf,
}

/// What has to be said before the operation is shared: how it cleans up.
pub(crate) fn set_up(kind: Kind, op: Cancelable, plan: &Plan) -> Cancelable {
    match kind {
        Kind::Backup => {
            let plan = plan.clone();
            op.finally(move |cx| async move {
                let part = part(&cx, &plan);
                // It is not there if all went well.
                let _ = smol::unblock(move || fs::remove_file(part)).await;
            })
        }
        Kind::Primes | Kind::Import => op,
    }
}

pub(crate) async fn work(kind: Kind, cx: &Cx, plan: &Plan) -> Result<(), AnyError> {
    match kind {
        Kind::Primes => primes(cx, plan).await,
        Kind::Backup => backup(cx, plan).await,
        Kind::Import => import(cx, plan).await,
    }
}

async fn primes(cx: &Cx, plan: &Plan) -> Result<(), AnyError> {
    let mut found = 0;
    for step in 0..plan.steps {
        let (first, end) = (step * RANGE, (step + 1) * RANGE);
        found += smol::unblock(move || (first..end).filter(|n| is_prime(*n)).count()).await;
        cx.set_partial_result(format!("{found} primes below {end}"));
        finished(cx, plan, step).await;
    }
    Ok(())
}

fn is_prime(n: u64) -> bool {
    let divisors = (2..).take_while(|d| d * d <= n);
    n >= 2 && divisors.into_iter().all(|d| n % d != 0)
}

async fn backup(cx: &Cx, plan: &Plan) -> Result<(), AnyError> {
    let part = part(cx, plan);
    let new = part.clone();
    // Shielded: cut off, it would go on alone, and make the file after the cleanup.
    cx.shield_future(smol::unblock(move || fs::write(new, "")))
        .await?;
    for step in 0..plan.steps {
        let path = part.clone();
        smol::unblock(move || append(&path)).await?;
        let kibibytes = (step + 1) * (BLOCK as u64 / 1024);
        cx.set_partial_result(format!("{kibibytes} KiB written"));
        finished(cx, plan, step).await;
    }
    // From here on it is all or nothing.
    let whole = part.with_extension("bin");
    cx.shield_future(smol::unblock(move || fs::rename(part, whole)))
        .await?;
    Ok(())
}

fn part(cx: &Cx, plan: &Plan) -> PathBuf {
    plan.folder.join(format!("backup-{}.part", cx.id().get()))
}

/// Creates no file: a step that is still in the pool when its job is cancelled must not bring back
/// what the cleanup has removed.
fn append(path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(&[0x5a; BLOCK])
}

async fn import(cx: &Cx, plan: &Plan) -> Result<(), AnyError> {
    let mut sum = 0;
    for step in 0..plan.steps {
        let row = step + 1;
        let text = match row == plan.steps * 3 / 5 + 1 {
            true => "4x2".to_owned(),
            false => (row * 7).to_string(),
        };
        let amount: u64 = text
            .parse()
            .map_err(|error| format!("row {row}: \"{text}\": {error}"))?;
        sum += amount;
        cx.set_partial_result(format!("{row} rows, {sum} in total"));
        finished(cx, plan, step).await;
    }
    Ok(())
}

async fn finished(cx: &Cx, plan: &Plan, step: u64) {
    cx.progress(step + 1, plan.steps);
    cx.sleep(plan.pace).await;
}
