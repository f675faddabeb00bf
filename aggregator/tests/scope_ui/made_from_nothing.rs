//! Scopes and principals that come from no credential.
use aggregator::authn::Principal;
use aggregator::authz::{PlatformScope, TenantScope};

fn main() {
    let _ = TenantScope::default();
    let _ = PlatformScope::system("curiosity");
    let _ = Principal::system("curiosity");
    let _ = Principal::token(String::new(), None, api::http::token::Role::PlatformAdmin, vec![]);
}
