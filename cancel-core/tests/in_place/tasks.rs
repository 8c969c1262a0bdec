//! Tasks as embedded executors have them: `'static`, in statics, no heap.
