//! What can be listened for, and what cannot.

use cancel_std::{BuildError, Cancelable, Signal, Signals, Source, Std};

fn refused(signals: &[i32]) -> String {
    let error: BuildError = Signals::new(signals.iter().copied()).unwrap_err();
    let text = error.to_string();
    // All ways give the same answer.
    let op = Cancelable::with_signals(signals.to_vec()).unwrap_err();
    let builder = Cancelable::new().signals(signals.to_vec()).unwrap_err();
    let source = Source::<Std>::signals(signals.to_vec()).unwrap_err();
    assert_eq!([&op, &builder, &source], [&error; 3]);
    text
}

#[test]
fn what_nobody_can_catch_is_refused_by_name() {
    let why = "cannot be listened for: the system lets nobody catch it";
    assert_eq!(refused(&[libc::SIGKILL]), format!("SIGKILL {why}"));
    assert_eq!(refused(&[libc::SIGSTOP]), format!("SIGSTOP {why}"));
    // Also behind one that is fine.
    assert_eq!(refused(&[2, libc::SIGKILL]), format!("SIGKILL {why}"));
}

#[test]
fn faults_are_refused_by_name() {
    let faults = [
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGILL, "SIGILL"),
    ];
    for (signal, name) in faults {
        let text = refused(&[signal]);
        assert!(text.starts_with(name), "{text}");
        assert!(text.contains("fault"), "{text}");
    }
}

#[test]
fn what_is_no_signal_is_refused_by_number() {
    for number in [0, -1, -15, 9999, 64, 128, i32::MAX, i32::MIN] {
        let text = refused(&[number]);
        assert!(text.starts_with(&format!("signal {number} ")), "{text}");
    }
}

#[test]
fn no_signals_are_refused() {
    assert_eq!(refused(&[]), "no signals to listen for were given");
}

#[test]
fn every_other_signal_can_be_given() {
    let all = [
        Signal::INTERRUPT,
        Signal::TERMINATE,
        Signal::HANGUP,
        Signal::QUIT,
        Signal::USER1,
        Signal::USER2,
    ];
    assert!(Signals::new(all).is_ok());
    let others = [libc::SIGCHLD, libc::SIGWINCH, libc::SIGALRM, libc::SIGPIPE];
    assert!(Signals::new(others).is_ok());
    assert!(Cancelable::with_signal(Signal::TERMINATE).is_ok());
    assert!(Cancelable::with_signal(libc::SIGTERM).is_ok());
}

#[test]
fn they_say_what_they_are() {
    let signals = Signals::new([15, 2, 15]).unwrap();
    assert_eq!(format!("{signals:?}"), "signals[SIGINT, SIGTERM]");
    let signals = signals.exit_on_second();
    assert_eq!(
        format!("{signals:?}"),
        "signals[SIGINT, SIGTERM].exit_on_second"
    );
    let source: Source<Std> = signals.into();
    assert_eq!(
        format!("{source:?}"),
        "Source::signals[SIGINT, SIGTERM].exit_on_second"
    );
    assert_eq!(Signal::USER1.number(), libc::SIGUSR1);
    assert_eq!(Signal::USER2.number(), libc::SIGUSR2);
    assert_eq!(Signal::HANGUP.number(), libc::SIGHUP);
    assert_eq!(Signal::QUIT.number(), libc::SIGQUIT);
    assert_eq!(
        format!("{:?} {:>9}", Signal::QUIT, Signal::QUIT),
        "SIGQUIT   SIGQUIT"
    );
    assert_eq!(format!("{:?}", Signal::from(-1)), "Signal(-1)");
}
