//! The dashboard at work: waits for whatever comes, and draws.

use crate::keys::{Action, action};
use crate::pulse::Pulse;
use crate::screen::Screen;
use crate::state::State;
use cancel_smol::{Changes, Cx, Reason, Registry};
use crossterm::event::EventStream;
use smol::future;
use smol::stream::StreamExt;
use std::io;
use std::time::{Duration, Instant};

/// How often it draws.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The shortest time between two drawings, unless a key is pressed: progress may come by the
    /// thousand.
    pub gap: Duration,
    /// How often the clocks on the screen move. While nothing runs, they stand still.
    pub tick: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            gap: Duration::from_millis(40),
            tick: Duration::from_millis(500),
        }
    }
}

/// What it was woken by.
enum Wake {
    Key(Option<io::Result<crossterm::event::Event>>),
    Changed,
}

/// Shows `registry` until somebody quits, or the operation `cx`, whose body this is, is cancelled.
///
/// # Errors
///
/// If the terminal fails.
///
/// # Panics
///
/// If something that hears of a cancelation by key panics. The terminal is put back by then.
pub async fn show(
    cx: &Cx,
    registry: &Registry,
    pulse: &Pulse,
    screen: &mut Screen,
    config: Config,
) -> io::Result<()> {
    let mut events = EventStream::new();
    // Before the first look, so that nothing is missed in between.
    let mut changes = registry.changes();
    let mut state = State::new(registry);
    loop {
        // What is already there is seen now, all of it together.
        while let Some(Some(_)) = future::poll_once(changes.next()).await {}
        state.refresh(registry);
        screen.draw(&state)?;
        let drawn = Instant::now();
        // Whatever happens until the gap is over is drawn together. Keys do not wait.
        let mut changed = false;
        loop {
            let wake = match changed {
                false => {
                    let news = news(cx, &mut changes, pulse, &state, config);
                    future::or(key(&mut events), news).await
                }
                true => {
                    let rest = config.gap.saturating_sub(drawn.elapsed());
                    let rest = async {
                        cx.sleep(rest).await;
                        Wake::Changed
                    };
                    future::or(key(&mut events), rest).await
                }
            };
            match wake {
                Wake::Changed if changed || drawn.elapsed() >= config.gap => break,
                Wake::Changed => changed = true,
                // The terminal is gone.
                Wake::Key(None) => return Ok(()),
                Wake::Key(Some(event)) => match action(&event?) {
                    None => {}
                    Some(Action::Quit) => return Ok(()),
                    Some(action) => {
                        obey(action, &mut state, registry);
                        break;
                    }
                },
            }
        }
    }
}

async fn key(events: &mut EventStream) -> Wake {
    Wake::Key(events.next().await)
}

/// A change in the registry, progress, or the next tick of the clocks.
async fn news(
    cx: &Cx,
    changes: &mut Changes,
    pulse: &Pulse,
    state: &State,
    config: Config,
) -> Wake {
    let tick = async {
        match state.rows.is_empty() {
            true => future::pending().await,
            false => cx.sleep(config.tick).await,
        }
    };
    let change = async {
        changes.next().await;
    };
    future::or(change, future::or(pulse.beaten(), tick)).await;
    Wake::Changed
}

fn obey(action: Action, state: &mut State, registry: &Registry) {
    let cause = (Reason::Manual, "from the dashboard");
    match (action, state.selected()) {
        (Action::Up, _) => state.up(),
        (Action::Down, _) => state.down(),
        (Action::CancelOne, Some(id)) => {
            registry.cancel(id, cause);
        }
        (Action::CancelTree, Some(id)) => {
            registry.cancel_tree(id, cause);
        }
        (Action::CancelAll, _) => {
            registry.cancel_all(cause);
        }
        _ => {}
    }
}
