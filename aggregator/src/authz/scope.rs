//! Scopes: what every read and write of the store asks for. A scope is made here, from a principal that the role table
//! lets through, and nowhere else, so a query without a tenant does not compile: `tests/scope_ui` holds what must be refused.

use api::http::token::Role;
use api::id::TenantName;

use super::role::{Column, Extent, Operation, extent};
use crate::authn::{AgentKey, Principal};

/// Rows of one tenant, or of the platform itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantScope {
    tenant: Option<TenantName>,
    actor: String,
}

/// Rows of all tenants, for a stated reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformScope {
    actor: String,
    reason: &'static str,
}

/// What an agent may ask for: its own node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentScope {
    key: AgentKey,
}

/// How far a reader without a tenant in hand reaches: its own, or everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One tenant.
    Own(TenantScope),
    /// All.
    All(PlatformScope),
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It may not even be seen: the same answer as for what is not there.
    #[error("not found")]
    NotFound,
    /// It may be seen, and not done.
    #[error("forbidden")]
    Forbidden,
}

// === impl TenantScope ===

impl TenantScope {
    /// The tenant; none is the platform itself.
    pub fn tenant(&self) -> Option<&TenantName> {
        self.tenant.as_ref()
    }

    /// The tenant's part of composite keys: a name, or the empty text (which is no name) for the platform.
    pub fn key(&self) -> &str {
        self.tenant.as_ref().map_or("", TenantName::as_str)
    }

    /// Who acts, as the audit trail names it.
    pub fn actor(&self) -> &str {
        &self.actor
    }
}

// === impl PlatformScope ===

impl PlatformScope {
    /// A task of this process; `reason` is the task's name.
    pub(crate) fn system(reason: &'static str) -> Self {
        Self { actor: Principal::system(reason).actor(), reason }
    }

    /// One tenant of all.
    pub fn tenant(&self, tenant: TenantName) -> TenantScope {
        TenantScope { tenant: Some(tenant), actor: self.actor.clone() }
    }

    /// What belongs to the platform itself.
    pub fn own(&self) -> TenantScope {
        TenantScope { tenant: None, actor: self.actor.clone() }
    }

    /// The tenant that owns something, or the platform itself.
    pub fn owner(&self, tenant: Option<TenantName>) -> TenantScope {
        TenantScope { tenant, actor: self.actor.clone() }
    }

    /// Who acts, as the audit trail names it.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Why it crosses tenants.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

// === impl AgentScope ===

impl AgentScope {
    /// The node.
    pub fn key(&self) -> &AgentKey {
        &self.key
    }
}

/// `operation` on `tenant`.
///
/// # Errors
/// [`Denied::NotFound`] for a tenant the principal may not see, [`Denied::Forbidden`] for one it may.
pub fn allow(principal: &Principal, operation: Operation, tenant: &TenantName) -> Result<TenantScope, Denied> {
    let scope = || TenantScope { tenant: Some(tenant.clone()), actor: principal.actor() };
    if principal.is_system() {
        return Ok(scope());
    }
    let sees_all = principal.role() == Some(Role::PlatformAdmin);
    if !sees_all && principal.tenant() != Some(tenant) {
        return Err(Denied::NotFound);
    }
    match extent(column(principal), operation) {
        Extent::None => Err(Denied::Forbidden),
        Extent::Own | Extent::All => Ok(scope()),
    }
}

/// `operation` on everything; its word is the reason.
///
/// # Errors
/// [`Denied::Forbidden`] for whoever does not reach all.
pub fn allow_platform(principal: &Principal, operation: Operation) -> Result<PlatformScope, Denied> {
    match reach(principal, operation)? {
        Reach::All(scope) => Ok(scope),
        Reach::Own(_) => Err(Denied::Forbidden),
    }
}

/// `operation` on whatever the principal reaches, for routes that name no tenant.
///
/// # Errors
/// [`Denied::Forbidden`] for whoever may not at all.
pub fn reach(principal: &Principal, operation: Operation) -> Result<Reach, Denied> {
    let all = || Reach::All(PlatformScope { actor: principal.actor(), reason: operation.as_str() });
    if principal.is_system() {
        return Ok(all());
    }
    match (extent(column(principal), operation), principal.tenant()) {
        (Extent::All, _) => Ok(all()),
        (Extent::Own, Some(tenant)) => {
            Ok(Reach::Own(TenantScope { tenant: Some(tenant.clone()), actor: principal.actor() }))
        }
        (Extent::Own, None) | (Extent::None, _) => Err(Denied::Forbidden),
    }
}

/// Everything an agent may ask for.
///
/// # Errors
/// [`Denied::Forbidden`] for whoever is no agent.
pub fn allow_agent(principal: &Principal) -> Result<AgentScope, Denied> {
    match (principal.agent_key(), extent(column(principal), Operation::Agent)) {
        (Some(key), Extent::Own) => Ok(AgentScope { key: key.clone() }),
        _ => Err(Denied::Forbidden),
    }
}

fn column(principal: &Principal) -> Column {
    principal.role().map_or(Column::Agent, Column::Role)
}

#[cfg(test)]
impl PlatformScope {
    /// Everything, for tests of other modules.
    pub(crate) fn for_test() -> Self {
        Self::system("test")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantName {
        name.parse().expect("a label")
    }

    #[test]
    fn another_tenant_is_not_there_and_ones_own_may_be_forbidden() {
        let viewer = Principal::token_for_test(Some("acme"), Role::Viewer);
        assert!(allow(&viewer, Operation::ReadChecks, &tenant("acme")).is_ok());
        assert_eq!(allow(&viewer, Operation::ReadChecks, &tenant("globex")), Err(Denied::NotFound));
        assert_eq!(allow(&viewer, Operation::Decide, &tenant("acme")), Err(Denied::Forbidden));
        assert_eq!(allow(&viewer, Operation::Decide, &tenant("globex")), Err(Denied::NotFound));
        assert_eq!(allow_platform(&viewer, Operation::ReadChecks), Err(Denied::Forbidden));
    }

    #[test]
    fn agents_see_no_tenant_and_tokens_no_agent_route() {
        let agent = Principal::agent_for_test("up", "node-1");
        assert_eq!(allow(&agent, Operation::ReadChecks, &tenant("acme")), Err(Denied::NotFound));
        assert_eq!(reach(&agent, Operation::ReadNodes), Err(Denied::Forbidden));
        assert!(allow_agent(&agent).is_ok());
        let admin = Principal::token_for_test(None, Role::PlatformAdmin);
        assert_eq!(allow_agent(&admin), Err(Denied::Forbidden));
        assert!(allow_platform(&admin, Operation::ReadNodes).is_ok());
        assert!(allow(&admin, Operation::Decide, &tenant("acme")).is_ok());
    }
}
