//! Shell: the last known of checks.

use api::id::CheckId;
use api::result::Reason;
use rusqlite::{Row, params};

use super::super::StoreError;
use super::super::check::{CheckRead, Last, Run};
use super::column::{agent, check, json, word};
use super::{View, failed};
use crate::authz::TenantScope;

const COLUMNS: &str = "check_id, cluster, node, run_at_ms, status, reason, summary, failed_step, evidence, problem";

impl CheckRead for View<'_> {
    fn check_last_all(&self, scope: &TenantScope) -> Result<Vec<Last>, StoreError> {
        self.last_where("tenant = ?1", params![scope.key()])
    }

    fn check_last(&self, scope: &TenantScope, check: CheckId) -> Result<Vec<Last>, StoreError> {
        self.last_where("tenant = ?1 AND check_id = ?2", params![scope.key(), check.0.as_bytes()])
    }
}

impl View<'_> {
    fn last_where(&self, condition: &str, values: impl rusqlite::Params) -> Result<Vec<Last>, StoreError> {
        let read = failed("read the last runs");
        let sql = format!("SELECT {COLUMNS} FROM last_run WHERE {condition} ORDER BY check_id, cluster, node");
        let mut last = self.connection.prepare_cached(&sql).map_err(&read)?;
        let rows = last.query_map(values, Columns::of).map_err(&read)?;
        rows.map(|row| row.map_err(&read)?.last()).collect()
    }
}

/// A row as SQLite gives it.
struct Columns {
    check: CheckId,
    cluster: String,
    node: String,
    run_at_ms: Option<i64>,
    status: Option<String>,
    reason: Option<String>,
    summary: Option<String>,
    failed_step: Option<String>,
    evidence: String,
    problem: bool,
}

impl Columns {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            check: check(row, 0)?,
            cluster: row.get(1)?,
            node: row.get(2)?,
            run_at_ms: row.get(3)?,
            status: row.get(4)?,
            reason: row.get(5)?,
            summary: row.get(6)?,
            failed_step: row.get(7)?,
            evidence: row.get(8)?,
            problem: row.get(9)?,
        })
    }

    fn last(self) -> Result<Last, StoreError> {
        let run = match (self.run_at_ms, self.status) {
            (Some(at_ms), Some(status)) => Some(Run {
                at_ms,
                status: word("a status", &status)?,
                reason: self.reason.as_deref().map(Reason::from_word),
                summary: self.summary,
                failed_step: self.failed_step,
                evidence: json("evidence", &self.evidence)?,
            }),
            _ => None,
        };
        Ok(Last { check: self.check, agent: agent(&self.cluster, &self.node)?, run, problem: self.problem })
    }
}
