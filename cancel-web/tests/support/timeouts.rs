//! `setTimeout` and `clearTimeout` of the environment, watched, and put back when this is dropped.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::prelude::*;

pub(crate) struct Timeouts {
    watch: Object,
}

const WATCH: &str = "
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const open = new Set();
    const delays = [];
    globalThis.setTimeout = (f, ms) => {
        delays.push(ms);
        const handle = set(() => { open.delete(handle); f(); }, ms * factor);
        open.add(handle);
        return handle;
    };
    globalThis.clearTimeout = (handle) => { open.delete(handle); clear(handle); };
    const restore = () => Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
    return { open: () => open.size, delays, restore };
";

#[allow(dead_code)] // not all files use all of it
impl Timeouts {
    pub(crate) fn watch() -> Self {
        Self::scaled(1.0)
    }

    /// Timeouts that fire after a part of their time.
    pub(crate) fn scaled(factor: f64) -> Self {
        let watch = Function::new_with_args("factor", WATCH);
        let watch = watch.call1(&JsValue::NULL, &factor.into()).unwrap();
        Timeouts {
            watch: watch.unchecked_into(),
        }
    }

    /// How many are set, and have neither fired nor been cleared.
    pub(crate) fn open(&self) -> u32 {
        self.call("open").as_f64().unwrap() as u32
    }

    /// All delays asked for so far.
    pub(crate) fn delays(&self) -> Vec<f64> {
        let delays = Reflect::get(&self.watch, &"delays".into()).unwrap();
        let delays: Array = delays.unchecked_into();
        delays.iter().map(|delay| delay.as_f64().unwrap()).collect()
    }

    fn call(&self, name: &str) -> JsValue {
        let function = Reflect::get(&self.watch, &name.into()).unwrap();
        let function: Function = function.unchecked_into();
        function.call0(&JsValue::NULL).unwrap()
    }
}

impl Drop for Timeouts {
    fn drop(&mut self) {
        self.call("restore");
    }
}
