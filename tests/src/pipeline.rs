//! Shell: what a release pipeline asks of the gate, as requests with their raw answers. Used by the story and the
//! suites; retries nothing and judges nothing.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use crate::{
    http::{Answer, Client},
    state::Tenant,
    until::until,
};

/// An aggregator describes its plugins before its catalogue is in force: a second each in a debug build.
const READY_MAX: Duration = Duration::from_secs(60);

/// A pipeline of one tenant, for its most protected environment and its first service.
#[derive(Clone, Debug)]
pub struct Pipeline {
    client: Client,
    /// Its tenant.
    pub tenant: Tenant,
}

/// A release as the gate knows it.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its id.
    pub id: String,
    /// The pipeline's name of it.
    pub name: String,
    /// What is released.
    pub digest: String,
}

impl Pipeline {
    /// With the tenant's pipeline token.
    #[must_use]
    pub fn of(client: &Client, tenant: &Tenant) -> Self {
        Self { client: client.with_token(&tenant.tokens.pipeline), tenant: tenant.clone() }
    }

    /// Registers a release of the class `feature`. Waits for an aggregator that has just started: it says 503 until its
    /// catalogue is in force.
    ///
    /// # Errors
    /// It was refused.
    pub async fn create(&self, name: &str, digest: &str) -> anyhow::Result<Release> {
        let body = json!({
            "tenant": self.tenant.name, "service": self.tenant.service(), "class": "feature", "name": name,
            "subject": {"digest": digest},
        });
        let created = until(READY_MAX, "an aggregator that is ready", async || {
            let answer = self.client.post("/v1/releases", &body).await?;
            Ok((answer.status != 503).then_some(answer))
        });
        let created: Value = created.await?.document()?;
        let id = created["id"].as_str().context("a release has an id")?.to_owned();
        Ok(Release { id, name: name.to_owned(), digest: digest.to_owned() })
    }

    /// The question about a release, to be sent or changed first.
    #[must_use]
    pub fn question(&self, release: &Release, action: &str) -> Value {
        json!({
            "tenant": self.tenant.name, "environment": self.tenant.environment(), "service": self.tenant.service(),
            "release": release.id, "action": action, "subject": {"digest": release.digest},
        })
    }

    /// Asks the gate.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ask(&self, question: &Value) -> anyhow::Result<Answer> {
        self.client.post("/v1/decisions", question).await
    }

    /// Starts a release; the digest is what is really about to run.
    ///
    /// # Errors
    /// No answer came.
    pub async fn start(&self, release: &Release, action: &str, ticket: &str) -> anyhow::Result<Answer> {
        let body = json!({
            "environment": self.tenant.environment(), "ticket": ticket, "action": action,
            "subject": {"digest": release.digest},
        });
        self.client.post(&format!("/v1/releases/{}/start", release.id), &body).await
    }

    /// Says that a deployment of a release, as its start answered, ended well.
    ///
    /// # Errors
    /// No answer came.
    pub async fn finish(&self, release: &Release, deployment: &Value) -> anyhow::Result<Answer> {
        let body = json!({"deployment": deployment["id"], "outcome": "succeeded"});
        self.client.post(&format!("/v1/releases/{}/finish", release.id), &body).await
    }
}
