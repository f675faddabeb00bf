//! A check's runs as readers see them: counts over all of its nodes, and how long runs took. Pure; `http/checks` brings
//! the counts.

use std::collections::BTreeMap;

use api::http::check::Runs;

use crate::instant::rfc3339;
use crate::store::batch::Counts;

/// Bucket b of a sketch ends at 1.1^b milliseconds, as `api::frame::RollUp` has it.
const BUCKET_RATIO: f64 = 1.1;

/// The document of counts that begin at `since_ms` (milliseconds since 1970 UTC).
pub fn runs(counts: &Counts, since_ms: i64) -> Runs {
    let words = |(word, count): (&str, &u64)| (word.to_owned(), *count);
    Runs {
        since: rfc3339(since_ms),
        total: counts.runs,
        by_status: counts.by_status.iter().map(|(status, count)| words((status.as_str(), count))).collect(),
        by_reason: counts.by_reason.iter().map(|(reason, count)| words((reason.as_str(), count))).collect(),
        duration_ms_p50: quantile(&counts.sketch, 0.5),
        duration_ms_p95: quantile(&counts.sketch, 0.95),
    }
}

/// The upper end of the bucket that holds a share of all runs, in milliseconds; none when nothing ran.
fn quantile(sketch: &BTreeMap<i16, u64>, share: f64) -> Option<f64> {
    let total: u64 = sketch.values().sum();
    let wanted = (share * total as f64).ceil();
    let mut seen = 0;
    let reached = sketch.iter().find(|(_, count)| {
        seen += *count;
        seen as f64 >= wanted
    });
    reached.map(|(bucket, _)| BUCKET_RATIO.powi(i32::from(*bucket)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_end_of_its_bucket() {
        let sketch = [(0, 90), (10, 9), (20, 1)].into();
        let at = |bucket: i32| Some(1.1_f64.powi(bucket));
        assert_eq!((quantile(&sketch, 0.5), quantile(&sketch, 0.95), quantile(&sketch, 1.0)), (at(0), at(10), at(20)));
        assert_eq!(quantile(&BTreeMap::new(), 0.5), None);
    }
}
