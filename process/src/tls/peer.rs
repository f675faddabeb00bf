//! Who is at the other end of a connection, as far as the transport knows. Roles are the aggregator's matter.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Attached to each request by `http/listen`, as an extension.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where the connection comes from.
    pub address: SocketAddr,
    /// The client's own certificate, verified against the listener's authorities; `None` when it showed none.
    pub certificate: Option<Arc<CertificateDer<'static>>>,
}

/// Why a verified certificate names no workload.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PeerError {
    /// It is not X.509, or an extension of it cannot be read.
    #[error("the client certificate cannot be read: {0}")]
    Unreadable(String),
    /// SPIFFE's X.509-SVID, section 2: exactly one URI among the alternative names.
    #[error("the client certificate has {0} URI names, SPIFFE asks for exactly one")]
    NotOneUri(usize),
    /// The one URI is of another scheme.
    #[error("the client certificate names {0}, which is no spiffe:// URI")]
    NotSpiffe(String),
}

/// The SPIFFE id in a certificate's alternative names.
///
/// # Errors
/// Anything but exactly one URI with the scheme `spiffe`.
pub fn spiffe_uri(certificate: &CertificateDer<'_>) -> Result<String, PeerError> {
    let unreadable = |error: &dyn std::fmt::Display| PeerError::Unreadable(error.to_string());
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| unreadable(&error))?;
    let names = parsed.subject_alternative_name().map_err(|error| unreadable(&error))?;
    let uris: Vec<&str> = names
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        })
        .collect();
    match uris.as_slice() {
        [uri] if uri.starts_with("spiffe://") => Ok((*uri).to_owned()),
        [uri] => Err(PeerError::NotSpiffe((*uri).to_owned())),
        others => Err(PeerError::NotOneUri(others.len())),
    }
}
