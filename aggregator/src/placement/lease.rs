//! Leases of mutating checks: one agent at a time, fenced by a token that rises per check. Pure: the caller brings
//! this process's boot-time clock, stores a grant before it answers, and tells the stored leases at a start.

use std::collections::BTreeMap;
use std::time::Duration;

use api::frame::LeaseAnswer;
use api::id::{CheckId, TenantName};
use api::limits::{LEASE_GRACE, lease_ttl};

use crate::authn::AgentKey;
use crate::store::lease::StoredLease;

/// Every lease that was granted.
#[derive(Debug, Default)]
pub struct Leases {
    leases: BTreeMap<CheckId, Lease>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Lease {
    tenant: Option<TenantName>,
    token: u64,
    holder: AgentKey,
    ttl: Duration,
    granted_at: Duration,
}

/// Who asks, for what.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The agent.
    pub agent: &'a AgentKey,
    /// The check.
    pub check: CheckId,
    /// Its tenant.
    pub tenant: Option<&'a TenantName>,
    /// Its timeout.
    pub timeout: Duration,
}

/// What comes of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Store this, then tell [`Leases::granted`] and answer [`answer`].
    Grant(StoredLease),
    /// Somebody else holds it for this much longer.
    Held(Duration),
}

impl Leases {
    /// The stored leases; each counts as granted at `boot`, because nobody counted while we were away.
    pub fn restore(stored: Vec<StoredLease>, boot: Duration) -> Self {
        let lease = |stored: StoredLease| {
            let ttl = Duration::from_millis(stored.ttl_ms);
            let lease =
                Lease { tenant: stored.tenant, token: stored.token, holder: stored.holder, ttl, granted_at: boot };
            (stored.check, lease)
        };
        Self { leases: stored.into_iter().map(lease).collect() }
    }

    /// What to do about an ask at `boot`. The holder gets its lease again at once, under a new token.
    pub fn ask(&self, ask: &Ask<'_>, boot: Duration) -> Verdict {
        let lease = self.leases.get(&ask.check);
        if let Some(lease) = lease.filter(|lease| lease.holder != *ask.agent) {
            let free_at = lease.granted_at + lease.ttl + LEASE_GRACE;
            if boot < free_at {
                return Verdict::Held(free_at - boot);
            }
        }
        let ttl_ms = u64::try_from(lease_ttl(ask.timeout).as_millis()).unwrap_or(u64::MAX);
        Verdict::Grant(StoredLease {
            tenant: ask.tenant.cloned(),
            check: ask.check,
            token: lease.map_or(0, |lease| lease.token) + 1,
            holder: ask.agent.clone(),
            ttl_ms,
        })
    }

    /// Notes a grant that is stored. `boot` is the instant after it was stored, the latest the agent may count from.
    pub fn granted(&mut self, stored: StoredLease, boot: Duration) {
        let one = Self::restore(vec![stored], boot);
        self.leases.extend(one.leases);
    }

    /// The highest token granted for a check; 0 when none was.
    pub fn token(&self, check: CheckId) -> u64 {
        self.leases.get(&check).map_or(0, |lease| lease.token)
    }
}

/// The answer to an agent.
pub fn answer(verdict: &Verdict) -> LeaseAnswer {
    match verdict {
        Verdict::Grant(lease) => LeaseAnswer::Granted { token: lease.token, ttl_ms: lease.ttl_ms },
        Verdict::Held(left) => {
            LeaseAnswer::Held { retry_after_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::agent;
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    fn ask<'a>(agent: &'a AgentKey, at: Duration, leases: &mut Leases) -> Verdict {
        let ask: Ask<'a> = Ask { agent, check: CheckId(uuid::Uuid::nil()), tenant: None, timeout: TIMEOUT };
        let verdict = leases.ask(&ask, at);
        if let Verdict::Grant(lease) = &verdict {
            leases.granted(lease.clone(), at);
        }
        verdict
    }

    fn token(verdict: &Verdict) -> u64 {
        match verdict {
            Verdict::Grant(lease) => lease.token,
            Verdict::Held(left) => panic!("held for {left:?}"),
        }
    }

    #[test]
    fn another_agent_waits_for_the_end_and_the_grace_and_tokens_rise() {
        let (one, two) = (agent("n1"), agent("n2"));
        let mut leases = Leases::default();
        let s = Duration::from_secs;
        assert_eq!(token(&ask(&one, s(0), &mut leases)), 1);
        assert_eq!(ask(&two, s(10), &mut leases), Verdict::Held(s(55)), "20 + 10 + 30 + 5 from the grant");
        assert_eq!(token(&ask(&one, s(20), &mut leases)), 2, "the holder renews");
        assert!(matches!(ask(&two, s(84), &mut leases), Verdict::Held(_)));
        assert_eq!(token(&ask(&two, s(85), &mut leases)), 3);
    }

    #[test]
    fn after_a_restart_a_stored_lease_counts_as_granted_now() {
        let (one, two) = (agent("n1"), agent("n2"));
        let mut before = Leases::default();
        let Verdict::Grant(stored) = ask(&one, Duration::ZERO, &mut before) else { panic!("free") };
        let boot = Duration::from_secs(1_000);
        let mut after = Leases::restore(vec![stored], boot);
        assert_eq!(ask(&two, boot, &mut after), Verdict::Held(Duration::from_secs(65)));
        assert_eq!(token(&ask(&one, boot, &mut after)), 2);
        assert_eq!(after.token(CheckId(uuid::Uuid::nil())), 2);
    }
}
