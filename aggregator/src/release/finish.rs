//! Shell: says how a deployment ended. A success is what a rollback may go back to for thirty days.

use api::http::release::{Deployment, DeploymentState, FinishRelease};

use super::{DEPLOYMENTS_MAX, Refused, document};
use crate::authz::TenantScope;
use crate::gate::Gate;
use crate::store::change::{ChangeError, Note, Recorded};
use crate::store::release::{ReleaseRead as _, StoredDeployment};

/// Ends the deployment of a release that is under way in an environment.
///
/// # Errors
/// There is no such release, or nothing of it is under way there.
pub async fn finish(
    gate: &Gate,
    scope: &TenantScope,
    release: String,
    request: FinishRelease,
) -> Result<Deployment, ChangeError<Refused>> {
    let now_ms = gate.clock().wall_ms();
    let change = gate.store().change(scope, now_ms, move |tx| {
        if tx.release_find(tx.scope(), &release)?.is_none() {
            return Err(ChangeError::Refused(Refused::NotFound));
        }
        let deployments = tx.deployments(tx.scope(), &release, DEPLOYMENTS_MAX)?;
        let here = |it: &&StoredDeployment| it.environment.as_str() == request.environment;
        let under_way = |it: &&StoredDeployment| document::state(it, now_ms) == DeploymentState::Started;
        let Some(found) = deployments.iter().rev().filter(here).find(under_way) else {
            let detail = "nothing of this release is under way in this environment; start it first".to_owned();
            return Err(ChangeError::Refused(Refused::State { code: "conflict", detail }));
        };
        tx.deployment_end(&found.id, request.outcome)?;
        let ended = StoredDeployment { ended: Some((request.outcome, now_ms)), ..found.clone() };
        let detail = serde_json::json!({
            "deployment": ended.id, "environment": ended.environment, "outcome": request.outcome,
        });
        let note = Note { action: "release.finished", subject: release, detail };
        Ok(Recorded::noted(document::deployment(&ended, now_ms), note))
    });
    change.await
}
