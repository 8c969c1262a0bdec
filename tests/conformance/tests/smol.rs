//! On smol: timers of async-io, tasks of its global executor and of a local one.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/watched.rs"]
mod watched;

use cancel_smol::{Instant, Sleep, Smol, SpawnError, SpawnLocal, Timer};
use smol::LocalExecutor;
use std::future::Future;
use std::rc::Rc;
use watched::watched;

macro_rules! case {
    ($group:ident $case:ident) => {
        #[test]
        fn $case() {
            watched(|| smol::block_on(cancel_conformance::$group::$case(&Smol)));
        }
    };
}

cancel_conformance::core_cases!(case);
cancel_conformance::heap_cases!(case);
cancel_conformance::spawn_cases!(case);
cancel_conformance::operation_cases!(case);

/// Smol's timers beside an executor of the current thread.
#[derive(Clone)]
struct Local(Rc<LocalExecutor<'static>>);

impl Timer for Local {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Smol.now()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Smol.sleep_until(deadline)
    }
}

impl SpawnLocal for Local {
    fn spawn_local<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + 'static,
    {
        self.0.spawn(future).detach();
        Ok(())
    }
}

macro_rules! local_case {
    ($group:ident $case:ident) => {
        #[test]
        fn $case() {
            watched(|| {
                let local = Local(Rc::new(LocalExecutor::new()));
                smol::block_on(local.0.run(cancel_conformance::$group::$case(&local)))
            });
        }
    };
}

cancel_conformance::spawn_local_cases!(local_case);
