//! Phases of requests as numbers: summed for a step, and as the JSON that guests read.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::outcome::Phases;

/// Each phase's sum; a phase that none of them had stays absent.
pub(crate) fn sum(all: impl Iterator<Item = Phases>) -> Phases {
    let add = |a: Option<Duration>, b: Option<Duration>| match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or_default() + b.unwrap_or_default()),
    };
    all.fold(Phases::default(), |total, one| Phases {
        resolve: add(total.resolve, one.resolve),
        connect: add(total.connect, one.connect),
        tls: add(total.tls, one.tls),
        processing: add(total.processing, one.processing),
        transfer: add(total.transfer, one.transfer),
    })
}

/// `{resolve, connect, tls, processing, transfer}` in milliseconds with three decimals.
pub(crate) fn json(phases: &Phases) -> Value {
    let named = [
        ("resolve", phases.resolve),
        ("connect", phases.connect),
        ("tls", phases.tls),
        ("processing", phases.processing),
        ("transfer", phases.transfer),
    ];
    let ms = |duration: Duration| (duration.as_secs_f64() * 1e6).round() / 1e3;
    let present = named.into_iter().filter_map(|(name, phase)| Some((name.to_owned(), Value::from(ms(phase?)))));
    Value::Object(present.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_phases_stay_absent() {
        let one = Phases { connect: Some(Duration::from_micros(1_500)), ..Phases::default() };
        let total = sum([one, one].into_iter());
        assert_eq!(total.connect, Some(Duration::from_millis(3)));
        assert_eq!(json(&total).to_string(), r#"{"connect":3.0}"#);
    }
}
