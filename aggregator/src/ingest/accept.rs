//! Whether and how a frame is taken, pure: the span and the hash chain against the mark, each record against the
//! agent's placements and the leases. Called by `http/frames` with what the store says; the store takes the result
//! only while the mark stands where it stood.

use std::collections::{BTreeMap, BTreeSet};

use api::frame::{Ack, Body, Conflict, Frame, PluginStatus, Record, Rejected, RejectedCode, RollUp, chain, codec};
use api::id::{CheckId, Digest, TenantName};
use api::limits::{RECORD_BYTES_MAX, TEXT_BYTES_MAX, cut};
use api::result::{CheckResult, Status};

use super::finite::finite;
use super::merge::merge;
use crate::authn::AgentKey;
use crate::placement::lease::Tenure;
use crate::store::batch::{Accepted, Counts, LastRun, Mark, Owner, Words, Write};
use crate::store::chunk::{Chunk, Kept};

/// Records in one batch: what a chunk of results packs together, and what is unpacked to read one of them.
const BATCH_RECORDS: usize = 256;

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
    /// Store these in order, then answer.
    Take {
        /// What to store: one batch after the other, each where the one before ends.
        batches: Vec<Accepted>,
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
pub fn judge(agent: &AgentKey, frame: &Frame, known: &Known, received_at_ms: i64) -> Judged {
    let links = match chain::links(frame) {
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
    let fresh: Vec<&Record> = frame.records.iter().filter(|record| record.seq > mark.through).collect();
    let (taken, repeated) = (fresh.len() as u64, (frame.records.len() - fresh.len()) as u64);
    let mut rejected = vec![];
    let mut batches: Vec<Accepted> = vec![];
    let mut before = known.mark;
    let mut links = links.iter();
    for part in fresh.chunks(BATCH_RECORDS) {
        let (mut kept, mut writes) = (vec![], Vec::with_capacity(part.len()));
        for record in part {
            if let Err(code) = take(record, known, received_at_ms, (&mut kept, &mut writes)) {
                rejected.push(Rejected { seq: record.seq, code });
            }
        }
        let end = part.last().and_then(|last| links.find(|(seq, _)| *seq == last.seq));
        let end = end.map(|&(through, chain)| Mark { through, chain }).expect("each record has its link, in order");
        batches.push(Accepted {
            agent: agent.clone(),
            epoch,
            before,
            after: end,
            received_at_ms,
            writes: Chunk::pack(&kept).into_iter().map(Write::Results).chain(merge(writes)).collect(),
        });
        before = Some(end);
    }
    match batches.last_mut() {
        // What is dropped at the end is stepped over with what came before it.
        Some(last) => last.after = after,
        None => {
            let writes = vec![];
            batches.push(Accepted { agent: agent.clone(), epoch, before, after, received_at_ms, writes });
        }
    }
    let accepted = taken - rejected.len() as u64;
    Judged::Take { batches, ack: Ack { epoch, through: after.through, rejected }, accepted, repeated, dropped }
}

/// Sequence numbers of a span that lie beyond the mark.
fn new_in(first: u64, last: u64, through: u64) -> u64 {
    last.saturating_add(1).saturating_sub(first.max(through + 1))
}

/// Adds what one record writes, and the result that it is, after what it ends; or why it is not taken.
fn take<'a>(
    record: &'a Record,
    known: &Known,
    received_at_ms: i64,
    (kept, writes): (&mut Vec<Kept<'a>>, &mut Vec<Write>),
) -> Result<(), RejectedCode> {
    if codec::encoded_bytes(record).map_err(|_| RejectedCode::TooLarge)? > RECORD_BYTES_MAX {
        return Err(RejectedCode::TooLarge);
    }
    let at_ms = instant(received_at_ms, record.age_ms);
    if let Body::PluginStatus(status) = &record.body {
        // Else an agent could fill the store with components that nobody has.
        if known.plugins.as_ref().is_some_and(|plugins| !plugins.contains(&status.digest)) {
            return Err(RejectedCode::Foreign);
        }
        let message = status.message.as_ref().map(|message| cut(message, TEXT_BYTES_MAX).to_owned());
        writes.push(Write::Plugin { at_ms, status: PluginStatus { message, ..status.clone() } });
        return Ok(());
    }
    let owner = record
        .check_id
        .and_then(|check| known.placements.get(&check).map(|tenant| Owner { tenant: tenant.clone(), check }));
    let owner = owner.ok_or(RejectedCode::Foreign)?;
    let tenure = known.leases.get(&owner.check).copied();
    if record.lease.zip(tenure).is_some_and(|(token, tenure)| token < tenure.token_min) {
        return Err(RejectedCode::Fenced);
    }
    match &record.body {
        Body::Transition(transition) => {
            // The agent's first result of the check since its start or since the check changed: whoever opened a
            // problem before is gone and never closes it. One that holds is opened again by a record that follows.
            if transition.from.is_none() {
                writes.push(Write::Problem { owner: owner.clone(), open: false });
            }
            keep(owner, (record.seq, at_ms), &transition.result, (kept, writes));
        }
        Body::Failure(failure) => keep(owner, (record.seq, at_ms), &failure.result, (kept, writes)),
        Body::RollUp(roll_up) => counts(owner, roll_up, tenure, received_at_ms, writes),
        Body::Problem(problem) => writes.push(Write::Problem { owner, open: problem.open }),
        Body::Ledger(note) => writes.push(Write::Ledger { owner, at_ms, note: note.clone() }),
        Body::PluginStatus(_) => return Err(RejectedCode::Foreign),
    }
    Ok(())
}

/// A result is kept, and is the last known of its node.
fn keep<'a>(
    owner: Owner,
    (seq, run_at_ms): (u64, i64),
    result: &'a CheckResult,
    (kept, writes): (&mut Vec<Kept<'a>>, &mut Vec<Write>),
) {
    let result = finite(result);
    let words = Words::Told {
        summary: Some(cut(&result.summary, TEXT_BYTES_MAX).to_owned()),
        failed_step: result.failed_step().map(|step| step.name.clone()),
    };
    let CheckResult { status, reason, ref evidence, .. } = *result;
    let last = LastRun { run_at_ms, status, reason, words, evidence: evidence.clone() };
    kept.push(Kept { tenant: owner.tenant.clone(), check: owner.check, seq, run_at_ms, result });
    writes.push(Write::Last { owner, last });
}

/// What a batch with one result writes, for a test that hands it to the store.
#[cfg(test)]
pub(crate) fn of_result(owner: Owner, seq: u64, run_at_ms: i64, result: &CheckResult) -> Vec<Write> {
    let (mut kept, mut writes) = (vec![], vec![]);
    keep(owner, (seq, run_at_ms), result, (&mut kept, &mut writes));
    Chunk::pack(&kept).into_iter().map(Write::Results).chain(writes).collect()
}

/// A roll-up carries no lease. Its runs happened and count; but the last known of a check whose lease another agent has
/// is the other's to tell, unless it is that nothing was run.
fn counts(owner: Owner, roll_up: &RollUp, tenure: Option<Tenure>, received_at_ms: i64, writes: &mut Vec<Write>) {
    let minute = instant(received_at_ms, roll_up.to_age_ms).div_euclid(60_000);
    let counts = Counts {
        runs: roll_up.runs,
        by_status: roll_up.by_status.clone(),
        by_reason: roll_up.by_reason.clone(),
        sketch: roll_up.sketch.clone(),
    };
    writes.push(Write::Counts { owner: owner.clone(), minute, counts });
    if roll_up.last_status == Status::Skipped || tenure.is_none_or(|tenure| tenure.holds) {
        let last = LastRun {
            run_at_ms: instant(received_at_ms, roll_up.last_age_ms),
            status: roll_up.last_status,
            reason: roll_up.last_reason,
            words: Words::AsKnown,
            evidence: roll_up.evidence.clone(),
        };
        writes.push(Write::Last { owner, last });
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
