//! One write for what would be written over again within a batch: of a check's last known run the last, its counts of
//! a minute as their sum, its problem as it stands at the end. Called by `accept` for each batch. Pure.

use std::collections::BTreeMap;

use api::id::CheckId;

use crate::store::batch::{Counts, LastRun, Owner, Write};

/// The same rows by fewer writes. Everything else stays as it is, in its order.
pub(super) fn merge(writes: Vec<Write>) -> Vec<Write> {
    let mut lasts: BTreeMap<CheckId, (Owner, LastRun)> = BTreeMap::new();
    let mut sums: BTreeMap<(CheckId, i64), (Owner, Counts)> = BTreeMap::new();
    let mut problems: BTreeMap<CheckId, (Owner, bool)> = BTreeMap::new();
    let mut merged = Vec::with_capacity(writes.len());
    for write in writes {
        match write {
            Write::Last { owner, last } => {
                let last = match lasts.remove(&owner.check) {
                    Some((_, before)) => before.followed_by(last),
                    None => last,
                };
                lasts.insert(owner.check, (owner, last));
            }
            Write::Counts { owner, minute, counts } => {
                let sum = sums.entry((owner.check, minute)).or_insert_with(|| (owner, Counts::default()));
                sum.1.add(&counts);
            }
            Write::Problem { owner, open } => drop(problems.insert(owner.check, (owner, open))),
            other => merged.push(other),
        }
    }
    merged.extend(lasts.into_values().map(|(owner, last)| Write::Last { owner, last }));
    merged.extend(sums.into_iter().map(|((_, minute), (owner, counts))| Write::Counts { owner, minute, counts }));
    merged.extend(problems.into_values().map(|(owner, open)| Write::Problem { owner, open }));
    merged
}

#[cfg(test)]
mod tests {
    use api::frame::{LedgerNote, LedgerState};
    use api::result::Status;

    use super::*;
    use crate::placement::plan::tests::check_id;
    use crate::store::batch::Words;

    fn owner(name: &str) -> Owner {
        Owner { tenant: Some("acme".parse().expect("a label")), check: check_id("acme-prod", name) }
    }

    fn last(name: &str, run_at_ms: i64, status: Status, words: Option<&str>) -> Write {
        let told = |text: &str| Words::Told { summary: Some(text.to_owned()), failed_step: None };
        let words = words.map_or(Words::AsKnown, told);
        Write::Last { owner: owner(name), last: LastRun { run_at_ms, status, reason: None, words, evidence: vec![] } }
    }

    #[test]
    fn of_each_check_the_last_run_stands_with_the_words_that_hold() {
        let writes = vec![
            last("a", 1, Status::Fail, Some("broken")),
            last("b", 1, Status::Fail, Some("broken too")),
            last("a", 2, Status::Fail, None),
            last("b", 2, Status::Pass, None),
            last("c", 1, Status::Pass, None),
        ];
        let mut merged = merge(writes);
        merged.sort_by_key(|write| match write {
            Write::Last { owner, .. } => {
                ["a", "b", "c"].iter().position(|name| owner.check == check_id("acme-prod", name))
            }
            _ => None,
        });
        let silent = Words::Told { summary: None, failed_step: None };
        let Write::Last { last: second, .. } = &merged[1] else { panic!("{merged:?}") };
        assert_eq!((second.status, &second.words), (Status::Pass, &silent), "another status, other words");
        assert_eq!(merged[0], last("a", 2, Status::Fail, Some("broken")), "the same status keeps its words");
        assert_eq!(merged[2], last("c", 1, Status::Pass, None), "what the store knows is not known here");
    }

    #[test]
    fn counts_of_a_minute_are_summed_and_a_problem_is_as_it_ends() {
        let counts = |minute, runs| Write::Counts {
            owner: owner("a"),
            minute,
            counts: Counts { runs, by_status: [(Status::Pass, runs)].into(), ..Counts::default() },
        };
        let problem = |open| Write::Problem { owner: owner("a"), open };
        let ledger = |at_ms| {
            let (kind, key, state) = ("sale.order".to_owned(), "S1".to_owned(), LedgerState::Intent);
            Write::Ledger { owner: owner("a"), at_ms, note: LedgerNote { kind, key, id: None, state } }
        };
        let merged =
            merge(vec![ledger(1), counts(7, 2), problem(true), counts(8, 1), counts(7, 3), problem(false), ledger(2)]);
        assert_eq!(merged, [ledger(1), ledger(2), counts(7, 5), counts(8, 1), problem(false)]);
    }
}
