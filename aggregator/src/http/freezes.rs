//! Shell: `GET /v1/freezes`: the freeze rules that are about a tenant, with their windows as instants.

use api::http::freeze::{Freeze, Window};
use api::http::list::{Page, cut};
use api::manifest::freeze_rule::Spec;
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use policy::freeze::zone::render;
use policy::freeze::{PlaceWindows, windows};
use policy::{Owned, OwnerTier, TenantNow, concerns_tenant};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::error::Failure;
use super::extract::{Caller, Query, tenant};
use crate::authz::{Operation, Reach, reach};
use crate::gate::snapshot::{owned, tenant_now};
use crate::instant::timestamp;

/// Windows of a rule that are shown: five months of weekends.
const WINDOWS_MAX: usize = 20;

/// The routes of this group.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Whose.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// The tenant; absent: the credential's own.
    tenant: Option<String>,
    /// Rules after this one, from an earlier page's `next`.
    after: Option<String>,
}

/// Freeze rules that are about a tenant, the platform's and its own, by name.
#[utoipa::path(get, path = "/v1/freezes", tag = "gate", params(Filter), responses(
    (status = 200, description = "The rules", body = Page<Freeze>)))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<Freeze>>, Failure> {
    let scope = match &filter.tenant {
        Some(name) => api.reach_tenant(&principal, Operation::ReadFreezes, &tenant(name)?).await?,
        None => match reach(&principal, Operation::ReadFreezes)? {
            Reach::Own(own) => own,
            Reach::All(_) => return Err(Failure::Unprocessable("name the tenant".to_owned())),
        },
    };
    let catalogue = api.gate.law().catalogue;
    if catalogue.version.is_empty() {
        return Err(Failure::Unavailable);
    }
    let named = scope.tenant().and_then(|name| catalogue.tenants.get_key_value(name));
    let (name, manifest) = named.ok_or(Failure::NotFound)?;
    let tenant = tenant_now(name, manifest, &mut vec![]);
    let mut rules = owned(&catalogue.rules, name);
    rules.retain(|rule| concerns_tenant(&rule.spec, &tenant));
    rules.retain(|rule| filter.after.as_ref().is_none_or(|after| rule.name > *after));
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    let next = cut(&mut rules, |rule| rule.name.clone());
    let now = timestamp(api.clock.wall_ms());
    let items = rules.into_iter().map(|rule| document(rule, &tenant, now)).collect();
    Ok(Json(Page { items, next }))
}

fn document(rule: Owned<Spec>, tenant: &TenantNow, now: Timestamp) -> Freeze {
    let places = windows(&rule.spec, tenant, now);
    let active = places.iter().any(|place| place.windows.at(now).is_some());
    let mut shown: Vec<_> = places.iter().flat_map(|place| to_come(place, now)).collect();
    shown.sort_by_key(|(from, _)| *from);
    shown.truncate(WINDOWS_MAX);
    Freeze {
        rule: rule.name,
        rule_version: rule.version,
        tier: if rule.tier == OwnerTier::Platform { "platform" } else { "tenant" }.to_owned(),
        owner: rule.spec.owner,
        reference: rule.spec.reference,
        effect: rule.spec.effect,
        mode: rule.spec.mode,
        active,
        windows: shown.into_iter().map(|(_, window)| window).collect(),
        message: rule.spec.message,
    }
}

/// Windows that have not ended, in the zone they were computed in.
fn to_come(place: &PlaceWindows, now: Timestamp) -> Vec<(Timestamp, Window)> {
    let window = |it: policy::freeze::interval::Interval| {
        let window = Window {
            from: render(it.from, &place.zone),
            to: render(it.to, &place.zone),
            time_zone: place.zone.iana_name().unwrap_or("UTC").to_owned(),
            location: place.location.as_ref().map(ToString::to_string),
        };
        (it.from, window)
    };
    place.windows.iter().filter(|it| it.to > now).take(WINDOWS_MAX).map(window).collect()
}
