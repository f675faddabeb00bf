//! Shell: leases: the holder and the highest token of each mutating check.

use rusqlite::params;

use super::super::StoreError;
use super::super::lease::{LeaseRead, StoredLease};
use super::column::{agent, check, signed, tenant, tenant_key, unsigned};
use super::{UpkeepTx, View, failed, rows};
use crate::authz::PlatformScope;

impl LeaseRead for View<'_> {
    fn leases(&self, _scope: &PlatformScope) -> Result<Vec<StoredLease>, StoreError> {
        let read = failed("read the leases");
        let mut leases = self
            .connection
            .prepare_cached("SELECT tenant, check_id, token, since_token, cluster, node, ttl_ms FROM lease")
            .map_err(&read)?;
        let rows = leases
            .query_map([], |row| {
                let text = |at: usize| row.get::<_, String>(at);
                let number = |at: usize| row.get(at).map(unsigned);
                Ok(((text(0)?, check(row, 1)?), (number(2)?, number(3)?), (text(4)?, text(5)?), number(6)?))
            })
            .map_err(&read)?;
        rows.map(|row| {
            let ((owner, check), (token, since_token), (cluster, node), ttl_ms) = row.map_err(&read)?;
            let (tenant, holder) = (tenant(&owner)?, agent(&cluster, &node)?);
            Ok(StoredLease { tenant, check, token, since_token, holder, ttl_ms })
        })
        .collect()
    }
}

impl UpkeepTx<'_> {
    /// Stores a grant. The token only rises: a lower or equal one is refused as raced.
    ///
    /// # Errors
    /// [`StoreError::Raced`], or the store failed.
    pub fn lease_grant(&self, lease: &StoredLease) -> Result<(), StoreError> {
        let sql = "INSERT INTO lease (tenant, check_id, token, since_token, cluster, node, ttl_ms)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (tenant, check_id) DO UPDATE SET token = excluded.token, since_token = excluded.since_token,
                cluster = excluded.cluster, node = excluded.node, ttl_ms = excluded.ttl_ms
            WHERE token < excluded.token";
        let values = params![
            tenant_key(lease.tenant.as_ref()),
            lease.check.0.as_bytes(),
            signed(lease.token),
            signed(lease.since_token),
            lease.holder.cluster.as_str(),
            lease.holder.node.as_str(),
            signed(lease.ttl_ms),
        ];
        let granted = rows(self.connection, sql, values, "store a lease")?;
        if granted == 0 { Err(StoreError::Raced) } else { Ok(()) }
    }
}
