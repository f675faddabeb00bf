//! Shell: placements: what is intended now, and what was within the last two days.

use api::id::{CheckId, TenantName};
use rusqlite::params;

use super::super::StoreError;
use super::super::placement::{Placed, PlacementRead};
use super::column::{agent, check, tenant, tenant_key};
use super::{BatchTx, View, failed, put};
use crate::authz::{AgentScope, PlatformScope};

impl PlacementRead for View<'_> {
    fn placements(&self, _scope: &PlatformScope) -> Result<Vec<Placed>, StoreError> {
        let read = failed("read the placements");
        let sql = "SELECT tenant, check_id, cluster, node FROM placement WHERE until_ms IS NULL";
        let mut placements = self.connection.prepare_cached(sql).map_err(&read)?;
        let rows = placements
            .query_map([], |row| {
                let text = |at: usize| row.get::<_, String>(at);
                Ok((text(0)?, check(row, 1)?, text(2)?, text(3)?))
            })
            .map_err(&read)?;
        rows.map(|row| {
            let (owner, check, cluster, node) = row.map_err(&read)?;
            Ok(Placed { tenant: tenant(&owner)?, check, agent: agent(&cluster, &node)? })
        })
        .collect()
    }

    fn placements_of(
        &self,
        scope: &AgentScope,
        since_ms: i64,
    ) -> Result<Vec<(CheckId, Option<TenantName>)>, StoreError> {
        let read = failed("read a node's placements");
        // A check id is bound to one owner at a time; after a namespace moved between tenants, the open row wins.
        let sql = "SELECT check_id, tenant FROM placement
            WHERE cluster = ?1 AND node = ?2 AND (until_ms IS NULL OR until_ms >= ?3)
            ORDER BY until_ms IS NULL, until_ms";
        let mut placements = self.connection.prepare_cached(sql).map_err(&read)?;
        let key = scope.key();
        let rows = placements
            .query_map(params![key.cluster.as_str(), key.node.as_str(), since_ms], |row| {
                Ok((check(row, 0)?, row.get::<_, String>(1)?))
            })
            .map_err(&read)?;
        rows.map(|row| {
            let (check, owner) = row.map_err(&read)?;
            Ok((check, tenant(&owner)?))
        })
        .collect()
    }
}

impl BatchTx<'_> {
    /// Opens and closes placements at `at_ms`.
    ///
    /// # Errors
    /// The store failed.
    pub fn placements_move(&self, opened: &[Placed], closed: &[Placed], at_ms: i64) -> Result<(), StoreError> {
        let close = "UPDATE placement SET until_ms = ?5
            WHERE tenant = ?1 AND check_id = ?2 AND cluster = ?3 AND node = ?4 AND until_ms IS NULL";
        let open = "INSERT INTO placement (tenant, check_id, cluster, node, since_ms) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (tenant, check_id, cluster, node) DO UPDATE SET since_ms = excluded.since_ms, until_ms = NULL
            WHERE until_ms IS NOT NULL";
        for (sql, moved) in [(close, closed), (open, opened)] {
            for Placed { tenant, check, agent } in moved {
                let values = params![
                    tenant_key(tenant.as_ref()),
                    check.0.as_bytes(),
                    agent.cluster.as_str(),
                    agent.node.as_str(),
                    at_ms,
                ];
                put(self.connection, sql, values, "move a placement")?;
            }
        }
        Ok(())
    }

    /// Forgets placements that ended before `before_ms`, and what was last known of their checks and of what their runs
    /// left there: no reader sees a check that is gone, and no record of it is taken any more.
    ///
    /// # Errors
    /// The store failed.
    pub fn placements_forget(&self, before_ms: i64) -> Result<(), StoreError> {
        put(self.connection, "DELETE FROM placement WHERE until_ms < ?1", [before_ms], "forget placements")?;
        for table in ["last_run", "ledger"] {
            let sql = format!(
                "DELETE FROM {table} WHERE (tenant, check_id, cluster, node) NOT IN
                    (SELECT tenant, check_id, cluster, node FROM placement)"
            );
            put(self.connection, &sql, [], "forget what is of no placement")?;
        }
        Ok(())
    }
}
