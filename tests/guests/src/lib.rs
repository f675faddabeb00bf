//! The guests that the host is tested with, by name: hostile ones, each with a test of its name, and the quiet one that
//! benchmarks run. They are components, one per file of `examples/`; here is only the list that tests read.

/// Names of the hostile guests; the component of `endless_loop` is `examples/endless_loop.wasm` below the target folder
/// of the profile `plugin`.
pub const HOSTILE: [&str; 6] = ["endless_loop", "memory_bomb", "panic", "forbidden_host", "half_made", "storm"];

/// The guest that does nothing, for benchmarks.
pub const QUIET: &str = "quiet";
