//! Shell: columns: how our types are stored and read back. Used by every noun of this folder.

use api::id::{CheckId, TenantName};
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::super::StoreError;
use crate::authn::AgentKey;

/// The tenant's part of a key: the empty text, which is no name, is the platform.
pub(super) fn tenant_key(tenant: Option<&TenantName>) -> &str {
    tenant.map_or("", TenantName::as_str)
}

/// A name of ours from its column.
pub(super) fn name<T>(text: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|source: T::Err| StoreError::Broken { what: "a name", source: source.into() })
}

/// The owner from the tenant's part of a key.
pub(super) fn tenant(text: &str) -> Result<Option<TenantName>, StoreError> {
    if text.is_empty() { Ok(None) } else { name(text).map(Some) }
}

/// An agent from its two columns.
pub(super) fn agent(cluster: &str, node: &str) -> Result<AgentKey, StoreError> {
    Ok(AgentKey { cluster: name(cluster)?, node: name(node)? })
}

/// A check's id from its column.
pub(super) fn check(row: &Row<'_>, at: usize) -> rusqlite::Result<CheckId> {
    row.get::<_, [u8; 16]>(at).map(|bytes| CheckId(Uuid::from_bytes(bytes)))
}

/// A word of an enumeration.
pub(super) fn word<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    let value = serde_json::Value::String(text.to_owned());
    serde_json::from_value(value).map_err(|source| StoreError::Broken { what, source: source.into() })
}

/// The word of an enumeration.
pub(super) fn to_word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        Ok(_) => Err(StoreError::Failed { operation: "write a word", source: "it is not one".into() }),
        Err(source) => Err(StoreError::Failed { operation: "write a word", source: source.into() }),
    }
}

/// A JSON column.
pub(super) fn json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Broken { what, source: source.into() })
}

/// A JSON column's text.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Failed { operation: "write JSON", source: source.into() })
}

/// SQLite's integers are signed; ours of this kind never reach 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The way back; a negative one was never written.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
