//! A small world to decide in: one tenant, rules and policies as tests write them.

use std::time::Duration;

use api::http::check::CheckState;
use api::id::Digest;
use api::manifest::freeze_rule;
use api::manifest::release_policy;
use api::manifest::tenant::{Location, Tier};
use api::result::Evidence;
use jiff::Timestamp;
use policy::freeze::zone;
use policy::{Ask, CheckNow, NodeNow, Owned, OwnerTier, Place, Snapshot, TenantNow};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("as the test wrote it")
}

pub(crate) fn digest(content: &str) -> Digest {
    Digest::of(content.as_bytes())
}

pub(crate) fn tenant(zone_name: &str) -> TenantNow {
    TenantNow {
        name: "acme".parse().expect("as the test wrote it"),
        labels: [("segment".to_owned(), "fashion".to_owned())].into(),
        tier: Tier::Critical,
        zone: zone::find(zone_name).expect("as the test wrote it"),
        locations: vec![],
    }
}

pub(crate) fn place(name: &str, region: &str, zone_name: &str) -> Place {
    Place {
        location: Location {
            name: name.parse().expect("as the test wrote it"),
            region: Some(region.to_owned()),
            unit: None,
            time_zone: zone_name.to_owned(),
        },
        zone: zone::find(zone_name).expect("as the test wrote it"),
    }
}

/// A tenant in Berlin, everything allowed by a policy that needs nothing.
pub(crate) fn open() -> Snapshot {
    Snapshot {
        tenant: tenant("Europe/Berlin"),
        rules: vec![],
        policies: vec![policy("needs-nothing", "requirements: none")],
        broken: vec![],
        checks: vec![],
        release: None,
        succeeded: vec![],
        classes: release_policy::Class::ALL.into(),
    }
}

pub(crate) fn ask() -> Ask {
    Ask {
        environment: "prod".parse().expect("as the test wrote it"),
        service: "shop".parse().expect("as the test wrote it"),
        location: None,
        class: Some(release_policy::Class::Feature),
        action: freeze_rule::Action::Deploy,
        subject: Some(digest("new")),
        expected_duration: Duration::ZERO,
    }
}

pub(crate) fn rule(tier: OwnerTier, name: &str, yaml: &str) -> Owned<freeze_rule::Spec> {
    let spec = serde_saphyr::from_str(&format!("owner: retail-operations\n{yaml}")).expect("as the test wrote it");
    Owned { tier, name: name.to_owned(), version: "1".to_owned(), spec }
}

pub(crate) fn policy(name: &str, yaml: &str) -> Owned<release_policy::Spec> {
    let spec = serde_saphyr::from_str(yaml).expect("as the test wrote it");
    Owned { tier: OwnerTier::Platform, name: name.to_owned(), version: "1".to_owned(), spec }
}

pub(crate) fn check(name: &str, nodes: Vec<NodeNow>) -> CheckNow {
    CheckNow {
        name: format!("acme-prod/{name}"),
        labels: [("journey".to_owned(), "order-to-cash".to_owned())].into(),
        service: Some("shop".parse().expect("as the test wrote it")),
        layer: api::frame::Layer::Business,
        nodes,
        refused_at: None,
    }
}

pub(crate) fn node(name: &str, state: CheckState) -> NodeNow {
    NodeNow {
        node: name.to_owned(),
        state,
        observed_at: Some(at("2026-06-01T10:00:00Z")),
        fresh_until: Some(at("2026-06-01T10:02:30Z")),
        failed_step: (state == CheckState::Failing).then(|| "confirm".to_owned()),
        summary: (state == CheckState::Failing).then(|| "the order stayed a quotation".to_owned()),
        evidence: vec![],
    }
}

pub(crate) fn saw(node: NodeNow, content: &str) -> NodeNow {
    let evidence = Evidence {
        kind: "image-digest".to_owned(),
        subject: digest(content).as_str().to_owned(),
        observed_at: "2026-06-01T10:00:00Z".to_owned(),
        attributes: [].into(),
    };
    NodeNow { evidence: vec![evidence], ..node }
}
