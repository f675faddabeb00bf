//! What a journey made at its target, durable on the node before each call returns. Used by journeys: `intent` before
//! the call that makes an object, `created` after it, `cleaned` once it is seen to be gone.

use super::HostError;
use crate::bindings::journey::floorwalker::check::ledger as import;

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is in the target's words, such as `sale.order`.
    pub kind: String,
    /// The journey's own name of it, deterministic per run, findable at the target.
    pub key: String,
    /// The target's id, once known.
    pub id: Option<String>,
}

impl Entry {
    /// An entry whose id is not known yet.
    pub fn new(kind: &str, key: &str) -> Self {
        Self { kind: kind.to_owned(), key: key.to_owned(), id: None }
    }

    /// The same entry with the target's id.
    #[must_use]
    pub fn with_id(mut self, id: impl ToString) -> Self {
        self.id = Some(id.to_string());
        self
    }
}

/// An object is about to be made.
///
/// # Errors
/// The host could not make it durable; the object must not be made then.
pub fn intent(entry: &Entry) -> Result<(), HostError> {
    host_call!(import::intent(&entry.into()).map_err(HostError::from), |doubles| doubles.ledger.intent(entry))
}

/// The object is there.
///
/// # Errors
/// The host could not make it durable.
pub fn created(entry: &Entry) -> Result<(), HostError> {
    host_call!(import::created(&entry.into()).map_err(HostError::from), |doubles| doubles.ledger.created(entry))
}

/// The object is gone, or was never made.
///
/// # Errors
/// The host could not make it durable; it will be cleaned again.
pub fn cleaned(entry: &Entry) -> Result<(), HostError> {
    host_call!(import::cleaned(&entry.into()).map_err(HostError::from), |doubles| doubles.ledger.cleaned(entry))
}

impl From<&Entry> for import::Entry {
    fn from(entry: &Entry) -> Self {
        Self { kind: entry.kind.clone(), key: entry.key.clone(), id: entry.id.clone() }
    }
}

impl From<import::Entry> for Entry {
    fn from(entry: import::Entry) -> Self {
        Self { kind: entry.kind, key: entry.key, id: entry.id }
    }
}

/// A ledger in memory that holds callers to the order of the contract.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Default)]
pub(crate) struct Double {
    /// Entries with an intent and no `cleaned`, oldest first.
    pub(crate) left: Vec<Entry>,
    /// Every call, such as `intent sale.order`.
    pub(crate) calls: Vec<String>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Double {
    fn intent(&mut self, entry: &Entry) -> Result<(), HostError> {
        self.calls.push(format!("intent {}", entry.kind));
        self.left.retain(|known| !known.is_same(entry));
        self.left.push(entry.clone());
        Ok(())
    }

    fn created(&mut self, entry: &Entry) -> Result<(), HostError> {
        self.calls.push(format!("created {}", entry.kind));
        let known = self.left.iter_mut().find(|known| known.is_same(entry)).ok_or_else(|| without_intent(entry))?;
        known.id.clone_from(&entry.id);
        Ok(())
    }

    fn cleaned(&mut self, entry: &Entry) -> Result<(), HostError> {
        self.calls.push(format!("cleaned {}", entry.kind));
        if !self.left.iter().any(|known| known.is_same(entry)) {
            return Err(without_intent(entry));
        }
        self.left.retain(|known| !known.is_same(entry));
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Entry {
    fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.key == other.key
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn without_intent(entry: &Entry) -> HostError {
    HostError::new(crate::Reason::Other, format!("{} {} has no intent", entry.kind, entry.key))
}

#[cfg(test)]
mod tests {
    use super::{Double, Entry};

    #[test]
    fn the_double_wants_an_intent_first() {
        let entry = Entry::new("sale.order", "key");
        let mut double = Double::default();
        double.created(&entry).expect_err("no intent yet");
        double.intent(&entry).expect("an intent");
        double.created(&entry.clone().with_id(7)).expect("after its intent");
        assert_eq!(double.left, [entry.clone().with_id(7)]);
        double.cleaned(&entry).expect("known");
        assert!(double.left.is_empty());
    }
}
