//! Values of secrets, in memory only. Filled by `assign/poll`, read by `run` for each call. A value is never printed
//! and never written to a disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use api::frame::{Assignments, SecretRef, Secrets};
use api::id::CheckId;
use host::Secret;

/// The values this node has now. Cheap to clone.
#[derive(Clone, Default)]
pub struct Vault {
    values: Arc<Mutex<HashMap<(CheckId, String), Value>>>,
}

struct Value {
    version: String,
    secret: Secret,
}

/// Secrets a run needs and does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no value now for the secrets {}", names.join(", "))]
pub struct Missing {
    /// Their names.
    pub names: Vec<String>,
}

// === impl Vault ===

impl Vault {
    /// Takes the values that came, in place of all before.
    pub fn replace(&self, secrets: Secrets) {
        let value = |value: api::frame::SecretValue| {
            ((value.check_id, value.name), Value { version: value.version, secret: Secret::new(value.value) })
        };
        *self.values.lock().unwrap_or_else(PoisonError::into_inner) = secrets.secrets.into_iter().map(value).collect();
    }

    /// Whether every secret that has a value at the aggregator is here, in the version assigned.
    pub fn holds(&self, assignments: &Assignments) -> bool {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        assignments.checks.iter().all(|check| {
            check.secrets.iter().filter(|secret| secret.version.is_some()).all(|secret| {
                let held = values.get(&(check.check_id, secret.name.clone()));
                held.is_some_and(|held| Some(&held.version) == secret.version.as_ref())
            })
        })
    }

    /// The values for a run.
    ///
    /// # Errors
    /// Those that are not here; a run without them would blame the target.
    pub fn of_check(&self, check: CheckId, wanted: &[SecretRef]) -> Result<BTreeMap<String, Secret>, Missing> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut found, mut names) = (BTreeMap::new(), vec![]);
        for secret in wanted {
            match values.get(&(check, secret.name.clone())).filter(|_| secret.version.is_some()) {
                Some(value) => drop(found.insert(secret.name.clone(), value.secret.clone())),
                None => names.push(secret.name.clone()),
            }
        }
        if names.is_empty() { Ok(found) } else { Err(Missing { names }) }
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use api::frame::{Assignment, SecretValue};

    use super::*;
    use crate::testing::assignment;

    fn wanted(version: Option<&str>) -> SecretRef {
        SecretRef { name: "api-key".into(), version: version.map(str::to_owned) }
    }

    #[test]
    fn a_run_has_all_its_secrets_or_none() {
        let check = assignment("checkout").check_id;
        let vault = Vault::default();
        let missing = vault.of_check(check, &[wanted(Some("1"))]).err().expect("a cold start");
        assert_eq!(missing.to_string(), "no value now for the secrets api-key");
        let value = SecretValue { check_id: check, name: "api-key".into(), version: "1".into(), value: b"x".to_vec() };
        vault.replace(Secrets { secrets: vec![value] });
        assert_eq!(vault.of_check(check, &[wanted(Some("1"))]).expect("is here").len(), 1);
        assert!(vault.of_check(assignment("other").check_id, &[wanted(Some("1"))]).is_err());
        assert!(vault.of_check(check, &[wanted(None)]).is_err(), "it was withdrawn");
    }

    #[test]
    fn a_new_version_has_to_be_fetched() {
        let check = assignment("checkout");
        let vault = Vault::default();
        let value = |version: &str| SecretValue {
            check_id: check.check_id,
            name: "api-key".into(),
            version: version.into(),
            value: vec![],
        };
        let assigned = |version| Assignments {
            checks: vec![Assignment { secrets: vec![wanted(version)], ..assignment("checkout") }],
            ..Assignments::default()
        };
        vault.replace(Secrets { secrets: vec![value("1")] });
        assert!(vault.holds(&assigned(Some("1"))) && vault.holds(&assigned(None)));
        assert!(!vault.holds(&assigned(Some("2"))));
    }
}
