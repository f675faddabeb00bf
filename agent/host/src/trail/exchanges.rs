//! The requests of a run, each with its hops on the wire, and the budget they take from.

use std::sync::atomic::AtomicU32;

use api::limits::RunLimits;

use crate::outcome::{HostReason, RequestError, RequestReport};

/// What a run's requests came to, and what it has left to ask.
pub(crate) struct Exchanges {
    all: Vec<Exchange>,
    requests_left: AtomicU32,
    requests_max: u32,
}

/// One request of the guest: each redirect is a hop of its own.
#[derive(Default)]
pub(crate) struct Exchange {
    pub(crate) step: Option<usize>,
    pub(crate) hops: Vec<RequestReport>,
}

impl Exchanges {
    pub(crate) fn new(limits: &RunLimits) -> Self {
        Self { all: Vec::new(), requests_left: AtomicU32::new(limits.requests), requests_max: limits.requests }
    }

    /// Reports in the order asked, and how many went out. A hop without an answer or an error was cut off by the end
    /// of the run.
    pub(crate) fn into_reports(self) -> (Vec<RequestReport>, u32) {
        let sent = self.requests_max - self.requests_left.into_inner();
        let mut reports: Vec<_> = self.all.into_iter().flat_map(|exchange| exchange.hops).collect();
        for report in &mut reports {
            if report.status.is_none() && report.error.is_none() {
                let message = "the run ended before the answer came".to_owned();
                report.error = Some(RequestError { reason: HostReason::DeadlineExceeded, message });
            }
        }
        (reports, sent)
    }

    /// Records for `count` more requests, and the requests left to take from. What the budget does not allow anyhow
    /// needs no record.
    pub(crate) fn add(&mut self, count: usize, step: Option<usize>) -> (&mut [Exchange], &AtomicU32) {
        let first = self.all.len();
        self.all.extend((0..count).map(|_| Exchange { step, hops: Vec::new() }));
        (&mut self.all[first..], &self.requests_left)
    }
}
