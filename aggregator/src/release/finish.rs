//! Shell: says how a deployment ended. A success is what a rollback may go back to for thirty days.

use api::http::release::{Deployment, DeploymentState, FinishRelease};

use super::{Refused, document};
use crate::authz::TenantScope;
use crate::gate::Gate;
use crate::store::change::{ChangeError, Note, Recorded};
use crate::store::release::{ReleaseRead as _, StoredDeployment};

/// Ends the deployment that the request names, and no other. The same request again finds it ended, so that a pipeline
/// whose answer was lost may say it once more.
///
/// # Errors
/// There is no such release or no such deployment of it, or it ended otherwise before.
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
        let Some(found) = tx.deployment_find(tx.scope(), &release, &request.deployment)? else {
            let detail = "`deployment` names none of this release; take the `id` that its start answered with";
            return Err(ChangeError::Refused(Refused::Misfit(detail.to_owned())));
        };
        if found.ended.is_some_and(|(outcome, _)| outcome == request.outcome) {
            return Ok(Recorded::repeated(document::deployment(&found, now_ms)));
        }
        under_way(&found, now_ms)?;
        tx.deployment_end(&found.id, request.outcome)?;
        let ended = StoredDeployment { ended: Some((request.outcome, now_ms)), ..found };
        let detail = serde_json::json!({
            "deployment": ended.id, "environment": ended.environment, "outcome": request.outcome,
        });
        let note = Note { action: "release.finished", subject: release, detail };
        Ok(Recorded::noted(document::deployment(&ended, now_ms), note))
    });
    change.await
}

fn under_way(found: &StoredDeployment, now_ms: i64) -> Result<(), ChangeError<Refused>> {
    let detail = match document::state(found, now_ms) {
        DeploymentState::Started => return Ok(()),
        DeploymentState::Succeeded => "this deployment has succeeded; how it ended is not changed afterwards",
        DeploymentState::Failed => "this deployment has failed; how it ended is not changed afterwards",
        DeploymentState::Abandoned => "this deployment did not end within 24 hours and is abandoned; start it again",
    };
    Err(ChangeError::Refused(Refused::State { code: "conflict", detail: detail.to_owned() }))
}
