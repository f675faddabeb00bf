//! Shell: `/v1/releases`: create, read, start with a ticket, finish.

use api::http::error::Problem;
use api::http::release::{CreateRelease, Deployment, FinishRelease, Release, StartRelease};
use axum::Json as Document;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::error::Failure;
use super::extract::{Caller, Json, NoQuery, Path, tenant};
use crate::authn::Principal;
use crate::authz::{Operation, Reach, TenantScope, allow};
use crate::release::{self, DEPLOYMENTS_MAX, Refused};
use crate::store::release::ReleaseRead as _;

/// The routes of this group.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(one)).routes(routes!(start)).routes(routes!(finish))
}

/// Creates a release. A digest that is one already answers 200 with that one, under the name it was first given.
#[utoipa::path(post, path = "/v1/releases", tag = "releases", request_body = CreateRelease, responses(
    (status = 201, description = "Created", body = Release), (status = 200, description = "Was there", body = Release)))]
pub(super) async fn create(
    State(api): State<Api>,
    Caller(principal): Caller,
    _: NoQuery,
    Json(wanted): Json<CreateRelease>,
) -> Result<(StatusCode, Document<Release>), Failure> {
    let scope = allow(&principal, Operation::Release, &tenant(&wanted.tenant)?)?;
    let created = release::create::create(&api.gate, &scope, wanted).await?;
    let status = if created.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Document(created.release)))
}

/// A release and its deployments.
#[utoipa::path(get, path = "/v1/releases/{id}", tag = "releases", params(("id" = String, Path, description = "Its id")), responses(
    (status = 200, description = "The release", body = Release)))]
pub(super) async fn one(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Document<Release>, Failure> {
    let scope = seen(&api, &principal, &id).await?;
    let name = scope.tenant().cloned().ok_or(Failure::NotFound)?;
    let now_ms = api.clock.wall_ms();
    let read = api.store.read(move |view| {
        let Some(stored) = view.release_find(&scope, &id)? else { return Ok(None) };
        let deployments = view.deployments(&scope, &id, DEPLOYMENTS_MAX)?;
        Ok(Some(release::release(&name, stored, &deployments, now_ms)))
    });
    read.await?.map(Document).ok_or(Failure::NotFound)
}

/// Starts a release with the ticket of an allow; the law is asked once more.
///
/// A start that is refused uses nothing up: its ticket still starts the digest it was made for.
#[utoipa::path(post, path = "/v1/releases/{id}/start", tag = "releases", request_body = StartRelease,
    params(("id" = String, Path, description = "The release")), responses(
    (status = 201, description = "Under way", body = Deployment),
    (status = 403, description = "The ticket is for something or someone else", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Used, expired, another digest, or no longer allowed", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn start(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    _: NoQuery,
    Json(wanted): Json<StartRelease>,
) -> Result<(StatusCode, Document<Deployment>), Failure> {
    let scope = owned(&api, &principal, &id).await?;
    let started = release::start(&api.gate, &scope, principal.classes(), id, wanted).await?;
    Ok((StatusCode::CREATED, Document(started)))
}

/// Says how a deployment ended; the same again changes nothing.
#[utoipa::path(post, path = "/v1/releases/{id}/finish", tag = "releases", request_body = FinishRelease,
    params(("id" = String, Path, description = "The release")), responses(
    (status = 200, description = "Ended", body = Deployment),
    (status = 409, description = "It ended otherwise, or is abandoned", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn finish(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    _: NoQuery,
    Json(wanted): Json<FinishRelease>,
) -> Result<Document<Deployment>, Failure> {
    let scope = owned(&api, &principal, &id).await?;
    Ok(Document(release::finish::finish(&api.gate, &scope, id, wanted).await?))
}

/// The scope of a release that the caller may see; any other is not there.
async fn seen(api: &Api, principal: &Principal, id: &str) -> Result<TenantScope, Failure> {
    let reach = api.reach(principal, Operation::ReadDecisions).await?;
    let id = id.to_owned();
    let read = api.store.read(move |view| match reach {
        Reach::Own(own) => Ok(view.release_find(&own, &id)?.map(|_| own)),
        Reach::All(all) => Ok(view.release_owner(&all, &id)?.map(|owner| all.tenant(owner))),
    });
    read.await?.ok_or(Failure::NotFound)
}

/// The scope of a release that the caller may drive.
async fn owned(api: &Api, principal: &Principal, id: &str) -> Result<TenantScope, Failure> {
    let scope = seen(api, principal, id).await?;
    let name = scope.tenant().ok_or(Failure::NotFound)?;
    Ok(allow(principal, Operation::Release, name)?)
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotReady => Self::Unavailable,
            Refused::NotFound => Self::NotFound,
            Refused::Misfit(detail) => Self::Unprocessable(detail),
            Refused::State { code, detail } => Self::Conflict { code, detail },
            Refused::Foreign(detail) => Self::Refused { code: policy::Code::TicketScope.as_str(), detail },
        }
    }
}
