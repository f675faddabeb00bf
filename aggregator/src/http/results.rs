//! Shell: `GET /v1/checks/{id}/results`: transitions and failures of a check, newest first.

use api::http::check::StoredResult;
use api::http::list::{PAGE_MAX, Page};
use api::id::CheckId;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::checks::visible;
use super::error::Failure;
use super::extract::{Caller, Path, Query};
use crate::authz::Operation;
use crate::store::StoreError;
use crate::store::result::ResultRead as _;

/// The routes of this group.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Results after this one, from an earlier page's `next`.
    after: Option<String>,
    /// How many at most.
    limit: Option<u32>,
}

/// Transitions and failures of a check, newest first.
#[utoipa::path(get, path = "/v1/checks/{id}/results", tag = "checks",
    params(("id" = String, Path, description = "The check"), Which),
    responses((status = 200, description = "The results", body = Page<StoredResult>)))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<CheckId>,
    Query(Which { after, limit }): Query<Which>,
) -> Result<Json<Page<StoredResult>>, Failure> {
    let reach = api.reach(&principal, Operation::ReadResults).await?;
    let (_, scope) = visible(&*api.plan()?, &reach, id)?;
    let most = u32::try_from(PAGE_MAX).unwrap_or(u32::MAX);
    let limit = limit.unwrap_or(most).clamp(1, most);
    let read = api.store.read(move |view| match view.results(&scope, id, after.as_deref(), limit) {
        Err(StoreError::Broken { what: "a cursor", .. }) => Ok(None),
        read => read.map(Some),
    });
    let page = read.await?.ok_or_else(|| Failure::Malformed("after: not the `next` of an earlier page".to_owned()))?;
    Ok(Json(Page { items: page.items, next: page.next }))
}
