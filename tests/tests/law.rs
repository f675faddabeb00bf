//! The law from end to end: manifests dropped into the folder take effect, a broken one affects only its own tenant,
//! a ticket is good for what it was given for, and the answer has the documented keys and no other.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use harness::{
    http::Client,
    image::Image,
    parts,
    pipeline::{Pipeline, Release},
    push::tag_digest,
    real::registry,
    skip,
    stand::Stand,
    until::until,
};
use serde_json::{Value, json};

/// Long enough for each check to have run on a busy machine.
const SOON: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn the_law_holds_from_folder_to_answer() {
    if let Some(why) = registry::unavailable() {
        return skip::because("the_law_holds_from_folder_to_answer", &why);
    }
    let stand = Stand::start().await.expect("a stand");
    let court = Court::of(&stand).await;
    court.answers_have_the_documented_keys().await;
    court.a_ticket_is_good_for_what_it_was_given_for().await;
    court.without_a_policy_nothing_may_go().await;
    court.a_dropped_rule_takes_effect_and_keeps_its_last_form().await;
    court.a_rule_that_never_parsed_holds_its_tenant_alone().await;
}

/// Two tenants whose releases may go.
struct Court<'a> {
    stand: &'a Stand,
    one: Pipeline,
    other: Pipeline,
    release: Release,
    others: Release,
}

impl<'a> Court<'a> {
    async fn of(stand: &'a Stand) -> Self {
        let client = stand.client().expect("a client");
        let [one, other, ..] = stand.state.tenants.as_slice() else { panic!("two tenants are seeded") };
        let (one, other) = (Pipeline::of(&client, one), Pipeline::of(&client, other));
        let release = good(stand, &one).await;
        let others = good(stand, &other).await;
        Self { stand, one, other, release, others }
    }

    async fn answers_have_the_documented_keys(&self) {
        let keys = "id decision code reason evaluated_at valid_until next_allowed_at next_close_at retry_after_s reasons \
                    requirements shadow policy_version tzdb ticket url";
        let keys: BTreeSet<&str> = keys.split_whitespace().collect();
        let mut question = self.one.question(&self.release, "deploy");
        let answer = decided(&self.one, &question).await;
        assert_eq!(names(&answer), keys);
        question["at"] = json!("2027-03-01T12:00:00Z");
        let simulated = decided(&self.one, &question).await;
        assert_eq!(names(&simulated), BTreeSet::from(["simulated"]));
        assert!(names(&simulated["simulated"]).is_subset(&keys), "{simulated}");
        assert_eq!(simulated["simulated"]["ticket"], Value::Null);
    }

    async fn a_ticket_is_good_for_what_it_was_given_for(&self) {
        let ticket = self.ticket().await;
        let swapped = Release { digest: Image::of("never pushed").digest(), ..self.release.clone() };
        let refused = self.one.start(&swapped, "deploy", &ticket).await.expect("an answer");
        assert_eq!(code(&refused.json().expect("JSON")), "DIGEST_MISMATCH", "{}", refused.text());
        let ticket = self.ticket().await;
        let refused = self.one.start(&self.release, "rollback", &ticket).await.expect("an answer");
        assert_eq!(code(&refused.json().expect("JSON")), "TICKET_SCOPE", "{}", refused.text());
        let foreign = self.other.start(&self.others, "deploy", &ticket).await.expect("an answer");
        assert!((400..500).contains(&foreign.status), "{}", foreign.text());

        let ticket = self.ticket().await;
        let started = self.one.start(&self.release, "deploy", &ticket).await.expect("an answer");
        assert_eq!(started.status, 201, "{}", started.text());
        let again = self.one.start(&self.release, "deploy", &ticket).await.expect("an answer");
        assert_eq!(code(&again.json().expect("JSON")), "TICKET_USED", "{}", again.text());
        let started = started.json().expect("JSON");
        assert_eq!(self.one.finish(&self.release, &started).await.expect("an answer").status, 200);
    }

    async fn without_a_policy_nothing_may_go(&self) {
        let file = self.stand.manifest("platform/policies.yaml");
        let policies = fs::read(&file).expect("the seed has policies");
        fs::remove_file(&file).expect("removed");
        self.says(&self.one, &self.release, "INDETERMINATE").await;
        fs::write(&file, policies).expect("written");
        self.says(&self.one, &self.release, "ALLOWED").await;
    }

    async fn a_dropped_rule_takes_effect_and_keeps_its_last_form(&self) {
        let file = self.drop("closing", &rule(&self.one, "closing", "2099-01-01T00:00"));
        self.says(&self.one, &self.release, "FROZEN").await;
        fs::write(&file, "apiVersion: floorwalker.dev/v1alpha1\nkind: FreezeRule\n  broken: [").expect("written");
        // Dropped after it, so that when this one is seen, the broken one has been, too.
        let second = self.drop("second", &rule(&self.other, "second", "2099-01-01T00:00"));
        self.says(&self.other, &self.others, "FROZEN").await;
        self.says(&self.one, &self.release, "FROZEN").await;
        fs::remove_file(file).expect("removed");
        fs::remove_file(second).expect("removed");
        self.says(&self.one, &self.release, "ALLOWED").await;
        self.says(&self.other, &self.others, "ALLOWED").await;
    }

    async fn a_rule_that_never_parsed_holds_its_tenant_alone(&self) {
        let file = self.drop("broken", &rule(&self.one, "broken", "not-a-time"));
        self.says(&self.one, &self.release, "INDETERMINATE").await;
        self.says(&self.other, &self.others, "ALLOWED").await;
        let rollback = decided(&self.one, &self.one.question(&self.release, "rollback")).await;
        assert_eq!(code(&rollback), "ALLOWED", "a broken rule never holds a rollback: {rollback}");
        fs::remove_file(file).expect("removed");
        self.says(&self.one, &self.release, "ALLOWED").await;
    }

    async fn ticket(&self) -> String {
        let answer = decided(&self.one, &self.one.question(&self.release, "deploy")).await;
        answer["ticket"].as_str().unwrap_or_else(|| panic!("no ticket: {answer}")).to_owned()
    }

    fn drop(&self, name: &str, text: &str) -> PathBuf {
        let file = self.stand.manifest(&format!("{name}.yaml"));
        fs::write(&file, text).expect("written");
        file
    }

    /// Waits until the gate says a code.
    async fn says(&self, pipeline: &Pipeline, release: &Release, wanted: &str) {
        let question = pipeline.question(release, "deploy");
        let mut last = Value::Null;
        let said = until(SOON, wanted, async || {
            last = pipeline.ask(&question).await?.document()?;
            Ok((code(&last) == wanted).then_some(()))
        });
        said.await.unwrap_or_else(|error| panic!("{error}: {last}"));
    }
}

/// A release of what the tenant's tag points to, that may go.
async fn good(stand: &Stand, pipeline: &Pipeline) -> Release {
    let registry = Client::plain(&stand.state.registry.url).expect("a client");
    let digest = tag_digest(&registry, &parts::repository(&pipeline.tenant.name), parts::TAG).await.expect("a digest");
    let release = pipeline.create("1.0", &digest).await.expect("created");
    let question = pipeline.question(&release, "deploy");
    let mut last = Value::Null;
    let allowed = until(SOON, "a first allow", async || {
        last = pipeline.ask(&question).await?.document()?;
        Ok((code(&last) == "ALLOWED").then_some(()))
    });
    allowed.await.unwrap_or_else(|error| panic!("{error}: {last}"));
    release
}

/// A tenant's own freeze that began long ago.
fn rule(pipeline: &Pipeline, name: &str, to: &str) -> String {
    let namespace = &pipeline.tenant.namespace;
    format!(
        "apiVersion: floorwalker.dev/v1alpha1\nkind: FreezeRule\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec:\n  owner: tests\n  effect: deny\n  match: {{}}\n  when:\n    timezone: tenant-local\n\
         \x20   once: [{{from: 2020-01-01T00:00, to: {to}}}]\n"
    )
}

async fn decided(pipeline: &Pipeline, question: &Value) -> Value {
    pipeline.ask(question).await.expect("an answer").document().expect("a document")
}

fn code(answer: &Value) -> String {
    answer["code"].as_str().unwrap_or_default().to_owned()
}

fn names(document: &Value) -> BTreeSet<&str> {
    document.as_object().expect("an object").keys().map(String::as_str).collect()
}
