//! What agent and aggregator say to each other: assignments down, frames of records up. Shapes in this folder, bytes in
//! `codec`. Named fields, unknown ones ignored, so neighbouring versions understand each other.

mod ack;
mod assignment;
mod batch;
pub mod chain;
pub mod codec;
mod lease;
mod plugin;
mod secret;

pub use ack::{Ack, Conflict, Rejected, RejectedCode};
pub use assignment::{Alert, Assignment, Assignments, Layer, SecretRef};
pub use batch::{
    Body, Chain, Dropped, DroppedKind, Epoch, Failure, Frame, LedgerNote, LedgerState, PluginState, PluginStatus,
    Problem, Record, RollUp, Transition,
};
pub use lease::{LeaseAnswer, LeaseRequest};
pub use plugin::{ContractKind, PluginRef};
pub use secret::{SecretValue, Secrets};
