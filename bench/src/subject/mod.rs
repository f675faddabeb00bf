//! Shell: what is measured, a file each, and the runtime it is measured on.

mod http;
mod idle;
mod ingest;
mod kill;
mod load;
mod noop;
mod schedule;
mod size;
mod up;

use crate::stage::Stage;
use crate::table::Table;

/// One subject.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) measure: fn(&Stage, &mut Table) -> anyhow::Result<()>,
}

/// All of them, in the order they are told.
pub(crate) const ALL: [Subject; 9] = [
    Subject { name: "noop", measure: noop::measure },
    Subject { name: "http", measure: http::measure },
    Subject { name: "load", measure: load::measure },
    Subject { name: "kill", measure: kill::measure },
    Subject { name: "idle", measure: idle::measure },
    Subject { name: "schedule", measure: schedule::measure },
    Subject { name: "ingest", measure: ingest::measure },
    Subject { name: "size", measure: size::measure },
    Subject { name: "up", measure: up::measure },
];

/// One thread, so that its clock sees all of a run.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
