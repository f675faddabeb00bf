//! The story's freeze: a rule of the tenant's own, from this morning to six o'clock tomorrow in its own zone. Pure: the
//! step brings the clock and the file.

use anyhow::Context;
use jiff::{Timestamp, ToSpan, Zoned, civil::Time};

use crate::state::Tenant;

/// Name of the rule and of its file.
pub(super) const NAME: &str = "story-stocktaking";

/// A rule and the instant at which it lets go.
pub(super) struct Freeze {
    pub(super) manifest: String,
    pub(super) ends: Zoned,
}

/// The rule around `now`.
pub(super) fn around(tenant: &Tenant, now: Timestamp) -> anyhow::Result<Freeze> {
    let here = now.in_tz(&tenant.time_zone).context("the tenant's zone")?;
    let from = here.date();
    let until = here.date().checked_add(1.day())?.to_datetime(Time::constant(6, 0, 0, 0));
    let manifest = format!(
        "apiVersion: floorwalker.dev/v1alpha1\n\
         kind: FreezeRule\n\
         metadata: {{name: {NAME}, namespace: {namespace}}}\n\
         spec:\n\
         \x20 owner: retail-operations\n\
         \x20 reference: CHG-4711\n\
         \x20 effect: deny\n\
         \x20 match: {{environments: [{environment}]}}\n\
         \x20 when:\n\
         \x20   timezone: tenant-local\n\
         \x20   once: [{{from: {from}T00:00, to: {to}}}]\n\
         \x20 message: Stocktaking. Contact retail operations.\n",
        namespace = tenant.namespace,
        environment = tenant.environment(),
        to = until.strftime("%Y-%m-%dT%H:%M"),
    );
    Ok(Freeze { manifest, ends: until.to_zoned(here.time_zone().clone())? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Tokens;

    #[test]
    fn the_freeze_ends_at_six_in_the_tenants_zone() {
        let tokens = Tokens { viewer: String::new(), pipeline: String::new(), tenant_admin: String::new() };
        let tenant = Tenant {
            name: "acme".into(),
            namespace: "acme-prod".into(),
            time_zone: "America/New_York".into(),
            environments: vec!["prod".into()],
            services: vec!["shop".into()],
            tokens,
        };
        // Still the 20th in New York.
        let freeze = around(&tenant, "2026-11-21T02:00:00Z".parse().expect("an instant")).expect("a freeze");
        assert_eq!(freeze.ends.to_string(), "2026-11-21T06:00:00-05:00[America/New_York]");
        assert!(freeze.manifest.contains("once: [{from: 2026-11-20T00:00, to: 2026-11-21T06:00}]"));
    }
}
