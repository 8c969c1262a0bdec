//! Values that stay on their thread, and handles of them that may go anywhere.
//!
//! JavaScript's values belong to one thread, and the callbacks of tokens may run on any. Without
//! `unsafe`: the value lies in a table of its thread, and the handle is a number.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::thread::{self, ThreadId};

thread_local! {
    static VALUES: RefCell<HashMap<u64, Box<dyn Any>>> = RefCell::default();
    static NUMBERS: Cell<u64> = const { Cell::new(0) };
}

/// Dropped on the value's thread it drops the value, too. Elsewhere the value stays in the table, since
/// nobody there may touch it.
pub(crate) struct Local<T> {
    home: ThreadId,
    number: u64,
    value: PhantomData<fn() -> T>,
}

impl<T: 'static> Local<T> {
    pub(crate) fn new(value: T) -> Self {
        let number = NUMBERS.get();
        NUMBERS.set(number + 1);
        VALUES.with_borrow_mut(|values| values.insert(number, Box::new(value)));
        Local {
            home: thread::current().id(),
            number,
            value: PhantomData,
        }
    }

    fn is_here(&self) -> bool {
        self.home == thread::current().id()
    }
}

impl<T: Clone + 'static> Local<T> {
    /// `None` on other threads.
    pub(crate) fn get(&self) -> Option<T> {
        if !self.is_here() {
            return None;
        }
        // (Its clone is that of a handle of JavaScript: nothing foreign.)
        let get = |values: &RefCell<HashMap<u64, Box<dyn Any>>>| {
            values
                .borrow()
                .get(&self.number)?
                .downcast_ref::<T>()
                .cloned()
        };
        VALUES.try_with(get).ok().flatten()
    }
}

impl<T> Drop for Local<T> {
    fn drop(&mut self) {
        if self.home == thread::current().id() {
            // Its own drop may come back here: after the borrow.
            let value = VALUES.try_with(|values| values.borrow_mut().remove(&self.number));
            drop(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Local, VALUES};
    use std::rc::Rc;

    #[test]
    fn a_value_lives_as_long_as_its_handle() {
        let value = Rc::new(5);
        let local = Local::new(value.clone());
        assert_eq!(local.get().as_deref(), Some(&5));
        drop(local);
        assert_eq!(Rc::strong_count(&value), 1);
        VALUES.with_borrow(|values| assert!(values.is_empty()));
    }

    #[test]
    fn other_threads_see_nothing_of_it() {
        let value = Rc::new(5);
        let local = Local::new(value.clone());
        let local = std::thread::spawn(move || {
            assert!(local.get().is_none());
            local
        });
        let local = local.join().unwrap();
        assert!(local.get().is_some());
        std::thread::spawn(move || drop(local)).join().unwrap();
        assert_eq!(Rc::strong_count(&value), 2); // it stays where it is
    }

    #[test]
    fn a_drop_may_make_and_drop_others() {
        struct Nested(Option<Local<Rc<i32>>>);
        impl Drop for Nested {
            fn drop(&mut self) {
                self.0 = Some(Local::new(Rc::new(1)));
            }
        }
        let value = Rc::new(2);
        drop(Local::new(Nested(Some(Local::new(value.clone())))));
        assert_eq!(Rc::strong_count(&value), 1);
    }
}
