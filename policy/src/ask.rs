//! The question, once the edge has turned words into names. What the caller says of itself (class, action) is a claim:
//! `matching` decides what it counts for.

use std::time::Duration;

use api::id::{Digest, EnvironmentName, ObjectName, ServiceName};
use api::manifest::freeze_rule::Action;
use api::manifest::release_policy::Class;

/// May this action go to this environment of the snapshot's tenant?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The environment.
    pub environment: EnvironmentName,
    /// The service.
    pub service: ServiceName,
    /// A location of the tenant; none means all of them.
    pub location: Option<ObjectName>,
    /// The class the caller claims.
    pub class: Option<Class>,
    /// The action the caller claims.
    pub action: Action,
    /// What is to run; none when the caller did not say and no release says it.
    pub subject: Option<Digest>,
    /// How long it will take.
    pub expected_duration: Duration,
}
