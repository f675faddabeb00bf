//! Which documents are about a question, and what the caller's claims count for. Used by `freeze`, `require` and
//! `decide`. Keys of `match` are ANDed, values of one key ORed, each key of `except` subtracts on its own.

use std::collections::BTreeSet;
use std::time::Duration;

use api::id::EnvironmentName;
use api::manifest::freeze_rule::{self, Action, LocationMatch};
use api::manifest::release_policy::{self, Class};
use api::manifest::tenant::Location;
use jiff::Timestamp;

use crate::ask::Ask;
use crate::snapshot::{Place, Snapshot, TenantNow};

/// How long a deployment that succeeded may be gone back to.
const ROLLBACK_HORIZON: Duration = Duration::from_hours(30 * 24);

/// The classes a release is judged as, all at once: every document that matches one of them counts, so more classes are
/// never less strict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Classes {
    /// What the claim alone would be judged as.
    pub(crate) claimed: BTreeSet<Class>,
    /// What it is judged as.
    pub(crate) judged: BTreeSet<Class>,
}

/// One class at one place: what a single rule matches or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) tenant: &'a TenantNow,
    pub(crate) environment: &'a EnvironmentName,
    pub(crate) class: Class,
    pub(crate) action: Action,
    pub(crate) place: Option<&'a Place>,
}

// === impl Classes ===

impl Classes {
    /// A class counts as claimed when the credential names it. Else the strictest applies: every class at once. The
    /// class fixed with the release always counts too, so a claim can only add to it.
    pub(crate) fn of(ask: &Ask, snapshot: &Snapshot) -> Self {
        let fixed = snapshot.release.as_ref().map(|release| release.class);
        let claim = ask.class.or(fixed);
        let claimed: BTreeSet<Class> = claim.into_iter().chain(fixed).collect();
        match claim {
            Some(class) if snapshot.classes.contains(&class) => Self { judged: claimed.clone(), claimed },
            _ => Self { judged: Class::ALL.into(), claimed },
        }
    }
}

/// What the claimed action counts for: a rollback goes to a subject that succeeded here within the horizon; anything
/// else called rollback is a deploy.
pub(crate) fn action(ask: &Ask, snapshot: &Snapshot, at: Timestamp) -> Action {
    let Some(subject) = ask.subject.as_ref().filter(|_| ask.action == Action::Rollback) else {
        return if ask.action == Action::Rollback { Action::Deploy } else { ask.action };
    };
    let recent = |end: Timestamp| at.duration_since(end).unsigned_abs() <= ROLLBACK_HORIZON;
    match snapshot.succeeded.iter().any(|past| past.subject == *subject && recent(past.at)) {
        true => Action::Rollback,
        false => Action::Deploy,
    }
}

/// Whether a freeze rule is about this case.
pub(crate) fn rule(spec: &freeze_rule::Spec, case: &Case<'_>) -> bool {
    let wanted = &spec.matches;
    let except = &spec.except;
    tenant(spec, case.tenant)
        && any_or(&wanted.environments, case.environment)
        && any_or(&wanted.classes, &case.class)
        && acts(&wanted.actions, case.action)
        && located(&wanted.locations, case.place.map(|place| &place.location))
        && !except.classes.contains(&case.class)
        && !except.environments.contains(case.environment)
}

/// Whether a freeze rule can be about this tenant at all, whatever is asked.
pub fn concerns_tenant(spec: &freeze_rule::Spec, of: &TenantNow) -> bool {
    let places = &spec.matches.locations;
    let some_place = match of.locations.is_empty() {
        true => located(places, None),
        false => of.locations.iter().any(|place| located(places, Some(&place.location))),
    };
    some_place && tenant(spec, of)
}

/// Whether the places of a rule include this one; a tenant without locations is a place without name, region and unit.
pub(crate) fn located(wanted: &[LocationMatch], place: Option<&Location>) -> bool {
    let is = |wanted: &Option<String>, known: Option<&str>| wanted.is_none() || wanted.as_deref() == known;
    wanted.is_empty()
        || wanted.iter().any(|entry| {
            is(&entry.name, place.map(|it| it.name.as_str()))
                && is(&entry.region, place.and_then(|it| it.region.as_deref()))
                && is(&entry.unit, place.and_then(|it| it.unit.as_deref()))
        })
}

/// Whether a release policy is about this class in this environment and service.
pub(crate) fn policy(spec: &release_policy::Spec, ask: &Ask, class: Class) -> bool {
    any_or(&spec.matches.environments, &ask.environment)
        && any_or(&spec.matches.services, &ask.service)
        && any_or(&spec.matches.classes, &class)
}

fn tenant(spec: &freeze_rule::Spec, of: &TenantNow) -> bool {
    let labels = &spec.matches.tenant_labels;
    labels.iter().all(|(key, accepted)| of.labels.get(key).is_some_and(|value| accepted.contains(value)))
        && any_or(&spec.matches.tiers, &of.tier)
        && !spec.except.tenants.contains(&of.name)
}

fn any_or<T: PartialEq>(wanted: &[T], value: &T) -> bool {
    wanted.is_empty() || wanted.contains(value)
}

/// A rule that lists no action is about all of them but rollback.
fn acts(wanted: &[Action], action: Action) -> bool {
    match wanted.is_empty() {
        true => action != Action::Rollback,
        false => wanted.contains(&action),
    }
}
