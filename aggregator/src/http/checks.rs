//! Shell: `GET /v1/checks` and `GET /v1/checks/{id}`: how checks stand, to those who may see their tenant.

use std::collections::BTreeMap;

use api::catalogue::Check as Wanted;
use api::http::check::Check;
use api::http::list::{PAGE_MAX, Page, cut};
use api::id::CheckId;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::error::Failure;
use super::extract::{Caller, NoQuery, Path, Query};
use crate::authz::{Operation, Reach, TenantScope};
use crate::fleet::checks::standing;
use crate::fleet::runs::runs;
use crate::placement::Plan;
use crate::store::check::CheckRead as _;
use crate::store::result::ResultRead as _;

/// The routes of this group.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one))
}

/// Runs are told of the last hour: 60 rows a node, so that 500 nodes are still read at once.
const RUNS_MINUTES: i64 = 60;
/// Entries of a check's ledger: one node holds 64 open ones at most, and a mutating check runs on few.
const LEFT_MAX: u32 = 500;

/// Which checks; absent: all one may see.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of this tenant.
    tenant: Option<String>,
    /// Of this environment.
    environment: Option<String>,
    /// Checks after this one, from an earlier page's `next`.
    #[param(value_type = Option<String>)]
    after: Option<CheckId>,
}

/// Checks that the caller may see, and how they stand.
#[utoipa::path(get, path = "/v1/checks", tag = "checks", params(Filter), responses(
    (status = 200, description = "The checks", body = Page<Check>)))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<Check>>, Failure> {
    let plan = api.plan()?;
    let reach = api.reach_of_list(&principal, Operation::ReadChecks, filter.tenant.as_deref()).await?;
    let wanted = |check: &&Wanted| {
        let own = visible(&plan, &reach, check.id).is_ok();
        let environment = filter.environment.as_deref();
        let here = environment.is_none_or(|name| check.environment.as_ref().is_some_and(|own| own.as_str() == name));
        own && here && filter.after.is_none_or(|after| check.id > after)
    };
    let mut page: Vec<Wanted> = plan.catalogue.checks.values().filter(wanted).take(PAGE_MAX + 1).cloned().collect();
    let next = cut(&mut page, |check| check.id.to_string());
    let items = documents(&api, &reach, &plan, &page).await?;
    Ok(Json(Page { items, next }))
}

/// A check, and how it stands on each of its nodes.
#[utoipa::path(get, path = "/v1/checks/{id}", tag = "checks", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The check", body = Check)))]
pub(super) async fn one(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<CheckId>,
    _: NoQuery,
) -> Result<Json<Check>, Failure> {
    let plan = api.plan()?;
    let reach = api.reach(&principal, Operation::ReadChecks).await?;
    let (wanted, scope) = visible(&plan, &reach, id)?;
    let mut items = documents(&api, &reach, &plan, std::slice::from_ref(wanted)).await?;
    let mut check = items.pop().ok_or(Failure::NotFound)?;
    let now_minute = api.clock.wall_ms().div_euclid(60_000);
    let since = now_minute - RUNS_MINUTES;
    let read = api.store.read(move |view| {
        // The running minute counts too; a roll-up that is ahead of our clock waits for it.
        let counts = view.result_counts(&scope, id, since, now_minute + 1)?;
        Ok((counts, view.ledger_open(&scope, id, LEFT_MAX)?))
    });
    let (counts, left) = read.await?;
    (check.runs, check.left) = (Some(runs(&counts, since * 60_000)), left);
    Ok(Json(check))
}

/// A check within reach, and the scope it is seen in.
pub(super) fn visible<'p>(plan: &'p Plan, reach: &Reach, id: CheckId) -> Result<(&'p Wanted, TenantScope), Failure> {
    let wanted = plan.catalogue.checks.get(&id).ok_or(Failure::NotFound)?;
    match reach {
        Reach::All(all) => Ok((wanted, all.owner(wanted.tenant.clone()))),
        Reach::Own(own) if wanted.tenant.as_ref() == own.tenant() => Ok((wanted, own.clone())),
        Reach::Own(_) => Err(Failure::NotFound),
    }
}

/// The documents of checks within reach, read tenant by tenant.
async fn documents(api: &Api, reach: &Reach, plan: &Plan, checks: &[Wanted]) -> Result<Vec<Check>, Failure> {
    let mut scopes = BTreeMap::new();
    for check in checks {
        let (_, scope) = visible(plan, reach, check.id)?;
        scopes.insert(check.tenant.clone(), scope);
    }
    let read = api.store.read(move |view| {
        let mut last = vec![];
        for scope in scopes.values() {
            last.extend(view.check_last_all(scope)?);
        }
        Ok(last)
    });
    let last = read.await?;
    let now_ms = api.clock.wall_ms();
    Ok(checks.iter().map(|check| standing(plan, check, &last, now_ms).document()).collect())
}
