//! Hostile guests in a real agent: while each runs in turn, a neighbour's checks keep their schedule, the agent's memory
//! stays under its limit, and what is said of the guest names what was broken. Programs in the compiler's place. The host's
//! own suite of this name has the guests one by one; a test here holds the lists against both.

mod agent;
mod complete;
mod rows;
mod stage;
mod targets;

mod compilers;
mod cut_off;
mod memory;
mod neighbours;

/// One test at a time: each of them measures, or starts processes that others would measure.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
