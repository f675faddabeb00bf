//! Who may do what: a principal and an operation become a scope, or a denial that says no more than it may. Every
//! route asks here before it looks anything up; the store takes nothing but scopes.

pub mod role;
pub mod scope;

pub use role::Operation;
pub use scope::{AgentScope, Denied, PlatformScope, Reach, TenantScope, allow, allow_agent, allow_platform, reach};
