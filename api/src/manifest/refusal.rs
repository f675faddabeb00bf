//! What is wrong with a document, where, and what to do. Printed by `check validate`, logged and listed by the aggregator.

use std::fmt;

use crate::id::{Namespace, ObjectName};

/// Why a document, or a file, was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The file, relative to the folder.
    pub file: String,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// Path of the field, such as `spec.grants.http[0]`; empty when the whole document is meant.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// Whose document it is, as far as it can be read: a broken rule still says whom it concerns.
    pub head: Option<Head>,
}

/// Who a document is: what identifies it among all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Head {
    /// The kind.
    pub kind: KindName,
    /// The namespace; absent for the platform's.
    pub namespace: Option<Namespace>,
    /// The name; absent when it cannot be read.
    pub name: Option<ObjectName>,
}

/// The kinds there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names of the kinds")]
pub enum KindName {
    Tenant,
    Plugin,
    Check,
    FreezeRule,
    ReleasePolicy,
}

/// A field that breaks a rule of its kind; becomes a `Refusal` once its place is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path of the field.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

// === impl Fault ===

impl Fault {
    /// A fault of this field.
    pub fn new(field: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), remedy: remedy.into() }
    }
}

// === impl KindName ===

impl KindName {
    /// All of them, in the order in which they depend on each other.
    pub const ALL: [Self; 5] = [Self::Tenant, Self::Plugin, Self::Check, Self::FreezeRule, Self::ReleasePolicy];

    /// The word in `kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "Tenant",
            Self::Plugin => "Plugin",
            Self::Check => "Check",
            Self::FreezeRule => "FreezeRule",
            Self::ReleasePolicy => "ReleasePolicy",
        }
    }

    /// The kind with this word; case counts.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether it is law: without it a gate might open.
    pub fn is_law(self) -> bool {
        matches!(self, Self::FreezeRule | Self::ReleasePolicy)
    }
}

// === impl Head ===

impl fmt::Display for Head {
    /// `FreezeRule acme-prod/weekend`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind.as_str())?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(self.name.as_ref().map_or("(no readable name)", ObjectName::as_str))
    }
}

// === impl Refusal ===

impl Refusal {
    /// `file:line: field`, for those who need not know what stands there.
    pub fn place(&self) -> String {
        let Self { file, line, field, .. } = self;
        if field.is_empty() { format!("{file}:{line}") } else { format!("{file}:{line}: {field}") }
    }
}

impl fmt::Display for Refusal {
    /// `file:line: field: message; remedy`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place(), self.message, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_like_a_compilers() {
        let refusal = Refusal {
            file: "acme/check.yaml".to_owned(),
            line: 7,
            column: 3,
            field: "spec.timeout".to_owned(),
            message: "90s is over 60s".to_owned(),
            remedy: "write 60s or less".to_owned(),
            head: None,
        };
        assert_eq!(refusal.to_string(), "acme/check.yaml:7: spec.timeout: 90s is over 60s; write 60s or less");
    }

    #[test]
    fn kinds_read_back() {
        for kind in KindName::ALL {
            assert_eq!(KindName::from_word(kind.as_str()), Some(kind));
        }
        assert_eq!(KindName::from_word("check"), None);
    }
}
