//! What the aggregator has stored, read from its own file by the test, and the comparison with what agents were promised.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use api::id::CheckId;
use harness::site::{CHECKS, check_name, namespace};
use harness::teller::{Kind, kind, run_id};
use rusqlite::{Connection, OpenFlags, params};

use crate::history::History;

/// The aggregator's file.
pub(crate) struct Books {
    connection: Connection,
    _copy: Option<tempfile::TempDir>,
}

/// How far an epoch was taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) node: String,
    pub(crate) epoch: String,
    pub(crate) through: u64,
    pub(crate) chain: String,
}

/// Numbers of records that were durable, and those that may have become so.
#[derive(Debug, Default)]
pub(crate) struct Promised {
    /// Durable on the agent's disk, by its own word.
    pub(crate) durable: BTreeSet<u64>,
    /// Handed to the spool: everything below.
    pub(crate) given: u64,
}

// === impl Promised ===

impl Promised {
    /// Takes note of what a teller said in one life.
    pub(crate) fn note(&mut self, said: &str) {
        for line in said.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |word: &str| word.parse::<u64>().expect("a number");
            match words[..] {
                ["given", next] => self.given = self.given.max(number(next)),
                ["durable", first, next] => self.durable.extend(number(first)..number(next)),
                _ => {}
            }
        }
    }
}

// === impl Books ===

impl Books {
    /// Opens them to read.
    pub(crate) fn open(data: &Path) -> Self {
        let file = data.join("reports.db");
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("a database");
        connection.busy_timeout(std::time::Duration::from_secs(10)).expect("a time");
        Self { connection, _copy: None }
    }

    /// Opens a copy of what a killed aggregator left, so that the next one still finds it as it was left.
    pub(crate) fn copy(data: &Path) -> Self {
        let copy = tempfile::tempdir().expect("a folder");
        for file in ["reports.db", "reports.db-wal"] {
            // A log is there only while somebody writes, and nothing before the first start has come far.
            let _ = std::fs::copy(data.join(file), copy.path().join(file));
        }
        let mut books = Self::open(copy.path());
        books._copy = Some(copy);
        books
    }

    /// How far each epoch of each node was taken, and the chain there.
    pub(crate) fn every_mark(&self) -> Vec<Mark> {
        let sql = "SELECT node, lower(hex(epoch)), through, lower(hex(chain)) FROM spool_mark";
        let mut marks = self.connection.prepare(sql).expect("a statement");
        let row = |row: &rusqlite::Row<'_>| {
            let through = row.get::<_, i64>(2)?.cast_unsigned();
            Ok(Mark { node: row.get(0)?, epoch: row.get(1)?, through, chain: row.get(3)? })
        };
        marks.query_map([], row).expect("marks").collect::<Result<_, _>>().expect("marks")
    }

    /// How often each run is stored.
    pub(crate) fn runs(&self, node: &str) -> BTreeMap<String, u64> {
        let mut chunks =
            self.connection.prepare("SELECT lines FROM result_chunk WHERE node = ?1").expect("a statement");
        let chunks = chunks.query_map([node], |row| row.get::<_, Vec<u8>>(0)).expect("chunks");
        let mut runs = BTreeMap::new();
        for packed in chunks {
            let lines = zstd::decode_all(packed.expect("a chunk").as_slice()).expect("zstd");
            for line in String::from_utf8(lines).expect("text").lines() {
                let result: api::result::CheckResult = serde_json::from_str(line).expect("JSON");
                *runs.entry(result.run_id.0.to_string()).or_default() += 1;
            }
        }
        runs
    }

    /// How often each bucket of a check was counted, all minutes together; and all runs.
    fn buckets(&self, node: &str, check: u64) -> (BTreeMap<i16, u64>, u64) {
        let id = CheckId::of(Some(&namespace()), &check_name(check).parse().expect("a label"));
        let sql = "SELECT sketch, runs FROM rollup_minute WHERE node = ?1 AND check_id = ?2";
        let mut minutes = self.connection.prepare(sql).expect("a statement");
        let rows = minutes.query_map(params![node, id.0.as_bytes()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        });
        let (mut sum, mut runs) = (BTreeMap::new(), 0);
        for row in rows.expect("counts") {
            let (sketch, of_minute) = row.expect("counts");
            runs += of_minute;
            for (bucket, count) in serde_json::from_str::<BTreeMap<i16, u64>>(&sketch).expect("JSON") {
                *sum.entry(bucket).or_default() += count;
            }
        }
        (sum, runs)
    }

    /// Nothing that was durable is missing, nothing is there twice, nothing is there that was never given.
    pub(crate) fn hold(&self, node: &str, promised: &Promised) {
        let (missing, twice) = self.missing_and_twice(node, promised);
        assert_eq!((&missing[..], &twice[..]), (&[][..], &[][..]), "lost, and counted twice, of {node}");
    }

    /// Records that were durable and are not there, and records that are there more than once. None is there that was
    /// never given.
    pub(crate) fn missing_and_twice(&self, node: &str, promised: &Promised) -> (Vec<u64>, Vec<u64>) {
        let runs = self.runs(node);
        let counted: Vec<_> = (0..CHECKS).map(|check| self.buckets(node, check)).collect();
        let (mut missing, mut twice, mut stored) = (vec![], vec![], 0);
        for number in 0..promised.given {
            let times = match kind(number) {
                Kind::Result => runs.get(&run_id(number)).copied().unwrap_or(0),
                Kind::RollUp { check, bucket } => {
                    let place = usize::try_from(check).expect("a few");
                    counted[place].0.get(&bucket).copied().unwrap_or(0)
                }
            };
            stored += times;
            if times == 0 && promised.durable.contains(&number) {
                missing.push(number);
            }
            if times > 1 {
                twice.push(number);
            }
        }
        let all = runs.values().sum::<u64>() + counted.iter().map(|(_, runs)| runs).sum::<u64>();
        assert_eq!(stored, all, "{node} has records that were never given");
        (missing, twice)
    }

    /// Epoch and number of each result, as they were stored.
    pub(crate) fn order(&self, node: &str) -> Vec<(String, u64)> {
        let sql = "SELECT lower(hex(epoch)), seq FROM result_chunk JOIN result
            ON number >= first AND number < first + results WHERE node = ?1 ORDER BY number";
        let mut rows = self.connection.prepare(sql).expect("a statement");
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()));
        rows.query_map([node], row).expect("results").collect::<Result<_, _>>().expect("results")
    }

    /// Whether the aggregator has all of the epoch that was written last, with the agent's own chain.
    pub(crate) fn is_at(&self, history: &History, node: &str) -> bool {
        let Some((epoch, end)) = &history.end else { return false };
        // An epoch that has no record yet has no mark.
        let at = self
            .every_mark()
            .iter()
            .find(|mark| mark.node == node && mark.epoch == *epoch)
            .map_or(0, |mark| mark.through);
        at == *end
    }
}
