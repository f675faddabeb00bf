//! Results of one tenant from one batch, packed together: JSON lines in zstd. Alone a result is a kilobyte of JSON, most of it
//! words that the next one has too; packed together they take far less, and what the disk is spared nobody waits for. Made by `ingest/accept`, off the writer's thread; read by the store. Pure.

use std::borrow::Cow;
use std::io::Read as _;

use api::id::{CheckId, TenantName};
use api::limits::FRAME_BYTES_MAX;
use api::result::CheckResult;

use super::StoreError;

/// The fastest: the next one takes twice the time for a few bytes in a hundred.
const ZSTD_LEVEL: i32 = 1;
/// What a chunk has unpacked at most: all of a frame, each of its bytes as the longest escape of JSON.
const PLAIN_BYTES_MAX: u64 = 6 * FRAME_BYTES_MAX as u64;

/// A result to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept<'a> {
    /// Whose; none for the platform's own.
    pub tenant: Option<TenantName>,
    /// Of which check.
    pub check: CheckId,
    /// Sequence number of its record.
    pub seq: u64,
    /// When the run was, in milliseconds since 1970 UTC.
    pub run_at_ms: i64,
    /// The result.
    pub result: Cow<'a, CheckResult>,
}

/// What is known of a packed result without unpacking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Of which check.
    pub check: CheckId,
    /// Sequence number of its record.
    pub seq: u64,
    /// When the run was, in milliseconds since 1970 UTC.
    pub run_at_ms: i64,
}

/// Results of one owner.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Whose; none for the platform's own.
    pub tenant: Option<TenantName>,
    /// Its results, in the order of their lines.
    pub places: Vec<Place>,
    /// The lines, packed.
    pub packed: Vec<u8>,
}

// === impl Chunk ===

impl Chunk {
    /// One chunk for each owner, in the order in which they first come.
    pub fn pack(kept: &[Kept<'_>]) -> Vec<Self> {
        let mut owners: Vec<&Option<TenantName>> = vec![];
        for Kept { tenant, .. } in kept {
            if !owners.contains(&tenant) {
                owners.push(tenant);
            }
        }
        owners.into_iter().map(|tenant| Self::of(tenant, kept)).collect()
    }

    fn of(tenant: &Option<TenantName>, kept: &[Kept<'_>]) -> Self {
        let (mut places, mut lines) = (vec![], vec![]);
        for Kept { check, seq, run_at_ms, result, .. } in kept.iter().filter(|kept| kept.tenant == *tenant) {
            places.push(Place { check: *check, seq: *seq, run_at_ms: *run_at_ms });
            serde_json::to_writer(&mut lines, &**result).expect("a result has string keys and finite numbers");
            lines.push(b'\n');
        }
        let packed = zstd::bulk::compress(&lines, ZSTD_LEVEL).expect("memory is packed");
        Self { tenant: tenant.clone(), places, packed }
    }
}

#[cfg(test)]
impl Chunk {
    /// What is in it.
    pub(crate) fn results_for_test(&self) -> Vec<CheckResult> {
        let lines = Lines::unpack(&self.packed).expect("packed");
        (0..self.places.len()).map(|at| lines.result(at).expect("reads back")).collect()
    }
}

/// The lines of a chunk.
#[derive(Debug)]
pub(super) struct Lines(String);

// === impl Lines ===

impl Lines {
    /// # Errors
    /// [`StoreError::Broken`] when these are not a chunk's bytes.
    pub(super) fn unpack(packed: &[u8]) -> Result<Self, StoreError> {
        let broken = |source| StoreError::Broken { what: "results", source };
        let decoder = zstd::Decoder::new(packed).map_err(|error| broken(error.into()))?;
        let mut lines = String::new();
        decoder.take(PLAIN_BYTES_MAX).read_to_string(&mut lines).map_err(|error| broken(error.into()))?;
        Ok(Self(lines))
    }

    /// One of its results.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when it has none there.
    pub(super) fn result(&self, at: usize) -> Result<CheckResult, StoreError> {
        let broken = |source| StoreError::Broken { what: "a result", source };
        let line = self.0.lines().nth(at).ok_or_else(|| broken("its chunk is shorter".into()))?;
        serde_json::from_str(line).map_err(|error| broken(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use api::id::RunId;
    use api::result::Status;

    use super::*;

    fn result(tick: u64) -> CheckResult {
        CheckResult {
            run_id: RunId::of(CheckId(uuid::Uuid::from_u128(1)), tick),
            scheduled_at_ms: tick,
            duration_ms: 1.0,
            status: Status::Fail,
            reason: None,
            summary: "first line\nsecond \u{2028} line".to_owned(),
            steps: vec![],
            measurements: vec![],
            findings: vec![],
            evidence: vec![],
            cut: vec![],
        }
    }

    #[test]
    fn each_owner_has_a_chunk_of_its_own_and_every_result_reads_back() {
        let results: Vec<CheckResult> = (1..=5).map(result).collect();
        let owners = [Some("acme"), None, Some("acme"), Some("globex"), None];
        let kept = results.iter().zip(owners).map(|(result, owner)| {
            let tenant = owner.map(|name: &str| name.parse().expect("a label"));
            let (check, result) = (CheckId(uuid::Uuid::from_u128(1)), Cow::Borrowed(result));
            Kept { tenant, check, seq: result.scheduled_at_ms, run_at_ms: 7, result }
        });
        let chunks = Chunk::pack(&kept.collect::<Vec<_>>());
        let tenants: Vec<_> = chunks.iter().map(|chunk| chunk.tenant.as_ref().map(TenantName::as_str)).collect();
        assert_eq!(tenants, [Some("acme"), None, Some("globex")]);
        for (chunk, ticks) in chunks.iter().zip([vec![1, 3], vec![2, 5], vec![4]]) {
            assert_eq!(chunk.places.iter().map(|place| place.seq).collect::<Vec<_>>(), ticks);
            assert_eq!(chunk.results_for_test(), ticks.into_iter().map(result).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_no_chunk_is_told() {
        assert!(matches!(Lines::unpack(b"no zstd"), Err(StoreError::Broken { .. })));
        let packed = zstd::bulk::compress(b"{}\n", ZSTD_LEVEL).expect("packed");
        let lines = Lines::unpack(&packed).expect("lines");
        assert!(matches!(lines.result(0), Err(StoreError::Broken { .. })));
        assert!(matches!(lines.result(1), Err(StoreError::Broken { .. })));
    }
}
