//! Steps that may hang: with a time limit, and what they print kept.

use crate::run::Outcome;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Runs a step for at most `limit`. What it prints to its standard output goes through, and is returned
/// with how it ended.
pub(crate) fn limited(
    title: &str,
    command: &mut Command,
    limit: Duration,
) -> Result<(String, Outcome), String> {
    println!("\n── {title}");
    let start = Instant::now();
    let (text, outcome) =
        capture(command, limit, true).map_err(|error| format!("{title}: {error}"))?;
    println!("── {title}: {:.0} s", start.elapsed().as_secs_f32());
    Ok((text, outcome.map_err(|error| format!("{title}: {error}"))))
}

/// The same without a heading, and if wanted without a word.
pub(crate) fn capture(
    command: &mut Command,
    limit: Duration,
    echo: bool,
) -> Result<(String, Outcome), String> {
    let start = Instant::now();
    // With all that it starts, so that all of it can be ended.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    let output = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        for line in BufReader::new(output?).split(b'\n') {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line);
            if echo {
                println!("{line}");
            }
            text.push_str(&line);
            text.push('\n');
        }
        Some(text)
    });
    let outcome = wait(&mut child, start + limit);
    let text = reader.join().ok().flatten().unwrap_or_default();
    Ok((text, outcome))
}

fn wait(child: &mut Child, until: Instant) -> Outcome {
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(status.to_string()),
            Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(50)),
            Ok(None) => {
                end(child);
                return Err("took too long, and was ended".into());
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

fn end(child: &mut Child) {
    #[cfg(unix)]
    let _ = Command::new("kill")
        .args(["-KILL", "--", &format!("-{}", child.id())])
        .status();
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> (String, Outcome) {
        limited("a script", Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn what_is_printed_and_how_it_ended() {
        let long = Duration::from_secs(3600);
        assert_eq!(shell("echo a; echo b", long), ("a\nb\n".into(), Ok(())));
        let (text, outcome) = shell("echo a; exit 3", long);
        assert_eq!(text, "a\n");
        assert!(outcome.unwrap_err().contains("3"));
    }

    #[test]
    fn what_hangs_is_ended_with_all_that_it_started() {
        let (text, outcome) = shell("echo a; sleep 3600 & sleep 3600", Duration::ZERO);
        assert!(outcome.unwrap_err().contains("too long"));
        assert!("a\n".starts_with(&text));
    }
}
