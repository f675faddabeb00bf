//! Every limit that two processes must agree on, with where it comes from. Limits of one stage stand with that stage.
//! Read by the host (per run), the catalogue (ceilings) and both ends of the frame protocol.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Limits of one run of one plugin. The assignment carries them; the host holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLimits {
    /// Sum of all linear memories and tables of the run, in bytes.
    pub memory_bytes: u64,
    /// CPU time of the guest, in milliseconds.
    pub cpu_ms: u32,
    /// Wall time of the whole run, in milliseconds.
    pub wall_ms: u32,
    /// One response body, in bytes; what is over is cut and said.
    pub body_bytes: u64,
    /// Requests a run may make, redirects included.
    pub requests: u32,
}

impl RunLimits {
    /// What a run gets when nobody says otherwise: a Rust guest with its JSON fits four times over.
    pub const DEFAULT: Self =
        Self { memory_bytes: 16 * MIB, cpu_ms: 500, wall_ms: 10_000, body_bytes: MIB, requests: 32 };
    /// What nobody may exceed: 64 slots of 128 MiB are the address space the pool reserves.
    pub const CEILING: Self =
        Self { memory_bytes: 128 * MIB, cpu_ms: 5_000, wall_ms: 60_000, body_bytes: 8 * MIB, requests: 256 };

    /// Each limit at most that of `ceiling`.
    #[must_use]
    pub fn within(self, ceiling: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.min(ceiling.memory_bytes),
            cpu_ms: self.cpu_ms.min(ceiling.cpu_ms),
            wall_ms: self.wall_ms.min(ceiling.wall_ms),
            body_bytes: self.body_bytes.min(ceiling.body_bytes),
            requests: self.requests.min(ceiling.requests),
        }
    }
}

/// A component's bytes: first-party plugins have 0.2 MiB, a Python one 18 MiB and asks for the ceiling.
pub const COMPONENT_BYTES_MAX: usize = 32 << 20;
/// A compiled artefact: Cranelift writes four to eight times the component.
pub const ARTEFACT_BYTES_MAX: usize = 256 << 20;
/// Private writable memory of the compiler, a child in its parent's container: a Python component of 18 MiB takes 0.46 GiB.
pub const COMPILER_BYTES_MAX: u64 = 1 << 30;
/// What `describe` may answer: a JSON Schema of a hundred fields has 20 KiB.
pub const DESCRIBE_BYTES_MAX: usize = 256 << 10;
/// `config` of a check as JSON: a baseline that declares 500 files and their hashes has 55 KiB.
pub const CONFIG_BYTES_MAX: usize = 64 << 10;
/// Everything a run reports (summary, steps, measurements, findings, evidence) as JSON: `STEPS_MAX` of them with
/// their phases have 16 KiB, the rest is for findings and evidence.
pub const RESULT_BYTES_MAX: usize = (64 * KIB) as usize;
/// Free text of a verdict, a step, an error: ten lines of a terminal; what is longer nobody reads in a list.
pub const TEXT_BYTES_MAX: usize = KIB as usize;
/// Steps of a run; a journey of a shop has eight.
pub const STEPS_MAX: usize = 64;
/// Log lines of a run, each `TEXT_BYTES_MAX` at most: one for each step.
pub const LOG_LINES_MAX: usize = 64;
/// The tail of standard output and error that goes into the result: a panic message fits.
pub const STDIO_TAIL_BYTES_MAX: usize = 4 << 10;
/// Keys of a check's state on a node: a run remembers a cursor and a few marks; what is a list stands in one value.
pub const STATE_KEYS_MAX: usize = 16;
/// Bytes of one value of a check's state: with the keys 64 KiB a check, and 3 MiB for 50 checks of a node.
pub const STATE_VALUE_BYTES_MAX: usize = 4 << 10;
/// The value of a secret: a key, a password, a certificate with its chain. Kubernetes takes 1 MiB for a whole Secret.
pub const SECRET_BYTES_MAX: usize = 64 << 10;
/// The values of a node's secrets in one answer: 1,000 checks with the 16 that a manifest may name, of 1 KiB each.
/// Tenants that together have more share it; an agent takes no longer one.
pub const SECRETS_BYTES_MAX: usize = 16 << 20;
/// Bytes of a key in state or ledger: a run's id and a word.
pub const KEY_BYTES_MAX: usize = 128;
/// Open entries in a check's ledger: a journey that leaves more has gone wild.
pub const LEDGER_ENTRIES_MAX: usize = 64;
/// What clean-up of a journey may take on the wall, apart from the run: a cancel of a second for each of a few objects.
pub const CLEAN_UP: Duration = Duration::from_secs(10);

/// The least interval of a check: a third of a roll-up, and 50 checks on a node are ten runs a second.
pub const INTERVAL_MIN: Duration = Duration::from_secs(5);

/// A manifest document and a manifest file: ConfigMaps hold 1 MiB at most.
pub const MANIFEST_BYTES_MAX: usize = 1 << 20;
/// Manifest files of a catalogue: 1,000 tenants with ten files each.
pub const MANIFEST_FILES_MAX: usize = 10_000;
/// Folders in folders of a catalogue: tenant, environment, purpose, and some air. Also ends a circle of links.
pub const MANIFEST_FOLDERS_DEEP_MAX: usize = 8;

/// A frame on the wire: `FRAME_RECORDS_MAX` of the usual 300 bytes compress to 200 KiB.
pub const FRAME_PACKED_BYTES_MAX: usize = 1 << 20;
/// A frame once decompressed: a hundred records of the largest kind, or all of it with 2 KiB each.
pub const FRAME_BYTES_MAX: usize = 8 << 20;
/// Records in a frame: an hour without the aggregator, of 50 checks that roll up every 15 s, is three frames.
pub const FRAME_RECORDS_MAX: usize = 4_096;
/// One record in the spool and in a frame: a result of `RESULT_BYTES_MAX` and its names.
pub const RECORD_BYTES_MAX: usize = RESULT_BYTES_MAX + (4 << 10);

/// How long an agent may be silent before its other checks move: a long poll, and half of another for it to come back.
pub const AGENT_SILENT: Duration = Duration::from_secs(45);
/// What a lease adds to timeout and clean-up before another agent may have it: the way of its answer, and a run that
/// waits for its turn on a busy node.
pub const LEASE_MARGIN: Duration = Duration::from_secs(30);
/// After a lease ended, how long another agent waits: clocks of two machines drift by less in a lease's life.
pub const LEASE_GRACE: Duration = Duration::from_secs(5);
/// How long the longest poll for assignments hangs: proxies cut what is silent for 60 s.
pub const POLL_WAIT: Duration = Duration::from_secs(30);
/// How often an agent sends a check's roll-up: well within the 40 s after which the most frequent check is stale.
pub const ROLL_UP: Duration = Duration::from_secs(15);

/// The longest a release may say it takes; beyond it there is no window to plan for.
pub const EXPECTED_DURATION_MAX: Duration = Duration::from_hours(30 * 24);

/// An HTTP JSON request body to the aggregator: the longest question has 2 KiB.
pub const REQUEST_BYTES_MAX: usize = 64 << 10;
/// A ticket's life: from the answer to the start of a pipeline's next job, on a runner that is free.
pub const TICKET_TTL: Duration = Duration::from_secs(300);

/// The length of a mutating check's lease: what the run and its clean-up may take and a margin.
pub fn lease_ttl(timeout: Duration) -> Duration {
    timeout + CLEAN_UP + LEASE_MARGIN
}

/// What must be left of a lease for a run to start: the run, its clean-up and a second.
pub fn lease_left_min(timeout: Duration) -> Duration {
    timeout + CLEAN_UP + Duration::from_secs(1)
}

/// When a result of a check counts as stale: two runs and a half were missed, or for a check that runs often one that
/// took its whole timeout and 30 s to arrive.
pub fn stale_after(interval: Duration, timeout: Duration) -> Duration {
    (interval * 5 / 2).max(interval + timeout + Duration::from_secs(30))
}

/// Cuts text to `bytes_max` at a character's border.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_is_the_later_of_both_rules() {
        let s = Duration::from_secs;
        assert_eq!(stale_after(s(60), s(10)), s(150));
        assert_eq!(stale_after(s(10), s(10)), s(50));
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("größe", 3), "gr");
        assert_eq!(cut("abc", 10), "abc");
    }

    #[test]
    fn limits_never_pass_the_ceiling() {
        let wild = RunLimits { memory_bytes: u64::MAX, cpu_ms: u32::MAX, ..RunLimits::DEFAULT };
        assert_eq!(wild.within(RunLimits::CEILING).memory_bytes, RunLimits::CEILING.memory_bytes);
        assert_eq!(wild.within(RunLimits::CEILING).requests, RunLimits::DEFAULT.requests);
    }
}
