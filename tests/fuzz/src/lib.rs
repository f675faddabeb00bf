//! What is fuzzed: each function takes any bytes and panics where the product breaks a promise. Run for a while by the
//! engine (`cargo xtask fuzz`), and on the committed corpus by every `cargo test`.

pub mod frame;
pub mod manifest;
pub mod spool;

/// The file itself, without the agent around it: its sandbox would be minutes of building for an engine that does not
/// come near it.
#[path = "../../../agent/src/spool/segment.rs"]
pub mod segment;

/// What takes any bytes.
pub type Target = fn(&[u8]);

/// All of them, by the name of their corpus.
pub const TARGETS: [(&str, Target); 3] =
    [("frame", frame::target), ("spool", spool::target), ("manifest", manifest::target)];
