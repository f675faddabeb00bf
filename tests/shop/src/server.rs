//! The whole stand-in as a value: databases, sessions and fault plans, one series for all. Asked by `rpc` and `http`.
//! Knows no HTTP and no clock.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    call::Call,
    database::Database,
    fault::{Kind, Plan},
    raised::{Answer, Raised},
    series::Series,
};

/// A call by name, before it is known who calls.
#[derive(Debug)]
pub(crate) struct Invocation<'a> {
    /// Name of the database.
    pub database: &'a str,
    /// Technical name of the model.
    pub model: &'a str,
    /// Name of the method.
    pub method: &'a str,
    /// Positional arguments.
    pub args: &'a [Value],
    /// Named arguments.
    pub kwargs: &'a Map<String, Value>,
}

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) enum Credential<'a> {
    /// User id and password, as `execute_kw` sends them.
    Password(i64, &'a str),
    /// The user of a session.
    Session(i64),
    /// An API key.
    Key(&'a str),
}

/// Sessions kept; more than any test opens. The oldest go first.
const SESSIONS_MAX: usize = 1_000;

/// Everything the stand-in knows.
#[derive(Debug)]
pub(crate) struct Server {
    /// The series spoken.
    pub series: Series,
    databases: BTreeMap<String, Database>,
    /// Session id, its database and user. In order of age.
    sessions: Vec<(String, String, i64)>,
}

impl Server {
    /// A server with a database of each name, all with their fixtures.
    #[must_use]
    pub(crate) fn new(series: Series, names: &[String]) -> Self {
        let databases = names.iter().map(|name| (name.clone(), Database::new(name, series))).collect();
        Self { series, databases, sessions: Vec::new() }
    }

    /// Names of the databases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.databases.keys().map(String::as_str)
    }

    fn database(&self, name: &str) -> Result<&Database, Raised> {
        self.databases.get(name).ok_or_else(|| Raised::no_database(name))
    }

    /// The user id of a login, or none when login or password is wrong.
    ///
    /// # Errors
    /// A database that does not exist.
    pub(crate) fn authenticate(&self, database: &str, login: &str, password: &str) -> Result<Option<i64>, Raised> {
        Ok(self.database(database)?.login(login, password).map(|user| user.uid))
    }

    /// Runs a method.
    ///
    /// # Errors
    /// Whatever the real server raises: no such database, user, model or method, no right, or the method's own refusal.
    pub(crate) fn run(&mut self, now: &str, credential: &Credential<'_>, call: &Invocation<'_>) -> Answer {
        let database = self.databases.get_mut(call.database).ok_or_else(|| Raised::no_database(call.database))?;
        let user = match credential {
            Credential::Password(uid, password) => database.user(*uid, password),
            Credential::Session(uid) => database.users.iter().find(|user| user.uid == *uid),
            Credential::Key(key) => database.users.iter().find(|user| user.password == *key),
        };
        let (uid, role) = user.map(|user| (user.uid, user.role)).ok_or_else(Raised::denied)?;
        database.run(&Call {
            now,
            uid,
            role,
            model: call.model,
            method: call.method,
            args: call.args,
            kwargs: call.kwargs,
        })
    }

    /// Opens a session under an id the caller drew.
    ///
    /// # Errors
    /// AccessDenied for a wrong password, OperationalError for a missing database.
    pub(crate) fn session_open(&mut self, id: String, database: &str, login: &str, password: &str) -> Answer {
        let uid = self.authenticate(database, login, password)?.ok_or_else(Raised::denied)?;
        if self.sessions.len() == SESSIONS_MAX {
            self.sessions.remove(0);
        }
        self.sessions.push((id, database.to_owned(), uid));
        Ok(Some(json!({
            "uid": uid,
            "is_system": uid == 2,
            "is_admin": uid == 2,
            "user_context": {"lang": "en_US", "tz": "Europe/Brussels", "uid": uid},
            "db": database,
            "server_version": self.series.to_string(),
            "server_version_info": [self.series.number(), 0, 0, "final", 0, ""],
            "username": login,
            "partner_id": uid + 1,
        })))
    }

    /// Database and user of a session.
    #[must_use]
    pub(crate) fn session(&self, id: &str) -> Option<(String, i64)> {
        self.sessions.iter().find(|session| session.0 == id).map(|session| (session.1.clone(), session.2))
    }

    /// What goes wrong in this step of a database, with the plan that says so.
    pub(crate) fn strike(&mut self, database: &str, step: &str) -> (Kind, Plan) {
        match self.databases.get_mut(database) {
            Some(database) => (database.plan.strike(step), database.plan.clone()),
            None => (Kind::None, Plan::default()),
        }
    }

    /// Changes a database's plan; false when there is no such database.
    pub(crate) fn plan_set(&mut self, database: &str, plan: Plan) -> bool {
        self.databases.get_mut(database).map(|database| database.plan = plan).is_some()
    }

    /// Orders of a database, for tests that look for residue.
    #[must_use]
    pub(crate) fn residue(&self, database: &str) -> Option<Value> {
        self.databases.get(database).map(Database::residue)
    }
}
