//! Who gets which secret: an agent gets those of the checks that are intended for its node now, and no other.

use api::catalogue::{Catalogue, Check};
use api::id::{CheckId, Namespace, ObjectName, TenantName};
use api::manifest::check::SecretSource;

use crate::authn::AgentKey;
use crate::placement::Plan;

/// A secret a check may use, and where its value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The check's tenant.
    pub tenant: TenantName,
    /// The check.
    pub check: CheckId,
    /// The name the plugin uses.
    pub name: ObjectName,
    /// The check's namespace: a check takes from no other.
    pub namespace: Namespace,
    /// The Secret and its key there.
    pub source: SecretSource,
}

/// What an agent gets.
pub fn of_agent(plan: &Plan, key: &AgentKey) -> Vec<Share> {
    plan.checks_on(key).flat_map(of_check).collect()
}

/// What all checks together use.
pub fn of_all(catalogue: &Catalogue) -> Vec<Share> {
    catalogue.checks.values().flat_map(of_check).collect()
}

/// A platform check, without tenant and namespace, has no Secrets to take from; the catalogue refuses it before this.
fn of_check(check: &Check) -> Vec<Share> {
    let (Some(tenant), Some(namespace)) = (&check.tenant, &check.manifest.metadata.namespace) else {
        return vec![];
    };
    let share = |secret: &api::manifest::check::Secret| Share {
        tenant: tenant.clone(),
        check: check.id,
        name: secret.name.clone(),
        namespace: namespace.clone(),
        source: secret.from.clone(),
    };
    check.manifest.spec.secrets.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use crate::placement::plan::tests::{agent, catalogue, seen};
    use crate::placement::plan::{Nodes, SecretVersions, place};

    use super::*;

    #[test]
    fn an_agent_gets_the_secrets_of_its_own_checks_from_their_own_namespace() {
        let secret = "placement: {mode: Once}, secrets: [{name: key, from: {secret: s, key: k}}]";
        let checks: Vec<String> = ["acme", "globex"].map(|tenant| format!("{tenant}-prod/a: {secret}")).into();
        let catalogue = catalogue(&checks.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(of_all(&catalogue).len(), 2);
        let nodes = place(&catalogue, &[seen("n1", true), seen("n2", true)], &Nodes::new());
        let plan = Plan { catalogue, nodes, secrets: SecretVersions::new() };
        let shares: Vec<Share> = ["n1", "n2"].iter().flat_map(|node| of_agent(&plan, &agent(node))).collect();
        assert_eq!(shares.len(), 2, "each once");
        for share in shares {
            let own = &plan.catalogue.checks[&share.check].manifest.metadata.namespace;
            assert_eq!(own.as_ref(), Some(&share.namespace));
        }
        assert!(of_agent(&plan, &agent("n3")).is_empty());
    }
}
