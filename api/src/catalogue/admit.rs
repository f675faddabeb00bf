//! Whether a check may run: its plugin is there and described, its config fits, it asks for nothing the plugin does not.
//! What it may touch is the intersection of its grants and its tenant's ceiling, carried as both lists so that a refusal
//! at run time names the one that lacks it. Called by `build`.

use super::describe::DescribedPlugin;
use crate::grant::{Effective, GrantSet};
use crate::limits::RunLimits;
use crate::manifest::{Fault, check, tenant};

/// Holds a check against its plugin.
pub(super) fn faults(spec: &check::Spec, plugin: &DescribedPlugin) -> Vec<Fault> {
    let mut faults = plugin.config.faults(&spec.config);
    let GrantSet { http, node_files } = &spec.grants;
    let uses = [
        ("spec.grants.http", "http", !http.is_empty()),
        ("spec.grants.nodeFiles", "node", !node_files.is_empty()),
        ("spec.secrets", "secrets", !spec.secrets.is_empty()),
    ];
    for (field, capability, used) in uses {
        if used && !plugin.asks(capability) {
            let message = format!("the plugin {} does not ask for `{capability}`", plugin.name);
            faults.push(Fault::new(field, message, "remove it"));
        }
    }
    if plugin.asks("ledger") && !spec.mutating {
        let message = format!("the plugin {} makes objects at its target", plugin.name);
        faults.push(Fault::new("spec.mutating", message, "write mutating: true and placement: {mode: Once}"));
    }
    faults
}

/// What a platform check may not have: there is no namespace to take a Secret from and no tenant with services.
pub(super) fn platform_faults(spec: &check::Spec) -> Vec<Fault> {
    let mut faults = vec![];
    if !spec.secrets.is_empty() {
        faults.push(Fault::new(
            "spec.secrets",
            "a platform check has no namespace to take Secrets from",
            "give the check a namespace",
        ));
    }
    if spec.service.is_some() {
        faults.push(Fault::new("spec.service", "a platform check speaks of no tenant's service", "remove it"));
    }
    faults
}

/// What a tenant's check may not say of its tenant.
pub(super) fn tenant_faults(spec: &check::Spec, tenant: &tenant::Spec) -> Vec<Fault> {
    let Some(service) = spec.service.as_ref().filter(|service| !tenant.services.contains(service)) else {
        return vec![];
    };
    vec![Fault::new(
        "spec.service",
        format!("`{service}` is not a service of the tenant"),
        "add it to the Tenant, or correct it",
    )]
}

/// What the check may touch. A platform check is written by the platform, so its grants are its ceiling; ranges outside
/// public unicast need a tenant that opens them.
pub(super) fn effective(grants: &GrantSet, ceiling: Option<&tenant::Ceiling>) -> Effective {
    match ceiling {
        None => Effective { grants: grants.clone(), ceiling: grants.clone(), addresses: vec![] },
        Some(ceiling) => Effective {
            grants: grants.clone(),
            ceiling: GrantSet { http: ceiling.http.clone(), node_files: ceiling.node_files.clone() },
            addresses: ceiling.addresses.clone(),
        },
    }
}

/// What a run of the check may use: the defaults, never more than the tenant's ceiling, and the check's own timeout.
pub(super) fn limits(spec: &check::Spec, ceiling: Option<&tenant::Ceiling>) -> RunLimits {
    let narrow = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
    let wanted = RunLimits { wall_ms: narrow(spec.timeout.0.as_millis()), ..RunLimits::DEFAULT };
    let ceiling = ceiling.map_or(RunLimits::CEILING, |ceiling| RunLimits {
        memory_bytes: ceiling.memory.0,
        cpu_ms: narrow(ceiling.cpu.0.as_millis()),
        ..RunLimits::CEILING
    });
    wanted.within(ceiling).within(RunLimits::CEILING)
}
