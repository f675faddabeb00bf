//! Shell: starts a release with the ticket of an allow. The ticket is held against the request, the law is asked once
//! more, and the deployment is opened, all in one transaction: nothing changes between the last look and the start.

use std::time::Duration;

use api::http::decision::{Ask, Decision};
use api::http::release::{Deployment, StartRelease};
use api::manifest::release_policy::Class;
use policy::Code;
use uuid::Uuid;

use super::{Refused, document};
use crate::authz::TenantScope;
use crate::gate::snapshot::{Asked, Evaluated, evaluate};
use crate::gate::ticket::{self, Claim};
use crate::gate::{Gate, GateError};
use crate::store::ChangeTx;
use crate::store::change::{ChangeError, Note, Recorded};
use crate::store::decision::{DecisionRead as _, StoredTicket};
use crate::store::release::{ReleaseRead as _, StoredDeployment, StoredRelease};

/// A request to start a release. It carries the gate, because it may wait for its turn to write: the law and the clock
/// are read when it comes.
struct Start {
    gate: Gate,
    release: String,
    classes: Vec<Class>,
    request: StartRelease,
}

/// Starts a release of the scope's tenant.
///
/// # Errors
/// There is no such release, the ticket does not hold, or the law no longer allows it.
pub async fn start(
    gate: &Gate,
    scope: &TenantScope,
    classes: &[Class],
    release: String,
    request: StartRelease,
) -> Result<Deployment, ChangeError<Refused>> {
    let began = gate.clock().boot();
    let asked_at_ms = gate.clock().wall_ms();
    let start = Start { gate: gate.clone(), release, classes: classes.to_vec(), request };
    let started = gate.store().change(scope, asked_at_ms, move |tx| start.run(tx)).await;
    let took = gate.clock().boot().saturating_sub(began);
    match &started {
        Ok(_) => gate.count(Decision::Allow, Code::ALLOWED, took),
        Err(ChangeError::Refused(refused)) => count_refused(gate, refused, took),
        Err(ChangeError::Store(_)) => {}
    }
    started
}

fn count_refused(gate: &Gate, refused: &Refused, took: Duration) {
    match refused {
        Refused::Foreign(_) => gate.count(Decision::Deny, Code::TicketScope.as_str(), took),
        Refused::State { code, .. } => gate.count(Decision::Deny, code, took),
        Refused::NotReady | Refused::NotFound | Refused::Misfit(_) => {}
    }
}

impl Start {
    fn run(&self, tx: &ChangeTx<'_>) -> Result<Recorded<Deployment>, ChangeError<Refused>> {
        let now_ms = self.gate.clock().wall_ms();
        let release = tx.release_find(tx.scope(), &self.release)?.ok_or(ChangeError::Refused(Refused::NotFound))?;
        let sha256 = ticket::hash(&self.request.ticket);
        let ticket = tx.ticket_find(tx.scope(), &sha256)?.ok_or_else(|| ChangeError::Refused(foreign()))?;
        let question = self.question(&release, &ticket);
        let claim = Claim { principal: tx.scope().actor(), question: &question, subject: &release.subject, now_ms };
        ticket::check(&ticket, &claim).map_err(|(code, remedy)| ChangeError::Refused(unheld(code, remedy)))?;
        let evaluated = self.ask_again(tx, &question, now_ms)?;
        if evaluated.evaluation.decision != Decision::Allow {
            let (code, detail) = (evaluated.evaluation.code, evaluated.evaluation.reason);
            return Err(ChangeError::Refused(Refused::State { code, detail }));
        }
        let deployment = StoredDeployment {
            id: Uuid::new_v4().to_string(),
            environment: question.environment.parse().map_err(|_| ChangeError::Refused(foreign()))?,
            action: evaluated.evaluation.action,
            decision: ticket.decision,
            started_at_ms: now_ms,
            ended: None,
        };
        tx.ticket_use(&sha256)?;
        tx.deployment_insert(&release.id, &deployment)?;
        let note = note(&release, &deployment);
        Ok(Recorded::noted(document::deployment(&deployment, now_ms), note))
    }

    /// What is asked once more: the ticket's question, about exactly this release and what is about to run.
    fn question(&self, release: &StoredRelease, ticket: &StoredTicket) -> Ask {
        Ask {
            environment: self.request.environment.clone(),
            service: release.service.to_string(),
            release: Some(release.id.clone()),
            action: self.request.action,
            subject: Some(self.request.subject.clone()),
            at: None,
            ..ticket.question.clone()
        }
    }

    fn ask_again(&self, tx: &ChangeTx<'_>, question: &Ask, now_ms: i64) -> Result<Evaluated, ChangeError<Refused>> {
        let asked = Asked { scope: tx.scope(), classes: &self.classes, question, now_ms, simulated_at: None };
        evaluate(tx, &self.gate.law(), &asked)?.map_err(|error| match error {
            GateError::NotReady => ChangeError::Refused(Refused::NotReady),
            GateError::NotFound => ChangeError::Refused(Refused::NotFound),
            GateError::Misfit(misfit) => ChangeError::Refused(Refused::Misfit(misfit.0)),
            GateError::Store(error) => ChangeError::Store(error),
        })
    }
}

/// A ticket that is none, or of another tenant: the same answer.
fn foreign() -> Refused {
    Refused::Foreign("this is no ticket of this tenant; ask for a decision".to_owned())
}

fn unheld(code: Code, remedy: &str) -> Refused {
    match code {
        Code::TicketScope => Refused::Foreign(remedy.to_owned()),
        _ => Refused::State { code: code.as_str(), detail: remedy.to_owned() },
    }
}

fn note(release: &StoredRelease, deployment: &StoredDeployment) -> Note {
    let detail = serde_json::json!({
        "deployment": deployment.id, "environment": deployment.environment, "action": deployment.action,
        "decision": deployment.decision, "service": release.service, "subject": release.subject,
    });
    Note { action: "release.started", subject: release.id.clone(), detail }
}
