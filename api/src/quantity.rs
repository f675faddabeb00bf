//! Durations and sizes as people write them in manifests: `60s`, `64Mi`. Read by manifests and limits.
//! Only whole numbers with one unit: `1.5h` and `90` are refused, so nobody guesses.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::text::as_text;

/// Why a quantity was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum QuantityError {
    /// Not a whole number and a known unit.
    #[error("`{text}` is not {expected}")]
    Form {
        /// What was read.
        text: String,
        /// What would have been right.
        expected: &'static str,
    },
}

/// A length of time, written as a whole number and `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

/// An amount of memory or data, written as a whole number of bytes or with `Ki`, `Mi` or `Gi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

const SPAN_FORM: &str = "a length of time such as 500ms, 60s, 5m, 2h or 1d";
const SIZE_FORM: &str = "a size such as 512, 64Ki, 64Mi or 1Gi";

/// Splits `60s` into its number and its unit.
fn split<'t>(text: &'t str, expected: &'static str) -> Result<(u64, &'t str), QuantityError> {
    let refuse = || QuantityError::Form { text: text.chars().take(40).collect(), expected };
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..at].parse::<u64>().map_err(|_| refuse())?;
    Ok((number, &text[at..]))
}

impl FromStr for Span {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let refuse = || QuantityError::Form { text: text.chars().take(40).collect(), expected: SPAN_FORM };
        let (number, unit) = split(text, SPAN_FORM)?;
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(refuse()),
        };
        number.checked_mul(unit_ms).map(|ms| Self(Duration::from_millis(ms))).ok_or_else(refuse)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        for (unit_ms, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
            if ms > 0 && ms.is_multiple_of(unit_ms) {
                return write!(f, "{}{unit}", ms / unit_ms);
            }
        }
        write!(f, "{ms}ms")
    }
}

impl FromStr for ByteSize {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let refuse = || QuantityError::Form { text: text.chars().take(40).collect(), expected: SIZE_FORM };
        let (number, unit) = split(text, SIZE_FORM)?;
        let unit_bytes: u64 = match unit {
            "" => 1,
            "Ki" => 1 << 10,
            "Mi" => 1 << 20,
            "Gi" => 1 << 30,
            _ => return Err(refuse()),
        };
        number.checked_mul(unit_bytes).map(Self).ok_or_else(refuse)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit_bytes, unit) in [(1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")] {
            if self.0 > 0 && self.0.is_multiple_of(unit_bytes) {
                return write!(f, "{}{unit}", self.0 / unit_bytes);
            }
        }
        write!(f, "{}", self.0)
    }
}

as_text!(Span, "description": SPAN_FORM, "pattern": "^[0-9]+(ms|s|m|h|d)$");
as_text!(ByteSize, "description": SIZE_FORM, "pattern": "^[0-9]+(Ki|Mi|Gi)?$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_read_back_as_written() {
        for text in ["500ms", "60s", "90s", "5m", "2h", "1d"] {
            let span = text.parse::<Span>().expect("a span");
            assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }
        assert_eq!("64Mi".parse::<ByteSize>(), Ok(ByteSize(64 << 20)));
        assert_eq!(ByteSize(64 << 20).to_string(), "64Mi");
    }

    #[test]
    fn what_is_ambiguous_or_too_large_is_refused() {
        for bad in ["", "60", "1.5h", "-1s", "1w", "99999999999999999999s", "18446744073709551615d"] {
            assert!(bad.parse::<Span>().is_err(), "{bad} was taken");
        }
        for bad in ["", "64MB", "1.5Gi", "99999999999Gi0"] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad} was taken");
        }
    }
}
