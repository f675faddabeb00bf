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

/// Items on a page at most, and unless asked for fewer: as many checks of 20 nodes are 2 MiB.
pub const PAGE_MAX: usize = 500;

/// Keeps a page of what was found, where one more than that was asked for, and says where to go on: after the last that is
/// kept, by its name; none on the last page.
pub fn cut<T>(found: &mut Vec<T>, name: impl Fn(&T) -> String) -> Option<String> {
    let is_more = found.len() > PAGE_MAX;
    found.truncate(PAGE_MAX);
    found.last().filter(|_| is_more).map(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_after_its_last_item() {
        let page = |count: usize| {
            let mut found: Vec<usize> = (1..=count).collect();
            let next = cut(&mut found, ToString::to_string);
            (found.len(), next)
        };
        assert_eq!(page(0), (0, None));
        assert_eq!(page(PAGE_MAX), (PAGE_MAX, None));
        assert_eq!(page(PAGE_MAX + 1), (PAGE_MAX, Some(PAGE_MAX.to_string())));
    }
}
