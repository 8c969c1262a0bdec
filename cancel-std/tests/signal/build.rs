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
    for number in [0, -1, -15, 9999, 128, 129, i32::MAX, i32::MIN] {
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
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
    ];
    assert!(Signals::new(all).is_ok());
    let others = [libc::SIGCHLD, libc::SIGWINCH, libc::SIGALRM, libc::SIGPIPE];
    assert!(Signals::new(others).is_ok());
    assert!(Cancelable::with_signal(Signal::SIGTERM).is_ok());
    assert!(Cancelable::with_signal(libc::SIGTERM).is_ok());
}

/// X37: the names of the field, for searches and for those who guess.
#[test]
fn x37_signals_have_the_names_of_the_field() {
    let named = [
        (Signal::SIGINT, libc::SIGINT),
        (Signal::SIGTERM, libc::SIGTERM),
        (Signal::SIGHUP, libc::SIGHUP),
        (Signal::SIGQUIT, libc::SIGQUIT),
        (Signal::SIGUSR1, libc::SIGUSR1),
        (Signal::SIGUSR2, libc::SIGUSR2),
    ];
    for (signal, number) in named {
        assert_eq!(signal.number(), number);
    }
}

#[test]
fn x37_the_signals_that_ask_a_program_to_end() {
    assert_eq!(Signals::shutdown(), Signals::new([15, 2]).unwrap());
}

/// X37: those that programs may use; the C library's own are not among them.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn x37_real_time_signals_can_be_given() {
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
    let all = Signals::new(first..=last).unwrap();
    assert!(format!("{all:?}").starts_with("signals[SIGRTMIN, SIGRTMIN+1, SIGRTMIN+2,"));
    assert_eq!(Signal::from(first + 3).to_string(), "SIGRTMIN+3");
    let last_name = format!("SIGRTMIN+{}", last - first);
    assert_eq!(Signal::from(last).name(), Some(last_name.as_str()));
    refused(&[first - 1]);
    refused(&[last + 1]);
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
    assert_eq!(Signal::SIGUSR1.number(), libc::SIGUSR1);
    assert_eq!(Signal::SIGUSR2.number(), libc::SIGUSR2);
    assert_eq!(Signal::SIGHUP.number(), libc::SIGHUP);
    assert_eq!(Signal::SIGQUIT.number(), libc::SIGQUIT);
    assert_eq!(
        format!("{:?} {:>9}", Signal::SIGQUIT, Signal::SIGQUIT),
        "SIGQUIT   SIGQUIT"
    );
    assert_eq!(format!("{:?}", Signal::from(-1)), "Signal(-1)");
}
