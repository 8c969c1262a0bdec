//! Draws registries whose clock is virtual, and looks at every line.

use cancel_smol::{Reason, Registry, Spawn, Timer, generic};
use cancel_std::testing::VirtualTime;
use dashboard::{State, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Operations, and their clock. Nothing is left of them in the end.
struct World {
    time: VirtualTime,
    registry: Registry,
}

impl World {
    fn new() -> Self {
        World {
            time: VirtualTime::new(),
            registry: Registry::new(),
        }
    }

    /// Runs for ever.
    fn run(&self, op: generic::Cancelable<VirtualTime>) -> generic::Operation<VirtualTime> {
        let op = op.register(&self.registry).build();
        let run = op.run(async |cx| cx.sleep(Duration::MAX).await);
        self.time.spawn(async move { drop(run.await) }).unwrap();
        self.time.run_ready();
        op
    }

    /// Runs to its end, however that comes.
    fn end(
        &self,
        op: generic::Cancelable<VirtualTime>,
        takes: u64,
        result: Result<(), &'static str>,
    ) {
        let op = op.register(&self.registry);
        let run = op.try_run(async move |cx| -> Result<(), Box<dyn std::error::Error>> {
            cx.sleep(seconds(takes)).await;
            Ok(result?)
        });
        let _ = self.time.block_on(run);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.registry.cancel_all(Reason::Shutdown);
        if !std::thread::panicking() {
            // All cleanups end.
            let _ = self.time.block_on(self.time.sleep(seconds(3600)));
            assert_eq!(self.time.pending_tasks(), 0);
        }
    }
}

/// What is on the screen, without the spaces at the ends of lines.
fn lines(state: &State, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    let buffer = terminal.backend().buffer();
    (0..height)
        .map(|y| {
            let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
            line.trim_end().to_string()
        })
        .collect()
}

/// The line of the selected row.
fn selected(state: &State, height: u16) -> String {
    let lines = lines(state, 80, height);
    let mut marked = lines.into_iter().filter(|line| line.starts_with("│> "));
    let line = marked.next().expect("a row is selected");
    assert_eq!(marked.next(), None);
    let rest = line.trim_start_matches(['>', ' ', '│', '├', '└']);
    rest.split("  ").next().unwrap_or_default().to_string()
}

#[test]
fn an_empty_registry() {
    let state = State::new(&Registry::new());
    assert_eq!(state.selected(), None);
    assert_eq!(lines(&state, 80, 15), EMPTY);
}

const EMPTY: [&str; 15] = [
    "┌ Operations (0) ──────────────────────────────────────────────────────────────┐",
    "│Name                          Status    Progress           Left   Parent      │",
    "│                                                                              │",
    "│                                                                              │",
    "│                                                                              │",
    "└──────────────────────────────────────────────────────────────────────────────┘",
    "┌ History ─────────────────────────────────────────────────────────────────────┐",
    "│Name               Status    Took   Why                                       │",
    "│                                                                              │",
    "└──────────────────────────────────────────────────────────────────────────────┘",
    "┌ Statistics ──────────────────────────────────────────────────────────────────┐",
    "│registered 0, pending 0, running 0, completed 0, failed 0, average -          │",
    "│cancelled 0                                                                   │",
    "└──────────────────────────────────────────────────────────────────────────────┘",
    " ↑↓ select   c cancel   t its subtree   a all   q quit",
];

#[test]
fn a_busy_registry() {
    let world = World::new();
    let new = || world.time.operation();

    let waiting = new().name("waiting").register(&world.registry).build();
    let release = world.run(new().name("release").timeout(seconds(90)));
    let compile = world.run(release.child().name("compile").timeout(seconds(4000)));
    compile.within(|cx| cx.progress(7, 10));
    let link = world.run(compile.child().name("link").timeout(seconds(30)));
    link.within(|cx| cx.report_progress("symbols"));
    let stopping = new()
        .name("server")
        .finally(|cx| async move { cx.sleep(seconds(100)).await });
    let stopping = world.run(stopping.timeout(seconds(7200)));
    let _docs = world.run(release.child().name("docs"));

    world.end(new().name("fetch"), 2, Ok(()));
    world.end(new().name("parse"), 1, Err("line 5 is odd"));
    world.end(
        new().name("mirror").timeout(Duration::from_millis(500)),
        9,
        Ok(()),
    );
    stopping.cancel_with("enough");
    world.time.run_ready();

    let mut state = State::new(&world.registry);
    assert_eq!(lines(&state, 80, 24), BUSY);

    // It gets less, and the history longer.
    state.down();
    assert_eq!(state.selected(), Some(release.id()));
    drop(waiting);
    world
        .registry
        .cancel(compile.id(), (Reason::Manual, "by key"));
    world.time.run_ready();
    state.refresh(&world.registry);
    assert_eq!(state.selected(), Some(release.id()));
    assert_eq!(lines(&state, 80, 24), LESS);
}

const BUSY: [&str; 24] = [
    "┌ Operations (6) ──────────────────────────────────────────────────────────────┐",
    "│  Name                        Status    Progress           Left   Parent      │",
    "│> waiting                     pending                                         │",
    "│  release                     running                      1m26s              │",
    "│  ├ compile                   running   ███████░░░   70%   1m26s  release     │",
    "│  │ └ link                    running   symbols            26.5s  compile     │",
    "│  └ docs                      running                      1m26s  release     │",
    "│  server                      stopping                     1h59m              │",
    "│                                                                              │",
    "│                                                                              │",
    "└──────────────────────────────────────────────────────────────────────────────┘",
    "┌ History ─────────────────────────────────────────────────────────────────────┐",
    "│Name               Status    Took   Why                                       │",
    "│mirror             cancelled 0.5s   timeout                                   │",
    "│parse              failed    1.0s   line 5 is odd                             │",
    "│fetch              completed 2.0s                                             │",
    "│                                                                              │",
    "│                                                                              │",
    "└──────────────────────────────────────────────────────────────────────────────┘",
    "┌ Statistics ──────────────────────────────────────────────────────────────────┐",
    "│registered 9, pending 1, running 5, completed 1, failed 1, average 1.1s       │",
    "│cancelled 1: timeout 1                                                        │",
    "└──────────────────────────────────────────────────────────────────────────────┘",
    " ↑↓ select   c cancel   t its subtree   a all   q quit",
];

const LESS: [&str; 24] = [
    "┌ Operations (3) ──────────────────────────────────────────────────────────────┐",
    "│  Name                        Status    Progress           Left   Parent      │",
    "│> release                     running                      1m26s              │",
    "│  └ docs                      running                      1m26s  release     │",
    "│  server                      stopping                     1h59m              │",
    "│                                                                              │",
    "│                                                                              │",
    "│                                                                              │",
    "│                                                                              │",
    "│                                                                              │",
    "└──────────────────────────────────────────────────────────────────────────────┘",
    "┌ History ─────────────────────────────────────────────────────────────────────┐",
    "│Name               Status    Took   Why                                       │",
    "│compile            cancelled 3.5s   manual: by key                            │",
    "│link               cancelled 3.5s   parent: by key                            │",
    "│mirror             cancelled 0.5s   timeout                                   │",
    "│parse              failed    1.0s   line 5 is odd                             │",
    "│fetch              completed 2.0s                                             │",
    "└──────────────────────────────────────────────────────────────────────────────┘",
    "┌ Statistics ──────────────────────────────────────────────────────────────────┐",
    "│registered 9, pending 0, running 3, completed 1, failed 1, average 2.1s       │",
    "│cancelled 3: manual 1, timeout 1, parent 1                                    │",
    "└──────────────────────────────────────────────────────────────────────────────┘",
    " ↑↓ select   c cancel   t its subtree   a all   q quit",
];

#[test]
fn the_selection_stays_with_its_operation() {
    let world = World::new();
    let ops: Vec<_> = (0..30)
        .map(|n| world.run(world.time.operation().name(format!("op {n}"))))
        .collect();
    let mut state = State::new(&world.registry);
    assert_eq!(selected(&state, 24), "op 0");
    state.up(); // no further
    assert_eq!(selected(&state, 24), "op 0");
    for _ in 0..20 {
        state.down();
    }
    // (Which the table scrolls to.)
    assert_eq!(selected(&state, 24), "op 20");

    // One above it goes: it stays.
    ops[3].cancel();
    world.time.run_ready();
    state.refresh(&world.registry);
    assert_eq!(selected(&state, 24), "op 20");
    assert_eq!(state.place(), Some(19));

    // It goes itself: the next one takes its place.
    ops[20].cancel();
    world.time.run_ready();
    state.refresh(&world.registry);
    assert_eq!(selected(&state, 24), "op 21");

    // The last one has none behind it.
    for _ in 0..100 {
        state.down();
    }
    assert_eq!(selected(&state, 24), "op 29");
    ops[29].cancel();
    world.time.run_ready();
    state.refresh(&world.registry);
    assert_eq!(selected(&state, 24), "op 28");

    world.registry.cancel_all(Reason::Manual);
    world.time.run_ready();
    state.refresh(&world.registry);
    assert_eq!((state.selected(), state.place()), (None, None));
}

#[test]
fn no_size_is_too_small() {
    let world = World::new();
    let root = world.run(world.time.operation().name("a root with a very long name"));
    let _wide = world.run(root.child().name("日本語 wide").timeout(seconds(5)));
    world.end(
        world.time.operation(),
        1,
        Err("a long error that does not fit in there"),
    );
    let state = State::new(&world.registry);
    for width in [1, 2, 3, 10, 25, 40] {
        for height in [1, 2, 3, 5, 8, 13, 20] {
            assert_eq!(lines(&state, width, height).len(), usize::from(height));
        }
    }
}

#[test]
fn a_deep_tree() {
    let world = World::new();
    let mut ops = vec![world.time.operation().register(&world.registry).build()];
    for _ in 0..500 {
        let child = ops[ops.len() - 1].child().register(&world.registry).build();
        ops.push(child);
    }
    let state = State::new(&world.registry);
    assert_eq!(state.rows.len(), 501);
    let order: Vec<_> = state.rows.iter().map(|row| row.context.id()).collect();
    assert_eq!(order, ops.iter().map(|op| op.id()).collect::<Vec<_>>());
    assert_eq!(state.rows[500].branches.chars().count(), 1000);
}
