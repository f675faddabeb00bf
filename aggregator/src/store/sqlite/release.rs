//! Shell: releases and deployments.

use api::http::release::FinishOutcome;
use api::id::{Digest, EnvironmentName, ServiceName, TenantName};
use rusqlite::{OptionalExtension as _, Row, params};

use super::super::StoreError;
use super::super::release::{ReleaseRead, StoredDeployment, StoredRelease};
use super::column::{name, tenant, to_word, word};
use super::{ChangeTx, View, failed, put};
use crate::authz::{PlatformScope, TenantScope};

const RELEASE: &str = "id, service, subject, class, name, created_at_ms";
const DEPLOYMENT: &str = "id, environment, action, decision_id, started_at_ms, outcome, ended_at_ms";

impl ReleaseRead for View<'_> {
    fn release_owner(&self, _scope: &PlatformScope, id: &str) -> Result<Option<TenantName>, StoreError> {
        let owner = self
            .connection
            .prepare_cached("SELECT tenant FROM release WHERE id = ?1")
            .and_then(|mut find| find.query_row([id], |row| row.get::<_, String>(0)).optional());
        owner.map_err(failed("find a release"))?.map_or(Ok(None), |owner| tenant(&owner))
    }

    fn release_find(&self, scope: &TenantScope, id: &str) -> Result<Option<StoredRelease>, StoreError> {
        self.release_where("id = ?2", params![scope.key(), id])
    }

    fn release_of(
        &self,
        scope: &TenantScope,
        service: &ServiceName,
        subject: &Digest,
    ) -> Result<Option<StoredRelease>, StoreError> {
        self.release_where("service = ?2 AND subject = ?3", params![scope.key(), service.as_str(), subject.as_str()])
    }

    fn deployments(&self, scope: &TenantScope, release: &str, limit: u32) -> Result<Vec<StoredDeployment>, StoreError> {
        let read = failed("read deployments");
        let sql = format!(
            "SELECT {DEPLOYMENT} FROM deployment WHERE tenant = ?1 AND release_id = ?2
            ORDER BY started_at_ms DESC, id DESC LIMIT ?3"
        );
        let mut find = self.connection.prepare_cached(&sql).map_err(&read)?;
        let rows = find.query_map(params![scope.key(), release, limit], DeploymentColumns::of).map_err(&read)?;
        let newest: Result<Vec<_>, _> = rows.map(|row| row.map_err(&read)?.deployment()).collect();
        newest.map(|mut deployments| {
            deployments.reverse();
            deployments
        })
    }

    fn deployment_find(
        &self,
        scope: &TenantScope,
        release: &str,
        id: &str,
    ) -> Result<Option<StoredDeployment>, StoreError> {
        let sql = format!("SELECT {DEPLOYMENT} FROM deployment WHERE tenant = ?1 AND release_id = ?2 AND id = ?3");
        let found = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut find| find.query_row(params![scope.key(), release, id], DeploymentColumns::of).optional());
        found.map_err(failed("read a deployment"))?.map(DeploymentColumns::deployment).transpose()
    }

    fn succeeded(
        &self,
        scope: &TenantScope,
        environment: &EnvironmentName,
        service: &ServiceName,
        since_ms: i64,
    ) -> Result<Vec<(Digest, i64)>, StoreError> {
        let read = failed("read what succeeded");
        let sql = "SELECT release.subject, MAX(deployment.ended_at_ms) FROM deployment
            JOIN release ON release.tenant = deployment.tenant AND release.id = deployment.release_id
            WHERE deployment.tenant = ?1 AND deployment.environment = ?2 AND release.service = ?3
              AND deployment.outcome = 'succeeded' AND deployment.ended_at_ms >= ?4
            GROUP BY release.subject";
        let mut find = self.connection.prepare_cached(sql).map_err(&read)?;
        let values = params![scope.key(), environment.as_str(), service.as_str(), since_ms];
        let rows = find.query_map(values, |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).map_err(&read)?;
        rows.map(|row| {
            let (subject, at_ms) = row.map_err(&read)?;
            Ok((name(&subject)?, at_ms))
        })
        .collect()
    }
}

impl View<'_> {
    fn release_where(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Option<StoredRelease>, StoreError> {
        let sql = format!("SELECT {RELEASE} FROM release WHERE tenant = ?1 AND {condition}");
        let found = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut find| find.query_row(values, ReleaseColumns::of).optional());
        found.map_err(failed("read a release"))?.map(ReleaseColumns::release).transpose()
    }
}

impl ChangeTx<'_> {
    /// Stores a new release of the scope's tenant.
    ///
    /// # Errors
    /// The store failed.
    pub fn release_insert(&self, release: &StoredRelease) -> Result<(), StoreError> {
        let sql = "INSERT INTO release (tenant, id, service, subject, class, name, created_by, created_at_ms)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![
            self.scope().key(),
            release.id,
            release.service.as_str(),
            release.subject.as_str(),
            to_word(&release.class)?,
            release.name,
            self.scope().actor(),
            release.created_at_ms,
        ];
        put(self.connection(), sql, values, "store a release")
    }

    /// Opens a deployment of a release.
    ///
    /// # Errors
    /// The store failed.
    pub fn deployment_insert(&self, release: &str, deployment: &StoredDeployment) -> Result<(), StoreError> {
        let sql = "INSERT INTO deployment
            (tenant, id, release_id, environment, action, decision_id, started_by, started_at_ms)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![
            self.scope().key(),
            deployment.id,
            release,
            deployment.environment.as_str(),
            to_word(&deployment.action)?,
            deployment.decision,
            self.scope().actor(),
            deployment.started_at_ms,
        ];
        put(self.connection(), sql, values, "open a deployment")
    }

    /// Ends a deployment now.
    ///
    /// # Errors
    /// The store failed.
    pub fn deployment_end(&self, id: &str, outcome: FinishOutcome) -> Result<(), StoreError> {
        let sql = "UPDATE deployment SET outcome = ?3, ended_at_ms = ?4 WHERE tenant = ?1 AND id = ?2";
        put(
            self.connection(),
            sql,
            params![self.scope().key(), id, to_word(&outcome)?, self.at_ms()],
            "end a deployment",
        )
    }
}

/// A release as SQLite gives it.
struct ReleaseColumns {
    id: String,
    service: String,
    subject: String,
    class: String,
    name: Option<String>,
    created_at_ms: i64,
}

impl ReleaseColumns {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            service: row.get(1)?,
            subject: row.get(2)?,
            class: row.get(3)?,
            name: row.get(4)?,
            created_at_ms: row.get(5)?,
        })
    }

    fn release(self) -> Result<StoredRelease, StoreError> {
        Ok(StoredRelease {
            id: self.id,
            service: name(&self.service)?,
            subject: name(&self.subject)?,
            class: word("a class", &self.class)?,
            name: self.name,
            created_at_ms: self.created_at_ms,
        })
    }
}

/// A deployment as SQLite gives it.
struct DeploymentColumns {
    id: String,
    environment: String,
    action: String,
    decision: String,
    started_at_ms: i64,
    outcome: Option<String>,
    ended_at_ms: Option<i64>,
}

impl DeploymentColumns {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            environment: row.get(1)?,
            action: row.get(2)?,
            decision: row.get(3)?,
            started_at_ms: row.get(4)?,
            outcome: row.get(5)?,
            ended_at_ms: row.get(6)?,
        })
    }

    fn deployment(self) -> Result<StoredDeployment, StoreError> {
        let outcome = self.outcome.as_deref().map(|text| word("an outcome", text)).transpose()?;
        Ok(StoredDeployment {
            id: self.id,
            environment: name(&self.environment)?,
            action: word("an action", &self.action)?,
            decision: self.decision,
            started_at_ms: self.started_at_ms,
            ended: outcome.zip(self.ended_at_ms),
        })
    }
}
