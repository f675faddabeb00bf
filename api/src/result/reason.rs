//! The bounded vocabulary of why: at most 24 words, safe as a metric label. Never renamed.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// Why a run did not pass.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
        // Not a rename for each: the derive of the OpenAPI schema does not see a word that comes out of a macro.
        #[serde(rename_all = "kebab-case")]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word used in documents and labels.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The reason for a word of a guest; a word we do not know is `other`.
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
    /// A journey's assertion failed.
    AssertionFailed = "assertion-failed",
    /// Too slow.
    LatencyExceeded = "latency-exceeded",
    /// The target refused the credential.
    AuthFailed = "auth-failed",
    /// The run used up a budget other than CPU, memory and time.
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
    /// The CPU budget was used up.
    CpuExceeded = "cpu-exceeded",
    /// The guest trapped or panicked.
    Trap = "trap",
    /// The plugin refuses its configuration.
    InvalidConfig = "invalid-config",
    /// The plugin is not there, or not fit to run.
    PluginUnavailable = "plugin-unavailable",
    /// A lease or a secret is not there.
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
    fn the_vocabulary_is_bounded_and_reads_back() {
        assert!(Reason::ALL.len() <= 24);
        for reason in Reason::ALL {
            assert_eq!(Reason::from_word(reason.as_str()), *reason);
            assert_eq!(serde_json::to_value(reason).expect("JSON"), reason.as_str());
        }
        assert_eq!(Reason::from_word("invented"), Reason::Other);
    }

    /// The SDK depends on no crate of ours, so the words stand there once more.
    #[test]
    fn plugins_have_the_same_words() {
        let ours: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        let theirs: Vec<_> = floorwalker_sdk::Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(ours, theirs);
    }
}
