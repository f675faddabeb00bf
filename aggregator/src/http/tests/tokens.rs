//! Tokens: who sees and revokes which, and that a revoked one is nobody.

use api::audit::Entry;
use api::http::token::Role;
use axum::http::StatusCode;
use serde_json::Value;

use super::stand::{Answer, START_MS, Stand};
use crate::authz::PlatformScope;
use crate::store::audit::AuditRead as _;

/// The public id of a token's text.
fn id(token: &str) -> String {
    token.split('_').nth(1).expect("an id").to_owned()
}

async fn revoke(stand: &Stand, id: &str, token: &str) -> Answer {
    stand.ask("DELETE", &format!("/v1/tokens/{id}"), Some(token), "").await
}

fn ids(list: &Answer) -> Vec<String> {
    let list = list.json();
    let items = list["items"].as_array().expect("a list").iter();
    items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn a_revoked_token_is_nobody_at_once() {
    let stand = Stand::new().await;
    let admin = stand.token(Some("acme"), Role::TenantAdmin).await;
    let pipeline = stand.token(Some("acme"), Role::Pipeline).await;
    assert_eq!(stand.get("/v1/checks", &pipeline).await.status, StatusCode::OK);
    let revoked = revoke(&stand, &id(&pipeline), &admin).await;
    assert_eq!((revoked.status, revoked.json()["revoked_at"].is_string()), (StatusCode::OK, true));
    let unknown = format!("Bearer fwt_{}_{}", "0".repeat(24), "0".repeat(64));
    assert_eq!(stand.get("/v1/checks", &pipeline).await, stand.get("/v1/checks", &unknown).await);
    assert_eq!(revoke(&stand, &id(&pipeline), &admin).await, revoked, "again: the same answer");
    let own = revoke(&stand, &id(&admin), &admin).await;
    assert_eq!(own.status, StatusCode::OK, "its own too");
    assert_eq!(stand.get("/v1/tokens", &admin).await.status, StatusCode::UNAUTHORIZED);
    let scope = PlatformScope::for_test().tenant("acme".parse().expect("a label"));
    let entries = stand.api.store.read(move |view| view.audit_entries(&scope, 0, 100)).await.expect("read");
    let entries = entries.iter().map(|entry| serde_json::from_slice::<Entry>(&entry.stored).expect("an entry"));
    let noted: Vec<_> = entries.filter(|entry| entry.action == "token.revoked").collect();
    assert_eq!(noted.iter().map(|entry| &entry.subject).collect::<Vec<_>>(), [&id(&pipeline), &id(&admin)]);
    assert_eq!(noted[0].actor, format!("token:{}", id(&admin)));
}

#[tokio::test]
async fn administrators_see_their_own_tokens_and_no_secret() {
    let stand = Stand::new().await;
    let admin = stand.token(Some("acme"), Role::TenantAdmin).await;
    let other = stand.token(Some("globex"), Role::TenantAdmin).await;
    let platform = stand.token(None, Role::PlatformAdmin).await;
    let create = r#"{"tenant": "acme", "role": "viewer", "expires_at": "2026-12-01T00:00:00Z"}"#;
    let created = stand.ask("POST", "/v1/tokens", Some(&admin), create).await.json();
    let listed = stand.get("/v1/tokens", &admin).await;
    let mut wanted = vec![id(&admin), created["id"].as_str().expect("an id").to_owned()];
    wanted.sort();
    assert_eq!(ids(&listed), wanted);
    let items = listed.json()["items"].clone();
    let minted = items.as_array().expect("a list").iter().find(|item| item["id"] == created["id"]);
    let minted = minted.expect("the new one");
    assert_eq!(minted["created_by"], format!("token:{}", id(&admin)));
    assert_eq!((minted["tenant"].as_str(), minted["role"].as_str()), (Some("acme"), Some("viewer")));
    let text = String::from_utf8_lossy(&listed.body).into_owned();
    let secret = created["token"].as_str().and_then(|token| token.rsplit('_').next()).expect("a secret");
    assert!(!text.contains(secret) && !text.contains("sha256"), "{text}");
    assert_eq!(ids(&stand.get("/v1/tokens", &other).await), [id(&other)]);
    assert_eq!(ids(&stand.get("/v1/tokens", &platform).await).len(), 4, "the platform's own too");
    assert_eq!(stand.get("/v1/tokens?tenant=acme", &platform).await, listed);
}

#[tokio::test]
async fn anothers_token_is_not_there_and_stays_in_force() {
    let stand = Stand::new().await;
    let admin = stand.token(Some("acme"), Role::TenantAdmin).await;
    let viewer = stand.token(Some("acme"), Role::Viewer).await;
    let other = stand.token(Some("globex"), Role::TenantAdmin).await;
    let platform = stand.token(None, Role::PlatformAdmin).await;
    let absent = revoke(&stand, "000000000000000000000000", &admin).await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    for hidden in [&other, &platform] {
        assert_eq!(revoke(&stand, &id(hidden), &admin).await, absent);
        assert_eq!(stand.get("/v1/tokens", hidden).await.status, StatusCode::OK);
    }
    assert_eq!(revoke(&stand, &id(&admin), &viewer).await.status, StatusCode::FORBIDDEN);
    assert_eq!(revoke(&stand, &id(&other), &platform).await.status, StatusCode::OK);
    assert_eq!(stand.get("/v1/tokens", &other).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(revoke(&stand, "000000000000000000000000", &platform).await, absent);
}

#[tokio::test]
async fn many_tokens_come_in_pages() {
    let stand = Stand::new().await;
    let admin = stand.token(Some("acme"), Role::TenantAdmin).await;
    for _ in 0..api::http::list::PAGE_MAX {
        let scope = PlatformScope::for_test().tenant("acme".parse().expect("a label"));
        let minted = crate::authn::token::mint(scope.tenant().cloned(), Role::Viewer, vec![], START_MS + 1);
        crate::http::tokens::store(&stand.api.store, &scope, minted, START_MS).await.expect("stored");
    }
    let first = stand.get("/v1/tokens", &admin).await;
    let next = first.json()["next"].as_str().expect("another page").to_owned();
    let second = stand.get(&format!("/v1/tokens?after={next}"), &admin).await;
    assert_eq!(second.json()["next"], Value::Null);
    let mut all = [ids(&first), ids(&second)].concat();
    assert!(all.is_sorted());
    all.dedup();
    assert_eq!(all.len(), api::http::list::PAGE_MAX + 1);
}
