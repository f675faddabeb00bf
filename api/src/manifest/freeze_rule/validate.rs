//! Rules that a FreezeRule holds beyond its types: windows that open, zones that are places, lists that say something.

use super::{LOCATION_LOCAL, LocationMatch, Match, Spec, TENANT_LOCAL, WeekMoment, WeeklyWindow, When};
use crate::limits::TEXT_BYTES_MAX;
use crate::manifest::envelope::Metadata;
use crate::manifest::kind::{Kind, line_fault, too_many};
use crate::manifest::refusal::{Fault, KindName};
use crate::manifest::zone;

/// An owner or a reference: a team, a ticket, with an address of either.
const NAME_BYTES_MAX: usize = 128;
/// Windows of a rule: one for each day of a year, each evaluated on every decision.
const WINDOWS_MAX: usize = 366;
/// Entries of one list of `match` or `except`: all locations that a tenant may have.
const ENTRIES_MAX: usize = 256;

impl Kind for Spec {
    const NAME: KindName = KindName::FreezeRule;

    fn validate(&self, _: &Metadata) -> Vec<Fault> {
        let mut faults: Vec<_> = line_fault("spec.owner", &self.owner, NAME_BYTES_MAX).into_iter().collect();
        faults.extend(self.reference.as_ref().and_then(|text| line_fault("spec.reference", text, NAME_BYTES_MAX)));
        faults.extend(self.message.as_ref().and_then(|text| line_fault("spec.message", text, TEXT_BYTES_MAX)));
        faults.extend(match_faults(&self.matches));
        let except = &self.except;
        let lists = [
            ("classes", except.classes.len()),
            ("tenants", except.tenants.len()),
            ("environments", except.environments.len()),
        ];
        faults.extend(
            lists.iter().filter_map(|(key, count)| too_many(&format!("spec.except.{key}"), *count, ENTRIES_MAX)),
        );
        faults.extend(when_faults(&self.when));
        faults
    }

    fn columns(&self) -> Vec<(&'static str, String)> {
        vec![
            ("EFFECT", self.effect.as_str().to_owned()),
            ("MODE", self.mode.as_str().to_owned()),
            ("ZONE", self.when.timezone.clone()),
        ]
    }
}

fn match_faults(matches: &Match) -> Vec<Fault> {
    let Match { environments, tenant_labels, tiers, classes, actions, locations } = matches;
    let lists = [
        ("environments", environments.len()),
        ("tenantLabels", tenant_labels.len()),
        ("tiers", tiers.len()),
        ("classes", classes.len()),
        ("actions", actions.len()),
        ("locations", locations.len()),
    ];
    let too_long = lists.iter().filter_map(|(key, count)| too_many(&format!("spec.match.{key}"), *count, ENTRIES_MAX));
    let mut faults: Vec<_> = too_long.collect();
    for (key, values) in tenant_labels {
        let field = format!("spec.match.tenantLabels.{key}");
        if values.is_empty() {
            faults.push(Fault::new(
                &field,
                "accepts no value, so the rule would match nobody",
                "name a value, or remove the key",
            ));
        }
        faults.extend(too_many(&field, values.len(), ENTRIES_MAX));
    }
    for (index, location) in locations.iter().enumerate() {
        if *location == LocationMatch::default() {
            let field = format!("spec.match.locations[{index}]");
            faults.push(Fault::new(field, "says nothing", "name a location, a region or a unit, or remove the entry"));
        }
    }
    faults
}

fn when_faults(when: &When) -> Vec<Fault> {
    let mut faults = vec![];
    if !matches!(when.timezone.as_str(), TENANT_LOCAL | LOCATION_LOCAL) {
        faults.extend(
            zone::fault("spec.when.timezone", &when.timezone).map(|fault| Fault {
                remedy: format!("{}, {TENANT_LOCAL} or {LOCATION_LOCAL}", fault.remedy),
                ..fault
            }),
        );
    }
    if when.once.is_empty() && when.weekly.is_empty() {
        faults.push(Fault::new(
            "spec.when",
            "holds no window, so the rule would never apply",
            "write `once` or `weekly` windows",
        ));
    }
    faults.extend(too_many("spec.when.once", when.once.len(), WINDOWS_MAX));
    faults.extend(too_many("spec.when.weekly", when.weekly.len(), WINDOWS_MAX));
    for (index, window) in when.once.iter().enumerate() {
        if window.to <= window.from {
            let message = "is at or before `from`, so the window never opens";
            faults.push(Fault::new(format!("spec.when.once[{index}].to"), message, "write a later instant"));
        }
    }
    let empty = when.weekly.iter().enumerate().filter(|(_, window)| is_empty(**window));
    faults.extend(empty.map(|(index, _)| {
        let remedy = "write another end; a whole week is `mon 00:00` to `sun 24:00`";
        Fault::new(
            format!("spec.when.weekly[{index}].to"),
            "is the same minute as `from`, so the window has no length",
            remedy,
        )
    }));
    faults
}

/// Begins and ends on the same minute of the week; Monday's first to Sunday's last is a whole week and not empty.
fn is_empty(window: WeeklyWindow) -> bool {
    let length = window.to.of_week() - window.from.of_week();
    length == 0 || length == -WeekMoment::OF_WEEK_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(spec: &str) -> Vec<String> {
        let spec: Spec = serde_json::from_str(spec).expect("a spec");
        let metadata = Metadata {
            name: "r".parse().expect("a label"),
            namespace: None,
            labels: [].into(),
            annotations: [].into(),
        };
        spec.validate(&metadata).into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn a_sound_rule_has_no_fault() {
        let rule = r#"{"owner": "ops", "effect": "deny", "when": {"timezone": "tenant-local",
            "once": [{"from": "2026-11-23T00:00", "to": "2026-11-30T24:00"}],
            "weekly": [{"from": "fri 14:00", "to": "mon 06:00"}, {"from": "mon 00:00", "to": "sun 24:00"}]}}"#;
        assert_eq!(faults(rule), [""; 0]);
    }

    #[test]
    fn windows_that_never_open_and_zones_that_are_none_are_refused() {
        let rule = r#"{"owner": " ", "effect": "deny", "match": {"tenantLabels": {"segment": []}, "locations": [{}]},
            "when": {"timezone": "CET", "once": [{"from": "2026-11-23T00:00", "to": "2026-11-23T00:00"}],
            "weekly": [{"from": "fri 24:00", "to": "sat 00:00"}, {"from": "sun 24:00", "to": "mon 00:00"}]}}"#;
        let wanted = [
            "spec.owner",
            "spec.match.tenantLabels.segment",
            "spec.match.locations[0]",
            "spec.when.timezone",
            "spec.when.once[0].to",
            "spec.when.weekly[0].to",
            "spec.when.weekly[1].to",
        ];
        assert_eq!(faults(rule), wanted);
        assert_eq!(faults(r#"{"owner": "o", "effect": "allow", "when": {"timezone": "UTC"}}"#), ["spec.when"]);
    }
}
