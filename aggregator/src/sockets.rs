//! Shell: the two listeners, bound: the API over TLS, and the admin routes, plain. Called by `app`, which serves them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use process::http::listen::{Limits, Listener};
use process::tls::{ServerFiles, ServerTls, server};

/// Where to listen.
#[derive(Clone, Debug)]
pub struct Config {
    /// The API's address.
    pub listen: SocketAddr,
    /// The admin routes' address.
    pub admin_listen: SocketAddr,
    /// The API's certificate, its key, and the agents' authority.
    pub files: ServerFiles,
    /// Where the bound addresses are written.
    pub addresses_file: Option<PathBuf>,
}

/// Both, bound.
pub struct Sockets {
    /// The API.
    pub api: Listener,
    /// The admin routes.
    pub admin: Listener,
    /// The API's certificate, which follows its files.
    pub tls: Arc<ServerTls>,
}

/// Binds both and says where.
///
/// # Errors
/// A file or an address that is not usable, and what to do.
pub async fn bind(Config { listen, admin_listen, files, addresses_file }: Config) -> anyhow::Result<Sockets> {
    let tls = server(files).context(
        "--tls-cert, --tls-key, --client-ca: one is not usable; `ca init` and `ca issue server` make all three",
    )?;
    let api = Listener::bind(listen, Some(Arc::clone(&tls)), Limits::default()).await;
    let api = api.with_context(|| format!("--listen {listen} cannot be bound; choose a free port"))?;
    let admin = Listener::bind(admin_listen, None, Limits::default()).await;
    let admin = admin.with_context(|| format!("--admin-listen {admin_listen} cannot be bound; choose a free port"))?;
    tracing::info!(api = %api.address(), admin = %admin.address(), "listening");
    if let Some(file) = addresses_file {
        let text = serde_json::json!({ "api": api.address(), "admin": admin.address() }).to_string();
        write(&file, &text).with_context(|| format!("--addresses-file {} cannot be written", file.display()))?;
    }
    Ok(Sockets { api, admin, tls })
}

/// Whole or not at all, so that whoever waits for the file never reads half of it.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let beside = file.with_extension("part");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, file)
}
