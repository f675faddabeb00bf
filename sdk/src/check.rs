//! The traits a plugin implements and what its run returns. Called by `export` in a guest and by `harness` in a unit
//! test, the same way. It decides who is to blame for a host error; it makes no host call itself.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::host::HostError;
use crate::host::ledger::Entry;
use crate::reason::Reason;
use crate::verdict::Verdict;

/// What a plugin is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Looks at a target from outside and leaves no trace.
    Probe,
    /// Does what a customer does, and cleans up.
    Journey,
    /// Compares live with declared.
    Drift,
    /// Collects evidence for a release.
    Predeploy,
}

impl Kind {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Journey => "journey",
            Self::Drift => "drift",
            Self::Predeploy => "predeploy",
        }
    }
}

/// A host capability that a plugin asks for; each is one WIT interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Requests to granted origins.
    Http,
    /// Secrets by name.
    Secrets,
    /// A small store over runs.
    State,
    /// Facts and granted files of the node.
    Node,
    /// What a journey made.
    Ledger,
}

impl Capability {
    /// The interface's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Secrets => "secrets",
            Self::State => "state",
            Self::Node => "node",
            Self::Ledger => "ledger",
        }
    }
}

/// The run that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The same for the same check and scheduled instant.
    pub id: String,
    /// When it was due, in milliseconds since 1970-01-01 UTC.
    pub scheduled_at_ms: u64,
    /// Wall-clock budget of the whole run, in milliseconds.
    pub timeout_ms: u32,
}

/// A plugin. The implementing type is its configuration: what `config` of a Check says, typed.
/// Derive `Deserialize` with `deny_unknown_fields`, and `JsonSchema`; doc comments become descriptions.
pub trait Check: DeserializeOwned + JsonSchema {
    /// What it is for.
    const KIND: Kind = Kind::Probe;
    /// What it asks the host for.
    const CAPABILITIES: &'static [Capability] = &[Capability::Http];

    /// Runs once.
    ///
    /// # Errors
    /// A `Stop`: a failed verdict reached half-way, or the prober's own trouble.
    fn run(&self, run: &Run) -> Judgement;
}

/// A plugin that makes things at its target.
pub trait Journey: Check {
    /// Undoes what runs left behind: entries with an intent that were never cleaned, oldest first. Called in a fresh
    /// instance, so nothing of the run is left but its ledger.
    ///
    /// # Errors
    /// What could not be undone; the entries not marked as cleaned come again.
    fn clean_up(&self, run: &Run, left: Vec<Entry>) -> Result<(), CheckError>;
}

/// What `run` returns.
pub type Judgement = Result<Verdict, Stop>;

/// The plugin could not judge: its own trouble, never the target's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckError {
    /// Why.
    pub reason: Reason,
    /// For a person.
    pub message: String,
}

impl CheckError {
    /// An error with its reason.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.message)
    }
}

impl std::error::Error for CheckError {}

/// Ends a run before its end: `?` carries it out.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The target is already judged.
    Verdict(Box<Verdict>),
    /// The prober is in trouble.
    Error(CheckError),
}

impl Stop {
    /// Stops with a failed verdict.
    pub fn fail(reason: Reason, summary: impl Into<String>) -> Self {
        Verdict::fail(reason, summary).into()
    }

    /// Stops without a verdict.
    pub fn error(reason: Reason, message: impl Into<String>) -> Self {
        Self::Error(CheckError::new(reason, message))
    }

    /// What is said to a person.
    pub fn message(&self) -> &str {
        match self {
            Self::Verdict(verdict) => &verdict.summary,
            Self::Error(error) => &error.message,
        }
    }

    /// Says in which step it happened.
    #[must_use]
    pub fn at(self, step: &str) -> Self {
        self.reworded(|message| format!("{step}: {message}"))
    }

    /// Says what went wrong after it, such as the undoing.
    #[must_use]
    pub fn and_then(self, message: &str) -> Self {
        self.reworded(|first| format!("{first}; then {message}"))
    }

    /// The same as an error, for a clean-up: there nobody is judged.
    pub fn into_error(self) -> CheckError {
        match self {
            Self::Verdict(verdict) => CheckError::new(verdict.reason.unwrap_or(Reason::Other), verdict.summary),
            Self::Error(error) => error,
        }
    }

    fn reworded(mut self, reword: impl FnOnce(&str) -> String) -> Self {
        let message = match &mut self {
            Self::Verdict(verdict) => &mut verdict.summary,
            Self::Error(error) => &mut error.message,
        };
        *message = reword(message);
        self
    }
}

impl From<Verdict> for Stop {
    fn from(verdict: Verdict) -> Self {
        Self::Verdict(Box::new(verdict))
    }
}

impl From<CheckError> for Stop {
    fn from(error: CheckError) -> Self {
        Self::Error(error)
    }
}

/// A call that the target spoiled is a failed verdict; one that the host refused is the prober's trouble, and keeps
/// the line that would allow it.
impl From<HostError> for Stop {
    fn from(error: HostError) -> Self {
        match targets_reason(error.reason) {
            Some(reason) => Self::fail(reason, error.message),
            None => Self::Error(error.into()),
        }
    }
}

impl From<HostError> for CheckError {
    fn from(error: HostError) -> Self {
        Self::new(error.reason, error.to_string())
    }
}

/// The verdict's reason when the target is to blame. A call that was not answered in time is a slow target: the run's
/// own deadline never reaches the guest, there the host ends the run.
fn targets_reason(reason: Reason) -> Option<Reason> {
    match reason {
        Reason::DnsFailure
        | Reason::ConnectRefused
        | Reason::ConnectTimeout
        | Reason::TlsInvalid
        | Reason::TlsExpired
        | Reason::ProtocolError => Some(reason),
        Reason::DeadlineExceeded => Some(Reason::LatencyExceeded),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{CheckError, HostError, Reason, Stop};

    fn host_error(reason: Reason, remedy: Option<&str>) -> HostError {
        HostError { reason, message: "no".into(), remedy: remedy.map(str::to_owned) }
    }

    #[test]
    fn the_target_is_blamed_for_what_it_does() {
        let stop = Stop::from(host_error(Reason::ConnectRefused, None));
        assert_eq!(stop, Stop::fail(Reason::ConnectRefused, "no"));
        let stop = Stop::from(host_error(Reason::DeadlineExceeded, None));
        assert_eq!(stop, Stop::fail(Reason::LatencyExceeded, "no"));
    }

    #[test]
    fn a_refusal_is_the_probers_and_keeps_its_remedy() {
        let stop = Stop::from(host_error(Reason::CapabilityDenied, Some("http: [\"https://shop.example:443\"]")));
        let message = "no; to allow it: http: [\"https://shop.example:443\"]";
        assert_eq!(stop, Stop::Error(CheckError::new(Reason::CapabilityDenied, message)));
    }

    #[test]
    fn a_stop_says_where() {
        assert_eq!(Stop::fail(Reason::Other, "broken").at("confirm").message(), "confirm: broken");
        assert_eq!(Stop::error(Reason::Other, "broken").at("confirm").message(), "confirm: broken");
        let twice = Stop::fail(Reason::Other, "broken").and_then("cancel: refused");
        assert_eq!(twice.message(), "broken; then cancel: refused");
        assert_eq!(twice.into_error(), CheckError::new(Reason::Other, "broken; then cancel: refused"));
    }
}
