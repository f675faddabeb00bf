//! What components say of themselves, by digest. Read by `plugin/describe`.

use api::id::Digest;

use super::StoreError;
use crate::authz::PlatformScope;

/// Reads of plugins.
pub trait PluginRead {
    /// The answer a component gave to `describe`, as it was: JSON text.
    ///
    /// # Errors
    /// The store cannot be read.
    fn plugin_describe(&self, scope: &PlatformScope, digest: &Digest) -> Result<Option<String>, StoreError>;
}
