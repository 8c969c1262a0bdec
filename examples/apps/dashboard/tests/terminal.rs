//! Runs the dashboard in a terminal, presses keys, and looks at the screen.
#![cfg(unix)]

#[path = "support/terminal.rs"]
mod support;

use cancel_smol::{Cancelable, Registry};
use dashboard::{Config, Pulse, Screen, State, show};
use std::time::Duration;
use support::{Terminal, assert_restored, has_line, inside};

/// Runs the demonstration, until it is seen.
fn dashboard(arguments: &[&str]) -> Terminal {
    let mut terminal = Terminal::run(env!("CARGO_BIN_EXE_dashboard"), arguments);
    terminal.wait_for_line(&["> backup", "running"]);
    terminal.wait_for_line(&["├ home", "running", "%", "backup"]);
    terminal
}

const DOWN: &str = "\x1b[B";
const CTRL_C: &str = "\x03";

#[test]
fn c_cancels_one() {
    let mut terminal = dashboard(&[]);
    assert!(!has_line(
        terminal.screen(),
        &["home", "cancelled", "manual"]
    ));
    // From the backup, past its detached part, to its first disk.
    terminal.press(DOWN);
    terminal.wait_for_line(&["> ├ audit"]);
    terminal.press(DOWN);
    terminal.wait_for_line(&["> ├ home"]);
    terminal.press("c");
    terminal.wait_for_line(&["home", "cancelled", "manual: from the dashboard"]);
    terminal.wait_for("end of the row", |screen| !has_line(screen, &["├ home"]));
    // The others go on.
    terminal.wait_for_line(&["backup", "running"]);
    terminal.wait_for_line(&["mail", "running"]);
    terminal.press("q");
    let (status, parser) = terminal.end();
    assert!(status.success(), "{status}");
    assert_restored(parser.screen());
}

#[test]
fn c_leaves_a_detached_part_and_t_takes_it() {
    let mut terminal = dashboard(&[]);
    terminal.press("c");
    // Its cleanup takes two seconds.
    terminal.wait_for_line(&["> backup", "stopping"]);
    terminal.wait_for_line(&["mail", "cancelled", "parent: from the dashboard"]);
    terminal.wait_for_line(&["audit", "running", "backup"]);
    terminal.press("t");
    terminal.wait_for_line(&["audit", "cancelled", "manual: from the dashboard"]);
    terminal.wait_for_line(&["backup", "cancelled", "manual: from the dashboard"]);
    terminal.press(CTRL_C);
    let (status, parser) = terminal.end();
    assert!(status.success(), "{status}");
    assert_restored(parser.screen());
}

#[test]
fn a_cancels_all() {
    let mut terminal = dashboard(&["--fast"]);
    terminal.press("a");
    terminal.wait_for_line(&["Operations (0)"]);
    // It has a cleanup, so it is the last one.
    terminal.wait_for_line(&["backup", "cancelled", "manual: from the dashboard"]);
    terminal.wait_for_line(&["running 0"]);
    terminal.press("q");
    let (status, _) = terminal.end();
    assert!(status.success(), "{status}");
}

/// Without any key.
#[test]
fn changes_and_progress_are_drawn() {
    let mut terminal = dashboard(&["--fast"]);
    terminal.wait_for_line(&["build", "failed", "1 of 100 tests failed"]);
    terminal.wait_for_line(&["file", "cancelled", "timeout"]);
    terminal.wait_for_line(&["file", "completed"]);
    terminal.wait_for_line(&["file", "running", "█████░"]);
    terminal.press("q");
    let (status, parser) = terminal.end();
    assert!(status.success(), "{status}");
    assert!(has_line(
        parser.screen(),
        &["operations,", "of them cancelled"]
    ));
}

#[test]
fn a_signal_puts_the_terminal_back() {
    for (signal, number) in [("TERM", 15), ("INT", 2)] {
        let terminal = dashboard(&["--fast"]);
        terminal.signal(signal);
        let (status, parser) = terminal.end();
        assert!(status.success(), "{status}");
        assert_restored(parser.screen());
        let closed = format!("Closed: cancelled: signal {number}: SIG{signal}");
        assert!(
            has_line(parser.screen(), &[&closed]),
            "{}",
            parser.screen().contents()
        );
    }
}

#[test]
fn without_a_terminal_it_says_so() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dashboard"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        errors,
        "dashboard: a dashboard needs a terminal to be shown on\n"
    );
    assert_eq!(output.stdout, b"");
}

/// Runs one of the `inside_…` below in a terminal. Elsewhere these do nothing.
fn run_inside(name: &str) -> Terminal {
    let test = std::env::current_exe().unwrap();
    Terminal::run(test, &["--exact", name, "--nocapture"])
}

#[test]
fn nothing_but_news_is_needed_to_see_news() {
    let mut terminal = run_inside("inside_show_with_a_clock_that_stands");
    terminal.wait_for_line(&["> job", "running", "5/5 of it"]);
    terminal.wait_for_line(&["Operations (0)"]);
    terminal.wait_for_line(&["job", "completed"]);
    terminal.press("q");
    let (status, _) = terminal.end();
    assert!(status.success(), "{status}");
}

/// The job reports, and ends, while no key is pressed and no clock ticks.
#[test]
fn inside_show_with_a_clock_that_stands() {
    if !inside() {
        return;
    }
    let (registry, pulse) = (Registry::new(), Pulse::new());
    let job = Cancelable::new().name("job").observe(pulse.clone());
    let job = job.register(&registry).run(async |cx| {
        for step in 1..=5 {
            cx.sleep(Duration::from_millis(20)).await;
            cx.report_progress(format!("{step}/5 of it"));
        }
        cx.sleep(Duration::from_millis(50)).await; // the report has been drawn by then
    });
    let job = smol::spawn(job);
    let config = Config {
        gap: Duration::ZERO,
        tick: Duration::MAX,
    };
    let mut screen = Screen::open().unwrap();
    let run =
        Cancelable::new().run(async |cx| show(cx, &registry, &pulse, &mut screen, config).await);
    smol::block_on(run).unwrap().unwrap();
    smol::block_on(job).unwrap();
}

/// It panics there.
fn panics(name: &str) -> String {
    let (status, parser) = run_inside(name).end();
    assert!(!status.success(), "{status}");
    assert_restored(parser.screen());
    parser.screen().contents()
}

#[test]
fn a_panic_puts_the_terminal_back() {
    let seen = panics("inside_panic_while_it_is_shown");
    assert!(seen.contains("something is wrong here"), "{seen}");
    // Lines begin at the left again: the terminal is not raw any more.
    assert!(
        seen.lines().any(|line| line.starts_with("test result")),
        "{seen}"
    );
}

#[test]
fn inside_panic_while_it_is_shown() {
    if !inside() {
        return;
    }
    let mut screen = Screen::open().unwrap();
    screen.draw(&State::new(&Registry::new())).unwrap();
    panic!("something is wrong here");
}

#[test]
fn a_panic_elsewhere_is_told_in_the_end() {
    let seen = panics("inside_panic_in_another_thread");
    let said = seen.find("trouble elsewhere").expect("it is not lost");
    assert!(seen.find("in the end").unwrap() > said, "{seen}");
}

#[test]
fn inside_panic_in_another_thread() {
    if !inside() {
        return;
    }
    let mut screen = Screen::open().unwrap();
    let state = State::new(&Registry::new());
    screen.draw(&state).unwrap();
    let thread = std::thread::spawn(|| panic!("trouble elsewhere"));
    assert!(thread.join().is_err());
    screen.draw(&state).unwrap();
    drop(screen);
    panic!("in the end"); // the hook is the old one again
}
