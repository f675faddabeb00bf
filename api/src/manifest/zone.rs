//! Time zone names: IANA's, as written there. Asked by every kind that has one.
//! Abbreviations such as CET or EST are refused: they name an offset or a guess, and freeze windows need a place.

use jiff::tz::TimeZoneDatabase;

use super::refusal::Fault;

/// What is wrong with a zone's name, if anything. Looks only into the database that is built in, so that two machines agree.
pub(super) fn fault(field: &str, name: &str) -> Option<Fault> {
    if name == "UTC" {
        return None;
    }
    if !name.contains('/') {
        let message = format!("`{}` is not a place in the IANA time zone database", short(name));
        return Some(Fault::new(field, message, "write a zone such as Europe/Berlin, or UTC"));
    }
    let Ok(zone) = TimeZoneDatabase::bundled().get(name) else {
        let message = format!("`{}` is not in the IANA time zone database", short(name));
        return Some(Fault::new(field, message, "write a zone such as Europe/Berlin"));
    };
    let written = zone.iana_name().unwrap_or(name);
    (written != name)
        .then(|| Fault::new(field, format!("`{}` is spelt otherwise", short(name)), format!("write {written}")))
}

fn short(name: &str) -> &str {
    crate::limits::cut(name, 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_taken_and_abbreviations_refused() {
        for zone in ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC", "Etc/GMT+5"] {
            assert_eq!(fault("f", zone), None, "{zone}");
        }
        for zone in ["CET", "EST", "EST5EDT", "", "Berlin", "Europe/Berln", "/", "../etc/passwd"] {
            assert!(fault("f", zone).is_some(), "{zone} was taken");
        }
        assert_eq!(fault("f", "europe/berlin").map(|f| f.remedy), Some("write Europe/Berlin".to_owned()));
    }
}
