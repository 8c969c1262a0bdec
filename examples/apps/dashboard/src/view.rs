//! Draws a `State`. Knows nothing of registries, keys or terminals.

use crate::state::{Row, State, title};
use cancel_smol::{Context, Statistics, Status};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Table, TableState};
use std::time::Duration;

/// How many characters a gauge has.
const GAUGE: usize = 10;

const KEYS: &str = " ↑↓ select   c cancel   t its subtree   a all   q quit";

/// Draws everything: the operations above, the history below them, counters and keys at the bottom.
pub fn draw(frame: &mut Frame<'_>, state: &State) {
    let [operations, history, statistics, keys] = Layout::vertical([
        Constraint::Fill(3),
        Constraint::Fill(2),
        Constraint::Length(4),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    draw_operations(frame, operations, state);
    draw_history(frame, history, &state.history);
    draw_statistics(frame, statistics, &state.statistics);
    frame.render_widget(Paragraph::new(KEYS), keys);
}

fn draw_operations(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let rows = state.rows.iter().map(|row| {
        let context = &row.context;
        ratatui::widgets::Row::new([
            Cell::from(name(row)),
            status(context),
            Cell::from(progress(context)),
            Cell::from(context.remaining().map(time).unwrap_or_default()),
            Cell::from(row.parent.clone().unwrap_or_default()),
        ])
    });
    let widths = [
        Constraint::Fill(1),
        Constraint::Length(9),
        Constraint::Length(18),
        Constraint::Length(6),
        Constraint::Length(12),
    ];
    let table = Table::new(rows, widths)
        .header(heading(["Name", "Status", "Progress", "Left", "Parent"]))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .highlight_symbol("> ")
        .block(Block::bordered().title(format!(" Operations ({}) ", state.rows.len())));
    // Made anew each time: it scrolls as far as the selected row needs.
    let mut selection = TableState::new().with_selected(state.place());
    frame.render_stateful_widget(table, area, &mut selection);
}

fn draw_history(frame: &mut Frame<'_>, area: Rect, history: &[Context]) {
    // (Those that do not fit are not even formatted.)
    let rows = history
        .iter()
        .take(usize::from(area.height))
        .map(|context| {
            ratatui::widgets::Row::new([
                Cell::from(title(context)),
                status(context),
                Cell::from(context.duration().map(time).unwrap_or_default()),
                Cell::from(why(context)),
            ])
        });
    let widths = [
        Constraint::Length(18),
        Constraint::Length(9),
        Constraint::Length(6),
        Constraint::Fill(1),
    ];
    let table = Table::new(rows, widths)
        .header(heading(["Name", "Status", "Took", "Why"]))
        .block(Block::bordered().title(" History "));
    frame.render_widget(table, area);
}

fn draw_statistics(frame: &mut Frame<'_>, area: Rect, statistics: &Statistics) {
    let average = match statistics.average_duration() {
        Some(average) => time(average),
        None => "-".into(),
    };
    let counts = format!(
        "registered {}, pending {}, running {}, completed {}, failed {}, average {average}",
        statistics.registered(),
        statistics.pending(),
        statistics.running(),
        statistics.completed(),
        statistics.failed(),
    );
    let reasons: Vec<String> = statistics
        .reasons()
        .map(|(reason, count)| format!("{reason} {count}"))
        .collect();
    let cancelled = match reasons.is_empty() {
        true => "cancelled 0".into(),
        false => format!(
            "cancelled {}: {}",
            statistics.cancelled(),
            reasons.join(", ")
        ),
    };
    let text = vec![Line::from(counts), Line::from(cancelled)];
    let block = Block::bordered().title(" Statistics ");
    frame.render_widget(Paragraph::new(text).block(block), area);
}

fn heading<const N: usize>(titles: [&'static str; N]) -> ratatui::widgets::Row<'static> {
    ratatui::widgets::Row::new(titles).style(Style::new().add_modifier(Modifier::BOLD))
}

fn name(row: &Row) -> Line<'_> {
    Line::from(vec![
        Span::styled(row.branches.as_str(), Style::new().fg(Color::DarkGray)),
        Span::raw(title(&row.context)),
    ])
}

/// One that has been asked to end and is not there yet (a shield, a cleanup) is *stopping*.
fn status(context: &Context) -> Cell<'static> {
    let stopping = context.status() == Status::Running && context.cause().is_some();
    let (text, color) = match context.status() {
        _ if stopping => ("stopping".to_string(), Color::Yellow),
        status => (status.to_string(), color(status)),
    };
    Cell::from(Span::styled(text, Style::new().fg(color)))
}

fn color(status: Status) -> Color {
    match status {
        Status::Pending => Color::Gray,
        Status::Running => Color::Cyan,
        Status::Completed => Color::Green,
        Status::Cancelled => Color::Magenta,
        Status::Failed => Color::Red,
        _ => Color::Reset,
    }
}

/// A gauge if there are numbers, the message otherwise.
fn progress(context: &Context) -> String {
    let Some(progress) = context.progress() else {
        return String::new();
    };
    match progress.fraction() {
        Some(fraction) => {
            let fraction = fraction.clamp(0.0, 1.0);
            let full = (fraction * GAUGE as f64).round() as usize;
            let empty = GAUGE - full;
            let percent = (fraction * 100.0).round();
            format!("{}{} {percent:>4}%", "█".repeat(full), "░".repeat(empty))
        }
        None => progress.message().to_string(),
    }
}

/// What went wrong, or why it was cancelled.
fn why(context: &Context) -> String {
    match (context.error(), context.reason(), context.message()) {
        (Some(error), _, _) => error.to_string(),
        (None, Some(reason), Some(message)) => format!("{reason}: {message}"),
        (None, Some(reason), None) => reason.to_string(),
        (None, None, _) => String::new(),
    }
}

/// Two units at most: six characters, up to 99 hours.
fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1}s", (duration.as_secs_f64() * 10.0).floor() / 10.0),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}
