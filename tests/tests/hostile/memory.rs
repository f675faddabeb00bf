//! The memory of an agent's container: its limit in `deploy/` is the sum of what all runs together may take, of what the
//! compiler beside them may take, and of what the agent takes itself.

use std::fs;

use api::limits::COMPILER_BYTES_MAX;
use harness::binary;
use host::engine::Config;

/// What the agent may have resident. The other tests here hold it to that with a hostile tenant's runs among it; with 1,000
/// checks in flight it was 89 MiB.
pub(crate) const OWN_BYTES_MAX: u64 = 256 << 20;

#[test]
fn the_containers_limit_is_the_sum_of_what_it_holds() {
    let file = binary::workspace().join("deploy/manifests/30-agent.yaml");
    let text = fs::read_to_string(file).expect("a manifest of the repository");
    let (_, limit) = text.split_once("limits: {memory: ").expect("the agent has a limit");
    let limit_mib: u64 = limit.split_once("Mi}").expect("in MiB").0.parse().expect("a number");
    let parts = [Config::AGENT.memory_bytes, COMPILER_BYTES_MAX, OWN_BYTES_MAX];
    assert_eq!(limit_mib, parts.iter().sum::<u64>().div_ceil(1 << 20), "of {:?} MiB", parts.map(|bytes| bytes >> 20));
    for part in parts {
        assert!(text.contains(&format!("{}Mi", part >> 20)), "its comment says {} MiB", part >> 20);
    }
}
