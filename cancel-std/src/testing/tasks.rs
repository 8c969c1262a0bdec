//! What can be woken, as plain data: tasks, and the futures of `block_on`, which are called mains.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::Waker;

pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
pub(super) struct Tasks {
    last_id: u64,
    tasks: BTreeMap<u64, Task>,
    /// The tasks that have been woken, in this order.
    ready: VecDeque<u64>,
    mains: BTreeMap<u64, Main>,
}

struct Task {
    /// Away while it is polled.
    work: Option<Work>,
    waker: Waker,
    /// In `ready`, or woken while it is polled.
    woken: bool,
}

struct Main {
    woken: bool,
    /// Another `block_on` runs inside it, so that it cannot be polled.
    suspended: bool,
}

impl Tasks {
    pub(super) fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn spawn(&mut self, id: u64, work: Work, waker: Waker) {
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
        if let Some(main) = self.mains.get_mut(&id) {
            return !std::mem::replace(&mut main.woken, true);
        }
        let Some(task) = self.tasks.get_mut(&id) else {
            return false;
        };
        let new = !std::mem::replace(&mut task.woken, true);
        if new && task.work.is_some() {
            self.ready.push_back(id);
        }
        new
    }

    /// How many tasks are ready.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Whether nobody who could be polled has been woken.
    pub(super) fn is_idle(&self) -> bool {
        let woken = |main: &Main| main.woken && !main.suspended;
        self.ready.is_empty() && !self.mains.values().any(woken)
    }

    /// The next task to be polled, outside of locks.
    pub(super) fn take(&mut self) -> Option<(u64, Work, Waker)> {
        while let Some(id) = self.ready.pop_front() {
            if let Some(task) = self.tasks.get_mut(&id) {
                task.woken = false;
                let work = task.work.take();
                return work.map(|work| (id, work, task.waker.clone()));
            }
        }
        None
    }

    /// It was polled, and waits. What comes back is to be dropped: it was given up meanwhile.
    pub(super) fn put_back(&mut self, id: u64, work: Work) -> Option<Work> {
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
        self.tasks.remove(&id).map(|task| task.waker)
    }

    /// Gives up all tasks. To be dropped outside of locks.
    pub(super) fn clear(&mut self) -> Vec<(Option<Work>, Waker)> {
        self.ready.clear();
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
    }

    pub(super) fn remove_main(&mut self, id: u64) {
        self.mains.remove(&id);
    }

    pub(super) fn suspend_main(&mut self, id: u64, suspended: bool) {
        if let Some(main) = self.mains.get_mut(&id) {
            main.suspended = suspended;
        }
    }

    /// Whether it has been woken since the last time.
    pub(super) fn take_main(&mut self, id: u64) -> bool {
        let main = self.mains.get_mut(&id);
        main.is_some_and(|main| std::mem::take(&mut main.woken))
    }
}
