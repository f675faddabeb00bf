//! Shell: results and counts: pages for readers, and forgetting what is too old.

use std::ops::Range;

use api::http::check::{LedgerEntry, StoredResult};
use api::id::CheckId;
use rusqlite::{OptionalExtension as _, Row, params};

use super::super::StoreError;
use super::super::batch::{Accepted, Counts};
use super::super::chunk::{Chunk, Lines};
use super::super::result::{ResultPage, ResultRead};
use super::column::{json, signed, tenant_key, unsigned};
use super::{BatchTx, FORGOTTEN_ROWS_MAX, View, failed, forget, put};
use crate::authz::TenantScope;
use crate::instant::rfc3339;

/// A row's place among those of its check. As text it is the cursor of the next page.
#[derive(Clone, Copy)]
struct Place {
    run_at_ms: i64,
    number: i64,
}

impl ResultRead for View<'_> {
    fn results(
        &self,
        scope: &TenantScope,
        check: CheckId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ResultPage, StoreError> {
        let read = failed("read results");
        let sql = "SELECT run_at_ms, number FROM result
            WHERE tenant = ?1 AND check_id = ?2 AND (run_at_ms, number) < (?3, ?4)
            ORDER BY run_at_ms DESC, number DESC LIMIT ?5";
        let from = after.map_or(Ok(Place::NEWEST), Place::parse)?;
        let mut page = self.connection.prepare_cached(sql).map_err(&read)?;
        let values = params![scope.key(), check.0.as_bytes(), from.run_at_ms, from.number, i64::from(limit) + 1];
        let places = page.query_map(values, |row| Ok(Place { run_at_ms: row.get(0)?, number: row.get(1)? }));
        let mut places = places.map_err(&read)?.collect::<Result<Vec<_>, _>>().map_err(&read)?;
        let more = places.len() > limit as usize;
        places.truncate(limit as usize);
        let next = places.last().filter(|_| more).map(|place| place.text());
        let mut chunk = None;
        let items = places.into_iter().map(|place| self.result(scope, place, &mut chunk));
        Ok(ResultPage { items: items.collect::<Result<_, StoreError>>()?, next })
    }

    fn result_counts(&self, scope: &TenantScope, check: CheckId, from: i64, to: i64) -> Result<Counts, StoreError> {
        let read = failed("read counts");
        let sql = "SELECT runs, by_status, by_reason, sketch FROM rollup_minute
            WHERE tenant = ?1 AND check_id = ?2 AND minute >= ?3 AND minute < ?4";
        let mut counts = self.connection.prepare_cached(sql).map_err(&read)?;
        let rows = counts
            .query_map(params![scope.key(), check.0.as_bytes(), from, to], |row| {
                let text = |at: usize| row.get::<_, String>(at);
                Ok((unsigned(row.get(0)?), text(1)?, text(2)?, text(3)?))
            })
            .map_err(&read)?;
        let mut sum = Counts::default();
        for row in rows {
            let (runs, by_status, by_reason, sketch) = row.map_err(&read)?;
            sum.add(&Counts {
                runs,
                by_status: json("counts", &by_status)?,
                by_reason: json("counts", &by_reason)?,
                sketch: json("counts", &sketch)?,
            });
        }
        Ok(sum)
    }

    fn ledger_open(&self, scope: &TenantScope, check: CheckId, limit: u32) -> Result<Vec<LedgerEntry>, StoreError> {
        let sql = "SELECT node, kind, key, id, state, at_ms FROM ledger
            WHERE tenant = ?1 AND check_id = ?2 ORDER BY at_ms DESC, cluster, node, kind, key LIMIT ?3";
        let entry = |row: &Row<'_>| {
            let (node, kind, key) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(LedgerEntry { node, kind, key, id: row.get(3)?, state: row.get(4)?, at: rfc3339(row.get(5)?) })
        };
        self.connection
            .prepare_cached(sql)
            .and_then(|mut open| open.query_map(params![scope.key(), check.0.as_bytes(), limit], entry)?.collect())
            .map_err(failed("read the ledger"))
    }
}

/// A chunk that was read.
struct Read {
    numbers: Range<i64>,
    node: String,
    received_at_ms: i64,
    lines: Lines,
}

impl View<'_> {
    /// The detail of a result; those beside it are often in the chunk that was read last.
    fn result(&self, scope: &TenantScope, place: Place, last: &mut Option<Read>) -> Result<StoredResult, StoreError> {
        let chunk = match last.take().filter(|chunk| chunk.numbers.contains(&place.number)) {
            Some(chunk) => chunk,
            None => self.chunk(scope, place.number)?,
        };
        let chunk = last.insert(chunk);
        Ok(StoredResult {
            observed_at: rfc3339(place.run_at_ms),
            received_at: rfc3339(chunk.received_at_ms),
            node: chunk.node.clone(),
            result: chunk.lines.result(usize::try_from(place.number - chunk.numbers.start).unwrap_or(usize::MAX))?,
        })
    }

    fn chunk(&self, scope: &TenantScope, number: i64) -> Result<Read, StoreError> {
        let sql = "SELECT first, results, node, received_at_ms, lines FROM result_chunk
            WHERE first <= ?2 AND tenant = ?1 ORDER BY first DESC LIMIT 1";
        let columns = |row: &Row<'_>| {
            let first: i64 = row.get(0)?;
            let numbers = first..first + row.get::<_, i64>(1)?;
            Ok((numbers, row.get(2)?, row.get(3)?, row.get::<_, Vec<u8>>(4)?))
        };
        let chunk = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut chunk| chunk.query_row(params![scope.key(), number], columns));
        let (numbers, node, received_at_ms, packed) = chunk.map_err(failed("read results"))?;
        Ok(Read { numbers, node, received_at_ms, lines: Lines::unpack(&packed)? })
    }
}

impl BatchTx<'_> {
    pub(super) fn results_insert(&self, frame: &Accepted, chunk: &Chunk) -> Result<(), StoreError> {
        let tenant = tenant_key(chunk.tenant.as_ref());
        let sql = "INSERT INTO result (tenant, check_id, run_at_ms, seq) VALUES (?1, ?2, ?3, ?4)";
        for place in &chunk.places {
            let values = params![tenant, place.check.0.as_bytes(), place.run_at_ms, signed(place.seq)];
            put(self.connection, sql, values, "store a result")?;
        }
        // Rows that one transaction adds are numbered one after the other.
        let (results, last) = (chunk.places.len() as i64, self.connection.last_insert_rowid());
        let sql = "INSERT INTO result_chunk (first, results, tenant, cluster, node, epoch, received_at_ms, lines)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![
            last - results + 1,
            results,
            tenant,
            frame.agent.cluster.as_str(),
            frame.agent.node.as_str(),
            frame.epoch.0,
            frame.received_at_ms,
            chunk.packed,
        ];
        put(self.connection, sql, values, "store results")
    }

    /// Forgets results received before `results_before_ms`, counts of minutes before `minutes_before`, and marks
    /// unmoved since `results_before_ms`: some of them, so that whoever waits comes in between. Whether there are more.
    ///
    /// # Errors
    /// The store failed.
    pub fn results_forget(&self, results_before_ms: i64, minutes_before: i64) -> Result<bool, StoreError> {
        let oldest =
            "SELECT first, results FROM result_chunk WHERE received_at_ms < ?1 ORDER BY received_at_ms LIMIT 1";
        let mut forgotten = 0;
        while forgotten < FORGOTTEN_ROWS_MAX {
            let columns = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            let chunk = self.connection.prepare_cached(oldest);
            let chunk = chunk.and_then(|mut oldest| oldest.query_row([results_before_ms], columns).optional());
            let Some((first, results)) = chunk.map_err(failed("forget results"))? else { break };
            let rows = "DELETE FROM result WHERE number >= ?1 AND number < ?1 + ?2";
            put(self.connection, rows, [first, results], "forget results")?;
            put(self.connection, "DELETE FROM result_chunk WHERE first = ?1", [first], "forget results")?;
            forgotten += results;
        }
        let counts = "DELETE FROM rollup_minute WHERE (tenant, check_id, cluster, node, minute) IN
            (SELECT tenant, check_id, cluster, node, minute FROM rollup_minute WHERE minute < ?1 ORDER BY minute LIMIT ?2)";
        let more_counts = forget(self.connection, counts, minutes_before, "forget counts")?;
        put(self.connection, "DELETE FROM spool_mark WHERE at_ms < ?1", [results_before_ms], "forget marks")?;
        Ok(forgotten >= FORGOTTEN_ROWS_MAX || more_counts)
    }
}

// === impl Place ===

impl Place {
    /// Before the newest there can be.
    const NEWEST: Self = Self { run_at_ms: i64::MAX, number: i64::MAX };

    fn text(self) -> String {
        format!("{}~{}", self.run_at_ms, self.number)
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        let place = text.split_once('~').and_then(|(run_at_ms, number)| {
            Some(Self { run_at_ms: run_at_ms.parse().ok()?, number: number.parse().ok()? })
        });
        place.ok_or_else(|| StoreError::Broken { what: "a cursor", source: "no page gave it".into() })
    }
}
