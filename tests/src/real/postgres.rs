//! Shell: PostgreSQL from Debian, on a socket in its own folder and on no port. It refuses to run as root, so as root it
//! runs as another user. Started fresh or from a copied data folder by `odoo`; asked by tests through `psql`.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, ensure};
use nix::{
    sys::signal::Signal,
    unistd::{Uid, User},
};

use crate::child::Child;

/// Whom it runs as when the tests run as root: the package's own user, or the one that owns nothing.
const USERS: [&str; 2] = ["postgres", "nobody"];
/// The one role, with every right in its own server.
pub const ROLE: &str = "odoo";
/// A start after a clean stop takes under 1 s; the rest is for a busy machine.
const START_MAX: Duration = Duration::from_secs(60);
/// A fast stop writes one checkpoint.
const STOP_MAX: Duration = Duration::from_secs(20);

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    /// The folder of its socket, which clients take for a host.
    pub host: PathBuf,
    child: Child,
}

/// A session that keeps its transaction, and with it its locks, until it is dropped.
#[derive(Debug)]
pub struct Session(Child);

/// Why it cannot be started here, if so.
#[must_use]
pub fn unavailable() -> Option<String> {
    programs().is_none().then(|| "PostgreSQL is not installed: apt-get install postgresql".to_owned())
}

/// The major version of the programs that would be started.
#[must_use]
pub fn major() -> Option<String> {
    programs()?.parent()?.file_name()?.to_str().map(str::to_owned)
}

/// The newest of Debian's versions, which lie apart from the path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|version| version.path().join("bin"));
    versions.filter(|bin| bin.join("postgres").is_file()).max()
}

fn program(name: &str) -> anyhow::Result<PathBuf> {
    Ok(programs().context("no PostgreSQL")?.join(name))
}

/// Makes an empty data folder.
///
/// # Errors
/// `initdb` failed.
pub fn create(data: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(data)?;
    let mut initdb = as_its_user(Command::new(program("initdb")?), data)?;
    // Small segments: the folder is copied once for each test.
    initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--wal-segsize=1", "-U", ROLE]);
    ended(initdb.arg("-D").arg(data)).map(drop)
}

/// Starts it on a data folder, with its log in `folder`.
///
/// # Errors
/// It did not start.
pub async fn start(data: &Path, folder: &Path) -> anyhow::Result<Postgres> {
    let mut command = as_its_user(Command::new(program("postgres")?), data)?;
    command.arg("-D").arg(data).arg("-k").arg(data).args(["-h", "", "-F"]);
    command.args(["-c", "shared_buffers=32MB", "-c", "max_connections=40"]);
    let mut child = Child::spawn("postgres", command, folder)?;
    child.says(START_MAX, "that it is ready", |log| log.contains("ready to accept connections").then_some(())).await?;
    Ok(Postgres { host: data.to_owned(), child })
}

impl Postgres {
    /// The lines a query answers with, columns separated by `|`.
    ///
    /// # Errors
    /// The server refuses it.
    pub fn query(&self, database: &str, sql: &str) -> anyhow::Result<Vec<String>> {
        let said = ended(self.psql(database)?.args(["-c", sql]))?;
        Ok(said.lines().map(str::to_owned).collect())
    }

    /// Begins a transaction with a statement and leaves it open.
    ///
    /// # Errors
    /// The server refuses the statement.
    pub async fn hold(&self, database: &str, sql: &str, folder: &Path) -> anyhow::Result<Session> {
        let mut psql = self.psql(database)?;
        // It then waits for more on a pipe that stays open as long as the child lives.
        psql.args(["-c", "begin", "-c", sql, "-c", r"\echo held", "-f", "-"]);
        let mut child = Child::spawn("psql", psql, folder)?;
        child.says(START_MAX, "that it holds", |log| log.contains("held").then_some(())).await?;
        Ok(Session(child))
    }

    fn psql(&self, database: &str) -> anyhow::Result<Command> {
        let mut psql = Command::new(program("psql")?);
        psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-U", ROLE, "-d", database]);
        psql.arg("-h").arg(&self.host);
        Ok(psql)
    }
}

impl Session {
    /// Rolls the transaction back.
    pub fn release(mut self) {
        self.0.stop();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Asked by SIGTERM it would wait for its clients; SIGINT is its fast stop. What does not end, the child ends.
        let _ = self.child.signal(Signal::SIGINT);
        let _ = self.child.wait(STOP_MAX);
    }
}

/// As root: the command as the other user, who owns the data folder and may pass through the folders above it.
fn as_its_user(mut command: Command, data: &Path) -> anyhow::Result<Command> {
    if !Uid::effective().is_root() {
        return Ok(command);
    }
    let user = USERS.iter().find_map(|name| User::from_name(name).ok().flatten()).context("no user to run it as")?;
    let owner = format!("{}:{}", user.uid, user.gid);
    ended(Command::new("chown").args(["-R", &owner]).arg(data))?;
    let folder = data.parent().context("a data folder lies in a folder")?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o711))?;
    // It looks at where it is started, and may not look everywhere that root may.
    command.uid(user.uid.as_raw()).gid(user.gid.as_raw()).current_dir("/");
    Ok(command)
}

/// Runs a command to its end for what it prints.
fn ended(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{program} does not start"))?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_starts_answers_and_keeps_a_lock() {
        if let Some(why) = unavailable() {
            return crate::skip::because("it_starts_answers_and_keeps_a_lock", &why);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        create(&data).expect("a data folder");
        let server = start(&data, folder.path()).await.expect("a server");
        server.query("postgres", "create table kept (n int)").expect("made");
        let rows = "insert into kept values (1), (2)";
        let held = server.hold("postgres", rows, folder.path()).await.expect("held");
        let locks = "select count(*) from pg_locks where relation = 'kept'::regclass";
        assert_eq!(server.query("postgres", locks).expect("an answer"), ["1"]);
        held.release();
        assert_eq!(server.query("postgres", "select count(*) from kept").expect("an answer"), ["0"]);
        assert!(server.query("postgres", "select 1 / 0").is_err());
    }
}
