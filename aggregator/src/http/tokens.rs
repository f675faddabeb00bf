//! Shell: `POST /v1/tokens`: mints a token; the secret is shown once.

use std::time::Duration;

use api::http::token::{CreateToken, CreatedToken, Role};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;

use super::Api;
use super::error::Failure;
use super::extract::{Caller, Json, tenant};
use crate::authn::token::{Minted, mint};
use crate::authz::{Operation, Reach, TenantScope, allow, allow_platform, reach};
use crate::instant::{parse, rfc3339};
use crate::store::Store;
use crate::store::change::{ChangeError, Note, Recorded};

/// Longer than any audit's year, so that a token is renewed before it is forgotten.
pub const TOKEN_LIFE_MAX: Duration = Duration::from_secs(400 * 86_400);

/// The routes of this group.
pub fn routes() -> Router<Api> {
    Router::new().route("/v1/tokens", post(create))
}

/// Mints a token; the secret is shown once.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = CreateToken, responses(
    (status = 201, description = "The token", body = CreatedToken)))]
pub(super) async fn create(
    State(api): State<Api>,
    Caller(principal): Caller,
    Json(wanted): Json<CreateToken>,
) -> Result<(StatusCode, axum::Json<CreatedToken>), Failure> {
    let now_ms = api.clock.wall_ms();
    let scope = match (&wanted.tenant, wanted.role) {
        (Some(name), role) => {
            let scope = allow(&principal, Operation::CreateToken, &tenant(name)?)?;
            let known = api.plan()?.catalogue.tenants.contains_key(&tenant(name)?);
            match (known, role) {
                (false, _) => return Err(Failure::NotFound),
                (true, Role::PlatformAdmin) => return Err(unfit("a platform administrator has no tenant")),
                (true, _) => scope,
            }
        }
        (None, Role::PlatformAdmin) => allow_platform(&principal, Operation::CreateToken)?.own(),
        (None, _) => match reach(&principal, Operation::CreateToken)? {
            Reach::Own(own) => own,
            Reach::All(_) => return Err(unfit("name the tenant; only a platform administrator's token has none")),
        },
    };
    let minted = prepare(&scope, &wanted, now_ms).map_err(|why| unfit(&why))?;
    let created = CreatedToken {
        id: minted.stored.id.clone(),
        token: minted.text.clone(),
        expires_at: rfc3339(minted.stored.expires_at_ms),
    };
    match store(&api.store, &scope, minted, now_ms).await {
        Ok(()) => Ok((StatusCode::CREATED, axum::Json(created))),
        Err(error) => Err(error.into()),
    }
}

fn unfit(detail: &str) -> Failure {
    Failure::Unprocessable(detail.to_owned())
}

/// Makes the token a scope's owner wants.
///
/// # Errors
/// An end that cannot be read, has passed, or is too far.
pub fn prepare(scope: &TenantScope, wanted: &CreateToken, now_ms: i64) -> Result<Minted, String> {
    let expires_at_ms = parse(&wanted.expires_at)
        .ok_or_else(|| "expires_at: not an instant such as 2027-01-31T00:00:00Z".to_owned())?;
    let latest_ms = now_ms.saturating_add(i64::try_from(TOKEN_LIFE_MAX.as_millis()).unwrap_or(i64::MAX));
    if expires_at_ms <= now_ms || expires_at_ms > latest_ms {
        return Err(format!("expires_at: must be later than now and at most {}", rfc3339(latest_ms)));
    }
    Ok(mint(scope.tenant().cloned(), wanted.role, wanted.classes.clone(), expires_at_ms))
}

/// Stores a minted token with its audit entry. Also what `token create` does.
///
/// # Errors
/// The store failed.
pub async fn store(
    store: &Store,
    scope: &TenantScope,
    minted: Minted,
    now_ms: i64,
) -> Result<(), ChangeError<std::convert::Infallible>> {
    let stored = minted.stored;
    let detail = serde_json::json!({
        "role": stored.role,
        "classes": stored.classes,
        "expires_at": rfc3339(stored.expires_at_ms),
    });
    let note = Note { action: "token.created", subject: stored.id.clone(), detail };
    store
        .change(scope, now_ms, move |tx| {
            tx.token_insert(&stored)?;
            Ok(Recorded::noted((), note))
        })
        .await
}
