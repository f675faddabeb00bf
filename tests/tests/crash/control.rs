//! That the disk of the power cuts does what it is trusted for: a writer that syncs keeps its data, one that does not loses
//! it, and a database that syncs less than ours does is found out.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use harness::disk::{self, Cut, Disk};
use harness::skip;
use rusqlite::Connection;

#[test]
fn what_is_synced_survives_a_power_cut_and_nothing_else() {
    if let Some(why) = disk::unavailable() {
        return skip::because("what_is_synced_survives_a_power_cut_and_nothing_else", &why);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut disk = Disk::mount(folder.path()).expect("mounted");
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str| {
        let mut file = File::create(at(name)).expect("made");
        file.write_all(b"first").expect("written");
        file
    };
    write("synced").sync_all().expect("synced");
    let mut grows = write("grows");
    grows.sync_all().expect("synced");
    write("not synced");
    File::open(folder.path()).expect("opened").sync_all().expect("synced");
    grows.write_all(b", second").expect("written");
    write("no name").sync_all().expect("synced");
    fs::rename(at("synced"), at("renamed")).expect("renamed");
    disk.power_off();
    assert!(grows.sync_all().is_err(), "without power nothing is acknowledged");
    drop(grows);
    disk.power_on(Cut::Clean).expect("power");
    let read = |name: &str| fs::read(at(name)).map(|bytes| String::from_utf8(bytes).expect("text")).ok();
    assert_eq!(read("synced").as_deref(), Some("first"), "a rename that was not synced is undone");
    assert_eq!(read("renamed"), None);
    assert_eq!(read("grows").as_deref(), Some("first"));
    assert_eq!(read("not synced").as_deref(), Some(""), "a name without its bytes");
    assert_eq!(read("no name"), None, "bytes without their name");
}

#[test]
fn a_database_that_syncs_less_is_found_out() {
    if let Some(why) = disk::unavailable() {
        return skip::because("a_database_that_syncs_less_is_found_out", &why);
    }
    for (synchronous, kept) in [("FULL", 50), ("NORMAL", 0)] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut disk = Disk::mount(folder.path()).expect("mounted");
        let file = folder.path().join("rows.db");
        let rows = open(&file, synchronous);
        rows.execute_batch("CREATE TABLE row (n INTEGER); PRAGMA wal_checkpoint(TRUNCATE)").expect("a table");
        for n in 0..50 {
            rows.execute("INSERT INTO row VALUES (?1)", [n]).expect("committed, and so acknowledged");
        }
        disk.power_off();
        drop(rows);
        disk.power_on(Cut::Clean).expect("power");
        let found: i64 =
            open(&file, "FULL").query_row("SELECT count(*) FROM row", [], |row| row.get(0)).expect("a table");
        assert_eq!(found, kept, "with synchronous={synchronous}");
    }
}

fn open(file: &Path, synchronous: &str) -> Connection {
    let connection = Connection::open(file).expect("a database");
    connection.pragma_update(None, "journal_mode", "WAL").expect("set");
    connection.pragma_update(None, "synchronous", synchronous).expect("set");
    connection
}
