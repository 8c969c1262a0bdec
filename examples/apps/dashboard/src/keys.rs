//! What the keys mean.

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Up,
    Down,
    CancelOne,
    CancelTree,
    CancelAll,
    Quit,
    /// Nothing, except that the screen may have another size.
    Redraw,
}

/// Ctrl-C is a key here: a terminal in raw mode makes no signal of it.
pub(crate) fn action(event: &Event) -> Option<Action> {
    let key = match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => key,
        Event::Resize(..) => return Some(Action::Redraw),
        _ => return None,
    };
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Action::Quit);
    }
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => Some(Action::Up),
        KeyCode::Down | KeyCode::Char('j') => Some(Action::Down),
        KeyCode::Char('c') => Some(Action::CancelOne),
        KeyCode::Char('t') => Some(Action::CancelTree),
        KeyCode::Char('a') => Some(Action::CancelAll),
        KeyCode::Char('q') | KeyCode::Esc => Some(Action::Quit),
        _ => None,
    }
}
