//! A principal: who an authenticated request comes from. Made only in this folder, read by `authz`, which turns it
//! into a scope. It knows no role table.

use std::fmt;

use api::http::token::Role;
use api::id::{ClusterName, NodeName, TenantName};
use api::manifest::release_policy::Class;

/// An agent: the node it speaks for, as its certificate says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentKey {
    /// The cluster.
    pub cluster: ClusterName,
    /// The node.
    pub node: NodeName,
}

impl fmt::Display for AgentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.node)
    }
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Token { id: String, tenant: Option<TenantName>, role: Role, classes: Vec<Class> },
    Agent(AgentKey),
    System(&'static str),
}

impl Principal {
    /// Whoever holds this token.
    pub(super) fn token(id: String, tenant: Option<TenantName>, role: Role, classes: Vec<Class>) -> Self {
        Self(Kind::Token { id, tenant, role, classes })
    }

    /// The agent of a node.
    pub(super) fn agent(key: AgentKey) -> Self {
        Self(Kind::Agent(key))
    }

    /// A task of this process or a command of its operator: `task` says which. Never made from a request.
    pub(crate) fn system(task: &'static str) -> Self {
        Self(Kind::System(task))
    }

    /// As the audit trail names it: `token:<id>`, `agent:<cluster>/<node>`, `system:<task>`.
    pub fn actor(&self) -> String {
        match &self.0 {
            Kind::Token { id, .. } => format!("token:{id}"),
            Kind::Agent(key) => format!("agent:{key}"),
            Kind::System(task) => format!("system:{task}"),
        }
    }

    /// The role, for those who have one.
    pub fn role(&self) -> Option<Role> {
        match &self.0 {
            Kind::Token { role, .. } => Some(*role),
            Kind::Agent(_) | Kind::System(_) => None,
        }
    }

    /// The tenant a token is bound to.
    pub fn tenant(&self) -> Option<&TenantName> {
        match &self.0 {
            Kind::Token { tenant, .. } => tenant.as_ref(),
            Kind::Agent(_) | Kind::System(_) => None,
        }
    }

    /// Release classes the credential names: only these may be claimed where a rule excepts them.
    pub fn classes(&self) -> &[Class] {
        match &self.0 {
            Kind::Token { classes, .. } => classes,
            Kind::Agent(_) | Kind::System(_) => &[],
        }
    }

    /// The node, when an agent asks.
    pub fn agent_key(&self) -> Option<&AgentKey> {
        match &self.0 {
            Kind::Agent(key) => Some(key),
            Kind::Token { .. } | Kind::System(_) => None,
        }
    }

    /// Whether it is this process itself.
    pub fn is_system(&self) -> bool {
        matches!(self.0, Kind::System(_))
    }
}

#[cfg(test)]
impl Principal {
    /// A token's holder, for tests of other modules.
    pub(crate) fn token_for_test(tenant: Option<&str>, role: Role) -> Self {
        let tenant = tenant.map(|name| name.parse().expect("a label"));
        Self::token("t0".to_owned(), tenant, role, vec![])
    }

    /// An agent, for tests of other modules.
    pub(crate) fn agent_for_test(cluster: &str, node: &str) -> Self {
        Self::agent(AgentKey { cluster: cluster.parse().expect("a label"), node: node.parse().expect("a node") })
    }
}
