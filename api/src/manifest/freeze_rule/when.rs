//! Windows as people write them: civil time and a zone, half-open `[from, to)`, exact to the minute.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `when.timezone` of a rule that holds in each tenant's own zone.
pub const TENANT_LOCAL: &str = "tenant-local";
/// `when.timezone` of a rule that holds in the zone of each location.
pub const LOCATION_LOCAL: &str = "location-local";

/// When a rule holds: the union of its windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct When {
    /// `tenant-local`, `location-local`, or an IANA name.
    pub timezone: String,
    /// Single windows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub once: Vec<OnceWindow>,
    /// Windows of every week.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekly: Vec<WeeklyWindow>,
}

/// A single window in civil time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnceWindow {
    /// First instant inside.
    #[serde(with = "minute")]
    #[schemars(with = "String")]
    pub from: jiff::civil::DateTime,
    /// First instant after.
    #[serde(with = "minute")]
    #[schemars(with = "String")]
    pub to: jiff::civil::DateTime,
}

/// A window of every week; `to` before or at `from` means the week after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklyWindow {
    /// First minute inside.
    pub from: WeekMoment,
    /// First minute after.
    pub to: WeekMoment,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names of the days")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    const WORDS: [(&'static str, Self); 7] = [
        ("mon", Self::Mon),
        ("tue", Self::Tue),
        ("wed", Self::Wed),
        ("thu", Self::Thu),
        ("fri", Self::Fri),
        ("sat", Self::Sat),
        ("sun", Self::Sun),
    ];
}

/// A minute of the week, such as `fri 14:00`; `sun 24:00` is the end of Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WeekMoment {
    /// The day.
    pub weekday: Weekday,
    /// Minutes since its midnight, 0 to 1440.
    pub minute: u16,
}

impl WeekMoment {
    /// Minutes of a week.
    pub const OF_WEEK_MAX: i32 = 7 * 24 * 60;

    /// Minutes since Monday's midnight, 0 to [`Self::OF_WEEK_MAX`].
    pub fn of_week(self) -> i32 {
        self.weekday as i32 * 24 * 60 + i32::from(self.minute)
    }
}

const MOMENT_FORM: &str = "a day and a time such as `fri 14:00`, `24:00` included";

/// Not a minute of the week.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not {MOMENT_FORM}")]
pub struct MomentError(String);

impl FromStr for WeekMoment {
    type Err = MomentError;
    fn from_str(text: &str) -> Result<Self, MomentError> {
        let refuse = || MomentError(text.chars().take(40).collect());
        let (day, time) = text.split_once(' ').ok_or_else(refuse)?;
        let weekday = Weekday::WORDS.iter().find(|(word, _)| *word == day).ok_or_else(refuse)?.1;
        let (hour, minute) = time.split_once(':').ok_or_else(refuse)?;
        let two = |part: &str| -> Option<u16> {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok()).flatten()
        };
        let (hour, minute) = (two(hour).ok_or_else(refuse)?, two(minute).ok_or_else(refuse)?);
        let of_day = hour * 60 + minute;
        if minute > 59 || of_day > 1440 {
            return Err(refuse());
        }
        Ok(Self { weekday, minute: of_day })
    }
}

impl fmt::Display for WeekMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Weekday::WORDS[self.weekday as usize].0;
        write!(f, "{word} {:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

impl Serialize for WeekMoment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WeekMoment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for WeekMoment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WeekMoment".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(mon|tue|wed|thu|fri|sat|sun) [0-2][0-9]:[0-5][0-9]$", "description": MOMENT_FORM })
    }
}

/// Civil date and time with minutes and nothing finer: `2026-11-23T00:00`, `2026-11-30T24:00`.
mod minute {
    use jiff::ToSpan as _;
    use jiff::civil::DateTime;
    use serde::{Deserialize, Deserializer, Serializer};

    const FORM: &str = "a civil date and time to the minute such as 2026-11-23T00:00, without a zone";

    pub(super) fn serialize<S: Serializer>(at: &DateTime, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&at.strftime("%Y-%m-%dT%H:%M"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("`{}` is not {FORM}", text.chars().take(40).collect::<String>()))
        })
    }

    fn parse(text: &str) -> Option<DateTime> {
        let digits_at = |range: std::ops::Range<usize>| {
            text.get(range).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()))
        };
        let shaped = text.len() == 16
            && digits_at(0..4)
            && digits_at(5..7)
            && digits_at(8..10)
            && digits_at(11..13)
            && digits_at(14..16);
        if !shaped || &text[10..11] != "T" || &text[13..14] != ":" {
            return None;
        }
        match text.strip_suffix("T24:00") {
            Some(date) => {
                date.parse::<jiff::civil::Date>().ok()?.checked_add(1.day()).ok().map(|next| next.at(0, 0, 0, 0))
            }
            None => text.parse::<DateTime>().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_of_the_week_read_back() {
        for text in ["mon 00:00", "fri 14:05", "sun 24:00"] {
            assert_eq!(text.parse::<WeekMoment>().expect("a moment").to_string(), text);
        }
        for bad in ["fri", "friday 14:00", "Fri 14:00", "fri 24:01", "fri 14:60", "fri 4:00", "fri  14:00"] {
            assert!(bad.parse::<WeekMoment>().is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn single_windows_are_civil_and_exact_to_the_minute() {
        let read = |from: &str| {
            serde_json::from_value::<OnceWindow>(serde_json::json!({"from": from, "to": "2026-12-01T00:00"}))
        };
        let window = read("2026-11-30T24:00").expect("the end of a day");
        assert_eq!(window.from, window.to);
        for bad in ["2026-11-23", "2026-11-23T00:00:30", "2026-11-23T00:00Z", "2026-13-01T00:00", "2026-11-23 00:00"] {
            assert!(read(bad).is_err(), "{bad} was taken");
        }
    }
}
