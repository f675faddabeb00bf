//! Shell: what the store knows of itself: keys that are made once and never leave it.

use rusqlite::params;

use super::super::StoreError;
use super::{BatchTx, failed};

impl BatchTx<'_> {
    /// The 32 bytes stored under `name`; `candidate` is stored when there are none yet.
    ///
    /// # Errors
    /// The store failed.
    pub fn fact_ensure(&self, name: &'static str, candidate: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        let sql = "INSERT INTO store_fact (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
        self.put(sql, params![name, candidate], "store a fact")?;
        self.connection()
            .query_row("SELECT value FROM store_fact WHERE name = ?1", [name], |row| row.get(0))
            .map_err(failed("read a fact"))
    }
}
