//! Brings a result within the limits of what is reported, and says what was cut. Called by `outcome`.

use api::limits::{RESULT_BYTES_MAX, STEPS_MAX, TEXT_BYTES_MAX, cut};
use api::result::CheckResult;

/// Room for the words in `cut` themselves, which are written last: five kinds of text and counts.
const CUT_WORDS_BYTES: usize = 1 << 10;
/// Words kept in `cut`; one for each part of a result.
const CUT_WORDS_MAX: usize = 8;

/// The result with every text and the whole within its limit.
pub(super) fn within_limits(mut result: CheckResult) -> CheckResult {
    result.cut.truncate(CUT_WORDS_MAX);
    texts(&mut result);
    if result.steps.len() > STEPS_MAX {
        result.cut.push(format!("steps: {} of {}", STEPS_MAX, result.steps.len()));
        result.steps.truncate(STEPS_MAX);
    }
    let over = size(&result).saturating_sub(RESULT_BYTES_MAX - CUT_WORDS_BYTES);
    if over > 0 {
        // Evidence decides releases and comes last; findings are the usual bulk and come first.
        let over = shorten(&mut result.findings, over, "findings", &mut result.cut);
        let over = shorten(&mut result.measurements, over, "measurements", &mut result.cut);
        let over = shorten(&mut result.steps, over, "steps", &mut result.cut);
        shorten(&mut result.evidence, over, "evidence", &mut result.cut);
    }
    result
}

fn texts(result: &mut CheckResult) {
    let mut long = 0;
    let mut shorten = |text: &mut String| {
        if text.len() > TEXT_BYTES_MAX {
            *text = cut(text, TEXT_BYTES_MAX).to_owned();
            long += 1;
        }
    };
    shorten(&mut result.summary);
    result.cut.iter_mut().for_each(&mut shorten);
    for step in &mut result.steps {
        shorten(&mut step.name);
        step.message.as_mut().map(&mut shorten);
    }
    for measurement in &mut result.measurements {
        shorten(&mut measurement.name);
        shorten(&mut measurement.unit);
    }
    for finding in &mut result.findings {
        shorten(&mut finding.subject);
        shorten(&mut finding.expected);
        shorten(&mut finding.actual);
    }
    for seen in &mut result.evidence {
        shorten(&mut seen.kind);
        shorten(&mut seen.subject);
        shorten(&mut seen.observed_at);
        seen.attributes.values_mut().for_each(&mut shorten);
    }
    if long > 0 {
        result.cut.push(format!("{long} texts at {TEXT_BYTES_MAX} bytes"));
    }
}

/// Drops items from the end until `over` bytes are saved; gives what is still over.
fn shorten<T: serde::Serialize>(items: &mut Vec<T>, over: usize, name: &str, words: &mut Vec<String>) -> usize {
    let all = items.len();
    let mut left = over;
    while left > 0
        && let Some(item) = items.pop()
    {
        left = left.saturating_sub(size(&item));
    }
    if items.len() < all {
        words.push(format!("{name}: {} of {all}", items.len()));
    }
    left
}

fn size<T: serde::Serialize>(value: &T) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |json| json.len())
}

#[cfg(test)]
mod tests {
    use api::result::{Finding, Severity, Status};
    use proptest::prelude::*;

    use super::*;
    use crate::testing::result;

    proptest! {
        #[test]
        fn any_result_fits(findings in 0_usize..400, bytes in 0_usize..2_000, summary in 0_usize..5_000) {
            let mut large = result(Status::Fail, None);
            large.summary = "ü".repeat(summary);
            let text = "x".repeat(bytes);
            let finding = Finding { subject: text.clone(), expected: text.clone(), actual: text, severity: Severity::Info };
            large.findings = vec![finding; findings];
            // Without a finding there is no text of that length.
            let short = (findings == 0 || bytes <= TEXT_BYTES_MAX) && summary <= 512;
            let whole = size(&large) <= RESULT_BYTES_MAX - CUT_WORDS_BYTES && short;
            let fitted = within_limits(large);
            prop_assert!(size(&fitted) <= RESULT_BYTES_MAX);
            prop_assert_eq!(fitted.cut.is_empty(), whole);
        }
    }
}
