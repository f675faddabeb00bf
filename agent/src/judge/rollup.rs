//! Counts of a check's runs over 15 s: by status, by reason, and durations in a sketch. Kept per check by `judge`,
//! emptied by its clock. It holds instants of the boot-time clock; `report` turns them into ages.

use std::collections::BTreeMap;

use api::frame::RollUp;
use api::result::{CheckResult, Evidence, Reason, Status};

/// Bucket b holds (1.1^(b-1), 1.1^b] milliseconds, so a quantile is within 5 %.
const BASE: f64 = 1.1;
/// 1.1^-48 ms is 10 µs, faster than any run; 1.1^116 ms is 63 s, slower than the longest timeout.
const BUCKETS: std::ops::RangeInclusive<i16> = -48..=116;

/// Runs since the last roll-up.
#[derive(Clone, Debug)]
pub struct Counts {
    from_boot_ms: u64,
    runs: u64,
    by_status: BTreeMap<Status, u64>,
    by_reason: BTreeMap<Reason, u64>,
    sketch: BTreeMap<i16, u64>,
    last: Option<Last>,
}

#[derive(Clone, Debug)]
struct Last {
    status: Status,
    reason: Option<Reason>,
    at_boot_ms: u64,
    evidence: Vec<Evidence>,
}

// === impl Counts ===

impl Counts {
    /// Nothing counted yet, from an instant on.
    pub fn begin(from_boot_ms: u64) -> Self {
        Self {
            from_boot_ms,
            runs: 0,
            by_status: BTreeMap::new(),
            by_reason: BTreeMap::new(),
            sketch: BTreeMap::new(),
            last: None,
        }
    }

    /// Counts a run that began at `at_boot_ms`.
    pub fn push(&mut self, result: &CheckResult, at_boot_ms: u64) {
        self.runs += 1;
        *self.by_status.entry(result.status).or_default() += 1;
        if let Some(reason) = result.reason {
            *self.by_reason.entry(reason).or_default() += 1;
        }
        if result.status != Status::Skipped {
            *self.sketch.entry(bucket(result.duration_ms)).or_default() += 1;
        }
        let evidence = result.evidence.clone();
        self.last = Some(Last { status: result.status, reason: result.reason, at_boot_ms, evidence });
    }

    /// The roll-up of what was counted, with ages as of `now_boot_ms`; none when nothing ran. Counting begins anew.
    pub fn take(&mut self, now_boot_ms: u64, version: &str) -> Option<RollUp> {
        let counted = std::mem::replace(self, Self::begin(now_boot_ms));
        let last = counted.last?;
        Some(RollUp {
            from_age_ms: now_boot_ms.saturating_sub(counted.from_boot_ms),
            to_age_ms: 0,
            runs: counted.runs,
            by_status: counted.by_status,
            by_reason: counted.by_reason,
            sketch: counted.sketch,
            last_status: last.status,
            last_reason: last.reason,
            last_age_ms: now_boot_ms.saturating_sub(last.at_boot_ms),
            evidence: last.evidence,
            version: version.to_owned(),
        })
    }
}

/// The bucket of a duration.
fn bucket(duration_ms: f64) -> i16 {
    let (low, high) = (*BUCKETS.start(), *BUCKETS.end());
    let exact = duration_ms.max(f64::MIN_POSITIVE).log(BASE).ceil();
    exact.clamp(f64::from(low), f64::from(high)) as i16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::result;

    #[test]
    fn counts_are_taken_once() {
        let mut counts = Counts::begin(1_000);
        counts.push(&result(Status::Pass, None), 2_000);
        counts.push(&result(Status::Fail, Some(Reason::HttpStatus)), 3_000);
        let roll_up = counts.take(4_000, "v1").expect("two runs");
        assert_eq!((roll_up.runs, roll_up.from_age_ms, roll_up.last_age_ms), (2, 3_000, 1_000));
        assert_eq!(roll_up.by_status, BTreeMap::from([(Status::Pass, 1), (Status::Fail, 1)]));
        assert_eq!(roll_up.by_reason, BTreeMap::from([(Reason::HttpStatus, 1)]));
        assert_eq!(roll_up.last_status, Status::Fail);
        assert_eq!(counts.take(5_000, "v1"), None);
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_durations(duration_ms in 0.02_f64..60_000.0) {
            let b = i32::from(bucket(duration_ms));
            prop_assert!(duration_ms <= BASE.powi(b) * (1.0 + 1e-9) && duration_ms > BASE.powi(b - 1) * (1.0 - 1e-9));
        }
    }

    #[test]
    fn odd_durations_have_a_bucket() {
        assert_eq!(bucket(0.0), *BUCKETS.start());
        assert_eq!(bucket(f64::NAN), *BUCKETS.start());
        assert_eq!(bucket(f64::INFINITY), *BUCKETS.end());
    }
}
