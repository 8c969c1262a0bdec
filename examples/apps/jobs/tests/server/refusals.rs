//! What the server does not do, and what it says then.

use crate::support::{SLOW, get, job, open, post, raw, with_server};
use serde_json::{Value, json};

#[test]
fn orders_that_make_no_sense() {
    with_server(SLOW, async |server| {
        let long = "x".repeat(201);
        for (order, why) in [
            (json!({ "kind": "sleep", "steps": 1 }), "kind"),
            (json!({ "steps": 1 }), "kind"),
            (json!({ "kind": "primes" }), "steps"),
            (json!({ "kind": "primes", "steps": 0 }), "steps"),
            (json!({ "kind": "primes", "steps": 10_001 }), "steps"),
            (json!({ "kind": "primes", "steps": 1.5 }), "steps"),
            (
                json!({ "kind": "primes", "steps": 1, "deadline": 0 }),
                "deadline",
            ),
            (
                json!({ "kind": "primes", "steps": 1, "deadline": -1 }),
                "deadline",
            ),
            (
                json!({ "kind": "primes", "steps": 1, "deadline": 1e300 }),
                "deadline",
            ),
            (
                json!({ "kind": "primes", "steps": 1, "deadline": "soon" }),
                "deadline",
            ),
            (
                json!({ "kind": "primes", "steps": 1, "name": long }),
                "name",
            ),
            (json!({ "kind": "primes", "steps": 1, "name": 7 }), "name"),
            (json!([]), "kind"),
        ] {
            let reply = post(server.address, "/jobs", &order).await;
            assert_eq!(reply.status, 400, "{order}");
            let error = reply.json()["error"].as_str().unwrap().to_owned();
            assert!(error.contains(why), "{order}: {error}");
        }
        assert!(server.board.registry().is_empty());
    });
}

#[test]
fn bodies_that_are_none() {
    with_server(SLOW, async |server| {
        let reply = open(server.address, "POST", "/jobs", "{")
            .await
            .reply()
            .await;
        assert_eq!(reply.status, 400);
        let huge = format!("\"{}\"", "x".repeat(20_000));
        let reply = open(server.address, "POST", "/jobs", &huge)
            .await
            .reply()
            .await;
        assert_eq!(reply.status, 400);
        assert!(reply.body.contains("too much"), "{}", reply.body);
        // What a form of a foreign page could send.
        let form = "POST /jobs HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                    content-type: text/plain\r\ncontent-length: 28\r\n\r\n\
                    {\"kind\":\"primes\",\"steps\":1}  ";
        let reply = raw(server.address, form).await.reply().await;
        assert_eq!(reply.status, 400);
        assert!(reply.body.contains("application/json"), "{}", reply.body);
        assert!(server.board.registry().is_empty());
    });
}

#[test]
fn cancels_of_nothing_or_for_nothing() {
    with_server(SLOW, async |server| {
        for path in ["/jobs/9999999/cancel", "/jobs/x/cancel", "/jobs/-1/cancel"] {
            let reply = post(server.address, path, &json!({})).await;
            assert_eq!(reply.status, 404, "{path}");
        }
        let id = job(server.address, "primes", 5).await;
        let path = format!("/jobs/{id}/cancel");
        for order in [
            json!({ "reason": "bored" }),
            json!({ "message": "x".repeat(201) }),
        ] {
            let reply = post(server.address, &path, &order).await;
            assert_eq!(reply.status, 400);
        }
        let job = get(server.address, &format!("/jobs/{id}")).await.json();
        assert_eq!(job["reason"], Value::Null);
        // No more is needed.
        assert_eq!(
            post(server.address, &path, &json!({})).await.json()["reason"],
            "manual"
        );
    });
}

#[test]
fn more_than_may_run_at_once() {
    with_server(SLOW, async |server| {
        let mut last = 0;
        for _ in 0..3 {
            last = job(server.address, "primes", 5).await;
        }
        let order = json!({ "kind": "primes", "steps": 1 });
        assert_eq!(post(server.address, "/jobs", &order).await.status, 429);
        assert_eq!(get(server.address, "/report").await.status, 429);

        post(server.address, &format!("/jobs/{last}/cancel"), &json!({})).await;
        crate::support::end(server.address, last).await;
        // Its place is free a moment after its end.
        while post(server.address, "/jobs", &order).await.status == 429 {}
    });
}

#[test]
fn paths_and_methods() {
    with_server(SLOW, async |server| {
        for path in ["/nothing", "/jobs/1/2/3", "/jobs/1", "/jobs/1/events", "//"] {
            assert_eq!(get(server.address, path).await.status, 404, "{path}");
        }
        assert_eq!(get(server.address, "/report?steps=-1").await.status, 400);
        let reply = open(server.address, "DELETE", "/jobs", "")
            .await
            .reply()
            .await;
        assert_eq!(reply.status, 405);
        assert!(reply.head.contains("allow: GET, POST"), "{}", reply.head);
        assert_eq!(get(server.address, "/jobs/1/cancel").await.status, 405);
    });
}

#[test]
fn the_page_may_load_nothing_from_elsewhere() {
    with_server(SLOW, async |server| {
        let reply = get(server.address, "/").await;
        assert_eq!(reply.status, 200);
        assert!(reply.body.starts_with("<!doctype html>"));
        assert!(reply.head.contains("default-src 'none'"), "{}", reply.head);
    });
}
