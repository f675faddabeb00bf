//! Shell: from a request to a principal, and to its parts; every refusal is a problem document. The credential is
//! checked before anything is looked up or even routed: [`authenticate`] wraps the whole API.

use std::time::Duration;

use api::id::TenantName;
use api::limits::POLL_WAIT;
use axum::extract::{FromRequest, FromRequestParts, Path as AxumPath, Query as AxumQuery, Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use process::tls::Peer;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::Failure;
use super::{Api, form};
use crate::authn::token::{TokenLookup as _, authenticate as authenticate_token, parse};
use crate::authn::{Principal, mtls};

/// Where agents' routes begin.
pub(super) const AGENT_PATH: &str = "/v1/agent/";
/// The longest request is a long poll; ten seconds more are for its answer.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(POLL_WAIT.as_secs() + 10);

/// Whoever asks. Take it first in a handler.
#[derive(Clone, Debug)]
pub struct Caller(pub Principal);

/// A JSON object that denies what it does not know, in the form that the document shows.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// Query parameters; what is unknown or does not fit is told as it is of a body.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// The query of a path that takes none: every handler takes this or a [`Query`], so that a key nobody reads is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoQuery {}

/// Path parameters; one that cannot be read names nothing that is there.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// A credential, as it was shown.
enum Shown {
    /// A client certificate of an agent.
    Agent(Principal),
    /// The text of a bearer token.
    Token(String),
}

/// Turns the credential into a [`Caller`], or answers 401.
pub(super) async fn authenticate(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let principal = match shown(&request) {
        Some(Shown::Agent(principal)) => Ok(principal),
        Some(Shown::Token(text)) => bearer(&api, &text).await,
        None => Err(Failure::Unauthenticated),
    };
    match principal {
        Ok(principal) => request.extensions_mut().insert(Caller(principal)),
        Err(failure) => return failure.into_response(),
    };
    match tokio::time::timeout(REQUEST_TIME_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => Failure::Unavailable.into_response(),
    }
}

/// On an agent's routes the client certificate first, elsewhere the token; either alone is enough to be somebody.
fn shown(request: &Request) -> Option<Shown> {
    let peer = request.extensions().get::<Peer>();
    let agent = peer.and_then(|peer| match mtls::authenticate(peer) {
        Ok(principal) => Some(principal),
        Err(mtls::MtlsError::Absent) => None,
        Err(error) => {
            tracing::warn!(%error, peer = %peer.address, "a client certificate of our authority is no agent's");
            None
        }
    });
    let header = request.headers().get(AUTHORIZATION);
    let token = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match (agent, token) {
        (Some(agent), _) if request.uri().path().starts_with(AGENT_PATH) => Some(Shown::Agent(agent)),
        (_, Some(token)) => Some(Shown::Token(token.to_owned())),
        (Some(agent), None) if header.is_none() => Some(Shown::Agent(agent)),
        _ => None,
    }
}

async fn bearer(api: &Api, text: &str) -> Result<Principal, Failure> {
    let (id, secret) = parse(text).ok_or(Failure::Unauthenticated)?;
    let id = id.to_owned();
    let stored = api.store.read(move |view| view.token_find(&id)).await?;
    stored.and_then(|stored| authenticate_token(stored, secret, api.clock.wall_ms())).ok_or(Failure::Unauthenticated)
}

/// A tenant's name from a request; what is no name is no tenant.
///
/// # Errors
/// [`Failure::NotFound`].
pub fn tenant(text: &str) -> Result<TenantName, Failure> {
    text.parse().map_err(|_| Failure::NotFound)
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or(Failure::Unauthenticated)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Serialize> FromRequest<S> for Json<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let body = body(request, state).await?;
        let sent: serde_json::Value = serde_json::from_slice(&body)
            .map_err(|error| Failure::Malformed(format!("the body is not JSON: {error}")))?;
        // JSON, with a field, a word or a form that is none of this path's. Read from the bytes, so that a field that
        // comes twice is told.
        let unfit = |error: serde_json::Error| Failure::Unprocessable(error.to_string());
        let wanted: T = serde_json::from_slice(&body).map_err(unfit)?;
        let written = serde_json::to_value(&wanted).map_err(unfit)?;
        form::check(&sent, &written).map_err(Failure::Unprocessable)?;
        Ok(Self(wanted))
    }
}

/// The body within the path's limit.
pub(super) async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Failure> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let status = rejection.into_response().status();
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            Failure::TooLarge
        } else {
            Failure::Malformed("the body broke off".to_owned())
        }
    })
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = AxumQuery::<T>::from_request_parts(parts, state).await;
        query.map(|AxumQuery(query)| Self(query)).map_err(|rejection| Failure::Unprocessable(rejection.body_text()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Query::from_request_parts(parts, state).await.map(|Query(none)| none)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = AxumPath::<T>::from_request_parts(parts, state).await;
        path.map(|AxumPath(path)| Self(path)).map_err(|_| Failure::NotFound)
    }
}
