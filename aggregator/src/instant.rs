//! Instants as documents write them: RFC 3339 in UTC, from milliseconds since 1970 UTC, and back. Pure; the zone of a
//! tenant is the law's matter.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;

/// Why a text names no instant, and what to write; it goes on after the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstantError {
    /// It is no date and time with an offset.
    #[error("is no instant; write RFC 3339 with an offset, such as 2026-11-27T09:00:00+01:00")]
    Form,
    /// It is one that lies out of jiff's range, whose ends are a day within the years −9999 and 9999.
    #[error("is too far away; write an instant from {:.0} to {:.0}", Timestamp::MIN, Timestamp::MAX)]
    Range,
}

/// An instant as text, such as `2026-11-23T08:15:30.25Z`.
pub fn rfc3339(ms: i64) -> String {
    timestamp(ms).to_string()
}

/// The instant of a wall clock's reading. Out of jiff's range (the years −9999 to 9999) it is the end of that range.
pub fn timestamp(ms: i64) -> Timestamp {
    let end = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(ms).unwrap_or(end)
}

/// An instant from text, with any offset.
///
/// # Errors
/// It is none, or one that cannot be reckoned with.
pub fn parse(text: &str) -> Result<Timestamp, InstantError> {
    text.parse().map_err(|_| {
        let is_read = DateTimeParser::new().parse_pieces(text).is_ok_and(|pieces| pieces.offset().is_some());
        if is_read { InstantError::Range } else { InstantError::Form }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_back() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(parse("1970-01-01T01:00:00+01:00"), Ok(timestamp(0)));
        assert!(!rfc3339(i64::MAX).is_empty());
    }

    #[test]
    fn what_is_no_instant_and_what_is_too_far_are_told_apart() {
        for text in ["tomorrow", "2026-11-27T09:00:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", ""] {
            assert_eq!(parse(text), Err(InstantError::Form), "{text}");
        }
        assert_eq!(parse("9999-12-31T23:59:59Z"), Err(InstantError::Range));
        assert!(parse("9999-12-30T21:59:59Z").is_ok());
        let said = InstantError::Range.to_string();
        assert!(said.ends_with("from -009999-01-02T01:59:59Z to 9999-12-30T22:00:00Z"), "{said}");
    }
}
