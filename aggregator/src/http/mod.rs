//! The HTTP API: a file per group of routes, each exporting `routes()`; this file puts them together. A handler takes
//! the caller, asks `authz` for a scope, makes one call, and returns a document. Statuses are known here alone.
//!
//! `extract`, `form`, `drain` and `error` serve all groups; `openapi` is the document that their routes make.

pub mod agent;
pub mod checks;
pub mod decisions;
mod drain;
pub mod error;
pub mod extract;
mod form;
pub mod frames;
pub mod freezes;
pub mod nodes;
pub mod openapi;
pub mod releases;
pub mod results;
#[cfg(test)]
mod tests;
pub mod tokens;

use std::convert::Infallible;
use std::sync::Arc;

use api::id::TenantName;
use api::limits::REQUEST_BYTES_MAX;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use process::clock::SharedClock;
use process::supervise::Background;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::audit::Crossings;
use crate::authn::Principal;
use crate::authz::{self, Operation, Reach, TenantScope};
use crate::gate::Gate;
use crate::ingest;
use crate::placement::lease::Leases;
use crate::placement::{Placement, Plan};
use crate::plugin::blobs::Blobs;
use crate::secret::dir::Secrets;
use crate::store::Store;
use crate::store::change::{ChangeError, Note, Recorded};
use error::Failure;

/// What the routes work with. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Parts>);

/// The parts, one line a stage; made by the composition root.
pub struct Parts {
    /// What survives.
    pub store: Store,
    /// The machine's clocks.
    pub clock: SharedClock,
    /// The plan and the agents.
    pub placement: Arc<Placement>,
    /// Leases of mutating checks; held across the store's answer, so grants of two agents never cross.
    pub leases: Arc<tokio::sync::Mutex<Leases>>,
    /// Decides releases.
    pub gate: Gate,
    /// Components by digest.
    pub blobs: Arc<Blobs>,
    /// Values of secrets.
    pub secrets: Arc<Secrets>,
    /// Counts what ingest takes.
    pub ingest: ingest::Metrics,
    /// Frames that may be unpacked and not yet stored.
    pub frames: Semaphore,
    /// Where frames are unpacked and judged.
    pub background: Background,
    /// Which reads across tenants are noted.
    pub crossings: Crossings,
    /// Cancelled when the process drains: long polls end.
    pub stopping: CancellationToken,
}

impl std::ops::Deref for Api {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Parts {
    /// The plan of now.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] before the first catalogue: an empty answer would say that nothing is wanted.
    pub fn plan(&self) -> Result<Arc<Plan>, Failure> {
        self.placement.current().ok_or(Failure::Unavailable)
    }

    /// How far the principal reaches. That it reaches all is noted in the platform's audit trail.
    ///
    /// # Errors
    /// [`Failure::Forbidden`], or the note was not stored.
    pub async fn reach(&self, principal: &Principal, operation: Operation) -> Result<Reach, Failure> {
        let reach = authz::reach(principal, operation)?;
        self.note_crossing(&reach, None).await?;
        Ok(reach)
    }

    /// The scope to read a tenant in that the request names. That the principal reaches all, and this one by its name,
    /// is noted in the platform's audit trail.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::Forbidden`], or the note was not stored.
    pub async fn reach_tenant(
        &self,
        principal: &Principal,
        operation: Operation,
        tenant: &TenantName,
    ) -> Result<TenantScope, Failure> {
        let scope = authz::allow(principal, operation, tenant)?;
        self.note_crossing(&authz::reach(principal, operation)?, Some(tenant)).await?;
        Ok(scope)
    }

    /// How far a list goes: to the tenant the request names, which must be in force, or to all the principal reaches.
    ///
    /// # Errors
    /// As of [`Self::reach`] and [`Self::reach_tenant`]; a platform administrator may see every tenant, and one that is
    /// not in the catalogue is not there.
    pub async fn reach_of_list(
        &self,
        principal: &Principal,
        operation: Operation,
        named: Option<&str>,
    ) -> Result<Reach, Failure> {
        let Some(named) = named else { return self.reach(principal, operation).await };
        let name = extract::tenant(named)?;
        let scope = self.reach_tenant(principal, operation, &name).await?;
        let known = self.plan()?.catalogue.tenants.contains_key(&name);
        known.then_some(Reach::Own(scope)).ok_or(Failure::NotFound)
    }

    async fn note_crossing(&self, reach: &Reach, tenant: Option<&TenantName>) -> Result<(), Failure> {
        let Reach::All(scope) = reach else { return Ok(()) };
        let now_ms = self.clock.wall_ms();
        if !self.crossings.take(scope, tenant, now_ms) {
            return Ok(());
        }
        let detail = tenant.map_or(serde_json::json!({}), |tenant| serde_json::json!({"tenant": tenant}));
        let note = Note { action: "platform.read", subject: scope.reason().to_owned(), detail };
        let own = scope.own();
        let noted = self.store.change(&own, now_ms, |_| Ok(Recorded::noted((), note)));
        noted.await.map_err(<Failure as From<ChangeError<Infallible>>>::from)
    }
}

impl From<Parts> for Api {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

/// Every route, behind the credential. The routes are one service inside another router, because the answer to a wrong
/// method gets its `Allow` header outside of a router's own layers: without a credential it would tell paths apart.
pub fn router(api: Api) -> Router {
    let authenticated = from_fn_with_state(api.clone(), extract::authenticate);
    let (routes, _) = routes().split_for_parts();
    let routes = routes
        .fallback(async || Failure::NotFound)
        .method_not_allowed_fallback(async || Failure::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(api);
    let refusals = from_fn(drain::drain);
    Router::new()
        .fallback_service(routes)
        .layer(authenticated)
        .layer(refusals)
        .layer(CatchPanicLayer::custom(error::caught))
}

/// The groups: a route and its part of the OpenAPI document are one.
fn routes() -> OpenApiRouter<Api> {
    openapi::empty()
        .merge(agent::routes())
        .merge(frames::routes())
        .merge(checks::routes())
        .merge(results::routes())
        .merge(nodes::routes())
        .merge(tokens::routes())
        .merge(decisions::routes())
        .merge(releases::routes())
        .merge(freezes::routes())
}
