//! The four series the stand-in speaks and the facts in which they differ. Asked by every other module; holds no state.

use std::{fmt, str::FromStr};

/// An Odoo series. Ordered by age, so `series >= Series::V17` reads as "17 and later".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Series {
    /// Odoo 16.0
    V16,
    /// Odoo 17.0
    V17,
    /// Odoo 18.0
    V18,
    /// Odoo 19.0
    V19,
}

impl Series {
    /// All of them, oldest first.
    pub const ALL: [Self; 4] = [Self::V16, Self::V17, Self::V18, Self::V19];

    /// The major number, such as 18.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::V16 => 16,
            Self::V17 => 17,
            Self::V18 => 18,
            Self::V19 => 19,
        }
    }

    /// `error.code` of an ordinary application error: 200 until 18, 0 in 19. Only `data.name` classifies.
    #[must_use]
    pub fn error_code(self) -> i64 {
        if self >= Self::V19 { 0 } else { 200 }
    }

    /// The field of `stock.move` that holds the reserved quantity.
    #[must_use]
    pub fn reserved_field(self) -> &'static str {
        if self >= Self::V17 { "quantity" } else { "reserved_availability" }
    }
}

// === impl Display, FromStr ===

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.number())
    }
}

impl FromStr for Series {
    type Err = String;

    /// Accepts `18` and `18.0`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let major = text.strip_suffix(".0").unwrap_or(text);
        Self::ALL
            .into_iter()
            .find(|series| series.number().to_string() == major)
            .ok_or_else(|| format!("{text:?} is no series of this stand-in: 16, 17, 18 or 19"))
    }
}
