//! Shell: the batch door's transaction, in the reports' file: an accepted frame becomes rows, and its mark moves with them.

use api::frame::{Chain, LedgerNote, LedgerState};
use api::limits::LEDGER_ENTRIES_MAX;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::StoreError;
use super::super::batch::{Accepted, Counts, LastRun, Mark, Owner, Words, Write};
use super::column::{json, signed, tenant_key, to_json, to_word, unsigned};
use super::{failed, put};
use crate::authn::AgentKey;

/// A write of machines under way. Nouns add their writes as methods in their own files.
#[derive(Debug)]
pub struct BatchTx<'c> {
    pub(super) connection: &'c Connection,
}

impl<'c> BatchTx<'c> {
    pub(in crate::store) fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }

    /// Stores an accepted frame and moves its mark.
    ///
    /// # Errors
    /// [`StoreError::Raced`] when the mark is not where it was when the frame was judged; the store failed.
    pub fn frame_store(&self, frame: &Accepted) -> Result<(), StoreError> {
        let AgentKey { cluster, node } = &frame.agent;
        let sql = "SELECT through, chain FROM spool_mark WHERE cluster = ?1 AND node = ?2 AND epoch = ?3";
        let stored = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut mark| {
                let columns = mark.query_row(params![cluster.as_str(), node.as_str(), frame.epoch.0], |row| {
                    Ok(Mark { through: unsigned(row.get(0)?), chain: Chain(row.get(1)?) })
                });
                columns.optional()
            })
            .map_err(failed("read a mark"))?;
        if stored != frame.before {
            return Err(StoreError::Raced);
        }
        for write in &frame.writes {
            self.write(frame, write)?;
        }
        let sql = "INSERT OR REPLACE INTO spool_mark (cluster, node, epoch, through, chain, at_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![
            cluster.as_str(),
            node.as_str(),
            frame.epoch.0,
            signed(frame.after.through),
            frame.after.chain.0,
            frame.received_at_ms,
        ];
        put(self.connection, sql, values, "move a mark")
    }

    fn write(&self, frame: &Accepted, write: &Write) -> Result<(), StoreError> {
        match write {
            Write::Results(chunk) => self.results_insert(frame, chunk),
            Write::Last { owner, last } => self.last_set(frame, owner, last),
            Write::Counts { owner, minute, counts } => self.counts_add(frame, owner, *minute, counts),
            Write::Problem { owner, open } => self.problem_set(frame, owner, i64::from(*open)),
            Write::Plugin { at_ms, status } => self.agent_plugin_set(&frame.agent, *at_ms, status),
            Write::Ledger { owner, at_ms, note } => self.ledger_set(frame, owner, *at_ms, note),
        }
    }

    /// Records of one agent come in the order of their runs, older epochs first: the last to come is the last known.
    fn last_set(&self, frame: &Accepted, owner: &Owner, last: &LastRun) -> Result<(), StoreError> {
        let told = "INSERT INTO last_run (tenant, check_id, cluster, node, run_at_ms, received_at_ms,
                                          status, reason, evidence, summary, failed_step)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT (tenant, check_id, cluster, node) DO UPDATE SET
                summary = excluded.summary, failed_step = excluded.failed_step,
                run_at_ms = excluded.run_at_ms, received_at_ms = excluded.received_at_ms,
                status = excluded.status, reason = excluded.reason, evidence = excluded.evidence";
        let as_known = "INSERT INTO last_run (tenant, check_id, cluster, node, run_at_ms, received_at_ms,
                                              status, reason, evidence, summary, failed_step)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT (tenant, check_id, cluster, node) DO UPDATE SET
                summary = CASE WHEN status IS excluded.status THEN summary END,
                failed_step = CASE WHEN status IS excluded.status THEN failed_step END,
                run_at_ms = excluded.run_at_ms, received_at_ms = excluded.received_at_ms,
                status = excluded.status, reason = excluded.reason, evidence = excluded.evidence";
        let (sql, summary, failed_step) = match &last.words {
            Words::Told { summary, failed_step } => (told, summary.as_deref(), failed_step.as_deref()),
            Words::AsKnown => (as_known, None, None),
        };
        let values = params![
            tenant_key(owner.tenant.as_ref()),
            owner.check.0.as_bytes(),
            frame.agent.cluster.as_str(),
            frame.agent.node.as_str(),
            last.run_at_ms,
            frame.received_at_ms,
            last.status.as_str(),
            last.reason.map(|reason| reason.as_str()),
            to_json(&last.evidence)?,
            summary,
            failed_step,
        ];
        put(self.connection, sql, values, "store the last run")
    }

    fn problem_set(&self, frame: &Accepted, owner: &Owner, problem: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO last_run (tenant, check_id, cluster, node, received_at_ms, problem)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (tenant, check_id, cluster, node) DO UPDATE SET problem = excluded.problem";
        let values = params![
            tenant_key(owner.tenant.as_ref()),
            owner.check.0.as_bytes(),
            frame.agent.cluster.as_str(),
            frame.agent.node.as_str(),
            frame.received_at_ms,
            problem,
        ];
        put(self.connection, sql, values, "store a problem")
    }

    fn counts_add(&self, frame: &Accepted, owner: &Owner, minute: i64, more: &Counts) -> Result<(), StoreError> {
        let key = (
            tenant_key(owner.tenant.as_ref()),
            owner.check.0.as_bytes(),
            frame.agent.cluster.as_str(),
            frame.agent.node.as_str(),
            minute,
        );
        let sql = "SELECT runs, by_status, by_reason, sketch FROM rollup_minute
            WHERE tenant = ?1 AND check_id = ?2 AND cluster = ?3 AND node = ?4 AND minute = ?5";
        let stored: Option<(i64, String, String, String)> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut counts| {
                let columns = counts.query_row(key, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
                columns.optional()
            })
            .map_err(failed("read counts"))?;
        let mut sum = more.clone();
        if let Some((runs, by_status, by_reason, sketch)) = stored {
            sum.add(&Counts {
                runs: unsigned(runs),
                by_status: json("counts", &by_status)?,
                by_reason: json("counts", &by_reason)?,
                sketch: json("counts", &sketch)?,
            });
        }
        let sql = "INSERT OR REPLACE INTO rollup_minute
            (tenant, check_id, cluster, node, minute, runs, by_status, by_reason, sketch)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let (tenant, check, cluster, node, minute) = key;
        let values = params![
            tenant,
            check,
            cluster,
            node,
            minute,
            signed(sum.runs),
            to_json(&sum.by_status)?,
            to_json(&sum.by_reason)?,
            to_json(&sum.sketch)?,
        ];
        put(self.connection, sql, values, "store counts")
    }

    /// What is gone is forgotten: readers ask what is left.
    fn ledger_set(&self, frame: &Accepted, owner: &Owner, at_ms: i64, note: &LedgerNote) -> Result<(), StoreError> {
        if note.state == LedgerState::Cleaned {
            let sql = "DELETE FROM ledger WHERE tenant = ?1 AND check_id = ?2 AND cluster = ?3 AND node = ?4
                AND kind = ?5 AND key = ?6";
            let values = params![
                tenant_key(owner.tenant.as_ref()),
                owner.check.0.as_bytes(),
                frame.agent.cluster.as_str(),
                frame.agent.node.as_str(),
                note.kind,
                note.key,
            ];
            return put(self.connection, sql, values, "forget a ledger entry");
        }
        let sql = "INSERT OR REPLACE INTO ledger (tenant, check_id, cluster, node, kind, key, id, state, at_ms)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let values = params![
            tenant_key(owner.tenant.as_ref()),
            owner.check.0.as_bytes(),
            frame.agent.cluster.as_str(),
            frame.agent.node.as_str(),
            note.kind,
            note.key,
            note.id,
            to_word(&note.state)?,
            at_ms,
        ];
        put(self.connection, sql, values, "store a ledger entry")?;
        // An agent holds no more open ones itself; of one that does not keep to it the newest stay.
        let sql = "DELETE FROM ledger WHERE (tenant, check_id, cluster, node) = (?1, ?2, ?3, ?4) AND (kind, key) NOT IN
            (SELECT kind, key FROM ledger WHERE (tenant, check_id, cluster, node) = (?1, ?2, ?3, ?4)
             ORDER BY at_ms DESC, kind, key LIMIT ?5)";
        let values = params![
            tenant_key(owner.tenant.as_ref()),
            owner.check.0.as_bytes(),
            frame.agent.cluster.as_str(),
            frame.agent.node.as_str(),
            signed(LEDGER_ENTRIES_MAX as u64),
        ];
        put(self.connection, sql, values, "bound a ledger")
    }
}
