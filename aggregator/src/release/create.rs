//! Shell: creates a release. One per tenant, service and subject; its class is fixed from here on. The same request
//! again finds the release it made before.

use api::http::release::{CreateRelease, Release};
use uuid::Uuid;

use super::{DEPLOYMENTS_MAX, Refused, document};
use crate::authz::TenantScope;
use crate::gate::question::known_service;
use crate::gate::{Gate, Misfit};
use crate::store::change::{ChangeError, Note, Recorded};
use crate::store::release::{ReleaseRead as _, StoredRelease};

/// The caller's name of a release: a version or a commit.
const NAME_BYTES_MAX: usize = 128;

/// A release, and whether it is new.
#[derive(Debug)]
pub struct Created {
    /// The release.
    pub release: Release,
    /// Whether this request made it.
    pub is_new: bool,
}

/// Creates a release of the scope's tenant.
///
/// # Errors
/// The service is none of the tenant's, the name is too long, or the subject was released as another class.
pub async fn create(gate: &Gate, scope: &TenantScope, request: CreateRelease) -> Result<Created, ChangeError<Refused>> {
    let refused = |refused| Err(ChangeError::Refused(refused));
    let law = gate.law();
    if law.catalogue.version.is_empty() {
        return refused(Refused::NotReady);
    }
    let Some((tenant, manifest)) = scope.tenant().and_then(|name| law.catalogue.tenants.get_key_value(name)) else {
        return refused(Refused::NotFound);
    };
    let service = match known_service(&request.service, &manifest.spec) {
        Ok(service) => service.clone(),
        Err(Misfit(why)) => return refused(Refused::Misfit(why)),
    };
    if request.name.as_ref().is_some_and(|name| name.len() > NAME_BYTES_MAX) {
        return refused(Refused::Misfit(format!("`name` has over {NAME_BYTES_MAX} bytes; write a shorter one")));
    }
    let (tenant, now_ms) = (tenant.clone(), gate.clock().wall_ms());
    let change = gate.store().change(scope, now_ms, move |tx| {
        if let Some(known) = tx.release_of(tx.scope(), &service, &request.subject.digest)? {
            if known.class != request.class {
                let class = known.class.as_str();
                let detail = format!("this digest is the release {} of class `{class}`; its class is fixed", known.id);
                return Err(ChangeError::Refused(Refused::State { code: "conflict", detail }));
            }
            let deployments = tx.deployments(tx.scope(), &known.id, DEPLOYMENTS_MAX)?;
            let release = document::release(&tenant, known, &deployments, now_ms);
            return Ok(Recorded::repeated(Created { release, is_new: false }));
        }
        let release = StoredRelease {
            id: Uuid::new_v4().to_string(),
            service,
            subject: request.subject.digest,
            class: request.class,
            name: request.name,
            created_at_ms: now_ms,
        };
        tx.release_insert(&release)?;
        let note = note(&release);
        let release = document::release(&tenant, release, &[], now_ms);
        Ok(Recorded::noted(Created { release, is_new: true }, note))
    });
    change.await
}

fn note(release: &StoredRelease) -> Note {
    let detail = serde_json::json!({
        "service": release.service, "subject": release.subject, "class": release.class, "name": release.name,
    });
    Note { action: "release.created", subject: release.id.clone(), detail }
}
