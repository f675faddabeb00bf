//! From the words of a question to names that exist. Called by `snapshot`; what names nothing is a [`Misfit`], said
//! before anything is evaluated.

use std::time::Duration;

use api::http::decision::Ask;
use api::id::ServiceName;
use api::limits::EXPECTED_DURATION_MAX;
use api::manifest::tenant::Spec as Tenant;
use jiff::Timestamp;

use crate::instant;

/// What in a question does not fit, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misfit(pub String);

/// The question in names of this tenant.
///
/// # Errors
/// An environment, service or location that the tenant does not have; a duration beyond any window.
pub fn resolve(question: &Ask, tenant: &Tenant) -> Result<policy::Ask, Misfit> {
    let environment = known("environment", &question.environment, &tenant.environments, |it| it.name.as_str())?;
    let service = known_service(&question.service, tenant)?;
    let located = |name: &String| known("location", name, &tenant.locations, |it| it.name.as_str());
    let location = question.location.as_ref().map(located).transpose()?;
    let expected_duration = Duration::from_secs(question.expected_duration_s.unwrap_or(0).into());
    if expected_duration > EXPECTED_DURATION_MAX {
        let most = EXPECTED_DURATION_MAX.as_secs();
        return Err(Misfit(format!("`expected_duration_s` is over {most}; plan a shorter release")));
    }
    Ok(policy::Ask {
        environment: environment.name.clone(),
        service: service.clone(),
        location: location.map(|location| location.name.clone()),
        class: question.class,
        action: question.action,
        subject: question.subject.as_ref().map(|subject| subject.digest.clone()),
        expected_duration,
    })
}

/// A service of this tenant. Asked by `release/create` too.
///
/// # Errors
/// It is none, with those there are.
pub fn known_service<'t>(name: &str, tenant: &'t Tenant) -> Result<&'t ServiceName, Misfit> {
    known("service", name, &tenant.services, ServiceName::as_str)
}

fn known<'t, T>(field: &str, word: &str, all: &'t [T], name: impl Fn(&T) -> &str) -> Result<&'t T, Misfit> {
    all.iter().find(|it| name(it) == word).ok_or_else(|| match all {
        [] => Misfit(format!("the tenant has no {field}; leave `{field}` out, or add it to the Tenant")),
        _ => {
            let names: Vec<&str> = all.iter().map(name).collect();
            Misfit(format!("`{field}` is none of the tenant's: write one of {}", names.join(", ")))
        }
    })
}

/// The instant a simulation is about.
///
/// # Errors
/// It is no RFC 3339 instant, or beyond those there are.
pub fn simulated_at(text: &str) -> Result<Timestamp, Misfit> {
    instant::parse(text).map_err(|why| Misfit(format!("`at` {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(environment: &str, service: &str) -> Ask {
        serde_json::from_value(serde_json::json!({
            "tenant": "acme", "environment": environment, "service": service,
        }))
        .expect("a question")
    }

    fn tenant() -> Tenant {
        serde_json::from_value(serde_json::json!({
            "timeZone": "Europe/Berlin", "environments": [{"name": "prod", "namespaces": []}], "services": ["shop"],
        }))
        .expect("a tenant")
    }

    #[test]
    fn what_the_tenant_has_not_is_a_misfit() {
        assert!(resolve(&question("prod", "shop"), &tenant()).is_ok());
        assert_eq!(
            resolve(&question("live", "shop"), &tenant()),
            Err(Misfit("`environment` is none of the tenant's: write one of prod".to_owned()))
        );
        assert!(resolve(&question("prod", "till"), &tenant()).is_err());
        let located = Ask { location: Some("moon".to_owned()), ..question("prod", "shop") };
        let none = "the tenant has no location; leave `location` out, or add it to the Tenant";
        assert_eq!(resolve(&located, &tenant()), Err(Misfit(none.to_owned())));
        let endless = Ask { expected_duration_s: Some(u32::MAX), ..question("prod", "shop") };
        assert!(resolve(&endless, &tenant()).is_err());
    }

    #[test]
    fn an_instant_that_is_none_is_told_by_its_field() {
        assert!(simulated_at("2026-11-27T09:00:00+01:00").is_ok());
        let why = simulated_at("2026-11-27T09:00:00").expect_err("no offset").to_string();
        assert!(why.starts_with("`at` is no instant; write"), "{why}");
    }
}
