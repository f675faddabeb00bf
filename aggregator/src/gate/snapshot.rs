//! Shell: everything a decision sees, read from one consistent view, and the decision itself. Called by the gate on a
//! read view, and by `release/start` on the view of its own transaction. It writes nothing.

use std::sync::Arc;

use api::catalogue::{Catalogue, Law as InForce, UnfitCheck};
use api::http::check::CheckState;
use api::http::decision::Ask;
use api::id::{Digest, EnvironmentName, TenantName};
use api::limits::stale_after;
use api::manifest::release_policy::Class;
use api::manifest::{Kind, Manifest, check, tenant};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use policy::freeze::zone;
use policy::{
    Broken, CheckNow, Evaluation, NodeNow, Owned, OwnerTier, Place, Released, Snapshot, Succeeded, TenantNow,
};

use super::error::GateError;
use super::question::{self, Misfit};
use crate::authz::TenantScope;
use crate::fleet::checks::{Standing, standing};
use crate::instant::timestamp;
use crate::placement::Plan;
use crate::store::check::CheckRead as _;
use crate::store::release::{ReleaseRead as _, StoredRelease};
use crate::store::{StoreError, View};

/// How far back successes are read: the law's thirty days and one more, so that the law draws the line.
const SUCCESSES_MS: i64 = 31 * 24 * 3_600_000;

/// What is in force.
#[derive(Clone, Debug)]
pub struct Law {
    /// Tenants, rules, policies, checks.
    pub catalogue: Arc<Catalogue>,
    /// Where checks are intended to run.
    pub plan: Arc<Plan>,
}

/// A question and who asks it when.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Whose.
    pub scope: &'a TenantScope,
    /// Classes the credential names.
    pub classes: &'a [Class],
    /// What is asked.
    pub question: &'a Ask,
    /// The wall clock, in milliseconds since 1970 UTC: how old checks are.
    pub now_ms: i64,
    /// The instant of a simulation; none for a decision, which is about now.
    pub simulated_at: Option<Timestamp>,
}

/// The decision, and what the answer needs beside it.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// What the law says.
    pub evaluation: Evaluation,
    /// The tenant's zone.
    pub zone: TimeZone,
    /// What is to run, as the question or its release names it.
    pub subject: Option<Digest>,
}

/// Gathers the snapshot and decides. The outer error is the store's own; the inner one says what does not fit.
///
/// # Errors
/// The store cannot be read.
pub fn evaluate(view: &View<'_>, law: &Law, asked: &Asked<'_>) -> Result<Result<Evaluated, GateError>, StoreError> {
    if law.catalogue.version.is_empty() {
        return Ok(Err(GateError::NotReady));
    }
    let named = asked.scope.tenant().and_then(|name| law.catalogue.tenants.get_key_value(name));
    let Some((name, manifest)) = named else {
        return Ok(Err(GateError::NotFound));
    };
    let mut ask = match question::resolve(asked.question, &manifest.spec) {
        Ok(ask) => ask,
        Err(misfit) => return Ok(Err(misfit.into())),
    };
    let release = match release(view, asked, &ask)? {
        Ok(release) => release,
        Err(misfit) => return Ok(Err(misfit.into())),
    };
    ask.subject = ask.subject.or_else(|| release.as_ref().map(|release| release.subject.clone()));
    let mut broken: Vec<Broken> =
        law.catalogue.broken_law_of(name).map(|law| Broken { name: law.rule.clone() }).collect();
    let tenant = tenant_now(name, manifest, &mut broken);
    let zone = tenant.zone.clone();
    let at = asked.simulated_at.unwrap_or_else(|| timestamp(asked.now_ms));
    let since_ms = asked.now_ms.min(at.as_millisecond()) - SUCCESSES_MS;
    let succeeded = view.succeeded(asked.scope, &ask.environment, &ask.service, since_ms)?;
    let snapshot = Snapshot {
        tenant,
        rules: owned(&law.catalogue.rules, name),
        policies: owned(&law.catalogue.policies, name),
        broken,
        checks: checks(view, law, asked, name, &ask.environment)?,
        release: release.map(|release| Released { class: release.class, subject: release.subject }),
        succeeded: succeeded.into_iter().map(|(subject, ms)| Succeeded { subject, at: timestamp(ms) }).collect(),
        classes: asked.classes.to_vec(),
    };
    let evaluation = policy::decide(&ask, &snapshot, at);
    Ok(Ok(Evaluated { evaluation, zone, subject: ask.subject }))
}

/// The tenant as the law sees it. A zone that this binary's database does not know makes its law unreadable.
pub fn tenant_now(name: &TenantName, manifest: &Manifest<tenant::Spec>, broken: &mut Vec<Broken>) -> TenantNow {
    let mut known = |text: &str| {
        zone::find(text).unwrap_or_else(|| {
            broken.push(Broken { name: format!("Tenant {name}") });
            TimeZone::UTC
        })
    };
    let zone = known(&manifest.spec.time_zone);
    let place = |location: &tenant::Location| Place { location: location.clone(), zone: known(&location.time_zone) };
    TenantNow {
        name: name.clone(),
        labels: manifest.metadata.labels.clone(),
        tier: manifest.spec.tier,
        zone,
        locations: manifest.spec.locations.iter().map(place).collect(),
    }
}

/// The documents that are for the tenant, with whose they are.
pub fn owned<S: Kind + Clone>(laws: &[InForce<S>], tenant: &TenantName) -> Vec<Owned<S>> {
    let own = |law: &InForce<S>| Owned {
        tier: if law.tenant.is_some() { OwnerTier::Tenant } else { OwnerTier::Platform },
        name: law.manifest.id(),
        version: law.manifest.version.clone(),
        spec: law.manifest.spec.clone(),
    };
    laws.iter().filter(|law| law.is_for(tenant)).map(own).collect()
}

/// The release a question is about: the one it names, else the one of its subject.
fn release(
    view: &View<'_>,
    asked: &Asked<'_>,
    ask: &policy::Ask,
) -> Result<Result<Option<StoredRelease>, Misfit>, StoreError> {
    let Some(id) = &asked.question.release else {
        let Some(subject) = &ask.subject else { return Ok(Ok(None)) };
        return view.release_of(asked.scope, &ask.service, subject).map(Ok);
    };
    Ok(match view.release_find(asked.scope, id)? {
        Some(release) if release.service == ask.service => Ok(Some(release)),
        Some(_) => Err(Misfit("`release` is of another service".to_owned())),
        None => Err(Misfit("`release` names no release of the tenant; create it first".to_owned())),
    })
}

/// The checks of the tenant's environment, as they stand now.
fn checks(
    view: &View<'_>,
    law: &Law,
    asked: &Asked<'_>,
    tenant: &TenantName,
    environment: &EnvironmentName,
) -> Result<Vec<CheckNow>, StoreError> {
    let last = view.check_last_all(asked.scope)?;
    let here = law.catalogue.checks_of(tenant).filter(|check| check.environment.as_ref() == Some(environment));
    let fit = here.map(|check| check_now(&standing(&law.plan, check, &last, asked.now_ms), asked));
    let unfit = law.catalogue.unfit_of(tenant).filter(|check| check.binding.environment == *environment);
    Ok(fit.chain(unfit.map(unfit_now)).collect())
}

/// A check that may not run is intended nowhere.
fn unfit_now(check: &UnfitCheck) -> CheckNow {
    CheckNow {
        service: check.service.clone(),
        refused_at: Some(check.refused_at.clone()),
        ..described(&check.manifest, vec![])
    }
}

fn described(manifest: &Manifest<check::Spec>, nodes: Vec<NodeNow>) -> CheckNow {
    CheckNow {
        name: manifest.id(),
        labels: manifest.metadata.labels.clone(),
        service: manifest.spec.service.clone(),
        layer: manifest.spec.layer,
        nodes,
        refused_at: None,
    }
}

fn check_now(standing: &Standing<'_>, asked: &Asked<'_>) -> CheckNow {
    let manifest = &standing.wanted.manifest;
    let spec = &manifest.spec;
    let fresh_for = stale_after(spec.run_interval.0, spec.timeout.0);
    let nodes = standing.nodes.iter().map(|node| {
        let run = node.last.and_then(|last| last.run.as_ref());
        // An open problem outlives the first good run, whose own words would say that all is well.
        let recovering = run.is_some_and(|run| node.state == CheckState::Failing && run.status.passes());
        let recover = spec.alert.recover;
        let observed_at = run.map(|run| timestamp(run.at_ms));
        NodeNow {
            node: node.key.node.to_string(),
            state: node.state,
            observed_at,
            // Today's runs say nothing of how fresh a check will be at another instant, or was.
            fresh_until: observed_at
                .filter(|_| asked.simulated_at.is_none())
                .and_then(|at| at.checked_add(fresh_for).ok()),
            failed_step: run.and_then(|run| run.failed_step.clone()),
            summary: match recovering {
                true => Some(format!("its last run passed, and the problem closes after {recover} in a row")),
                false => run.and_then(|run| run.summary.clone()),
            },
            evidence: run.map(|run| run.evidence.clone()).unwrap_or_default(),
        }
    });
    described(manifest, nodes.collect())
}
