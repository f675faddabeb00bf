//! Tenants see nothing of each other: what is another's is, byte for byte, what is not there; lists hold one's own;
//! a role reaches no further than its column.

use std::time::Duration;

use harness::{
    http::{Answer, Client},
    parts, push,
    real::registry,
    skip,
    stand::Stand,
    state::Tenant,
    until::until,
};
use hyper::HeaderMap;
use serde_json::{Value, json};

/// An id that was never given.
const NOBODY: &str = "00000000-0000-5000-8000-000000000000";

#[tokio::test]
async fn tenants_see_nothing_of_each_other() {
    if let Some(why) = registry::unavailable() {
        return skip::because("tenants_see_nothing_of_each_other", &why);
    }
    let stand = Stand::start().await.expect("a stand");
    let world = World::of(&stand).await;
    world.another_tenants_objects_are_not_there().await;
    world.questions_about_another_tenant_find_nobody().await;
    world.lists_hold_ones_own().await;
    world.a_role_reaches_no_further_than_its_column().await;
    world.nobody_without_a_credential_is_told_anything().await;
}

/// Two tenants; the one owns a check, a release and a decision.
struct World<'a> {
    client: Client,
    owner: &'a Tenant,
    other: &'a Tenant,
    check: String,
    release: String,
    decision: String,
}

impl<'a> World<'a> {
    async fn of(stand: &'a Stand) -> Self {
        let client = stand.client().expect("a client");
        let [owner, other, ..] = stand.state.tenants.as_slice() else { panic!("two tenants are seeded") };
        let pipeline = client.with_token(&owner.tokens.pipeline);
        let checks = until(Duration::from_secs(30), "the owner's checks", async || {
            let page = pipeline.get("/v1/checks").await?.json()?;
            Ok(page["items"][0]["id"].as_str().map(str::to_owned))
        });
        let check = checks.await.expect("checks");
        let registry = Client::plain(&stand.state.registry.url).expect("a client");
        let digest = push::tag_digest(&registry, &parts::repository(&owner.name), parts::TAG).await.expect("a digest");
        let subject = json!({"digest": digest});
        let body = json!({"tenant": owner.name, "service": owner.service(), "class": "feature", "subject": subject});
        let release = text(&pipeline.post("/v1/releases", &body).await.expect("created"), "id");
        let answer = pipeline.post("/v1/decisions", &question(owner, &release)).await.expect("an answer");
        Self { client, owner, other, check, release, decision: text(&answer, "id") }
    }

    /// Every credential of the other tenant.
    fn others(&self) -> [Client; 3] {
        let tokens = &self.other.tokens;
        [&tokens.viewer, &tokens.pipeline, &tokens.tenant_admin].map(|token| self.client.with_token(token))
    }

    async fn another_tenants_objects_are_not_there(&self) {
        let paths = [
            ("/v1/checks/{}", &self.check),
            ("/v1/checks/{}/results", &self.check),
            ("/v1/releases/{}", &self.release),
            ("/v1/decisions/{}", &self.decision),
        ];
        let owner = self.client.with_token(&self.owner.tokens.tenant_admin);
        for (path, id) in paths {
            let theirs = path.replace("{}", id);
            let seen = owner.get(&theirs).await.expect("an answer");
            assert_eq!(seen.status, 200, "the owner at {theirs}: {}", seen.text());
            for client in self.others() {
                let hidden = client.get(&theirs).await.expect("an answer");
                let absent = client.get(&path.replace("{}", NOBODY)).await.expect("an answer");
                same(&hidden, &absent, path);
            }
        }
    }

    async fn questions_about_another_tenant_find_nobody(&self) {
        let stranger = Tenant { name: "nobody".into(), ..self.owner.clone() };
        for client in &self.others()[1..] {
            let hidden = client.post("/v1/decisions", &question(self.owner, &self.release)).await.expect("an answer");
            let absent = client.post("/v1/decisions", &question(&stranger, &self.release)).await.expect("an answer");
            same(&hidden, &absent, "POST /v1/decisions");
            for path in
                [format!("/v1/freezes?tenant={}", self.owner.name), format!("/v1/checks?tenant={}", self.owner.name)]
            {
                let hidden = client.get(&path).await.expect("an answer");
                let absent = client.get(&path.replace(&self.owner.name, "nobody")).await.expect("an answer");
                same(&hidden, &absent, &path);
            }
        }
    }

    async fn lists_hold_ones_own(&self) {
        for tenant in [self.owner, self.other] {
            let client = self.client.with_token(&tenant.tokens.viewer);
            let page = client.get("/v1/checks").await.expect("an answer").json().expect("JSON");
            let items = page["items"].as_array().expect("items");
            assert!(!items.is_empty(), "{} has checks", tenant.name);
            assert!(items.iter().all(|check| check["tenant"] == json!(tenant.name)), "{page}");
            let nodes = client.get("/v1/nodes").await.expect("an answer").text();
            let stranger = if tenant.name == self.owner.name { self.other } else { self.owner };
            assert!(!nodes.contains(&stranger.name), "{nodes}");
        }
    }

    async fn a_role_reaches_no_further_than_its_column(&self) {
        let viewer = self.client.with_token(&self.owner.tokens.viewer);
        let pipeline = self.client.with_token(&self.owner.tokens.pipeline);
        let decided = viewer.post("/v1/decisions", &question(self.owner, &self.release)).await.expect("an answer");
        assert_eq!(decided.status, 403, "a viewer only simulates: {}", decided.text());
        let mut simulated = question(self.owner, &self.release);
        simulated["at"] = json!("2027-01-01T12:00:00Z");
        let simulated = viewer.post("/v1/decisions", &simulated).await.expect("an answer");
        assert_eq!(simulated.status, 200, "{}", simulated.text());
        assert_eq!(simulated.json().expect("JSON")["simulated"]["ticket"], Value::Null);
        let token = json!({"tenant": self.owner.name, "role": "viewer", "expires_at": "2027-01-01T00:00:00Z"});
        for client in [&viewer, &pipeline] {
            let minted = client.post("/v1/tokens", &token).await.expect("an answer");
            assert_eq!(minted.status, 403, "{}", minted.text());
            let assignments = client.get("/v1/agent/assignments").await.expect("an answer");
            assert!([403, 404].contains(&assignments.status), "{}", assignments.status);
        }
    }

    async fn nobody_without_a_credential_is_told_anything(&self) {
        let wrong = self.client.with_token("fwt_nobody_nothing");
        for path in ["/v1/checks", "/v1/agent/assignments", "/v1/nothing-there"] {
            let none = self.client.get(path).await.expect("an answer");
            let wrong = wrong.get(path).await.expect("an answer");
            assert_eq!((none.status, wrong.status), (401, 401), "{path}");
            assert_eq!(none.body, wrong.body, "{path}");
        }
    }
}

fn question(tenant: &Tenant, release: &str) -> Value {
    json!({"tenant": tenant.name, "environment": tenant.environment(), "service": tenant.service(), "release": release})
}

fn text(answer: &Answer, key: &str) -> String {
    let json = answer.json().expect("JSON");
    json[key].as_str().unwrap_or_else(|| panic!("no {key}: {}", answer.text())).to_owned()
}

/// Two answers that tell nobody which of them is about something that exists.
fn same(hidden: &Answer, absent: &Answer, what: &str) {
    assert_eq!(hidden.status, 404, "{what}: {}", hidden.text());
    assert_eq!(hidden.status, absent.status, "{what}: {}", absent.text());
    assert_eq!(hidden.body, absent.body, "{what}");
    assert_eq!(headers(hidden), headers(absent), "{what}");
}

/// All headers but the clock's.
fn headers(answer: &Answer) -> HeaderMap {
    let mut headers = answer.headers.clone();
    headers.remove("date").expect("a server says when it answered");
    headers
}
