//! `State`: what is to be shown, as plain data, and which row is selected.

use cancel_smol::{Context, OperationId, Registry, Statistics};
use std::collections::{HashMap, HashSet};

/// An operation that has not ended, and its place in the tree.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is known about it.
    pub context: Context,
    /// What stands before its name: the branches of the tree.
    pub branches: String,
    /// What its parent is called, as far as it has one.
    pub parent: Option<String>,
}

/// What a registry knew when it was last looked at.
#[derive(Clone, Debug)]
pub struct State {
    /// Parents before their children, the oldest first.
    pub rows: Vec<Row>,
    /// The latest first.
    pub history: Vec<Context>,
    /// The counters.
    pub statistics: Statistics,
    selected: Option<OperationId>,
    /// Where it was, for when it is gone.
    place: usize,
}

impl State {
    /// Looks at a registry for the first time. The first row is selected.
    pub fn new(registry: &Registry) -> Self {
        let mut state = State {
            rows: Vec::new(),
            history: Vec::new(),
            statistics: registry.statistics(),
            selected: None,
            place: 0,
        };
        state.refresh(registry);
        state
    }

    /// Looks again. The same operation stays selected, wherever its row goes; if it is gone, the one
    /// that has taken its place is.
    pub fn refresh(&mut self, registry: &Registry) {
        let snapshot = registry.snapshot();
        self.history = snapshot.history().iter().rev().cloned().collect();
        self.statistics = snapshot.statistics().clone();
        self.rows = rows(snapshot.operations(), &self.history);
        let place = self
            .rows
            .iter()
            .position(|row| Some(row.context.id()) == self.selected);
        self.select(place.unwrap_or(self.place));
    }

    fn select(&mut self, place: usize) {
        self.place = place.min(self.rows.len().saturating_sub(1));
        self.selected = self.rows.get(self.place).map(|row| row.context.id());
    }

    /// One row up, if there is one.
    pub fn up(&mut self) {
        self.select(self.place.saturating_sub(1));
    }

    /// One row down, if there is one.
    pub fn down(&mut self) {
        self.select(self.place.saturating_add(1));
    }

    /// The selected operation. `None` if there are none.
    pub fn selected(&self) -> Option<OperationId> {
        self.selected
    }

    /// The number of the selected row.
    pub fn place(&self) -> Option<usize> {
        self.selected.map(|_| self.place)
    }
}

/// What an operation is called: by its number, if it has no name.
pub(crate) fn title(context: &Context) -> String {
    match context.name() {
        Some(name) => name.to_string(),
        None => format!("#{}", context.id()),
    }
}

/// Who is above all others, or below one that is not there, is a root.
fn rows(operations: &[Context], history: &[Context]) -> Vec<Row> {
    let titles: HashMap<OperationId, String> = operations
        .iter()
        .chain(history)
        .map(|context| (context.id(), title(context)))
        .collect();
    let there: HashSet<OperationId> = operations.iter().map(Context::id).collect();
    let mut children: HashMap<Option<OperationId>, Vec<&Context>> = HashMap::new();
    for context in operations {
        let parent = context.parent_id().filter(|id| there.contains(id));
        children.entry(parent).or_default().push(context);
    }
    let mut rows = Vec::with_capacity(operations.len());
    // (Not by recursion: a tree may be deep.)
    let mut open: Vec<(&Context, String, &str, &str)> = Vec::new();
    let roots = children.remove(&None).unwrap_or_default();
    open.extend(
        roots
            .into_iter()
            .rev()
            .map(|root| (root, String::new(), "", "")),
    );
    while let Some((context, before, own, below)) = open.pop() {
        let mut mine = children.remove(&Some(context.id())).unwrap_or_default();
        let last = mine.pop();
        let before_children = format!("{before}{below}");
        if let Some(last) = last {
            open.push((last, before_children.clone(), "└ ", "  "));
        }
        for child in mine.into_iter().rev() {
            open.push((child, before_children.clone(), "├ ", "│ "));
        }
        rows.push(Row {
            context: context.clone(),
            branches: format!("{before}{own}"),
            parent: context.parent_id().map(|id| match titles.get(&id) {
                Some(title) => title.clone(),
                None => format!("#{id}"),
            }),
        });
    }
    rows
}
