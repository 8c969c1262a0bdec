//! The operation: hash what is not hashed yet, and save what there is, whatever happens.

use crate::arguments::Arguments;
use crate::atomic::{self, temporary};
use crate::error::Error;
use crate::hash::hash;
use crate::state::State;
use crate::tree::{Found, Tree};
use cancel_smol::{BuildError, Cancelable, Cx, Signal, Signals};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What body and cleanup share.
struct Work {
    state: State,
    /// The output is written.
    finished: bool,
    /// Why the cleanup could not do its part.
    trouble: Option<String>,
}

type Shared = Arc<Mutex<Work>>;

fn lock(work: &Mutex<Work>) -> MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of files.
pub(crate) fn run(arguments: &Arguments) -> Result<usize, Error> {
    let folder = folder(&arguments.folder)?;
    let (output, state) = (file(&arguments.output)?, file(&arguments.state)?);
    // However they were spelled: one would be written over, or removed with, the other.
    if output == state || output == temporary(&state) || state == temporary(&output) {
        let message = "the output and the state have to be two files";
        return Err(Error::from(String::from(message)));
    }
    // Before there is a cleanup: that must not write over a state that was not understood.
    let work = Arc::new(Mutex::new(Work {
        state: State::load(&state, &folder)?,
        finished: false,
        trouble: None,
    }));

    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{bar:30} {msg} {bytes}/{total_bytes}")
            .map_err(|error| error.to_string())?,
    );
    let (shown, cleared) = (bar.clone(), bar.clone());
    let (saved, slow) = (work.clone(), arguments.slow_cleanup);
    let path = state.clone();
    let op = Cancelable::new()
        .name("checksums")
        .source(signals().map_err(|error| error.to_string())?)
        .on_progress(move |progress| shown.set_position(progress.current().unwrap_or(0)))
        // Nothing cuts it short, but a second Ctrl-C. That ends the process.
        .finally(move |cx| async move {
            cleared.finish_and_clear();
            save(&cx, saved, path, slow).await;
        });

    let result = smol::block_on(op.try_run(async |cx| {
        let except = [&output, &state].map(|path| [path.clone(), atomic::temporary(path)]);
        let tree = cx
            .shield_future(cx.run_in_thread(move |cx| Tree::walk(cx, &folder, &except.concat())))
            .await??;
        let count = tree.files.len();
        let problems = hash_all(cx, tree, &work, &bar, arguments.slow_file).await?;
        if !problems.is_empty() {
            return Err(incomplete(&problems, &arguments.state).into());
        }
        let text = lock(&work).state.checksums();
        let written = cx.run_in_thread(move |_| atomic::write(&output, &text));
        cx.shield_future(written).await?.map_err(|error| {
            let output = arguments.output.display();
            format!("cannot write `{output}`: {error}")
        })?;
        lock(&work).finished = true;
        Ok(count)
    }));
    match (result, lock(&work).trouble.take()) {
        (result, None) => result,
        (Ok(_), Some(trouble)) => Err(trouble.into()),
        (Err(error), Some(trouble)) => Err(format!("{error}\nand {trouble}").into()),
    }
}

fn signals() -> Result<Signals, BuildError> {
    let signals: &[Signal] = match cfg!(unix) {
        true => &[Signal::SIGINT, Signal::SIGTERM],
        false => &[Signal::SIGINT],
    };
    Ok(Signals::new(signals.iter().copied())?.exit_on_second())
}

/// One after the other: it is the disk that takes the time. Gives what could not be read.
async fn hash_all(
    cx: &Cx,
    tree: Tree,
    work: &Shared,
    bar: &ProgressBar,
    slow: Duration,
) -> Result<Vec<String>, Error> {
    let Tree {
        files,
        mut problems,
    } = tree;
    let count = files.len();
    let total = files.iter().map(|file| file.stamp.size).sum();
    let (known, rest) = split(files, &mut lock(work).state);
    if !known.is_empty() {
        println!("resumed: {} of {count}", known.len());
    }
    let mut bytes: u64 = known.iter().map(|file| file.stamp.size).sum();

    bar.set_length(total);
    for (done, file) in (known.len()..).zip(rest) {
        bar.set_message(format!("{done}/{count} files"));
        cx.progress(bytes, total);
        cx.sleep(slow).await;

        let path = file.path.clone();
        let call = cx.run_in_thread(move |cx| {
            let mut now = bytes;
            hash(cx, &path, |piece| {
                now += piece;
                cx.progress(now, total);
            })
        });
        // The shield makes it wait for the thread, which sees the cancelation by itself: nothing is
        // read any more when the cleanup begins.
        match cx.shield_future(call).await?? {
            Ok(hashed) => {
                lock(work).state.files.insert(file.name, hashed);
            }
            Err(error) => problems.push(format!("{}: {error}", file.path.display())),
        }
        bytes += file.stamp.size;
    }
    bar.finish_and_clear();
    Ok(problems)
}

/// Those that are hashed already, and the rest. The state forgets all others.
fn split(files: Vec<Found>, state: &mut State) -> (Vec<Found>, Vec<Found>) {
    let mut old = std::mem::take(&mut state.files);
    files.into_iter().partition(|file| {
        let hashed = old.remove(&file.name);
        match hashed.filter(|hashed| hashed.stamp == file.stamp) {
            Some(hashed) => state.files.insert(file.name.clone(), hashed).is_none(),
            None => false,
        }
    })
}

/// The cleanup.
async fn save(cx: &Cx, work: Shared, path: PathBuf, slow: Duration) {
    if cx.operation().is_cancelled() {
        eprintln!("saving...");
    }
    cx.sleep(slow).await;
    let shared = work.clone();
    let saved = cx.run_in_thread(move |_| {
        let mut work = lock(&shared);
        let done = match work.finished {
            false => work.state.save(&path),
            true => match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        };
        if let Err(error) = done {
            let what = if work.finished { "delete" } else { "write" };
            work.trouble = Some(format!(
                "cannot {what} the state file `{}`: {error}",
                path.display()
            ));
        } else if !work.finished {
            eprintln!(
                "saved: {} files in {}",
                work.state.files.len(),
                path.display()
            );
        }
    });
    if let Err(error) = saved.await {
        lock(&work).trouble = Some(format!("nothing is saved: {error}"));
    }
}

fn incomplete(problems: &[String], state: &Path) -> String {
    format!(
        "cannot read\n  {}\nso there is no output yet. The other files are in `{}`: once these can be \
         read (or are gone), the same command does the rest.",
        problems.join("\n  "),
        state.display()
    )
}

fn folder(path: &Path) -> Result<PathBuf, String> {
    let shown = path.display();
    let folder = path.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("there is no folder `{shown}`"),
        _ => format!("cannot read the folder `{shown}`: {error}"),
    })?;
    match folder.is_dir() {
        true => Ok(folder),
        false => Err(format!("`{shown}` is not a folder")),
    }
}

/// One to write to, as the walk will see it. Better now than after an hour that it cannot be.
fn file(path: &Path) -> Result<PathBuf, String> {
    let shown = path.display();
    let name = path
        .file_name()
        .filter(|_| !path.is_dir())
        .ok_or_else(|| format!("`{shown}` is not the name of a file"))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize().map_err(|error| {
        format!(
            "cannot write `{shown}`: its folder, `{}`: {error}",
            folder.display()
        )
    })?;
    Ok(folder.join(name))
}
