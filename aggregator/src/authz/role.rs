//! The one table of who may do what. Read by `scope`; the matrix of every route is asked for by a test of `http`. A new
//! operation is one row.

use api::http::token::Role;

/// How far an operation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Not at all.
    None,
    /// What is one's own: the tenant, or for an agent its node.
    Own,
    /// Everything.
    All,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A token's role.
    Role(Role),
    /// An agent.
    Agent,
}

/// The columns, in the order of the rows' extents.
pub const COLUMNS: [Column; 5] = [
    Column::Role(Role::Viewer),
    Column::Role(Role::Pipeline),
    Column::Role(Role::TenantAdmin),
    Column::Role(Role::PlatformAdmin),
    Column::Agent,
];

use Extent::{All, None as Not, Own};

macro_rules! operations {
    ($($(#[$doc:meta])* $operation:ident = $word:literal: $extents:expr,)*) => {
        /// Something a principal may want.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[$doc])* $operation,)*
        }

        impl Operation {
            /// All of them.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$operation,)*];

            /// The word used in the audit trail and the matrix.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$operation => $word,)*
                }
            }

            /// Its row of the table, an extent a column.
            fn extents(self) -> [Extent; COLUMNS.len()] {
                match self {
                    $(Self::$operation => $extents,)*
                }
            }
        }
    };
}

// The table. Nodes are one's own where one's own checks run.
operations! {
    /// Read checks and their verdicts.
    ReadChecks = "read-checks": [Own, Own, Own, All, Not],
    /// Read stored results.
    ReadResults = "read-results": [Own, Own, Own, All, Not],
    /// Read freeze rules.
    ReadFreezes = "read-freezes": [Own, Own, Own, All, Not],
    /// Read nodes.
    ReadNodes = "read-nodes": [Own, Not, Own, All, Not],
    /// Read decisions and releases that were made.
    ReadDecisions = "read-decisions": [Own, Own, Own, All, Not],
    /// Ask what would be decided at another instant.
    Simulate = "simulate": [Own, Own, Own, All, Not],
    /// Ask for a decision and its ticket.
    Decide = "decide": [Not, Own, Own, All, Not],
    /// Create, start and finish releases.
    Release = "release": [Not, Own, Own, All, Not],
    /// Mint tokens.
    CreateToken = "create-token": [Not, Not, Own, All, Not],
    /// See which tokens there are; never their secrets.
    ReadTokens = "read-tokens": [Not, Not, Own, All, Not],
    /// Revoke tokens.
    RevokeToken = "revoke-token": [Not, Not, Own, All, Not],
    /// Everything below `/v1/agent/`.
    Agent = "agent": [Not, Not, Not, Not, Own],
}

/// How far `operation` goes for `column`.
pub fn extent(column: Column, operation: Operation) -> Extent {
    let cell = COLUMNS.iter().position(|other| *other == column);
    cell.map_or(Not, |cell| operation.extents()[cell])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_but_agents_is_an_agent_and_agents_are_nothing_else() {
        for operation in Operation::ALL {
            let [people @ .., agent] = operation.extents();
            assert_eq!(agent == Own, *operation == Operation::Agent, "{operation:?}");
            assert!(*operation != Operation::Agent || people.iter().all(|extent| *extent == Not));
        }
    }

    #[test]
    fn only_platform_administrators_reach_all() {
        for operation in Operation::ALL {
            assert!(operation.extents()[..3].iter().all(|extent| *extent != All), "{operation:?}");
        }
        assert_eq!(extent(Column::Role(Role::Viewer), Operation::Decide), Not);
        assert_eq!(extent(Column::Role(Role::Pipeline), Operation::Decide), Own);
    }
}
