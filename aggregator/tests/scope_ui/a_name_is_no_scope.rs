//! A tenant's name, as a request brings it.
use aggregator::store::View;
use aggregator::store::check::CheckRead as _;
use api::id::TenantName;

fn read(view: &View<'_>, tenant: &TenantName) {
    let _ = view.check_last_all(tenant);
}

fn main() {}
