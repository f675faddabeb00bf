//! All tenants where one is meant.
use aggregator::authz::PlatformScope;
use aggregator::store::View;
use aggregator::store::result::ResultRead as _;
use api::id::CheckId;

fn read(view: &View<'_>, all: &PlatformScope, check: CheckId) {
    let _ = view.results(all, check, None, 1);
}

fn main() {}
