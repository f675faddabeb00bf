//! Lists: a page of items and where to go on.

use serde::{Deserialize, Serialize};

/// A page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Ask again with `after` set to this; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Items on a page at most, and unless asked for fewer.
pub const PAGE_MAX: usize = 500;
