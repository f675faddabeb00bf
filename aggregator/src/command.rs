//! Shell: the commands that are no server: `ca` and `token`. Called by `main`; what they made is printed on standard
//! output, one thing a line, so that scripts can read it.

use std::io::Write as _;

use anyhow::{Context as _, anyhow, bail};
use api::http::token::{CreateToken, Role};
use process::clock::{Clock as _, SystemClock};
use process::supervise::blocking;

use crate::args::{Ca, Token, Whom};
use crate::authn::AgentKey;
use crate::authn::ca::{Issued, init, issue_agent, issue_server};
use crate::authz::PlatformScope;
use crate::data::open_store;
use crate::http::tokens::{prepare, store};
use crate::instant::rfc3339;
use crate::store::change::ChangeError;

/// Runs `ca`: prints the path of the certificate and of its key.
///
/// # Errors
/// What could not be made, and what to do.
pub fn ca(command: Ca) -> anyhow::Result<()> {
    let now_ms = SystemClock.wall_ms();
    let Issued { cert, key } = match command {
        Ca::Init { dir } => init(&dir, now_ms)?,
        Ca::Issue { whom: Whom::Agent { cluster, node, dir, days } } => {
            issue_agent(&dir, &AgentKey { cluster, node }, days, now_ms)?
        }
        Ca::Issue { whom: Whom::Server { names, dir, days } } => issue_server(&dir, &names, days, now_ms)?,
    };
    print(&format!("{}\n{}\n", cert.display(), key.display()))
}

/// Runs `token`: prints the token.
///
/// # Errors
/// What could not be made, and what to do.
pub async fn token(command: Token) -> anyhow::Result<()> {
    let Token::Create { data_dir, tenant, role, classes, expires } = command;
    if tenant.is_none() != (role == Role::PlatformAdmin) {
        bail!("give --tenant for every role but platform-admin, and none for that");
    }
    let now_ms = SystemClock.wall_ms();
    let life_ms = i64::try_from(expires.0.as_millis()).unwrap_or(i64::MAX);
    let expires_at = rfc3339(now_ms.saturating_add(life_ms));
    let wanted = CreateToken { tenant: tenant.as_ref().map(ToString::to_string), role, classes, expires_at };
    let scope = PlatformScope::system("token-create").owner(tenant);
    let minted = prepare(&scope, &wanted, now_ms).map_err(|why| anyhow!(why).context("--expires"))?;
    let text = minted.text.clone();
    let (handle, threads) = open_store(&data_dir)?;
    let storing = async move {
        let stored = store(&handle, &scope, minted, now_ms).await;
        // The writer ends with the last handle.
        drop(handle);
        stored
    };
    let (written, stored) = tokio::join!(blocking("the store's writer", move || threads.law.writer.run()), storing);
    written??;
    match stored {
        Ok(()) => print(&format!("{text}\n")),
        Err(ChangeError::Store(error)) => Err(error.into()),
        Err(ChangeError::Refused(never)) => match never {},
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("standard output cannot be written")
}
