//! Shell: the upkeep door's transaction: what the aggregator notes for itself, in the law's file.

use rusqlite::Connection;

/// A write of the aggregator's own under way. Nouns add their writes as methods in their own files.
#[derive(Debug)]
pub struct UpkeepTx<'c> {
    pub(super) connection: &'c Connection,
}

impl<'c> UpkeepTx<'c> {
    pub(in crate::store) fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }
}
