//! Numbers that are none: JSON cannot hold them, so a stored result with one could not be read again. Called by `accept`
//! for each result; it judges nothing else.

use std::borrow::Cow;

use api::result::{CheckResult, Phases};

/// The result without what is not a finite number, which is said in `cut`. The run's and the steps' own times become 0.
pub(super) fn finite(result: &CheckResult) -> Cow<'_, CheckResult> {
    if is_finite(result) { Cow::Borrowed(result) } else { Cow::Owned(made_finite(result.clone())) }
}

fn is_finite(result: &CheckResult) -> bool {
    let of_phases = |phases: &Phases| {
        let Phases { resolve, connect, tls, processing, transfer } = *phases;
        [resolve, connect, tls, processing, transfer].iter().all(|phase| phase.is_none_or(f64::is_finite))
    };
    result.duration_ms.is_finite()
        && result.steps.iter().all(|step| step.duration_ms.is_finite() && of_phases(&step.phases))
        && result.measurements.iter().all(|measurement| measurement.value.is_finite())
}

fn made_finite(mut result: CheckResult) -> CheckResult {
    let CheckResult { duration_ms, steps, measurements, cut, .. } = &mut result;
    let mut whole = zero_unless_finite(duration_ms);
    for step in steps {
        whole &= zero_unless_finite(&mut step.duration_ms);
        let phases = &mut step.phases;
        for phase in
            [&mut phases.resolve, &mut phases.connect, &mut phases.tls, &mut phases.processing, &mut phases.transfer]
        {
            whole &= phase.is_none_or(f64::is_finite);
            *phase = phase.filter(|time| time.is_finite());
        }
    }
    if !whole {
        cut.push("times".to_owned());
    }
    let told = measurements.len();
    measurements.retain(|measurement| measurement.value.is_finite());
    if measurements.len() < told {
        cut.push("measurements".to_owned());
    }
    result
}

/// Whether it is a number.
fn zero_unless_finite(number: &mut f64) -> bool {
    let is_finite = number.is_finite();
    if !is_finite {
        *number = 0.0;
    }
    is_finite
}
