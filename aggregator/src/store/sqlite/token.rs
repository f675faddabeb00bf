//! Shell: tokens: the look-up of `authn/token`, and the reads and writes of `http/tokens` and `token create`.

use rusqlite::{OptionalExtension as _, Row, params};

use super::super::StoreError;
use super::super::token::{KeptToken, TokenRead};
use super::column::{json, tenant, to_json, to_word, word};
use super::{ChangeTx, View, failed, put};
use crate::authn::token::{StoredToken, TokenLookup};
use crate::authz::{PlatformScope, Reach, TenantScope};

const KEPT: &str = "id, tenant, role, classes, created_by, created_at_ms, expires_at_ms, revoked_at_ms";

impl TokenLookup for View<'_> {
    type Error = StoreError;

    fn token_find(&self, id: &str) -> Result<Option<StoredToken>, StoreError> {
        let sql = format!("SELECT {KEPT}, secret_sha256 FROM token WHERE id = ?1");
        let found = self.connection.prepare_cached(&sql).and_then(|mut find| {
            find.query_row([id], |row| Ok((TokenColumns::of(row)?, row.get("secret_sha256")?))).optional()
        });
        let Some((columns, secret_sha256)) = found.map_err(failed("read a token"))? else { return Ok(None) };
        let KeptToken { id, tenant, role, classes, expires_at_ms, revoked_at_ms, .. } = columns.token()?;
        Ok(Some(StoredToken { id, tenant, role, classes, secret_sha256, expires_at_ms, revoked_at_ms }))
    }
}

impl TokenRead for View<'_> {
    fn tokens(&self, reach: &Reach, after: &str, limit: u32) -> Result<Vec<KeptToken>, StoreError> {
        let (own, condition) = match reach {
            Reach::Own(scope) => (scope.key(), "tenant = ?1 AND"),
            Reach::All(_) => ("", "?1 = '' AND"),
        };
        let read = failed("read tokens");
        let sql = format!("SELECT {KEPT} FROM token WHERE {condition} id > ?2 ORDER BY id LIMIT ?3");
        let mut find = self.connection.prepare_cached(&sql).map_err(&read)?;
        let rows = find.query_map(params![own, after, limit], TokenColumns::of).map_err(&read)?;
        rows.map(|row| row.map_err(&read)?.token()).collect()
    }

    fn token_kept(&self, scope: &TenantScope, id: &str) -> Result<Option<KeptToken>, StoreError> {
        let sql = format!("SELECT {KEPT} FROM token WHERE tenant = ?1 AND id = ?2");
        let found = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut find| find.query_row([scope.key(), id], TokenColumns::of).optional());
        found.map_err(failed("read a token"))?.map(TokenColumns::token).transpose()
    }

    fn token_owner(&self, scope: &PlatformScope, id: &str) -> Result<Option<TenantScope>, StoreError> {
        let owner = self
            .connection
            .prepare_cached("SELECT tenant FROM token WHERE id = ?1")
            .and_then(|mut find| find.query_row([id], |row| row.get::<_, String>(0)).optional());
        let owner = owner.map_err(failed("find a token"))?;
        owner.map(|owner| Ok(scope.owner(tenant(&owner)?))).transpose()
    }
}

impl ChangeTx<'_> {
    /// Stores a new token of the scope's tenant.
    ///
    /// # Errors
    /// The store failed.
    pub fn token_insert(&self, token: &StoredToken) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO token (tenant, id, secret_sha256, role, classes, created_by, created_at_ms, expires_at_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![
            self.scope().key(),
            token.id,
            token.secret_sha256,
            to_word(&token.role)?,
            to_json(&token.classes)?,
            self.scope().actor(),
            self.at_ms(),
            token.expires_at_ms,
        ];
        put(self.connection(), sql, values, "store a token")
    }

    /// Revokes a token of the scope's tenant from now on.
    ///
    /// # Errors
    /// The store failed.
    pub fn token_revoke(&self, id: &str) -> Result<(), StoreError> {
        let sql = "UPDATE token SET revoked_at_ms = ?3 WHERE tenant = ?1 AND id = ?2 AND revoked_at_ms IS NULL";
        put(self.connection(), sql, params![self.scope().key(), id, self.at_ms()], "revoke a token")
    }
}

/// A token as SQLite gives it.
struct TokenColumns {
    id: String,
    tenant: String,
    role: String,
    classes: String,
    created_by: String,
    created_at_ms: i64,
    expires_at_ms: i64,
    revoked_at_ms: Option<i64>,
}

impl TokenColumns {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            tenant: row.get(1)?,
            role: row.get(2)?,
            classes: row.get(3)?,
            created_by: row.get(4)?,
            created_at_ms: row.get(5)?,
            expires_at_ms: row.get(6)?,
            revoked_at_ms: row.get(7)?,
        })
    }

    fn token(self) -> Result<KeptToken, StoreError> {
        Ok(KeptToken {
            id: self.id,
            tenant: tenant(&self.tenant)?,
            role: word("a role", &self.role)?,
            classes: json("a list of classes", &self.classes)?,
            created_by: self.created_by,
            created_at_ms: self.created_at_ms,
            expires_at_ms: self.expires_at_ms,
            revoked_at_ms: self.revoked_at_ms,
        })
    }
}
