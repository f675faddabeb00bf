//! Whose law a rule or policy is, and whose law is lost. The law fails closed: what cannot be known makes its scope
//! `INDETERMINATE`, never open. Called by `build`.

use std::sync::Arc;

use super::bind::{self, Owner};
use super::build::{Build, Documents};
use super::set::{BrokenLaw, Law, Scope};
use crate::id::{EnvironmentName, Namespace, ServiceName};
use crate::manifest::{Document, Fault, Head, Kind, Manifest, Refusal, freeze_rule, release_policy, tenant};

impl Build<'_> {
    /// Gives each rule and policy to its tenant; one that does not fit it is refused and lost.
    pub(super) fn bind_law(&mut self, documents: &Documents) {
        for document in documents.values() {
            match document {
                Document::FreezeRule(manifest) => {
                    let law = self.law(manifest, rule_faults);
                    self.made.rules.extend(law);
                }
                Document::ReleasePolicy(manifest) => {
                    let law = self.law(manifest, policy_faults);
                    self.made.policies.extend(law);
                }
                _ => {}
            }
        }
    }

    fn law<S: Kind>(
        &mut self,
        manifest: &Arc<Manifest<S>>,
        faults: fn(&S, &tenant::Spec) -> Vec<Fault>,
    ) -> Option<Law<S>> {
        let namespace = manifest.metadata.namespace.as_ref();
        let (tenant, faults) = match self.namespaces.owner(namespace) {
            Owner::Platform => (None, vec![]),
            Owner::Tenant(binding) => {
                (Some(binding.tenant.clone()), faults(&manifest.spec, &self.made.tenants[&binding.tenant].spec))
            }
            Owner::Nobody(claimants) => (None, vec![bind::ownerless(namespace, claimants)]),
        };
        if faults.is_empty() {
            return Some(Law { manifest: Arc::clone(manifest), tenant });
        }
        for fault in faults {
            self.refuse(&manifest.source, manifest.head(), fault);
        }
        None
    }

    /// Every refused rule or policy that has no version in force closes its scope. One in a namespace that several
    /// tenants claim closes all of them; one in a namespace of nobody concerns nobody.
    pub(super) fn lost_law(&mut self, documents: &Documents) {
        let in_force = |head: &Head| {
            let rules = self.made.rules.iter().map(|law| law.manifest.head());
            let policies = self.made.policies.iter().map(|law| law.manifest.head());
            documents.contains_key(head) && rules.chain(policies).any(|law| law == *head)
        };
        let law = |refusal: &&Refusal| refusal.head.as_ref().is_some_and(|head| head.kind.is_law() && !in_force(head));
        let lost: Vec<_> = self.made.refused.iter().filter(law).collect();
        let mut broken: Vec<_> = lost.into_iter().flat_map(|refusal| self.lost(refusal)).collect();
        broken.sort();
        broken.dedup_by(|a, b| (&a.scope, &a.rule) == (&b.scope, &b.rule));
        self.made.broken_law = broken;
    }

    fn lost(&self, refusal: &Refusal) -> Vec<BrokenLaw> {
        let Some(head) = &refusal.head else { return vec![] };
        let scopes = match self.namespaces.owner(head.namespace.as_ref()) {
            Owner::Platform => vec![Scope::Platform],
            Owner::Tenant(binding) => vec![Scope::Tenant(binding.tenant.clone())],
            Owner::Nobody(claims) => claims.iter().map(|claim| Scope::Tenant(claim.tenant.clone())).collect(),
        };
        let (rule, why) = (rule_id(head), refusal.to_string());
        scopes.into_iter().map(|scope| BrokenLaw { scope, rule: rule.clone(), why: why.clone() }).collect()
    }
}

/// `[namespace/]name`.
fn rule_id(head: &Head) -> String {
    let name = head.name.as_ref().map_or("(no readable name)", |name| name.as_str());
    let namespace = head.namespace.as_ref().map(Namespace::as_str);
    namespace.map_or(name.to_owned(), |namespace| format!("{namespace}/{name}"))
}

/// A tenant's rule that names an environment the tenant does not have would never close what it was written for.
fn rule_faults(spec: &freeze_rule::Spec, tenant: &tenant::Spec) -> Vec<Fault> {
    let own = unknown_environments("spec.match.environments", &spec.matches.environments, tenant);
    own.chain(unknown_environments("spec.except.environments", &spec.except.environments, tenant)).collect()
}

fn policy_faults(spec: &release_policy::Spec, tenant: &tenant::Spec) -> Vec<Fault> {
    let environments = unknown_environments("spec.match.environments", &spec.matches.environments, tenant);
    let services = spec.matches.services.iter().enumerate().filter(|(_, name)| !tenant.services.contains(name));
    let services = services
        .map(|(index, name)| unknown(format!("spec.match.services[{index}]"), "a service", ServiceName::as_str(name)));
    environments.chain(services).collect()
}

fn unknown_environments<'s>(
    field: &'s str,
    names: &'s [EnvironmentName],
    tenant: &'s tenant::Spec,
) -> impl Iterator<Item = Fault> + 's {
    let known = |name: &EnvironmentName| tenant.environments.iter().any(|environment| environment.name == *name);
    let unknown_ones = names.iter().enumerate().filter(move |(_, name)| !known(name));
    unknown_ones.map(move |(index, name)| unknown(format!("{field}[{index}]"), "an environment", name.as_str()))
}

fn unknown(field: String, what: &str, name: &str) -> Fault {
    Fault::new(field, format!("`{name}` is not {what} of the tenant"), "correct the name, or add it to the Tenant")
}
