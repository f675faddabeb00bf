//! Runs a plugin natively: the same code as in the sandbox, its host calls answered by doubles. Used by unit tests of
//! plugins under plain `cargo test`. It has no limits, no grants and no clock: those are the host's, tested there.

use serde_json::Value;

use crate::check::{Check, CheckError, Journey, Run};
use crate::export;
use crate::host::HostError;
use crate::host::double::{self, Doubles};
use crate::host::http::{Response, Sent};
use crate::host::ledger::Entry;
pub use crate::host::steps::Recorded;
use crate::verdict::Verdict;

/// The doubles of all capabilities. State and ledger outlive a run, as on a node.
pub struct Harness {
    doubles: Doubles,
    run: Run,
}

/// What came of a run.
#[derive(Debug)]
pub struct Played {
    /// The verdict, or the prober's own trouble.
    pub outcome: Result<Verdict, CheckError>,
    /// Steps in the order opened.
    pub steps: Vec<Recorded>,
    /// Requests in the order sent.
    pub sent: Vec<Sent>,
    /// Log lines.
    pub logs: Vec<String>,
}

impl Default for Harness {
    fn default() -> Self {
        Self::new()
    }
}

impl Harness {
    /// A host that has nothing and grants everything it has.
    pub fn new() -> Self {
        let id = "0c6b2f0e-6f0a-5a53-9a44-2f0d5a4d7e10".to_owned();
        Self { doubles: Doubles::default(), run: Run { id, scheduled_at_ms: 1_767_225_600_000, timeout_ms: 10_000 } }
    }

    /// Sets the run's id, as another scheduled instant would.
    #[must_use]
    pub fn run_id(mut self, id: &str) -> Self {
        self.run.id = id.to_owned();
        self
    }

    /// Adds a secret.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.doubles.secrets.values.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Answers every request by a script.
    #[must_use]
    pub fn http(mut self, script: impl FnMut(&Sent) -> Result<Response, HostError> + 'static) -> Self {
        self.doubles.http.script(Box::new(script));
        self
    }

    /// Answers requests in order.
    #[must_use]
    pub fn answers(mut self, answers: Vec<Result<Response, HostError>>) -> Self {
        self.doubles.http.queue(answers);
        self
    }

    /// Sets the facts of the node.
    #[must_use]
    pub fn facts(mut self, facts: &Value) -> Self {
        self.doubles.node.facts = Some(facts.to_string());
        self
    }

    /// Adds a file of the node, or the error of reading it.
    #[must_use]
    pub fn file(mut self, path: &str, content: Result<&str, HostError>) -> Self {
        self.doubles.node.files.insert(path.to_owned(), content.map(|text| text.as_bytes().to_vec()));
        self
    }

    /// Sets the SHA-256 of a file of the node, or the error of hashing it.
    #[must_use]
    pub fn sha256(mut self, path: &str, hash: Result<&str, HostError>) -> Self {
        self.doubles.node.hashes.insert(path.to_owned(), hash.map(str::to_owned));
        self
    }

    /// Runs a check once with a config.
    pub fn run<C: Check>(&mut self, config: Value) -> Played {
        let run = self.run.clone();
        let outcome = self.during(config, || export::judge::<C>(&run));
        Played {
            outcome,
            steps: std::mem::take(&mut self.doubles.steps.steps),
            sent: std::mem::take(&mut self.doubles.http.sent),
            logs: std::mem::take(&mut self.doubles.log.lines),
        }
    }

    /// Cleans up what runs left in the ledger.
    ///
    /// # Errors
    /// What the journey could not undo.
    pub fn clean_up<J: Journey>(&mut self, config: Value) -> Result<(), CheckError> {
        let (run, left) = (self.run.clone(), self.doubles.ledger.left.clone());
        self.during(config, || export::sweep::<J>(&run, left))
    }

    /// What is in the ledger with an intent and no `cleaned`.
    pub fn left(&self) -> &[Entry] {
        &self.doubles.ledger.left
    }

    /// Puts an entry into the ledger, as a killed run leaves it.
    #[must_use]
    pub fn leave(mut self, entry: Entry) -> Self {
        self.doubles.ledger.left.push(entry);
        self
    }

    /// Calls to the ledger so far, such as `intent sale.order`.
    pub fn ledger_calls(&self) -> &[String] {
        &self.doubles.ledger.calls
    }

    /// The value of a key of the state.
    pub fn state(&self, key: &str) -> Option<&[u8]> {
        self.doubles.state.values.get(key).map(Vec::as_slice)
    }

    fn during<T>(&mut self, config: Value, run: impl FnOnce() -> T) -> T {
        let mut doubles = std::mem::take(&mut self.doubles);
        doubles.config.json = config.to_string();
        let (doubles, value) = double::during(doubles, run);
        self.doubles = doubles;
        value
    }
}

impl Played {
    /// The verdict.
    ///
    /// # Panics
    /// When the run ended in the prober's trouble.
    pub fn verdict(&self) -> &Verdict {
        self.outcome.as_ref().unwrap_or_else(|error| panic!("no verdict: {error}"))
    }

    /// The prober's trouble.
    ///
    /// # Panics
    /// When the run ended in a verdict.
    pub fn error(&self) -> &CheckError {
        self.outcome.as_ref().expect_err("the run ended in a verdict")
    }

    /// The name of the first step that failed.
    pub fn failed_step(&self) -> Option<&str> {
        self.steps.iter().find(|step| step.status == "fail").map(|step| step.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::Harness;
    use crate::host::{http, state};
    use crate::{Check, Judgement, Reason, Run, Status, Verdict, step};

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Counter {
        url: String,
    }

    impl Check for Counter {
        fn run(&self, _: &Run) -> Judgement {
            let seen = state::load("seen")?.map_or(0, |bytes| bytes.len());
            state::save("seen", &vec![0; seen + 1])?;
            step::run("fetch", || Ok(http::get(&self.url).fetch()?))?;
            let _left_open = step::open("rest");
            Ok(Verdict::pass(format!("look {}", seen + 1)))
        }
    }

    #[test]
    fn state_outlives_a_run_and_a_dropped_guard_fails_its_step() {
        let mut harness = Harness::new().http(|_| Ok(http::Response::new(200)));
        let config = json!({"url": "https://shop.example"});
        assert_eq!(harness.run::<Counter>(config.clone()).verdict().summary, "look 1");
        let played = harness.run::<Counter>(config);
        assert_eq!(played.verdict().summary, "look 2");
        assert_eq!(played.steps[0].status, "pass");
        assert_eq!(played.failed_step(), Some("rest"));
        assert_eq!(harness.state("seen"), Some([0, 0].as_slice()));
    }

    #[test]
    fn a_target_that_does_not_answer_fails_and_a_refused_config_is_the_probers() {
        let refused = || crate::host::HostError::new(Reason::ConnectRefused, "nobody listens");
        let mut harness = Harness::new().answers(vec![Err(refused())]);
        let played = harness.run::<Counter>(json!({"url": "https://shop.example"}));
        assert_eq!(played.verdict().status, Status::Fail);
        assert_eq!(played.verdict().summary, "fetch: nobody listens");
        assert_eq!(played.failed_step(), Some("fetch"));
        assert_eq!(harness.run::<Counter>(json!({})).error().reason, Reason::InvalidConfig);
    }

    #[derive(Deserialize, JsonSchema)]
    struct Several {}

    impl Check for Several {
        fn run(&self, _: &Run) -> Judgement {
            let part = step::open("part");
            let answers = http::fetch_many(&["https://a.example", "https://b.example"].map(http::get));
            part.warn("slow");
            step::open("rest").skip("nothing is left");
            let urls: Vec<String> = answers.into_iter().flatten().map(|answer| answer.details.url).collect();
            Ok(Verdict::pass(urls.join(" ")))
        }
    }

    #[test]
    fn many_answers_come_in_the_order_of_their_requests() {
        let played = Harness::new().http(|_| Ok(http::Response::new(200))).run::<Several>(json!({}));
        assert_eq!(played.verdict().summary, "https://a.example https://b.example");
        let statuses: Vec<&str> = played.steps.iter().map(|step| step.status.as_str()).collect();
        assert_eq!(statuses, ["warn", "skipped"]);
    }

    #[test]
    fn a_plugin_describes_itself() {
        let described: serde_json::Value =
            serde_json::from_str(&crate::export::describe::<Counter>("counter", "1.0.0")).expect("JSON");
        assert_eq!(described["kind"], "probe");
        assert_eq!(described["capabilities"], json!(["http"]));
        assert_eq!(described["config"]["additionalProperties"], false);
    }
}
