//! Shell: TLS by rustls, with the public roots and those configured. Facts of the certificates are read before they are
//! verified, so they are reported even where verification failed. No session is kept between connections.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{DialerError, Failure, Stream, allow, name};
use crate::outcome::{CertificateReport, HostReason, TlsReport};

/// Certificates of a chain that are looked at; a real one has three.
const CHAIN_MAX: usize = 16;
/// Names of a certificate that are reported.
const NAMES_MAX: usize = 32;
/// Bytes of a name that are reported.
const NAME_BYTES_MAX: usize = 512;
const SECONDS_PER_DAY: i64 = 86_400;

/// What all handshakes share.
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Tls {
    pub(super) fn new(extra_roots: Vec<CertificateDer<'static>>) -> Result<Self, DialerError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra_roots {
            roots.add(root).map_err(DialerError::Root)?;
        }
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| DialerError::Tls(rustls::Error::General(error.to_string())))?;
        Ok(Self { provider, verifier })
    }

    /// Shakes hands; `facts` are filled whether it succeeds or not.
    pub(super) async fn handshake(&self, host: &str, tcp: TcpStream, facts: &mut TlsReport) -> Result<Stream, Failure> {
        let invalid = |message: String| Failure::new(HostReason::TlsInvalid, message);
        let name = match allow::literal(host) {
            Some(address) => ServerName::IpAddress(address.into()),
            None => ServerName::try_from(host.to_owned()).map_err(|_| invalid(format!("{host} is no TLS name")))?,
        };
        let seen = Arc::new(Recording { inner: Arc::clone(&self.verifier), shown: Mutex::default() });
        let config = self.config(&seen).map_err(|error| invalid(error.to_string()))?;
        let connected = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
        facts.certificate = seen.report();
        match connected {
            Ok(stream) => {
                facts.verified = true;
                facts.version = stream.get_ref().1.protocol_version().map(version);
                Ok(Stream::Tls(Box::new(stream)))
            }
            Err(error) => Err(failure(&error)),
        }
    }

    fn config(&self, seen: &Arc<Recording>) -> Result<ClientConfig, rustls::Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(seen) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// As `openssl` and the blackbox exporter write it.
fn version(version: rustls::ProtocolVersion) -> String {
    match version {
        rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        rustls::ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

fn failure(error: &std::io::Error) -> Failure {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let reason = match cause {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => HostReason::TlsExpired,
        _ => HostReason::TlsInvalid,
    };
    Failure::new(reason, format!("TLS: {error}"))
}

/// Verifies as `inner` does, and keeps what it was shown.
#[derive(Debug)]
struct Recording {
    inner: Arc<WebPkiServerVerifier>,
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    /// rustls's own now, in seconds since 1970-01-01 UTC.
    at_s: i64,
}

impl Recording {
    fn report(&self) -> Option<CertificateReport> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        report(&shown.chain, shown.at_s)
    }
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(end_entity).chain(intermediates).take(CHAIN_MAX);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Shown {
            chain: chain.map(|certificate| certificate.clone().into_owned()).collect(),
            at_s: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
        };
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn report(chain: &[CertificateDer<'_>], now_s: i64) -> Option<CertificateReport> {
    let own = chain.first()?;
    let (_, parsed) = X509Certificate::from_der(own).ok()?;
    let not_after_s = parsed.validity().not_after.timestamp();
    let later = chain.iter().skip(1).filter_map(|der| Some(X509Certificate::from_der(der).ok()?.1));
    let chain_not_after_s = later.map(|c| c.validity().not_after.timestamp()).fold(not_after_s, i64::min);
    let bounded = |text: String| api::limits::cut(&text, NAME_BYTES_MAX).to_owned();
    Some(CertificateReport {
        subject: bounded(name::text(parsed.subject())),
        issuer: bounded(name::text(parsed.issuer())),
        fingerprint_sha256: hex::encode(Sha256::digest(own)),
        serial: bounded(hex::encode(parsed.raw_serial())),
        subject_alternatives: alternatives(&parsed).into_iter().map(bounded).collect(),
        not_before_s: parsed.validity().not_before.timestamp(),
        not_after_s,
        days_left: (not_after_s - now_s).div_euclid(SECONDS_PER_DAY),
        chain_not_after_s,
    })
}

fn alternatives(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let named = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => Some(std::net::IpAddr::from(<[u8; 4]>::try_from(*bytes).ok()?).to_string()),
            16 => Some(std::net::IpAddr::from(<[u8; 16]>::try_from(*bytes).ok()?).to_string()),
            _ => None,
        },
        _ => None,
    };
    extension.value.general_names.iter().filter_map(named).take(NAMES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_from_the_chain() {
        let mut params = rcgen::CertificateParams::new(vec!["shop.example".to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 1, 11);
        let key = rcgen::KeyPair::generate().expect("a key");
        let leaf = params.self_signed(&key).expect("a certificate");
        params.not_after = rcgen::date_time_ymd(2026, 1, 5);
        let other = params.self_signed(&key).expect("a certificate");
        let chain = [leaf.der().clone(), other.der().clone()];
        let first_of_january = 1_767_225_600;
        let facts = report(&chain, first_of_january + 1).expect("readable");
        assert_eq!(facts.not_before_s, first_of_january);
        assert_eq!(facts.days_left, 9);
        assert_eq!(facts.chain_not_after_s - first_of_january, 4 * SECONDS_PER_DAY);
        assert_eq!(facts.subject_alternatives, ["shop.example"]);
        assert_eq!(report(&chain, facts.not_after_s + 1).expect("readable").days_left, -1);
        assert!(report(&[], 0).is_none());
    }
}
