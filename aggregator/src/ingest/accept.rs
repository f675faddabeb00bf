//! Whether and how a frame is taken, pure: the span and the hash chain against the mark, each record against the
//! agent's placements and the leases. Called by `http/frames` with what the store says; the store takes the result
//! only while the mark stands where it stood.

use std::collections::{BTreeMap, BTreeSet};

use api::frame::{Ack, Body, Conflict, Frame, Record, Rejected, RejectedCode, RollUp, chain, codec};
use api::id::{CheckId, Digest, TenantName};
use api::limits::{RECORD_BYTES_MAX, TEXT_BYTES_MAX, cut};
use api::result::Status;

use super::finite::finite;
use crate::authn::AgentKey;
use crate::placement::lease::Tenure;
use crate::store::batch::{Accepted, Counts, LastRun, Mark, Owner, Write};

/// What is known of the agent when its frame comes.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The mark of the frame's epoch.
    pub mark: Option<Mark>,
    /// Checks placed on the node now or within the last two days, with their owners.
    pub placements: BTreeMap<CheckId, Option<TenantName>>,
    /// Digests of the components that checks placed on the node use; none while no catalogue is known.
    pub plugins: Option<BTreeSet<Digest>>,
    /// How the agent stands to the leases of mutating checks.
    pub leases: BTreeMap<CheckId, Tenure>,
}

/// What becomes of a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// Store this, then answer.
    Take {
        /// What to store.
        batch: Box<Accepted>,
        /// The answer once it is stored.
        ack: Ack,
        /// Records that are taken.
        accepted: u64,
        /// Records that were taken before already.
        repeated: u64,
        /// Sequence numbers that are declared dropped.
        dropped: u64,
    },
    /// All of it is known: answer at once.
    Repeated {
        /// The answer.
        ack: Ack,
        /// Records that were taken before already.
        repeated: u64,
    },
    /// It does not go on where the mark stands.
    Conflict(Conflict),
    /// It says nothing of a sequence number within its own span.
    Uncovered(u64),
}

/// Judges a frame that came at `received_at_ms` (milliseconds since 1970 UTC).
pub fn judge(agent: &AgentKey, frame: Frame, known: &Known, received_at_ms: i64) -> Judged {
    let links = match chain::links(&frame) {
        Ok(links) => links,
        Err(uncovered) => return Judged::Uncovered(uncovered.expected),
    };
    let mark = known.mark.unwrap_or(Mark { through: 0, chain: chain::start(&frame.epoch) });
    let epoch = frame.epoch;
    if frame.first_seq > mark.through + 1 {
        return Judged::Conflict(Conflict::Gap { epoch, expected: mark.through + 1 });
    }
    // Where the frame names the chain at the mark, it must be the one we have. It does not when the mark lies inside a
    // span that was dropped, or beyond the frame.
    let at_mark = links.iter().find(|(seq, _)| *seq == mark.through);
    if at_mark.is_some_and(|(_, chain)| *chain != mark.chain) {
        return Judged::Conflict(Conflict::Fork);
    }
    let after = match links.last() {
        Some((through, chain)) if *through > mark.through => Mark { through: *through, chain: *chain },
        // Of what lies below the mark no chain is known, so a copied or restored spool could not be told from ours. The
        // agent begins where it can be, and shows whose history it has.
        Some((through, _)) if *through < mark.through => {
            return Judged::Conflict(Conflict::Gap { epoch, expected: mark.through + 1 });
        }
        _ => {
            let ack = Ack { epoch, through: mark.through, rejected: vec![] };
            return Judged::Repeated { ack, repeated: frame.records.len() as u64 };
        }
    };
    let dropped = frame.dropped.iter().map(|span| new_in(span.first, span.last, mark.through)).sum();
    let (fresh, repeated): (Vec<_>, Vec<_>) = frame.records.into_iter().partition(|record| record.seq > mark.through);
    let mut writes = Vec::with_capacity(fresh.len());
    let mut rejected = vec![];
    let mut accepted = 0;
    for record in fresh {
        let seq = record.seq;
        match take(record, known, received_at_ms) {
            Ok((before, write)) => {
                accepted += 1;
                writes.extend(before.into_iter().chain([write]));
            }
            Err(code) => rejected.push(Rejected { seq, code }),
        }
    }
    let batch = Accepted { agent: agent.clone(), epoch, before: known.mark, after, received_at_ms, writes };
    let ack = Ack { epoch, through: after.through, rejected };
    Judged::Take { batch: Box::new(batch), ack, accepted, repeated: repeated.len() as u64, dropped }
}

/// Sequence numbers of a span that lie beyond the mark.
fn new_in(first: u64, last: u64, through: u64) -> u64 {
    last.saturating_add(1).saturating_sub(first.max(through + 1))
}

/// One record, after what it ends; or why it is not taken.
fn take(record: Record, known: &Known, received_at_ms: i64) -> Result<(Option<Write>, Write), RejectedCode> {
    let bytes = codec::encode(&record).map_err(|_| RejectedCode::TooLarge)?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(RejectedCode::TooLarge);
    }
    let Record { seq, check_id, age_ms, lease, body } = record;
    let at_ms = instant(received_at_ms, age_ms);
    let body = match body {
        Body::PluginStatus(mut status) => {
            // Else an agent could fill the store with components that nobody has.
            if known.plugins.as_ref().is_some_and(|plugins| !plugins.contains(&status.digest)) {
                return Err(RejectedCode::Foreign);
            }
            status.message = status.message.map(|message| cut(&message, TEXT_BYTES_MAX).to_owned());
            return Ok((None, Write::Plugin { at_ms, status }));
        }
        other => other,
    };
    let owner =
        check_id.and_then(|check| known.placements.get(&check).map(|tenant| Owner { tenant: tenant.clone(), check }));
    let owner = owner.ok_or(RejectedCode::Foreign)?;
    let tenure = known.leases.get(&owner.check).copied();
    if lease.zip(tenure).is_some_and(|(token, tenure)| token < tenure.token_min) {
        return Err(RejectedCode::Fenced);
    }
    let write = match body {
        Body::Transition(transition) => {
            // The agent's first result of the check since its start or since the check changed: whoever opened a
            // problem before is gone and never closes it. One that holds is opened again by a record that follows.
            let ended = transition.from.is_none().then(|| Write::Problem { owner: owner.clone(), open: false });
            let result = Box::new(finite(transition.result));
            return Ok((ended, Write::Result { owner, seq, run_at_ms: at_ms, result }));
        }
        Body::Failure(failure) => {
            Write::Result { owner, seq, run_at_ms: at_ms, result: Box::new(finite(failure.result)) }
        }
        Body::RollUp(roll_up) => counts(owner, roll_up, tenure, received_at_ms),
        Body::Problem(problem) => Write::Problem { owner, open: problem.open },
        Body::Ledger(note) => Write::Ledger { owner, at_ms, note },
        Body::PluginStatus(_) => return Err(RejectedCode::Foreign),
    };
    Ok((None, write))
}

/// A roll-up carries no lease. Its runs happened and count; but the last known of a check whose lease another agent has
/// is the other's to tell, unless it is that nothing was run.
fn counts(owner: Owner, roll_up: RollUp, tenure: Option<Tenure>, received_at_ms: i64) -> Write {
    let RollUp {
        to_age_ms, runs, by_status, by_reason, sketch, last_status, last_reason, last_age_ms, evidence, ..
    } = roll_up;
    let tells = last_status == Status::Skipped || tenure.is_none_or(|tenure| tenure.holds);
    Write::Counts {
        owner,
        minute: instant(received_at_ms, to_age_ms).div_euclid(60_000),
        counts: Counts { runs, by_status, by_reason, sketch },
        last: tells.then(|| LastRun {
            run_at_ms: instant(received_at_ms, last_age_ms),
            status: last_status,
            reason: last_reason,
            evidence,
        }),
    }
}

/// Received − age: the agent's own wall clock does not count.
fn instant(received_at_ms: i64, age_ms: u64) -> i64 {
    received_at_ms.saturating_sub(i64::try_from(age_ms).unwrap_or(i64::MAX))
}

/// The chain after a whole frame, for a test that goes on from it.
#[cfg(test)]
pub(crate) fn chain_after(frame: &Frame) -> api::frame::Chain {
    chain::links(frame).expect("covered").last().expect("has the first link").1
}

#[cfg(test)]
mod tests;
