//! From the words of a question to names that exist. Called by `snapshot`; what names nothing is a [`Misfit`], said
//! before anything is evaluated.

use std::time::Duration;

use api::http::decision::Ask;
use api::manifest::tenant::Spec as Tenant;
use jiff::Timestamp;
use policy::freeze::next::EXPECTED_DURATION_MAX;

/// What in a question does not fit, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misfit(pub String);

/// The question in names of this tenant.
///
/// # Errors
/// An environment, service or location that the tenant does not have; a duration beyond any window.
pub fn resolve(question: &Ask, tenant: &Tenant) -> Result<policy::Ask, Misfit> {
    let known = |field: &str, word: &str, names: Vec<&str>| match names.contains(&word) {
        true => Ok(()),
        false => Err(Misfit(format!("`{field}` is none of the tenant's: {}", names.join(", ")))),
    };
    known("environment", &question.environment, tenant.environments.iter().map(|it| it.name.as_str()).collect())?;
    known("service", &question.service, tenant.services.iter().map(|it| it.as_str()).collect())?;
    if let Some(location) = &question.location {
        known("location", location, tenant.locations.iter().map(|it| it.name.as_str()).collect())?;
    }
    let expected_duration = Duration::from_secs(question.expected_duration_s.unwrap_or(0).into());
    if expected_duration > EXPECTED_DURATION_MAX {
        let most = EXPECTED_DURATION_MAX.as_secs();
        return Err(Misfit(format!("`expected_duration_s` is over {most}; plan a shorter release")));
    }
    let no_name = |error: api::id::NameError| Misfit(error.to_string());
    Ok(policy::Ask {
        environment: question.environment.parse().map_err(no_name)?,
        service: question.service.parse().map_err(no_name)?,
        location: question.location.as_ref().map(|name| name.parse()).transpose().map_err(no_name)?,
        class: question.class,
        action: question.action,
        subject: question.subject.as_ref().map(|subject| subject.digest.clone()),
        expected_duration,
    })
}

/// The instant a simulation is about.
///
/// # Errors
/// It is no RFC 3339 instant.
pub fn instant(text: &str) -> Result<Timestamp, Misfit> {
    text.parse().map_err(|_| Misfit("`at` is no instant; write RFC 3339 such as 2026-11-27T09:00:00+01:00".to_owned()))
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
            Err(Misfit("`environment` is none of the tenant's: prod".to_owned()))
        );
        assert!(resolve(&question("prod", "till"), &tenant()).is_err());
        let located = Ask { location: Some("moon".to_owned()), ..question("prod", "shop") };
        assert!(resolve(&located, &tenant()).is_err());
        let endless = Ask { expected_duration_s: Some(u32::MAX), ..question("prod", "shop") };
        assert!(resolve(&endless, &tenant()).is_err());
    }

    #[test]
    fn instants_carry_an_offset() {
        assert!(instant("2026-11-27T09:00:00+01:00").is_ok());
        assert!(instant("2026-11-27T09:00:00").is_err());
    }
}
