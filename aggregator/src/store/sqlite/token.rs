//! Shell: tokens: the look-up of `authn/token`, and the write of `http/tokens` and `token create`.

use rusqlite::{OptionalExtension as _, params};

use super::super::StoreError;
use super::column::{json, tenant, to_json, to_word, word};
use super::{ChangeTx, View, failed};
use crate::authn::token::{StoredToken, TokenLookup};

impl TokenLookup for View<'_> {
    type Error = StoreError;

    fn token_find(&self, id: &str) -> Result<Option<StoredToken>, StoreError> {
        let sql = "SELECT tenant, role, classes, secret_sha256, expires_at_ms FROM token WHERE id = ?1";
        let read = failed("read a token");
        let row = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut find| {
                let columns = find.query_row([id], |row| {
                    Ok((
                        row.get::<_, String>(0)?,
                        row.get::<_, String>(1)?,
                        row.get::<_, String>(2)?,
                        row.get(3)?,
                        row.get(4)?,
                    ))
                });
                columns.optional()
            })
            .map_err(&read)?;
        let Some((owner, role, classes, secret_sha256, expires_at_ms)) = row else {
            return Ok(None);
        };
        Ok(Some(StoredToken {
            id: id.to_owned(),
            tenant: tenant(&owner)?,
            role: word("a role", &role)?,
            classes: json("a list of classes", &classes)?,
            secret_sha256,
            expires_at_ms,
        }))
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
        self.connection()
            .prepare_cached(sql)
            .and_then(|mut insert| insert.execute(values))
            .map_err(failed("store a token"))?;
        Ok(())
    }
}
