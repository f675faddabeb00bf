//! Shell: the tables' versions: each migration once, in order, in one transaction. Called when the store opens.

use rusqlite::{Connection, TransactionBehavior};

use super::super::StoreError;
use super::failed;

/// All migrations of a file, oldest first; the version is the position. Never edited once released.
type Migrations = &'static [&'static str];

/// What people and the law do, and what the aggregator notes for itself.
pub(super) const LAW: Migrations = &[
    include_str!("../../../migrations/sqlite/law/0001_store.sql"),
    include_str!("../../../migrations/sqlite/law/0002_audit.sql"),
    include_str!("../../../migrations/sqlite/law/0003_token.sql"),
    include_str!("../../../migrations/sqlite/law/0004_release.sql"),
    include_str!("../../../migrations/sqlite/law/0005_decision.sql"),
    include_str!("../../../migrations/sqlite/law/0006_lease.sql"),
    include_str!("../../../migrations/sqlite/law/0007_plugin.sql"),
];

/// What machines report.
pub(super) const REPORTS: Migrations = &[
    include_str!("../../../migrations/sqlite/reports/0001_store.sql"),
    include_str!("../../../migrations/sqlite/reports/0002_fleet.sql"),
    include_str!("../../../migrations/sqlite/reports/0003_result.sql"),
];

/// Whether a file has no tables yet.
pub(super) fn is_new(connection: &Connection) -> Result<bool, StoreError> {
    version(connection).map(|version| version == 0)
}

/// Brings the tables to this binary's version. Where they have it nothing is written: a command beside a busy server
/// waits for nobody.
pub(super) fn up(connection: &mut Connection, migrations: Migrations) -> Result<(), StoreError> {
    if version(connection)? == migrations.len() as i64 {
        return Ok(());
    }
    let begin = failed("begin a migration");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(begin)?;
    let version = version(&transaction)?;
    let left = usize::try_from(version).ok().and_then(|done| migrations.get(done..));
    let Some(left) = left else {
        let file = transaction.path().unwrap_or_default().to_owned();
        return Err(StoreError::Version { file, version });
    };
    for migration in left {
        transaction.execute_batch(migration).map_err(failed("migrate"))?;
    }
    let version = migrations.len() as i64;
    transaction.pragma_update(None, "user_version", version).map_err(failed("write its version"))?;
    transaction.commit().map_err(failed("sync a migration"))
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed("read its version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_once_and_a_newer_file_is_refused() {
        for migrations in [LAW, REPORTS] {
            let mut connection = Connection::open_in_memory().expect("memory");
            assert!(is_new(&connection).expect("read"));
            up(&mut connection, migrations).expect("first");
            up(&mut connection, migrations).expect("again");
            assert!(!is_new(&connection).expect("read"));
            connection.pragma_update(None, "user_version", 1_000).expect("a pragma");
            assert!(matches!(up(&mut connection, migrations), Err(StoreError::Version { version: 1_000, .. })));
        }
    }

    #[test]
    fn a_file_of_another_version_is_named_and_one_of_ours_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("reports.db");
        let mut connection = super::super::connect(&file).expect("opened");
        up(&mut connection, REPORTS).expect("made");
        let mut other = super::super::connect(&file).expect("opened");
        other.busy_timeout(std::time::Duration::ZERO).expect("set");
        connection.execute_batch("BEGIN IMMEDIATE").expect("a writer at work");
        up(&mut other, REPORTS).expect("waits for nobody");
        connection.execute_batch("ROLLBACK").expect("ended");
        connection.pragma_update(None, "user_version", 1_000).expect("a pragma");
        let refused = up(&mut connection, REPORTS).expect_err("newer").to_string();
        assert!(refused.contains("reports.db") && refused.contains("1000"), "{refused}");
    }
}
