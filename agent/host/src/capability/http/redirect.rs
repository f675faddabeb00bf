//! Where a redirect leads: a new request, which is judged like any other. Credentials stay with the origin they were
//! meant for. Pure; `fetch` asks after each answer.

use http::header::{self, HeaderName};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::ask::Ask;
use crate::net::{Failure, allow};
use crate::outcome::HostReason;

/// Headers that carry a credential even when no secret part made them.
const CREDENTIALS: [HeaderName; 2] = [header::AUTHORIZATION, header::COOKIE];
/// Headers that describe a body.
const OF_BODY: [HeaderName; 3] = [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE];

/// The URL an answer redirects to; none when it does not.
pub(super) fn target(status: StatusCode, headers: &HeaderMap, from: &Url) -> Result<Option<Url>, Failure> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(header::LOCATION) else { return Ok(None) };
    let refuse = || Failure::new(HostReason::ProtocolError, "the redirect's location is not a URL");
    let text = location.to_str().map_err(|_| refuse())?;
    allow::check(from.join(text).map_err(|_| refuse())?).map(Some)
}

/// Turns the request into the one for the redirect.
pub(super) fn follow(ask: &mut Ask, status: StatusCode, to: Url) -> Result<(), Failure> {
    // RFC 9110, 15.4: 307 and 308 keep the method, 303 asks for GET; on 301 and 302 every client turns POST into GET.
    let keeps_method = matches!(status.as_u16(), 307 | 308);
    let becomes_get = match status.as_u16() {
        303 => ask.method != Method::HEAD,
        301 | 302 => ask.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        ask.method = Method::GET;
    }
    if becomes_get || !keeps_method {
        ask.body = bytes::Bytes::new();
        ask.body_has_secret = false;
        OF_BODY.iter().for_each(|name| drop(ask.headers.remove(name)));
    }
    if allow::origin(&ask.url)? != allow::origin(&to)? {
        if ask.body_has_secret {
            let message = format!("the redirect to {} would carry a secret to another origin", allow::origin(&to)?);
            return Err(Failure::new(HostReason::ProtocolError, message));
        }
        drop_credentials(&mut ask.headers);
    }
    ask.url = to;
    Ok(())
}

fn drop_credentials(headers: &mut HeaderMap) {
    let sensitive: Vec<HeaderName> =
        headers.iter().filter(|(_, value)| value.is_sensitive()).map(|(name, _)| name.clone()).collect();
    for name in sensitive.iter().chain(&CREDENTIALS) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::http::ask::Options;
    use http::HeaderValue;
    use std::collections::BTreeSet;

    fn url(text: &str) -> Url {
        text.parse().expect("a URL")
    }

    fn ask(method: Method, body_has_secret: bool) -> Ask {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer x"));
        headers.insert("cookie", HeaderValue::from_static("session=x"));
        headers.insert("content-type", HeaderValue::from_static("text/plain"));
        headers.insert("x-plain", HeaderValue::from_static("kept"));
        let mut key = HeaderValue::from_static("key");
        key.set_sensitive(true);
        headers.insert("x-key", key);
        let options = Options { timeout: None, redirects: 3, body_bytes_max: 1 };
        Ask { method, url: url("https://a.example/x"), headers, body: "body".into(), body_has_secret, options }
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let mut same = ask(Method::GET, false);
        follow(&mut same, StatusCode::TEMPORARY_REDIRECT, url("https://a.example/y")).expect("followed");
        assert!(same.headers.contains_key("authorization") && same.headers.contains_key("x-key"));
        for other in ["https://b.example/x", "http://a.example/x", "https://a.example:8443/x"] {
            let mut away = ask(Method::GET, false);
            follow(&mut away, StatusCode::TEMPORARY_REDIRECT, url(other)).expect("followed");
            let names: BTreeSet<_> = away.headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(names, BTreeSet::from(["content-type", "x-plain"]), "{other}");
        }
    }

    #[test]
    fn a_body_with_a_secret_does_not_leave_its_origin() {
        let to = url("https://b.example/");
        assert!(follow(&mut ask(Method::POST, true), StatusCode::PERMANENT_REDIRECT, to.clone()).is_err());
        let mut seen = ask(Method::POST, true);
        follow(&mut seen, StatusCode::SEE_OTHER, to).expect("the body is dropped");
        assert_eq!((seen.method, seen.body.len()), (Method::GET, 0));
        assert!(!seen.headers.contains_key("content-type"));
    }

    #[test]
    fn only_redirects_redirect() {
        let mut headers = HeaderMap::new();
        headers.insert("location", HeaderValue::from_static("/next#part"));
        let from = url("https://a.example/x");
        assert_eq!(target(StatusCode::OK, &headers, &from), Ok(None));
        assert_eq!(target(StatusCode::FOUND, &headers, &from), Ok(Some(url("https://a.example/next"))));
        assert_eq!(target(StatusCode::FOUND, &HeaderMap::new(), &from), Ok(None));
        headers.insert("location", HeaderValue::from_static("file:///etc/passwd"));
        assert!(target(StatusCode::FOUND, &headers, &from).is_err());
    }

    #[test]
    fn a_location_is_as_short_as_any_url() {
        let from = url("https://a.example/x");
        let to = |path: String| {
            let headers = HeaderMap::from_iter([(header::LOCATION, path.parse().expect("a value"))]);
            target(StatusCode::FOUND, &headers, &from)
        };
        assert!(to(format!("/{}", "x".repeat(4_000))).is_ok());
        for long in ["x".repeat(allow::URL_BYTES_MAX), "<".repeat(allow::URL_BYTES_MAX / 2), "<".repeat(22_000)] {
            assert_eq!(to(format!("/{long}")).expect_err("too long").reason, HostReason::ProtocolError);
        }
    }
}
