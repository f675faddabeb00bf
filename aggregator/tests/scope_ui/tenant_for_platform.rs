//! One tenant's scope where all are meant.
use aggregator::authz::TenantScope;
use aggregator::store::View;
use aggregator::store::release::ReleaseRead as _;

fn read(view: &View<'_>, own: &TenantScope) {
    let _ = view.release_owner(own, "id");
}

fn main() {}
