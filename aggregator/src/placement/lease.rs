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
    token: u64,
    since_token: u64,
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
    /// Store this, then tell [`Leases::learn`] and answer [`answer`].
    Grant(StoredLease),
    /// Somebody else holds it for this much longer.
    Held(Duration),
}

/// How an agent stands to the lease of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// Whether the agent is the last that got it.
    pub holds: bool,
    /// Records under a lower token are fenced. The holder's own tokens since it got the lease from another all count:
    /// a record of the run before is often sent after the lease was renewed.
    pub token_min: u64,
}

impl Leases {
    /// The stored leases; each counts as granted at `boot`, because nobody counted while we were away.
    pub fn restore(stored: Vec<StoredLease>, boot: Duration) -> Self {
        let mut leases = Self::default();
        leases.learn(stored, boot);
        leases
    }

    /// Notes stored leases as granted at `boot`, the latest their agents may count from. Of a check the highest token
    /// stays: a check whose namespace moved has a row under each of its tenants.
    pub fn learn(&mut self, stored: impl IntoIterator<Item = StoredLease>, boot: Duration) {
        for StoredLease { check, token, since_token, holder, ttl_ms, .. } in stored {
            if self.leases.get(&check).is_none_or(|known| known.token < token) {
                let ttl = Duration::from_millis(ttl_ms);
                self.leases.insert(check, Lease { token, since_token, holder, ttl, granted_at: boot });
            }
        }
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
        let token = lease.map_or(0, |lease| lease.token) + 1;
        let held = lease.filter(|lease| lease.holder == *ask.agent);
        Verdict::Grant(StoredLease {
            tenant: ask.tenant.cloned(),
            check: ask.check,
            token,
            since_token: held.map_or(token, |lease| lease.since_token),
            holder: ask.agent.clone(),
            ttl_ms,
        })
    }

    /// What of a check is taken from an agent; none when nobody ever had its lease.
    pub fn tenure(&self, check: CheckId, agent: &AgentKey) -> Option<Tenure> {
        let lease = self.leases.get(&check)?;
        Some(if lease.holder == *agent {
            Tenure { holds: true, token_min: lease.since_token }
        } else {
            Tenure { holds: false, token_min: lease.token }
        })
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
            leases.learn([lease.clone()], at);
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
        assert_eq!(after.tenure(CheckId(uuid::Uuid::nil()), &one), Some(Tenure { holds: true, token_min: 1 }));
    }

    #[test]
    fn a_holder_is_fenced_by_another_and_never_by_its_own_renewal() {
        let (one, two) = (agent("n1"), agent("n2"));
        let check = CheckId(uuid::Uuid::nil());
        let mut leases = Leases::default();
        assert_eq!(leases.tenure(check, &one), None);
        for second in [0, 20, 40] {
            ask(&one, Duration::from_secs(second), &mut leases);
        }
        assert_eq!(leases.tenure(check, &one), Some(Tenure { holds: true, token_min: 1 }));
        assert_eq!(leases.tenure(check, &two), Some(Tenure { holds: false, token_min: 3 }));
        ask(&two, Duration::from_secs(200), &mut leases);
        assert_eq!(leases.tenure(check, &one), Some(Tenure { holds: false, token_min: 4 }));
        ask(&one, Duration::from_secs(400), &mut leases);
        assert_eq!(leases.tenure(check, &one), Some(Tenure { holds: true, token_min: 5 }), "a tenure of its own");
    }

    #[test]
    fn of_two_rows_of_a_check_that_changed_its_tenant_the_highest_token_stays() {
        let row = |tenant: &str, token: u64, node: &str| StoredLease {
            tenant: Some(tenant.parse().expect("a label")),
            check: CheckId(uuid::Uuid::nil()),
            token,
            since_token: token,
            holder: agent(node),
            ttl_ms: 60_000,
        };
        let (old, new) = (row("globex", 7, "n1"), row("acme", 9, "n2"));
        for stored in [vec![old.clone(), new.clone()], vec![new, old]] {
            let mut leases = Leases::restore(stored, Duration::ZERO);
            assert!(matches!(ask(&agent("n1"), Duration::ZERO, &mut leases), Verdict::Held(_)));
            assert_eq!(token(&ask(&agent("n2"), Duration::ZERO, &mut leases)), 10);
        }
    }
}
