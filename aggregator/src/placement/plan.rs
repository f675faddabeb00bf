//! The plan: every intended node of every check. `EveryNode` is every agent that is not forgotten; `Once` is the live
//! agent with the highest rendezvous score when the check is placed; it stays there until that agent is silent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::catalogue::{Catalogue, Check};
use api::frame::{Assignment, Assignments, PluginRef};
use api::id::{CheckId, Digest, ObjectName, TenantName};
use api::manifest::check::PlacementMode;
use sha2::{Digest as _, Sha256};

use crate::authn::AgentKey;
use crate::placement::agents::Seen;
use crate::store::placement::Placed;

/// Intended nodes by check.
pub type Nodes = BTreeMap<CheckId, BTreeSet<AgentKey>>;

/// Versions of secrets' values by check and name; a secret without a value is absent.
pub type SecretVersions = BTreeMap<(CheckId, ObjectName), String>;

/// What is intended now.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The checks that may run, and all else in force.
    pub catalogue: Arc<Catalogue>,
    /// Where they run.
    pub nodes: Nodes,
    /// What their secrets' values are at.
    pub secrets: SecretVersions,
}

/// Places every check. A `Once` check stays where it was, as `before` tells, until that agent is silent: a restart of
/// ours counts every agent as heard, so a dead one would win checks away from one that runs them.
pub fn place(catalogue: &Catalogue, agents: &[Seen], before: &Nodes) -> Nodes {
    let everywhere: BTreeSet<AgentKey> = agents.iter().map(|seen| seen.key.clone()).collect();
    let nodes = catalogue.checks.values().map(|check| {
        let intended = match check.manifest.spec.placement.mode {
            PlacementMode::EveryNode => everywhere.clone(),
            PlacementMode::Once => {
                let kept = before.get(&check.id).map(|kept| kept & &everywhere).unwrap_or_default();
                let holder = agents.iter().find(|seen| seen.live && kept.len() == 1 && kept.contains(&seen.key));
                match holder.map(|seen| &seen.key).or_else(|| winner(check.id, agents)) {
                    Some(key) => BTreeSet::from([key.clone()]),
                    None => kept,
                }
            }
        };
        (check.id, intended)
    });
    nodes.collect()
}

/// The live agent with the highest score; scores are hashes, so ties do not happen.
fn winner(check: CheckId, agents: &[Seen]) -> Option<&AgentKey> {
    let live = agents.iter().filter(|seen| seen.live).map(|seen| &seen.key);
    live.max_by_key(|key| score(check, key))
}

fn score(check: CheckId, key: &AgentKey) -> [u8; 32] {
    Sha256::new().chain_update(check.0.as_bytes()).chain_update(key.to_string().as_bytes()).finalize().into()
}

/// What has to be opened and closed to come from one set of placements to the next, with the owners of each.
pub fn moves(before: &BTreeSet<Placed>, after: &BTreeSet<Placed>) -> (Vec<Placed>, Vec<Placed>) {
    (after.difference(before).cloned().collect(), before.difference(after).cloned().collect())
}

// === impl Plan ===

impl Plan {
    /// Intended nodes of a check, in order.
    pub fn nodes_of(&self, check: CheckId) -> impl Iterator<Item = &AgentKey> {
        self.nodes.get(&check).into_iter().flatten()
    }

    /// Whether a check is intended for a node.
    pub fn intends(&self, check: CheckId, key: &AgentKey) -> bool {
        self.nodes.get(&check).is_some_and(|nodes| nodes.contains(key))
    }

    /// The checks intended for a node.
    pub fn checks_on<'a>(&'a self, key: &'a AgentKey) -> impl Iterator<Item = &'a Check> {
        self.catalogue.checks.values().filter(move |check| self.intends(check.id, key))
    }

    /// Whether two plans intend the same.
    pub fn is_as(&self, other: &Self) -> bool {
        (&self.catalogue.version, &self.nodes, &self.secrets)
            == (&other.catalogue.version, &other.nodes, &other.secrets)
    }

    /// Every placement with its owner, as it is stored.
    pub fn placed(&self) -> BTreeSet<Placed> {
        let placed = self.nodes.iter().flat_map(|(check, nodes)| {
            let tenant: Option<TenantName> = self.catalogue.checks.get(check).and_then(|check| check.tenant.clone());
            nodes.iter().map(move |agent| Placed { tenant: tenant.clone(), check: *check, agent: agent.clone() })
        });
        placed.collect()
    }

    /// What one agent has to run. The etag is a hash of the rest, so equal assignments have equal etags, also after a
    /// restart, and it says nothing of other nodes.
    pub fn assignments(&self, key: &AgentKey) -> Assignments {
        let checks: Vec<Assignment> = self.checks_on(key).map(|check| self.assignment(check)).collect();
        let plugins: BTreeMap<&Digest, &PluginRef> =
            self.checks_on(key).map(|check| (&check.plugin.digest, &check.plugin)).collect();
        let plugins: Vec<PluginRef> = plugins.into_values().cloned().collect();
        let text = serde_json::to_vec(&(&checks, &plugins)).expect("assignments have string keys and finite numbers");
        Assignments { etag: hex::encode(Sha256::digest(text)), checks, plugins }
    }

    fn assignment(&self, check: &Check) -> Assignment {
        check.assignment(|secret| self.secrets.get(&(check.id, secret.name.clone())).cloned())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use api::catalogue::{DescribedPlugin, next};
    use api::manifest::FileText;

    use super::*;

    /// A catalogue for tests of this crate: the tenants `acme` and `globex`, the plugin `probe`, and the given checks as
    /// `namespace/name: rest of spec`, such as `acme-prod/a: placement: {mode: Once}`.
    pub(crate) fn catalogue(checks: &[&str]) -> Arc<Catalogue> {
        let digest = Digest::of(b"plugin");
        let mut text = String::new();
        let mut document = |kind: &str, metadata: &str, spec: &str| {
            let document = format!(
                "---\napiVersion: floorwalker.dev/v1alpha1\nkind: {kind}\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n"
            );
            text.push_str(&document);
        };
        document("Plugin", "name: probe", &format!("source: {{file: p.wasm}}, digest: \"{digest}\""));
        for tenant in ["acme", "globex"] {
            let environments = format!("environments: [{{name: prod, namespaces: [{tenant}-prod]}}]");
            let spec = format!("timeZone: Europe/Berlin, services: [shop], {environments}");
            document("Tenant", &format!("name: {tenant}"), &spec);
        }
        for check in checks {
            let (head, rest) = check.split_once(": ").expect("namespace/name: spec");
            let (namespace, name) = head.split_once('/').expect("namespace/name");
            let spec = format!("plugin: probe, runInterval: 60s, timeout: 10s, {rest}");
            document("Check", &format!("name: {name}, namespace: {namespace}"), &spec);
        }
        let describe = r#"{"name": "probe", "version": "1", "kind": "probe", "config": {"type": "object"},
            "capabilities": ["secrets", "http"]}"#;
        let described = DescribedPlugin::parse(digest.clone(), describe).expect("described");
        let texts = [FileText { path: "all.yaml".into(), text: Ok(text) }];
        let made = next(&Catalogue::default(), &texts, &[(digest, Ok(Arc::new(described)))].into());
        assert!(made.refused.is_empty(), "{:?}", made.refused);
        Arc::new(made)
    }

    pub(crate) fn check_id(namespace: &str, name: &str) -> CheckId {
        CheckId::of(Some(&namespace.parse().expect("a label")), &name.parse().expect("a label"))
    }

    pub(crate) fn agent(node: &str) -> AgentKey {
        AgentKey { cluster: "up".parse().expect("a label"), node: node.parse().expect("a node") }
    }

    pub(crate) fn seen(node: &str, live: bool) -> Seen {
        Seen { key: agent(node), live, heard_at_ms: 0 }
    }

    #[test]
    fn every_node_means_silent_ones_too() {
        let catalogue = catalogue(&["acme-prod/a: placement: {mode: EveryNode}"]);
        let nodes = place(&catalogue, &[seen("n1", true), seen("n2", false)], &Nodes::new());
        assert_eq!(nodes.values().next().map(BTreeSet::len), Some(2));
    }

    #[test]
    fn once_is_one_live_agent_and_a_lost_one_moves_only_its_own() {
        let checks: Vec<String> = (0..40).map(|n| format!("acme-prod/c{n}: placement: {{mode: Once}}")).collect();
        let catalogue = catalogue(&checks.iter().map(String::as_str).collect::<Vec<_>>());
        let all = [seen("n1", true), seen("n2", true), seen("n3", true)];
        let before = place(&catalogue, &all, &Nodes::new());
        assert!(before.values().all(|nodes| nodes.len() == 1));
        let without = [seen("n1", true), seen("n2", true), seen("n3", false)];
        let after = place(&catalogue, &without, &before);
        for (check, nodes) in &before {
            let moved = nodes != &after[check];
            assert_eq!(moved, nodes.contains(&agent("n3")), "only what the lost one held");
        }
        assert!(after.values().all(|nodes| !nodes.contains(&agent("n3"))));
    }

    #[test]
    fn once_stays_where_it_is_until_its_agent_is_silent() {
        let checks: Vec<String> = (0..20).map(|n| format!("acme-prod/c{n}: placement: {{mode: Once}}")).collect();
        let catalogue = catalogue(&checks.iter().map(String::as_str).collect::<Vec<_>>());
        let before = place(&catalogue, &[seen("n1", true)], &Nodes::new());
        // After a restart the dead n2 counts as heard too.
        assert_eq!(place(&catalogue, &[seen("n1", true), seen("n2", true)], &before), before);
        let moved = place(&catalogue, &[seen("n1", false), seen("n2", true)], &before);
        assert!(moved.values().all(|nodes| nodes.iter().eq([&agent("n2")])));
    }

    #[test]
    fn with_no_live_agent_a_check_stays_where_it_was() {
        let catalogue = catalogue(&["acme-prod/a: placement: {mode: Once}"]);
        let before = place(&catalogue, &[seen("n1", true)], &Nodes::new());
        assert_eq!(place(&catalogue, &[seen("n1", false)], &before), before);
        let gone = place(&catalogue, &[], &before);
        assert!(gone.values().all(BTreeSet::is_empty), "its agent is forgotten");
    }

    #[test]
    fn an_agent_gets_its_own_and_the_etag_follows_the_content() {
        let catalogue = catalogue(&["acme-prod/a: secrets: [{name: key, from: {secret: s, key: k}}]"]);
        let nodes = place(&catalogue, &[seen("n1", true)], &Nodes::new());
        let mut plan = Plan { catalogue, nodes, secrets: SecretVersions::new() };
        let first = plan.assignments(&agent("n1"));
        assert_eq!((first.checks.len(), first.plugins.len()), (1, 1));
        assert_eq!(first.checks[0].secrets[0].version, None);
        plan.secrets.insert((check_id("acme-prod", "a"), "key".parse().expect("a label")), "v2".into());
        let second = plan.assignments(&agent("n1"));
        assert_eq!(second.checks[0].secrets[0].version.as_deref(), Some("v2"));
        assert_ne!(first.etag, second.etag);
        assert!(plan.assignments(&agent("n2")).checks.is_empty());
    }

    #[test]
    fn only_what_changed_is_moved() {
        let catalogue = catalogue(&["acme-prod/a: placement: {mode: EveryNode}"]);
        let plan = |agents: &[Seen]| Plan {
            catalogue: Arc::clone(&catalogue),
            nodes: place(&catalogue, agents, &Nodes::new()),
            secrets: SecretVersions::new(),
        };
        let (one, other) = (plan(&[seen("n1", true), seen("n2", true)]), plan(&[seen("n2", true), seen("n3", true)]));
        let (opened, closed) = moves(&one.placed(), &other.placed());
        assert_eq!((opened.len(), closed.len()), (1, 1));
        assert_eq!((&opened[0].agent, &closed[0].agent), (&agent("n3"), &agent("n1")));
        assert_eq!(opened[0].tenant.as_ref().map(TenantName::as_str), Some("acme"));
        assert!(!one.is_as(&other));
    }
}
