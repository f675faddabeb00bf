//! Users, passwords and rights of a database. Asked by `rpc` and `http` for who is calling and by `orm` for what they
//! may do. Rights are those seen on a real 18 with the least groups that run the journey.

use crate::{call::Role, raised::Raised, schema::Model};

/// A user. The password is accepted as an API key too: real servers take either in the same place.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// Id, as `authenticate` answers it.
    pub uid: i64,
    /// Login name.
    pub login: &'static str,
    /// Password and API key.
    pub password: String,
    /// Rights.
    pub role: Role,
}

/// The users of every database: the administrator, and the journey's own user with a password of its own per database.
pub(crate) fn users(database: &str) -> Vec<User> {
    vec![
        User { uid: 2, login: "admin", password: "admin".into(), role: Role::System },
        User { uid: 7, login: "synthetic", password: password(database), role: Role::Synthetic },
    ]
}

/// Password of the user `synthetic` in a database: different in each, so that a swapped secret shows.
#[must_use]
pub fn password(database: &str) -> String {
    format!("synthetic-{database}")
}

/// The four rights of an access rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    Read,
    Write,
    Create,
    Unlink,
}

/// Refuses what the role may not do, in the words of Odoo 18.
pub(crate) fn check(role: Role, model: &Model, right: Right) -> Result<(), Raised> {
    let system_only = ["ir.cron", "mail.mail", "ir.config_parameter", "ir.module.module"].contains(&model.name);
    let reads_only = ["res.partner", "product.product", "stock.warehouse", "stock.location"].contains(&model.name);
    let refused =
        role == Role::Synthetic && (system_only || right == Right::Unlink || (reads_only && right != Right::Read));
    if !refused {
        return Ok(());
    }
    let verb = match right {
        Right::Read => "access",
        Right::Write => "modify",
        Right::Create => "create",
        Right::Unlink => "delete",
    };
    Err(Raised::access(format!(
        "You are not allowed to {verb} '{}' ({}) records.\n\nContact your administrator to request access if necessary.",
        model.label, model.name
    )))
}
