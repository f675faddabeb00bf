//! The aggregator's answer to a frame.

use serde::{Deserialize, Serialize};

use super::batch::Epoch;

/// 200: everything up to `through` is durable, rejected or declared dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The epoch.
    pub epoch: Epoch,
    /// The mark.
    pub through: u64,
    /// Records that were not taken and must not be sent again.
    pub rejected: Vec<Rejected>,
}

/// A record that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its sequence number.
    pub seq: u64,
    /// Why.
    pub code: RejectedCode,
}

/// Why a record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectedCode {
    /// The check is not placed on this node, nor was within the last 48 h.
    Foreign,
    /// A later lease exists.
    Fenced,
    /// Over a limit.
    TooLarge,
}

impl RejectedCode {
    /// The word used in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::Fenced => "fenced",
            Self::TooLarge => "too-large",
        }
    }
}

/// 409: the frame does not go on where the aggregator stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "conflict", rename_all = "kebab-case")]
pub enum Conflict {
    /// A gap that was not declared: send again from `expected`. Or the frame ended below the mark, where no chain is
    /// known: send again with the record before `expected`, so that both histories can be compared.
    Gap {
        /// The epoch.
        epoch: Epoch,
        /// The next sequence number wanted.
        expected: u64,
    },
    /// Another history under the same epoch: start a new epoch.
    Fork,
}
