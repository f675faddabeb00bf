//! API tokens: `fwt_<id>_<secret>`. The id finds the row, the secret is compared by its SHA-256 in constant time; only
//! that hash is stored. `http/tokens` and `token create` mint them. The look-up of a token is the one read of the
//! store that has no scope, because a scope comes out of it.

use api::http::token::Role;
use api::id::TenantName;
use api::manifest::release_policy::Class;
use sha2::{Digest as _, Sha256};

use super::principal::Principal;
use super::random;

/// What every token begins with, so that secret scanners know it.
const PREFIX: &str = "fwt_";
/// Public id: 96 random bits, so that ids never tell how many there are.
const ID_BYTES: usize = 12;
/// 256 random bits need no slow hash.
const SECRET_BYTES: usize = 32;

/// A stored token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// Its public id.
    pub id: String,
    /// Its tenant; none for a platform administrator's.
    pub tenant: Option<TenantName>,
    /// What it may do.
    pub role: Role,
    /// Release classes it may claim.
    pub classes: Vec<Class>,
    /// SHA-256 of its secret.
    pub secret_sha256: [u8; 32],
    /// When it ends, in milliseconds since 1970 UTC.
    pub expires_at_ms: i64,
    /// When it was revoked; none while it holds.
    pub revoked_at_ms: Option<i64>,
}

/// A new token: what is stored, and the text that is shown once.
#[derive(Debug)]
pub struct Minted {
    /// What is stored.
    pub stored: StoredToken,
    /// `fwt_<id>_<secret>`.
    pub text: String,
}

/// Finds a token by its public id. Implemented by the store's read view.
pub trait TokenLookup {
    /// What the look-up may fail with.
    type Error;

    /// The token with this id.
    ///
    /// # Errors
    /// The store cannot be read.
    fn token_find(&self, id: &str) -> Result<Option<StoredToken>, Self::Error>;
}

/// Makes a token.
pub fn mint(tenant: Option<TenantName>, role: Role, classes: Vec<Class>, expires_at_ms: i64) -> Minted {
    let id = hex::encode(random::bytes::<ID_BYTES>());
    let secret = hex::encode(random::bytes::<SECRET_BYTES>());
    let text = format!("{PREFIX}{id}_{secret}");
    let secret_sha256 = Sha256::digest(secret.as_bytes()).into();
    let stored = StoredToken { id, tenant, role, classes, secret_sha256, expires_at_ms, revoked_at_ms: None };
    Minted { stored, text }
}

/// The id and the secret of a token's text.
pub fn parse(text: &str) -> Option<(&str, &str)> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let is_hex = |part: &str, bytes: usize| part.len() == 2 * bytes && part.bytes().all(|c| c.is_ascii_hexdigit());
    (is_hex(id, ID_BYTES) && is_hex(secret, SECRET_BYTES)).then_some((id, secret))
}

/// Whoever shows `secret` for `stored` at `now_ms`; nobody when it is another secret or the token has ended or was revoked.
pub fn authenticate(stored: StoredToken, secret: &str, now_ms: i64) -> Option<Principal> {
    let shown: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    let matches = equal(&shown, &stored.secret_sha256);
    let holds = now_ms < stored.expires_at_ms && stored.revoked_at_ms.is_none();
    (matches && holds).then(|| Principal::token(stored.id, stored.tenant, stored.role, stored.classes))
}

/// Compares without leaving early, so that the time says nothing of where two hashes differ.
fn equal(left: &[u8; 32], right: &[u8; 32]) -> bool {
    let difference = left.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_token_authenticates_until_it_ends() {
        let minted = mint(None, Role::PlatformAdmin, vec![], 1_000);
        let (id, secret) = parse(&minted.text).expect("reads back");
        assert_eq!(id, minted.stored.id);
        assert!(authenticate(minted.stored.clone(), secret, 999).is_some());
        assert!(authenticate(minted.stored.clone(), secret, 1_000).is_none(), "ended");
        assert!(authenticate(minted.stored.clone(), &"0".repeat(64), 999).is_none(), "another secret");
        let revoked = StoredToken { revoked_at_ms: Some(998), ..minted.stored };
        assert!(authenticate(revoked, secret, 999).is_none(), "revoked");
    }

    #[test]
    fn what_is_no_token_is_not_looked_up() {
        for text in ["", "fwt_", "fwt_00_00", "Bearer fwt_", &format!("fwt_{}_{}", "0".repeat(24), "z".repeat(64))] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
