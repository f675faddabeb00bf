//! Shell: the change door's transaction: reads of a view, writes of the nouns, and the audit entry at its end.

use std::ops::Deref;

use api::audit::{ChainHash, Entry, next};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::StoreError;
use super::super::change::Note;
use super::column::to_json;
use super::{View, failed};
use crate::authz::TenantScope;

/// A change under way, in one tenant's scope. Nouns add their writes as methods in their own files; reads come from
/// the [`View`] it is.
#[derive(Debug)]
pub struct ChangeTx<'c> {
    view: View<'c>,
    scope: &'c TenantScope,
    at_ms: i64,
}

impl<'c> Deref for ChangeTx<'c> {
    type Target = View<'c>;
    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

impl<'c> ChangeTx<'c> {
    pub(in crate::store) fn new(connection: &'c Connection, scope: &'c TenantScope, at_ms: i64) -> Self {
        Self { view: View { connection }, scope, at_ms }
    }

    /// The scope of the change.
    pub fn scope(&self) -> &TenantScope {
        self.scope
    }

    /// The instant of the change, in milliseconds since 1970 UTC.
    pub fn at_ms(&self) -> i64 {
        self.at_ms
    }

    pub(super) fn connection(&self) -> &'c Connection {
        self.view.connection
    }

    /// Adds the entry to the chain of the scope's tenant.
    pub(in crate::store) fn audit_append(&self, note: Note) -> Result<(), StoreError> {
        let operation = "append to the audit trail";
        let at = jiff::Timestamp::from_millisecond(self.at_ms)
            .map_err(|source| StoreError::Failed { operation, source: source.into() })?;
        let entry = Entry {
            at: at.to_string(),
            actor: self.scope.actor().to_owned(),
            action: note.action.to_owned(),
            subject: note.subject,
            detail: note.detail,
        };
        let stored = to_json(&entry)?.into_bytes();
        let tenant = self.scope.key();
        let head: Option<(i64, ChainHash)> = self
            .connection()
            .prepare_cached("SELECT seq, hash FROM audit WHERE tenant = ?1 ORDER BY seq DESC LIMIT 1")
            .and_then(|mut head| head.query_row([tenant], |row| Ok((row.get(0)?, row.get(1)?))).optional())
            .map_err(failed(operation))?;
        let (seq, previous) = head.unwrap_or((0, [0; 32]));
        let hash = next(&previous, &stored);
        self.connection()
            .prepare_cached("INSERT INTO audit (tenant, seq, stored, hash) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut insert| insert.execute(params![tenant, seq + 1, stored, hash]))
            .map_err(failed(operation))?;
        Ok(())
    }
}
