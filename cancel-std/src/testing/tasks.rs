//! What can be woken, as plain data: tasks, and the futures of `block_on`, which are called mains.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::Waker;

pub(super) type TaskWork = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
pub(super) struct Tasks {
    last_id: u64,
    tasks: BTreeMap<u64, Task>,
    /// Tasks and mains that have been woken, in this order.
    ready: VecDeque<u64>,
    mains: BTreeMap<u64, Main>,
}

struct Task {
    /// Away while it is polled.
    work: Option<TaskWork>,
    waker: Waker,
    /// In `ready`, or woken while it is polled.
    woken: bool,
}

struct Main {
    /// In `ready`.
    woken: bool,
    /// Another `block_on` runs inside it, so that it cannot be polled.
    suspended: bool,
}

/// What is to be polled next, outside of locks.
pub(super) enum Next {
    Main,
    Task(u64, TaskWork, Waker),
}

impl Tasks {
    pub(super) fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn spawn(&mut self, id: u64, work: TaskWork, waker: Waker) {
        let task = Task {
            work: Some(work),
            waker,
            woken: true,
        };
        self.tasks.insert(id, task);
        self.ready.push_back(id);
    }

    /// Whether that was new.
    pub(super) fn wake(&mut self, id: u64) -> bool {
        let (woken, here) = match (self.mains.get_mut(&id), self.tasks.get_mut(&id)) {
            (Some(main), _) => (&mut main.woken, true),
            (None, Some(task)) => (&mut task.woken, task.work.is_some()),
            (None, None) => return false,
        };
        let new = !std::mem::replace(woken, true);
        if new && here {
            self.ready.push_back(id);
        }
        new
    }

    /// Whether nobody who could be polled has been woken.
    pub(super) fn is_idle(&self) -> bool {
        let suspended = |id| self.mains.get(id).is_some_and(|main| main.suspended);
        self.ready.iter().all(suspended)
    }

    /// Whether there is something for [`take`](Tasks::take).
    pub(super) fn has(&self, main: u64) -> bool {
        let mine = |id: &u64| *id == main || !self.mains.contains_key(id);
        self.ready.iter().any(mine)
    }

    /// The next in turn: a task, or this main. Other mains are left to those who run them.
    pub(super) fn take(&mut self, main: Option<u64>) -> Option<Next> {
        let mut index = 0;
        while let Some(&id) = self.ready.get(index) {
            if let Some(other) = self.mains.get_mut(&id) {
                if main != Some(id) {
                    index += 1;
                    continue;
                }
                other.woken = false;
                self.ready.remove(index);
                return Some(Next::Main);
            }
            self.ready.remove(index);
            if let Some(task) = self.tasks.get_mut(&id) {
                task.woken = false;
                let work = task.work.take()?; // always there
                return Some(Next::Task(id, work, task.waker.clone()));
            }
        }
        None
    }

    /// It was polled, and waits. What comes back is to be dropped: it was given up meanwhile.
    pub(super) fn put_back(&mut self, id: u64, work: TaskWork) -> Option<TaskWork> {
        let Some(task) = self.tasks.get_mut(&id) else {
            return Some(work);
        };
        task.work = Some(work);
        if task.woken {
            self.ready.push_back(id);
        }
        None
    }

    /// It has ended.
    pub(super) fn remove(&mut self, id: u64) -> Option<Waker> {
        self.ready.retain(|ready| *ready != id);
        self.tasks.remove(&id).map(|task| task.waker)
    }

    /// Gives up all tasks. To be dropped outside of locks.
    pub(super) fn clear(&mut self) -> Vec<(Option<TaskWork>, Waker)> {
        self.ready.retain(|id| !self.tasks.contains_key(id));
        let tasks = std::mem::take(&mut self.tasks).into_values();
        tasks.map(|task| (task.work, task.waker)).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn add_main(&mut self, id: u64) {
        let main = Main {
            woken: true,
            suspended: false,
        };
        self.mains.insert(id, main);
        self.ready.push_back(id);
    }

    pub(super) fn remove_main(&mut self, id: u64) {
        self.mains.remove(&id);
        self.ready.retain(|ready| *ready != id);
    }

    pub(super) fn suspend_main(&mut self, id: u64, suspended: bool) {
        if let Some(main) = self.mains.get_mut(&id) {
            main.suspended = suspended;
        }
    }
}
