//! `Screen`: the terminal while the dashboard has it, and what puts it back.

use crate::state::State;
use crate::view::draw;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute, terminal};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, IsTerminal, Stdout};
use std::panic::{self, PanicHookInfo};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// The terminal in raw mode, with the dashboard's own page on it. Dropping it puts everything back.
///
/// What a panic has to say must not be written across the page. If the thread panics that opened it,
/// the terminal is put back first. If another one does (an operation, which is the registry's business,
/// and is shown as failed), its words are kept until the end.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    hook: Arc<Hook>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// If the output is not a terminal, or cannot be set up. It is as before then.
    pub fn open() -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            let why = "a dashboard needs a terminal to be shown on";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        terminal::enable_raw_mode()?;
        // From here on its drop cleans up.
        let hook: Arc<Hook> = Arc::from(panic::take_hook());
        let screen = Screen {
            terminal,
            hook: hook.clone(),
            said: Arc::default(),
        };
        let (owner, said) = (thread::current().id(), screen.said.clone());
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == owner {
                restore();
                hook(info);
            } else {
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                said.push(info.to_string());
            }
        }));
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
        Ok(screen)
    }

    /// Draws a state. Only what has changed is sent.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub fn draw(&mut self, state: &State) -> io::Result<()> {
        self.terminal.draw(|frame| draw(frame, state))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
        // (A thread that panics may not change the hook. It has been called by then.)
        if !thread::panicking() {
            let hook = self.hook.clone();
            panic::set_hook(Box::new(move |info| hook(info)));
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for words in said.drain(..) {
            eprintln!("{words}");
        }
    }
}

/// As often as one likes. There is nobody to tell if it fails.
fn restore() {
    let _ = execute!(io::stdout(), LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}
