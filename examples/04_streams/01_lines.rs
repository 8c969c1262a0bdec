//! Reading a file line by line: with progress, stopped by a bad line, stopped by the user.
//!
//! Run it: `cargo run --example 01_lines`

use cancel_smol::{Cancelable, Cancelled, Cx, Kept};
use smol::fs::File;
use smol::io::{AsyncBufReadExt, BufReader};
use smol::stream::StreamExt;
use std::path::{Path, PathBuf};
use std::{env, error, fs, process};

/// Anything that can go wrong, a cancelation among it.
type Error = Box<dyn error::Error + Send + Sync>;

/// Adds up the numbers of a file, one in each line.
async fn add_up(cx: &Cx, path: &Path) -> Result<u64, Error> {
    let file = File::open(path).await?;
    let lines = BufReader::new(file).lines();
    // The error type of the stream has to take cancelations, too.
    let lines = lines.map(|line| line.map_err(Error::from));
    let mut lines = cx.try_stream(lines).report_every(100).keep_last(2);
    let mut sum = 0;
    while let Some(line) = lines.try_next().await? {
        if line == "stop" {
            cx.cancel_with("the user pressed stop");
            continue; // ends at the next line
        }
        sum += line.parse::<u64>()?;
    }
    Ok(sum)
}

fn run(what: &str, path: &Path) {
    println!("{what}:");
    let op = Cancelable::new()
        .name("add up")
        .on_progress(|progress| println!("  {progress} lines"))
        .build();
    let result = smol::block_on(op.try_run(async |cx| add_up(cx, path).await));
    match result {
        Ok(sum) => println!("  The sum is {sum}"),
        Err(error) if error.is::<Cancelled>() => println!("  Stopped: {error}"),
        Err(error) => println!("  Failed: {error}"),
    }
    let context = op.context();
    println!("  Status: {}", context.status());
    if let Some(kept) = context.partial_result::<Kept<String>>() {
        println!(
            "  Read {} lines, the last: {:?}",
            kept.passed(),
            kept.to_vec()
        );
    }
}

/// A file of numbers, with something else instead of one of them.
fn written(directory: &Path, name: &str, other: Option<(usize, &str)>) -> PathBuf {
    let lines: Vec<String> = (1..=250)
        .map(|number| match other {
            Some((at, text)) if at == number => text.to_string(),
            _ => number.to_string(),
        })
        .collect();
    let path = directory.join(name);
    fs::write(&path, lines.join("\n")).expect("the temporary directory can be written to");
    path
}

fn main() {
    let directory = env::temp_dir().join(format!("cancel-lines-{}", process::id()));
    fs::create_dir_all(&directory).expect("the temporary directory can be written to");

    run("All of it", &written(&directory, "all", None));
    let bad = written(&directory, "bad", Some((130, "one hundred and thirty")));
    run("A line that is no number", &bad);
    let stopped = written(&directory, "stopped", Some((210, "stop")));
    run("Stopped in the middle", &stopped);

    fs::remove_dir_all(&directory).expect("it is ours");
}
