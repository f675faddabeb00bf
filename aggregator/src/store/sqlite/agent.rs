//! Shell: agents: when they were heard, their plugins, their marks; and forgetting those that are gone.

use std::collections::BTreeSet;

use api::frame::{Chain, Epoch, PluginStatus};
use api::id::Digest;
use rusqlite::{OptionalExtension as _, params};

use super::super::StoreError;
use super::super::agent::{AgentRead, StoredAgent};
use super::super::batch::Mark;
use super::column::{agent, name, to_json, to_word, unsigned, word};
use super::{BatchTx, View, failed, put};
use crate::authn::AgentKey;
use crate::authz::{AgentScope, PlatformScope, Reach};

impl AgentRead for View<'_> {
    fn agents(&self, _scope: &PlatformScope) -> Result<Vec<StoredAgent>, StoreError> {
        let read = failed("read the agents");
        let sql = "SELECT cluster, node, heard_at_ms FROM agent ORDER BY cluster, node";
        let mut agents = self.connection.prepare_cached(sql).map_err(&read)?;
        let rows = agents
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?)))
            .map_err(&read)?;
        rows.map(|row| {
            let (cluster, node, heard_at_ms) = row.map_err(&read)?;
            Ok(StoredAgent { key: agent(&cluster, &node)?, heard_at_ms })
        })
        .collect()
    }

    fn agent_plugins(&self, _reach: &Reach) -> Result<Vec<(AgentKey, PluginStatus)>, StoreError> {
        let read = failed("read the agents' plugins");
        let sql = "SELECT cluster, node, digest, state, message FROM agent_plugin ORDER BY cluster, node, digest";
        let mut plugins = self.connection.prepare_cached(sql).map_err(&read)?;
        let rows = plugins
            .query_map([], |row| {
                let text = |at: usize| row.get::<_, String>(at);
                Ok((text(0)?, text(1)?, text(2)?, text(3)?, row.get::<_, Option<String>>(4)?))
            })
            .map_err(&read)?;
        rows.map(|row| {
            let (cluster, node, digest, state, message) = row.map_err(&read)?;
            let status = PluginStatus { digest: name(&digest)?, state: word("a plugin's state", &state)?, message };
            Ok((agent(&cluster, &node)?, status))
        })
        .collect()
    }

    fn spool_mark(&self, scope: &AgentScope, epoch: &Epoch) -> Result<Option<Mark>, StoreError> {
        let AgentKey { cluster, node } = scope.key();
        let sql = "SELECT through, chain FROM spool_mark WHERE cluster = ?1 AND node = ?2 AND epoch = ?3";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut mark| {
                let columns = mark.query_row(params![cluster.as_str(), node.as_str(), epoch.0], |row| {
                    Ok(Mark { through: unsigned(row.get(0)?), chain: Chain(row.get(1)?) })
                });
                columns.optional()
            })
            .map_err(failed("read a mark"))
    }
}

impl BatchTx<'_> {
    /// Notes when agents were heard.
    ///
    /// # Errors
    /// The store failed.
    pub fn agents_heard(&self, heard: &[StoredAgent]) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO agent (cluster, node, heard_at_ms) VALUES (?1, ?2, ?3)";
        for StoredAgent { key, heard_at_ms } in heard {
            put(self.connection, sql, params![key.cluster.as_str(), key.node.as_str(), heard_at_ms], "store an agent")?;
        }
        Ok(())
    }

    /// Forgets agents not heard since `before_ms`, with their plugins.
    ///
    /// # Errors
    /// The store failed.
    pub fn agents_forget(&self, before_ms: i64) -> Result<(), StoreError> {
        put(self.connection, "DELETE FROM agent WHERE heard_at_ms < ?1", [before_ms], "forget agents")?;
        let sql = "DELETE FROM agent_plugin WHERE (cluster, node) NOT IN (SELECT cluster, node FROM agent)";
        put(self.connection, sql, [], "forget agents' plugins")
    }

    /// Forgets what was said of components that no manifest wants.
    ///
    /// # Errors
    /// The store failed.
    pub fn agent_plugins_keep(&self, wanted: &BTreeSet<Digest>) -> Result<(), StoreError> {
        let sql = "DELETE FROM agent_plugin WHERE digest NOT IN (SELECT value FROM json_each(?1))";
        put(self.connection, sql, [to_json(wanted)?], "forget agents' plugins")
    }

    pub(super) fn agent_plugin_set(&self, key: &AgentKey, at_ms: i64, status: &PluginStatus) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO agent_plugin (cluster, node, digest, state, message, at_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![
            key.cluster.as_str(),
            key.node.as_str(),
            status.digest.as_str(),
            to_word(&status.state)?,
            status.message,
            at_ms,
        ];
        put(self.connection, sql, values, "store a plugin's state")
    }
}
