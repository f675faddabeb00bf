//! From a URL to the origin that the allow-list knows. Used by `capability::http` for each request and each redirect.

use std::net::IpAddr;

use api::grant::{Effective, Origin};
use url::Url;

use super::Failure;
use crate::outcome::HostReason;

/// A URL's bytes as it is sent, percent-encoded; servers refuse more than 8 KiB, and `http::Uri` more than 64.
pub(crate) const URL_BYTES_MAX: usize = 8 << 10;

/// Reads a URL that a guest gave.
pub(crate) fn parse(text: &str) -> Result<Url, Failure> {
    if text.len() > URL_BYTES_MAX {
        return Err(too_long());
    }
    let not_one = |error| Failure::new(HostReason::ProtocolError, format!("not a URL: {error}"));
    check(Url::parse(text).map_err(not_one)?)
}

/// What holds for the URLs of redirects too; the fragment is dropped, as it is never sent.
pub(crate) fn check(mut url: Url) -> Result<Url, Failure> {
    let refuse = |why: &str| Err(Failure::new(HostReason::ProtocolError, why));
    url.set_fragment(None);
    // Measured as it is written here: one byte that was given may be three once it is encoded.
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(too_long());
    }
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("only http and https URLs are asked");
    }
    if !url.username().is_empty() || url.password().is_some() {
        // A URL is logged and reported; a credential in it would be too.
        return refuse("a credential belongs in a header, as a secret part, and not in the URL");
    }
    Ok(url)
}

fn too_long() -> Failure {
    Failure::new(HostReason::ProtocolError, format!("the URL has over {} KiB", URL_BYTES_MAX >> 10))
}

/// The origin of a URL, its port always written.
pub(crate) fn origin(url: &Url) -> Result<Origin, Failure> {
    let refuse = || Failure::new(HostReason::ProtocolError, "the URL has no host");
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(refuse)?;
    let port = url.port_or_known_default().ok_or_else(refuse)?;
    Ok(Origin { scheme: url.scheme().to_owned(), host: host.to_ascii_lowercase(), port })
}

/// Judges an origin against grants and ceiling.
pub(crate) fn admit(origin: &Origin, grants: &Effective) -> Result<(), Failure> {
    grants.allow_http(origin).map_err(|refusal| Failure::denied(origin.to_string(), refusal.to_string()))
}

/// The address, when the host is one and not a name.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_in_one_way() {
        let of = |text: &str| origin(&parse(text).expect("a URL")).expect("an origin").to_string();
        assert_eq!(of("https://Shop.Example/a?b#c"), "https://shop.example:443");
        assert_eq!(of("http://[::1]:8080/"), "http://[::1]:8080");
        // Every spelling of an address is the address: a grant for a name never covers it.
        assert_eq!(of("http://0x7f.1/"), "http://127.0.0.1:80");
        assert_eq!(of("http://2130706433/"), "http://127.0.0.1:80");
    }

    #[test]
    fn what_is_no_plain_url_is_refused() {
        for bad in ["ftp://a/", "https://user:word@a/", "/relative", "file:///etc/passwd", "https://"] {
            assert_eq!(parse(bad).expect_err(bad).reason, HostReason::ProtocolError);
        }
        assert!(parse(&format!("https://a/{}", "x".repeat(URL_BYTES_MAX))).is_err());
        let grows = format!("https://a/{}", "<".repeat(URL_BYTES_MAX / 2));
        assert_eq!(parse(&grows).expect_err("12 KiB once encoded").message, "the URL has over 8 KiB");
    }

    #[test]
    fn a_refusal_names_the_line_to_add() {
        let asked = origin(&parse("https://shop.example/").expect("a URL")).expect("an origin");
        let failure = admit(&asked, &Effective::default()).expect_err("nothing is granted");
        let denial = failure.denial.expect("a denial");
        assert_eq!(denial.remedy, "add to the Check: spec.grants.http: [\"https://shop.example:443\"]");
    }

    #[test]
    fn literals_need_no_resolver() {
        assert!(literal("127.0.0.1").is_some() && literal("[::1]").is_some());
        assert!(literal("shop.example").is_none());
    }
}
