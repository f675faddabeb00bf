//! A certificate authority for tests: its certificate to trust, and server certificates for as many days as a test
//! likes, expired ones included. Used by `real` and the suites; the product's own authority is not this one.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// Its name, with the parts that real ones have and a character that has to be escaped.
const NAME: [(DnType, &str); 5] = [
    (DnType::CountryName, "DE"),
    (DnType::StateOrProvinceName, "Berlin"),
    (DnType::LocalityName, "Mitte"),
    (DnType::OrganizationName, "Floorwalker, tests"),
    (DnType::CommonName, "An authority for tests"),
];

/// An authority of its own.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate chain and its key, in PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl Authority {
    /// Makes one with a fresh key.
    ///
    /// # Errors
    /// The random generator failed.
    pub fn new() -> anyhow::Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = DistinguishedName::new();
        for (part, value) in NAME {
            params.distinguished_name.push(part, value);
        }
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Its certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server certificate for names or addresses, from 30 days before `now` until `days` after it; negative days are
    /// a certificate that has ended.
    ///
    /// # Errors
    /// A name is none.
    pub fn issue(&self, names: &[&str], now: Timestamp, days: i64) -> anyhow::Result<Identity> {
        let key = KeyPair::generate()?;
        let certificate = wanted(names, now, days)?.signed_by(&key, &self.0)?;
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

impl Identity {
    /// A server certificate that nobody but itself vouches for.
    ///
    /// # Errors
    /// A name is none.
    pub fn self_signed(names: &[&str], now: Timestamp, days: i64) -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let certificate = wanted(names, now, days)?.self_signed(&key)?;
        Ok(Self { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

fn wanted(names: &[&str], now: Timestamp, days: i64) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    let day = |offset: i64| {
        let date = (now + SignedDuration::from_hours(24 * offset)).to_zoned(TimeZone::UTC).date();
        date_time_ymd(
            i32::from(date.year()),
            u8::try_from(date.month()).expect("1 to 12"),
            u8::try_from(date.day()).expect("1 to 31"),
        )
    };
    params.not_before = day(-30);
    params.not_after = day(days);
    Ok(params)
}
