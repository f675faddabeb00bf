//! Releases and their deployments. Read by the gate's snapshot (what was fixed, what succeeded) and by
//! `http/releases`; written through the change door by `release`.

use api::http::release::FinishOutcome;
use api::id::{Digest, EnvironmentName, ServiceName, TenantName};
use api::manifest::freeze_rule::Action;
use api::manifest::release_policy::Class;

use super::StoreError;
use crate::authz::{PlatformScope, TenantScope};

/// A stored release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRelease {
    /// Its id.
    pub id: String,
    /// The service.
    pub service: ServiceName,
    /// What is released.
    pub subject: Digest,
    /// Its class.
    pub class: Class,
    /// The caller's name of it.
    pub name: Option<String>,
    /// When it was made, in milliseconds since 1970 UTC.
    pub created_at_ms: i64,
}

/// A stored deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDeployment {
    /// Its id.
    pub id: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// What was done.
    pub action: Action,
    /// The decision it rests on.
    pub decision: String,
    /// When it started, in milliseconds since 1970 UTC.
    pub started_at_ms: i64,
    /// How and when it ended.
    pub ended: Option<(FinishOutcome, i64)>,
}

/// Reads of releases.
pub trait ReleaseRead {
    /// Whose release this is.
    ///
    /// # Errors
    /// The store cannot be read.
    fn release_owner(&self, scope: &PlatformScope, id: &str) -> Result<Option<TenantName>, StoreError>;

    /// The release with this id.
    ///
    /// # Errors
    /// The store cannot be read.
    fn release_find(&self, scope: &TenantScope, id: &str) -> Result<Option<StoredRelease>, StoreError>;

    /// The release of this subject.
    ///
    /// # Errors
    /// The store cannot be read.
    fn release_of(
        &self,
        scope: &TenantScope,
        service: &ServiceName,
        subject: &Digest,
    ) -> Result<Option<StoredRelease>, StoreError>;

    /// The newest deployments of a release, oldest first, `limit` at most.
    ///
    /// # Errors
    /// The store cannot be read.
    fn deployments(&self, scope: &TenantScope, release: &str, limit: u32) -> Result<Vec<StoredDeployment>, StoreError>;

    /// A deployment of a release.
    ///
    /// # Errors
    /// The store cannot be read.
    fn deployment_find(
        &self,
        scope: &TenantScope,
        release: &str,
        id: &str,
    ) -> Result<Option<StoredDeployment>, StoreError>;

    /// Subjects that succeeded since `since_ms`, each with the last instant at which it did.
    ///
    /// # Errors
    /// The store cannot be read.
    fn succeeded(
        &self,
        scope: &TenantScope,
        environment: &EnvironmentName,
        service: &ServiceName,
        since_ms: i64,
    ) -> Result<Vec<(Digest, i64)>, StoreError>;
}
