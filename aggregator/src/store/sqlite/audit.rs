//! Shell: the audit trail's reads; its one write is the change door's.

use rusqlite::params;

use super::super::StoreError;
use super::super::audit::{AuditRead, StoredEntry};
use super::column::{signed, tenant, unsigned};
use super::{View, failed};
use crate::authz::{PlatformScope, TenantScope};

impl AuditRead for View<'_> {
    fn audit_entries(&self, scope: &TenantScope, after: u64, limit: u32) -> Result<Vec<StoredEntry>, StoreError> {
        let sql = "SELECT seq, stored, hash FROM audit WHERE tenant = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
        let read = failed("read the audit trail");
        let mut entries = self.connection.prepare_cached(sql).map_err(&read)?;
        let rows = entries.query_map(params![scope.key(), signed(after), limit], |row| {
            Ok(StoredEntry { seq: unsigned(row.get(0)?), stored: row.get(1)?, hash: row.get(2)? })
        });
        rows.map_err(&read)?.collect::<Result<_, _>>().map_err(&read)
    }

    fn audit_chains(&self, scope: &PlatformScope) -> Result<Vec<TenantScope>, StoreError> {
        let read = failed("read the audit trail's chains");
        let mut chains = self.connection.prepare_cached("SELECT DISTINCT tenant FROM audit").map_err(&read)?;
        let rows = chains.query_map([], |row| row.get::<_, String>(0)).map_err(&read)?;
        rows.map(|row| Ok(scope.owner(tenant(&row.map_err(&read)?)?))).collect()
    }
}
