//! The bounded vocabulary of why a run did not pass, as the contract documents it. Written by verdicts, read from
//! host errors. It says no more than the words: who is to blame is decided in `check`.

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// Why a run did not pass.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word of the contract.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The reason for a word of the host; a word of a newer host is `other`.
            pub fn from_word(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    _ => Self::Other,
                }
            }
        }
    };
}

reasons! {
    /// The name did not resolve.
    DnsFailure = "dns-failure",
    /// Nobody listens.
    ConnectRefused = "connect-refused",
    /// No answer to the connection attempt.
    ConnectTimeout = "connect-timeout",
    /// The certificate does not verify.
    TlsInvalid = "tls-invalid",
    /// The certificate has expired.
    TlsExpired = "tls-expired",
    /// An unexpected HTTP status.
    HttpStatus = "http-status",
    /// The body is not what it should be.
    BodyMismatch = "body-mismatch",
    /// An assertion failed.
    AssertionFailed = "assertion-failed",
    /// Too slow.
    LatencyExceeded = "latency-exceeded",
    /// The target refused the credential.
    AuthFailed = "auth-failed",
    /// A budget of the run other than CPU, memory and time is used up.
    QuotaExceeded = "quota-exceeded",
    /// Live differs from declared.
    DriftDetected = "drift-detected",
    /// Evidence is too old.
    EvidenceStale = "evidence-stale",
    /// Evidence is absent.
    EvidenceMissing = "evidence-missing",
    /// The grants or the ceiling do not allow it.
    CapabilityDenied = "capability-denied",
    /// The wall clock ran out.
    DeadlineExceeded = "deadline-exceeded",
    /// The memory limit was reached.
    MemoryExceeded = "memory-exceeded",
    /// The CPU budget is used up.
    CpuExceeded = "cpu-exceeded",
    /// The guest trapped.
    Trap = "trap",
    /// The plugin refuses its configuration.
    InvalidConfig = "invalid-config",
    /// The plugin is not there.
    PluginUnavailable = "plugin-unavailable",
    /// Something the run needs is not there: a fixture, a secret, a file.
    PrerequisiteMissing = "prerequisite-missing",
    /// The answer breaks its own protocol: cut, not HTTP, not JSON.
    ProtocolError = "protocol-error",
    /// None of the above.
    Other = "other",
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn words_read_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_word(reason.as_str()), *reason);
        }
        assert_eq!(Reason::from_word("of-a-newer-host"), Reason::Other);
    }
}
