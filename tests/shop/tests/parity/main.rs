//! The stand-in beside what it stands in for: the recorded servers' answers, and the behaviour no recording shows.

mod behaviour;
mod client;
mod traces;
