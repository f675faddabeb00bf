//! Shell: what a file of the store knows of itself: keys that are made once and never leave it.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::StoreError;
use super::{UpkeepTx, failed};

impl UpkeepTx<'_> {
    /// The 32 bytes stored under `name`; `candidate` is stored when there are none yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn fact_ensure(&self, name: &'static str, candidate: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        ensure(self.connection, name, candidate)
    }
}

/// As [`UpkeepTx::fact_ensure`]. What is there is not written again.
pub(super) fn ensure(connection: &Connection, name: &str, candidate: &[u8; 32]) -> Result<[u8; 32], StoreError> {
    if let Some(stored) = find(connection, name)? {
        return Ok(stored);
    }
    let sql = "INSERT INTO main.store_fact (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
    connection.execute(sql, params![name, candidate]).map_err(failed("store a fact"))?;
    // Another process may have stored its own first.
    find(connection, name)?.ok_or_else(|| StoreError::Broken { what: "a fact", source: "it was just stored".into() })
}

/// The bytes stored under `name`.
pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<[u8; 32]>, StoreError> {
    let sql = "SELECT value FROM main.store_fact WHERE name = ?1";
    connection.query_row(sql, [name], |row| row.get(0)).optional().map_err(failed("read a fact"))
}
