//! Shell: the tables' versions: each migration once, in order, in one transaction. Called when the store opens.

use rusqlite::{Connection, TransactionBehavior};

use super::super::StoreError;
use super::failed;

/// All migrations, oldest first; the version is the position. Never edited once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_store.sql"),
    include_str!("../../../migrations/sqlite/0002_audit.sql"),
    include_str!("../../../migrations/sqlite/0003_token.sql"),
    include_str!("../../../migrations/sqlite/0004_fleet.sql"),
    include_str!("../../../migrations/sqlite/0005_result.sql"),
    include_str!("../../../migrations/sqlite/0006_release.sql"),
    include_str!("../../../migrations/sqlite/0007_decision.sql"),
    include_str!("../../../migrations/sqlite/0008_token_revoked.sql"),
    include_str!("../../../migrations/sqlite/0009_audit_no_replace.sql"),
];

/// Brings the tables to this binary's version.
pub(super) fn up(connection: &mut Connection) -> Result<(), StoreError> {
    let begin = failed("begin a migration");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(begin)?;
    let version: i64 =
        transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed("read its version"))?;
    let done = usize::try_from(version).map_err(|_| StoreError::Version { version })?;
    if done > MIGRATIONS.len() {
        return Err(StoreError::Version { version });
    }
    for migration in &MIGRATIONS[done..] {
        transaction.execute_batch(migration).map_err(failed("migrate"))?;
    }
    let version = MIGRATIONS.len() as i64;
    transaction.pragma_update(None, "user_version", version).map_err(failed("write its version"))?;
    transaction.commit().map_err(failed("sync a migration"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_once_and_a_newer_file_is_refused() {
        let mut connection = Connection::open_in_memory().expect("memory");
        up(&mut connection).expect("first");
        up(&mut connection).expect("again");
        connection.pragma_update(None, "user_version", 1_000).expect("a pragma");
        assert!(matches!(up(&mut connection), Err(StoreError::Version { version: 1_000 })));
    }
}
