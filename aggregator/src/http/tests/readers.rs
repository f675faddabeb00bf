//! Who may read what: credentials, the table of roles, and what is not to be told from what is not there.

use api::http::token::Role;
use axum::http::StatusCode;

use super::stand::Stand;
use crate::placement::plan::tests::check_id;

#[tokio::test]
async fn without_a_credential_every_path_is_the_same() {
    let stand = Stand::new().await;
    let known = stand.ask("GET", "/v1/checks", None, "").await;
    assert_eq!(known.status, StatusCode::UNAUTHORIZED);
    let wrong = format!("Bearer fwt_{}_{}", "0".repeat(24), "0".repeat(64));
    for (method, path, token) in [
        ("GET", "/v1/nothing", None),
        ("PATCH", "/v1/checks", None),
        ("GET", "/v1/agent/assignments", None),
        ("GET", "/v1/checks", Some(wrong.as_str())),
        ("GET", "/v1/checks", Some("Bearer x")),
        ("GET", "/v1/checks", Some("Basic eDp5")),
    ] {
        assert_eq!(stand.ask(method, path, token, "").await, known, "{method} {path} {token:?}");
    }
    let token = stand.token(Some("acme"), Role::Viewer).await;
    assert_eq!(stand.get("/v1/checks", &token).await.status, StatusCode::OK);
    stand.clock.advance(std::time::Duration::from_secs(3_600));
    assert_eq!(stand.get("/v1/checks", &token).await, known, "it has ended");
}

#[tokio::test]
async fn what_is_anothers_is_what_is_not_there() {
    let stand = Stand::new().await;
    let (own, other) = (check_id("acme-prod", "a"), check_id("globex-prod", "a"));
    let none = check_id("acme-prod", "none");
    for role in [Role::Viewer, Role::Pipeline, Role::TenantAdmin] {
        let token = stand.token(Some("acme"), role).await;
        let missing = stand.get("/v1/nothing", &token).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        for path in [
            format!("/v1/checks/{other}"),
            format!("/v1/checks/{none}"),
            "/v1/checks/nonsense".to_owned(),
            format!("/v1/checks/{other}/results"),
            format!("/v1/checks/{none}/results"),
            "/v1/checks?tenant=globex".to_owned(),
            "/v1/checks?tenant=nobody".to_owned(),
            "/v1/checks?tenant=No%20Name".to_owned(),
        ] {
            assert_eq!(stand.get(&path, &token).await, missing, "{role:?} {path}");
        }
        assert_eq!(stand.get(&format!("/v1/checks/{own}"), &token).await.status, StatusCode::OK);
    }
    let admin = stand.token(None, Role::PlatformAdmin).await;
    assert_eq!(stand.get(&format!("/v1/checks/{other}"), &admin).await.status, StatusCode::OK);
    assert_eq!(stand.get("/v1/checks?tenant=nobody", &admin).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_table_of_roles_holds_for_the_routes() {
    let stand = Stand::new().await;
    let mut rows = vec![];
    for (tenant, role) in [
        (Some("acme"), Role::Viewer),
        (Some("acme"), Role::Pipeline),
        (Some("acme"), Role::TenantAdmin),
        (None, Role::PlatformAdmin),
    ] {
        let token = stand.token(tenant, role).await;
        let create = r#"{"tenant": "acme", "role": "viewer", "expires_at": "2026-12-01T00:00:00Z"}"#;
        let statuses = [
            stand.get("/v1/checks?tenant=acme", &token).await,
            stand.get(&format!("/v1/checks/{}/results", check_id("acme-prod", "a")), &token).await,
            stand.get("/v1/nodes", &token).await,
            stand.ask("POST", "/v1/tokens", Some(&token), create).await,
            stand.get("/v1/agent/assignments", &token).await,
            stand.ask("DELETE", "/v1/checks", Some(&token), "").await,
        ];
        rows.push((role.as_str(), statuses.map(|answer| answer.status.as_u16())));
    }
    // checks, results, nodes, create a token, an agent's route, a method that is not there
    let wanted = [
        ("viewer", [200, 200, 200, 403, 403, 405]),
        ("pipeline", [200, 200, 403, 403, 403, 405]),
        ("tenant-admin", [200, 200, 200, 201, 403, 405]),
        ("platform-admin", [200, 200, 200, 201, 403, 405]),
    ];
    assert_eq!(rows, wanted);
}

#[tokio::test]
async fn lists_hold_ones_own_and_a_platform_administrators_hold_all() {
    let stand = Stand::new().await;
    let count = async |path: &str, token: &str| {
        let list = stand.get(path, token).await.json();
        list["items"].as_array().expect("a list").len()
    };
    let own = stand.token(Some("globex"), Role::Viewer).await;
    let admin = stand.token(None, Role::PlatformAdmin).await;
    assert_eq!((count("/v1/checks", &own).await, count("/v1/checks", &admin).await), (1, 3));
    assert_eq!(count("/v1/checks?tenant=acme&environment=prod", &admin).await, 2);
    assert_eq!(count("/v1/checks?environment=staging", &admin).await, 0);
    assert_eq!(count("/v1/nodes", &own).await, 2);
    let node = &stand.get("/v1/nodes", &own).await.json()["items"][0];
    assert_eq!((node["checks"].as_u64(), node["state"].as_str()), (Some(1), Some("live")), "only its own are counted");
    let bad = stand.get("/v1/checks?colour=red", &own).await;
    assert_eq!((bad.status.as_u16(), bad.json()["code"].as_str()), (422, Some("invalid-request")), "as in a body");
}

#[tokio::test]
async fn a_created_token_works_and_one_beyond_ones_reach_is_not_made() {
    let stand = Stand::new().await;
    let admin = stand.token(Some("acme"), Role::TenantAdmin).await;
    let ask = async |body: &str| stand.ask("POST", "/v1/tokens", Some(&admin), body).await;
    let until = r#""expires_at": "2026-12-01T00:00:00Z""#;
    let made = ask(&format!(r#"{{"tenant": "acme", "role": "pipeline", "classes": ["feature"], {until}}}"#)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let token = format!("Bearer {}", made.json()["token"].as_str().expect("a token"));
    assert_eq!(stand.get("/v1/checks", &token).await.status, StatusCode::OK);
    for (body, status) in [
        (format!(r#"{{"tenant": "globex", "role": "viewer", {until}}}"#), 404),
        (format!(r#"{{"tenant": "acme", "role": "platform-admin", {until}}}"#), 422),
        (format!(r#"{{"role": "platform-admin", {until}}}"#), 403),
        (format!(r#"{{"role": ["viewer"], {until}}}"#), 422),
        (r#"{"tenant": "acme", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z"}"#.to_owned(), 422),
        (r#"{"tenant": "acme", "role": "viewer", "expires_at": "2029-01-01T00:00:00Z"}"#.to_owned(), 422),
        (format!(r#"{{"tenant": "acme", "role": "viewer", "extra": 1, {until}}}"#), 422),
        ("{".to_owned(), 400),
    ] {
        assert_eq!(ask(&body).await.status.as_u16(), status, "{body}");
    }
    let own = ask(&format!(r#"{{"role": "viewer", {until}}}"#)).await;
    assert_eq!(own.status, StatusCode::CREATED);
    let own = format!("Bearer {}", own.json()["token"].as_str().expect("a token"));
    assert_eq!(stand.get("/v1/checks?tenant=acme", &own).await.status, StatusCode::OK, "without a tenant, one's own");
    assert_eq!(stand.get("/v1/checks?tenant=globex", &own).await.status, StatusCode::NOT_FOUND);
    let platform = stand.token(None, Role::PlatformAdmin).await;
    let body = format!(r#"{{"role": "viewer", {until}}}"#);
    let unnamed = stand.ask("POST", "/v1/tokens", Some(&platform), &body).await;
    assert_eq!(unnamed.status.as_u16(), 422);
    assert!(unnamed.json()["detail"].as_str().expect("a detail").starts_with("name the tenant"));
    let viewer = stand.token(Some("acme"), Role::Viewer).await;
    assert_eq!(stand.ask("POST", "/v1/tokens", Some(&viewer), &body).await.status, StatusCode::FORBIDDEN);
    let large = ask(&" ".repeat(api::limits::REQUEST_BYTES_MAX + 1)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}
