//! What a check may touch: the forms of a grant, what matches them, and the line that would allow what was refused.
//! A check's `grants` and its tenant's `ceiling` are both lists of these; what is allowed is allowed by both.
//! Asked by the host before every capability call; addresses are judged there, after resolution.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::as_text;

/// Why a grant was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GrantError {
    /// Not `scheme://host:port`.
    #[error("`{0}` is not an origin such as https://shop.example:443 or https://*.shop.example:443")]
    Origin(String),
    /// Not an address range.
    #[error("`{0}` is not an address range such as 10.1.0.0/16, 127.0.0.1/32 or fd00::/8")]
    Range(String),
    /// Not an absolute path.
    #[error("`{0}` is not an absolute path without `..`, its last part `**` at most")]
    Path(String),
}

/// An origin or a pattern of origins: `https://shop.example:443`, `https://*.shop.example:443`. The port is always
/// written; the star stands for one or more leading labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: String,
    /// Host in lower case; may begin with `*.`. An IPv6 address stands in brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Origin {
    /// Whether this pattern covers an origin that a request names.
    pub fn covers(&self, asked: &Origin) -> bool {
        self.scheme == asked.scheme && self.port == asked.port && self.covers_host(&asked.host)
    }

    fn covers_host(&self, asked: &str) -> bool {
        match self.host.strip_prefix('*') {
            None => self.host == asked,
            Some(suffix) => asked.len() > suffix.len() && asked.ends_with(suffix),
        }
    }
}

impl FromStr for Origin {
    type Err = GrantError;
    fn from_str(text: &str) -> Result<Self, GrantError> {
        let refuse = || GrantError::Origin(text.chars().take(200).collect());
        let (scheme, rest) = text.split_once("://").ok_or_else(refuse)?;
        let (host, port) = rest.rsplit_once(':').ok_or_else(refuse)?;
        let port = port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(refuse)?;
        let host = host.to_ascii_lowercase();
        let bare = host.strip_prefix("*.").unwrap_or(&host);
        let label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let literal = bare.strip_prefix('[').and_then(|b| b.strip_suffix(']'));
        let host_is_well_formed = match literal {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok() && bare == host,
            None => !bare.is_empty() && bare.chars().all(label) && !bare.starts_with('.'),
        };
        if !matches!(scheme, "http" | "https") || !host_is_well_formed {
            return Err(refuse());
        }
        Ok(Self { scheme: scheme.to_owned(), host, port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// A range of addresses in CIDR notation. Needed for whatever is not public unicast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressRange {
    base: IpAddr,
    prefix: u8,
}

impl AddressRange {
    /// Whether the address lies in the range. IPv4 and IPv6 never match each other: the host unwraps first.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(asked)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                base.to_bits() & mask == asked.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(asked)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                base.to_bits() & mask == asked.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for AddressRange {
    type Err = GrantError;
    fn from_str(text: &str) -> Result<Self, GrantError> {
        let refuse = || GrantError::Range(text.chars().take(100).collect());
        let (base, prefix) = text.split_once('/').ok_or_else(refuse)?;
        let base = base.parse::<IpAddr>().map_err(|_| refuse())?;
        let prefix = prefix.parse::<u8>().map_err(|_| refuse())?;
        let bits = if base.is_ipv4() { 32 } else { 128 };
        if prefix > bits {
            return Err(refuse());
        }
        Ok(Self { base, prefix })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

/// An absolute path of a node, or everything below one: `/etc/os-release`, `/proc/sys/net/**`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathPattern(String);

impl PathPattern {
    /// Whether the path, absolute and without `.` and `..` parts, is covered.
    pub fn covers(&self, path: &str) -> bool {
        if !is_plain_path(path) {
            return false;
        }
        match self.0.strip_suffix("/**") {
            Some(folder) => path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
            None => self.0 == path,
        }
    }
}

/// Absolute, and no part of it climbs or hides.
fn is_plain_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains('\0')
        && path[1..].split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

impl FromStr for PathPattern {
    type Err = GrantError;
    fn from_str(text: &str) -> Result<Self, GrantError> {
        let folder = text.strip_suffix("/**").unwrap_or(text);
        if (!folder.is_empty() && !is_plain_path(folder)) || folder.contains('*') || text.is_empty() {
            return Err(GrantError::Path(text.chars().take(200).collect()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(Origin, "description": "An origin or pattern: https://shop.example:443, https://*.shop.example:443");
as_text!(AddressRange, "description": "Addresses in CIDR notation: 10.1.0.0/16");
as_text!(PathPattern, "description": "An absolute path, or all below it: /etc/os-release, /proc/sys/net/**");

/// What may be touched, by capability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GrantSet {
    /// Origins that `http` may ask.
    pub http: Vec<Origin>,
    /// Files of the node that `node` may read.
    pub node_files: Vec<PathPattern>,
}

/// What a run really has: allowed by the check's grants and by the tenant's ceiling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effective {
    /// From the Check.
    pub grants: GrantSet,
    /// From the Tenant; of a platform check, the same as its grants.
    pub ceiling: GrantSet,
    /// Ranges outside public unicast that the tenant's ceiling opens.
    pub addresses: Vec<AddressRange>,
}

/// A refusal: which list lacks what. Its `Display` is the remedy: the very line to add, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The check's grants lack it.
    #[error("add to the Check: spec.grants.{key}: [\"{value}\"]")]
    Grants {
        /// Key under `grants`.
        key: &'static str,
        /// The value to add.
        value: String,
    },
    /// The tenant's ceiling lacks it.
    #[error("ask the platform to add to the Tenant: spec.ceiling.{key}: [\"{value}\"]")]
    Ceiling {
        /// Key under `ceiling`.
        key: &'static str,
        /// The value to add.
        value: String,
    },
}

impl Effective {
    /// Whether `http` may ask this origin.
    ///
    /// # Errors
    /// The list that lacks it, and the line to add.
    pub fn allow_http(&self, asked: &Origin) -> Result<(), Refusal> {
        let covers = |pattern: &Origin| pattern.covers(asked);
        Self::both(&self.grants.http, &self.ceiling.http, covers, "http", asked)
    }

    /// Whether `node` may read this path.
    ///
    /// # Errors
    /// The list that lacks it, and the line to add.
    pub fn allow_node_file(&self, path: &str) -> Result<(), Refusal> {
        let covers = |pattern: &PathPattern| pattern.covers(path);
        Self::both(&self.grants.node_files, &self.ceiling.node_files, covers, "nodeFiles", &path)
    }

    /// Whether an address outside public unicast is opened by the ceiling.
    ///
    /// # Errors
    /// The line to add.
    pub fn allow_special_address(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.addresses.iter().any(|range| range.contains(address)) {
            return Ok(());
        }
        let bits = if address.is_ipv4() { 32 } else { 128 };
        Err(Refusal::Ceiling { key: "addresses", value: format!("{address}/{bits}") })
    }

    fn both<P>(
        grants: &[P],
        ceiling: &[P],
        covers: impl Fn(&P) -> bool,
        key: &'static str,
        asked: &dyn fmt::Display,
    ) -> Result<(), Refusal> {
        let value = || asked.to_string();
        match (grants.iter().any(&covers), ceiling.iter().any(&covers)) {
            (false, _) => Err(Refusal::Grants { key, value: value() }),
            (true, false) => Err(Refusal::Ceiling { key, value: value() }),
            (true, true) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().expect("an origin")
    }

    #[test]
    fn a_star_stands_for_leading_labels_only() {
        let pattern = origin("https://*.acme.example:443");
        assert!(pattern.covers(&origin("https://shop.acme.example:443")));
        assert!(pattern.covers(&origin("https://a.b.acme.example:443")));
        for other in ["https://acme.example:443", "https://evilacme.example:443", "http://shop.acme.example:443"] {
            assert!(!pattern.covers(&origin(other)), "{other}");
        }
    }

    #[test]
    fn origins_need_scheme_host_and_port() {
        assert!("http://[::1]:80".parse::<Origin>().is_ok());
        for bad in [
            "https://shop.example",
            "shop:443",
            "ftp://a:21",
            "https://a/b:443",
            "https://*:443",
            "http://u@h:80",
            "http://a:0",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn ranges_contain_their_addresses() {
        let range = |text: &str| text.parse::<AddressRange>().expect("a range");
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert!(range("10.0.0.0/8").contains(ip("10.255.0.1")));
        assert!(!range("10.0.0.0/8").contains(ip("11.0.0.1")));
        assert!(range("0.0.0.0/0").contains(ip("8.8.8.8")));
        assert!(!range("0.0.0.0/0").contains(ip("::1")));
        assert!(range("fd00::/8").contains(ip("fd12::1")));
        assert!("10.0.0.0/33".parse::<AddressRange>().is_err());
    }

    #[test]
    fn paths_never_climb() {
        let below = "/proc/sys/**".parse::<PathPattern>().expect("a pattern");
        assert!(below.covers("/proc/sys/net/ipv4/ip_forward"));
        for other in ["/proc/sys", "/proc/system", "/proc/sys/../kcore", "/proc/sys//x", "proc/sys/a"] {
            assert!(!below.covers(other), "{other}");
        }
        for bad in ["", "etc", "/etc/../shadow", "/et*c"] {
            assert!(bad.parse::<PathPattern>().is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn both_lists_must_allow_and_the_refusal_says_which_does_not() {
        let asked = origin("https://shop.acme.example:443");
        let mut set = Effective::default();
        let refusal = set.allow_http(&asked).expect_err("nothing is granted");
        assert_eq!(refusal.to_string(), "add to the Check: spec.grants.http: [\"https://shop.acme.example:443\"]");
        set.grants.http.push(asked.clone());
        assert!(matches!(set.allow_http(&asked), Err(Refusal::Ceiling { .. })));
        set.ceiling.http.push(origin("https://*.acme.example:443"));
        assert_eq!(set.allow_http(&asked), Ok(()));
    }
}
