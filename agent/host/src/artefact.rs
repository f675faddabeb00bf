//! Compiled plugins on disk: how they are named and how they are authenticated. Native code is run as it is, so a
//! file counts only with a MAC of the node's key, which the compiler cannot read, over its name and its bytes.
//! `agent` seals what the compiler gave and stores it; `load` verifies. No I/O here.
//!
//! A file is `MAGIC`, the HMAC-SHA256 and the artefact. The MAC covers a domain word, the name, the bytes, their number.

use api::id::Digest;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// First bytes of a file; another format has another magic.
pub(crate) const MAGIC: &[u8; 8] = b"FWARTE02";
/// Bytes of the MAC.
pub(crate) const MAC_BYTES: usize = 32;
/// Bytes before the artefact.
pub const HEAD_BYTES: usize = MAGIC.len() + MAC_BYTES;
const DOMAIN: &[u8] = b"floorwalker-artefact-v2\0";

/// The node's key; wiped when dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// From 32 random bytes that only the agent of this node can read.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

/// What an artefact is of, and for: the component's digest and `Engine::compatibility`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// The name of a component's artefact for an engine with this compatibility.
    pub fn new(component: &Digest, compatibility: &str) -> Self {
        Self(format!("{}-{compatibility}", component.hex()))
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{}.artefact", self.0)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The file's bytes for an artefact: what `load` accepts under the same name and key.
pub fn seal(key: &Key, name: &Name, artefact: &[u8]) -> Vec<u8> {
    let mut seal = Seal::begin(key, name);
    seal.update(artefact);
    [&seal.head()[..], artefact].concat()
}

/// A MAC in the making, so that a file is sealed while it is written, and checked while it is copied.
pub struct Seal {
    mac: Hmac<Sha256>,
    artefact_bytes: u64,
}

impl Seal {
    /// Of an artefact that comes.
    pub fn begin(key: &Key, name: &Name) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.0.as_slice()).expect("HMAC takes keys of any length");
        mac.update(DOMAIN);
        mac.update(&(name.as_str().len() as u64).to_be_bytes());
        mac.update(name.as_str().as_bytes());
        Self { mac, artefact_bytes: 0 }
    }

    /// Its next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.mac.update(bytes);
        self.artefact_bytes += bytes.len() as u64;
    }

    /// What stands before the artefact in its file.
    pub fn head(self) -> [u8; HEAD_BYTES] {
        let mut head = [0; HEAD_BYTES];
        let (magic, mac) = head.split_at_mut(MAGIC.len());
        magic.copy_from_slice(MAGIC);
        mac.copy_from_slice(&self.ended().finalize().into_bytes());
        head
    }

    /// The number comes last: it is not known before.
    fn ended(mut self) -> Hmac<Sha256> {
        self.mac.update(&self.artefact_bytes.to_be_bytes());
        self.mac
    }

    /// Compares in constant time.
    pub(crate) fn matches(self, mac: &[u8]) -> bool {
        self.ended().verify_slice(mac).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opens(key: &Key, name: &Name, file: &[u8]) -> bool {
        let Some(artefact) = file.get(HEAD_BYTES..) else { return false };
        let mut seal = Seal::begin(key, name);
        seal.update(artefact);
        seal.matches(&file[MAGIC.len()..HEAD_BYTES])
    }

    #[test]
    fn a_seal_binds_key_name_and_bytes() {
        let (key, other) = (Key::new([1; 32]), Key::new([2; 32]));
        let name = Name::new(&Digest::of(b"wasm"), "48-x86_64");
        let file = seal(&key, &name, b"native code");
        assert!(opens(&key, &name, &file));
        assert!(!opens(&other, &name, &file));
        assert!(!opens(&key, &Name::new(&Digest::of(b"other"), "48-x86_64"), &file));
        assert!(!opens(&key, &name, &file[..file.len() - 1]));
        let mut changed = file.clone();
        changed[HEAD_BYTES] ^= 1;
        assert!(!opens(&key, &name, &changed));
    }
}
