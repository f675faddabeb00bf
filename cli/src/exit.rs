//! Exit codes: part of the contract with pipelines. Never 0 on an error. Commands name what happened, `failure` what went
//! wrong.

use std::process::ExitCode;

/// How a command ended. The numbers are part of the contract with pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Allowed, done, valid.
    Done = 0,
    /// Denied, refused, failing.
    Refused = 1,
    /// A flag, a name or a form that does not exist.
    Usage = 2,
    /// Wait.
    Wait = 3,
    /// Not reached, or the gate cannot tell.
    Unknown = 4,
    /// Not authenticated or not authorised.
    Unauthorised = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
