//! Shell: reads certificates, keys and authorities from PEM files.

use std::io::Read as _;
use std::path::Path;

use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsError;

/// The public authorities in one bundle are about 220 KiB; four times that is no PEM file of ours.
const PEM_BYTES_MAX: u64 = 1024 * 1024;

pub(super) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wanted = "certificate";
    let text = read(path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|source| TlsError::Pem { path: path.to_owned(), wanted, source })?;
    if chain.is_empty() {
        let source = rustls_pki_types::pem::Error::NoItemsFound;
        return Err(TlsError::Pem { path: path.to_owned(), wanted, source });
    }
    Ok(chain)
}

pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|source| TlsError::Pem {
        path: path.to_owned(),
        wanted: "private key",
        source,
    })
}

pub(super) fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(path)? {
        roots.add(certificate).map_err(|source| TlsError::Unusable { path: path.to_owned(), source: source.into() })?;
    }
    Ok(roots)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let read = || {
        let mut text = Vec::new();
        std::fs::File::open(path)?.take(PEM_BYTES_MAX + 1).read_to_end(&mut text)?;
        if u64::try_from(text.len()).is_ok_and(|bytes| bytes > PEM_BYTES_MAX) {
            return Err(std::io::Error::other(format!("more than {PEM_BYTES_MAX} bytes")));
        }
        Ok(text)
    };
    read().map_err(|source| TlsError::Read { path: path.to_owned(), source })
}
