//! Shell: rustls configurations made from PEM files, read again when the files change.
//!
//! A listener takes [`server`], a client [`client`]; both spawn [`Reloaded::keep_fresh`]. Ring is the only
//! provider. It issues no certificates: that is the aggregator's certificate authority.

mod peer;
mod pem;
mod reload;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

pub use peer::{Peer, PeerError, spiffe_uri};
pub use reload::{Check, Reloaded};

/// What a listener presents, and whose clients it knows.
#[derive(Debug, Clone)]
pub struct ServerFiles {
    /// Certificate chain, leaf first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Authorities whose client certificates are accepted. With it a client certificate is optional on the
    /// listener, and a bad one ends the handshake; without it none is asked for.
    pub client_ca: Option<PathBuf>,
}

/// Whom a client trusts, and how it shows itself.
#[derive(Debug, Clone, Default)]
pub struct ClientFiles {
    /// Authorities to trust instead of the public ones.
    pub roots: Option<PathBuf>,
    /// Certificate chain and private key.
    pub identity: Option<Identity>,
}

/// A client's own certificate.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Certificate chain, leaf first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A server configuration that follows its files.
pub type ServerTls = Reloaded<ServerConfig>;
/// A client configuration that follows its files.
pub type ClientTls = Reloaded<ClientConfig>;

/// Why files give no TLS configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds more than a PEM file should.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not the PEM it should be.
    #[error("{} holds no {wanted} in PEM form", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
        /// What the parser says.
        source: rustls_pki_types::pem::Error,
    },
    /// The files are readable but do not fit together: usually a key that is not the certificate's.
    #[error("{} is not usable: check that certificate, chain and key belong together", path.display())]
    Unusable {
        /// The file to look at first.
        path: PathBuf,
        /// What rustls says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Reads a server's files. HTTP/2 is offered before HTTP/1.1.
///
/// # Errors
/// A file that cannot be read, or that does not fit the others.
pub fn server(files: ServerFiles) -> Result<Arc<ServerTls>, TlsError> {
    let mut paths = vec![files.cert.clone(), files.key.clone()];
    paths.extend(files.client_ca.clone());
    Reloaded::load(paths, move || server_config(&files))
}

/// Reads a client's files.
///
/// # Errors
/// A file that cannot be read, or that does not fit the others.
pub fn client(files: ClientFiles) -> Result<Arc<ClientTls>, TlsError> {
    let mut paths: Vec<PathBuf> = files.roots.iter().cloned().collect();
    if let Some(identity) = &files.identity {
        paths.extend([identity.cert.clone(), identity.key.clone()]);
    }
    Reloaded::load(paths, move || client_config(&files))
}

fn server_config(files: &ServerFiles) -> Result<ServerConfig, TlsError> {
    let unusable = |source: rustls::Error| TlsError::Unusable { path: files.cert.clone(), source: source.into() };
    let builder =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(unusable)?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(pem::roots(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
                .allow_unauthenticated()
                .build()
                .map_err(|source| TlsError::Unusable { path: path.clone(), source: source.into() })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(pem::chain(&files.cert)?, pem::key(&files.key)?).map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn client_config(files: &ClientFiles) -> Result<ClientConfig, TlsError> {
    let roots = match &files.roots {
        Some(path) => pem::roots(path)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let unusable = |source: rustls::Error| TlsError::Unusable {
        path: files.identity.as_ref().map(|own| own.cert.clone()).unwrap_or_default(),
        source: source.into(),
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_root_certificates(roots);
    match &files.identity {
        None => Ok(builder.with_no_client_auth()),
        Some(own) => builder.with_client_auth_cert(pem::chain(&own.cert)?, pem::key(&own.key)?).map_err(unusable),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
