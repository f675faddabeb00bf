//! Instants as documents write them: RFC 3339 in UTC, from milliseconds since 1970 UTC, and back. Pure; the zone of a
//! tenant is the law's matter.

use jiff::Timestamp;

/// An instant as text, such as `2026-11-23T08:15:30.25Z`. Out of jiff's range (the years −9999 to 9999) it is the end
/// of that range.
pub fn rfc3339(ms: i64) -> String {
    let end = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(ms).unwrap_or(end).to_string()
}

/// An instant from text, with any offset.
pub fn parse(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_back() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(parse("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse("tomorrow"), None);
        assert!(!rfc3339(i64::MAX).is_empty());
    }
}
