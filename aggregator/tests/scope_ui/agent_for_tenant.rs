//! An agent's scope where a tenant's is meant: agents report, and read nothing of a tenant.
use aggregator::authz::AgentScope;
use aggregator::store::View;
use aggregator::store::check::CheckRead as _;

fn read(view: &View<'_>, agent: &AgentScope) {
    let _ = view.check_last_all(agent);
}

fn main() {}
