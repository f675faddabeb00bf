//! The catalogue: everything in force, everything refused, and whose law is broken. Made by `build` from the previous
//! one; the aggregator publishes it, agents without an aggregator run from it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::bind::{Binding, Tenants};
use super::keep::Memory;
use crate::frame::PluginRef;
use crate::grant::Effective;
use crate::id::{CheckId, EnvironmentName, Namespace, ObjectName, ServiceName, TenantName};
use crate::limits::RunLimits;
use crate::manifest::{Manifest, Refusal, check, freeze_rule, plugin, release_policy};

/// Everything in force. `Default` is the empty one that a start begins with.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// Changes when anything in force changes: 16 hex digits.
    pub version: String,
    /// Tenants by name.
    pub tenants: Tenants,
    /// Namespaces that belong to a tenant.
    pub namespaces: BTreeMap<Namespace, Binding>,
    /// Plugins, described or not, by namespace and name.
    pub plugins: BTreeMap<(Option<Namespace>, ObjectName), Plugin>,
    /// Checks that may run.
    pub checks: BTreeMap<CheckId, Check>,
    /// Checks that were read and may not run, once for each tenant whose they are or would be. A requirement that
    /// means one is not satisfied by the others.
    pub unfit: Vec<UnfitCheck>,
    /// Freeze rules, the platform's first.
    pub rules: Vec<Law<freeze_rule::Spec>>,
    /// Release policies, the platform's first.
    pub policies: Vec<Law<release_policy::Spec>>,
    /// What was not taken, by file and line.
    pub refused: Vec<Refusal>,
    /// Whose law cannot be known: their decisions are `INDETERMINATE`.
    pub broken_law: Vec<BrokenLaw>,
    pub(super) memory: Memory,
}

/// A plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// What was written.
    pub manifest: Arc<Manifest<plugin::Spec>>,
    /// Its component's file, relative to the folder of all manifests.
    pub file: String,
}

/// A check that may run.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Its id.
    pub id: CheckId,
    /// What was written.
    pub manifest: Arc<Manifest<check::Spec>>,
    /// Its tenant; none for a platform check.
    pub tenant: Option<TenantName>,
    /// Its environment; none for a platform check.
    pub environment: Option<EnvironmentName>,
    /// Its component.
    pub plugin: PluginRef,
    /// What it may touch.
    pub grants: Effective,
    /// What a run may use.
    pub limits: RunLimits,
}

/// A check that was read and may not run.
#[derive(Clone, Debug, PartialEq)]
pub struct UnfitCheck {
    /// What was written.
    pub manifest: Arc<Manifest<check::Spec>>,
    /// Its tenant and environment.
    pub binding: Binding,
    /// The service it speaks of; none, which is all of them, also when the tenant has no such service.
    pub service: Option<ServiceName>,
    /// Where it is refused: file, line and field.
    pub refused_at: String,
}

/// A rule or a policy, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Law<S> {
    /// What was written.
    pub manifest: Arc<Manifest<S>>,
    /// The tenant it is for; none for the platform's, which is for all.
    pub tenant: Option<TenantName>,
}

/// Whom a broken rule concerns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everybody.
    Platform,
    /// One tenant.
    Tenant(TenantName),
}

/// A rule or policy that has no version in force.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokenLaw {
    /// Whom it concerns.
    pub scope: Scope,
    /// `[namespace/]name`.
    pub rule: String,
    /// Where and why, for those who may read the file.
    pub why: String,
}

// === impl Catalogue ===

impl Catalogue {
    /// The checks of a tenant, by id.
    pub fn checks_of<'c>(&'c self, tenant: &'c TenantName) -> impl Iterator<Item = &'c Check> {
        self.checks.values().filter(move |check| check.tenant.as_ref() == Some(tenant))
    }

    /// The checks of a tenant that may not run.
    pub fn unfit_of<'c>(&'c self, tenant: &'c TenantName) -> impl Iterator<Item = &'c UnfitCheck> {
        self.unfit.iter().filter(move |check| check.binding.tenant == *tenant)
    }

    /// The broken law that concerns a tenant: its own and the platform's.
    pub fn broken_law_of<'c>(&'c self, tenant: &'c TenantName) -> impl Iterator<Item = &'c BrokenLaw> {
        self.broken_law.iter().filter(move |law| match &law.scope {
            Scope::Platform => true,
            Scope::Tenant(name) => name == tenant,
        })
    }
}

impl<S> Law<S> {
    /// Whether it is for a tenant: its own or the platform's.
    pub fn is_for(&self, tenant: &TenantName) -> bool {
        self.tenant.as_ref().is_none_or(|own| own == tenant)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform"),
            Self::Tenant(name) => write!(f, "tenant {name}"),
        }
    }
}
