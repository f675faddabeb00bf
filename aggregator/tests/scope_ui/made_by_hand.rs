//! Scopes put together outside of `authz`.
use aggregator::authz::{AgentScope, PlatformScope, TenantScope};
use aggregator::authn::AgentKey;

fn tenant() -> TenantScope {
    TenantScope { tenant: None, actor: String::new() }
}

fn platform() -> PlatformScope {
    PlatformScope { actor: String::new(), reason: "curiosity" }
}

fn agent(key: AgentKey) -> AgentScope {
    AgentScope { key }
}

fn main() {}
