//! Jobs over HTTP: starting, watching, cancelling, and how they end.

use crate::support::{FAST, SLOW, end, events, follow, get, job, open, post, with_server};
use cancel_smol::{Change, Filter, Reason, Status};
use serde_json::json;
use smol::stream::StreamExt;
use std::time::Duration;

#[test]
fn progress_goes_up_until_the_job_completes() {
    with_server(FAST, async |server| {
        let id = job(server.address, "primes", 40).await;
        let all = follow(server.address, id).await;
        let steps: Vec<_> = all
            .iter()
            .filter_map(|job| job["progress"]["current"].as_u64())
            .collect();
        assert!(steps.is_sorted(), "{steps:?}");
        assert!(steps[0] < 40, "live, and not only the end: {steps:?}");
        let last = all.last().unwrap();
        assert_eq!(last["status"], "completed");
        assert_eq!(last["progress"]["fraction"], 1.0);
        assert_eq!(last["result"], "7837 primes below 80000");
        assert_eq!(last["reason"], json!(null));
    });
}

#[test]
fn a_cancelled_job_says_why_and_leaves_nothing_behind() {
    with_server(SLOW, async |server| {
        let id = job(server.address, "backup", 1000).await;
        let mut live = events(server.address, &format!("/jobs/{id}/events")).await;
        loop {
            let (_, data) = live.next().await.unwrap();
            if data["job"]["progress"]["current"] == 1 {
                break;
            }
        }
        let files = || std::fs::read_dir(server.board.folder()).unwrap().count();
        assert_eq!(files(), 1);

        let path = format!("/jobs/{id}/cancel");
        let why = json!({ "reason": "too slow", "message": "  done by hand " });
        assert_eq!(post(server.address, &path, &why).await.status, 200);

        let mut last = json!(null);
        while let Some((_, mut data)) = live.next().await {
            last = data["job"].take();
        }
        assert_eq!(last["status"], "cancelled");
        assert_eq!(files(), 0);

        let list = get(server.address, "/jobs").await.json();
        assert_eq!(list["running"], json!([]));
        assert_eq!(list["finished"][0]["id"], id);
        assert_eq!(list["finished"][0]["reason"], "too slow");
        assert_eq!(list["finished"][0]["message"], "done by hand");
        assert_eq!(list["finished"][0]["result"], "64 KiB written");
        assert_eq!(list["totals"]["cancelled"], 1);

        // There is nothing left to cancel.
        let again = post(server.address, &path, &why).await;
        assert_eq!(again.status, 409);
        let reason = server.board.registry().history(&Filter::new())[0].reason();
        assert_eq!(reason, Some(Reason::Custom(2)));
    });
}

#[test]
fn a_finished_backup_is_kept_until_the_server_stops() {
    with_server(FAST, async |server| {
        let id = job(server.address, "backup", 2).await;
        assert_eq!(end(server.address, id).await["status"], "completed");
        let files: Vec<_> = std::fs::read_dir(server.board.folder()).unwrap().collect();
        assert_eq!(files.len(), 1);
        let file = files[0].as_ref().unwrap();
        assert!(file.file_name().to_str().unwrap().ends_with(".bin"));
        assert_eq!(file.metadata().unwrap().len(), 2 * 64 * 1024);
    });
}

#[test]
fn a_deadline_cancels() {
    with_server(SLOW, async |server| {
        let order = json!({ "kind": "primes", "steps": 5, "deadline": 0.02, "name": "short" });
        let started = post(server.address, "/jobs", &order).await.json();
        assert_eq!(started["deadline"], 0.02);
        let last = end(server.address, started["id"].as_u64().unwrap()).await;
        assert_eq!(last["name"], "short");
        assert_eq!(last["status"], "cancelled");
        assert_eq!(last["reason"], "timeout");
        assert!(last["milliseconds"].as_u64().unwrap() >= 20, "{last}");
    });
}

#[test]
fn a_failure_says_where() {
    with_server(FAST, async |server| {
        let id = job(server.address, "import", 10).await;
        let last = end(server.address, id).await;
        assert_eq!(last["status"], "failed");
        let error = "row 7: \"4x2\": invalid digit found in string";
        assert_eq!(last["error"], error);
        assert_eq!(last["result"], "6 rows, 147 in total");
    });
}

#[test]
fn the_stream_of_all_jobs_begins_with_those_that_are_there() {
    with_server(SLOW, async |server| {
        let first = job(server.address, "primes", 5).await;
        let mut live = events(server.address, "/events").await;
        let (name, list) = live.next().await.unwrap();
        assert_eq!(name, "list");
        assert_eq!(list["running"][0]["id"], first);

        let second = job(server.address, "primes", 5).await;
        let path = format!("/jobs/{first}/cancel");
        post(server.address, &path, &json!({})).await;
        let (mut running, mut over) = (false, false);
        while !(running && over) {
            let (name, data) = live.next().await.unwrap();
            assert_eq!(name, "job");
            let job = &data["job"];
            running |= job["id"] == second && job["status"] == "running";
            over |= job["id"] == first && job["status"] == "cancelled";
        }
    });
}

#[test]
fn a_client_that_leaves_cancels_its_request() {
    with_server(SLOW, async |server| {
        let mut changes = server.board.registry().changes();
        let client = open(server.address, "GET", "/report?steps=100", "").await;
        let id = loop {
            if let Some(Change::Started(id)) = changes.next().await {
                break id;
            }
        };
        drop(client);
        while changes.next().await != Some(Change::Ended(id, Status::Cancelled)) {}

        let list = get(server.address, "/jobs").await.json();
        let request = &list["finished"][0];
        assert_eq!(request["name"], "GET /report");
        assert_eq!(request["status"], "cancelled");
        assert_eq!(request["reason"], "dropped");
    });
}

#[test]
fn a_client_that_stays_gets_its_report() {
    with_server(FAST, async |server| {
        let id = job(server.address, "primes", 1).await;
        end(server.address, id).await;
        let reply = get(server.address, "/report?steps=3").await;
        assert_eq!(reply.status, 200);
        assert!(reply.body.contains("completed:   1\n"), "{}", reply.body);
        let list = get(server.address, "/jobs").await.json();
        assert_eq!(list["totals"]["completed"], 2);
    });
}

#[test]
fn a_request_can_be_cancelled_by_others() {
    with_server(SLOW, async |server| {
        let mut changes = server.board.registry().changes();
        let waiting = open(server.address, "GET", "/report", "").await;
        let id = loop {
            if let Some(Change::Started(id)) = changes.next().await {
                break id;
            }
        };
        let why = json!({ "message": "not now" });
        let cancelled = post(server.address, &format!("/jobs/{}/cancel", id.get()), &why).await;
        assert_eq!(cancelled.status, 200);
        let reply = waiting.reply().await;
        assert_eq!(reply.status, 503);
        let error = reply.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains("not now"), "{error}");
    });
}

#[test]
fn listeners_that_leave_disturb_nobody() {
    with_server(Duration::from_millis(1), async |server| {
        let id = job(server.address, "primes", 30).await;
        for _ in 0..5 {
            let mut live = events(server.address, "/events").await;
            live.next().await.unwrap();
        }
        assert_eq!(end(server.address, id).await["status"], "completed");
    });
}
