//! The one way to the network, for every capability: allow-list, resolve, refuse special ranges, connect to that very
//! address, TLS with the roots configured, each phase timed. Called by `capability::http`. No connection, TLS session
//! or DNS answer is kept, so none can be shared between checks; proxy variables are ignored.

pub(crate) mod allow;
mod connect;
mod name;
pub(crate) mod phase;
pub(crate) mod resolve;
mod special;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use api::grant::{Effective, Origin};
use rustls_pki_types::CertificateDer;
use tokio::time::Instant;

use crate::meter::Stopwatch;
use crate::outcome::{Denial, Granted, HostReason, RequestReport, TlsReport};
pub(crate) use connect::Stream;
use resolve::{Resolve, Resolving};
use tls::Tls;

/// What a dialer is built from.
pub struct DialerConfig {
    /// Roots to trust beside the public ones, such as a company's own.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// How names become addresses.
    pub resolver: Arc<dyn Resolve>,
}

/// Why a dialer could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DialerError {
    /// One of the extra roots is no certificate that can be a root.
    #[error("an extra TLS root is not usable")]
    Root(#[source] rustls::Error),
    /// rustls refused the configuration.
    #[error("the TLS client cannot be configured")]
    Tls(#[source] rustls::Error),
}

/// Connects, for every run of a process.
pub struct Dialer {
    tls: Tls,
    resolving: Resolving,
}

/// Why a request did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: HostReason,
    pub(crate) message: String,
    pub(crate) denial: Option<Denial>,
}

impl Failure {
    pub(crate) fn new(reason: HostReason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), denial: None }
    }

    pub(crate) fn denied(subject: String, remedy: String) -> Self {
        let message = format!("http may not use {subject}");
        let denial = Some(Denial { capability: Granted::Http, subject, remedy });
        Self { reason: HostReason::CapabilityDenied, message, denial }
    }
}

/// Which phase a request is in; its failure to come in time is named after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Waiting for a place to resolve in: the node is busy, the target has not been asked for yet.
    #[default]
    Queue,
    Resolve,
    Connect,
    Talk,
}

impl Dialer {
    /// Reads the roots.
    ///
    /// # Errors
    /// When an extra root is not usable.
    pub fn new(config: DialerConfig) -> Result<Self, DialerError> {
        let DialerConfig { extra_roots, resolver } = config;
        Ok(Self { tls: Tls::new(extra_roots)?, resolving: Resolving::new(resolver) })
    }

    /// A connection of a tenant to an origin that the allow-list has admitted. Phases and TLS facts go into the report as they
    /// come, so that they are there however far this gets.
    pub(crate) async fn dial(
        &self,
        tenant: &str,
        origin: &Origin,
        grants: &Effective,
        deadline: Instant,
        stage: &mut Stage,
        report: &mut RequestReport,
    ) -> Result<Stream, Failure> {
        let addresses = self.addresses(tenant, origin, stage, report).await?;
        let judged = special::judge(&addresses, grants).map_err(|refused| {
            let subject = format!("{origin} at {}", refused.address);
            Failure::denied(subject, refused.refusal.to_string())
        })?;
        *stage = Stage::Connect;
        let clock = Stopwatch::start();
        let sockets: Vec<SocketAddr> = judged.into_iter().map(|ip| SocketAddr::new(ip, origin.port)).collect();
        let tcp = connect::first(&sockets, deadline).await?;
        report.phases.connect = Some(clock.elapsed());
        *stage = Stage::Talk;
        if origin.scheme != "https" {
            return Ok(Stream::Plain(tcp));
        }
        let clock = Stopwatch::start();
        let facts = report.tls.insert(TlsReport::default());
        let stream = self.tls.handshake(&origin.host, tcp, facts).await;
        report.phases.tls = Some(clock.elapsed());
        stream
    }

    async fn addresses(
        &self,
        tenant: &str,
        origin: &Origin,
        stage: &mut Stage,
        report: &mut RequestReport,
    ) -> Result<Vec<IpAddr>, Failure> {
        if let Some(literal) = allow::literal(&origin.host) {
            return Ok(vec![literal]);
        }
        *stage = Stage::Queue;
        let place = self.resolving.place(tenant).await;
        *stage = Stage::Resolve;
        let clock = Stopwatch::start();
        let found = self.resolving.addresses(place, &origin.host).await;
        report.phases.resolve = Some(clock.elapsed());
        found
    }
}
