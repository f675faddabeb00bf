//! Shell: `POST /v1/agent/frames`: unpack under limits, judge, store, and only then answer. Too many at once get 429.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::frame::{Frame, codec};
use api::id::CheckId;
use api::limits::FRAME_PACKED_BYTES_MAX;
use axum::Extension;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use futures_util::future::try_join_all;
use process::supervise::chain;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::agent::{agent, packed};
use super::error::{Failure, broken};
use super::extract::{Caller, NoQuery, body};
use crate::authn::AgentKey;
use crate::authz::AgentScope;
use crate::ingest::accept::{Judged, Known, judge};
use crate::placement::PLACEMENTS_KEPT;
use crate::placement::Plan;
use crate::store::StoreError;
use crate::store::agent::AgentRead as _;
use crate::store::placement::PlacementRead as _;

/// Frames unpacked and not yet stored: 24 of 8 MiB are 192 MiB at the very worst, and usually 24 of 1 MiB; each
/// goes to the writer in batches.
pub const FRAMES_MAX: usize = 24;
/// For a frame to come in: 1 MiB at 1 Mbit/s are 8 s. Only then does it count against [`FRAMES_MAX`].
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// Frames of one agent at a time: it sends one after the other, and a hung one beside its repetition.
const AGENT_FRAMES_MAX: u8 = 2;
/// Two frames of one epoch race only when an agent hung up and sent again; the second look sees the first one's mark.
const TRIES_MAX: usize = 3;

/// The routes of this group.
pub fn routes() -> OpenApiRouter<Api> {
    let limit = DefaultBodyLimit::max(FRAME_PACKED_BYTES_MAX);
    let turns = Extension(Turns::default());
    OpenApiRouter::new().routes(routes!(frames)).layer((limit, turns))
}

/// Frames under way, by agent.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<BTreeMap<AgentKey, u8>>>);

/// A place among its agent's frames, free again when it is dropped.
struct Turn {
    turns: Turns,
    agent: AgentKey,
}

// === impl Turns ===

impl Turns {
    /// A place; none when the agent has all of its own.
    fn take(&self, agent: &AgentKey) -> Option<Turn> {
        let mut turns = self.lock();
        let taken = turns.entry(agent.clone()).or_default();
        if *taken == AGENT_FRAMES_MAX {
            return None;
        }
        *taken += 1;
        Some(Turn { turns: self.clone(), agent: agent.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<AgentKey, u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self.turns.lock();
        match turns.get_mut(&self.agent) {
            Some(taken) if *taken > 1 => *taken -= 1,
            _ => drop(turns.remove(&self.agent)),
        }
    }
}

/// Takes a frame of records.
#[utoipa::path(post, path = "/v1/agent/frames", tag = "agent",
    request_body(content = Vec<u8>, content_type = "application/vnd.floorwalker.frame.v1+msgpack"), responses(
    (status = 200, description = "Durable up to", content_type = "application/msgpack", body = Vec<u8>),
    (status = 409, description = "An undeclared gap, or another history", content_type = "application/msgpack", body = Vec<u8>)))]
pub(super) async fn frames(
    State(api): State<Api>,
    Extension(turns): Extension<Turns>,
    caller: Caller,
    _: NoQuery,
    request: Request,
) -> Result<Response, Failure> {
    let scope = agent(&api, &caller)?;
    let _turn = turns.take(scope.key()).ok_or(Failure::Busy)?;
    let bytes = tokio::time::timeout(BODY_TIME_MAX, body(request, &api)).await.map_err(|_elapsed| Failure::Busy)??;
    let _permit = api.frames.try_acquire().map_err(|_| Failure::Busy)?;
    let received_at_ms = api.clock.wall_ms();
    let frame = match background(&api, "frame unpack", move || codec::unpack(&bytes)).await? {
        Ok(frame) => Arc::new(frame),
        Err(codec::CodecError::Packed(_) | codec::CodecError::Unpacked) => return Err(Failure::TooLarge),
        Err(error) => return Err(Failure::Malformed(chain(&error))),
    };
    for _ in 0..TRIES_MAX {
        let known = known(&api, &scope, &frame, received_at_ms).await?;
        let (agent, frame) = (scope.key().clone(), Arc::clone(&frame));
        // Thousands of records are hashed and written as JSON: tens of milliseconds that no other request waits for.
        let judged = background(&api, "frame judge", move || judge(&agent, &frame, &known, received_at_ms)).await?;
        match store(&api, judged).await {
            Err(StoreError::Raced) => {}
            Err(error) => return Err(error.into()),
            Ok(answer) => return answer,
        }
    }
    Err(Failure::Busy)
}

/// Work of the processor alone, below what people ask.
async fn background<T: Send + 'static>(
    api: &Api,
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    api.background.run(name, work).await.map_err(|panic| broken(name, &panic))
}

/// What is known of the agent now.
async fn known(api: &Api, scope: &AgentScope, frame: &Frame, received_at_ms: i64) -> Result<Known, Failure> {
    let (owned, epoch) = (scope.clone(), frame.epoch);
    let since_ms = received_at_ms - i64::try_from(PLACEMENTS_KEPT.as_millis()).unwrap_or(i64::MAX);
    let read =
        api.store.read(move |view| Ok((view.spool_mark(&owned, &epoch)?, view.placements_of(&owned, since_ms)?)));
    let (mark, placements) = read.await?;
    // A check that is no longer mutating has no lease that counts. What is not in the catalogue is asked by its lease.
    let plan = api.placement.current();
    let is_mutating = |id: &CheckId| {
        let check = plan.as_ref().and_then(|plan| plan.catalogue.checks.get(id));
        check.is_none_or(|check| check.manifest.spec.mutating)
    };
    let checks: BTreeSet<CheckId> = frame.records.iter().filter_map(|record| record.check_id).collect();
    let held = api.leases.lock().await;
    let tenure = |check: CheckId| Some((check, held.tenure(check, scope.key())?));
    let leases = checks.into_iter().filter(is_mutating).filter_map(tenure).collect::<BTreeMap<_, _>>();
    drop(held);
    let needed = |plan: &Arc<Plan>| plan.checks_on(scope.key()).map(|check| check.plugin.digest.clone()).collect();
    let plugins = plan.as_ref().map(needed);
    Ok(Known { mark, placements: placements.into_iter().collect(), plugins, leases })
}

/// Stores what is to be stored, counts, and makes the answer.
async fn store(api: &Api, judged: Judged) -> Result<Result<Response, Failure>, StoreError> {
    match judged {
        Judged::Take { batches, ack, accepted, repeated, dropped } => {
            // All are handed in at once, in order; where one fails, the mark lets none after it through.
            let stored = batches.into_iter().map(|batch| api.store.batch(move |tx| tx.frame_store(&batch)));
            try_join_all(stored).await?;
            api.ingest.count("accepted", accepted);
            api.ingest.count("repeated", repeated);
            api.ingest.count("dropped", dropped);
            for rejected in &ack.rejected {
                api.ingest.count(rejected.code.as_str(), 1);
            }
            Ok(packed(&ack))
        }
        Judged::Repeated { ack, repeated } => {
            api.ingest.count("repeated", repeated);
            Ok(packed(&ack))
        }
        Judged::Conflict(conflict) => {
            Ok(packed(&conflict).map(|answer| (StatusCode::CONFLICT, answer).into_response()))
        }
        Judged::Uncovered(expected) => {
            let detail = format!("the frame says nothing of sequence number {expected} within its span");
            Ok(Err(Failure::Malformed(detail)))
        }
    }
}
