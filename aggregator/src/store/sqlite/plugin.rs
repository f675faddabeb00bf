//! Shell: what components say of themselves.

use api::id::Digest;
use rusqlite::{OptionalExtension as _, params};

use super::super::StoreError;
use super::super::plugin::PluginRead;
use super::{UpkeepTx, View, failed, put};
use crate::authz::PlatformScope;

impl PluginRead for View<'_> {
    fn plugin_describe(&self, _scope: &PlatformScope, digest: &Digest) -> Result<Option<String>, StoreError> {
        self.connection
            .prepare_cached("SELECT describe FROM plugin WHERE digest = ?1")
            .and_then(|mut plugin| plugin.query_row([digest.as_str()], |row| row.get(0)).optional())
            .map_err(failed("read a plugin"))
    }
}

impl UpkeepTx<'_> {
    /// Keeps a component's answer to `describe`.
    ///
    /// # Errors
    /// The store failed.
    pub fn plugin_store(&self, digest: &Digest, describe: &str, at_ms: i64) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO plugin (digest, describe, at_ms) VALUES (?1, ?2, ?3)";
        put(self.connection, sql, params![digest.as_str(), describe, at_ms], "store a plugin")
    }
}
