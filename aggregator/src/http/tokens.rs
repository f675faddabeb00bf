//! Shell: `/v1/tokens`: mints tokens, lists them without their secrets, and revokes them. A revoked token is nobody
//! from the commit on: no credential is cached.

use std::time::Duration;

use api::http::list::{PAGE_MAX, Page, cut};
use api::http::token::{CreateToken, CreatedToken, Role, Token};
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::error::Failure;
use super::extract::{Caller, Json, NoQuery, Path, Query, tenant};
use crate::authn::token::{Minted, mint};
use crate::authz::{Operation, Reach, TenantScope, allow, allow_platform, reach};
use crate::instant::{parse, rfc3339};
use crate::store::Store;
use crate::store::change::{ChangeError, Note, Recorded};
use crate::store::token::{KeptToken, TokenRead as _};

/// Longer than any audit's year, so that a token is renewed before it is forgotten.
pub const TOKEN_LIFE_MAX: Duration = Duration::from_secs(400 * 86_400);

/// The routes of this group.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

/// Whose.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// The tenant; absent: all one may see.
    tenant: Option<String>,
    /// Tokens after this one, from an earlier page's `next`.
    after: Option<String>,
}

/// Tokens that the caller administers, by id, without their secrets; ended and revoked ones too.
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens", params(Filter), responses(
    (status = 200, description = "The tokens", body = Page<Token>)))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Query(Filter { tenant, after }): Query<Filter>,
) -> Result<axum::Json<Page<Token>>, Failure> {
    let reach = api.reach_of_list(&principal, Operation::ReadTokens, tenant.as_deref()).await?;
    let more_than_a_page = u32::try_from(PAGE_MAX + 1).unwrap_or(u32::MAX);
    let read =
        api.store.read(move |view| view.tokens(&reach, after.as_deref().unwrap_or_default(), more_than_a_page)).await;
    let mut tokens = read?;
    let next = cut(&mut tokens, |token| token.id.clone());
    Ok(axum::Json(Page { items: tokens.into_iter().map(document).collect(), next }))
}

/// Revokes a token, from now on and for good; again, it answers the same and does nothing.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The token, revoked", body = Token)))]
pub(super) async fn revoke(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<Token>, Failure> {
    let scope = match api.reach(&principal, Operation::RevokeToken).await? {
        Reach::Own(own) => own,
        Reach::All(all) => {
            let id = id.clone();
            let owner = api.store.read(move |view| view.token_owner(&all, &id)).await?;
            owner.ok_or(Failure::NotFound)?
        }
    };
    let revoked = api.store.change(&scope, api.clock.wall_ms(), move |tx| {
        let token = tx.token_kept(tx.scope(), &id)?.ok_or(ChangeError::Refused(Failure::NotFound))?;
        if token.revoked_at_ms.is_some() {
            return Ok(Recorded::repeated(token));
        }
        tx.token_revoke(&id)?;
        let detail = serde_json::json!({"role": token.role, "created_by": token.created_by});
        let revoked = KeptToken { revoked_at_ms: Some(tx.at_ms()), ..token };
        Ok(Recorded::noted(revoked, Note { action: "token.revoked", subject: id, detail }))
    });
    Ok(axum::Json(document(revoked.await?)))
}

fn document(token: KeptToken) -> Token {
    Token {
        id: token.id,
        tenant: token.tenant.map(|name| name.to_string()),
        role: token.role,
        classes: token.classes,
        created_by: token.created_by,
        created_at: rfc3339(token.created_at_ms),
        expires_at: rfc3339(token.expires_at_ms),
        revoked_at: token.revoked_at_ms.map(rfc3339),
    }
}

/// Mints a token; the secret is shown once.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = CreateToken, responses(
    (status = 201, description = "The token", body = CreatedToken)))]
pub(super) async fn create(
    State(api): State<Api>,
    Caller(principal): Caller,
    _: NoQuery,
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
    let expires_at = parse(&wanted.expires_at).map_err(|why| format!("`expires_at` {why}"))?;
    let expires_at_ms = expires_at.as_millisecond();
    let latest_ms = now_ms.saturating_add(i64::try_from(TOKEN_LIFE_MAX.as_millis()).unwrap_or(i64::MAX));
    if expires_at_ms <= now_ms || expires_at_ms > latest_ms {
        return Err(format!("`expires_at` must be later than now and at most {}", rfc3339(latest_ms)));
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
