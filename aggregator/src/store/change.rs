//! The door for what people and the law do: a guard and a write in one transaction, and its audit entry.
//! `Store::change` runs it; what is written are methods of `ChangeTx` in `sqlite/<noun>`.

use super::StoreError;

/// What is to be noted of a change; who and when come from the scope and the door.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// What, as `noun.verb`.
    pub action: &'static str,
    /// On what: an id or a name.
    pub subject: String,
    /// The rest, additive.
    pub detail: serde_json::Value,
}

/// A change that was made, and its note.
#[derive(Debug)]
pub struct Recorded<T> {
    pub(super) done: T,
    pub(super) note: Option<Note>,
}

impl<T> Recorded<T> {
    /// Made, and noted.
    pub fn noted(done: T, note: Note) -> Self {
        Self { done, note: Some(note) }
    }

    /// The same as one that was noted within the last minute (a poll): nothing is added to the trail.
    pub fn repeated(done: T) -> Self {
        Self { done, note: None }
    }
}

/// Why a change was not made; nothing of it is stored.
#[derive(Debug)]
pub enum ChangeError<R> {
    /// The guard refused.
    Refused(R),
    /// The store failed.
    Store(StoreError),
}

impl<R> From<StoreError> for ChangeError<R> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
