//! `http`: requests of a guest, judged, sent and reported by the host. This module is the call itself: budgets and the
//! answer in the contract's words. `ask` reads a request, `fetch` sends it, `redirect` says where it goes next, `body`
//! reads what comes back; `trail::exchanges` keeps what was seen of it.

mod ask;
mod body;
mod fetch;
mod redirect;

use std::sync::atomic::AtomicU64;

use api::limits::RunLimits;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;

use crate::bindings::wit::http;
use crate::bindings::wit::types::HostError;
use crate::net::Failure;
use crate::outcome::HostReason;
use crate::state::{RunState, host_error};
use fetch::{Answer, HEAD_BYTES_MAX, Way};

/// Requests of one `fetch-many` on the wire at once.
const AT_ONCE_MAX: usize = 8;
/// Bodies that one `fetch-many` may bring, in limits of a single body: they are all in memory until it returns.
const BODIES_AT_ONCE_MAX: u64 = 4;
/// One connection: a head's buffer each way, and a TLS record each way in both forms.
const CONNECTION_BYTES: u64 = 256 << 10;
/// Of one request until its call returns: the answer's head, as it came and as the guest gets it, and the report with the
/// names of a certificate.
const REQUEST_BYTES: u64 = 2 * HEAD_BYTES_MAX as u64 + (32 << 10);

/// The most that one run's requests hold in the host. A body that grows is copied, so it counts twice.
pub(crate) const fn held_bytes(limits: &RunLimits) -> u64 {
    AT_ONCE_MAX as u64 * CONNECTION_BYTES
        + 2 * BODIES_AT_ONCE_MAX * limits.body_bytes
        + limits.requests as u64 * REQUEST_BYTES
}

impl http::Host for RunState {
    async fn fetch(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, HostError>> {
        self.budget.begin("http.fetch")?;
        let mut answers = Box::pin(self.exchange(vec![request])).await;
        let answer = answers.pop().unwrap_or_else(|| Err(quota(self.call.limits.requests)));
        let answer = self.answer(answer);
        self.budget.end();
        Ok(answer)
    }

    async fn fetch_many(
        &mut self,
        requests: Vec<http::Request>,
    ) -> wasmtime::Result<Vec<Result<http::Response, HostError>>> {
        self.budget.begin("http.fetch-many")?;
        let answers = Box::pin(self.exchange(requests)).await;
        let answers = answers.into_iter().map(|answer| self.answer(answer)).collect();
        self.budget.end();
        Ok(answers)
    }
}

impl RunState {
    async fn exchange(&mut self, requests: Vec<http::Request>) -> Vec<Result<Answer, Failure>> {
        let limits = self.call.limits;
        // A list longer than the whole budget is refused entry by entry, without a record each.
        let kept = requests.len().min(limits.requests as usize);
        let over = requests.len() - kept;
        let (records, requests_left) = self.exchanges.add(kept, self.steps.present());
        let left = self.call.wall().saturating_sub(self.clock.elapsed());
        let bodies_left = AtomicU64::new(limits.body_bytes * BODIES_AT_ONCE_MAX);
        let way = Way {
            call: &self.call,
            dialer: &self.backends.dialer,
            requests_left,
            bodies_left: &bodies_left,
            until: fetch::until(left),
        };
        let mut sent: Vec<BoxFuture<'_, Result<Answer, Failure>>> = Vec::with_capacity(kept);
        for (record, request) in records.iter_mut().zip(requests) {
            sent.push(Box::pin(fetch::fetch(&way, request, record)));
        }
        let mut answers: Vec<_> = stream::iter(sent).buffered(AT_ONCE_MAX).collect().await;
        answers.extend((0..over).map(|_| Err(quota(limits.requests))));
        answers
    }

    fn answer(&mut self, answer: Result<Answer, Failure>) -> Result<http::Response, HostError> {
        match answer {
            Ok(answer) => Ok(answer.into()),
            Err(Failure { denial: Some(denial), .. }) => Err(self.deny(denial)),
            Err(Failure { reason, message, denial: None }) => Err(host_error(reason, message)),
        }
    }
}

fn quota(requests_max: u32) -> Failure {
    Failure::new(HostReason::QuotaExceeded, format!("a run makes at most {requests_max} requests, redirects included"))
}
