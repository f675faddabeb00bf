//! SHA-256("floorwalker-audit-v1\0" ‖ previous ‖ stored bytes), per tenant, from 32 zero bytes.

use sha2::{Digest as _, Sha256};

/// A link of the chain.
pub type ChainHash = [u8; 32];

/// Keeps these hashes apart from every other use of SHA-256.
const DOMAIN: &[u8] = b"floorwalker-audit-v1\0";

/// The link after `previous` for an entry's stored bytes.
pub fn next(previous: &ChainHash, stored: &[u8]) -> ChainHash {
    Sha256::new().chain_update(DOMAIN).chain_update(previous).chain_update(stored).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_depends_on_all_before() {
        let first = next(&[0; 32], b"a");
        assert_ne!(next(&first, b"b"), next(&[0; 32], b"b"));
        assert_ne!(next(&first, b"b"), next(&first, b"c"));
    }
}
