//! What a run came to, as the host saw it. `agent` translates it into a result, in one file; nothing here judges.
//! Every end is a variant of its own: callers match, they never read messages.

use std::fmt;
use std::time::Duration;

/// Everything the host knows of one run (or clean-up).
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// Steps in the order they were opened; those still open when the run ended have no status.
    pub steps: Vec<StepReport>,
    /// Requests in the order they were asked, each redirect one of its own.
    pub requests: Vec<RequestReport>,
    /// Lines of the plugin's author.
    pub logs: Vec<LogLine>,
    /// Lines over the limit, counted and not kept.
    pub lines_dropped: u64,
    /// The end of what the guest wrote to standard output and error, at most `STDIO_TAIL_BYTES_MAX` bytes.
    pub stdio_tail: String,
    /// What was refused, each with the line that would allow it.
    pub denials: Vec<Denial>,
    /// What the run took.
    pub usage: Usage,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The plugin judged its target.
    Verdict(Verdict),
    /// Clean-up returned without an error.
    CleanedUp,
    /// The plugin says it could not judge, or could not clean up.
    CheckError {
        /// As the plugin wrote it, cut to `TEXT_BYTES_MAX`.
        reason: String,
        /// As the plugin wrote it, cut to `TEXT_BYTES_MAX`.
        message: String,
    },
    /// The guest stopped itself after writing why, as a Rust panic does.
    Panicked {
        /// The end of what it wrote to standard error, cut to `TEXT_BYTES_MAX`.
        message: String,
    },
    /// The guest trapped.
    Trap {
        /// The kind of trap, in wasmtime's words.
        what: String,
    },
    /// The guest left through `wasi:cli/exit`.
    Exited {
        /// The code it gave.
        code: i32,
    },
    /// Guest code and the host's work for it took more CPU than granted.
    CpuExceeded {
        /// What it had taken when it was stopped.
        used: Duration,
        /// What it had.
        limit: Duration,
    },
    /// All memories and tables together would have passed the limit.
    MemoryExceeded {
        /// The sum the guest asked for, in bytes.
        asked: u64,
        /// What it had, in bytes.
        limit: u64,
    },
    /// The wall clock ran out.
    Deadline {
        /// What it had.
        limit: Duration,
        /// The host call it was waiting in; none: the guest itself was running.
        during: Option<&'static str>,
    },
    /// More host calls than a run may make.
    HostCallsExceeded {
        /// What it had.
        limit: u64,
    },
    /// More output than a result may hold.
    OutputExceeded {
        /// Bytes it gave.
        bytes: usize,
        /// Bytes it had.
        limit: usize,
    },
    /// A verdict outside the contract.
    InvalidVerdict {
        /// What is wrong with it, for the author.
        message: String,
    },
    /// The guest never ran: by the time the node had room for it, it was no longer to begin.
    Withheld {
        /// Why, in the words of whoever asked for the run.
        why: String,
    },
    /// The guest never ran: no instance could be made.
    NotStarted {
        /// Why, for the operator.
        message: String,
    },
}

/// What a plugin says of its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Checked against the contract.
    pub status: VerdictStatus,
    /// As the plugin wrote it; present unless the status is `pass`.
    pub reason: Option<String>,
    /// One line for a person, cut to `TEXT_BYTES_MAX`.
    pub summary: String,
    /// JSON object or empty, at most `RESULT_BYTES_MAX`; its shape is for the reader to check.
    pub details: String,
}

/// The three statuses a guest may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictStatus {
    /// The target is as it should be.
    Pass,
    /// It is, but not for long or not comfortably.
    Warn,
    /// It is not.
    Fail,
}

/// A named part of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// As the plugin named it.
    pub name: String,
    /// How many steps were open around it.
    pub depth: u32,
    /// None: the run ended inside it.
    pub status: Option<StepStatus>,
    /// As the plugin wrote it.
    pub message: Option<String>,
    /// From opening to closing, or to the end of the run.
    pub duration: Duration,
    /// Network phases of the requests made directly in it, summed.
    pub phases: Phases,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepStatus {
    /// As expected.
    Pass,
    /// With a remark.
    Warn,
    /// Not as expected.
    Fail,
    /// Not done.
    Skipped,
}

/// Network phases; one that never ran is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Name to addresses.
    pub resolve: Option<Duration>,
    /// TCP.
    pub connect: Option<Duration>,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// From sending the request to the response's head.
    pub processing: Option<Duration>,
    /// The response's body.
    pub transfer: Option<Duration>,
}

/// One request on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestReport {
    /// HTTP method.
    pub method: String,
    /// `scheme://host:port`; path, query and headers are left out, they may hold secrets.
    pub origin: String,
    /// Index into `Outcome::steps` of the innermost step that was open.
    pub step: Option<usize>,
    /// Absent when no response came.
    pub status: Option<u16>,
    /// Protocol of the response, such as `HTTP/1.1`.
    pub version: Option<String>,
    /// How far it came.
    pub phases: Phases,
    /// Body bytes received.
    pub body_bytes: u64,
    /// Why there is no whole response; one of the documented reasons.
    pub error: Option<RequestError>,
    /// Facts of the connection, recorded even where verification failed.
    pub tls: Option<TlsReport>,
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestError {
    /// One of the documented reasons of host errors.
    pub reason: HostReason,
    /// For a person.
    pub message: String,
}

/// Reasons of host errors, as they are written in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostReason {
    /// The name has no address.
    DnsFailure,
    /// Nobody listens there.
    ConnectRefused,
    /// No connection in time.
    ConnectTimeout,
    /// The certificate or the handshake is not acceptable.
    TlsInvalid,
    /// The certificate has expired.
    TlsExpired,
    /// What came back is not the protocol, or what was asked cannot be said in it.
    ProtocolError,
    /// Not granted.
    CapabilityDenied,
    /// A budget is used up.
    QuotaExceeded,
    /// Not in time.
    DeadlineExceeded,
    /// Something the run needs is absent, such as a secret.
    PrerequisiteMissing,
    /// Anything else.
    Other,
}

impl HostReason {
    /// The word in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DnsFailure => "dns-failure",
            Self::ConnectRefused => "connect-refused",
            Self::ConnectTimeout => "connect-timeout",
            Self::TlsInvalid => "tls-invalid",
            Self::TlsExpired => "tls-expired",
            Self::ProtocolError => "protocol-error",
            Self::CapabilityDenied => "capability-denied",
            Self::QuotaExceeded => "quota-exceeded",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::PrerequisiteMissing => "prerequisite-missing",
            Self::Other => "other",
        }
    }
}

/// Facts of a TLS connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsReport {
    /// Such as `TLSv1.3`; absent when the handshake failed.
    pub version: Option<String>,
    /// Absent when the server sent none that can be read.
    pub certificate: Option<CertificateReport>,
    /// Whether the chain was accepted.
    pub verified: bool,
}

/// Facts of the certificates a server presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateReport {
    /// Distinguished name of the server's own certificate.
    pub subject: String,
    /// Its issuer's.
    pub issuer: String,
    /// SHA-256 of its DER form, hex.
    pub fingerprint_sha256: String,
    /// Its serial number, hex.
    pub serial: String,
    /// DNS names and addresses it is for.
    pub subject_alternatives: Vec<String>,
    /// Seconds since 1970-01-01 UTC.
    pub not_before_s: i64,
    /// Seconds since 1970-01-01 UTC.
    pub not_after_s: i64,
    /// Whole days from the handshake to `not_after_s`, negative once expired.
    pub days_left: i64,
    /// The earliest `not_after` of all certificates presented, in seconds since 1970-01-01 UTC.
    pub chain_not_after_s: i64,
}

/// A line of the plugin's author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// As the guest gave it.
    pub level: LogLevel,
    /// Cut to `TEXT_BYTES_MAX`.
    pub message: String,
}

/// Levels of the contract; any other word counts as `info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// For the author alone.
    Debug,
    /// Usual.
    Info,
    /// Worth a look.
    Warn,
    /// Wrong.
    Error,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Which capability.
    pub capability: Granted,
    /// What was asked, such as an origin or a path.
    pub subject: String,
    /// The exact line that would allow it.
    pub remedy: String,
}

/// A capability that is granted piece by piece, so that a call can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// Requests to granted origins.
    Http,
    /// Granted files of the node.
    Node,
}

impl Granted {
    /// All of them, for whoever counts refusals.
    pub const ALL: [Self; 2] = [Self::Http, Self::Node];

    /// The interface's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Node => "node",
        }
    }
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a run took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of guest code and of the host's work for it, on its thread and on those of backends.
    pub cpu: Duration,
    /// From the first instruction to the end, waiting for a slot left out.
    pub wall: Duration,
    /// Waiting for a slot and for memory of the node.
    pub queued: Duration,
    /// The largest sum of all memories and tables.
    pub memory_peak_bytes: u64,
    /// Calls of the guest into the host.
    pub host_calls: u64,
    /// Requests on the wire.
    pub requests: u32,
}
