//! The operations of tokens without a heap, each beside `n` others of whatever it could depend on.

use crate::fill::{
    poll, with_children, with_depth, with_hooks, with_sources, with_waiting_children, with_waits,
};
use crate::meter::{Measured, measure};
use crate::still::Still;
use board::Alarm;
use cancel_core::{Child, Deadline, OnCancel, Reason, Shields, Token};
use core::future::Future;
use core::pin::pin;
use core::task::Context;
use core::time::Duration;

/// A name, and what measures it beside so many others.
pub(crate) type Operation = (&'static str, fn(u32) -> Measured);

pub(crate) const ALL: &[Operation] = &[
    ("ask: `is_cancelled`, `check`, `cause`", ask),
    ("ask a token `n` levels down, cancelled", ask_below),
    ("wait, first poll, beside `n` others", wait),
    ("wait, polled again", wait_again),
    ("wait, polled with another waker", wait_other),
    ("wait, dropped, beside `n` others", wait_dropped),
    ("wait, dropped after the cancel", wait_over),
    ("cancel, `n` wait", cancel_waits),
    ("cancel, `n` children", cancel_children),
    ("cancel, `n` children, waited for", cancel_waiting_children),
    ("cancel, `n` levels", cancel_depth),
    ("cancel, a second time", cancel_again),
    (
        "cancel what is below, `n` children, waited for",
        cancel_below,
    ),
    ("cancel what is below, `n` levels", cancel_below_depth),
    ("cancel what is below: nothing, `n` wait", cancel_nothing),
    ("child enters, beside `n` others", child_enters),
    (
        "child enters below a cancelled token",
        child_enters_cancelled,
    ),
    ("child dropped, beside `n` others", child_dropped),
    ("shield opened and closed, `n` scopes deep", shield),
    ("callback in place enters, beside `n` others", hook_enters),
    (
        "callback in place enters below a cancelled token",
        hook_enters_cancelled,
    ),
    ("callback in place dropped, beside `n` others", hook_dropped),
    ("cancel, `n` callbacks in place", cancel_hooks),
    ("deadline moved, `n` sources wait", deadline_moved),
    (
        "source of a deadline, first poll, beside `n` others",
        source,
    ),
    (
        "source of a deadline, dropped, beside `n` others",
        source_dropped,
    ),
    ("ask a deadline, `n` levels down", ask_deadline),
];

/// Measures inside of something that takes a `dyn FnMut`.
fn inside(fill: impl FnOnce(&mut dyn FnMut()), mut code: impl FnMut()) -> Measured {
    let mut measured = None;
    fill(&mut || measured = Some(measure(&mut code)));
    measured.unwrap_or(Measured {
        longest: u32::MAX,
        sections: 0,
    })
}

pub(crate) fn ask(n: u32) -> Measured {
    let token = Token::new();
    inside(
        |then| with_waits(&token, n, then),
        || {
            assert!(!token.is_cancelled() && token.check().is_ok());
            assert!(token.cause().is_none());
        },
    )
}

fn ask_below(n: u32) -> Measured {
    let token = Token::new();
    let mut measured = None;
    with_depth(&token, n, &mut |lowest| {
        token.cancel_with(Reason::Shutdown);
        measured = Some(measure(|| {
            assert!(lowest.check().is_err());
            assert_eq!(
                lowest.cause().map(|it| it.root_reason()),
                Some(Reason::Shutdown)
            );
        }));
    });
    measured.unwrap()
}

fn wait(n: u32) -> Measured {
    let token = Token::new();
    let mut wait = pin!(token.cancelled());
    inside(
        |then| with_waits(&token, n, then),
        || assert!(poll(wait.as_mut()).is_pending()),
    )
}

fn wait_again(n: u32) -> Measured {
    let token = Token::new();
    let mut wait = pin!(token.cancelled());
    assert!(poll(wait.as_mut()).is_pending());
    inside(
        |then| with_waits(&token, n, then),
        || assert!(poll(wait.as_mut()).is_pending()),
    )
}

fn wait_other(n: u32) -> Measured {
    static ALARM: Alarm = Alarm::new();
    let token = Token::new();
    let mut wait = pin!(token.cancelled());
    assert!(poll(wait.as_mut()).is_pending());
    let waker = ALARM.waker();
    inside(
        |then| with_waits(&token, n, then),
        || {
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            )
        },
    )
}

fn wait_dropped(n: u32) -> Measured {
    let token = Token::new();
    let mut wait = pin!(Some(token.cancelled()));
    assert!(
        wait.as_mut()
            .as_pin_mut()
            .is_some_and(|wait| poll(wait).is_pending())
    );
    inside(|then| with_waits(&token, n, then), || wait.set(None))
}

fn wait_over(n: u32) -> Measured {
    let token = Token::new();
    let mut wait = pin!(Some(token.cancelled()));
    assert!(
        wait.as_mut()
            .as_pin_mut()
            .is_some_and(|wait| poll(wait).is_pending())
    );
    with_waits(&token, n, &mut || _ = token.cancel());
    measure(|| wait.set(None))
}

fn cancel_waits(n: u32) -> Measured {
    let token = Token::new();
    inside(
        |then| with_waits(&token, n, then),
        || assert!(token.cancel()),
    )
}

fn cancel_children(n: u32) -> Measured {
    let token = Token::new();
    inside(
        |then| with_children(&token, n, then),
        || assert!(token.cancel()),
    )
}

fn cancel_waiting_children(n: u32) -> Measured {
    let token = Token::new();
    inside(
        |then| with_waiting_children(&token, n, then),
        || assert!(token.cancel()),
    )
}

fn cancel_depth(n: u32) -> Measured {
    let token = Token::new();
    inside(
        |then| with_depth(&token, n, &mut |_| then()),
        || assert!(token.cancel()),
    )
}

fn cancel_again(n: u32) -> Measured {
    let token = Token::new();
    inside(
        |then| {
            with_waiting_children(&token, n, &mut || {
                token.cancel();
                then();
            });
        },
        || assert!(!token.cancel()),
    )
}

fn cancel_below(n: u32) -> Measured {
    let token = Token::new();
    inside(
        |then| with_waiting_children(&token, n, then),
        || assert!(token.cancel_children() && !token.is_cancelled()),
    )
}

fn cancel_below_depth(n: u32) -> Measured {
    let token = Token::new();
    inside(
        |then| with_depth(&token, n, &mut |_| then()),
        || assert!(token.cancel_children()),
    )
}

fn cancel_nothing(n: u32) -> Measured {
    let token = Token::new();
    inside(
        |then| with_waits(&token, n, then),
        || assert!(!token.cancel_children()),
    )
}

fn child_enters(n: u32) -> Measured {
    let token = Token::new();
    let mut child = pin!(Child::new(&token));
    inside(
        |then| with_children(&token, n, then),
        || assert!(!child.as_mut().enter().is_cancelled()),
    )
}

fn child_enters_cancelled(n: u32) -> Measured {
    let token = Token::new();
    let mut child = pin!(Child::new(&token));
    with_children(&token, n, &mut || _ = token.cancel());
    measure(|| assert!(child.as_mut().enter().is_cancelled()))
}

fn child_dropped(n: u32) -> Measured {
    let token = Token::new();
    let mut child = pin!(Some(Child::new(&token)));
    child.as_mut().as_pin_mut().map(Child::enter);
    inside(|then| with_children(&token, n, then), || child.set(None))
}

fn shield(n: u32) -> Measured {
    fn nested(outer: &Shields<'_>, left: u32) -> Measured {
        match left {
            0 => measure(|| assert!(poll(pin!(outer.shield_future(async {}))).is_ready())),
            _ => nested(&Shields::nested(outer), left - 1),
        }
    }
    nested(&Shields::new(), n)
}

fn hook_enters(n: u32) -> Measured {
    let token = Token::new();
    let mut hook = pin!(OnCancel::new(&token, |_| panic!("not cancelled")));
    inside(|then| with_hooks(&token, n, then), || hook.as_mut().enter())
}

fn hook_enters_cancelled(n: u32) -> Measured {
    let token = Token::new();
    let hook = pin!(OnCancel::new(&token, |_| {}));
    with_hooks(&token, n, &mut || _ = token.cancel());
    measure(|| hook.enter())
}

fn hook_dropped(n: u32) -> Measured {
    let token = Token::new();
    let mut hook = pin!(Some(OnCancel::new(&token, |_| panic!("not cancelled"))));
    hook.as_mut().as_pin_mut().map(OnCancel::enter);
    inside(|then| with_hooks(&token, n, then), || hook.set(None))
}

fn cancel_hooks(n: u32) -> Measured {
    let token = Token::new();
    inside(
        |then| with_hooks(&token, n, then),
        || assert!(token.cancel()),
    )
}

const SECOND: Duration = Duration::from_secs(1);

fn deadline_moved(n: u32) -> Measured {
    let deadline = Deadline::new(Still).timeout(SECOND);
    inside(
        |then| with_sources(&deadline, n, then),
        || deadline.set_timeout(SECOND * 2),
    )
}

fn source(n: u32) -> Measured {
    let deadline = Deadline::new(Still).timeout(SECOND);
    let mut source = pin!(deadline.source());
    inside(
        |then| with_sources(&deadline, n, then),
        || assert!(poll(source.as_mut()).is_pending()),
    )
}

fn source_dropped(n: u32) -> Measured {
    let deadline = Deadline::new(Still).timeout(SECOND);
    let mut source = pin!(Some(deadline.source()));
    source
        .as_mut()
        .as_pin_mut()
        .map(|source| poll(source).is_pending());
    inside(|then| with_sources(&deadline, n, then), || source.set(None))
}

fn ask_deadline(n: u32) -> Measured {
    fn nested(outer: &Deadline<'_, Still>, left: u32) -> Measured {
        match left {
            0 => measure(|| assert_eq!(outer.remaining(), Some(SECOND))),
            _ => nested(&Deadline::nested(outer), left - 1),
        }
    }
    nested(&Deadline::new(Still).timeout(SECOND), n)
}
