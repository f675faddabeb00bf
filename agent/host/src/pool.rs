//! What a slot of the pool holds, and what it keeps warm. `engine` reserves so much at start; `link` refuses a component
//! that needs more than a slot has, in words its author can act on.

use api::limits::RunLimits;
use wasmtime::{Enabled, PoolingAllocationConfig};

/// Instances at once on a node: 64 slots of `RunLimits::CEILING.memory_bytes` are what the pool reserves.
pub const SLOTS: u32 = 64;
/// Linear memories per instance: C, Rust and Python have one, QuickJS two.
pub(crate) const MEMORIES_PER_SLOT: u32 = 2;
/// Core instances per component: a Python component has 51.
const CORE_INSTANCES_PER_SLOT: u32 = 64;
/// Tables per slot on average; a slot may take up to `CORE_INSTANCES_PER_SLOT`.
const TABLES_PER_SLOT: u32 = 16;
/// Elements of one table: the largest of a Python component has 9,000.
pub(crate) const TABLE_ELEMENTS: usize = 32 << 10;
/// Memory kept of a finished instance and cleared by `memset`: cheaper than page faults up to about this size.
const MEMORY_KEPT_BYTES: usize = 64 << 10;
/// The same for a table: 2,048 elements, four times what a Rust guest has.
const TABLE_KEPT_BYTES: usize = 16 << 10;
/// The same for a fiber's stack.
const STACK_KEPT_BYTES: usize = 16 << 10;
/// Slots kept warm; more cost resident memory and gain nothing at a node's usual four runs at once.
const WARM_SLOTS: u32 = 4;

/// The pool of so many slots.
pub(crate) fn sized(slots: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let memory_bytes_max = usize::try_from(RunLimits::CEILING.memory_bytes).unwrap_or(usize::MAX);
    pool.total_component_instances(slots)
        .total_core_instances(slots * CORE_INSTANCES_PER_SLOT)
        .total_memories(slots * MEMORIES_PER_SLOT)
        .total_tables(slots * TABLES_PER_SLOT)
        .total_stacks(slots)
        .max_core_instances_per_component(CORE_INSTANCES_PER_SLOT)
        .max_memories_per_component(MEMORIES_PER_SLOT)
        .max_tables_per_component(CORE_INSTANCES_PER_SLOT)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(memory_bytes_max)
        .linear_memory_keep_resident(MEMORY_KEPT_BYTES)
        .table_keep_resident(TABLE_KEPT_BYTES)
        .async_stack_keep_resident(STACK_KEPT_BYTES)
        // What is cleared is then what was written, wherever it is: a Rust guest's stack ends at 1 MiB, not at 0.
        .pagemap_scan(Enabled::Auto)
        .max_unused_warm_slots(WARM_SLOTS);
    pool
}
