//! Search domains: prefix notation of `&`, `|`, `!` and `[field, operator, value]` leaves. Used by `orm`; the
//! operators are those a journey needs, any other is the error the real server raises.

use serde_json::Value;

use crate::{raised::Raised, schema::Model, series::Series, table::Row};

/// A parsed domain.
#[derive(Debug)]
pub(crate) enum Domain {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Leaf { field: String, operator: String, value: Value },
}

impl Domain {
    /// Reads a domain of one model; unknown fields and operators are refused as Odoo refuses them.
    pub(crate) fn parse(model: &'static Model, series: Series, value: &Value) -> Result<Self, Raised> {
        let Some(items) = value.as_array() else {
            return Err(Raised::value(format!("Domain {value} is no list")));
        };
        let mut rest = items.as_slice();
        let mut terms = Vec::new();
        while !rest.is_empty() {
            terms.push(term(model, series, &mut rest)?);
        }
        Ok(Self::All(terms))
    }

    /// Whether a record matches.
    pub(crate) fn matches(&self, row: &Row) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.matches(row)),
            Self::Any(terms) => terms.iter().any(|term| term.matches(row)),
            Self::Not(term) => !term.matches(row),
            Self::Leaf { field, operator, value } => {
                leaf(row.get(field).unwrap_or(&Value::Bool(false)), operator, value)
            }
        }
    }

    /// Whether any leaf asks for that field: a domain that names `active` sees archived records.
    pub(crate) fn names(&self, wanted: &str) -> bool {
        match self {
            Self::All(terms) | Self::Any(terms) => terms.iter().any(|term| term.names(wanted)),
            Self::Not(term) => term.names(wanted),
            Self::Leaf { field, .. } => field == wanted,
        }
    }
}

const OPERATORS: &[&str] = &["=", "!=", "in", "not in", "<", "<=", ">", ">=", "like", "ilike", "=like", "=ilike"];

fn term(model: &'static Model, series: Series, rest: &mut &[Value]) -> Result<Domain, Raised> {
    let Some((first, tail)) = rest.split_first() else {
        return Err(Raised::value("Domain ends before its operands"));
    };
    *rest = tail;
    match first.as_str() {
        Some("&") => Ok(Domain::All(vec![term(model, series, rest)?, term(model, series, rest)?])),
        Some("|") => Ok(Domain::Any(vec![term(model, series, rest)?, term(model, series, rest)?])),
        Some("!") => Ok(Domain::Not(Box::new(term(model, series, rest)?))),
        _ => parse_leaf(model, series, first),
    }
}

fn parse_leaf(model: &'static Model, series: Series, value: &Value) -> Result<Domain, Raised> {
    let parts = value.as_array().map(Vec::as_slice);
    let Some([Value::String(field), Value::String(operator), wanted]) = parts else {
        return Err(Raised::value(format!("Invalid leaf {value}")));
    };
    if model.field(series, field).is_none() {
        return Err(Raised::value(format!("Invalid field {}.{field} in leaf {value}", model.name)));
    }
    if !OPERATORS.contains(&operator.as_str()) {
        return Err(Raised::value(format!("Invalid operator {operator:?} in leaf {value}")));
    }
    Ok(Domain::Leaf { field: field.clone(), operator: operator.clone(), value: wanted.clone() })
}

fn leaf(actual: &Value, operator: &str, wanted: &Value) -> bool {
    match operator {
        "=" => equal(actual, wanted),
        "!=" => !equal(actual, wanted),
        "in" => one_of(actual, wanted),
        "not in" => !one_of(actual, wanted),
        "<" | "<=" | ">" | ">=" => ordered(actual, operator, wanted),
        // Odoo wraps `like` and `ilike` in %; the `=` forms are taken as they are, of which journeys use no wildcard.
        "like" => text(actual).contains(text(wanted)),
        "ilike" => text(actual).to_lowercase().contains(&text(wanted).to_lowercase()),
        "=ilike" => text(actual).eq_ignore_ascii_case(text(wanted)),
        _ => text(actual) == text(wanted),
    }
}

/// Equal as SQL sees it: numbers by value, a list field by membership.
fn equal(actual: &Value, wanted: &Value) -> bool {
    match (actual, wanted) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(list), wanted) if !wanted.is_array() => list.contains(wanted),
        (a, b) => a == b,
    }
}

fn one_of(actual: &Value, wanted: &Value) -> bool {
    let wanted = wanted.as_array().map(Vec::as_slice).unwrap_or_default();
    wanted.iter().any(|value| equal(actual, value))
}

fn ordered(actual: &Value, operator: &str, wanted: &Value) -> bool {
    let order = match (actual, wanted) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        // An unset value is NULL: it is neither before nor after anything.
        _ => None,
    };
    order.is_some_and(|order| match operator {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::table::known;

    fn matches(domain: Value, row: Value) -> bool {
        let row = row.as_object().expect("an object").clone();
        Domain::parse(known("sale.order"), Series::V18, &domain).expect("a good domain").matches(&row)
    }

    #[test]
    fn leaves_are_anded_and_prefix_operators_bind_two() {
        let row = json!({"state": "sale", "client_order_ref": "FW-1", "amount_total": 2.0});
        assert!(matches(json!([]), row.clone()));
        assert!(matches(json!([["state", "=", "sale"], ["client_order_ref", "=like", "FW-1"]]), row.clone()));
        assert!(!matches(json!([["state", "=", "draft"], ["client_order_ref", "=", "FW-1"]]), row.clone()));
        assert!(matches(json!(["|", ["state", "=", "draft"], ["amount_total", ">=", 2]]), row.clone()));
        assert!(matches(json!(["!", ["state", "in", ["draft", "cancel"]]]), row));
    }

    #[test]
    fn an_unknown_field_is_an_error() {
        let raised = Domain::parse(known("sale.order"), Series::V16, &json!([["locked", "=", true]]))
            .expect_err("16 has no such field");
        assert_eq!(raised.name, "builtins.ValueError");
    }
}
