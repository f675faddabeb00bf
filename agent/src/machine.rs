//! Shell: what the kernel says of this machine, whatever root an agent in a container sees. Asked by `spool`, whose
//! records are of one machine and boot, and by `run/backend/node` for a check's facts.

use std::path::Path;

/// The id of this boot, made by the kernel.
pub(crate) fn boot_id() -> String {
    of_kernel("random/boot_id")
}

/// A file of `/proc/sys/kernel`; empty when there is none.
pub(crate) fn of_kernel(name: &str) -> String {
    let text = std::fs::read_to_string(Path::new("/proc/sys/kernel").join(name)).unwrap_or_default();
    text.trim().to_owned()
}
