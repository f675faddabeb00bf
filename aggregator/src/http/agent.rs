//! Shell: what agents ask for: assignments (long poll), components, secrets, leases. Everything is for the node of the
//! client certificate; what is not assigned to it is not there.

use std::time::Duration;

use api::frame::{Assignments, LeaseAnswer, LeaseRequest, Secrets, codec};
use api::id::Digest;
use api::limits::POLL_WAIT;
use api::quantity::Span;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use process::supervise::{blocking, chain};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::error::{Failure, broken};
use super::extract::{Caller, NoQuery, Path, Query, body};
use crate::authz::{AgentScope, PlatformScope, allow_agent};
use crate::placement::agents::Arrival;
use crate::placement::lease::{Ask, Verdict, answer};
use crate::secret::share;
use crate::store::StoreError;
use crate::store::lease::{LeaseRead as _, StoredLease};

/// Media type of everything but frames.
const MESSAGE_PACK: &str = "application/msgpack";

/// A grant races only with one whose asker left before it was stored: the store has it then, the memory does not. The
/// second look knows it; nobody else grants meanwhile.
const LEASE_TRIES_MAX: usize = 2;

/// The routes of this group.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(assignments))
        .routes(routes!(plugin))
        .routes(routes!(secrets))
        .routes(routes!(lease))
}

/// The agent that asks; that it asks is noted.
pub(super) fn agent(api: &Api, caller: &Caller) -> Result<AgentScope, Failure> {
    let scope = allow_agent(&caller.0)?;
    let arrival = api.placement.agents().hear(scope.key(), api.clock.wall_ms(), api.clock.boot());
    if arrival == Arrival::New {
        tracing::info!(agent = %scope.key(), "agent heard");
        api.placement.nudge();
    }
    Ok(scope)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wait {
    /// How long to wait for another version than `If-None-Match`, such as `30s`.
    wait: Option<String>,
}

/// Everything assigned to the agent's node; a long poll by its `ETag`.
#[utoipa::path(get, path = "/v1/agent/assignments", tag = "agent", params(Wait), responses(
    (status = 200, description = "Assignments", content_type = "application/msgpack", body = Vec<u8>),
    (status = 304, description = "Nothing changed meanwhile")))]
pub(super) async fn assignments(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Query(Wait { wait }): Query<Wait>,
) -> Result<Response, Failure> {
    let scope = agent(&api, &caller)?;
    let wait = match wait.as_deref().map(str::parse::<Span>) {
        None => Duration::ZERO,
        Some(Ok(Span(wait))) => wait.min(POLL_WAIT),
        Some(Err(error)) => return Err(Failure::Malformed(format!("wait: {error}"))),
    };
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).map(|tag| tag.trim_matches('"'));
    let mut plan = api.placement.plan();
    let deadline = tokio::time::sleep(wait);
    tokio::pin!(deadline);
    loop {
        if plan.borrow_and_update().catalogue.version.is_empty() {
            // Before the first catalogue nobody knows what is assigned; the agent goes on with what it kept.
            return Err(Failure::Unavailable);
        }
        let assigned = plan.borrow_and_update().assignments(scope.key());
        if known != Some(assigned.etag.as_str()) {
            return answer_assignments(&assigned);
        }
        tokio::select! {
            Ok(()) = plan.changed() => {}
            () = &mut deadline => return Ok(StatusCode::NOT_MODIFIED.into_response()),
            () = api.stopping.cancelled() => return Ok(StatusCode::NOT_MODIFIED.into_response()),
        }
    }
}

fn answer_assignments(assigned: &Assignments) -> Result<Response, Failure> {
    let tag = format!("\"{}\"", assigned.etag);
    let message = packed(assigned)?;
    Ok(([(ETAG, tag)], message).into_response())
}

/// A component that is assigned to the agent's node.
#[utoipa::path(get, path = "/v1/agent/plugins/{sha256}", tag = "agent",
    params(("sha256" = String, Path, description = "64 hex digits")), responses(
    (status = 200, description = "The component", content_type = "application/wasm", body = Vec<u8>)))]
pub(super) async fn plugin(
    State(api): State<Api>,
    caller: Caller,
    Path(sha256): Path<String>,
    _: NoQuery,
) -> Result<Response, Failure> {
    let scope = agent(&api, &caller)?;
    let digest: Digest = format!("sha256:{sha256}").parse().map_err(|_| Failure::NotFound)?;
    let assigned = api.plan()?.checks_on(scope.key()).any(|check| check.plugin.digest == digest);
    if !assigned {
        return Err(Failure::NotFound);
    }
    let blobs = api.blobs.clone();
    let read = blocking("component read", move || blobs.read(&digest)).await;
    match read {
        Ok(Ok(bytes)) => Ok(([(CONTENT_TYPE, "application/wasm")], Body::from(bytes)).into_response()),
        Ok(Err(error)) => {
            tracing::error!(error = %chain(&error), "an assigned component is not to be had");
            Err(Failure::Unavailable)
        }
        Err(panic) => Err(broken("component read", &panic)),
    }
}

/// Values of the secrets that the node's checks use.
#[utoipa::path(get, path = "/v1/agent/secrets", tag = "agent", responses(
    (status = 200, description = "Secrets", content_type = "application/msgpack", body = Vec<u8>)))]
pub(super) async fn secrets(State(api): State<Api>, caller: Caller, _: NoQuery) -> Result<Response, Failure> {
    let scope = agent(&api, &caller)?;
    let shares = share::of_agent(&*api.plan()?, scope.key());
    let secrets = api.secrets.values(shares).await.map_err(|panic| broken("secret values", &panic))?;
    packed(&Secrets { secrets })
}

/// Asks for the lease of a mutating check.
#[utoipa::path(post, path = "/v1/agent/leases", tag = "agent",
    request_body(content = Vec<u8>, content_type = "application/msgpack"), responses(
    (status = 200, description = "Granted or held by another", content_type = "application/msgpack", body = Vec<u8>)))]
pub(super) async fn lease(
    State(api): State<Api>,
    caller: Caller,
    _: NoQuery,
    request: Request,
) -> Result<Response, Failure> {
    let scope = agent(&api, &caller)?;
    let LeaseRequest { check_id } =
        codec::decode(&body(request, &api).await?).map_err(|error| Failure::Malformed(chain(&error)))?;
    let (tenant, timeout) = {
        let plan = api.plan()?;
        let check = plan.checks_on(scope.key()).find(|check| check.id == check_id);
        let check = check.filter(|check| check.manifest.spec.mutating).ok_or(Failure::NotFound)?;
        (check.tenant.clone(), check.manifest.spec.timeout.0)
    };
    let mut leases = api.leases.lock().await;
    let ask = Ask { agent: scope.key(), check: check_id, tenant: tenant.as_ref(), timeout };
    for _ in 0..LEASE_TRIES_MAX {
        let verdict = leases.ask(&ask, api.clock.boot());
        if let Verdict::Grant(granted) = &verdict {
            match store_lease(&api, granted.clone()).await {
                Ok(()) => leases.learn([granted.clone()], api.clock.boot()),
                Err(StoreError::Raced) => {
                    let stored = api.store.read(|view| view.leases(&PlatformScope::system("lease"))).await?;
                    leases.learn(stored, api.clock.boot());
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        }
        return packed::<LeaseAnswer>(&answer(&verdict));
    }
    Err(Failure::Unavailable)
}

async fn store_lease(api: &Api, granted: StoredLease) -> Result<(), StoreError> {
    api.store.upkeep(move |tx| tx.lease_grant(&granted)).await
}

/// A MessagePack answer.
pub(super) fn packed<T: Serialize>(message: &T) -> Result<Response, Failure> {
    let bytes = codec::encode(message).map_err(|error| broken("answer", &error))?;
    Ok(([(CONTENT_TYPE, MESSAGE_PACK)], bytes).into_response())
}
