//! Shell: may this release go there now? The gate gathers a snapshot, lets the law decide, and stores the decision with
//! its ticket and its audit entry in one transaction. Called by `http/decisions`; `release/start` asks it again inside
//! its own transaction. It knows no HTTP, and the law itself is the `policy` crate.

pub mod answer;
mod error;
mod metrics;
pub mod question;
pub mod snapshot;
pub mod ticket;

use std::sync::Arc;

use api::catalogue::Catalogue;
use api::http::decision::{Answer, Ask, Decision};
use api::limits::TICKET_TTL;
use api::manifest::release_policy::Class;
use jiff::Timestamp;
use process::clock::SharedClock;
use tokio::sync::watch;
use uuid::Uuid;

pub use error::GateError;
pub use metrics::Metrics;
pub use question::Misfit;
pub use snapshot::Law;

use crate::authz::TenantScope;
use crate::instant::timestamp;
use crate::placement::{Placement, Plan};
use crate::store::Store;
use crate::store::change::{ChangeError, Note, Recorded};
use crate::store::decision::{DecisionRead as _, NewDecision, NewTicket};
use snapshot::Evaluated;

/// A poll that gets the same answer again within this time is the same decision, and adds nothing to the audit trail;
/// a ticket of it is one more ticket of that decision. What is answered is always what stands under the decision's id:
/// renewed, or, once a ticket or a deployment rests on it, as it was.
const SAME_ANSWER_MS: i64 = 60_000;

/// What the gate is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// How people and pipelines reach the API, for links in answers.
    pub public_url: String,
}

/// The gate. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    public_url: Arc<str>,
    store: Store,
    clock: SharedClock,
    catalogue: watch::Receiver<Arc<Catalogue>>,
    plan: watch::Receiver<Arc<Plan>>,
    metrics: Metrics,
}

/// Whether an allow mints a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minting {
    /// It does: the caller means to start.
    Ticket,
    /// It never does: the caller only looks.
    Nothing,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate over what is stored and what is in force.
    pub fn new(config: Config, store: Store, clock: SharedClock, placement: &Placement, metrics: Metrics) -> Self {
        let public_url = config.public_url.trim_end_matches('/').into();
        Self { public_url, store, clock, catalogue: placement.catalogue(), plan: placement.plan(), metrics }
    }

    /// What is in force now.
    pub fn law(&self) -> Law {
        Law { catalogue: Arc::clone(&self.catalogue.borrow()), plan: Arc::clone(&self.plan.borrow()) }
    }

    /// Decides now, and stores it.
    ///
    /// # Errors
    /// The question does not fit, or the store failed.
    pub async fn decide(
        &self,
        scope: &TenantScope,
        classes: &[Class],
        question: Ask,
        minting: Minting,
    ) -> Result<Answer, GateError> {
        let started = self.clock.boot();
        let now_ms = self.clock.wall_ms();
        let evaluated = self.evaluate(scope, classes, &question, now_ms, None).await?;
        let Evaluated { evaluation, zone, subject } = evaluated;
        let mut answer = answer::document(&evaluation, timestamp(now_ms), &zone);
        let mints = minting == Minting::Ticket && evaluation.decision == Decision::Allow;
        if mints && subject.is_none() {
            answer.reason.push_str("; without a ticket, because neither the request nor a release names a digest");
        }
        let ticket = (mints && subject.is_some()).then(ticket::mint);
        let stored = self.store_decision(scope, now_ms, question, answer, ticket.as_ref().map(|minted| minted.sha256));
        let mut answer = stored.await?;
        answer.ticket = ticket.map(|minted| minted.text);
        self.metrics.decided(evaluation.decision, evaluation.code, self.clock.boot().saturating_sub(started));
        Ok(answer)
    }

    /// What would be decided at an instant: time rules use it, checks are today's. Nothing is stored.
    ///
    /// # Errors
    /// The question does not fit, or the store failed.
    pub async fn simulate(
        &self,
        scope: &TenantScope,
        classes: &[Class],
        question: Ask,
        at: Timestamp,
    ) -> Result<Answer, GateError> {
        let evaluated = self.evaluate(scope, classes, &question, self.clock.wall_ms(), Some(at)).await?;
        Ok(answer::document(&evaluated.evaluation, at, &evaluated.zone))
    }

    /// Counts an answer that was not given here: a start's second look.
    pub(crate) fn count(&self, decision: Decision, code: &str, took: std::time::Duration) {
        self.metrics.decided(decision, code, took);
    }

    /// The stored side of the gate, for `release`.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The gate's clock, for `release`.
    pub(crate) fn clock(&self) -> &SharedClock {
        &self.clock
    }

    async fn evaluate(
        &self,
        scope: &TenantScope,
        classes: &[Class],
        question: &Ask,
        now_ms: i64,
        simulated_at: Option<Timestamp>,
    ) -> Result<Evaluated, GateError> {
        let law = self.law();
        let (scope, classes, question) = (scope.clone(), classes.to_vec(), question.clone());
        let asker = move |view: &crate::store::View<'_>| {
            let asked = snapshot::Asked { scope: &scope, classes: &classes, question: &question, now_ms, simulated_at };
            snapshot::evaluate(view, &law, &asked)
        };
        self.store.read(asker).await?
    }

    async fn store_decision(
        &self,
        scope: &TenantScope,
        now_ms: i64,
        question: Ask,
        mut answer: Answer,
        ticket: Option<[u8; 32]>,
    ) -> Result<Answer, GateError> {
        let sameness = answer::sameness(scope.actor(), &question, &answer);
        let public_url = Arc::clone(&self.public_url);
        let stored = self.store.change(scope, now_ms, move |tx| {
            let same = tx.decision_same(tx.scope(), &sameness, now_ms - SAME_ANSWER_MS)?;
            let is_repeated = same.is_some();
            let id = same.unwrap_or_else(|| Uuid::new_v4().to_string());
            answer::name(&mut answer, &id, &public_url);
            let note = note(&id, &question, &answer);
            if is_repeated {
                tx.decision_renew(&id, &answer)?;
                answer = tx.decision_find(tx.scope(), &id)?.unwrap_or(answer);
            } else {
                tx.decision_insert(&NewDecision { id: id.clone(), question, answer: answer.clone(), sameness })?;
            }
            if let Some(sha256) = ticket {
                let expires_at_ms = now_ms + TICKET_TTL.as_millis() as i64;
                tx.ticket_insert(&id, &NewTicket { sha256, expires_at_ms })?;
            }
            Ok(if is_repeated { Recorded::repeated(answer) } else { Recorded::noted(answer, note) })
        });
        stored.await.map_err(|error: ChangeError<std::convert::Infallible>| match error {
            ChangeError::Refused(never) => match never {},
            ChangeError::Store(error) => GateError::Store(error),
        })
    }
}

fn note(id: &str, question: &Ask, answer: &Answer) -> Note {
    let rules: Vec<_> = answer.reasons.iter().filter_map(|reason| reason.rule.as_deref()).collect();
    let detail = serde_json::json!({
        "environment": question.environment, "service": question.service, "action": question.action,
        "release": question.release, "subject": question.subject, "decision": answer.decision, "code": answer.code,
        "rules": rules, "policy_version": answer.policy_version, "tzdb": answer.tzdb,
    });
    Note { action: "decision.made", subject: id.to_owned(), detail }
}
