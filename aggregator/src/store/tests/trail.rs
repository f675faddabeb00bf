//! The audit trail held against whoever writes to the file beside the store.

use super::*;

#[tokio::test]
async fn the_trail_refuses_to_be_changed() {
    let stand = Stand::new();
    let done = change::<_, (), _>(&stand.store, acme(), 1, |_| Ok(Recorded::noted((), note("a"))));
    done.await.expect("changed");
    let direct = rusqlite::Connection::open(stand.folder.path().join("aggregator.db")).expect("opened");
    let row = "INSERT OR REPLACE INTO audit (rowid, tenant, seq, stored, hash) VALUES";
    for sql in [
        "UPDATE audit SET stored = x'00'",
        "UPDATE OR REPLACE audit SET stored = x'00'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit (tenant, seq, stored, hash) VALUES ('acme', 1, x'00', zeroblob(32))",
        &format!("{row} ((SELECT MAX(rowid) FROM audit), 'acme', 2, x'00', zeroblob(32))"),
        "INSERT INTO audit (tenant, seq, stored, hash) VALUES ('acme', 1, x'00', zeroblob(32))
            ON CONFLICT DO UPDATE SET stored = excluded.stored",
    ] {
        let error = direct.execute(sql, []).expect_err(sql).to_string();
        assert!(error.contains("append-only"), "{error}");
    }
    let entries = stand.store.read(|view| view.audit_entries(&acme(), 0, 10)).await.expect("read");
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].hash, next(&[0; 32], &entries[0].stored), "as it was written");
    let done = change::<_, (), _>(&stand.store, acme(), 2, |_| Ok(Recorded::noted((), note("b"))));
    done.await.expect("the trail goes on");
}
