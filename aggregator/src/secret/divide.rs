//! Which secrets' values go into one answer, which has an end: each tenant has an equal part of it, and what one does not
//! need is the others', so that nobody's secrets keep another's from a node. Called by `dir` before it reads a value. Pure.

use std::collections::BTreeMap;

use api::id::TenantName;

use super::share::Share;

/// An entry beside its value, MessagePack with named fields: its check (27 bytes), a name of 63 bytes at most (70), its
/// version (42), and heads of the map and of the value (12).
const ENTRY_BYTES: u64 = 160;
/// The answer around its entries.
const AROUND_BYTES: u64 = 32;

/// A secret, and how long its value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sized {
    /// Which.
    pub(super) share: Share,
    /// Bytes of its value.
    pub(super) bytes: u64,
}

/// What an answer holds, and what it does not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Division {
    /// Sent.
    pub(super) sent: Vec<Sized>,
    /// Checks that get none of their secrets, by tenant: theirs are more than its part.
    pub(super) left_out: BTreeMap<TenantName, usize>,
}

/// Divides an answer of `bytes_max`. Secrets of one check stand together in `all`; it gets all of them or none, because
/// it cannot run without one.
pub(super) fn divide(all: Vec<Sized>, bytes_max: u64) -> Division {
    let mut left = parts(&all, bytes_max.saturating_sub(AROUND_BYTES));
    let mut division = Division::default();
    for of_check in all.chunk_by(|one, next| one.share.check == next.share.check) {
        let tenant = &of_check[0].share.tenant;
        let bytes: u64 = of_check.iter().map(entry_bytes).sum();
        match left.get_mut(tenant).filter(|left| **left >= bytes) {
            Some(left) => {
                *left -= bytes;
                division.sent.extend_from_slice(of_check);
            }
            None => *division.left_out.entry(tenant.clone()).or_default() += 1,
        }
    }
    division
}

/// Each tenant's part: those that need least come first, and leave what they do not need to those after them.
fn parts(all: &[Sized], bytes_max: u64) -> BTreeMap<TenantName, u64> {
    let mut needs: BTreeMap<&TenantName, u64> = BTreeMap::new();
    for sized in all {
        *needs.entry(&sized.share.tenant).or_default() += entry_bytes(sized);
    }
    let mut needs: Vec<_> = needs.into_iter().collect();
    needs.sort_by_key(|(_, need)| *need);
    let (mut left, mut tenants) = (bytes_max, needs.len() as u64);
    let part = |(tenant, need): (&TenantName, u64)| {
        let part = need.min(left / tenants);
        (left, tenants) = (left - part, tenants - 1);
        (tenant.clone(), part)
    };
    needs.into_iter().map(part).collect()
}

fn entry_bytes(sized: &Sized) -> u64 {
    sized.bytes.saturating_add(ENTRY_BYTES)
}

#[cfg(test)]
mod tests {
    use api::frame::{SecretValue, Secrets, codec};

    use super::*;
    use crate::placement::plan::tests::check_id;

    fn sized(tenant: &str, check: &str, bytes: u64) -> Sized {
        let source = serde_json::json!({"secret": "s", "key": "k"});
        let share = Share {
            tenant: tenant.parse().expect("a label"),
            check: check_id(&format!("{tenant}-prod"), check),
            name: "key".parse().expect("a label"),
            namespace: format!("{tenant}-prod").parse().expect("a label"),
            source: serde_json::from_value(source).expect("a source"),
        };
        Sized { share, bytes }
    }

    /// Bytes of the values sent of each tenant, and the checks left out.
    fn told(all: &[Sized], bytes_max: u64) -> (BTreeMap<String, u64>, usize) {
        let Division { sent, left_out } = divide(all.to_vec(), bytes_max);
        let mut bytes = BTreeMap::new();
        for sized in &sent {
            *bytes.entry(sized.share.tenant.to_string()).or_default() += sized.bytes;
        }
        (bytes, left_out.values().sum())
    }

    #[test]
    fn a_tenant_within_its_part_gets_all_whatever_others_have() {
        let large = (0..40).map(|at| sized("acme", &format!("c{at}"), 1_000));
        let all: Vec<_> = large.chain([sized("globex", "a", 3_000), sized("initech", "a", 10)]).collect();
        let (bytes, left_out) = told(&all, 12_000);
        assert_eq!((bytes["globex"], bytes["initech"]), (3_000, 10));
        assert_eq!((bytes["acme"], left_out), (7_000, 33), "what the others leave");
        assert_eq!(told(&all, 1_000_000).1, 0);
        assert_eq!(told(&all, 0), (BTreeMap::new(), 42));
    }

    #[test]
    fn a_check_gets_all_of_its_secrets_or_none() {
        let all = [sized("acme", "a", 400), sized("acme", "a", 400), sized("acme", "b", 100)];
        assert_eq!(told(&all, 800), (BTreeMap::from([("acme".to_owned(), 100)]), 1));
    }

    #[test]
    fn what_is_reckoned_is_no_less_than_what_is_sent() {
        let value = |bytes: usize| SecretValue {
            check_id: check_id("acme-prod", "a"),
            name: "n".repeat(63),
            version: "0".repeat(32),
            value: vec![7; bytes],
        };
        for bytes in [0, 1, 300, 70_000] {
            let one = codec::encoded_bytes(&value(bytes)).expect("encodes") as u64;
            assert!(one <= bytes as u64 + ENTRY_BYTES, "{one} of {bytes}");
        }
        let around = codec::encoded_bytes(&Secrets { secrets: vec![] }).expect("encodes") as u64;
        assert!(around + 4 <= AROUND_BYTES, "a long list has a longer head");
    }
}
