//! The guests that the host and the agent are tested with, by name: hostile ones, each with a test of its name, and the
//! quiet one that benchmarks run. Those that Rust can write are components, one per file of `examples/`; those that it
//! cannot are made by `raw`; `compilers/` holds programs that stand where the compiler should. Here are only the lists
//! that tests read; the suite `hostile` of `tests` holds them against the folders and against the tests.

#[cfg(not(target_arch = "wasm32"))]
pub mod raw;

/// Names of the hostile guests; the component of `endless_loop` is `examples/endless_loop.wasm` below the target folder
/// of the profile `plugin`.
pub const HOSTILE: [&str; 15] = [
    "deep_recursion",
    "dns_rebinding",
    "endless_loop",
    "forbidden_host",
    "half_made",
    "host_call_storm",
    "huge_output",
    "log_flood",
    "memory_bomb",
    "other_tenants_state",
    "panic",
    "redirect_to_forbidden_host",
    "redirect_to_metadata",
    "slow_drip",
    "trap_in_clean_up",
];

/// Names of the hostile guests that no Rust program is: `raw::component` makes them.
pub const RAW: [&str; 6] = [
    "compile_bomb",
    "compiled_memory_bomb",
    "malformed_component",
    "memory_bomb_of_many_memories",
    "memory_bomb_of_several_memories",
    "unoffered_import",
];

/// Names of the programs in the compiler's place, `compilers/NAME.sh`.
pub const COMPILERS: [&str; 8] = [
    "compiler_closing_early",
    "compiler_flooding_stderr",
    "compiler_forging_its_head",
    "compiler_of_another_engine",
    "compiler_of_garbage",
    "compiler_of_too_much",
    "compiler_saying_nothing",
    "compiler_that_never_ends",
];

/// The guest that does nothing, for benchmarks.
pub const QUIET: &str = "quiet";
