//! From stored releases to documents. A deployment that never ended is abandoned at its deadline; nothing has to be
//! written for that.

use api::http::release::{Deployment, DeploymentState, FinishOutcome, Release, Subject};
use api::id::TenantName;

use super::DEADLINE_MS;
use crate::instant::rfc3339;
use crate::store::release::{StoredDeployment, StoredRelease};

/// The release as readers see it.
pub fn release(tenant: &TenantName, stored: StoredRelease, deployments: &[StoredDeployment], now_ms: i64) -> Release {
    Release {
        id: stored.id,
        tenant: tenant.to_string(),
        service: stored.service.to_string(),
        subject: Subject { digest: stored.subject },
        class: stored.class,
        name: stored.name,
        created_at: rfc3339(stored.created_at_ms),
        deployments: deployments.iter().map(|stored| deployment(stored, now_ms)).collect(),
    }
}

/// A deployment as readers see it.
pub fn deployment(stored: &StoredDeployment, now_ms: i64) -> Deployment {
    Deployment {
        id: stored.id.clone(),
        environment: stored.environment.to_string(),
        action: stored.action,
        state: state(stored, now_ms),
        decision: stored.decision.clone(),
        started_at: rfc3339(stored.started_at_ms),
        finished_at: stored.ended.map(|(_, at_ms)| rfc3339(at_ms)),
    }
}

/// Where a deployment stands.
pub(super) fn state(stored: &StoredDeployment, now_ms: i64) -> DeploymentState {
    match stored.ended {
        Some((FinishOutcome::Succeeded, _)) => DeploymentState::Succeeded,
        Some((FinishOutcome::Failed, _)) => DeploymentState::Failed,
        None if now_ms - stored.started_at_ms >= DEADLINE_MS => DeploymentState::Abandoned,
        None => DeploymentState::Started,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_that_never_ended_is_abandoned_at_its_deadline() {
        let started = StoredDeployment {
            id: "d".to_owned(),
            environment: "prod".parse().expect("a label"),
            action: api::manifest::freeze_rule::Action::Deploy,
            decision: "x".to_owned(),
            started_at_ms: 0,
            ended: None,
        };
        assert_eq!(state(&started, DEADLINE_MS - 1), DeploymentState::Started);
        assert_eq!(state(&started, DEADLINE_MS), DeploymentState::Abandoned);
        let ended = StoredDeployment { ended: Some((FinishOutcome::Succeeded, 5)), ..started };
        assert_eq!(state(&ended, DEADLINE_MS), DeploymentState::Succeeded);
    }
}
