//! Shell: binds the address and serves. Used by the binary and, in one process, by the tests.

use std::{io, net::SocketAddr};

use tokio::{net::TcpListener, task::JoinHandle};

use crate::{http, series::Series, server::Server};

/// What a shop is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 picks one.
    pub listen: SocketAddr,
    /// The series to speak.
    pub series: Series,
    /// Names of the databases, one per tenant.
    pub databases: Vec<String>,
}

/// A shop that serves until it is dropped.
#[derive(Debug)]
pub struct Running {
    /// `http://ADDRESS:PORT`
    pub url: String,
    task: JoinHandle<io::Result<()>>,
}

/// Binds and starts serving.
///
/// # Errors
/// The address cannot be bound.
pub async fn start(config: Config) -> io::Result<Running> {
    let Config { listen, series, databases } = config;
    let listener = TcpListener::bind(listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let routes = http::routes(http::Shop::new(Server::new(series, &databases)));
    let task = tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(Running { url, task })
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
