//! Tokens and `AbortSignal`s, linked.
#![cfg(target_arch = "wasm32")]

use cancel_web::{
    AbortOnCancel, CancelOnAbort, CancelToken, Cancelable, Cause, Reason, SpawnLocal, TimeoutExt,
    Timer, Web, abort_source,
};
use js_sys::{Array, Error, Function, Reflect};
use std::cell::{Cell, RefCell};
use std::error::Error as _;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{AbortController, AbortSignal, EventTarget};

const LONG: Duration = Duration::from_secs(3600);

fn property(value: &JsValue, key: &str) -> String {
    let value = Reflect::get(value, &key.into()).unwrap();
    value.as_string().unwrap_or_else(|| format!("{value:?}"))
}

/// How many listeners were added to a signal and not removed, since this was called.
fn listeners(signal: &AbortSignal) -> impl Fn() -> f64 + use<> {
    let code = "
        let open = 0;
        for (const [name, by] of [['addEventListener', 1], ['removeEventListener', -1]]) {
            const original = signal[name].bind(signal);
            signal[name] = (...all) => { open += by; return original(...all); };
        }
        return () => open;
    ";
    let watch = Function::new_with_args("signal", code);
    let open: Function = watch
        .call1(&JsValue::NULL, signal)
        .unwrap()
        .unchecked_into();
    move || open.call0(&JsValue::NULL).unwrap().as_f64().unwrap()
}

#[wasm_bindgen_test]
fn the_signal_aborts_before_cancel_returns() {
    let token = CancelToken::new();
    let link = AbortOnCancel::new(&token);
    assert!(!link.signal().aborted());
    token.cancel_with("user pressed stop");
    assert!(link.signal().aborted());
    let reason = link.signal().reason();
    assert!(reason.is_instance_of::<web_sys::DomException>());
    assert_eq!(property(&reason, "name"), "AbortError");
    assert_eq!(property(&reason, "message"), "user pressed stop");
    assert_eq!(property(&reason, "cancelReason"), "manual");
}

#[wasm_bindgen_test]
fn a_timeout_is_a_timeout_error() {
    let token = CancelToken::new();
    let link = AbortOnCancel::new(&token);
    token.cancel_with(Reason::Timeout);
    let reason = link.signal().reason();
    assert_eq!(property(&reason, "name"), "TimeoutError");
    assert_eq!(property(&reason, "message"), "cancelled: timeout");
}

#[wasm_bindgen_test]
fn causes_are_chained() {
    let token = CancelToken::new();
    let link = AbortOnCancel::new(&token.child());
    let io = std::io::Error::other("connection reset");
    token.cancel_with(
        Cause::new(Reason::Error)
            .with_message("upload")
            .with_error(io),
    );
    let reason = link.signal().reason();
    assert_eq!(property(&reason, "message"), "upload");
    assert_eq!(property(&reason, "cancelReason"), "error"); // the root's
    let cause = Reflect::get(&reason, &"cause".into()).unwrap();
    assert_eq!(property(&cause, "message"), "connection reset");
}

#[wasm_bindgen_test]
fn cancelled_already() {
    let token = CancelToken::new();
    token.cancel_with(Reason::Shutdown);
    let link = AbortOnCancel::new(&token);
    assert!(link.signal().aborted());
}

#[wasm_bindgen_test]
fn a_dropped_link_aborts_nothing() {
    let token = CancelToken::new();
    let link = AbortOnCancel::new(&token);
    let signal = link.signal().clone();
    drop(link);
    token.cancel();
    assert!(!signal.aborted());
}

#[wasm_bindgen_test]
fn the_token_is_cancelled_before_abort_returns() {
    let controller = AbortController::new().unwrap();
    let link = CancelOnAbort::new(&controller.signal());
    assert!(!link.token().is_cancelled());
    controller.abort_with_reason(&"the user left".into());
    let cancelled = link.token().check().unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Manual);
    assert_eq!(cancelled.message(), Some("the user left"));
}

#[wasm_bindgen_test]
async fn a_signal_with_a_timeout() {
    let link = CancelOnAbort::new(&AbortSignal::timeout_with_u32(5));
    // (Node does not stay for such a signal alone.)
    let cancelled = link.token().cancelled().timeout(&Web, LONG).await.unwrap();
    assert_eq!(cancelled.reason(), Reason::Timeout);
    assert!(cancelled.message().is_some(), "{cancelled}");
    assert!(cancelled.source().is_none());
}

#[wasm_bindgen_test]
fn aborted_already() {
    let signal = AbortSignal::abort();
    let open = listeners(&signal);
    let link = CancelOnAbort::new(&signal);
    let cancelled = link.token().check().unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Manual);
    assert!(cancelled.message().is_some(), "{cancelled}");
    assert_eq!(open(), 0.0);
}

#[wasm_bindgen_test]
fn errors_of_javascript_come_with_their_chain() {
    let inner = Error::new("no route");
    let outer = js_sys::TypeError::new("cannot connect");
    Reflect::set(&outer, &"cause".into(), &inner).unwrap();
    Reflect::set(&inner, &"cause".into(), &outer).unwrap(); // a circle
    let controller = AbortController::new().unwrap();
    let link = CancelOnAbort::new(&controller.signal());
    controller.abort_with_reason(&outer);
    let cancelled = link.token().check().unwrap_err();
    assert_eq!(cancelled.message(), Some("cannot connect"));
    let source = cancelled.source().unwrap();
    assert_eq!(source.to_string(), "TypeError: cannot connect");
    assert_eq!(source.source().unwrap().to_string(), "Error: no route");
}

#[wasm_bindgen_test]
fn any_value_is_a_reason() {
    let throws = js_sys::eval("({ get name() { throw 1 }, a: 1n })").unwrap();
    for (value, message) in [
        (JsValue::NULL, Some("JsValue(null)")),
        (JsValue::from(5), Some("5")),
        (JsValue::TRUE, Some("true")),
        (JsValue::symbol(Some("s")), Some("JsValue(Symbol(s))")),
        (js_sys::eval("({ code: 7 })").unwrap(), Some("{\"code\":7}")),
        (throws, None), // something
    ] {
        let controller = AbortController::new().unwrap();
        let link = CancelOnAbort::new(&controller.signal());
        controller.abort_with_reason(&value);
        let cancelled = link.token().check().unwrap_err();
        assert!(cancelled.message().is_some());
        if message.is_some() {
            assert_eq!(cancelled.message(), message);
        }
    }
}

#[wasm_bindgen_test]
fn signals_of_older_environments_have_no_reason() {
    let controller = AbortController::new().unwrap();
    let none = Function::new_with_args("signal", "Object.defineProperty(signal, 'reason', {})");
    none.call1(&JsValue::NULL, &controller.signal()).unwrap();
    let link = CancelOnAbort::new(&controller.signal());
    controller.abort();
    let cancelled = link.token().check().unwrap_err();
    assert_eq!(
        (cancelled.reason(), cancelled.message()),
        (Reason::Manual, None)
    );
}

#[wasm_bindgen_test]
fn reason_and_message_survive_the_way_through_javascript() {
    for (reason, message) in [
        (Reason::Timeout, Some("30 s are over")),
        (Reason::Shutdown, None),
        (Reason::Signal(15), Some("")),
        (Reason::Custom(7), Some("cancelled: custom 8")),
    ] {
        let token = CancelToken::new();
        let there = AbortOnCancel::new(&token);
        let back = CancelOnAbort::new(there.signal());
        token.cancel_with(match message {
            Some(message) => Cause::new(reason).with_message(message),
            None => Cause::new(reason),
        });
        let cancelled = back.token().check().unwrap_err();
        assert_eq!(cancelled.reason(), reason);
        assert_eq!(
            cancelled.message(),
            message.filter(|message| !message.is_empty())
        );
    }
}

#[wasm_bindgen_test]
fn javascript_may_give_a_reason() {
    let code = "return Object.assign(new Error('closing'), { cancelReason: 'shutdown' })";
    let error = Function::new_no_args(code).call0(&JsValue::NULL).unwrap();
    let controller = AbortController::new().unwrap();
    let link = CancelOnAbort::new(&controller.signal());
    controller.abort_with_reason(&error);
    let cancelled = link.token().check().unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Shutdown);
    assert_eq!(cancelled.message(), Some("closing"));
}

#[wasm_bindgen_test]
fn dropping_a_link_removes_its_listener() {
    let controller = AbortController::new().unwrap();
    let open = listeners(&controller.signal());
    let token = CancelToken::new();
    let link = CancelOnAbort::link(&controller.signal(), &token);
    assert_eq!(open(), 1.0);
    drop(link);
    assert_eq!(open(), 0.0);
    controller.abort();
    assert!(!token.is_cancelled());
}

#[wasm_bindgen_test]
fn links_of_both_ways_do_not_go_in_circles() {
    for from_javascript in [false, true] {
        let (token, controller) = (CancelToken::new(), AbortController::new().unwrap());
        let aborts = Rc::new(Cell::new(0));
        let counted = aborts.clone();
        let listen = Closure::<dyn Fn()>::new(move || counted.set(counted.get() + 1));
        let target: &EventTarget = &controller.signal();
        target
            .add_event_listener_with_callback("abort", listen.as_ref().unchecked_ref())
            .unwrap();
        let _there = AbortOnCancel::link(&token, controller.clone());
        let _back = CancelOnAbort::link(&controller.signal(), &token);
        match from_javascript {
            true => controller.abort_with_reason(&"once".into()),
            false => assert!(token.cancel_with("once")),
        }
        assert!(controller.signal().aborted());
        assert_eq!(token.cause().unwrap().message(), Some("once"));
        assert_eq!(aborts.get(), 1);
    }
}

#[wasm_bindgen_test]
fn many_links_and_a_chain_of_them() {
    let root = CancelToken::new();
    let links: Vec<_> = (0..100)
        .map(|_| AbortOnCancel::new(&root.child()))
        .collect();
    let backs: Vec<_> = links
        .iter()
        .map(|link| CancelOnAbort::new(link.signal()))
        .collect();
    let ends: Vec<_> = backs
        .iter()
        .map(|back| AbortOnCancel::new(back.token()))
        .collect();
    root.cancel_with("all");
    assert!(ends.iter().all(|end| end.signal().aborted()));
    assert_eq!(property(&ends[99].signal().reason(), "message"), "all");
}

#[wasm_bindgen_test]
fn links_may_be_dropped_while_they_work() {
    // By a callback of the token that the listener is just cancelling ...
    let controller = AbortController::new().unwrap();
    let open = listeners(&controller.signal());
    let link = CancelOnAbort::new(&controller.signal());
    let token = link.token().clone();
    thread_local! {
        static LINK: RefCell<Option<CancelOnAbort>> = const { RefCell::new(None) };
        static OTHER: RefCell<Option<AbortOnCancel>> = const { RefCell::new(None) };
    }
    LINK.set(Some(link));
    let _dropping = token.on_cancel(|_| drop(LINK.take()));
    controller.abort();
    assert!(token.is_cancelled());
    assert_eq!(open(), 0.0);
    // ... and by a listener of the signal that the token is just aborting.
    let token = CancelToken::new();
    let link = AbortOnCancel::new(&token);
    let signal = link.signal().clone();
    OTHER.set(Some(link));
    let listen = Closure::<dyn Fn()>::new(|| drop(OTHER.take()));
    signal
        .add_event_listener_with_callback("abort", listen.as_ref().unchecked_ref())
        .unwrap();
    token.cancel();
    assert!(signal.aborted() && OTHER.take().is_none());
}

#[wasm_bindgen_test]
fn nothing_is_left_of_links() {
    // The handles of JavaScript's values that wasm holds are in a table with a free list.
    let live = || {
        let links = Array::new();
        links.push(&JsValue::from_str("x"));
        wasm_bindgen::externref_heap_live_count()
    };
    let (token, controller) = (CancelToken::new(), AbortController::new().unwrap());
    let round = || {
        let _there = AbortOnCancel::link(&token, controller.clone());
        let _back = CancelOnAbort::link(&controller.signal(), &token);
        let own = CancelToken::new();
        let _aborted = AbortOnCancel::new(&own);
        own.cancel_with("each time");
        let _cancelled = CancelOnAbort::new(_aborted.signal());
    };
    round();
    let before = live();
    (0..100).for_each(|_| round());
    assert_eq!(live(), before);
}

#[wasm_bindgen_test]
async fn a_signal_as_a_source() {
    let controller = AbortController::new().unwrap();
    let open = listeners(&controller.signal());
    let op = Cancelable::new()
        .source(abort_source(&controller.signal()))
        .build();
    let aborting = controller.clone();
    Web.spawn_local(async move {
        Web.sleep(Duration::from_millis(5)).await.unwrap();
        aborting.abort_with_reason(&"not needed".into());
    })
    .unwrap();
    let cancelled = op.run(async |_| pending::<()>().await).await.unwrap_err();
    assert_eq!(cancelled.message(), Some("not needed"));
    assert_eq!(open(), 0.0);

    let other = AbortController::new().unwrap();
    let open = listeners(&other.signal());
    let op = Cancelable::new()
        .source(abort_source(&other.signal()))
        .build();
    assert_eq!(op.run(async |_| 5).await, Ok(5));
    assert_eq!(open(), 0.0);

    let op = Cancelable::new().source(abort_source(&AbortSignal::abort_with_reason(
        &"before".into(),
    )));
    let cancelled = op.run(async |_| pending::<()>().await).await.unwrap_err();
    assert_eq!(cancelled.message(), Some("before"));
}
