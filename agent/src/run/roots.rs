//! Shell: authorities that checks trust beside the public ones, such as a company's own. Read once at a start.

use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject as _};

/// Why the authorities cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{} holds no certificates in PEM form", path.display())]
pub struct RootsError {
    path: PathBuf,
    source: pem::Error,
}

/// The certificates of a PEM file; none without a file.
///
/// # Errors
/// The file cannot be read, or is not PEM.
pub fn read(path: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, RootsError> {
    let Some(path) = path else { return Ok(vec![]) };
    let failed = |source| RootsError { path: path.to_owned(), source };
    let certificates = CertificateDer::pem_file_iter(path).map_err(failed)?;
    certificates.collect::<Result<_, _>>().map_err(failed)
}
