//! Which tenant and environment a namespace belongs to. Only a Tenant binds; one that two of them claim belongs to
//! nobody, and both are told. Called by `build`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::{EnvironmentName, Namespace, TenantName};
use crate::manifest::{Fault, Manifest, tenant};

/// Where a namespace belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The tenant.
    pub tenant: TenantName,
    /// The environment.
    pub environment: EnvironmentName,
}

/// Tenants by name.
pub(super) type Tenants = BTreeMap<TenantName, Arc<Manifest<tenant::Spec>>>;

/// Every namespace that a tenant claims.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    /// Those with one tenant.
    pub(super) bound: BTreeMap<Namespace, Binding>,
    /// Those with several: they belong to nobody.
    pub(super) contested: BTreeMap<Namespace, Vec<Binding>>,
}

/// The owner that an object's namespace gives it.
pub(super) enum Owner<'n> {
    /// No namespace: the platform's.
    Platform,
    /// A tenant's.
    Tenant(&'n Binding),
    /// Nobody's: unclaimed, or claimed by these.
    Nobody(&'n [Binding]),
}

/// The name of a tenant's document: both follow the same alphabet.
pub(super) fn tenant_name(manifest: &Manifest<tenant::Spec>) -> TenantName {
    manifest.metadata.name.as_str().parse().expect("object names and tenant names are both DNS labels")
}

/// Binds namespaces, and says at each claim of a contested one that it is.
pub(super) fn bind(tenants: &Tenants) -> (Namespaces, Vec<(TenantName, Fault)>) {
    let mut claims: BTreeMap<&Namespace, Vec<(&TenantName, Binding, String)>> = BTreeMap::new();
    for (name, manifest) in tenants {
        for (at, environment) in manifest.spec.environments.iter().enumerate() {
            for (index, namespace) in environment.namespaces.iter().enumerate() {
                let binding = Binding { tenant: name.clone(), environment: environment.name.clone() };
                let field = format!("spec.environments[{at}].namespaces[{index}]");
                claims.entry(namespace).or_default().push((name, binding, field));
            }
        }
    }
    let (mut namespaces, mut faults) = (Namespaces::default(), vec![]);
    for (namespace, mut claims) in claims {
        if claims.len() == 1 {
            namespaces.bound.extend(claims.pop().map(|(_, binding, _)| (namespace.clone(), binding)));
            continue;
        }
        let claimants: Vec<_> = claims.iter().map(|(_, binding, _)| binding.clone()).collect();
        let names = claimants.iter().map(|claim| claim.tenant.as_str()).collect::<Vec<_>>().join(" and ");
        let message = format!("`{namespace}` is claimed by {names} and belongs to nobody");
        faults.extend(
            claims
                .into_iter()
                .map(|(name, _, field)| (name.clone(), Fault::new(field, message.clone(), "leave it in one Tenant"))),
        );
        namespaces.contested.insert(namespace.clone(), claimants);
    }
    (namespaces, faults)
}

impl Namespaces {
    /// Who owns an object with this namespace.
    pub(super) fn owner(&self, namespace: Option<&Namespace>) -> Owner<'_> {
        let Some(namespace) = namespace else { return Owner::Platform };
        match self.bound.get(namespace) {
            Some(binding) => Owner::Tenant(binding),
            None => Owner::Nobody(self.contested.get(namespace).map_or(&[], Vec::as_slice)),
        }
    }
}

/// What to say of an object in a namespace that is nobody's.
pub(super) fn ownerless(namespace: Option<&Namespace>, claimants: &[Binding]) -> Fault {
    let name = namespace.map_or("", Namespace::as_str);
    let message = if claimants.is_empty() {
        format!("`{name}` belongs to no tenant")
    } else {
        format!("`{name}` is claimed by several tenants and belongs to nobody")
    };
    Fault::new("metadata.namespace", message, "bind it in one Tenant, under spec.environments")
}
