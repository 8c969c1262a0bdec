//! The core's models, and faults seeded to see whether they would be found.

use crate::run::{Outcome, cargo, command, root, step};
use std::path::Path;
use std::process::Command;

fn models(target: &str, preemptions: &str) -> Command {
    let mut models = cargo();
    models
        .env("RUSTFLAGS", "--cfg loom")
        .env("LOOM_MAX_PREEMPTIONS", preemptions)
        .args([
            "test",
            "--release",
            "-p",
            "cancel-core",
            "--features",
            "loom",
            "--test",
            "loom",
            "--target-dir",
            target,
        ]);
    models
}

pub(crate) fn run(args: &[String]) -> Outcome {
    let quick = args.iter().any(|arg| arg == "--quick");
    let preemptions = if quick { "2" } else { "3" };
    step(
        &format!("models, {preemptions} preemptions"),
        &mut models("target/loom", preemptions),
    )?;
    step(
        &format!("models without a heap, {preemptions} preemptions"),
        cargo()
            .env("RUSTFLAGS", "--cfg loom")
            .env("LOOM_MAX_PREEMPTIONS", preemptions)
            .args(["test", "--release", "-p", "cancel-core"])
            .args(["--no-default-features", "--features", "loom"])
            .args(["--test", "loom_no_heap"])
            .args(["--target-dir", "target/loom"]),
    )
}

/// A fault: file, what stands there, what to put there.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const FAULTS: &[Fault] = &[
    (
        "waiter: the slot is written without having seen that the canceller is done with it",
        "tree/hub.rs",
        "            if (*waiter).entry.queued.load(Acquire) {\n                // H3",
        "            if (*waiter).entry.queued.load(Relaxed) {\n                // H3",
    ),
    (
        "alone: state read before source",
        "tree/leave.rs",
        "        if !(*node).dependent.source.load(Acquire).is_null() {\n            return false;\n        }\n        let flags = (*node).hub.word.load();",
        "        let flags = (*node).hub.word.load();\n        if !(*node).dependent.source.load(Acquire).is_null() {\n            return false;\n        }",
    ),
    (
        "alone: the lock bit is not looked at",
        "tree/leave.rs",
        "!Word::is_locked(flags) && flags & NONEMPTY == 0",
        "flags & NONEMPTY == 0",
    ),
    (
        "unlock with Relaxed",
        "sync/lock_loom.rs",
        "(*this).0.swap(held.flags, Release)",
        "(*this).0.swap(held.flags, core::sync::atomic::Ordering::Relaxed)",
    ),
    (
        "a loser does not wait for the marking",
        "tree/propagate/cancel.rs",
        "if unsafe { (*root).word.look() } & MARKING == 0 {",
        "if true || unsafe { (*root).word.look() } & MARKING == 0 {",
    ),
    (
        "another cancel's marking is not waited for",
        "tree/propagate/mark.rs",
        "} else if held.flags & MARKING != 0 && CAN_WAIT {",
        "} else if false && held.flags & MARKING != 0 && CAN_WAIT {",
    ),
    (
        "a child of a cancelled token is live",
        "tree/node.rs",
        "            inherit(node, said, flags & OUTCOME | INHERITED);\n        }\n    }\n}",
        "            said.unreserve(1);\n        }\n    }\n}",
    ),
    (
        "the cause is published after the flag",
        "tree/propagate/cancel.rs",
        "        (*root).cause.set(said);\n        held.flags |= outcome;\n",
        "        held.flags |= outcome;\n        Word::publish(addr_of!((*root).word), &held);\n        (*root).cause.set(said);\n",
    ),
    (
        "a forgotten handle of a follower",
        "tree/propagate/serve.rs",
        "self.finished.add(entry); // before the unlock: our handle keeps the node",
        "{} // before the unlock: our handle keeps the node",
    ),
    (
        "a dependent does not count with its any",
        "tree/multi.rs",
        "            if held.flags & MULTI != 0 {\n                retain(source); // N4\n            }\n            Hub::unlock(own, owner);",
        "            Hub::unlock(own, owner);",
    ),
    (
        "a lone waiter is looked at after its waker has been taken",
        "tree/propagate/waiters.rs",
        "            (*root).list.clear();\n            let waker = Hub::take_waker(first.cast::<Waiter>());",
        "            let waker = Hub::take_waker(first.cast::<Waiter>());\n            (*root).list.cut_before(core::ptr::null(), (*root).list.walk());",
    ),
    (
        "a scope that is cancelled while it registers its waker waits for the next one",
        "scope/run.rs",
        "Poll::Ready(_) => continue,",
        "Poll::Ready(_) => return Poll::Pending,",
    ),
    (
        "a scope does not look after the poll in which a shield has closed",
        "scope/run.rs",
        "if this.grace_left.is_none() && !this.held.by_others() {",
        "if fresh && this.grace_left.is_none() && !this.held.by_others() {",
    ),
    (
        "a source that fires is not told to the token",
        "scope/run.rs",
        "true => second = !this.token.token().cancel_with(cause),",
        "true => this.state.fired = Some(Cancelled::from(cause)),",
    ),
    (
        "a callback is claimed by both",
        "tree/block.rs",
        "if was_in_list || !(*this).claimed.swap(true, AcqRel) {",
        "if was_in_list || { (*this).claimed.swap(true, AcqRel); true } {",
    ),
    (
        "a hook is read after its owner has been told that it may go",
        "tree/hook.rs",
        "            let call = (*this).call.get();\n            // Release: pairs with the Acquire in `deregister` (H4).\n            (*this).entry.queued.store(false, Release);\n            call",
        "            (*this).entry.queued.store(false, Release);\n            (*this).call.get()",
    ),
    (
        "a deadline is read before the source has entered its waker",
        "scope/deadline.rs",
        "        this.waiting.enter(cx); // L2: first\n        loop {\n            let at = deadline.own();",
        "        let at = deadline.own();\n        this.waiting.enter(cx);\n        loop {",
    ),
    (
        "a callback on the heap comes before one in place that was entered earlier",
        "tree/block.rs",
        "(*entry).kind == Kind::Callback && !(*last).passed.get()",
        "(*entry).kind == Kind::Callback && !last.is_null()",
    ),
    (
        "a canceller does not come back to callbacks in place",
        "tree/propagate/serve.rs",
        "self.root_calls = left == Left::Calls;",
        "self.root_calls = false;",
    ),
    (
        "a node whose callbacks are all called stays in the left list",
        "tree/propagate/serve.rs",
        "                    if held.flags & NONEMPTY == 0 {\n                        list.unlink(entry);",
        "                    if false && held.flags & NONEMPTY == 0 {\n                        list.unlink(entry);",
    ),
    (
        "a change looks for sources before the deadline is written",
        "scope/deadline.rs",
        "            let mut held = Hub::lock(hub);\n            self.at.set(at);\n            if (*hub).list.is_empty() {",
        "            let mut held = Hub::lock(hub);\n            if !(*hub).list.is_empty() {\n                self.at.set(at);\n            } else {\n                Hub::unlock(hub, held);\n                held = Hub::lock(hub);\n                self.at.set(at);",
    ),
    (
        "a change whose mark another one has taken out is not told",
        "scope/deadline.rs",
        "                (*first).queued.store(false, Relaxed);\n                Hub::unlock(hub, held);",
        "                (*first).queued.store((*first).queued.load(Relaxed) && first != mark, Relaxed);\n                Hub::unlock(hub, held);",
    ),
    (
        "below: what is adopted escapes in front of the marker",
        "tree/leave.rs",
        "(*heir).list.insert_before(place, first);",
        "let _ = place;\n                (*heir).list.push_front(first);",
    ),
    (
        "below: a marker that was taken over goes on",
        "tree/propagate/children.rs",
        "if !ptr::eq((*marker).dependent.source.load(Relaxed), root) {",
        "if false && !ptr::eq((*marker).dependent.source.load(Relaxed), root) {",
    ),
    (
        "below: the source of what is moved is written outside of its lock",
        "tree/propagate/children.rs",
        "                source.store(hub.cast_mut(), Release);\n                moved.live |= dependent.flags & CANCELLED == 0;\n                Hub::unlock(own, dependent);",
        "                moved.live |= dependent.flags & CANCELLED == 0;\n                Hub::unlock(own, dependent);\n                source.store(hub.cast_mut(), Release);",
    ),
    (
        "below: followers are taken for children",
        "tree/propagate/children.rs",
        "(*entry.cast::<Link>()).adds.get() & INHERITED == 0 {",
        "(*entry.cast::<Link>()).adds.get() & INHERITED == 1 {",
    ),
    (
        "below: the handles of what is moved are kept",
        "tree/propagate/children.rs",
        "drop_some(root, n); // N4",
        "drop_some(root, n - n); // N4",
    ),
    (
        "below: a cancel of the token that was first is not waited for",
        "tree/propagate/children.rs",
        "if moved.taken_over && (*root).is_cancelled() {",
        "if false && moved.taken_over && (*root).is_cancelled() {",
    ),
    (
        "a descendant takes a plain cancelation for its own",
        "cause/slot.rs",
        "            return Some(Said::id(own));",
        "            return Some(self);",
    ),
    (
        "a child in place is entered before it says that it is cancelled",
        "tree/node.rs",
        "                entry.spent.set(true);\n                inherit(node, said, flags & OUTCOME | INHERITED);\n                return Hub::unlock(source, held);",
        "                entry.spent.set(true);\n                Hub::unlock(source, held);\n                return inherit(node, said, flags & OUTCOME | INHERITED);",
    ),
    (
        "a shared block is given the origin of whoever comes last",
        "cause/detail.rs",
        "        if self.get().count.load(crate::sync::Acquire) == 1 {",
        "        if self.get().count.load(crate::sync::Acquire) != 0 {",
    ),
    (
        "a detached registration keeps its share of the block",
        "tree/block.rs",
        "        // SAFETY: B1.\n        unsafe { Self::let_go(this) }",
        "        let _ = this;",
    ),
    (
        "a callback that is running is not waited for",
        "tree/block.rs",
        "if seen == DONE || seen == thread_mark() {",
        "if !seen.is_null() {",
    ),
    (
        "a callback waits for itself",
        "tree/block.rs",
        "if seen == DONE || seen == thread_mark() {",
        "if seen == DONE {",
    ),
    (
        "whoever waits for a callback is not woken",
        "tree/block.rs",
        "            if seen != self.mark {\n                Parker::unpark(seen);",
        "            if false && seen != self.mark {\n                Parker::unpark(seen);",
    ),
    (
        "the end of a callback is not published",
        "tree/block.rs",
        "(*self.block).phase.swap(DONE, AcqRel)",
        "(*self.block).phase.swap(DONE, Relaxed)",
    ),
    (
        "callbacks of a token that goes are forgotten",
        "tree/multi.rs",
        "        let _orphans = Orphans::of(addr_of!((*node).hub));",
        "        core::mem::forget(Orphans::of(addr_of!((*node).hub)));",
    ),
    (
        "callbacks of a follower that goes are forgotten",
        "tree/multi.rs",
        "                drop(orphans);",
        "                core::mem::forget(orphans);",
    ),
    (
        "callbacks of a cancelled token that goes are not called",
        "tree/block.rs",
        "                false => (*hub).cause(),",
        "                false => None,",
    ),
];

/// Each fault in a copy of the core; the models have to fail.
pub(crate) fn mutants(args: &[String]) -> Outcome {
    let only = args.first().map(String::as_str).unwrap_or("");
    let copy = root().join("target/mutants");
    let mut survived = Vec::new();
    for (name, file, from, to) in FAULTS.iter().filter(|fault| fault.0.contains(only)) {
        prepare(&copy)?;
        let path = copy.join("cancel-core/src").join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        if text.matches(from).count() != 1 {
            return Err(format!(
                "fault `{name}`: its place in {file} is gone or not unique"
            ));
        }
        std::fs::write(&path, text.replacen(from, to, 1)).map_err(|error| error.to_string())?;
        let mut models = models(
            &root().join("target/loom-mutants").display().to_string(),
            "2",
        );
        models.current_dir(copy.join("cancel-core"));
        let output = models.output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let ran = text.contains("running ");
        let found = !output.status.success();
        println!(
            "{} {name}",
            if ran && found { "found   " } else { "SURVIVED" }
        );
        if !ran {
            return Err(format!(
                "fault `{name}` does not compile:\n{}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        if !found {
            survived.push(*name);
        }
    }
    if survived.is_empty() {
        Ok(())
    } else {
        Err(format!("not found by any model: {}", survived.join("; ")))
    }
}

/// A workspace of the core alone.
fn prepare(copy: &Path) -> Outcome {
    let _ = std::fs::remove_dir_all(copy);
    std::fs::create_dir_all(copy).map_err(|error| error.to_string())?;
    let status = command("cp")
        .args(["-r", "cancel-core", "Cargo.toml", "Cargo.lock"])
        .arg(copy)
        .status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("cannot copy the core".into());
    }
    let manifest = copy.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).map_err(|error| error.to_string())?;
    let alone = text
        .lines()
        .map(|line| {
            if line.starts_with("members = ") {
                "members = [\"cancel-core\"]"
            } else {
                line
            }
        })
        .collect::<Vec<_>>()
        .join("\n");
    std::fs::write(manifest, alone).map_err(|error| error.to_string())
}
