//! The one table of who may do what. Read by `scope`, and as data by the test that prints it and by the matrix of
//! every route. A new operation is a variant and a row.

use api::http::token::Role;

/// Something a principal may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Read checks and their verdicts.
    ReadChecks,
    /// Read stored results.
    ReadResults,
    /// Read freeze rules.
    ReadFreezes,
    /// Read nodes.
    ReadNodes,
    /// Read decisions and releases that were made.
    ReadDecisions,
    /// Ask what would be decided at another instant.
    Simulate,
    /// Ask for a decision and its ticket.
    Decide,
    /// Create, start and finish releases.
    Release,
    /// Mint tokens.
    CreateToken,
    /// See which tokens there are; never their secrets.
    ReadTokens,
    /// Revoke tokens.
    RevokeToken,
    /// Everything below `/v1/agent/`.
    Agent,
}

impl Operation {
    /// The word used in the audit trail and the matrix.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadChecks => "read-checks",
            Self::ReadResults => "read-results",
            Self::ReadFreezes => "read-freezes",
            Self::ReadNodes => "read-nodes",
            Self::ReadDecisions => "read-decisions",
            Self::Simulate => "simulate",
            Self::Decide => "decide",
            Self::Release => "release",
            Self::CreateToken => "create-token",
            Self::ReadTokens => "read-tokens",
            Self::RevokeToken => "revoke-token",
            Self::Agent => "agent",
        }
    }
}

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

/// The table. Nodes are one's own where one's own checks run.
pub const TABLE: [(Operation, [Extent; 5]); 12] = [
    (Operation::ReadChecks, [Own, Own, Own, All, Not]),
    (Operation::ReadResults, [Own, Own, Own, All, Not]),
    (Operation::ReadFreezes, [Own, Own, Own, All, Not]),
    (Operation::ReadNodes, [Own, Not, Own, All, Not]),
    (Operation::ReadDecisions, [Own, Own, Own, All, Not]),
    (Operation::Simulate, [Own, Own, Own, All, Not]),
    (Operation::Decide, [Not, Own, Own, All, Not]),
    (Operation::Release, [Not, Own, Own, All, Not]),
    (Operation::CreateToken, [Not, Not, Own, All, Not]),
    (Operation::ReadTokens, [Not, Not, Own, All, Not]),
    (Operation::RevokeToken, [Not, Not, Own, All, Not]),
    (Operation::Agent, [Not, Not, Not, Not, Own]),
];

/// How far `operation` goes for `column`; what has no row goes nowhere.
pub fn extent(column: Column, operation: Operation) -> Extent {
    let row = TABLE.iter().find(|(row, _)| *row == operation);
    let cell = COLUMNS.iter().position(|other| *other == column);
    match (row, cell) {
        (Some((_, extents)), Some(cell)) => extents[cell],
        _ => Not,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_but_agents_is_an_agent_and_agents_are_nothing_else() {
        for (operation, extents) in TABLE {
            let agent = extents[4];
            assert_eq!(agent == Own, operation == Operation::Agent, "{operation:?}");
            assert!(operation != Operation::Agent || extents[..4].iter().all(|extent| *extent == Not));
        }
    }

    #[test]
    fn each_operation_has_one_row_and_only_platform_administrators_reach_all() {
        for (at, (operation, extents)) in TABLE.iter().enumerate() {
            assert!(TABLE[at + 1..].iter().all(|(other, _)| other != operation), "{operation:?} twice");
            assert!(extents[..3].iter().all(|extent| *extent != All), "{operation:?}");
        }
        assert_eq!(extent(Column::Role(Role::Viewer), Operation::Decide), Not);
        assert_eq!(extent(Column::Role(Role::Pipeline), Operation::Decide), Own);
    }
}
