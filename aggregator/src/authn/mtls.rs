//! A verified client certificate becomes an agent: exactly one name
//! `spiffe://floorwalker.local/agent/<cluster>/<node>`. The handshake has verified the chain already.

use process::tls::{Peer, PeerError, spiffe_uri};

use super::principal::{AgentKey, Principal};

/// The trust domain of the certificates we issue.
pub const TRUST_DOMAIN: &str = "floorwalker.local";

/// Why a certificate is no agent's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MtlsError {
    /// No certificate was shown.
    #[error("no client certificate was shown")]
    Absent,
    /// It names no workload.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// Its workload is no agent of ours.
    #[error("`{0}` is not spiffe://{TRUST_DOMAIN}/agent/<cluster>/<node>")]
    NotAnAgent(String),
}

/// The name an agent's certificate carries.
pub fn agent_uri(key: &AgentKey) -> String {
    format!("spiffe://{TRUST_DOMAIN}/agent/{}/{}", key.cluster, key.node)
}

/// Who is at the other end of a connection.
///
/// # Errors
/// No certificate, or one that is no agent's.
pub fn authenticate(peer: &Peer) -> Result<Principal, MtlsError> {
    let certificate = peer.certificate.as_ref().ok_or(MtlsError::Absent)?;
    let uri = spiffe_uri(certificate)?;
    agent_of(&uri).map(Principal::agent).ok_or(MtlsError::NotAnAgent(uri))
}

fn agent_of(uri: &str) -> Option<AgentKey> {
    let path = uri.strip_prefix("spiffe://")?.strip_prefix(TRUST_DOMAIN)?.strip_prefix("/agent/")?;
    let (cluster, node) = path.split_once('/')?;
    Some(AgentKey { cluster: cluster.parse().ok()?, node: node.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_agents_are_taken() {
        let key = agent_of("spiffe://floorwalker.local/agent/up/node-1").expect("an agent");
        assert_eq!(agent_uri(&key), "spiffe://floorwalker.local/agent/up/node-1");
        for other in [
            "spiffe://evil.local/agent/up/node-1",
            "spiffe://floorwalker.local.evil/agent/up/node-1",
            "spiffe://floorwalker.local/agent/up",
            "spiffe://floorwalker.local/agent/up/node-1/x",
            "spiffe://floorwalker.local/agent//node-1",
            "https://floorwalker.local/agent/up/node-1",
        ] {
            assert_eq!(agent_of(other), None, "{other}");
        }
    }
}
