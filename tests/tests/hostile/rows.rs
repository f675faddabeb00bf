//! What each guest is given, and what is said of it: the words an author finds, and can act on.

use serde_json::{Value, json};

use crate::targets::Targets;

/// A guest, what its checks say, and what is said of them.
pub(crate) struct Row {
    pub(crate) guest: &'static str,
    pub(crate) config: Value,
    pub(crate) says: Says,
    pub(crate) words: &'static [&'static str],
}

impl Row {
    /// Whether it changes things at its target, which takes a lease.
    pub(crate) fn is_journey(&self) -> bool {
        ["half_made", "trap_in_clean_up"].contains(&self.guest)
    }
}

/// Where the words are.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Says {
    /// In a result of this status and reason.
    Result(&'static str, &'static str),
    /// In the refusal of its manifest: it never runs.
    Refusal,
}

fn row(guest: &'static str, config: Value, says: Says, words: &'static [&'static str]) -> Row {
    Row { guest, config, says, words }
}

/// All of them, in the order of their lists.
pub(crate) fn rows(targets: &Targets, neighbours_state: &str) -> Vec<Row> {
    hostile(targets, neighbours_state).into_iter().chain(raw()).collect()
}

fn error(reason: &'static str) -> Says {
    Says::Result("error", reason)
}

/// Of `HOSTILE`.
fn hostile(targets: &Targets, neighbours_state: &str) -> Vec<Row> {
    let (none, at) = (json!({}), |path: &str| json!({"url": targets.url(path)}));
    let rebinding = format!("http://rebind.example:{}", targets.address.port());
    // A journey changes things, which no agent does without a lease; how it dies under one is in `leased`.
    let leased = Says::Result("skipped", "prerequisite-missing");
    let tries = ["canary", neighbours_state, "../neighbour/keeper"];
    vec![
        row("deep_recursion", none.clone(), error("trap"), &["call stack exhausted"]),
        row(
            "dns_rebinding",
            json!({"url": rebinding, "times": 24}),
            error("capability-denied"),
            &["127.0.0.2", "spec.ceiling.addresses"],
        ),
        row("endless_loop", none.clone(), error("cpu-exceeded"), &["ms of CPU used, 500 granted"]),
        row(
            "forbidden_host",
            json!({"urls": [format!("http://{}/", targets.victim)]}),
            error("capability-denied"),
            &["http may not use", "spec.grants.http"],
        ),
        row("half_made", json!({"death": "trap"}), leased, &["needs an aggregator to lease it from"]),
        row("host_call_storm", json!({"calls": 20_000}), error("quota-exceeded"), &["more than 10000 host calls"]),
        row("huge_output", json!({"bytes": 1 << 20}), error("quota-exceeded"), &["bytes of output, 65536 granted"]),
        row("log_flood", json!({"lines": 3_000, "line_bytes": 500}), Says::Result("pass", ""), &["all is said"]),
        row("memory_bomb", none.clone(), error("memory-exceeded"), &["bytes of memory asked for, 16777216 granted"]),
        row(
            "other_tenants_state",
            json!({"tries": tries}),
            error("capability-denied"),
            &["node may not use", "(found nothing)"],
        ),
        row("panic", none.clone(), error("trap"), &["the plugin panicked", "index out of bounds"]),
        row(
            "redirect_to_forbidden_host",
            at("/forbidden"),
            error("capability-denied"),
            &["127.0.0.2", "spec.grants.http"],
        ),
        row(
            "redirect_to_metadata",
            at("/metadata"),
            error("capability-denied"),
            &["http://169.254.169.254:80", "spec.grants.http"],
        ),
        row("slow_drip", at("/drip"), Says::Result("timeout", "deadline-exceeded"), &["not done within 4000 ms"]),
        row("trap_in_clean_up", none, leased, &["needs an aggregator to lease it from"]),
    ]
}

/// Journeys under a lease, and what is told of what they leave behind.
pub(crate) fn leased() -> Vec<(Row, &'static [&'static str])> {
    let panics = &["the plugin panicked", "the run dies here"];
    let spins = &["ms of CPU used, 500 granted"];
    let left = &["left objects at its target", "remove them by hand"];
    vec![
        (row("half_made", json!({"death": "trap"}), error("trap"), panics), &[]),
        (row("half_made", json!({"death": "spin"}), error("cpu-exceeded"), spins), &[]),
        (row("half_made", json!({"death": "trap", "clean_up_panics": true}), error("trap"), panics), left),
        (row("trap_in_clean_up", json!({}), Says::Result("warn", "trap"), &["made"]), left),
    ]
}

/// Of `RAW`.
fn raw() -> Vec<Row> {
    let none = json!({});
    vec![
        row("compile_bomb", none.clone(), Says::Refusal, &["make the component smaller or simpler"]),
        row("compiled_memory_bomb", none.clone(), Says::Refusal, &["1000000000 elements in a table", "at most 32768"]),
        row("malformed_component", none.clone(), Says::Refusal, &["not a valid component"]),
        row(
            "memory_bomb_of_many_memories",
            none.clone(),
            Says::Refusal,
            &["it has 8 memories, a plugin has at most 2"],
        ),
        row(
            "memory_bomb_of_several_memories",
            none.clone(),
            error("memory-exceeded"),
            &["bytes of memory asked for, 16777216 granted"],
        ),
        row(
            "unoffered_import",
            none,
            Says::Refusal,
            &["it imports `wasi:sockets/tcp@0.2.6`, which is not offered to plugins"],
        ),
    ]
}
