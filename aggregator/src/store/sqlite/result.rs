//! Shell: results and counts: pages for readers, and forgetting what is too old.

use api::http::check::{LedgerEntry, StoredResult};
use api::id::CheckId;
use rusqlite::{Row, params};

use super::super::StoreError;
use super::super::batch::Counts;
use super::super::result::{ResultPage, ResultRead};
use super::column::{json, unsigned};
use super::{BatchTx, View, failed, forget, put};
use crate::authz::TenantScope;
use crate::instant::rfc3339;

/// A row's place: what its primary key holds beside the check. As text it is the cursor of the next page.
struct Place {
    run_at_ms: i64,
    cluster: String,
    node: String,
    epoch: [u8; 16],
    seq: i64,
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
        let sql = "SELECT run_at_ms, cluster, node, epoch, seq, received_at_ms, body FROM result
            WHERE tenant = ?1 AND check_id = ?2
              AND (run_at_ms, cluster, node, epoch, seq) < (?3, ?4, ?5, ?6, ?7)
            ORDER BY run_at_ms DESC, cluster DESC, node DESC, epoch DESC, seq DESC LIMIT ?8";
        let from = after.map_or_else(|| Ok(Place::newest()), Place::parse)?;
        let mut page = self.connection.prepare_cached(sql).map_err(&read)?;
        let Place { run_at_ms, cluster, node, epoch, seq } = &from;
        let values =
            params![scope.key(), check.0.as_bytes(), run_at_ms, cluster, node, epoch, seq, i64::from(limit) + 1];
        let rows = page.query_map(values, columns).map_err(&read)?;
        let mut rows = rows.collect::<Result<Vec<_>, _>>().map_err(&read)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).map(|(place, ..)| place.text());
        let items = rows.into_iter().map(|(place, received_at_ms, body)| {
            Ok(StoredResult {
                observed_at: rfc3339(place.run_at_ms),
                received_at: rfc3339(received_at_ms),
                node: place.node,
                result: json("a result", &body)?,
            })
        });
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

impl BatchTx<'_> {
    /// Forgets results received before `results_before_ms`, counts of minutes before `minutes_before`, and marks
    /// unmoved since `results_before_ms`: some of them, so that whoever waits comes in between. Whether there are more.
    ///
    /// # Errors
    /// The store failed.
    pub fn results_forget(&self, results_before_ms: i64, minutes_before: i64) -> Result<bool, StoreError> {
        let results = "DELETE FROM result WHERE rowid IN
            (SELECT rowid FROM result WHERE received_at_ms < ?1 ORDER BY received_at_ms LIMIT ?2)";
        let counts = "DELETE FROM rollup_minute WHERE (tenant, check_id, cluster, node, minute) IN
            (SELECT tenant, check_id, cluster, node, minute FROM rollup_minute WHERE minute < ?1 ORDER BY minute LIMIT ?2)";
        let more_results = forget(self.connection, results, results_before_ms, "forget results")?;
        let more_counts = forget(self.connection, counts, minutes_before, "forget counts")?;
        put(self.connection, "DELETE FROM spool_mark WHERE at_ms < ?1", [results_before_ms], "forget marks")?;
        Ok(more_results || more_counts)
    }
}

fn columns(row: &Row<'_>) -> rusqlite::Result<(Place, i64, String)> {
    let place =
        Place { run_at_ms: row.get(0)?, cluster: row.get(1)?, node: row.get(2)?, epoch: row.get(3)?, seq: row.get(4)? };
    Ok((place, row.get(5)?, row.get(6)?))
}

// === impl Place ===

impl Place {
    /// Before the newest there can be.
    fn newest() -> Self {
        Self { run_at_ms: i64::MAX, cluster: String::new(), node: String::new(), epoch: [0; 16], seq: 0 }
    }

    fn text(&self) -> String {
        format!("{}~{}~{}~{}~{}", self.run_at_ms, self.cluster, self.node, hex::encode(self.epoch), self.seq)
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        let broken = || StoreError::Broken { what: "a cursor", source: "no page gave it".into() };
        let parts: Vec<&str> = text.split('~').collect();
        let [run_at_ms, cluster, node, epoch, seq] = parts.as_slice() else {
            return Err(broken());
        };
        let mut bytes = [0; 16];
        hex::decode_to_slice(epoch, &mut bytes).map_err(|_| broken())?;
        Ok(Self {
            run_at_ms: run_at_ms.parse().map_err(|_| broken())?,
            cluster: (*cluster).to_owned(),
            node: (*node).to_owned(),
            epoch: bytes,
            seq: seq.parse().map_err(|_| broken())?,
        })
    }
}
